//! What is made for other services: the workflows for GitHub, and the scripts for Gradescope.
//! They are run here with stand-ins for what those machines have; what takes a build is in
//! `tests/answers/tests/handout.rs`.
#![cfg(unix)]

use classroom::gradescope::scripts;
use classroom::handout::{self, CLASS_WORKFLOW};
use grade::exercise::Exercise;
use grade::language::Language::{En, Zh};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// The workflow for GitHub Classroom, as a copy of this workspace has it.
fn classroom_workflow() -> String {
    handout::classroom_workflow(&exercises(), En)
}

fn exercises() -> Vec<Exercise> {
    Exercise::all(workspace::root()).expect("the exercises")
}

/// A machine of another service: a folder, and stand-ins for commands.
struct Machine {
    root: TempDir,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(root.path().join("bin")).expect("a folder");
        Self { root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.path(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(&file, text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }

    fn script(&self, name: &str, text: &str) {
        self.write(name, text);
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(self.path(name), mode).expect("its mode can be set");
    }

    /// Stands in for a command.
    fn command(&self, name: &str, text: &str) {
        self.script(&format!("bin/{name}"), &format!("#!/bin/sh\n{text}\n"));
    }

    fn run(&self, program: &str, environment: &[(&str, &Path)]) -> Output {
        let mut command = Command::new("bash");
        let path = std::env::var("PATH").unwrap_or_default();
        harness::outside(&mut command)
            .arg(self.path(program))
            .current_dir(self.root.path())
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("AUTOGRADER", self.root.path())
            .env("CARGO_HOME", self.path("cargo"))
            .env("RUSTUP_HOME", self.path("rustup"))
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .output()
            .expect("bash can be run")
    }

    fn results(&self) -> Value {
        let text = fs::read_to_string(self.path("results/results.json")).expect("results");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }
}

fn has(command: &str) -> bool {
    let mut asked = Command::new(command);
    let found = harness::outside(&mut asked)
        .arg("--version")
        .output()
        .is_ok();
    if !found {
        harness::skip(&format!("there is no {command}"));
    }
    found
}

/// The script of the step with this id in a workflow.
fn step(workflow: &str, id: &str) -> String {
    let after = workflow
        .split_once(&format!("id: {id}\n"))
        .expect("such a step")
        .1;
    let after = after.split_once("run: |\n").expect("it runs something").1;
    let lines = after
        .lines()
        .take_while(|line| line.starts_with("          ") || line.is_empty());
    lines
        .flat_map(|line| [line.get(10..).unwrap_or_default(), "\n"])
        .collect()
}

#[test]
fn the_classroom_workflow_reports_the_points_of_every_check() {
    if !has("jq") || !has("base64") {
        return;
    }
    let machine = Machine::new();
    let numbers = ["01", "02", "03", "04", "05", "06", "07"];
    for number in numbers {
        machine.write(&format!("lessons/{number}-x/exercise/main.rs"), "");
    }
    // Full marks, some, and one that does not compile.
    machine.command(
        "cargo",
        r#"[ "$1" = build ] && exit
        case $2 in
            01) echo '{"tests": [{"name": "a", "score": 40, "max_score": 40, "status": "passed"},
                 {"name": "b", "score": 60, "max_score": 60, "status": "passed"}]}' ;;
            07) echo 'exercise-07: it does not compile' >&2; exit 2 ;;
            *) echo '{"tests": [{"name": "a", "score": 15, "max_score": 15, "status": "passed"},
                {"name": "b \"c\"", "score": 0, "max_score": 85, "status": "failed", "output": "why"}]}'
               exit 1 ;;
        esac"#,
    );
    // As GitHub runs it: `bash -e`, and with failures in pipes.
    let script = format!("set -eo pipefail\n{}", step(&classroom_workflow(), "grade"));
    machine.write("step.sh", &script);
    let outputs = machine.path("outputs");
    let output = machine.run("step.sh", &[("GITHUB_OUTPUT", &outputs)]);
    assert!(output.status.success(), "{output:?}");
    let log = String::from_utf8_lossy(&output.stdout);
    assert!(log.contains("why"), "the stories are in the log: {log}");

    let outputs = fs::read_to_string(outputs).expect("it writes outputs");
    let decoded = outputs.lines().map(|line| {
        let (name, encoded) = line.split_once('=').expect("NAME=VALUE");
        machine.write("encoded", encoded);
        let decoded = Command::new("base64")
            .arg("--decode")
            .arg(machine.path("encoded"))
            .output();
        let decoded = decoded.expect("base64 can be run").stdout;
        let results: Value = serde_json::from_slice(&decoded).expect("it is JSON");
        (name.to_string(), results)
    });
    let decoded: Vec<_> = decoded.collect();
    let names: Vec<_> = decoded.iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(names, numbers.map(|number| format!("exercise{number}")));
    let statuses: Vec<_> = decoded
        .iter()
        .map(|(_, results)| results["status"].clone())
        .collect();
    assert_eq!(
        statuses,
        ["pass", "fail", "fail", "fail", "fail", "fail", "error"]
    );
    for (name, results) in &decoded {
        assert_eq!(
            (&results["version"], &results["max_score"]),
            (&json!(1), &json!(100)),
            "{name}"
        );
        // The reporter adds up these.
        let tests = results["tests"].as_array().expect("a list");
        let points: u64 = tests
            .iter()
            .map(|test| test["score"].as_u64().expect("points"))
            .sum();
        let expected = match name.as_str() {
            "exercise01" => 100,
            "exercise07" => 0,
            _ => 15,
        };
        assert_eq!(points, expected, "{name}");
    }
    assert_eq!(decoded[1].1["tests"][1]["name"], "b \"c\"");
}

#[test]
fn the_classroom_workflow_has_every_exercise_and_the_names_that_the_reporter_looks_for() {
    let workflow = classroom_workflow();
    let names: Vec<_> = exercises()
        .iter()
        .map(|exercise| format!("exercise{:02}", exercise.number))
        .collect();
    assert!(workflow.contains(&format!("runners: {}\n", names.join(","))));
    for name in names {
        let variable = format!(
            "{}_RESULTS: ${{{{ steps.grade.outputs.{name} }}}}\n",
            name.to_uppercase()
        );
        assert!(workflow.contains(&variable), "{variable}");
    }
    assert!(workflow.contains("\n  run-autograding-tests:\n"));
    assert!(workflow.contains("\n  checks: write\n"));
}

#[test]
fn the_class_workflow_grades_every_part_and_merges_them() {
    let parts = CLASS_WORKFLOW.split_once("part: [").expect("a matrix").1;
    let parts: Vec<_> = parts
        .split_once(']')
        .expect("a list")
        .0
        .split(", ")
        .collect();
    assert_eq!(parts, ["1", "2", "3", "4", "5", "6", "7", "8"]);
    let count = parts.len();
    let grade = format!(
        "cargo grade class \"$SUBMISSIONS\" --out \"report-$PART\" --partition \"$PART/{count}\""
    );
    assert!(CLASS_WORKFLOW.contains(&grade), "{grade}");
    assert!(CLASS_WORKFLOW.contains("cargo grade merge report parts/*\n"));
    // It is what the command prints.
    let output = Command::new(env!("CARGO_BIN_EXE_classroom"))
        .args(["handout", "--class-workflow"])
        .output()
        .expect("the grader can be run");
    assert_eq!(String::from_utf8_lossy(&output.stdout), CLASS_WORKFLOW);
}

#[test]
fn every_script_is_one_for_bash_and_shellcheck() {
    let machine = Machine::new();
    let mut all: Vec<(String, String)> = scripts("1.95.0", 1, Zh)
        .map(|(name, text)| (name.to_string(), text))
        .into();
    all.push((
        "step.sh".to_string(),
        format!("#!/bin/bash\n{}", step(&classroom_workflow(), "grade")),
    ));
    let shellcheck = has("shellcheck");
    for (name, text) in all {
        assert!(
            !text.contains('@') || !text.contains("@TOOLCHAIN@"),
            "{name}"
        );
        machine.write(&name, &text);
        let output = Command::new("bash")
            .arg("-n")
            .arg(machine.path(&name))
            .output();
        let output = output.expect("bash can be run");
        assert!(output.status.success(), "{name}: {output:?}");
        if shellcheck {
            let output = Command::new("shellcheck").arg(machine.path(&name)).output();
            let output = output.expect("shellcheck can be run");
            assert!(output.status.success(), "{name}: {output:?}");
        }
    }
}

#[test]
fn what_is_no_grade_is_said_in_the_language_of_the_class() {
    let chinese = handout::classroom_workflow(&exercises(), Zh);
    assert!(classroom_workflow().contains("it could not be graded"));
    assert!(chinese.contains("没能评分") && !chinese.contains("it could not"));
    for (language, words) in [(En, "this is no grade"), (Zh, "这不是成绩")] {
        let [_, (_, script)] = scripts("1.95.0", 1, language);
        let (_, results) = script.split_once("<< 'END'\n").expect("a document");
        let (results, _) = results.split_once("\nEND\n").expect("its end");
        let results: Value = serde_json::from_str(results).expect("it is JSON");
        let told = results["output"].as_str().expect("it says so");
        assert!(told.contains(words), "{told}");
    }
}

/// A machine of Gradescope's, with the bundle unpacked and a submission.
fn gradescope() -> Machine {
    let machine = Machine::new();
    for (name, text) in scripts("1.95.0", 1, En) {
        machine.script(&format!("source/{name}"), &text);
    }
    for exercise in exercises() {
        let starter = grade::exercise::starter(exercise.number);
        machine.write(&format!("source/project/{starter}"), "");
    }
    machine.write("submission/05.rs", "fn main() {}");
    for name in ["apt-get", "bwrap", "unshare"] {
        machine.command(name, &format!("echo {name} \"$@\" >> \"$AUTOGRADER/log\""));
    }
    // What it downloads is the installer of Rust: a script, which is told what to install.
    machine.command("curl", r#"echo 'echo rustup "$@" >> "$AUTOGRADER/log"'"#);
    // It grades the class, and says what it was given.
    machine.command(
        "cargo",
        r#"echo cargo "$@" >> "$AUTOGRADER/log"
        [ "$1" = grade ] || exit 0
        mkdir -p "$AUTOGRADER/report/results"
        ls "$3"/submission > "$AUTOGRADER/submitted"
        echo '{"score": 20, "tests": [], "extra_data": {"rubric_versions": {}}}' \
            > "$AUTOGRADER/report/results/submission.json""#,
    );
    machine
}

fn log(machine: &Machine) -> String {
    fs::read_to_string(machine.path("log")).unwrap_or_default()
}

#[test]
fn setup_installs_builds_and_tries_and_leaves_no_results() {
    let machine = gradescope();
    let output = machine.run("source/setup.sh", &[]);
    assert!(output.status.success(), "{output:?}");
    let log = log(&machine);
    let order = [
        "apt-get update",
        "apt-get install",
        "rustup -y",
        "cargo build",
        "cargo grade",
    ];
    let places: Vec<_> = order.iter().map(|what| log.find(what)).collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{places:?} in {log}"
    );
    assert!(log.contains("--default-toolchain 1.95.0"), "{log}");
    let config = fs::read_to_string(machine.path("cargo/config.toml")).expect("a configuration");
    let config: toml::Table = config.parse().expect("it is TOML");
    let vendor = machine.path("source/project/vendor");
    let directory = config["source"]["vendored"]["directory"].as_str();
    assert_eq!(directory, vendor.to_str());
    let submitted = fs::read_to_string(machine.path("submitted")).expect("a trial");
    assert_eq!(submitted.lines().count(), exercises().len(), "{submitted}");
    assert!(!machine.path("results/results.json").exists());
    // What cannot grade says so now.
    machine.command("cargo", "exit 0");
    let output = machine.run("source/setup.sh", &[]);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("could not be graded"), "{told}");
}

#[test]
fn a_submission_gets_its_results_and_links_in_it_stay_links() {
    let machine = gradescope();
    symlink("/etc/passwd", machine.path("submission/06.rs")).expect("a link");
    let output = machine.run("source/run_autograder", &[]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(machine.results()["score"], 20);
    let log = log(&machine);
    assert!(log.contains("cargo grade class /"), "{log}");
    assert!(
        log.contains("--lang en") && !log.contains("--no-sandbox"),
        "{log}"
    );
    // Where no sandbox can be made, the teacher is told.
    machine.command("bwrap", "exit 1");
    let output = machine.run("source/run_autograder", &[]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.contains("permits no sandbox"), "{told}");
    assert!(self::log(&machine).contains("--no-sandbox"));
}

#[test]
fn whatever_fails_there_are_results_that_say_that_they_are_no_grade() {
    let faults = [
        "exit 2",
        // Killed on the way.
        "kill -9 $$",
        // Not one, but two.
        r#"mkdir -p "$AUTOGRADER/report/results"; cd "$AUTOGRADER/report/results"
           echo '{"score": 100}' > a.json; echo '{"score": 100}' > b.json"#,
    ];
    for fault in faults {
        let machine = gradescope();
        // What the submission before has got is none of this one's.
        machine.write("report/results/submission.json", "{\"score\": 100}");
        machine.command("cargo", fault);
        let output = machine.run("source/run_autograder", &[]);
        assert!(output.status.success(), "{output:?}");
        let results = machine.results();
        assert_eq!(results["score"], 0, "{fault}");
        let told = results["output"].as_str().expect("it says so");
        assert!(told.contains("no grade"), "{told}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("run_autograder: there are"));
    }
    // Without a submission, or a project.
    for missing in ["submission", "source/project"] {
        let machine = gradescope();
        fs::remove_dir_all(machine.path(missing)).expect("it can be removed");
        let output = machine.run("source/run_autograder", &[]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(machine.results()["score"], 0, "{missing}");
    }
}
