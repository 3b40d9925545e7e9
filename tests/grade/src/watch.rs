//! `cargo grade watch`: grades again at every save.

use crate::grading::{find, grade};
use crate::show;
use anyhow::Context;
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, poll, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use grade::exercise::Exercise;
use grade::language::Language;
use grade::outcome::Outcome;
use grade::rubric::DoesNotCompile;
use grade::say;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::fs;
use std::io::{IsTerminal, stdin, stdout};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How often the file is read even without a file event. This notices a save where file events
/// do not work (a mounted Windows folder under WSL).
const POLL: Duration = Duration::from_millis(500);

/// How long to wait for a key or a file event at a time.
const NAP: Duration = Duration::from_millis(50);

/// A file that has not changed for this long counts as completely saved.
const SETTLED: Duration = Duration::from_millis(5);

/// What the learner wants.
enum Wish {
    Grade,
    Hint,
    Next,
    List,
    Quit,
}

/// Watches exercise after exercise. Returns whether the last one had full marks.
pub(crate) fn watch(
    exercises: &[Exercise],
    from: Option<u32>,
    language: Language,
) -> anyhow::Result<bool> {
    let mut index = match from {
        Some(number) => {
            let number = find(exercises, number, language)?.number;
            let before = exercises.iter().take_while(|one| one.number != number);
            before.count()
        }
        None => first_open(exercises, language),
    };
    let mut done = None;
    while let Some(exercise) = exercises.get(index) {
        match watch_one(exercise, done, exercises, language)? {
            End::Full => done = Some(exercise),
            End::Next => done = None,
            End::Quit => return Ok(false),
        }
        index += 1;
    }
    say!(
        "{}",
        language.pick("That was the last exercise.", "这是最后一个练习。")
    );
    Ok(true)
}

/// The first exercise that does not have full marks; the last one if all have.
fn first_open(exercises: &[Exercise], language: Language) -> usize {
    say!(
        "{}",
        language.pick("Looking where you stand ...", "正在查看你的进度……")
    );
    let is_open =
        |exercise: &Exercise| !grade(exercise, None, None, language).is_ok_and(|o| o.is_full());
    exercises
        .iter()
        .position(is_open)
        .unwrap_or(exercises.len() - 1)
}

/// How watching an exercise ends.
enum End {
    Full,
    Next,
    Quit,
}

/// Watches an exercise. If the one before it has just been finished, a line above says so.
fn watch_one(
    exercise: &Exercise,
    mut done: Option<&Exercise>,
    exercises: &[Exercise],
    language: Language,
) -> anyhow::Result<End> {
    let file = exercise.file();
    let (events, _watcher) = file_events(exercise);
    let is_interactive = stdin().is_terminal() && stdout().is_terminal();
    loop {
        // Read it before the build, so that a save during the run is noticed as a difference.
        let graded = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let outcome = grade_and_show(exercise, done.take(), language)?;
        if outcome.as_ref().is_some_and(Outcome::is_full) {
            return Ok(End::Full);
        }
        if is_interactive {
            let keys = "h: hint   n: next exercise   l: list   q: quit";
            say!(
                "\n{}",
                language.pick(keys, "h：提示   n：下一个练习   l：列表   q：退出")
            );
        }
        loop {
            match wait(&events, &graded, exercise, is_interactive)? {
                Wish::Grade => break,
                Wish::Hint => show_hint(exercise, outcome.as_ref(), language),
                Wish::Next => return Ok(End::Next),
                Wish::List => {
                    for exercise in exercises {
                        let outcome = grade(exercise, None, None, language).ok();
                        show::line(exercise, outcome.as_ref(), language);
                    }
                }
                Wish::Quit => return Ok(End::Quit),
            }
        }
    }
}

/// Grades once. Returns `None` if the exercise does not compile, after showing why.
fn grade_and_show(
    exercise: &Exercise,
    done: Option<&Exercise>,
    language: Language,
) -> anyhow::Result<Option<Outcome>> {
    if stdout().is_terminal() {
        // The newest verdict begins at the top.
        crossterm::execute!(
            stdout(),
            crossterm::terminal::Clear(crossterm::terminal::ClearType::All),
            crossterm::cursor::MoveTo(0, 0)
        )
        .context("cannot clear the screen")?;
        // The verdict of the finished exercise has just been cleared.
        if let Some(done) = done {
            let number = done.number;
            say!(
                "{}\n",
                match language {
                    Language::En => format!("Exercise {number:02}: all points. Next:"),
                    Language::Zh => format!("练习 {number:02}：满分。下一个："),
                }
            );
        }
    }
    match grade(exercise, None, None, language) {
        Ok(outcome) => {
            show::outcome(&outcome, false, language);
            Ok(Some(outcome))
        }
        Err(error) => match error.downcast_ref::<DoesNotCompile>() {
            Some(error) => {
                anstream::print!("{}", error.messages);
                say!("{}", language.pick("It does not compile.", "无法编译。"));
                Ok(None)
            }
            None => Err(error),
        },
    }
}

fn show_hint(exercise: &Exercise, outcome: Option<&Outcome>, language: Language) {
    say!("");
    match outcome.and_then(|outcome| outcome.results.iter().find(|result| !result.passed())) {
        Some(result) => show::hint(&result.check, language),
        None => show::task(exercise, language),
    }
}

/// A channel that receives a message whenever a file in the exercise's folder may have changed.
/// If the system has no file events, it stays silent.
fn file_events(exercise: &Exercise) -> (Receiver<()>, Option<RecommendedWatcher>) {
    let (sender, receiver) = channel();
    let notice = move |_: notify::Result<notify::Event>| {
        // It fails only when the watch is over and the receiver is gone.
        let _ = sender.send(());
    };
    let watcher = notify::recommended_watcher(notice).and_then(|mut watcher| {
        watcher.watch(&exercise.folder, RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    (receiver, watcher.ok())
}

/// Waits for a save or a key.
fn wait(
    events: &Receiver<()>,
    graded: &[u8],
    exercise: &Exercise,
    is_interactive: bool,
) -> anyhow::Result<Wish> {
    let mut next_look = Instant::now();
    loop {
        let is_told = events.try_iter().count() > 0;
        if is_told || Instant::now() >= next_look {
            next_look = Instant::now() + POLL;
            // While an editor replaces the file, it may be missing for a moment.
            if fs::read(exercise.file()).is_ok_and(|now| now != graded) {
                settle(exercise);
                return Ok(Wish::Grade);
            }
        }
        if is_interactive {
            if let Some(wish) = key()? {
                return Ok(wish);
            }
        } else {
            // There are no keys to read here, so Ctrl-C ends the watch.
            match events.recv_timeout(NAP) {
                Ok(()) => next_look = Instant::now(),
                Err(RecvTimeoutError::Timeout) => {}
                // This system has no file events.
                Err(RecvTimeoutError::Disconnected) => thread::sleep(NAP),
            }
        }
    }
}

/// Waits until the file is no longer being written: a save may first empty it and then fill it.
fn settle(exercise: &Exercise) {
    let mut before = None;
    loop {
        let now = fs::read(exercise.file()).ok();
        if now == before {
            return;
        }
        before = now;
        thread::sleep(SETTLED);
    }
}

/// The wish that a key expresses, if one is pressed soon.
fn key() -> anyhow::Result<Option<Wish>> {
    // Use raw mode only while reading keys: output needs the terminal in its normal mode.
    enable_raw_mode().context("cannot read keys")?;
    let event = poll(NAP).and_then(|is_there| if is_there { read().map(Some) } else { Ok(None) });
    disable_raw_mode().context("cannot restore the terminal")?;
    let Some(Event::Key(key)) = event.context("cannot read keys")? else {
        return Ok(None);
    };
    if key.kind != KeyEventKind::Press {
        return Ok(None);
    }
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    Ok(match key.code {
        KeyCode::Char('c' | 'd') if is_control => Some(Wish::Quit),
        KeyCode::Char('h') => Some(Wish::Hint),
        KeyCode::Char('n') => Some(Wish::Next),
        KeyCode::Char('l') => Some(Wish::List),
        KeyCode::Char('q') => Some(Wish::Quit),
        _ => None,
    })
}
