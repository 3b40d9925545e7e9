//! A class that nobody has taught: the same for the same number of students.

use classroom::record::{CheckResult, GradedExercise, Override, Status, Student, StudentRecord};
use grade::exercise::Exercise;
use harness::message::{Argument, Message};
use harness::{Failure, Scenario, Verdict, message};
use serde_json::json;
use std::net::SocketAddr;

/// What grading a class has found, as the reports need it.
pub(crate) struct Class {
    pub(crate) records: Vec<StudentRecord>,
    pub(crate) overrides: Vec<Override>,
    pub(crate) not_understood: Vec<(String, Message)>,
}

/// Names that are hard to write right, and then others.
const NAMES: [&str; 12] = [
    "Lovelace, Ada \"Countess\"",
    "<script>document.title='taken'</script>",
    "O'Neill & Søn",
    "王小明",
    "Ein sehr langer Name, der in keine Spalte der Welt hineinpasst",
    "reversed \u{202e}eman\u{202c}",
    "bell\u{7} and \u{1b}[31mred\u{1b}[0m",
    "Grace Hopper",
    "李雷",
    "Alan Turing",
    "Barbara Liskov",
    "Donald Knuth",
];

/// Numbers that are the same each time.
struct Dice(u64);

impl Dice {
    /// One of 0 to `sides` - 1.
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A class of so many students.
pub(crate) fn class(exercises: &[Exercise], students: u64) -> Class {
    let mut dice = Dice(7);
    let records: Vec<StudentRecord> = (0..students)
        .map(|number| {
            let student = student(number);
            // From those who can do little to those who can do it all.
            let skill = 25 + dice.throw(75);
            let graded = exercises.iter();
            StudentRecord {
                exercises: graded
                    .map(|exercise| graded_as(exercise, skill, &mut dice))
                    .collect(),
                student,
                notices: notices(number),
            }
        })
        .collect();
    let overrides = records.iter().step_by(40).map(|record| Override {
        student: record.student.id.clone(),
        exercise: 5,
        points: 80,
        reason: "the <network> of the lab was down, \"as everybody knows\"".to_string(),
    });
    Class {
        overrides: overrides.collect(),
        records,
        not_understood: vec![
            (
                "Anonymous_99_assignsubmission_file_/homework.docx".to_string(),
                message!("its name does not say whose it is: alice_05.rs would"),
            ),
            (
                "<b>bold</b>.zip".to_string(),
                message!("its path leads outside"),
            ),
        ],
    }
}

fn student(number: u64) -> Student {
    let index = usize::try_from(number).expect("it is small");
    let name = NAMES[index % NAMES.len()];
    let round = index / NAMES.len();
    Student {
        id: format!("s{:05}", 10_000 + 37 * number),
        name: match round {
            0 => name.to_string(),
            _ => format!("{name} {round}"),
        },
        language: None,
    }
}

fn notices(number: u64) -> Vec<Message> {
    match number % 25 {
        3 => vec![
            message!(
                "{path} does not count: {why}",
                path = "../build.rs",
                why = message!("its path leads outside")
            ),
            message!(
                "{path} does not count: it is a link, and links are not followed",
                path = "a -> /etc/passwd <it>"
            ),
        ],
        _ => vec![],
    }
}

fn graded_as(exercise: &Exercise, skill: u64, dice: &mut Dice) -> GradedExercise {
    let (status, message) = match dice.throw(40) {
        0 => (
            Status::DoesNotCompile,
            Some(message!("{words}", words = COMPILER)),
        ),
        1 => (
            Status::TimedOut,
            Some(message!("the compiler was not done in time")),
        ),
        2 | 3 => (Status::Missing, None),
        4 => {
            let files = "solution.rs, other.rs";
            let why = message!(
                "nothing says which exercise these files answer: {files}",
                files
            );
            (Status::NotUnderstood, Some(why))
        }
        _ => (Status::Graded, None),
    };
    let mut checks = Vec::new();
    if status == Status::Graded {
        checks.extend(exercise.checks.iter().map(|check| CheckResult {
            name: check.name.clone(),
            verdict: if dice.throw(100) >= skill {
                Verdict::Failed(failure(&mut |sides| dice.throw(sides)))
            } else {
                Verdict::Passed
            },
        }));
    }
    GradedExercise {
        exercise: exercise.number,
        fingerprint: String::new(),
        version: exercise.version,
        status,
        checks,
        message,
        set_aside: Vec::new(),
        recording: None,
    }
}

const COMPILER: &str = "error[E0308]: mismatched types
 --> main.rs:3:26
  |
3 |     let port: Vec<u16> = \"<b>9090</b>\";
  |               --------   ^^^^^^^^^^^^^ expected `Vec<u16>`, found `&str`
  |               |
  |               expected due to this
\u{1b}[0m
error: aborting due to 1 previous error
";

/// A transcript, as a check tells it.
pub(crate) fn failure(dice: &mut impl FnMut(u64) -> u64) -> Failure {
    // Of four digits or five.
    let port = 5_000 + dice(50_000);
    let address = "127.0.0.1:1".parse::<SocketAddr>().expect("an address");
    let client = &Scenario::of_command(["exercise-05"]).client(address);
    let got: Argument = match dice(4) {
        0 => format!("nothing, and 127.0.0.1:{port} is still open").into(),
        1 => message!("the end of the stream").into(),
        2 => format!("<i>hello\u{1b} {}</i>", dice(3))
            .into_bytes()
            .into(),
        _ => {
            let exit = message!("exited with status {status}", status = 101);
            message!("the program {exit}", exit).into()
        }
    };
    let step = |what: Message, result: Option<Argument>| json!({ "what": what, "result": result });
    let listening = Argument::lines(&[format!("listening on 127.0.0.1:{port}")]);
    let first_line = message!("wait for its first line, `listening on ADDR`");
    let sends = message!("{client} sends {bytes}", client, bytes = b"welcome\n");
    let receives = message!("{client} receives once", client);
    let twelve = Argument::from(b"12 bytes");
    let expected = format!("welcome {address}\n").into_bytes();
    serde_json::from_value(json!({ "Transcript": {
        "command": "exercise-05 127.0.0.1:0",
        "steps": [step(first_line, Some(listening)), step(sends, None), step(receives, Some(twelve))],
        "programs": [{
            "name": message!("the program"),
            "streams": [{ "name": "stderr", "total": 30, "block": {
                "head": ["thread 'main' has panicked at <main.rs>"], "lines_left_out": 0,
                "tail": [], "bytes_not_kept": 0
            } }],
            "exit": [message!("exited with status {status}", status = 101)]
        }],
        "expected": message!("{client} receives {bytes}", client, bytes = expected),
        "got": got,
        "likely_cause": null
    } }))
    .expect("it is a failure")
}
