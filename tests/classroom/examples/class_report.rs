//! Writes the reports of a made-up class, for the tests in a browser:
//! `class_report FOLDER STUDENTS en|zh [plain]`. Its students have names that break pages, or
//! with `plain`, for pictures, such as people have.

#[path = "../tests/made_up/mod.rs"]
mod made_up;

use anyhow::{Context, bail};
use clap::ValueEnum;
use classroom::report::{FEEDBACK, Report};
use grade::exercise::Exercise;
use grade::language::Language;
use std::fs;
use std::path::PathBuf;

const FAMILIES: [&str; 5] = ["王", "李", "张", "刘", "陈"];
const GIVEN: [&str; 7] = ["小明", "雷", "梅", "思远", "子涵", "海燕", "建国"];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ([folder, students, language] | [folder, students, language, _]) = arguments.as_slice()
    else {
        bail!("usage: class_report FOLDER STUDENTS en|zh [plain]");
    };
    let students = students.parse().context("how many students?")?;
    let language = Language::from_str(language, false).map_err(anyhow::Error::msg)?;
    let exercises = Exercise::all(workspace::root())?;
    let mut class = made_up::class(&exercises, students);
    let is_plain = arguments.get(3).is_some_and(|word| word == "plain");
    if is_plain {
        class.not_understood.clear();
        for (number, record) in class.records.iter_mut().enumerate() {
            let family = FAMILIES[number % FAMILIES.len()];
            record.student.name = format!("{family}{}", GIVEN[number / 3 % GIVEN.len()]);
        }
    }
    let report = Report {
        exercises: &exercises,
        records: &class.records,
        overrides: &class.overrides,
        not_understood: &class.not_understood,
        language,
    };
    let folder = PathBuf::from(folder);
    let feedback = folder.join(FEEDBACK);
    fs::create_dir_all(&feedback)?;
    fs::write(
        folder.join("report.html"),
        report.page_of(
            if is_plain { "Networks" } else { "Networks <1>" },
            "2026-05-01",
        )?,
    )?;
    for record in &class.records {
        let stem = record.student.file_stem();
        let write = |extension: &str, text: String| {
            fs::write(feedback.join(format!("{stem}.{extension}")), text)
        };
        write("html", report.feedback_html(record)?)?;
        write("txt", report.feedback_text(record)?)?;
    }
    Ok(())
}
