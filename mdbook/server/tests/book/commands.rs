//! The commands in the chapters are commands that exist.

use crate::chapters::{Kind, Part, all, read};
use crate::problems::Problems;
use std::collections::BTreeSet;

/// What cargo itself can do, as far as the book needs it.
const CARGO: [&str; 8] = [
    "add", "build", "check", "clippy", "fmt", "install", "run", "test",
];

/// What can be asked of cargo in this workspace.
struct Known {
    commands: BTreeSet<String>,
    packages: BTreeSet<String>,
}

impl Known {
    fn new() -> Self {
        let config: toml::Table = read(".cargo/config.toml").parse().expect("it is TOML");
        let aliases = config["alias"]
            .as_table()
            .expect("there are aliases")
            .keys()
            .cloned();
        let own = CARGO.map(str::to_string).into_iter();
        let workspace: toml::Table = read("Cargo.toml").parse().expect("it is TOML");
        let members = workspace["workspace"]["members"]
            .as_array()
            .expect("members are listed");
        let package = |member: &toml::Value| {
            let manifest = format!(
                "{}/Cargo.toml",
                member.as_str().expect("a member is a path")
            );
            let manifest: toml::Table = read(&manifest).parse().expect("it is TOML");
            manifest["package"]["name"]
                .as_str()
                .expect("a name is a text")
                .to_string()
        };
        Self {
            commands: own.chain(aliases).collect(),
            packages: members.iter().map(package).collect(),
        }
    }

    /// What is wrong with a command line, if anything.
    fn wrong_with(&self, line: &str) -> Option<String> {
        let Some(words) = shlex::split(line) else {
            return Some("a quote is open".to_string());
        };
        // Variables for this command alone stand before it.
        let is_variable = |word: &&String| {
            word.split_once('=')
                .is_some_and(|(name, _)| !name.contains('/'))
        };
        let words: Vec<&str> = words
            .iter()
            .skip_while(is_variable)
            .map(String::as_str)
            .collect();
        match words.as_slice() {
            ["cargo", arguments @ ..] => self.wrong_with_cargo(arguments),
            ["python3", script, ..] if script.starts_with("lessons/") => {
                let is_there = workspace::root().join(script).is_file();
                (!is_there).then(|| format!("there is no {script}"))
            }
            _ => None,
        }
    }

    fn wrong_with_cargo(&self, arguments: &[&str]) -> Option<String> {
        let command = arguments.iter().find(|word| !word.starts_with(['-', '+']));
        if let Some(command) = command
            && !self.commands.contains(*command)
        {
            return Some(format!("there is no `cargo {command}` here"));
        }
        let own = arguments.iter().take_while(|word| **word != "--");
        let mut previous = "";
        for word in own {
            if ["-p", "--package"].contains(&previous) && !self.packages.contains(*word) {
                return Some(format!("there is no package {word}"));
            }
            previous = word;
        }
        None
    }
}

#[test]
fn every_command_exists() {
    let known = Known::new();
    let mut problems = Problems::default();
    for chapter in all() {
        for Part { line, kind } in &chapter.parts {
            let Kind::Code(Some(info), text) = kind else {
                continue;
            };
            if info != "sh" {
                continue;
            }
            for (command, number) in text.lines().zip(line + 1..) {
                if let Some(what) = known.wrong_with(command) {
                    problems.add(chapter.place(number), format!("`{command}`: {what}"));
                }
            }
        }
    }
    problems.assert_none("name a package of Cargo.toml, an alias of .cargo/config.toml, a file");
}

#[test]
fn a_command_that_does_not_exist_is_found() {
    let known = Known::new();
    for line in [
        "cargo run -p lesson-02",
        "PROGRAM=\"python3 my.py\" cargo test -p lesson-05 -- a_test",
        "cargo grade hint 05",
        "cargo book   # http://127.0.0.1:3000",
        "python3 lessons/02-server/main.py",
        "python3 my_server.py",
        "ss -tan",
    ] {
        assert_eq!(known.wrong_with(line), None, "{line}");
    }
    for line in [
        "cargo run -p lesson-09",
        "cargo grad 05",
        "python3 lessons/02-server/client.py",
        "echo 'open",
    ] {
        assert!(known.wrong_with(line).is_some(), "{line}");
    }
}
