//! The machine, the commit and the date of a measurement.

use crate::command::output;
use serde::{Deserialize, Serialize};
use std::fs;
use std::process::Command;

/// A machine at the time of a measurement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name, as the kernel shows it.
    pub processor: String,
    /// How many cores this process may use.
    pub cores: usize,
    /// The memory, in megabytes.
    pub megabytes: u64,
    /// The name and version of the kernel.
    pub kernel: String,
    /// The version of the compiler.
    pub rustc: String,
    /// The version of Python, if there is one.
    pub python: Option<String>,
    /// The version of the C compiler, if there is one.
    pub cc: Option<String>,
    /// The day, as 2026-01-31, in UTC.
    pub date: String,
    /// The commit that was measured, with `+` if files differ from it.
    pub commit: String,
}

impl Machine {
    /// This machine, now. A fact that it does not show is `unknown`.
    pub fn here() -> Self {
        let told = |program: &str, arguments: &[&str]| {
            output(
                Command::new(program)
                    .args(arguments)
                    .current_dir(workspace::root()),
            )
            .ok()
        };
        let unknown = || "unknown".to_string();
        let first_line = |text: String| text.lines().next().unwrap_or_default().to_string();
        let python = workspace::python().and_then(|python| told(python, &["--version"]));
        let changed = told("git", &["status", "--porcelain", "--untracked-files=no"]);
        let mark = if changed.is_none_or(|files| files.is_empty()) {
            ""
        } else {
            "+"
        };
        let commit = told("git", &["rev-parse", "--short", "HEAD"]);
        Self {
            processor: field("/proc/cpuinfo", "model name").unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            megabytes: field("/proc/meminfo", "MemTotal")
                .and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok())
                .map_or(0, |kilobytes| kilobytes / 1024),
            kernel: told("uname", &["-sr"]).unwrap_or_else(unknown),
            rustc: told("rustc", &["--version"]).unwrap_or_else(unknown),
            python,
            cc: told("cc", &["--version"]).map(first_line),
            date: told("date", &["-u", "+%F"]).unwrap_or_else(unknown),
            commit: commit.map_or_else(unknown, |commit| format!("{commit}{mark}")),
        }
    }
}

/// The value of a line `name: value` in a file of the kernel.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let mut fields = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = fields.find(|(field, _)| field.trim() == name)?;
    Some(value.trim().to_string())
}
