//! The output that the learner sees.

use anstyle::{AnsiColor, Style};
use grade::exercise::{Check, Exercise, starter_in};
use grade::language::Language;
use grade::outcome::{Outcome, Result};
use grade::report::verdict;
use grade::{catalogue, say, tell};
use harness::message::Message;
use harness::{Verdict, message};
use indicatif::{ProgressBar, ProgressStyle};
use std::fs;
use std::time::Duration;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const STRONG: Style = Style::new().bold();

/// From this share of the processors' time on, in per cent, other programs are named.
const BUSY: u32 = 50;

/// A progress display on stderr, if that is a terminal.
pub(crate) struct Progress {
    bar: ProgressBar,
    checks: u64,
}

impl Progress {
    /// Shows that an exercise is being built.
    pub(crate) fn start(exercise: &Exercise) -> Self {
        let bar = ProgressBar::new_spinner();
        bar.set_message(format!("{}: cargo build", exercise.package()));
        bar.enable_steady_tick(Duration::from_millis(100));
        Self {
            bar,
            checks: exercise.checks.len() as u64,
        }
    }

    /// Shows that the checks are running.
    pub(crate) fn checks(&self) {
        // The template is constant and valid.
        if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len}") {
            self.bar.set_style(style);
        }
        self.bar.set_length(self.checks);
    }

    /// Shows that a check is done.
    pub(crate) fn one_more(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Shows an exercise's checks, and the transcript of the first that failed, or of all of those.
pub(crate) fn outcome(outcome: &Outcome, all: bool, language: Language) {
    heading(&outcome.exercise, language);
    for result in &outcome.results {
        let (style, word) = match &result.verdict {
            Verdict::Passed => (GOOD, message!("passed")),
            Verdict::Failed(_) => (BAD, message!("FAILED")),
            Verdict::NotChecked(_) => (Style::new(), message!("n/a   ")),
            Verdict::NotGradable(_) => (BAD, message!("ERROR ")),
        };
        let word = catalogue::say(&word, language);
        let score = result.score().map(|score| score.to_string());
        let (score, points) = (score.as_deref().unwrap_or("-"), result.check.points);
        let title = result.check.title.get(language);
        say!("  {style}{word}{style:#} {score:>3}/{points:<3} {title}");
    }
    let without = |result: &&Result| result.score().is_none();
    for result in outcome.results.iter().filter(without) {
        let title = result.check.title.get(language);
        say!("\n{STRONG}{title}{STRONG:#}: {}", verdict(result, language));
    }
    let failed: Vec<_> = outcome.failures().collect();
    let told = if all {
        failed.len()
    } else {
        failed.len().min(1)
    };
    for result in &failed[..told] {
        let title = result.check.title.get(language);
        say!("\n{STRONG}{title}{STRONG:#}\n");
        for line in verdict(result, language).lines() {
            say!("    {line}");
        }
    }
    say!("");
    if outcome.not_gradable().is_none() {
        let (score, possible) = (outcome.score(), outcome.possible());
        let points = message!("{score} of {possible} points.", score, possible);
        strong(&points, language);
    }
    if !outcome.has_full_marks() && outcome.taken_by_others >= BUSY {
        tell!(
            language,
            "This machine is busy: other programs took {percent} % of its processors' time meanwhile.",
            percent = outcome.taken_by_others
        );
    }
    if failed.len() > told {
        tell!(
            language,
            "This is the first of {count} failed checks; the others: cargo grade {number} --all",
            count = failed.len(),
            number = outcome.exercise.digits()
        );
    }
    if !failed.is_empty() {
        let number = outcome.exercise.digits();
        tell!(language, "More help: cargo grade hint {number}", number);
    }
}

/// Shows a message in bold.
fn strong(message: &Message, language: Language) {
    let text = catalogue::say(message, language);
    say!("{STRONG}{text}{STRONG:#}");
}

/// Shows which exercise it is, above what is said about it.
fn heading(exercise: &Exercise, language: Language) {
    let (number, title) = (exercise.digits(), exercise.title.get(language));
    strong(
        &message!("Exercise {number}: {title}", number, title),
        language,
    );
    say!("");
}

/// Shows an exercise in one line; `None` means that it could not be graded.
pub(crate) fn line(exercise: &Exercise, outcome: Option<&Outcome>, language: Language) {
    let (number, title) = (exercise.digits(), exercise.title.get(language));
    let (style, score) = match outcome {
        Some(outcome) if outcome.not_gradable().is_none() => {
            let style = if outcome.has_full_marks() {
                GOOD
            } else {
                Style::new()
            };
            let (score, possible) = (outcome.score(), outcome.possible());
            (style, format!("{score:>3}/{possible}"))
        }
        _ => (BAD, catalogue::say(&message!("error  "), language)),
    };
    say!("  {number}  {style}{score}{style:#}  {title}");
}

/// Shows what to do next.
pub(crate) fn next(exercises: &[Exercise], outcomes: &[Outcome], language: Language) {
    let has_full_marks = |exercise: &&Exercise| {
        let mut outcomes = outcomes.iter();
        outcomes
            .any(|outcome| outcome.exercise.number == exercise.number && outcome.has_full_marks())
    };
    say!("");
    match exercises.iter().find(|exercise| !has_full_marks(exercise)) {
        Some(exercise) => {
            let (number, file) = (exercise.digits(), path(exercise));
            tell!(
                language,
                "Next: exercise {number}. Open {file}, and let `cargo grade watch {number}` run beside it.",
                number,
                file
            );
        }
        None => tell!(language, "All done."),
    }
}

/// The student's file, as seen from the workspace.
pub(crate) fn path(exercise: &Exercise) -> String {
    let file = exercise.file();
    let parts: Vec<_> = file
        .iter()
        .rev()
        .take(4)
        .map(|part| part.to_string_lossy())
        .collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("/")
}

/// Shows the task of an exercise.
pub(crate) fn task(exercise: &Exercise, language: Language) {
    heading(exercise, language);
    say!("{}\n", exercise.task.get(language).trim());
}

/// Shows the steps of the starter in a language. In English they are in the learner's file.
pub(crate) fn todos(exercise: &Exercise, language: Language) {
    if language == Language::En {
        return;
    }
    let starter = workspace::root().join(starter_in(language, exercise.number));
    // A copy from before there were such starters shows the task alone.
    let Ok(starter) = fs::read_to_string(starter) else {
        return;
    };
    let mut is_todo = false;
    for line in starter.lines().map(str::trim) {
        is_todo = line.starts_with("//") && (is_todo || line.starts_with("// TODO"));
        if is_todo {
            say!("    {}", line.trim_start_matches("//").trim_end());
        }
    }
    say!("");
}

/// Shows a check and its hint.
pub(crate) fn hint(check: &Check, language: Language) {
    say!("{STRONG}{}{STRONG:#}", check.title.get(language));
    for line in check.hint.get(language).trim().lines() {
        say!("    {line}");
    }
    say!("");
}
