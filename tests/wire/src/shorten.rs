//! Leaves out the middle of long connections.

use crate::line::{Line, Remark};

/// The lines as text, but of each connection only the first and the last so many packets; a
/// line in brackets says how many are left out. Remarks are in these words, or those of their
/// `Display`.
pub fn shorten(lines: &[Line], keep: usize, say: &dyn Fn(&Remark) -> String) -> Vec<String> {
    let ports: Vec<Option<(u16, u16)>> = lines.iter().map(ports).collect();
    let mut shown = Vec::new();
    let mut before: Vec<((u16, u16), usize)> = Vec::new();
    for (line, ports_of_line) in lines.iter().zip(&ports) {
        let Some(connection) = *ports_of_line else {
            shown.push(line.tell(say));
            continue;
        };
        let all = ports.iter().filter(|one| **one == Some(connection)).count();
        let index = match before.iter_mut().find(|(one, _)| *one == connection) {
            Some((_, count)) => {
                *count += 1;
                *count - 1
            }
            None => {
                before.push((connection, 1));
                0
            }
        };
        if index < keep || index + keep >= all {
            shown.push(line.tell(say));
        } else if index == keep {
            let left_out = all - 2 * keep;
            shown.push(Remark::LeftOut(left_out, connection.0).line(say));
        }
    }
    shown
}

fn ports(line: &Line) -> Option<(u16, u16)> {
    match line {
        Line::Rung(rung) => Some((rung.left_port, rung.right_port)),
        Line::Later(_) | Line::Alike(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(port: u16, number: usize) -> Line {
        let what = format!("ACK {number}");
        let dashes = "-".repeat(35 - what.len());
        let text = format!("            {port} <- {what} {dashes}- 9090");
        Line::parse(&text).unwrap_or_else(|| panic!("it is a line:\n{text}"))
    }

    #[test]
    fn the_middle_of_each_connection_is_left_out() {
        let mut lines: Vec<Line> = (0..10).map(|number| line(40000, number)).collect();
        lines.insert(4, line(50000, 0));
        let shown = shorten(&lines, 3, &Remark::to_string);
        let whole = |number: usize| lines[number].to_string();
        let expected = [
            whole(0),
            whole(1),
            whole(2),
            "                  (4 more packets of 40000)".to_string(),
            whole(4),
            whole(8),
            whole(9),
            whole(10),
        ];
        assert_eq!(shown, expected);
        assert_eq!(shorten(&lines, 5, &Remark::to_string).len(), lines.len());
    }
}
