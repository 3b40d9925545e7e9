//! Settings of the kernel that sentences of the book depend on. Their list is a table for people,
//! `mdbook/sessions/README.md`, which is read here.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::FOLDER;

/// The file with the table, in the folder of the sessions.
const TABLE: &str = "README.md";

/// A setting that has another value here than on the machine where the book was made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    name: String,
    /// Its value here; `None` if this kernel has no such setting.
    here: Option<String>,
    expected: String,
    depends: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            here,
            expected,
            depends,
        } = self;
        match here {
            Some(here) => write!(f, "{name} is {here}, not {expected}: {depends}"),
            None => write!(
                f,
                "{name} is not there, and should be {expected}: {depends}"
            ),
        }
    }
}

/// The settings that differ in this network namespace.
///
/// # Errors
///
/// If the table cannot be read.
pub(super) fn differences() -> anyhow::Result<Vec<Difference>> {
    let path = workspace::root().join(FOLDER).join(TABLE);
    let text = std::fs::read_to_string(path);
    let text = text.with_context(|| format!("cannot read {FOLDER}/{TABLE}"))?;
    compare(&text, |name| std::fs::read_to_string(file(name)).ok())
}

/// The file of a setting.
fn file(name: &str) -> PathBuf {
    Path::new("/proc/sys").join(name.replace('.', "/"))
}

/// Compares each row of the table with the settings here.
fn compare(table: &str, here: impl Fn(&str) -> Option<String>) -> anyhow::Result<Vec<Difference>> {
    let mut differences = Vec::new();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        ensure!(
            cells.len() == 3,
            "{FOLDER}/{TABLE}: not three columns: {row}"
        );
        let [name, expected] = [0, 1].map(|cell| cells[cell].trim_matches('`'));
        // Some have tabs between numbers.
        let words = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let here = here(name).map(words);
        if !here
            .as_deref()
            .is_some_and(|here| fits(name, expected, here))
        {
            differences.push(Difference {
                name: name.to_string(),
                here,
                expected: expected.to_string(),
                depends: cells[2].to_string(),
            });
        }
    }
    Ok(differences)
}

/// Of a kernel's version only the first two numbers count.
fn fits(name: &str, expected: &str, here: &str) -> bool {
    if name == "kernel.osrelease" {
        let rest = here.strip_prefix(expected);
        return rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()));
    }
    here == expected
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
| setting | value | what depends on it |
|---|---|---|
| `kernel.osrelease` | `6.1` | much |
| `net.ipv4.tcp_rmem` | `1 2 3` | windows |
| `net.ipv4.tcp_gone` | `4` | a SYN |
";

    fn differences(values: &[(&str, &str)]) -> Vec<String> {
        let here = |name: &str| {
            let found = values.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| format!("{value}\n"))
        };
        let differences = compare(TABLE, here).expect("the table has its form");
        differences.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_differs_is_named_and_why_it_counts() {
        let same = [
            ("kernel.osrelease", "6.1.44-generic"),
            ("net.ipv4.tcp_rmem", "1\t2\t3"),
            ("net.ipv4.tcp_gone", "4"),
        ];
        assert_eq!(differences(&same), [""; 0]);
        let other = [
            ("kernel.osrelease", "6.18.1"),
            ("net.ipv4.tcp_rmem", "1 2 4"),
        ];
        let expected = [
            "kernel.osrelease is 6.18.1, not 6.1: much",
            "net.ipv4.tcp_rmem is 1 2 4, not 1 2 3: windows",
            "net.ipv4.tcp_gone is not there, and should be 4: a SYN",
        ];
        assert_eq!(differences(&other), expected);
    }

    #[test]
    fn the_table_of_the_book_has_a_row_for_each_setting_that_its_sessions_change() {
        let table = workspace::root().join(FOLDER).join(super::TABLE);
        let table = std::fs::read_to_string(table).expect("it is there");
        compare(&table, |_| None).expect("the table has its form");
        let setting = regex::Regex::new(r"sysctl (?:-w )?([a-z0-9_.]+)").expect("it is right");
        let mut found = 0;
        for name in crate::sessions::names().expect("the sessions can be read") {
            let session = workspace::root().join(FOLDER).join(format!("{name}.txt"));
            let text = std::fs::read_to_string(session).expect("it is there");
            for used in setting.captures_iter(&text) {
                found += 1;
                assert!(
                    table.contains(&format!("| `{}` |", &used[1])),
                    "{name}: {}",
                    &used[1]
                );
            }
        }
        assert!(found > 3, "{found} settings");
    }
}
