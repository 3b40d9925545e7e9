//! What the machine does to a check is nobody's fault. The rubrics here are scripts that stand for
//! checks which the machine does not let finish.
#![cfg(unix)]

use grade::exercise::Exercise;
use grade::outcome::Outcome;
use grade::rubric::Rubric;
use harness::Verdict;
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Grades exercise 02 with a rubric in which each check runs this script, in a folder that
/// the checks share. In the script, `$2` is the name of the check, `$first` that of the first one,
/// and `$request` what the grader has sent.
fn grade(script: &str) -> Outcome {
    let exercises = Exercise::all(workspace::root()).expect("the exercises can be read");
    let exercise = &exercises[1];
    let folder = TempDir::new().expect("a temporary folder");
    let names = exercise
        .checks
        .iter()
        .map(|check| format!("echo {}: test", check.name));
    let names: Vec<_> = names.collect();
    let text = format!(
        "#!/bin/sh\nfirst={}\nif [ \"$1\" = --list ]; then\n{}\nexit\nfi\nread -r request\n{}\n{script}\n",
        exercise.checks[0].name,
        names.join("\n"),
        format_args!("cd {}", folder.path().display()),
    );
    let rubric = folder.path().join("rubric");
    write_script(&rubric, &text);
    let rubric = Rubric::built(exercise, rubric, "/bin/true".into());
    let rubric = rubric.unwrap_or_else(|error| panic!("{error:#}"));
    let outcome = rubric.grade(&rubric.program(), |_| ());
    outcome.unwrap_or_else(|error| panic!("{error:#}"))
}

/// Lets a process of its own write the file: the programs that other tests start at the same moment
/// would inherit a descriptor of this one, and a file that is open for writing cannot be run.
fn write_script(path: &Path, text: &str) {
    let mut cp = Command::new("cp");
    let cp = cp.arg("/dev/stdin").arg(path);
    let mut child = cp.stdin(Stdio::piped()).spawn().expect("cp starts");
    let mut input = child.stdin.take().expect("its input is a pipe");
    input.write_all(text.as_bytes()).expect("cp reads");
    drop(input);
    assert!(child.wait().expect("cp ends").success());
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it can be run");
}

/// A command of a script that leaves a record with these fields as the harness does.
fn record(fields: &str) -> String {
    record_of_delayed(0, fields)
}

/// The same for a check that has waited this many seconds for a processor.
fn record_of_delayed(seconds: u32, fields: &str) -> String {
    let held_up =
        format!(r#""is_late": false, "held_up": {{"Waiting": {{"secs": {seconds}, "nanos": 0}}}}"#);
    let value = |key| format!(r#"$(echo "$request" | sed 's/.*"{key}":"\([^"]*\)".*/\1/')"#);
    let (file, nonce) = (value("record"), value("nonce"));
    format!(
        "cat > \"{file}\" << END\n{{\"check\": \"$2\", \"nonce\": \"{nonce}\", {held_up}, {fields}}}\nEND"
    )
}

fn is_not_gradable(outcome: &Outcome) -> bool {
    let mut results = outcome.results.iter();
    results.all(|result| matches!(result.verdict, Verdict::NotGradable(_)))
}

#[test]
fn a_check_that_is_killed_or_leaves_nothing_is_not_gradable() {
    for script in [
        "kill -KILL $$",
        "exit 0",
        "exit 101",
        "echo broken > record",
    ] {
        let outcome = grade(script);
        assert!(is_not_gradable(&outcome), "{script}: {:?}", outcome.results);
        assert_eq!(outcome.score(), 0);
        assert!(!outcome.has_full_marks());
        assert!(outcome.not_gradable().is_some());
        let json = grade::report::gradescope(&[outcome], grade::language::Language::En);
        assert!(json.get("score").is_none(), "{json}");
    }
}

#[test]
fn a_check_that_was_killed_is_made_again() {
    let passes = record(r#""verdict": "Passed", "is_program_running": false"#);
    let outcome = grade(&format!(
        "if mkdir \"$2\"; then kill -KILL $$; fi\n{passes}"
    ));
    assert!(outcome.has_full_marks(), "{:?}", outcome.results);
}

#[test]
fn a_check_that_was_killed_beside_its_running_program_has_failed() {
    let running = record(r#""verdict": null, "is_program_running": true"#);
    let outcome = grade(&format!("{running}\nkill -KILL $$"));
    assert_eq!(outcome.failed().len(), outcome.results.len());
    assert_eq!(outcome.score(), 0);
}

#[test]
fn a_check_that_cannot_be_made_here_counts_for_nothing() {
    let why = r#"{"NotChecked": {"template": "this system has no signals", "arguments": []}}"#;
    let not_checked = record(&format!(r#""verdict": {why}, "is_program_running": false"#));
    let passes = record(r#""verdict": "Passed", "is_program_running": false"#);
    let outcome = grade(&format!(
        "if [ \"$2\" = $first ]; then\n{not_checked}\nelse\n{passes}\nfi"
    ));
    let missing: Vec<_> = outcome
        .results
        .iter()
        .filter(|result| result.score().is_none())
        .collect();
    assert_eq!(missing.len(), 1, "{:?}", outcome.results);
    assert_eq!(outcome.score(), outcome.possible());
    assert_eq!(outcome.possible(), 100 - missing[0].check.points);
    assert!(outcome.has_full_marks());
    let json = grade::report::gradescope(&[outcome], grade::language::Language::En);
    let tests = json["tests"].as_array().expect("a list of tests");
    let without = tests.iter().filter(|test| test.get("score").is_none());
    assert_eq!(without.count(), 1, "{json}");
}

/// Where nobody measures how long a process waits for a processor, this cannot be told.
#[cfg(target_os = "linux")]
mod busy {
    use super::{grade, record, record_of_delayed};
    use harness::BusyPrograms;

    #[test]
    fn a_check_that_fails_after_a_wait_for_a_processor_is_made_again() {
        let failed = r#"{"Failed": {"NoTranscript": {"what": {"template": "", "arguments": []}, "printed": ""}}}"#;
        let failed = format!(r#""verdict": {failed}, "is_program_running": false"#);
        let passes = record(r#""verdict": "Passed", "is_program_running": false"#);
        let grade_with = |failed: String| {
            // The kernel needs a moment to count what the other programs take.
            grade(&format!(
                "if mkdir \"$2\"; then\nsleep 0.3\n{failed}\nelse\n{passes}\nfi"
            ))
        };
        let busy = BusyPrograms::start(1).expect("they can be started");
        let delayed = grade_with(record_of_delayed(2, &failed));
        let failed_at_once = grade_with(record(&failed));
        drop(busy);
        assert!(delayed.has_full_marks(), "{:?}", delayed.results);
        assert_eq!(failed_at_once.score(), 0);
        assert_eq!(failed_at_once.failed().len(), failed_at_once.results.len());
    }

    #[test]
    fn a_check_that_gets_no_processor_is_not_gradable() {
        let busy = BusyPrograms::start(1).expect("they can be started");
        // The others come first: it has hardly a turn in all its time.
        let outcome = grade("exec chrt --idle 0 sh -c 'while :; do :; done'");
        drop(busy);
        let why = outcome.not_gradable().map(|(_, why)| why.to_string());
        let why = why.unwrap_or_else(|| panic!("{:?}", outcome.results));
        assert!(
            why.starts_with("the machine is busy: other programs take"),
            "{why}"
        );
        assert!(outcome.taken_by_others >= 30, "{}", outcome.taken_by_others);
    }

    #[test]
    fn a_check_that_was_stopped_has_failed_on_a_busy_machine_too() {
        let busy = BusyPrograms::start(1).expect("they can be started");
        let outcome = grade("kill -STOP $$");
        drop(busy);
        assert_eq!(outcome.failed().len(), outcome.results.len());
        assert_eq!(outcome.score(), 0);
    }
}
