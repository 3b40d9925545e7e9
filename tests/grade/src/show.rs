//! The output that the learner sees.

use anstyle::{AnsiColor, Style};
use grade::exercise::{Check, Exercise};
use grade::language::Language;
use grade::outcome::{Outcome, Result};
use grade::report::verdict;
use grade::{catalogue, say};
use harness::{Verdict, message};
use indicatif::{ProgressBar, ProgressStyle};
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
    let exercise = &outcome.exercise;
    let title = exercise.title.get(language);
    let word = language.pick("Exercise", "练习");
    say!("{STRONG}{word} {:02}: {title}{STRONG:#}\n", exercise.number);
    for result in &outcome.results {
        let (style, word) = match &result.verdict {
            Verdict::Passed => (GOOD, language.pick("passed", "通过")),
            Verdict::Failed(_) => (BAD, language.pick("FAILED", "失败")),
            Verdict::NotChecked(_) => (Style::new(), language.pick("n/a   ", "未检查")),
            Verdict::NotGradable(_) => (BAD, language.pick("ERROR ", "出错")),
        };
        let score = result
            .score()
            .map_or("-".to_string(), |score| score.to_string());
        let points = result.check.points;
        let title = result.check.title.get(language);
        say!("  {style}{word}{style:#} {score:>3}/{points:<3} {title}");
    }
    let without = |result: &&Result| result.score().is_none();
    for result in outcome.results.iter().filter(without) {
        let title = result.check.title.get(language);
        say!("\n{STRONG}{title}{STRONG:#}: {}", verdict(result, language));
    }
    let failed: Vec<_> = outcome
        .results
        .iter()
        .filter(|result| result.failure().is_some())
        .collect();
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
    let (score, possible) = (outcome.score(), outcome.possible());
    let number = exercise.number;
    say!("");
    if outcome.not_gradable().is_none() {
        let points = message!("{score} of {possible} points.", score, possible);
        say!("{STRONG}{}{STRONG:#}", catalogue::say(&points, language));
    }
    if !outcome.is_full() && outcome.taken_by_others >= BUSY {
        let busy = message!(
            "This machine is busy: other programs took {percent} % of its processors' time meanwhile.",
            percent = outcome.taken_by_others
        );
        say!("{}", catalogue::say(&busy, language));
    }
    if failed.len() > told {
        match language {
            Language::En => say!(
                "This is the first of {} failed checks; the others: cargo grade {number:02} --all",
                failed.len()
            ),
            Language::Zh => say!(
                "以上是 {} 项失败检查中的第一项；其余请看：cargo grade {number:02} --all",
                failed.len()
            ),
        }
    }
    if !failed.is_empty() {
        match language {
            Language::En => say!("More help: cargo grade hint {number:02}"),
            Language::Zh => say!("更多提示：cargo grade hint {number:02}"),
        }
    }
}

/// Shows an exercise in one line; `None` means that it could not be graded.
pub(crate) fn line(exercise: &Exercise, outcome: Option<&Outcome>, language: Language) {
    let (number, title) = (exercise.number, exercise.title.get(language));
    let (style, score) = match outcome {
        Some(outcome) if outcome.not_gradable().is_none() => {
            let style = if outcome.is_full() {
                GOOD
            } else {
                Style::new()
            };
            let (score, possible) = (outcome.score(), outcome.possible());
            (style, format!("{score:>3}/{possible}"))
        }
        _ => (BAD, language.pick("error  ", "错误   ").to_string()),
    };
    say!("  {number:02}  {style}{score}{style:#}  {title}");
}

/// Shows what to do next.
pub(crate) fn next(exercises: &[Exercise], outcomes: &[Outcome], language: Language) {
    let is_full = |exercise: &&Exercise| {
        let mut outcomes = outcomes.iter();
        outcomes.any(|outcome| outcome.exercise.number == exercise.number && outcome.is_full())
    };
    say!("");
    match exercises.iter().find(|exercise| !is_full(exercise)) {
        Some(exercise) => {
            let (number, file) = (exercise.number, path(exercise));
            match language {
                Language::En => say!(
                    "Next: exercise {number:02}. Open {file}, and let `cargo grade watch {number:02}` run beside it."
                ),
                Language::Zh => say!(
                    "下一步：练习 {number:02}。打开 {file}，并让 `cargo grade watch {number:02}` 在旁边运行。"
                ),
            }
        }
        None => say!("{}", language.pick("All done.", "全部完成。")),
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
    let (number, title) = (exercise.number, exercise.title.get(language));
    let word = language.pick("Exercise", "练习");
    say!("{STRONG}{word} {number:02}: {title}{STRONG:#}\n");
    say!("{}\n", exercise.task.get(language).trim());
}

/// Shows the help for a check.
pub(crate) fn hint(check: &Check, language: Language) {
    say!("{STRONG}{}{STRONG:#}", check.title.get(language));
    for line in check.hint.get(language).trim().lines() {
        say!("    {line}");
    }
    say!("");
}
