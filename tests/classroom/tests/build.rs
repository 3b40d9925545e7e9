//! Students' files are compiled in a clean tree and in a sandbox, whatever is in them. The
//! workspace is a small one, without dependencies, which is built in seconds; the real one
//! is in the tests of package `answers`.
#![cfg(target_os = "linux")]

use classroom::build::{Compiled, Workshop};
use grade::exercise::Exercise;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use tempfile::TempDir;

/// What nobody but the teacher may read.
const SECRET: &str = "the-secret-of-the-teacher";

/// The files of the small workspace.
const FILES: [(&str, &str); 8] = [
    (
        "Cargo.toml",
        r#"
            [workspace]
            resolver = "3"
            members = ["lessons/01-client/exercise", "tests/harness", "tests/answers"]
            default-members = ["tests/harness"]

            [workspace.lints.rust]
            unused_mut = "forbid"
        "#,
    ),
    (
        "Cargo.lock",
        r#"
            version = 4

            [[package]]
            name = "answers"
            version = "0.1.0"

            [[package]]
            name = "exercise-01"
            version = "0.1.0"
            dependencies = ["harness"]

            [[package]]
            name = "harness"
            version = "0.1.0"
        "#,
    ),
    (
        "lessons/01-client/exercise/Cargo.toml",
        r#"
            [package]
            name = "exercise-01"
            version = "0.1.0"
            edition = "2024"

            [[bin]]
            name = "exercise-01"
            path = "main.rs"
            test = false

            [[test]]
            name = "exercise_01"
            path = "../../../tests/exercises/exercise_01.rs"

            [dependencies]
            harness = { path = "../../../tests/harness" }

            [lints]
            workspace = true
        "#,
    ),
    (
        "lessons/01-client/exercise/exercise.toml",
        r#"
            version = 1
            title = { en = "one", zh = "一" }
            task = { en = "do it", zh = "做" }

            [[check]]
            name = "works"
            points = 100
            title = { en = "works", zh = "行" }
            hint = { en = "try", zh = "试" }
        "#,
    ),
    (
        "lessons/01-client/exercise/main.rs",
        "compile_error!(\"the-secret-of-the-teacher: this is a solution\");",
    ),
    ("tests/grade/starters/01.rs", "fn main() {}"),
    (
        "tests/exercises/exercise_01.rs",
        "#[test] fn works() { assert!(!env!(\"CARGO_BIN_EXE_exercise-01\").is_empty()); }",
    ),
    (
        "tests/harness/Cargo.toml",
        r#"
            [package]
            name = "harness"
            version = "0.1.0"
            edition = "2024"

            [[test]]
            name = "lessons"
            path = "../lessons.rs"
        "#,
    ),
];

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
    fs::write(path, text).expect("a file can be written");
}

fn small_workspace() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in FILES {
        write(folder.path(), name, text);
    }
    let answer = "pub fn answer() -> u32 { 42 }";
    write(folder.path(), "tests/harness/src/lib.rs", answer);
    write(
        folder.path(),
        "secret.rs",
        &format!("fn main() {{}} // {SECRET}"),
    );
    folder
}

fn open(workspace: &Path, work: &Path, sandboxed: bool) -> anyhow::Result<Workshop> {
    let exercises = Exercise::all(workspace).expect("the exercises can be read");
    Workshop::open(workspace, work, &exercises, sandboxed)
}

/// Two workshops of the small workspace: with the sandbox and without.
struct Shared {
    workspace: TempDir,
    sandboxed: Option<Workshop>,
    bare: Workshop,
}

fn shared() -> &'static Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    SHARED.get_or_init(|| {
        let workspace = small_workspace();
        let work = workspace.path().join("work");
        let bare = open(workspace.path(), &work, false).unwrap_or_else(|e| panic!("{e:#}"));
        let has_bubblewrap = Command::new("bwrap").arg("--version").output().is_ok();
        let sandboxed = has_bubblewrap
            .then(|| open(workspace.path(), &work, true).unwrap_or_else(|e| panic!("{e:#}")));
        Shared {
            workspace,
            sandboxed,
            bare,
        }
    })
}

fn sandboxed() -> Option<&'static Workshop> {
    let workshop = shared().sandboxed.as_ref();
    if workshop.is_none() {
        harness::skip("there is no bubblewrap");
    }
    workshop
}

fn compile_with(workshop: &Workshop, source: &[u8]) -> (Compiled, TempDir) {
    let folder = TempDir::new().expect("a folder");
    let out = folder.path().join("exercise-01");
    let compiled = workshop.compile(1, source, &out);
    let compiled = compiled.unwrap_or_else(|error| panic!("{error:#}"));
    if let Compiled::Program(program) = &compiled {
        assert_eq!(program, &out);
    }
    let entries = fs::read_dir(folder.path()).expect("a folder").count();
    let expected = usize::from(matches!(compiled, Compiled::Program(_)));
    assert_eq!(entries, expected, "there is the program, or nothing");
    (compiled, folder)
}

/// What a file is refused with, in the sandbox; `None` where there is none.
#[track_caller]
fn refused(source: &str) -> Option<String> {
    Some(refused_by(sandboxed()?, source.as_bytes()))
}

#[track_caller]
fn refused_by(workshop: &Workshop, source: &[u8]) -> String {
    match compile_with(workshop, source).0 {
        Compiled::Refused(message) => {
            assert!(message.len() < 66_000, "{} bytes", message.len());
            // A path that the file itself names may be told.
            let secret = secret_path();
            let told = message.replace(&*secret.to_string_lossy(), "");
            let folder = shared().workspace.path().to_string_lossy();
            assert!(!told.contains(&*folder), "a path is told: {message}");
            assert!(!message.contains(SECRET), "a secret is told: {message}");
            message
        }
        other => panic!("it is not refused: {other:?}"),
    }
}

/// Whether a file compiles in the sandbox, and what the program prints.
fn printed(source: &str) -> Option<String> {
    let (compiled, _folder) = compile_with(sandboxed()?, source.as_bytes());
    let Compiled::Program(program) = compiled else {
        panic!("it does not compile: {compiled:?}");
    };
    let output = Command::new(program).output().expect("it runs");
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn secret_path() -> PathBuf {
    shared().workspace.path().join("secret.rs")
}

#[test]
fn a_file_becomes_a_program_with_the_libraries_of_its_exercise() {
    let source = "fn main() { let unused = 1; println!(\"{}\", harness::answer()); }";
    let print = |program: &Path| Command::new(program).output().expect("it runs").stdout;
    let workshops = [Some(&shared().bare), sandboxed()];
    for workshop in workshops.into_iter().flatten() {
        let (compiled, _folder) = compile_with(workshop, source.as_bytes());
        let Compiled::Program(program) = compiled else {
            panic!("it does not compile: {compiled:?}");
        };
        assert_eq!(print(&program), b"42\n");
    }
}

#[test]
fn a_mistake_is_told_as_the_compiler_tells_it() {
    let source = "fn main() {\n    let number: u32 = \"one\";\n    let _ = number;\n}\n";
    let workshops = [Some(&shared().bare), sandboxed()];
    for workshop in workshops.into_iter().flatten() {
        let message = refused_by(workshop, source.as_bytes());
        assert!(
            message.starts_with("error[E0308]: mismatched types"),
            "{message}"
        );
        assert!(message.contains("--> main.rs:2:23"), "{message}");
        assert!(!message.contains('\x1b'), "there are colours: {message:?}");
    }
}

#[test]
fn a_mistake_that_the_linker_finds_is_told_without_folders_of_this_machine() {
    let source = "#[link(name = \"missing\")] unsafe extern \"C\" { fn f(); }
         fn main() { unsafe { f() } }";
    let workshops = [Some(&shared().bare), sandboxed()];
    for workshop in workshops.into_iter().flatten() {
        let message = refused_by(workshop, source.as_bytes());
        assert!(message.contains("missing"), "{message}");
    }
}

#[test]
fn what_is_no_rust_is_refused() {
    let sources: [&[u8]; 4] = [b"", b"\xff\xfe\x00", b"\0\0\0", "主函数".as_bytes()];
    for source in sources {
        let workshop = &shared().bare;
        let message = refused_by(workshop, source);
        assert!(message.contains("error"), "{message}");
    }
}

#[test]
fn the_manifest_and_the_file_decide_what_is_an_error() {
    let warned = "fn main() { let unused = 1; }";
    assert!(printed(warned).is_none_or(|printed| printed.is_empty()));
    if let Some(message) = refused(&format!("#![deny(warnings)] {warned}")) {
        assert!(message.contains("unused variable"), "{message}");
    }
    if let Some(message) = refused("fn main() { let mut a = 1; let _ = a; }") {
        assert!(message.contains("-F unused-mut"), "{message}");
    }
    let _ = refused("#![allow(unused_mut)] fn main() { let mut a = 1; let _ = a; }");
}

#[test]
fn nothing_outside_is_read() {
    let secret = secret_path();
    let secret = secret.display();
    let sources = [
        format!(
            "fn main() {{ println!(\"{{}}\", include_str!({:?})); }}",
            secret.to_string()
        ),
        format!(
            "fn main() {{ let _ = include_bytes!({:?}); }}",
            secret.to_string()
        ),
        format!("include!({:?});", secret.to_string()),
        format!(
            "#[path = {:?}] mod secret; fn main() {{}}",
            secret.to_string()
        ),
        "fn main() { include_str!(\"/etc/passwd\"); }".to_string(),
        "fn main() { include_str!(\"/etc/shadow\"); }".to_string(),
        "fn main() { include_str!(\"../../../secret.rs\"); }".to_string(),
        "mod secret; fn main() {}".to_string(),
        "fn main() { include_str!(concat!(env!(\"HOME\"), \"/.bashrc\")); }".to_string(),
    ];
    for source in sources {
        let _ = refused(&source);
    }
}

#[test]
fn the_assembler_and_the_linker_read_nothing_outside() {
    let secret = secret_path();
    for path in [&*secret.to_string_lossy(), "/etc/passwd"] {
        let source = format!(
            "std::arch::global_asm!(\".globl x\", \"x: .incbin \\\"{path}\\\"\"); fn main() {{}}"
        );
        let _ = refused(&source);
        let source = format!(
            "unsafe extern \"C\" {{ static x: u8; }}
             std::arch::global_asm!(\".include \\\"{path}\\\"\");
             fn main() {{ println!(\"{{}}\", unsafe {{ x }}); }}"
        );
        let _ = refused(&source);
    }
    let _ = refused(
        "#[link(name = \"secret\", kind = \"static\")] unsafe extern \"C\" { fn f(); }
         fn main() { unsafe { f() } }",
    );
    let _ = refused("#![feature(link_args)] #![link_args = \"-T/etc/passwd\"] fn main() {}");
}

#[test]
fn the_environment_holds_nothing_of_the_teachers() {
    let path = printed("fn main() { print!(\"{}\", env!(\"CARGO_MANIFEST_DIR\")); }");
    assert!(path.is_none_or(|path| path == "/student"));
    for name in ["HOME", "USER", "CARGO_TARGET_DIR", "HARNESS_MARK", "CARGO"] {
        let source = format!("fn main() {{ print!(\"{{:?}}\", option_env!({name:?})); }}");
        assert!(
            printed(&source).is_none_or(|value| value == "None"),
            "{name}"
        );
    }
    // Process 1 of the sandbox is bubblewrap, which this process has started.
    for process in ["self", "1"] {
        let source =
            format!("fn main() {{ print!(\"{{}}\", include_str!(\"/proc/{process}/environ\")); }}");
        let Some(workshop) = sandboxed() else { return };
        let (compiled, _folder) = compile_with(workshop, source.as_bytes());
        // Where it is closed, it is not read.
        if let Compiled::Program(program) = compiled {
            let output = Command::new(program).output().expect("it runs").stdout;
            let printed = String::from_utf8_lossy(&output).into_owned();
            let is_ours = |variable: &&str| variable.starts_with("CARGO_MANIFEST_DIR=/");
            let ours = printed.split('\0').filter(is_ours);
            let ours: Vec<_> = ours
                .filter(|v| *v != "CARGO_MANIFEST_DIR=/student")
                .collect();
            assert!(ours.is_empty(), "process {process}: {printed:?}");
        }
    }
}

#[test]
fn unstable_features_are_refused() {
    let message = refused("#![feature(rustc_private)] extern crate rustc_driver; fn main() {}");
    assert!(message.is_none_or(|message| message.contains("E0554")));
}

#[test]
fn a_file_does_not_choose_what_it_becomes() {
    for attribute in [
        "crate_type = \"lib\"",
        "crate_type = \"proc-macro\"",
        "crate_type = \"cdylib\"",
    ] {
        let printed = printed(&format!(
            "#![{attribute}] fn main() {{ print!(\"here\"); }}"
        ));
        assert!(printed.is_none_or(|printed| printed == "here"));
    }
    let _ = refused("#![crate_name = \"other\"] fn main() {}");
    let _ = refused("#![no_main]");
}

#[test]
fn a_file_that_needs_much_memory_is_refused() {
    let evaluated = "static BIG: [u8; 3 << 30] = { let mut big = [1; 3 << 30]; big[1] = 2; big };
         fn main() { println!(\"{}\", BIG[std::env::args().count()]); }";
    let Some(message) = refused(evaluated) else {
        return;
    };
    assert!(message.contains("more memory than available"), "{message}");
    let doubled = "macro_rules! double { ($($x:tt)*) => { double!($($x)* $($x)*); } }
         fn main() { double!(1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1); }";
    let message = refused(&format!("#![recursion_limit = \"1000\"]\n{doubled}"));
    let message = message.unwrap_or_default();
    assert!(
        message.contains("2 GB") && message.contains("内存"),
        "{message}"
    );
}

#[test]
fn a_file_that_makes_a_big_program_is_refused() {
    let source = "static BIG: [u8; 100_000_000] = [1; 100_000_000];
         fn main() { println!(\"{}\", BIG[std::env::args().count()]); }";
    if let Some(message) = refused(source) {
        assert!(message.contains("64 MB"), "{message}");
    }
}

#[test]
fn a_file_that_crashes_the_compiler_is_refused() {
    let deep = format!(
        "fn main() {{ let _ = {}1{}; }}",
        "(".repeat(200_000),
        ")".repeat(200_000)
    );
    let _ = refused(&deep);
    let deep = format!("fn main() {{ let _ = {}1; }}", "-".repeat(300_000));
    if let Some(message) = refused(&deep) {
        assert!(
            message.contains("(signal 11)") && message.contains("崩溃"),
            "{message}"
        );
    }
}

#[test]
fn much_that_the_compiler_says_is_cut() {
    let start = "fn main() {".to_string();
    let source = start + &"let _: u8 = \"\";\n".repeat(3_000) + "}";
    if let Some(message) = refused(&source) {
        assert!(
            message.len() > 60_000 && message.ends_with("...\n"),
            "{}",
            message.len()
        );
    }
}

#[test]
fn a_program_may_be_compiled_by_many_at_once() {
    let Some(workshop) = sandboxed() else {
        return;
    };
    std::thread::scope(|scope| {
        for number in 0..6 {
            scope.spawn(move || {
                let source = format!("fn main() {{ print!(\"{number}\"); }}");
                let (compiled, _folder) = compile_with(workshop, source.as_bytes());
                let Compiled::Program(program) = compiled else {
                    panic!("it does not compile: {compiled:?}");
                };
                let output = Command::new(program).output().expect("it runs");
                assert_eq!(output.stdout, number.to_string().as_bytes());
            });
        }
    });
}

#[test]
fn what_is_built_is_built_anew_only_when_something_has_changed() {
    let workspace = small_workspace();
    let work = workspace.path().join("work");
    let built = || {
        let path = work.join("workshop.json");
        fs::metadata(path)
            .and_then(|file| file.modified())
            .expect("it is there")
    };
    let first = open(workspace.path(), &work, false).unwrap_or_else(|e| panic!("{e:#}"));
    assert!(first.rubric(1).is_some() && first.rubric(2).is_none());
    let then = built();
    drop(first);

    open(workspace.path(), &work, false).unwrap_or_else(|e| panic!("{e:#}"));
    assert_eq!(built(), then, "nothing has changed");
    // What a teacher tries is a solution, and is not built.
    write(
        workspace.path(),
        "lessons/01-client/exercise/main.rs",
        "fn main() { 1 }",
    );
    open(workspace.path(), &work, false).unwrap_or_else(|e| panic!("{e:#}"));
    assert_eq!(built(), then, "the teacher's own file does not count");

    write(
        workspace.path(),
        "tests/harness/src/lib.rs",
        "pub fn answer() -> u32 { 43 }",
    );
    let workshop = open(workspace.path(), &work, false).unwrap_or_else(|e| panic!("{e:#}"));
    assert_ne!(built(), then, "the library has changed");
    let source = "fn main() { std::process::exit(harness::answer().cast_signed()); }";
    let (compiled, _folder) = compile_with(&workshop, source.as_bytes());
    let Compiled::Program(program) = compiled else {
        panic!("it does not compile: {compiled:?}");
    };
    let status = Command::new(program).status().expect("it runs");
    assert_eq!(status.code(), Some(43));
}

#[test]
fn a_workspace_that_does_not_build_is_an_error_that_says_why() {
    let workspace = small_workspace();
    let work = workspace.path().join("work");
    let error = |what: &str| match open(workspace.path(), &work, false) {
        Ok(_) => panic!("{what}: it opens"),
        Err(error) => format!("{error:#}"),
    };
    write(
        workspace.path(),
        "tests/exercises/exercise_01.rs",
        "#[test] fn other() {}",
    );
    assert!(error("another check").contains("works"));
    write(
        workspace.path(),
        "tests/exercises/exercise_01.rs",
        "#[test] fn works() { missing() }",
    );
    let told = error("a broken rubric");
    assert!(told.contains("cannot find function `missing`"), "{told}");
    fs::remove_file(workspace.path().join("tests/grade/starters/01.rs")).expect("it is there");
    assert!(error("no starter").contains("starters/01.rs"));
}
