//! What a student reads: all of their checks, with the transcripts of those that failed.

use super::on_wire::OnWire;
use super::results::{ExerciseResult, Report, heading, override_in_words, status_in_words};
use super::tag;
use crate::escape::escape_text;
use crate::record::StudentRecord;
use askama::Template;
use grade::catalogue::{self, say};
use grade::failed::Because;
use grade::language::Language;
use grade::outcome;
use grade::report::{look_at, verdict};
use harness::message;
use harness::message::Message;
use std::fmt::{self, Write};

/// `feedback.html`.
#[derive(Template)]
#[template(path = "feedback.html")]
struct Page<'a> {
    language: Language,
    /// For `lang` of HTML.
    lang: &'static str,
    colours: &'static str,
    style: &'static str,
    name: &'a str,
    id: &'a str,
    total: u32,
    possible: usize,
    exercises: Vec<Exercise<'a>>,
    notices: &'a [Message],
}

/// An exercise, as its part of the page needs it.
struct Exercise<'a> {
    /// As in `05`: the anchor, too.
    number: String,
    title: &'a str,
    points: u32,
    version: u32,
    status: String,
    by_hand: Option<String>,
    message: String,
    checks: Vec<Check<'a>>,
}

/// A check, as its part of the page needs it.
struct Check<'a> {
    /// From 1.
    number: usize,
    title: &'a str,
    passed: bool,
    /// `None` if the machine cannot make this check, which then counts for nothing.
    score: Option<u32>,
    points: u32,
    transcript: String,
    look_at: String,
    on_wire: Option<OnWire>,
}

impl Check<'_> {
    /// The points that it has given.
    fn score(&self) -> String {
        self.score
            .map_or("-".to_string(), |score| score.to_string())
    }
}

impl Report<'_> {
    /// `feedback/STEM.html`, in the student's language.
    ///
    /// # Errors
    ///
    /// If the template cannot be filled.
    pub fn feedback_html(&self, record: &StudentRecord) -> anyhow::Result<String> {
        let exercise_results = self.exercise_results(record);
        let language = record.student.language_in(self.language);
        let page = Page {
            language,
            lang: tag(language),
            colours: include_str!("colours.css"),
            style: include_str!("feedback.css"),
            name: &record.student.name,
            id: &record.student.id,
            total: exercise_results.iter().map(ExerciseResult::points).sum(),
            possible: 100 * exercise_results.len(),
            exercises: exercise_results
                .iter()
                .map(|result| Exercise::of(result, language))
                .collect(),
            notices: &record.notices,
        };
        let html = page
            .render()
            .because(|| message!("cannot make the feedback of {id}", id = &record.student.id))?;
        Ok(escape_text(&html))
    }

    /// `feedback/STEM.txt`, in the student's language.
    ///
    /// # Errors
    ///
    /// If the text cannot be written.
    pub fn feedback_text(&self, record: &StudentRecord) -> anyhow::Result<String> {
        let mut out = String::new();
        write_text(self, record, &mut out)
            .because(|| message!("cannot write the feedback of {id}", id = &record.student.id))?;
        Ok(escape_text(&out))
    }
}

impl Page<'_> {
    fn say(&self, message: &Message) -> String {
        say(message, self.language)
    }
}

impl<'a> Exercise<'a> {
    fn of(result: &'a ExerciseResult, language: Language) -> Self {
        let exercise = result.exercise;
        let checks = result.outcome.iter();
        let checks = checks.flat_map(|outcome| outcome.results.iter().enumerate());
        Self {
            number: format!("{:02}", exercise.number),
            title: exercise.title.get(language),
            points: result.points(),
            version: exercise.version,
            status: status_in_words(result.status, language),
            by_hand: override_in_words(result, language),
            message: result.words(language),
            checks: checks
                .map(|(index, check)| Check {
                    on_wire: OnWire::of(result, &check.check.name, language),
                    ..Check::of(index + 1, check, language)
                })
                .collect(),
        }
    }
}

impl Exercise<'_> {
    fn heading(&self) -> Message {
        heading(&self.number, self.title)
    }
}

impl<'a> Check<'a> {
    fn of(number: usize, result: &'a outcome::Result, language: Language) -> Self {
        let (transcript, look_at) = match result.failure() {
            Some(failure) => (
                catalogue::tell(failure, language),
                look_at(&result.check, language),
            ),
            None => (verdict(result, language), String::new()),
        };
        Self {
            number,
            title: result.check.title.get(language),
            passed: result.passed(),
            score: result.score(),
            points: result.check.points,
            transcript: transcript.trim_end().to_string(),
            look_at,
            on_wire: None,
        }
    }
}

fn write_text(report: &Report, record: &StudentRecord, out: &mut String) -> fmt::Result {
    let language = record.student.language_in(report.language);
    let exercise_results = report.exercise_results(record);
    let total: u32 = exercise_results.iter().map(ExerciseResult::points).sum();
    let possible = 100 * exercise_results.len();
    // A name is one line.
    let name = one_line(&record.student.name);
    let id = one_line(&record.student.id);
    let whose = message!("{name} ({id})", name, id);
    let points = message!("{points} of {possible} points", points = total, possible);
    writeln!(
        out,
        "{}\n{}\n",
        say(&whose, language),
        say(&points, language)
    )?;
    for result in &exercise_results {
        let exercise = result.exercise;
        let status = status_in_words(result.status, language);
        let (number, points) = (exercise.number, result.points());
        let title = exercise.title.get(language);
        let line = say(
            &message!("{what}: {why}", what = title, why = status),
            language,
        );
        writeln!(out, "  {number:02}  {points:>3}/100  {line}")?;
    }
    if !record.notices.is_empty() {
        let heading = say(&message!("Left out of account"), language);
        writeln!(out, "\n{heading}\n")?;
        for notice in &record.notices {
            let notice = say(notice, language).replace('\n', "\n    ");
            writeln!(out, "  - {notice}")?;
        }
    }
    for result in &exercise_results {
        write_exercise(&Exercise::of(result, language), language, out)?;
    }
    Ok(())
}

fn write_exercise(exercise: &Exercise, language: Language, out: &mut String) -> fmt::Result {
    let Exercise { number, status, .. } = exercise;
    writeln!(out, "\n{}\n", "-".repeat(72))?;
    let points = message!(
        "{points} of 100 points, {status}",
        points = exercise.points,
        status
    );
    let heading = say(&exercise.heading(), language);
    writeln!(out, "{heading}\n{}", say(&points, language))?;
    if let Some(by_hand) = &exercise.by_hand {
        writeln!(out, "\n{by_hand}")?;
    }
    if !exercise.message.is_empty() {
        writeln!(out)?;
        indent(&exercise.message, out)?;
    }
    if !exercise.checks.is_empty() {
        writeln!(out)?;
    }
    for check in &exercise.checks {
        let (score, points) = (check.score(), check.points);
        let word = match check.score {
            None => message!("n/a   "),
            Some(_) if check.passed => message!("passed"),
            Some(_) => message!("FAILED"),
        };
        let word = say(&word, language);
        writeln!(out, "  {word} {score:>3}/{points:<3} {}", check.title)?;
    }
    for check in exercise.checks.iter().filter(|check| !check.passed) {
        writeln!(out, "\n{number}.{} {}\n", check.number, check.title)?;
        indent(&check.transcript, out)?;
        writeln!(out)?;
        indent(&check.look_at, out)?;
        if let Some(on_wire) = &check.on_wire {
            writeln!(out)?;
            indent(&on_wire.text(), out)?;
        }
    }
    Ok(())
}

fn indent(text: &str, out: &mut String) -> fmt::Result {
    for line in text.lines() {
        writeln!(out, "{}", format!("    {line}").trim_end())?;
    }
    Ok(())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
