//! The Python interpreter that runs twins and answers.

use std::process::Command;
use std::sync::OnceLock;

/// The path of the real Python interpreter, if there is one: the command `python3` may be a script
/// that searches for an interpreter at every start.
pub fn python() -> Option<&'static String> {
    static PYTHON: OnceLock<Option<String>> = OnceLock::new();
    let python = PYTHON.get_or_init(|| {
        let mut command = Command::new("python3");
        let ask = ["-c", "import sys; print(sys.executable)"];
        let output = harness::outside(&mut command).args(ask).output().ok()?;
        let path = String::from_utf8(output.stdout).ok()?.trim().to_string();
        (output.status.success() && !path.is_empty()).then_some(path)
    });
    python.as_ref()
}
