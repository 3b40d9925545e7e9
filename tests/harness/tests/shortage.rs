//! The harness sees what the machine is short of. Each test runs this program once more, with
//! less.
#![cfg(target_os = "linux")]

use harness::{Shortage, outside};
use std::process::Command;
use tempfile::TempDir;

/// The environment variable in which this program only says what it is short of.
const TELL: &str = "TELL_SHORTAGE";

#[test]
fn tell() {
    if std::env::var_os(TELL).is_some() {
        let found = Shortage::now();
        println!(
            "[{}]",
            found.map_or("nothing".to_string(), |found| found.to_string())
        );
    }
}

/// What this program is short of if a command starts it.
fn told(command: &mut Command, program: &str) -> String {
    let output = outside(command)
        .args([
            program,
            "--exact",
            "tell",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(TELL, "1")
        .output()
        .expect("the command can be run");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let told = stdout
        .split_once('[')
        .and_then(|(_, rest)| rest.split_once(']'));
    told.map_or_else(|| panic!("{output:?}"), |(told, _)| told.to_string())
}

fn this_program() -> String {
    let path = std::env::current_exe().expect("this program has a path");
    path.to_string_lossy().into_owned()
}

#[test]
fn nothing_is_short_without_limits() {
    assert_eq!(told(&mut Command::new("env"), &this_program()), "nothing");
}

#[test]
fn too_few_descriptors_are_seen() {
    let told = told(
        Command::new("prlimit").arg("--nofile=64:64"),
        &this_program(),
    );
    assert!(told.starts_with("160 files cannot be open"), "{told}");
}

#[test]
fn too_little_memory_is_seen() {
    let told = told(
        Command::new("prlimit").arg("--as=200000000"),
        &this_program(),
    );
    assert_eq!(told, "256 MB of memory cannot be had");
}

#[test]
fn a_folder_that_takes_no_file_is_seen() {
    let told = told(
        Command::new("env").arg("TMPDIR=/no/such/folder"),
        &this_program(),
    );
    assert!(told.contains("can be written in /no/such/folder"), "{told}");
    // A file that may not grow, like a disk that is full.
    let told = told_with_small_files();
    assert!(
        told.starts_with("no file of 1048576 bytes can be written"),
        "{told}"
    );
}

fn told_with_small_files() -> String {
    // The signal that comes with the error is ignored, as by a program that handles the error.
    let script = "trap '' XFSZ; ulimit -f 100; exec \"$@\"";
    told(
        Command::new("sh").args(["-c", script, "sh"]),
        &this_program(),
    )
}

#[test]
fn too_few_processes_are_seen() {
    // The limit does not hold for root: another user is needed, who reaches this program.
    let folder = TempDir::new().expect("a temporary folder");
    let program = folder.path().join("program");
    std::fs::copy(this_program(), &program).expect("the program can be copied");
    let open = Command::new("chmod")
        .arg("-R")
        .arg("a+rx")
        .arg(folder.path())
        .status();
    assert!(open.expect("chmod can be run").success());
    let mut command = Command::new("setpriv");
    if rustix::process::getuid().is_root() {
        command.args(["--reuid=64321", "--regid=64321", "--clear-groups"]);
    }
    command.args(["prlimit", "--nproc=40"]);
    let told = told(&mut command, &program.to_string_lossy());
    assert!(told.starts_with("128 threads cannot run"), "{told}");
}
