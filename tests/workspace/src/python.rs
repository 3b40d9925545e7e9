//! The Python that twins and answers run with.

use std::process::Command;
use std::sync::OnceLock;

/// The Python interpreter itself, if there is one: what is called `python3` may be a script
/// that looks for one, at every start.
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
