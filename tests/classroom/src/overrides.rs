//! Points by the hand of a teacher.

use super::record::{Override, Student};
use super::table::{Row, Table};
use anyhow::{bail, ensure};
use grade::exercise::{Exercise, digits};
use grade::failed::{Because, Failed, in_words};
use harness::message;
use std::collections::BTreeMap;
use std::path::Path;

/// Where the columns are.
struct Columns {
    student: usize,
    exercise: usize,
    points: usize,
    reason: usize,
}

impl Columns {
    fn find(table: &Table) -> Option<Self> {
        Some(Self {
            student: table.column(&["student", "id", "student id", "学号", "学生"])?,
            exercise: table.column(&["exercise", "练习"])?,
            points: table.column(&["points", "分数", "得分"])?,
            reason: table.column(&["reason", "理由", "原因"])?,
        })
    }
}

/// Reads the overrides: a CSV file with the columns `student` (the id), `exercise` (`05`, `5`
/// or `exercise-05`), `points` (a whole number from 0 to 100) and `reason`, in the encodings
/// and with the separators of a roster.
///
/// # Errors
///
/// If the file cannot be read or has not these columns; and all that is wrong in it, each
/// with its line: an unknown student or exercise, other points, no reason, a second override
/// of the same exercise of a student.
pub fn read(
    path: &Path,
    students: &[Student],
    exercises: &[Exercise],
) -> anyhow::Result<Vec<Override>> {
    let table = Table::read(path, |table| Columns::find(table).is_some())
        .because(|| message!("overrides have the columns student, exercise, points and reason"))?;
    let (mut overrides, mut wrong) = (Vec::<Override>::new(), Vec::new());
    let mut lines = BTreeMap::new();
    // It has the columns, or it would not have been read.
    let Some(columns) = Columns::find(&table) else {
        return Ok(overrides);
    };
    for row in &table.rows {
        let line = row.line;
        match one(row, &columns, students, exercises) {
            Ok(found) => match lines.insert((found.student.clone(), found.exercise), line) {
                None => overrides.push(found),
                Some(other) => wrong.push(message!(
                    "line {line}: there is one for exercise {exercise} of {student} already, on line {other}",
                    line,
                    exercise = digits(found.exercise),
                    student = format!("{:?}", found.student),
                    other
                )),
            },
            Err(error) => {
                let why = in_words(&error);
                wrong.push(message!("line {line}: {why}", line, why));
            }
        }
    }
    let wrong = wrong.into_iter();
    if let Some(wrong) = wrong.reduce(|one, other| message!("{one}\n{other}", one, other)) {
        let path = path.display();
        bail!(Failed::new(message!(
            "cannot use {path}:\n{wrong}",
            path,
            wrong
        )));
    }
    Ok(overrides)
}

fn one(
    row: &Row,
    columns: &Columns,
    students: &[Student],
    exercises: &[Exercise],
) -> anyhow::Result<Override> {
    let written = row.cell(columns.student);
    // As the gradebook writes an id that a spreadsheet would take for a formula.
    let plain = written.strip_prefix('\'').unwrap_or(written);
    let student = students
        .iter()
        .find(|student| student.id == written)
        .or_else(|| students.iter().find(|student| student.id == plain))
        .because(|| {
            message!(
                "there is no student with the id {written}",
                written = format!("{written:?}")
            )
        })?;
    let written = row.cell(columns.exercise);
    let number = written
        .strip_prefix("exercise-")
        .unwrap_or(written)
        .parse::<u32>()
        .ok()
        .filter(|number| exercises.iter().any(|exercise| exercise.number == *number))
        .because(|| {
            message!(
                "there is no exercise {written}",
                written = format!("{written:?}")
            )
        })?;
    let written = row.cell(columns.points);
    let points = written
        .parse::<u32>()
        .ok()
        .filter(|points| *points <= 100)
        .because(|| {
            message!(
                "points go from 0 to 100, and {written} are none of them",
                written = format!("{written:?}")
            )
        })?;
    let reason = row.cell(columns.reason);
    ensure!(
        !reason.is_empty(),
        Failed::new(message!("there is no reason"))
    );
    Ok(Override {
        student: student.id.clone(),
        exercise: number,
        points,
        reason: reason.to_string(),
    })
}
