//! The sandbox: a program inside sees what it needs, reaches nothing else, and gets the marks
//! that it earns.
#![cfg(target_os = "linux")]

use grade::exercise::Exercise;
use grade::outcome::Outcome;
use grade::rubric::{DoesNotCompile, Rubric};
use grade::sandbox::Sandbox;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The sandbox; `None`, said aloud, where there can be none.
fn sandbox() -> Option<&'static Sandbox> {
    static SANDBOX: OnceLock<Result<Sandbox, anyhow::Error>> = OnceLock::new();
    match SANDBOX.get_or_init(Sandbox::find) {
        Ok(sandbox) => Some(sandbox),
        Err(error) => {
            harness::skip(&format!("{error:#}"));
            None
        }
    }
}

/// The rubric of exercise 02; `None`, said aloud, while the learner's does not compile.
fn rubric() -> Option<&'static Rubric> {
    static RUBRIC: OnceLock<Option<Rubric>> = OnceLock::new();
    let rubric = RUBRIC.get_or_init(|| {
        let exercises = Exercise::all(workspace::root()).expect("there are exercises");
        match Rubric::build(&exercises[1]) {
            Ok(rubric) => Some(rubric),
            Err(error) if error.is::<DoesNotCompile>() => None,
            Err(error) => panic!("{error:#}"),
        }
    });
    if rubric.is_none() {
        harness::skip("exercise 02 does not compile");
    }
    rubric.as_ref()
}

/// Grades a script as an answer to exercise 02.
fn grade(interpreter: &str, script: &str) -> Option<Outcome> {
    let (sandbox, rubric) = (sandbox()?, rubric()?);
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("02.txt"), script).expect("the script can be written");
    let program = [interpreter.to_string(), "{dir}/02.txt".to_string()];
    let outcome = rubric.grade_in(sandbox, folder.path(), &program, || (), |_| ());
    Some(outcome.unwrap_or_else(|error| panic!("{error:#}")))
}

/// What a script prints inside, if it prints it at once: a check has failed at the first line.
fn printed_by(interpreter: &str, script: &str) -> Option<Vec<String>> {
    let outcome = grade(interpreter, script)?;
    assert_eq!(outcome.score(), 0);
    let failure = outcome.results[0].failure().expect("it has failed");
    let told = failure.to_string();
    let lines = told.lines().filter_map(|line| line.strip_prefix("    | "));
    Some(lines.map(str::to_string).collect())
}

/// What a shell script prints inside.
fn shell(script: &str) -> Option<Vec<String>> {
    let script = format!("printed=$({script}\n); printf '%s\\n' \"$printed\"");
    printed_by("sh", &script)
}

/// What a Python script prints inside.
fn python(script: &str) -> Option<Vec<String>> {
    if !Path::new("/usr/bin/python3").is_file() {
        harness::skip("there is no /usr/bin/python3");
        return None;
    }
    let begin = "import io, sys\nsys.stdout = io.StringIO()\n";
    let end = "\nsys.__stdout__.write(sys.stdout.getvalue())\n";
    printed_by("/usr/bin/python3", &[begin, script, end].concat())
}

/// A time for `sleep` that no other process of this machine is likely to have.
fn mark() -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(5_000_000);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    format!("{number}.{:07}", std::process::id())
}

/// Expects that no process has this in its command line.
fn nothing_is_left(mark: &str) {
    let processes = fs::read_dir("/proc").expect("there is /proc").flatten();
    let commands = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let commands = commands.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "));
    let left: Vec<String> = commands.filter(|command| command.contains(mark)).collect();
    assert!(left.is_empty(), "left running: {left:?}");
}

#[test]
fn a_program_is_somebody_else_and_has_its_own_files_only() {
    let script = "id -u; pwd; ls -A /tmp | wc -l; ls /student; ls / | tr '\\n' ' '; echo; \
                  ls /home /root /sys 2>&1 | grep -vc cannot";
    let Some(printed) = shell(script) else { return };
    assert_ne!(printed[0], "0");
    assert_eq!(printed[1..4], ["/tmp", "0", "02.txt"]);
    let expected = "bin dev etc lib lib32 lib64 libx32 proc sbin student tmp usr";
    for name in printed[4].split_whitespace() {
        assert!(expected.split(' ').any(|one| one == name), "/{name}");
    }
    assert_eq!(printed[5], "0");
}

#[test]
fn a_program_has_no_environment_of_the_grader_nor_sees_one() {
    // PATH is in every environment; so it is found where one is found at all.
    let script = "env | cut -d= -f1 | sort | tr '\\n' ' '; echo; \
                  cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -c -e CARGO -e HARNESS_O -e ^PROGRAM=";
    let Some(printed) = shell(script) else { return };
    assert_eq!(
        printed[0].trim(),
        "HOME LC_ALL PATH PWD PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED PYTHONUTF8"
    );
    assert_eq!(printed[1], "0");
}

#[test]
fn a_program_can_write_to_its_own_folders_only_and_not_without_end() {
    let script = "for f in / /usr /usr/bin /etc /student /student/02.txt /dev /dev/shm /proc/sys/kernel; do \
                  [ -w $f ] && echo $f; (: > $f/x) 2> /dev/null && echo $f; done; \
                  cat /dev/zero > /tmp/a 2> /dev/null; cat /dev/zero > /tmp/b 2> /dev/null; cat /tmp/? | wc -c";
    let Some(printed) = shell(script) else { return };
    assert_eq!(printed.len(), 1, "{printed:?}");
    let bytes: u64 = printed[0].parse().expect("a number");
    assert!(bytes <= 64 << 20 && bytes > 1 << 20, "{bytes}");
}

#[test]
fn a_program_sees_no_process_but_its_own_and_none_of_our_files() {
    // A descriptor that the grader has and does not close, as of the shell that started it.
    let file = tempfile::tempfile().expect("a file");
    rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::empty()).expect("a descriptor");
    let script = "import os\n\
                  print(len([p for p in os.listdir('/proc') if p.isdigit()]), os.getppid())\n\
                  for p in (1, os.getpid()):\n    \
                      try: files = os.listdir(f'/proc/{p}/fd')\n    \
                      except OSError: continue\n    \
                      for f in files:\n        \
                          try: to = os.readlink(f'/proc/{p}/fd/{f}')\n        \
                          except OSError: continue\n        \
                          if int(f) > 2 and to not in ('/dev/null', 'anon_inode:[eventfd]', f'/proc/{p}/fd'): print(f, to)";
    let Some(printed) = python(script) else {
        return;
    };
    drop(file);
    // bwrap as process 1, and itself. (Which is process 2 or 3 is bwrap's affair.)
    assert_eq!(printed[0], "2 1");
    let ours: Vec<_> = printed[1..]
        .iter()
        .filter(|line| !line.contains("/student/"))
        .collect();
    assert!(ours.is_empty(), "{ours:?}");
}

#[test]
fn a_program_reaches_nobody_but_its_check() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it has an address");
    let script = format!(
        "import os, socket\n\
         print(sorted(name for _, name in socket.if_nameindex()))\n\
         for address in (('127.0.0.1', {}), ('192.0.2.1', 80)):\n    \
             try: socket.create_connection(address, 1)\n    \
             except OSError as error: print(error.strerror)",
        address.port()
    );
    let Some(printed) = python(&script) else {
        return;
    };
    assert_eq!(
        printed,
        ["['lo']", "Connection refused", "Network is unreachable",]
    );
}

#[test]
fn a_program_has_no_privileges_and_gets_none() {
    let script = "import ctypes, errno, resource\n\
                  libc = ctypes.CDLL(None, use_errno=True)\n\
                  def call(name, *arguments):\n    \
                      print(name, getattr(libc, name)(*arguments), errno.errorcode.get(ctypes.get_errno()))\n\
                  call('unshare', 0x10000000)\n\
                  call('memfd_create', b'x', 0)\n\
                  call('shmget', 0, 4096, 0o1600)\n\
                  call('ptrace', 16, 1, 0, 0)\n\
                  call('setsid')\n\
                  call('socket', 40, 1, 0)\n\
                  print('setuid', libc.setuid(0))\n\
                  call('posix_openpt', 2)\n\
                  status = open('/proc/self/status').read()\n\
                  print([line for line in status.splitlines() if line.startswith(('CapEff', 'NoNewPrivs', 'Seccomp:'))])\n\
                  print(resource.getrlimit(resource.RLIMIT_NPROC), resource.getrlimit(resource.RLIMIT_CORE))";
    let Some(printed) = python(script) else {
        return;
    };
    assert_eq!(
        printed,
        [
            "unshare -1 ENOSYS",
            "memfd_create -1 ENOSYS",
            "shmget -1 ENOSYS",
            "ptrace -1 ENOSYS",
            "setsid -1 ENOSYS",
            "socket -1 ENOSYS",
            "setuid -1",
            "posix_openpt -1 ENOENT",
            "['CapEff:\\t0000000000000000', 'NoNewPrivs:\\t1', 'Seccomp:\\t2']",
            "(256, 256) (0, 0)",
        ]
    );
}

#[test]
fn killing_all_that_it_sees_kills_itself_only() {
    let mark = mark();
    let script = format!(
        "(sleep {mark} &); (env -i sleep {mark} &); kill -s KILL -1; kill -s KILL $PPID; exit 3"
    );
    let Some(outcome) = grade("sh", &script) else {
        return;
    };
    assert_eq!(outcome.score(), 0);
    for result in &outcome.results {
        assert!(
            matches!(result.failure(), Some(harness::Failure::Transcript(_))),
            "{:?}",
            result.failure()
        );
    }
    nothing_is_left(&mark);
}

#[test]
fn the_end_of_a_program_is_told_as_it_was() {
    let told = |script: &str| {
        let outcome = grade("sh", script)?;
        Some(outcome.results[0].failure().expect("it fails").to_string())
    };
    for (script, end) in [
        ("exit 3", "the program exited with status 3"),
        (
            "kill -s TERM $$",
            "the program was ended by signal 15 (SIGTERM)",
        ),
        ("exit 255", "the program exited with status 255"),
    ] {
        let Some(told) = told(script) else { return };
        assert!(told.contains(end), "{told}");
        // Not a word of how it was started.
        assert!(told.contains("`sh "), "{told}");
        assert!(!told.contains("bwrap"), "{told}");
    }
}

/// All of this again by a teacher who is not root: that is another kind of sandbox.
#[test]
fn a_teacher_who_is_not_root_has_walls_as_good() {
    if !rustix::process::geteuid().is_root() {
        return; // All other tests are by one.
    }
    let somebody = ["--user", "--map-user=1234", "--map-group=1234"];
    let can = Command::new("unshare").args(somebody).arg("true").output();
    if !can.is_ok_and(|output| output.status.success()) {
        harness::skip("nobody else can be played here");
        return;
    }
    let tests = std::env::current_exe().expect("this test is a program");
    let output = Command::new("unshare")
        .args(somebody)
        .arg(tests)
        .output()
        .expect("unshare can be run");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
