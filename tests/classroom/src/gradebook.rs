//! `grades.csv`: a row for each student, for a spreadsheet or a learning platform.

use super::disk;
use super::record::{GradedExercise, Override, Status, StudentRecord};
use super::take::TakeCommand;
use csv::{Terminator, WriterBuilder};
use grade::catalogue::say;
use grade::exercise::{Exercise, digits};
use grade::failed::Because;
use grade::language::Language;
use harness::message;
use std::iter;
use std::path::Path;

/// What marks a file as UTF-8. Excel takes a CSV without it for the code page of the machine,
/// and shows no Chinese. The price: Python's `csv` needs `encoding="utf-8-sig"`, or the first
/// heading is `\ufeffid`.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Writes the gradebook, all at once: whoever reads it sees the old one or the new one.
///
/// The columns are `id`, `name`, `total`, then for each exercise its points (`exercise-05`)
/// and how far it came (`exercise-05 status`: `graded`, `does not compile`, `timed out`,
/// `missing`, `not understood` or `not gradable`, which has no points), and last `override reasons`
/// and `not understood`: why, and the commands that take what was set aside. The first row below has the
/// points possible, the others a student each, in the order of the ids. Points are those that
/// count, so with the overrides; overrides of students without a record are left alone. Headings
/// and statuses are the same in every language, as scripts look for them; the reasons of overrides
/// and of what is not understood are in `language`.
///
/// The file is RFC 4180 in UTF-8 with a byte order mark. A cell that a spreadsheet would take
/// for a formula (it begins with `=`, `+`, `-`, `@`, a full-width one of these, a tab or a
/// line end) gets a `'` in front, as OWASP recommends against CSV injection; an id that
/// begins so must be compared without it.
///
/// # Errors
///
/// If a record lacks an exercise, or has it by another version of the rubric, or if the file
/// cannot be written.
pub fn write(
    exercises: &[Exercise],
    records: &[StudentRecord],
    overrides: &[Override],
    language: Language,
    take_command: &TakeCommand,
    path: &Path,
) -> anyhow::Result<()> {
    let mut records: Vec<&StudentRecord> = records.iter().collect();
    records.sort_by(|a, b| a.student.cmp(&b.student));
    let mut rows = vec![header(exercises), possible(exercises)];
    for record in records {
        let mut row = row(exercises, record, overrides, language)?;
        row.push(not_understood(exercises, record, language, take_command));
        rows.push(row);
    }
    let table = encode(&rows).because(|| message!("cannot make {path}", path = path.display()))?;
    disk::write(path, &table)
}

fn header(exercises: &[Exercise]) -> Vec<String> {
    let mut cells: Vec<String> = ["id", "name", "total"].map(String::from).into();
    for exercise in exercises {
        cells.push(exercise.package());
        cells.push(format!("{} status", exercise.package()));
    }
    cells.extend(["override reasons", "not understood"].map(String::from));
    cells
}

fn possible(exercises: &[Exercise]) -> Vec<String> {
    let points = |exercise: &Exercise| exercise.checks.iter().map(|c| c.points).sum::<u32>();
    let total: u32 = exercises.iter().map(points).sum();
    let mut cells = vec![
        "points possible".to_string(),
        String::new(),
        total.to_string(),
    ];
    for exercise in exercises {
        cells.extend([points(exercise).to_string(), String::new()]);
    }
    cells.extend([String::new(), String::new()]);
    cells
}

/// Why exercises of a student are not understood, and the commands that take what was set aside.
fn not_understood(
    exercises: &[Exercise],
    record: &StudentRecord,
    language: Language,
    take_command: &TakeCommand,
) -> String {
    let is_one = |graded: &&GradedExercise| {
        let mut exercises = exercises.iter();
        graded.status == Status::NotUnderstood
            && exercises.any(|exercise| exercise.number == graded.exercise)
    };
    let all = record.exercises.iter().filter(is_one).map(|graded| {
        let id = Some(record.student.id.as_str());
        let takes = graded.set_aside.iter();
        let takes = takes.map(|what| take_command.taking(what, id, Some(graded.exercise)));
        let why = graded.message.as_ref().map(|why| say(why, language));
        let why = why.unwrap_or_default();
        let what = format!("exercise-{}: {why}", digits(graded.exercise));
        let lines: Vec<String> = iter::once(what).chain(takes).collect();
        lines.join("\n")
    });
    all.collect::<Vec<_>>().join("\n")
}

fn row(
    exercises: &[Exercise],
    record: &StudentRecord,
    overrides: &[Override],
    language: Language,
) -> anyhow::Result<Vec<String>> {
    // No total if an exercise has no grade: it would be imported as one.
    let (mut total, mut cells, mut reasons) = (Some(0), Vec::new(), Vec::new());
    for exercise in exercises {
        let (graded, points) = earned(exercise, record)?;
        let mut points = (graded.status != Status::NotGradable).then_some(points);
        let by_hand = overrides
            .iter()
            .find(|by| by.student == record.student.id && by.exercise == exercise.number);
        if let Some(by_hand) = by_hand {
            let (now, package) = (by_hand.points, exercise.package());
            let before = points.map_or(message!("no grade"), |points| message!("{points}", points));
            let words = message!(
                "{package}: {now} instead of {before}: {reason}",
                package,
                now,
                before,
                reason = &by_hand.reason
            );
            reasons.push(say(&words, language));
            points = Some(now);
        }
        total = total.zip(points).map(|(total, points)| total + points);
        cells.extend([cell(points), word(graded.status).to_string()]);
    }
    let mut row = vec![
        record.student.id.clone(),
        record.student.name.clone(),
        cell(total),
    ];
    row.append(&mut cells);
    row.push(reasons.join("; "));
    Ok(row)
}

/// Points as a cell: empty where there is no grade.
fn cell(points: Option<u32>) -> String {
    points.map(|points| points.to_string()).unwrap_or_default()
}

/// An exercise of a student, and the points that its checks have given.
fn earned<'a>(
    exercise: &Exercise,
    record: &'a StudentRecord,
) -> anyhow::Result<(&'a GradedExercise, u32)> {
    let graded = record
        .exercises
        .iter()
        .find(|graded| graded.exercise == exercise.number);
    let outcome = graded.and_then(|graded| Some((graded, graded.outcome(exercise)?)));
    let (graded, outcome) = outcome.because(|| message!(
"student {id} has no result for {package} by version {version} of its rubric: grade again",
id = format!("{:?}", record.student.id),
package = exercise.package(),
version = exercise.version
))?;
    Ok((graded, outcome.score()))
}

/// A status, as spreadsheets and scripts are told it: the same in every language.
fn word(status: Status) -> &'static str {
    match status {
        Status::Graded => "graded",
        Status::DoesNotCompile => "does not compile",
        Status::TimedOut => "timed out",
        Status::Missing => "missing",
        Status::NotUnderstood => "not understood",
        Status::NotGraded => "not graded",
        Status::NotGradable => "not gradable",
    }
}

fn encode(rows: &[Vec<String>]) -> anyhow::Result<Vec<u8>> {
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(BYTE_ORDER_MARK.as_bytes().to_vec());
    for row in rows {
        writer.write_record(row.iter().map(|cell| without_formulas(cell)))?;
    }
    Ok(writer.into_inner()?)
}

/// A cell that no spreadsheet takes for a formula, also where it has other separators than the
/// comma and takes a part of the cell for a cell.
fn without_formulas(cell: &str) -> String {
    let starts = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n'];
    let separators = [';', '\t', '\r', '\n'];
    let mut safe = String::new();
    let mut is_first = true;
    for c in cell.chars() {
        if is_first && starts.contains(&c) {
            safe.push('\'');
        }
        safe.push(c);
        is_first = separators.contains(&c);
    }
    safe
}
