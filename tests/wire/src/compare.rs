//! Says whether two ladders tell the same, apart from what differs from run to run.

use crate::event::Event;
use crate::line::Line;
use crate::story::connections;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Each connection's packets in their order. Left aside are acknowledgements, what came
    /// before, the reset that a repeated FIN causes, and where bytes that follow each other were
    /// divided.
    InOrder,
    /// The same for connections that both sides may be the first to close: where the FINs stand
    /// does not count, nor do the states at the end, nor a RST after both FINs.
    EitherClosesFirst,
}

/// Where two ladders differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The connection by its first packet, from 1.
    pub connection: usize,
    /// What should have come there.
    pub expected: String,
    /// What came.
    pub came: String,
}

/// Compares two ladders, each in the parts that [`Wire::lines`](crate::Wire::lines) has returned
/// one after the other; they may be divided at other places. Which ports the system has chosen
/// does not count.
///
/// # Errors
///
/// The first place where they differ.
pub fn compare(expected: &[Vec<Line>], came: &[Vec<Line>], rule: Rule) -> Result<(), Difference> {
    let expected = connections(expected);
    let came = connections(came);
    for index in 0..expected.len().max(came.len()) {
        let one = expected.get(index).map(|story| story.events(rule));
        let two = came.get(index).map(|story| story.events(rule));
        if one != two {
            return Err(difference(
                index + 1,
                one.unwrap_or_default(),
                two.unwrap_or_default(),
            ));
        }
    }
    Ok(())
}

fn difference(connection: usize, expected: Vec<Event>, came: Vec<Event>) -> Difference {
    let same = expected.iter().zip(&came).take_while(|(a, b)| a == b);
    let same = same.count();
    let tell = |events: Vec<Event>| match events.get(same) {
        Some(event) => event.to_string(),
        None if same == 0 => "no such connection".to_string(),
        None => "nothing more".to_string(),
    };
    Difference {
        connection,
        expected: tell(expected),
        came: tell(came),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Rung;
    use crate::state::State;

    const LADDER: &str = r#"
   SYN-SENT 58936 -- SYN --------------------------------> 9090
ESTABLISHED 58936 <- SYN, ACK ---------------------------- 9090  SYN-RCVD
            58936 -- ACK 0 ------------------------------> 9090  ESTABLISHED
            58936 -- 5 bytes "hello" --------------------> 9090
            58936 <- ACK 5 ------------------------------- 9090
            58936 <- 8 bytes "server: " ------------------ 9090
            58936 <- 14 bytes "hello, client!" ----------- 9090
 CLOSE-WAIT 58936 <- FIN, ACK 5 -------------------------- 9090  FIN-WAIT-1
            58936 -- ACK 23 -----------------------------> 9090  FIN-WAIT-2
   LAST-ACK 58936 -- FIN --------------------------------> 9090  TIME-WAIT
     CLOSED 58936 <- ACK 6 ------------------------------- 9090
   SYN-SENT 58940 -- SYN --------------------------------> 9091
     CLOSED 58940 <- RST, ACK ---------------------------- 9091
"#;

    fn lines(text: &str) -> Vec<Line> {
        let lines = text.lines().filter(|line| !line.is_empty());
        let read = |line| Line::parse(line).unwrap_or_else(|| panic!("it is a line:\n{line}"));
        lines.map(read).collect()
    }

    fn differs(one: &[Line], two: &[Line], rule: Rule) -> bool {
        let [one, two] = [one, two].map(|lines| [lines.to_vec()]);
        assert_eq!(
            compare(&one, &two, rule).is_err(),
            compare(&two, &one, rule).is_err()
        );
        compare(&one, &two, rule).is_err()
    }

    /// Both rules say that the ladder is the same after this change of its text.
    fn stays(change: impl Fn(&str) -> String) {
        let changed = change(LADDER);
        assert_ne!(changed, LADDER);
        for rule in [Rule::InOrder, Rule::EitherClosesFirst] {
            assert!(
                !differs(&lines(LADDER), &lines(&changed), rule),
                "{changed}"
            );
        }
    }

    fn without(text: &str, part: &str) -> String {
        let lines = text.lines().filter(|line| !line.contains(part));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn what_differs_from_run_to_run_is_left_aside() {
        stays(|ladder| ladder.replace("58936", "41000").replace("58940", "41001"));
        stays(|ladder| without(ladder, "<- ACK 5 -"));
        let divided = "\
            58936 <- 8 bytes \"server: \" ------------------ 9090
            58936 <- 14 bytes \"hello, client!\" ----------- 9090";
        let whole = "            58936 <- 22 bytes \"server: hello, client!\" --- 9090";
        stays(|ladder| ladder.replace(divided.trim_start(), whole.trim_start()));
        let again = "            58936 -- 5 bytes \"hello\", again -------------> 9090\n";
        stays(|ladder| ladder.to_string() + again);
        stays(|ladder| ladder.to_string() + "                  (40 ms later)\n");
    }

    #[test]
    fn a_flag_that_is_flipped_is_noticed() {
        let ladder = lines(LADDER);
        let mut changed = 0;
        for index in 0..ladder.len() {
            let flips: [fn(&mut Rung); 3] = [
                |rung| rung.what.syn = !rung.what.syn,
                |rung| rung.what.fin = !rung.what.fin,
                |rung| rung.what.rst = !rung.what.rst,
            ];
            for flip in flips {
                let mut other = ladder.clone();
                let Line::Rung(rung) = &mut other[index] else {
                    continue;
                };
                flip(rung);
                changed += 1;
                assert!(differs(&ladder, &other, Rule::InOrder), "{}", other[index]);
            }
        }
        assert_eq!(changed, 3 * ladder.len());
    }

    #[test]
    fn a_direction_or_an_ack_that_is_flipped_is_noticed() {
        let ladder = lines(LADDER);
        for index in 0..ladder.len() {
            let Line::Rung(rung) = &ladder[index] else {
                continue;
            };
            let differs = |changed: Rung| {
                let mut other = ladder.clone();
                other[index] = Line::Rung(changed);
                differs(&ladder, &other, Rule::InOrder)
            };
            let mut turned = rung.clone();
            turned.to_right = !turned.to_right;
            assert_eq!(differs(turned), !rung.what.is_pure_ack(), "{rung}");
            let mut flipped = rung.clone();
            flipped.what.ack = !flipped.what.ack;
            assert_eq!(differs(flipped), rung.what.syn || rung.what.rst, "{rung}");
        }
    }

    #[test]
    fn a_line_that_is_dropped_is_noticed() {
        let ladder = lines(LADDER);
        for index in 0..ladder.len() {
            let mut other = ladder.clone();
            let Line::Rung(dropped) = other.remove(index) else {
                continue;
            };
            // Only an acknowledgement that changes no state at the end may be missing.
            let counts = !dropped.what.is_pure_ack() || dropped.left == Some(State::Closed);
            assert_eq!(
                differs(&ladder, &other, Rule::InOrder),
                counts,
                "{}",
                ladder[index]
            );
        }
    }

    #[test]
    fn two_lines_that_are_swapped_are_noticed() {
        let ladder = lines(LADDER);
        let counting: Vec<usize> = (0..ladder.len())
            .filter(|index| matches!(&ladder[*index], Line::Rung(rung) if !rung.what.is_pure_ack()))
            .collect();
        assert_eq!(counting.len(), 9);
        for pair in counting.windows(2) {
            let mut other = ladder.clone();
            other.swap(pair[0], pair[1]);
            assert!(
                differs(&ladder, &other, Rule::InOrder),
                "{}\n{}",
                ladder[pair[0]],
                ladder[pair[1]]
            );
        }
    }

    #[test]
    fn a_byte_that_is_changed_is_noticed() {
        let ladder = lines(LADDER);
        for (old, new) in [
            ("hello\"", "hallo\""),
            ("server: ", "server; "),
            ("client!", "client?"),
        ] {
            let other = lines(&LADDER.replacen(old, new, 1));
            for rule in [Rule::InOrder, Rule::EitherClosesFirst] {
                assert!(differs(&ladder, &other, rule), "{old}");
            }
        }
    }

    #[test]
    fn who_closes_first_counts_only_in_order() {
        let ladder = lines(LADDER);
        let flipped: Vec<Line> = ladder
            .iter()
            .cloned()
            .map(|line| match line {
                Line::Rung(mut rung) if rung.what.fin => {
                    rung.to_right = !rung.to_right;
                    Line::Rung(rung)
                }
                line => line,
            })
            .collect();
        assert!(differs(&ladder, &flipped, Rule::InOrder));
        assert!(!differs(&ladder, &flipped, Rule::EitherClosesFirst));
    }

    #[test]
    fn how_many_bytes_came_counts_while_they_are_few() {
        let with = |bytes: usize| {
            let data = format!("{bytes} bytes \"x\"...");
            let dashes = "-".repeat(35 - data.len());
            let line = format!("            58936 -- {data} {dashes}> 9090");
            lines(&(LADDER.to_string() + &line))
        };
        assert!(differs(&with(60_000), &with(60_001), Rule::InOrder));
        assert!(differs(&with(60_000), &with(90_000), Rule::InOrder));
        assert!(!differs(&with(90_000), &with(90_001), Rule::InOrder));
    }

    #[test]
    fn a_window_that_was_shut_counts_once() {
        let shut = |bytes: usize| {
            let line =
                format!("            58936 <- ACK {bytes}, window 0 ------------------ 9090");
            LADDER.to_string() + &line
        };
        let [one, two] = [shut(1000), shut(4000)].map(|text| lines(&text));
        for rule in [Rule::InOrder, Rule::EitherClosesFirst] {
            assert!(!differs(&one, &two, rule));
            assert!(differs(&one, &lines(LADDER), rule));
        }
    }

    #[test]
    fn a_reset_of_a_repeated_fin_does_not_count_and_any_other_does() {
        let ladder = LADDER.lines().collect::<Vec<_>>();
        let with = |place: usize, more: &[&str]| {
            let mut text = ladder.clone();
            text.splice(place..place, more.iter().copied());
            lines(&text.join("\n"))
        };
        let again = "            58936 -- FIN, again -------------------------> 9090";
        let ack = "            58936 <- ACK 6 ------------------------------- 9090";
        let reset = "            58936 -- RST --------------------------------> 9090  CLOSED";
        let differs = |changed: &[Line]| differs(&lines(LADDER), changed, Rule::InOrder);
        let end = ladder.len();
        assert!(!differs(&with(end, &[again, ack, reset])));
        assert!(differs(&with(end, &[reset])));
        let server_fin = ladder.iter().position(|line| line.contains("<- FIN"));
        let server_fin = server_fin.expect("the server sends a FIN") + 1;
        let again = "            58936 <- FIN, again -------------------------- 9090";
        assert!(differs(&with(server_fin, &[again, reset])));
    }

    #[test]
    fn what_is_lost_and_what_follows_is_noticed() {
        let line = |arrow: &str, label: &str, head: &str| {
            let dashes = "-".repeat(36 - label.len() - head.len());
            format!("            58936 {arrow} {label} {dashes}{head} 9090\n")
        };
        let lost = &line("--", "9 bytes \"abcdefghi\", lost", ">");
        let sent = &line("--", "9 bytes \"abcdefghi\"", ">");
        let again = &line("--", "9 bytes \"abcdefghi\", again", ">");
        let ack = &line("<-", "ACK 5", "-");
        let after = |more: &[&str]| lines(&(LADDER.to_string() + &more.concat()));
        let expected = after(&[lost, ack, ack, ack, ack, again]);
        for other in [
            after(&[lost, ack, ack, ack, again]),
            after(&[lost, ack, ack, ack, ack]),
            after(&[ack, ack, ack, ack, again]),
            after(&[sent, ack, ack, ack, ack, again]),
        ] {
            assert!(differs(&expected, &other, Rule::InOrder), "{other:?}");
        }
        let longer = after(&[lost, ack, ack, ack, ack, ack, again, again]);
        assert!(!differs(&expected, &longer, Rule::InOrder));
    }

    #[test]
    fn a_connection_more_or_less_is_noticed() {
        let ladder = lines(LADDER);
        let fewer = [ladder[..ladder.len() - 2].to_vec()];
        let difference = compare(&[ladder], &fewer, Rule::InOrder).expect_err("one is missing");
        assert_eq!(difference.connection, 2);
        assert_eq!(difference.expected, "-> SYN");
        assert_eq!(difference.came, "no such connection");
    }

    #[test]
    fn what_is_folded_counts_wherever_the_fold_is() {
        let syn = |port: u16| {
            format!("   SYN-SENT {port} -- SYN --------------------------------> 9090\n")
        };
        let rst = |port: u16| {
            format!("     CLOSED {port} <- RST, ACK ---------------------------- 9090\n")
        };
        let alike =
            |count: usize| format!("                  ({count} more connections do the same)\n");
        let one = syn(40000) + &alike(9) + &rst(40000) + &alike(9);
        let two = syn(50000) + &alike(9) + &rst(50000) + &alike(4) + &rst(50005) + &alike(4);
        assert!(!differs(&lines(&one), &lines(&two), Rule::InOrder));
        let divided = syn(40000) + &alike(4) + &syn(40005) + &alike(4);
        let three = divided + &rst(40000) + &alike(9);
        assert!(!differs(&lines(&one), &lines(&three), Rule::InOrder));
        let fewer = syn(40000) + &alike(9) + &rst(40000) + &alike(8);
        assert!(differs(&lines(&one), &lines(&fewer), Rule::InOrder));
    }
}
