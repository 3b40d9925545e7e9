//! A submission that means harm costs nobody else a point, and a slow sandbox costs nobody one.

use crate::{Class, failed, model, sandbox, score, status_of};
use assert_cmd::assert::OutputAssertExt;
use classroom::record::Status;
use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

#[test]
fn who_does_harm_harms_nobody_else() {
    if sandbox().is_some() {
        return; // `sandbox` has printed a note.
    }
    let class = Class::new();
    class.hand_in("anna/01.rs", &model(1));
    class.hand_in("zoe/01.rs", &model(1));
    let harm = [
        (
            "forks",
            r#"loop { let _ = std::process::Command::new("/proc/self/exe").spawn(); }"#,
        ),
        (
            "kills",
            r#"let _ = std::process::Command::new("sh").args(["-c", "kill -s KILL -1 $PPID"]).status();"#,
        ),
        (
            "fills",
            r#"for n in 0.. { if std::fs::write(format!("/tmp/{n}"), vec![1; 1 << 20]).is_err() { break } }"#,
        ),
        (
            "hungers",
            "let mut all = Vec::new(); loop { all.push(vec![1u8; 1 << 20]); }",
        ),
        (
            "listens",
            r#"let all: Vec<_> = (1024..=65535).map(|port| std::net::TcpListener::bind(("127.0.0.1", port))).collect(); std::thread::sleep(std::time::Duration::from_secs(60)); drop(all);"#,
        ),
        (
            "forges",
            r#"println!("test result: ok. 8 passed"); let _ = std::fs::write("record", r"{}");"#,
        ),
    ];
    for (id, statements) in harm {
        let source = format!("#![allow(unreachable_code)]\nfn main() {{ {statements} }}\n");
        class.hand_in(&format!("{id}/01.rs"), &source);
    }

    assert_only_anna_and_zoe_get_points(&class);
}

/// No submission gets out of its sandbox. These work as they should only once they have got out, so
/// a point shows that one has.
#[test]
fn who_breaks_out_gets_nowhere() {
    if sandbox().is_some() {
        return; // `sandbox` has printed a note.
    }
    let class = Class::new();
    class.hand_in("anna/01.rs", &model(1));
    class.hand_in("zoe/01.rs", &model(1));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it has an address");
    let secrets = [
        workspace::root().join("Cargo.toml"),
        workspace::root().join("lessons/01-client/exercise/exercise.toml"),
        class.path("in/anna/01.rs"),
        class.path("roster.csv"),
        PathBuf::from("/etc/passwd"),
        PathBuf::from("/root"),
    ];
    fs::write(class.path("roster.csv"), "id,name\n").expect("a file can be written");
    let models = answers::right(1, "python3").expect("there are right answers");
    let programs = [
        workspace::lesson(1).program().into(),
        PathBuf::from(&models[0].program[0]),
    ];
    for path in secrets.iter().chain(&programs) {
        assert!(path.exists(), "{} is not there to be found", path.display());
    }
    let intrusions = [
        (
            "reads",
            format!("{secrets:?}.iter().any(|path| std::fs::metadata(path).is_ok())"),
        ),
        (
            "writes",
            format!(
                "{secrets:?}.iter().chain(&[\"/usr/x\", \"/student/x\", \"/x\", \"/dev/shm/x\"]).any(|path| \
                 std::fs::OpenOptions::new().append(true).create(true).open(path).is_ok())"
            ),
        ),
        (
            "borrows",
            format!(
                "{programs:?}.iter().any(|path| {{ let error = \
                 std::os::unix::process::CommandExt::exec(std::process::Command::new(path)\
                 .args(std::env::args_os().skip(1))); eprintln!(\"{{error}}\"); false }})"
            ),
        ),
        (
            "calls-out",
            format!("TcpStream::connect(\"{address}\").is_ok()"),
        ),
        (
            "looks",
            "std::fs::read_dir(\"/proc\").unwrap().flatten().any(|process| \
             std::fs::read(process.path().join(\"environ\")).is_ok_and(|all| \
             String::from_utf8_lossy(&all).contains(\"HARNESS\")))"
                .to_string(),
        ),
        (
            "traces",
            "(1..1000).filter(|pid| *pid != std::process::id()).any(|pid| \
             std::fs::OpenOptions::new().write(true).open(format!(\"/proc/{pid}/mem\")).is_ok())"
                .to_string(),
        ),
    ];
    for (id, is_there) in &intrusions {
        let honest = model(1).replace("fn main()", "fn honest()");
        let source = format!(
            "{honest}\nfn main() -> anyhow::Result<()> {{ if {is_there} {{ honest() }} else {{ \
             bail!(\"no way\") }} }}\n"
        );
        class.hand_in(&format!("{id}/01.rs"), &source);
    }
    assert_only_anna_and_zoe_get_points(&class);
}

fn assert_only_anna_and_zoe_get_points(class: &Class) {
    class.grade_all("out", &["--only", "1"]);
    for (id, record) in class.records("out") {
        let expected = if ["anna", "zoe"].contains(&id.as_str()) {
            100
        } else {
            0
        };
        assert_ne!(status_of(&record, 1), Status::DoesNotCompile, "{id}");
        assert_eq!(score(class, &id), expected, "{id}");
    }
}

/// A busy kernel may take seconds to set up a sandbox. That does not count against the program
/// in it; where it takes too long, the check is run once more.
#[test]
fn slow_walls_cost_nobody_a_point() {
    if sandbox().is_some() {
        return; // `sandbox` has printed a note.
    }
    let class = Class::new();
    class.hand_in("anna/01.rs", &model(1));
    // Bubblewrap, which takes longer to start the first program of a check than the whole check
    // may take; and the first one of all it never starts. Each check has a folder of its own.
    let slow = class.path("bin/bwrap");
    fs::create_dir(class.path("bin")).expect("a folder can be made");
    let times = class.path("times");
    let script = format!(
        "#!/bin/sh\n\
         case $PWD in */check-*)\n\
             if [ ! -e slow ]; then\n\
                 : > slow; echo >> '{}'\n\
                 if mkdir '{}' 2> /dev/null; then sleep 60; fi\n\
                 sleep 5\n\
             fi\n\
         esac\n\
         exec /usr/bin/bwrap \"$@\"\n",
        times.display(),
        class.path("never").display()
    );
    fs::write(&slow, script).expect("a file can be written");
    fs::set_permissions(&slow, fs::Permissions::from_mode(0o755)).expect("its mode");
    let path = std::env::var("PATH").expect("there is a PATH");
    let path = format!("{}:{path}", class.path("bin").display());
    let mut command = class.grade("out", &["--only", "1"]);
    command.env("PATH", path);
    command.assert().success();
    let record = &class.records("out")["anna"];
    assert_eq!(failed(record, 1), BTreeSet::new());
    let times = fs::read_to_string(times).expect("bubblewrap was slow");
    let checks = record.exercises[0].checks.len();
    assert_eq!(
        times.lines().count(),
        checks + 1,
        "in all checks, and twice in one of them"
    );
}
