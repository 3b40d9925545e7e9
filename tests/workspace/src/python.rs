//! The Python interpreter that runs twins and answers.

use std::process::Command;
use std::sync::OnceLock;

/// The commands that Python may have, the most likely one first. On Windows `python3` may be a
/// stand-in that only opens a shop.
pub const NAMES: &[&str] = if cfg!(windows) {
    &["py", "python", "python3"]
} else {
    &["python3", "python"]
};

/// The path of the real Python 3 interpreter, if there is one: the command may be a script that
/// searches for an interpreter at every start.
pub fn python() -> Option<&'static String> {
    static PYTHON: OnceLock<Option<String>> = OnceLock::new();
    let python = PYTHON.get_or_init(|| NAMES.iter().find_map(|name| path_of(name)));
    python.as_ref()
}

/// The path of the interpreter that a command runs, if that is Python 3.
fn path_of(name: &str) -> Option<String> {
    let mut command = Command::new(name);
    let ask = [
        "-c",
        "import sys; print(sys.executable if sys.version_info[0] == 3 else '')",
    ];
    let output = harness::outside(&mut command).args(ask).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?.trim().to_string();
    (output.status.success() && !path.is_empty()).then_some(path)
}
