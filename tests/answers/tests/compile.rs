//! Compiles students' files as for a class. A right answer gets full marks, and a file that keeps
//! the compiler busy holds up nobody else.
#![cfg(target_os = "linux")]

use classroom::build::{Builder, Compiled, LIMIT};
use grade::exercise::Exercise;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// A builder of this workspace, for all tests; it stays built from run to run.
fn builder() -> &'static Builder {
    static BUILDER: OnceLock<Builder> = OnceLock::new();
    BUILDER.get_or_init(|| {
        let sandboxed = Command::new("bwrap").arg("--version").output().is_ok();
        if !sandboxed {
            harness::skip("there is no bubblewrap: files are compiled without a sandbox");
        }
        let (workspace, work) = (workspace::root(), folder().join("work"));
        let start = Instant::now();
        let builder = Builder::open(workspace, &work, &exercises(), sandboxed);
        println!("the builder is open after {:?}", start.elapsed());
        builder.unwrap_or_else(|error| panic!("{error:#}"))
    })
}

fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile");
    fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

fn exercises() -> Vec<Exercise> {
    Exercise::all(workspace::root()).expect("the exercises can be read")
}

fn compile(exercise: u32, source: &[u8], name: &str) -> Compiled {
    let out = folder().join(name);
    let compiled = builder().compile(exercise, source, &out);
    compiled.unwrap_or_else(|error| panic!("{error:#}"))
}

/// A model answer.
fn model(exercise: u32) -> Vec<u8> {
    let files = answers::right_files(exercise).expect("the answers can be read");
    let model = files.iter().find(|path| path.ends_with("model.rs"));
    fs::read(model.expect("there is a model")).expect("it can be read")
}

#[test]
fn model_answers_get_full_marks() {
    for exercise in exercises() {
        let number = exercise.number;
        let start = Instant::now();
        let compiled = compile(number, &model(number), &exercise.package());
        let Compiled::Program(program) = compiled else {
            panic!("the model of exercise {number:02} does not compile: {compiled:?}");
        };
        let compiled = start.elapsed();
        let size = fs::metadata(&program).expect("it is there").len();
        let rubric = builder().rubric(number).expect("it was asked for");
        let program = program.to_string_lossy().into_owned();
        let outcome = rubric
            .grade(&[program], |_| {})
            .unwrap_or_else(|error| panic!("{error:#}"));
        let graded = start.elapsed();
        println!("{number:02}: compiled after {compiled:?}, {size} bytes, graded after {graded:?}");
        assert_eq!(outcome.score(), 100, "it fails {:?}", outcome.failed());
    }
}

#[test]
fn what_the_manifest_forbids_is_refused() {
    let source = "fn main() { unsafe { std::hint::unreachable_unchecked() } }";
    for source in [source, &format!("#![allow(unsafe_code)] {source}")] {
        match compile(1, source.as_bytes(), "unsafe") {
            Compiled::Refused(message) => {
                assert!(message.to_string().contains("unsafe"), "{message}");
            }
            other => panic!("it is not refused: {other:?}"),
        }
    }
}

#[test]
fn only_the_crates_of_the_exercise_are_there() {
    for (source, is_there) in [
        ("encoding_rs::GBK.name()", true),
        ("workspace::root()", false),
    ] {
        let source = format!("fn main() {{ println!(\"{{}}\", {source}); }}");
        let compiled = compile(1, source.as_bytes(), "crates");
        assert_eq!(
            matches!(compiled, Compiled::Program(_)),
            is_there,
            "{compiled:?}"
        );
    }
    let source = "extern crate serde_json; fn main() {}";
    let compiled = compile(1, source.as_bytes(), "crates-of-others");
    assert!(matches!(compiled, Compiled::Refused(_)), "{compiled:?}");
}

#[test]
fn a_constant_that_computes_for_ever_is_ended_and_others_go_on() {
    let endless = "#![allow(long_running_const_eval)]
        const FOREVER: u32 = { let mut n = 0u32; loop { n = n.wrapping_add(1); if n == u32::MAX { n = 0; } } };
        fn main() { println!(\"{}\", FOREVER); }";
    builder();
    let start = Instant::now();
    std::thread::scope(|scope| {
        let endless = scope.spawn(|| compile(2, endless.as_bytes(), "endless"));
        let compiled = compile(1, &model(1), "beside-the-endless-one");
        assert!(matches!(compiled, Compiled::Program(_)), "{compiled:?}");
        assert!(!endless.is_finished(), "the other is done first");
        let compiled = endless.join().expect("it does not panic");
        assert_eq!(compiled, Compiled::TimedOut);
    });
    let took = start.elapsed();
    assert!(took < LIMIT + Duration::from_secs(60), "it took {took:?}");
}
