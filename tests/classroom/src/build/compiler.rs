//! The sandbox of the compiler.

use super::call::CompilerCall;
use super::tree;
use grade::failed::Because;
use grade::sandbox::kind::Kind;
#[cfg(unix)]
use grade::sandbox::kind::is_root;
use harness::message;
#[cfg(unix)]
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// How much memory each process of the compiler may ask for, in bytes. An answer takes
/// 150 MB.
pub const MEMORY: u64 = 2 << 30;

/// How big a file may be that the compiler writes, in bytes. An answer has 1 MB.
pub const FILE_SIZE: u64 = 64 << 20;

/// How much processor time the compiler may take for a file. An answer takes a third of a second.
pub const LIMIT: Duration = Duration::from_secs(20);

/// How long it may take altogether: a busy machine lets it wait.
pub(super) const WALL_LIMIT: Duration = Duration::from_secs(120);

/// In the folder of a compilation, where the student's file is.
pub(super) const STUDENT: &str = "student";
/// In the folder of a compilation, where the program goes.
pub(super) const OUT: &str = "out";
/// The name of the program there.
pub(super) const PROGRAM: &str = "program";

/// How many processes and threads a user may have who has nothing but compilers. It takes
/// about 10 for each; this is only for what nobody has thought of.
const PROCESSES: u32 = 1024;

/// Makes the folder of a compilation ready for whom the compiler runs as.
pub(super) fn prepare(kind: Kind, folder: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    if let Kind::User(user) = kind {
        use std::os::unix::fs::{PermissionsExt, chown};
        chown(folder.join(OUT), Some(user), Some(user))?;
        // Nobody can come here from outside: the folder above is closed.
        let student = folder.join(STUDENT);
        fs::set_permissions(
            student.join(super::call::SOURCE),
            fs::Permissions::from_mode(0o444),
        )?;
        fs::set_permissions(student, fs::Permissions::from_mode(0o755))?;
    }
    #[cfg(not(unix))]
    let _ = (kind, folder);
    Ok(())
}

/// The command that compiles the file in the folder of a compilation.
pub(super) fn command(
    kind: Kind,
    call: &CompilerCall,
    toolchain: &Path,
    libraries: &Path,
    folder: &Path,
) -> anyhow::Result<Command> {
    let (student, out) = (folder.join(STUDENT), folder.join(OUT));
    if kind == Kind::None {
        return bare(call, toolchain, libraries, &student, &out);
    }
    let mut command = kind.bubblewrap();
    command.arg("--unshare-net");
    let environment = [
        ("PATH", "/toolchain/bin:/usr/local/bin:/usr/bin:/bin"),
        ("TMPDIR", "/out"),
        ("LC_ALL", "C"),
        ("RUSTC_ICE", "0"),
    ];
    for (name, value) in environment {
        command.args(["--setenv", name, value]);
    }
    for (name, value) in call.environment() {
        command.args(["--setenv", name, value]);
    }
    let read_only = [
        (toolchain, "/toolchain"),
        (libraries, "/libraries"),
        (&student, "/student"),
    ];
    for (from, to) in read_only {
        command.arg("--ro-bind").arg(from).arg(to);
    }
    command.arg("--bind").arg(&out).arg("/out");
    command
        .args(["--chdir", "/student"])
        .args(kind.inner(PROCESSES, &limits()));
    command
        .arg("/toolchain/bin/rustc")
        .args(call.arguments(Path::new("/libraries")))
        .args(["-o", &format!("/out/{PROGRAM}")]);
    Ok(command)
}

/// The limits of each process. Data, and not address space: the compiler maps much that it
/// never touches.
fn limits() -> [String; 5] {
    // At the hard limit the kernel kills, as it does where memory is short: so that is higher.
    let (seconds, more) = (LIMIT.as_secs(), LIMIT.as_secs() + 5);
    [
        "prlimit".to_string(),
        format!("--cpu={seconds}:{more}"),
        format!("--data={MEMORY}"),
        format!("--fsize={FILE_SIZE}"),
        "--core=0".to_string(),
    ]
}

/// The compiler without a sandbox.
fn bare(
    call: &CompilerCall,
    toolchain: &Path,
    libraries: &Path,
    student: &Path,
    out: &Path,
) -> anyhow::Result<Command> {
    let rustc = tree::rustc(toolchain);
    let mut command = if cfg!(target_os = "linux") {
        let mut limited = Command::new("prlimit");
        limited.args(&limits()[1..]).arg("--").arg(rustc);
        limited
    } else {
        Command::new(rustc)
    };
    // The linker is found by the PATH; on Windows by more than that.
    if cfg!(unix) {
        command.env_clear();
        let path = std::env::var_os("PATH").because(|| message!("there is no PATH"))?;
        command.env("PATH", path);
    }
    command
        .current_dir(student)
        .env("TMPDIR", out)
        .env("RUSTC_ICE", "0")
        .envs(call.environment())
        .args(call.arguments(libraries))
        .arg("-o")
        .arg(out.join(format!("{PROGRAM}{}", std::env::consts::EXE_SUFFIX)));
    Ok(command)
}

/// Makes a program that the compiler has made that of who grades, and one that all may run.
pub(super) fn take_over(program: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt, chown};
        if is_root() {
            chown(program, Some(0), Some(0))?;
        }
        fs::set_permissions(program, fs::Permissions::from_mode(0o755))?;
    }
    #[cfg(not(unix))]
    let _ = program;
    Ok(())
}
