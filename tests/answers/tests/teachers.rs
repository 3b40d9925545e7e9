//! The commands of the book's chapter for teachers do what the chapter shows.
//!
//! `mdbook/teachers/*.txt` are terminal sessions, which the chapter includes: one goes on where
//! the one before it has ended. They are replayed in order, in a folder with a small class;
//! `../` is that folder. `UPDATE=1 cargo test -p answers --test teachers` writes what comes.
#![cfg(target_os = "linux")]

use grade::sandbox::Sandbox;
use regex::Regex;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// The folder of the sessions, seen from the workspace.
const SESSIONS: &str = "mdbook/teachers";

/// A class whose submissions are as they come from a learning platform.
struct Course {
    folder: TempDir,
}

impl Course {
    fn new() -> Self {
        let course = Self {
            folder: TempDir::with_prefix("course-").expect("a folder can be made"),
        };
        let handed_in =
            |who: &str, file: &str| format!("submissions/{who}_assignsubmission_file_/{file}");
        let one_receive = answers::wrong_answers(1).expect("there are wrong answers");
        let one_receive = one_receive.iter().find(|wrong| wrong.name == "one-receive");
        let one_receive = one_receive.expect("it is there").source(1);
        let one_receive = one_receive.expect("it can be made");
        course.write(&handed_in("Li Lei_4711", "exercise-01.rs"), &model(1));
        course.write(&handed_in("Li Lei_4711", "exercise-05.rs"), &model(5));
        course.write(&handed_in("Anna Doe_4712", "01.rs"), &one_receive);
        course.write(&handed_in("Anna Doe_4712", "05.rs"), &model(5));
        course.write(
            &handed_in("Ben Roth_4713", "exercise-01.rs"),
            "fn main() {\n    println!(\"hello);\n}\n",
        );
        course.write(&handed_in("张三_4715", "01.rs"), &model(1));
        course.write(
            "roster.csv",
            "id,name,language\n4711,Li Lei,en\n4712,Anna Doe,en\n4713,Ben Roth,en\n\
             4714,Zoe Ng,en\n4715,张三,zh\n",
        );
        course.write(
            "overrides.csv",
            "student,exercise,points,reason\n4712,1,75,\"one receive: explained in class, and understood\"\n",
        );
        course.write("late.rs", &model(1));
        course.write("python/Li Lei/01.py", &right(1, "plain.py"));
        course
    }

    fn write(&self, name: &str, contents: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("a folder");
        fs::write(path, contents).expect("a file can be written");
    }

    /// What a command prints that stands in a session.
    fn run(&self, command: &str) -> String {
        let here = format!("{}/", self.folder.path().display());
        // It leaves the teachers' commands to the other one, which cargo runs for it.
        workspace::build::package("classroom");
        let grader = workspace::build::package("grade").display().to_string();
        let text = command
            .replace("../", &here)
            .replace("cargo grade", &grader);
        let mut shell = Command::new("sh");
        harness::outside(&mut shell)
            .args(["-c", &format!("{{ {text}\n}} 2>&1")])
            .current_dir(workspace::root());
        let output = shell.output().expect("sh can be run");
        // 1 says that not all marks are full.
        assert!(
            output.status.code().is_some_and(|code| code <= 1),
            "{command}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stdout)
        );
        let printed = String::from_utf8_lossy(&output.stdout);
        let printed = printed.replace(&here, "../");
        // What a table for spreadsheets has, and a terminal does not show.
        printed.replace(['\u{feff}', '\r'], "")
    }
}

fn right(exercise: u32, name: &str) -> String {
    let here = env!("CARGO_MANIFEST_DIR");
    fs::read_to_string(format!("{here}/right/{exercise:02}/{name}")).expect("it can be read")
}

fn model(exercise: u32) -> String {
    right(exercise, "model.rs")
}

/// The files of the sessions, in order.
fn sessions() -> Vec<PathBuf> {
    let folder = workspace::root().join(SESSIONS);
    let entries = fs::read_dir(folder).expect("the sessions can be read");
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("the sessions can be read").path())
        .collect();
    paths.sort();
    paths
}

/// The commands of a session.
fn commands(session: &str) -> impl Iterator<Item = &str> {
    session.lines().filter_map(|line| line.strip_prefix("$ "))
}

/// A session without what differs from run to run: how long it still takes, how large a file is,
/// and who is done first.
fn settled(session: &str) -> String {
    let numbers =
        Regex::new(r"\d+(\.\d+)?(?P<unit> s left| MB| files| crates)").expect("a pattern");
    let text = numbers.replace_all(session, "_$unit");
    let place = Regex::new(r"^\d+/(?P<all>\d+)  ").expect("a pattern");
    let mut lines: Vec<_> = text
        .lines()
        .map(|line| place.replace(line, "_/$all  ").into_owned())
        .collect();
    let mut begin = 0;
    while begin < lines.len() {
        let is_progress = |line: &String| line.starts_with("_/");
        let rest = &mut lines[begin..];
        let length = rest.iter().take_while(|line| is_progress(line)).count();
        rest[..length].sort();
        begin += length + 1;
    }
    lines.join("\n")
}

#[test]
fn all_sessions_go_as_the_chapter_shows() {
    if let Err(error) = Sandbox::find() {
        harness::skip(&format!("without a sandbox: {error:#}"));
        return;
    }
    let is_update = std::env::var_os("UPDATE").is_some();
    let course = Course::new();
    for path in sessions() {
        let session = fs::read_to_string(&path).expect("a session can be read");
        let mut new = String::new();
        for command in commands(&session) {
            let gap = if new.is_empty() { "" } else { "\n" };
            let _ = write!(new, "{gap}$ {command}\n{}", course.run(command));
            if !new.ends_with('\n') {
                new.push('\n');
            }
        }
        if is_update {
            if settled(&session) != settled(&new) {
                fs::write(&path, new).expect("a session can be written");
            }
        } else {
            assert_eq!(settled(&session), settled(&new), "{}", path.display());
        }
    }
}

/// Whatever the chapter says to type for a class, a session shows.
#[test]
fn every_command_of_the_chapter_is_in_a_session() {
    let all: String = sessions()
        .iter()
        .map(|path| fs::read_to_string(path).expect("a session can be read"))
        .collect();
    let shown =
        Regex::new(r"cargo grade (class|merge|handout|gradescope)( [^`\n]*)?").expect("a pattern");
    let option = Regex::new(r"--[a-z-]+").expect("a pattern");
    for language in ["src", "zh-CN"] {
        let chapter = workspace::root().join(format!("mdbook/{language}/teachers.md"));
        let chapter = fs::read_to_string(chapter).expect("the chapter can be read");
        for path in sessions() {
            let name = path.file_name().expect("it has a name").to_string_lossy();
            assert!(
                chapter.contains(&format!("teachers/{name}}}}}")),
                "{language}: {name}"
            );
        }
        let mut found = 0;
        for command in shown.captures_iter(&chapter) {
            let is_one = |line: &str| {
                let words = line
                    .strip_prefix("cargo grade ")
                    .and_then(|rest| rest.split(' ').next());
                let options = option.find_iter(&command[0]);
                words == Some(&command[1])
                    && options
                        .into_iter()
                        .all(|found| line.contains(found.as_str()))
            };
            assert!(
                commands(&all).any(is_one),
                "{language}: nothing shows `{}`",
                &command[0]
            );
            found += 1;
        }
        assert!(found > 0, "{language}");
    }
}
