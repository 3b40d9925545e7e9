//! `cargo grade class` and `cargo grade merge`: what a teacher says, and what a teacher sees.

use anyhow::bail;
use clap::Args;
use classroom::escape::escape_line;
use classroom::intake::shorten;
use classroom::record::{GradedExercise, Status, Student, StudentRecord};
use classroom::run::{self, ClassOptions, Estimate, Event, Partition, Summary};
use grade::exercise::digits;
use grade::failed::{Because, Failed};
use grade::language::Language;
use grade::{catalogue, say, tell};
use harness::message;
use harness::message::Message;
use indicatif::{HumanDuration, ProgressBar, ProgressState, ProgressStyle};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What can be said to `cargo grade class`.
#[derive(Args)]
pub(crate) struct ClassArguments {
    /// The submissions: a folder or a zip for each student, or a learning platform's download
    folder: PathBuf,
    /// Where the report goes; the same command goes on where it was stopped
    #[arg(long, value_name = "REPORT")]
    out: PathBuf,
    /// Who is in the class: a CSV file with the columns id and name
    #[arg(long, value_name = "FILE")]
    roster: Option<PathBuf>,
    /// Grade programs in another language: a command in which {dir} is the student's folder
    /// and {nn} the number of the exercise, such as 'python3 {dir}/{nn}.py'
    #[arg(long, value_name = "CMD")]
    program: Option<String>,
    /// Grade this exercise alone, also where it is graded already; may be said several times
    #[arg(long, value_name = "NN")]
    only: Vec<u32>,
    /// Grade this student alone, also where they are graded already; may be said several times
    #[arg(long, value_name = "ID")]
    student: Vec<String>,
    /// Give a file to a student, whatever its name says; ID alone for a file, folder or zip whose
    /// names say the exercises. The report remembers it; FILE= forgets it. May be said several
    /// times
    #[arg(long, value_name = "FILE=ID:NN")]
    take: Vec<String>,
    /// Points by your own hand: a CSV file with the columns student, exercise, points and
    /// reason [default: REPORT/overrides.csv, where that exists]
    #[arg(long, value_name = "FILE")]
    overrides: Option<PathBuf>,
    /// Run the programs without a sandbox: only for programs that you trust
    #[arg(long)]
    no_sandbox: bool,
    /// Run the first failed check of each exercise once more in a network of its own, and show
    /// its packets in the feedback
    #[arg(long)]
    wire: bool,
    /// Choose texts, numbers and sizes by this seed [default: that of the report, or a new one];
    /// parts that are graded apart should have the same
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Grade a part of the class, such as 3/8; cargo grade merge puts the parts together
    #[arg(long, value_name = "K/N", default_value = "1/1")]
    partition: Partition,
}

/// What can be said to `cargo grade merge`.
#[derive(Args)]
pub(crate) struct MergeArguments {
    /// Where the report of all goes
    out: PathBuf,
    /// The reports of the parts
    #[arg(required = true)]
    parts: Vec<PathBuf>,
    /// As for cargo grade class [default: OUT/overrides.csv, where that exists]
    #[arg(long, value_name = "FILE")]
    overrides: Option<PathBuf>,
}

/// Grades a class.
pub(crate) fn grade(arguments: &ClassArguments, language: Language) -> anyhow::Result<bool> {
    let program = arguments.program.as_deref().map(|command| {
        let words = shlex::split(command).filter(|words| !words.is_empty());
        words.because(|| {
            message!(
                "cannot use {command} as a command",
                command = format!("{command:?}")
            )
        })
    });
    let options = ClassOptions {
        folder: arguments.folder.clone(),
        report: arguments.out.clone(),
        roster: arguments.roster.clone(),
        program: program.transpose()?,
        only: arguments.only.clone(),
        students: arguments.student.clone(),
        takes: arguments.take.clone(),
        overrides: arguments.overrides.clone(),
        sandbox: !arguments.no_sandbox,
        wire: arguments.wire,
        seed: arguments.seed,
        partition: arguments.partition,
        language,
    };
    let display = ProgressDisplay::new(language);
    let summary = run::grade(workspace::root(), &options, &|event| {
        display.see(&event);
    });
    display.bar.finish_and_clear();
    conclude(&summary?, &arguments.out, language)
}

/// Puts reports together.
pub(crate) fn merge(arguments: &MergeArguments, language: Language) -> anyhow::Result<bool> {
    if arguments.parts.contains(&arguments.out) {
        bail!(Failed::new(message!(
            "{path} is a part, and cannot be the whole as well",
            path = arguments.out.display()
        )));
    }
    let summary = run::merge(
        workspace::root(),
        &arguments.parts,
        &arguments.out,
        arguments.overrides.as_deref(),
        language,
    )?;
    conclude(&summary, &arguments.out, language)
}

/// Says what came of it, and where it is.
///
/// # Errors
///
/// If an exercise has no grade because of the machine.
fn conclude(summary: &Summary, report: &Path, language: Language) -> anyhow::Result<bool> {
    // Names and paths are of students' making: they must not steer the terminal.
    let line = |what: Message, why: &Message| {
        let words = catalogue::say(&message!("{what}: {why}", what, why), language);
        say!("{}", escape_line(&words));
    };
    let mut is_repairable = false;
    for (student, notice) in &summary.notices {
        let (name, id) = (shorten(&student.name), shorten(&student.id));
        let whose = if name == id {
            message!("{id}", id)
        } else {
            message!("{name} ({id})", name, id)
        };
        line(whose, notice);
    }
    for remark in &summary.remarks {
        say!("{}", escape_line(&catalogue::say(remark, language)));
    }
    for (path, reason) in &summary.not_understood {
        let what = message!("not understood: {path}", path);
        let reason = catalogue::say(reason, language);
        let mut lines = reason.lines();
        let first = lines.next().unwrap_or_default();
        line(what, &message!("{first}", first));
        for command in lines {
            is_repairable = true;
            say!("    {}", escape_line(command));
        }
    }
    if is_repairable {
        tell!(
            language,
            "Such a command takes the file for the student's answer; ID and NN stand for an id and the number of an exercise."
        );
    }
    let (students, missing) = (summary.students, summary.missing);
    let students = match students {
        1 => message!("1 student"),
        students => message!("{students} students", students),
    };
    let things = match summary.not_understood.len() {
        1 => message!("1 thing"),
        things => message!("{things} things", things),
    };
    tell!(
        language,
        "{students}, {missing} of them without a submission; {things} not understood.",
        students,
        missing,
        things
    );
    let path = report.join("report.html");
    tell!(language, "The report: {path}", path = path.display());
    if summary.not_gradable.is_empty() {
        return Ok(true);
    }
    for (student, exercise, reason) in &summary.not_gradable {
        let line = message!(
            "{student}, exercise {exercise}: not gradable: {reason}",
            student = shorten(&student.id),
            exercise = digits(*exercise),
            reason
        );
        say!("{}", escape_line(&catalogue::say(&line, language)));
    }
    let count = summary.not_gradable.len();
    bail!(Failed::new(message!(
        "{count} exercise(s) have no grade because of this machine; the same command grades them again",
        count
    )))
}

/// Shows how far it is: a bar on a terminal, and a line for each student elsewhere.
struct ProgressDisplay {
    bar: ProgressBar,
    language: Language,
    /// What is known of the run, and when it has begun.
    estimate: Arc<Mutex<(Estimate, Instant)>>,
    running: Mutex<BTreeSet<String>>,
}

impl ProgressDisplay {
    fn new(language: Language) -> Self {
        let bar = ProgressBar::new(0);
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            bar,
            language,
            estimate: Arc::new(Mutex::new((Estimate::default(), Instant::now()))),
            running: Mutex::new(BTreeSet::new()),
        }
    }

    fn see(&self, event: &Event) {
        self.count(event);
        match event {
            Event::Builds => {
                let words = catalogue::say(&message!("building the rubrics ..."), self.language);
                if self.bar.is_hidden() {
                    say!("{words}");
                }
                self.bar.set_message(words);
            }
            Event::Begins { students, .. } => {
                self.bar.set_length(*students as u64);
                self.show_bar();
            }
            Event::Opens { .. } => {}
            Event::Starts { student, exercise } => {
                self.run(|running| running.insert(task(student, *exercise)));
            }
            Event::Ends { student, exercise } => {
                self.run(|running| running.remove(&task(student, *exercise)));
            }
            Event::Student {
                record,
                points,
                graded,
            } => {
                self.bar.inc(1);
                if self.bar.is_hidden() {
                    self.line(record, *points, *graded);
                }
            }
        }
    }

    /// Counts what the estimate depends on.
    fn count(&self, event: &Event) {
        let mut guard = self.estimate.lock().unwrap_or_else(PoisonError::into_inner);
        let (estimate, begun) = &mut *guard;
        match event {
            Event::Begins { submissions, .. } => {
                estimate.submissions = *submissions;
                *begun = Instant::now();
            }
            Event::Opens { exercises } => {
                estimate.opened += 1;
                estimate.exercises += exercises;
            }
            Event::Starts { .. } => estimate.started += 1,
            Event::Ends { .. } => estimate.done += 1,
            Event::Builds | Event::Student { .. } => {}
        }
    }

    /// Shows how many students are done, and how long the others will take.
    fn show_bar(&self) {
        // Its arguments are those of the bar, which fills them itself.
        let words = message!(
            "{done}/{all} students, {time} left",
            done = "{pos}",
            all = "{len}",
            time = "{left}"
        );
        let words = catalogue::say(&words, self.language);
        let template = format!("{{bar:24}} {words}  {{wide_msg}}");
        // The template is one of ours: it is right.
        if let Ok(style) = ProgressStyle::with_template(&template) {
            let estimate = Arc::clone(&self.estimate);
            let left = move |_: &ProgressState, line: &mut dyn Write| {
                let _ = match left(&estimate) {
                    Some(left) => write!(line, "{:#}", HumanDuration(left)),
                    None => line.write_str("?"),
                };
            };
            self.bar.set_style(style.with_key("left", left));
        }
    }

    /// Notes who is being graded.
    fn run(&self, change: impl FnOnce(&mut BTreeSet<String>) -> bool) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut running);
        let names: Vec<_> = running.iter().map(String::as_str).collect();
        self.bar.set_message(names.join(", "));
    }

    /// A student, in a line.
    fn line(&self, record: &StudentRecord, points: u32, graded: usize) {
        let all = self.bar.length().unwrap_or_default();
        let done = self.bar.position();
        let name = shorten(&escape_line(&record.student.name));
        let is_missing =
            |graded: &GradedExercise| matches!(graded.status, Status::Missing | Status::NotGraded);
        let is_unclear =
            |graded: &GradedExercise| is_missing(graded) || graded.status == Status::NotUnderstood;
        let how = if record.exercises.iter().all(is_missing) {
            message!("nothing handed in")
        } else if record.exercises.iter().all(is_unclear) {
            message!("not understood")
        } else if graded == 0 {
            message!("as before")
        } else {
            message!("{points} points", points)
        };
        let words = match left(&self.estimate) {
            Some(left) => {
                // A part of a second is a second.
                let left = (left + Duration::from_millis(999)).as_secs();
                message!("{name}: {how}  ({left} s left)", name, how, left)
            }
            None => message!("{what}: {why}", what = name, why = how),
        };
        say!("{done}/{all}  {}", catalogue::say(&words, self.language));
    }
}

/// How long the run still takes, as far as that is known.
fn left(estimate: &Mutex<(Estimate, Instant)>) -> Option<Duration> {
    let (estimate, begun) = *estimate.lock().unwrap_or_else(PoisonError::into_inner);
    estimate.left(begun.elapsed())
}

/// An exercise of a student, as the progress shows it.
fn task(student: &Student, exercise: u32) -> String {
    format!("{} {exercise:02}", shorten(&escape_line(&student.name)))
}
