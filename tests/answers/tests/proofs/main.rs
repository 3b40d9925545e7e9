//! The proof of the rubrics: every right answer gets full marks, also on a bad network;
//! every wrong one fails the checks that its file names, and passes the others; a starter gets at
//! most 20 points.
//!
//! Exercises are found, so each test is made for each of them:
//!
//! ```sh
//! cargo test -p answers --test proofs                # all
//! cargo test -p answers --test proofs exercise_05    # exercise 05's
//! cargo test -p answers --test proofs hostile        # programs that mean harm
//! ```

mod bounds;
mod hostile;

use answers::Answer;
use grade::catalogue;
use grade::exercise::Exercise;
use grade::outcome::{Outcome, Result};
use grade::rubric::Rubric;
use harness::{Verdict, message};
use libtest_mimic::{Arguments, Trial};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Condvar, Mutex, OnceLock};
use std::thread;

/// A proof of an exercise's rubric, by the number of the exercise.
type Proof = fn(u32);

/// What is proved of each exercise.
const PROOFS: [(&str, Proof); 5] = [
    ("right_answers_get_full_marks", right_answers_get_full_marks),
    (
        "right_answers_get_full_marks_on_a_bad_network",
        right_answers_get_full_marks_on_a_bad_network,
    ),
    (
        "wrong_answers_fail_what_they_state_and_nothing_else",
        wrong_answers_fail_what_they_state_and_nothing_else,
    ),
    ("the_starter_gets_at_most_20", the_starter_gets_at_most_20),
    (
        "a_program_that_only_ends_gets_at_most_20",
        bounds::a_program_that_only_ends_gets_at_most_20,
    ),
];

/// What is proved of each exercise whose core is named.
const OF_THE_CORE: (&str, Proof) = (
    "without_its_core_it_gets_at_most_60",
    bounds::without_its_core_it_gets_at_most_60,
);

/// What is proved of each exercise that has a lesson's program beside it.
const OF_THE_LESSON: (&str, Proof) = (
    "the_lessons_own_program_gets_at_most_50",
    bounds::the_lessons_own_program_gets_at_most_50,
);

fn main() -> std::process::ExitCode {
    let mut arguments = Arguments::from_args();
    // They wait for programs more than they compute, and for their turn.
    arguments.test_threads.get_or_insert(8);
    let mut trials = hostile::trials();
    for number in exercises().iter().map(|exercise| exercise.number) {
        let of_the_core = bounds::core(number).map(|_| OF_THE_CORE);
        let has_lesson = workspace::lesson(number).folder.join("src").exists();
        let of_the_lesson = has_lesson.then_some(OF_THE_LESSON);
        let more = of_the_core.into_iter().chain(of_the_lesson);
        for (name, proof) in PROOFS.into_iter().chain(more) {
            let name = format!("exercise_{number:02}::{name}");
            trials.push(Trial::test(name, move || {
                proof(number);
                Ok(())
            }));
        }
    }
    trials.push(Trial::test(
        "every_right_answer_in_rust_is_listed_in_the_manifest",
        || {
            every_right_answer_in_rust_is_listed_in_the_manifest();
            Ok(())
        },
    ));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// How many programs are graded at once: each is run by all checks of its rubric.
const AT_ONCE: usize = 3;

fn exercises() -> &'static [Exercise] {
    static EXERCISES: OnceLock<Vec<Exercise>> = OnceLock::new();
    EXERCISES.get_or_init(|| Exercise::all(workspace::root()).expect("the exercises can be read"))
}

fn exercise(number: u32) -> &'static Exercise {
    let mut exercises = exercises().iter();
    exercises
        .find(|exercise| exercise.number == number)
        .expect("there is such an exercise")
}

/// The rubrics are built once, one after the other.
fn rubric(number: u32) -> &'static Rubric {
    static RUBRICS: OnceLock<Vec<(u32, Rubric)>> = OnceLock::new();
    let rubrics = RUBRICS.get_or_init(|| {
        let build = |exercise: &Exercise| {
            let rubric = Rubric::build(exercise);
            (
                exercise.number,
                rubric.unwrap_or_else(|error| panic!("{error:#}")),
            )
        };
        exercises().iter().map(build).collect()
    });
    &rubrics
        .iter()
        .find(|(of, _)| *of == number)
        .expect("there is such a rubric")
        .1
}

fn python() -> &'static str {
    workspace::python().expect("the answers in Python need python3")
}

/// Grades a program, when it is its turn.
fn grade(number: u32, program: &[String]) -> Outcome {
    static RUNNING: Mutex<usize> = Mutex::new(0);
    static DONE: Condvar = Condvar::new();

    let rubric = rubric(number);
    let running = RUNNING.lock().expect("nobody panics while this is held");
    let mut running = DONE
        .wait_while(running, |running| *running >= AT_ONCE)
        .expect("as above");
    *running += 1;
    drop(running);
    let outcome = rubric.grade(program, |_| ());
    *RUNNING.lock().expect("nobody panics while this is held") -= 1;
    DONE.notify_one();
    outcome.unwrap_or_else(|error| panic!("cannot grade {program:?}: {error:#}"))
}

/// The outcome of an answer, and the checks that have failed.
fn graded(number: u32, answer: &Answer) -> (Outcome, BTreeSet<String>) {
    let outcome = grade(number, &answer.program);
    let failed = outcome.failed().into_iter().map(str::to_string).collect();
    (outcome, failed)
}

/// Expects that a program fails these checks, and passes all others.
fn verify(number: u32, answer: &Answer, complaints: &Mutex<String>) {
    // A check can miss a race, and does so more often while other proofs run beside it.
    let attempts = if answer.racy { 3 } else { 1 };
    let (mut outcome, mut failed) = graded(number, answer);
    for _ in 1..attempts {
        if failed != answer.fails {
            (outcome, failed) = graded(number, answer);
        }
    }
    let untranslated = untranslated(&outcome);
    if failed == answer.fails && untranslated.is_empty() {
        return;
    }
    let mut complaints = complaints.lock().expect("nobody panics while this is held");
    complaints.push_str(&untranslated);
    if failed == answer.fails {
        return;
    }
    // Writing to a String cannot fail.
    let _ = writeln!(
        complaints,
        "== exercise {number:02}, {}: fails {failed:?}, and should fail {:?}",
        answer.name, answer.fails
    );
    for result in outcome
        .results
        .iter()
        .filter(|r| !answer.fails.contains(&r.check.name))
    {
        if let Some(failure) = result.failure() {
            let _ = writeln!(complaints, "-- {}:\n{failure}", result.check.name);
        }
    }
}

/// The sentences of the transcripts that have no Chinese; empty if all have.
fn untranslated(outcome: &Outcome) -> String {
    let failures = outcome.results.iter().filter_map(Result::failure);
    let sentences: BTreeSet<String> = failures.flat_map(catalogue::untranslated).collect();
    let package = outcome.exercise.package();
    let lines = sentences
        .iter()
        .map(|what| format!("{package}, not in zh.po: {what}\n"));
    lines.collect()
}

/// Verifies all of them, as many at once as are allowed.
fn verify_all(number: u32, answers: &[Answer]) {
    assert!(
        !answers.is_empty(),
        "there are no answers to exercise {number:02}"
    );
    let complaints = Mutex::new(String::new());
    thread::scope(|scope| {
        for answer in answers {
            scope.spawn(|| verify(number, answer, &complaints));
        }
    });
    let complaints = complaints.into_inner().expect("nobody has panicked");
    assert!(complaints.is_empty(), "{complaints}");
}

fn right_answers_get_full_marks(number: u32) {
    let answers = answers::right(number, python()).unwrap_or_else(|error| panic!("{error:#}"));
    let is_python = |answer: &&Answer| {
        Path::new(&answer.name)
            .extension()
            .is_some_and(|e| e == "py")
    };
    assert!(answers.iter().any(|answer| answer.name == "model.rs"));
    assert!(
        answers.iter().filter(is_python).count() >= 1,
        "one is in Python"
    );
    assert!(answers.len() >= 3, "a model solution, and two others");
    verify_all(number, &answers);
}

/// The shim that makes the network slow, and lets a send take only a part; `None`, with a note on
/// stderr, if it cannot be built.
fn shim() -> Option<&'static PathBuf> {
    static SHIM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let shim = SHIM.get_or_init(|| {
        if !cfg!(target_os = "linux") || Command::new("cc").arg("--version").output().is_err() {
            return None;
        }
        let folder = workspace::root().join("target");
        fs::create_dir_all(&folder).expect("the target folder can be made");
        let shim = folder.canonicalize().expect("it is there").join("shim.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("shim.c");
        let status = Command::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-o"])
            .arg(&shim)
            .arg(source)
            .status();
        assert!(
            status.expect("cc can be run").success(),
            "the shim does not compile"
        );
        Some(shim)
    });
    if shim.is_none() {
        harness::skip("the shim needs Linux and a C compiler");
    }
    shim.as_ref()
}

fn right_answers_get_full_marks_on_a_bad_network(number: u32) {
    let Some(shim) = shim() else { return };
    let mut answers = answers::right(number, python()).unwrap_or_else(|error| panic!("{error:#}"));
    for answer in &mut answers {
        let preload = format!("LD_PRELOAD={}", shim.display());
        answer
            .program
            .splice(0..0, ["/usr/bin/env".to_string(), preload]);
    }
    verify_all(number, &answers);
}

fn wrong_answers_fail_what_they_state_and_nothing_else(number: u32) {
    static WRONG: OnceLock<Vec<(u32, Answer)>> = OnceLock::new();
    let wrong = WRONG.get_or_init(|| {
        let numbers: Vec<u32> = exercises().iter().map(|exercise| exercise.number).collect();
        answers::build_wrong(&numbers, python()).unwrap_or_else(|error| panic!("{error:#}"))
    });
    let answers: Vec<Answer> = wrong
        .iter()
        .filter(|(of, _)| *of == number)
        .map(|(_, answer)| answer.clone())
        .collect();
    assert!(
        answers.len() >= 10,
        "exercise {number:02} has {} wrong answers",
        answers.len()
    );
    let checks: BTreeSet<_> = exercise(number)
        .checks
        .iter()
        .map(|check| check.name.clone())
        .collect();
    for answer in &answers {
        assert!(!answer.fails.is_empty(), "{} fails nothing", answer.name);
        assert!(
            answer.fails.is_subset(&checks),
            "{} fails a check that is not there",
            answer.name
        );
    }
    let found: BTreeSet<_> = answers.iter().flat_map(|answer| &answer.fails).collect();
    for check in &checks {
        assert!(
            found.contains(check),
            "no wrong answer shows that {check} can fail"
        );
    }
    verify_all(number, &answers);
}

fn the_starter_gets_at_most_20(number: u32) {
    let exercise = exercise(number);
    let starter = fs::read_to_string(exercise.file()).expect("the starter can be read");
    let kept = workspace::root().join(format!("tests/grade/starters/{number:02}.rs"));
    let kept = fs::read_to_string(kept).expect("the copy for `reset` can be read");
    assert!(
        starter == kept,
        "the starter is not the one that `cargo grade reset` puts back"
    );
    assert!(
        starter.contains("// TODO"),
        "the starter says where the work is"
    );
    let outcome = grade(number, &rubric(number).program());
    let untranslated = untranslated(&outcome);
    assert!(untranslated.is_empty(), "{untranslated}");
    assert!(
        outcome.score() <= 20,
        "the starter gets {} points",
        outcome.score()
    );
    // On a system that cannot make one of the checks it has no more.
    for index in 0..outcome.results.len() {
        let mut without = outcome.clone();
        without.results[index].verdict = Verdict::NotChecked(message!("it is switched off"));
        let name = &without.results[index].check.name;
        assert!(
            without.score() <= outcome.score(),
            "more points without {name}"
        );
        assert!(!without.has_full_marks(), "full marks without {name}");
    }
}

fn every_right_answer_in_rust_is_listed_in_the_manifest() {
    let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let manifest = manifest.expect("the manifest can be read");
    for exercise in exercises() {
        for path in answers::right_files(exercise.number).expect("the answers can be read") {
            if let Some(name) = path.to_string_lossy().strip_suffix(".rs") {
                let stem = Path::new(name)
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy();
                let program = answers::right_program(exercise.number, &stem);
                assert!(
                    manifest.contains(&format!("name = \"{program}\"")),
                    "{program} is missing"
                );
            }
        }
    }
}
