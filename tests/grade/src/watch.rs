//! `cargo grade watch`: grades again at every save.

use crate::grading::{build, find, first_without_full_marks, grade};
use crate::{on_wire, show};
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, poll, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use grade::exercise::Exercise;
use grade::failed::Because;
use grade::language::Language;
use grade::outcome::Outcome;
use grade::rubric::DoesNotCompile;
use grade::{catalogue, say, tell, terminal};
use harness::message;
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::fs;
use std::io::{self, IsTerminal, stdin, stdout};
use std::path::Path;
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
    Wire,
    Next,
    Previous,
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
            let number = find(exercises, number)?.number;
            let before = exercises.iter().take_while(|one| one.number != number);
            before.count()
        }
        None => first_without_full_marks(exercises, language)?,
    };
    let (mut done, mut came_back) = (None, false);
    while let Some(exercise) = exercises.get(index) {
        let end = watch_one(exercise, done.take(), came_back, exercises, language)?;
        index = match end {
            End::Full | End::Next => index + 1,
            End::Previous => index.saturating_sub(1),
            End::Quit => return Ok(false),
        };
        done = matches!(end, End::Full).then_some(exercise);
        came_back = matches!(end, End::Previous);
    }
    tell!(language, "That was the last exercise.");
    Ok(true)
}

/// How watching an exercise ends.
enum End {
    Full,
    Next,
    Previous,
    Quit,
}

/// Watches an exercise. If the one before it has just been finished, its verdict stays above. A
/// learner who came back to an exercise with full marks stays there.
fn watch_one(
    exercise: &Exercise,
    mut done: Option<&Exercise>,
    mut came_back: bool,
    exercises: &[Exercise],
    language: Language,
) -> anyhow::Result<End> {
    let file = exercise.file();
    let (events, _watcher) = file_events(exercise);
    let is_interactive = stdin().is_terminal() && stdout().is_terminal();
    loop {
        // Read it before the build, so that a save during the run is noticed as a difference.
        let graded = content(&file)?;
        begin_screen(done.take(), language)?;
        let outcome = if graded.is_some() {
            grade_and_show(exercise, language)?
        } else {
            let file = &file;
            tell!(
                language,
                "{file} is not there. It is graded as soon as it is.",
                file
            );
            None
        };
        if outcome.as_ref().is_some_and(Outcome::has_full_marks) && !std::mem::take(&mut came_back)
        {
            return Ok(End::Full);
        }
        if is_interactive {
            say!("");
            tell!(
                language,
                "h: hint   w: packets   n: next exercise   p: previous   l: list   q: quit"
            );
        }
        loop {
            match wait(&events, graded.as_deref(), exercise, is_interactive)? {
                Wish::Grade => break,
                Wish::Hint => show_hint(exercise, outcome.as_ref(), language),
                Wish::Wire => show_packets(exercise, outcome.as_ref(), language),
                Wish::Next => return Ok(End::Next),
                Wish::Previous => return Ok(End::Previous),
                Wish::List => {
                    for exercise in exercises {
                        let outcome = grade(exercise, None, None).ok();
                        show::line(exercise, outcome.as_ref(), language);
                    }
                }
                Wish::Quit => return Ok(End::Quit),
            }
        }
    }
}

/// What a file has in it; `None` if it is not there, as for a moment while an editor replaces it.
fn content(file: &Path) -> anyhow::Result<Option<Vec<u8>>> {
    match fs::read(file) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).because(|| message!("cannot read {path}", path = file)),
    }
}

/// Clears the screen, so that the newest verdict begins at the top. The verdict of an exercise that
/// has just been finished stays, and the next one comes below it.
fn begin_screen(done: Option<&Exercise>, language: Language) -> anyhow::Result<()> {
    if let Some(done) = done {
        let number = done.digits();
        say!("");
        tell!(language, "Exercise {number}: all points. Next:", number);
        say!("");
        return Ok(());
    }
    if stdout().is_terminal() {
        crossterm::execute!(
            stdout(),
            crossterm::terminal::Clear(crossterm::terminal::ClearType::All),
            crossterm::cursor::MoveTo(0, 0)
        )
        .because(|| message!("cannot clear the screen"))?;
    }
    Ok(())
}

/// Grades once. Returns `None` if the exercise does not compile or could not be graded, after
/// showing why.
fn grade_and_show(exercise: &Exercise, language: Language) -> anyhow::Result<Option<Outcome>> {
    let error = match grade(exercise, None, None) {
        Ok(outcome) => {
            show::outcome(&outcome, false, language);
            return Ok(Some(outcome));
        }
        Err(error) if harness::asked_to_end().is_some() => return Err(error),
        Err(error) => error,
    };
    match DoesNotCompile::of(&error) {
        Some(DoesNotCompile { messages, reason }) => {
            anstream::print!("{messages}");
            if let Some(reason) = reason {
                say!("{}", catalogue::say(reason, language));
            }
            tell!(language, "It does not compile.");
        }
        None => terminal::show_error(&error, language),
    }
    Ok(None)
}

fn show_hint(exercise: &Exercise, outcome: Option<&Outcome>, language: Language) {
    say!("");
    match outcome.and_then(|outcome| outcome.failures().next()) {
        Some(result) => show::hint(&result.check, language),
        None => show::task(exercise, language),
    }
}

/// Shows the packets of the first check that has failed. An error does not end the watch.
fn show_packets(exercise: &Exercise, outcome: Option<&Outcome>, language: Language) {
    let Some(outcome) = outcome else {
        return;
    };
    let shown =
        build(exercise, None, None).and_then(|ready| on_wire::show(&ready, outcome, language));
    if let Err(error) = shown {
        terminal::show_error(&error, language);
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
    graded: Option<&[u8]>,
    exercise: &Exercise,
    is_interactive: bool,
) -> anyhow::Result<Wish> {
    let mut next_look = Instant::now();
    loop {
        if harness::asked_to_end().is_some() {
            return Ok(Wish::Quit);
        }
        let is_told = events.try_iter().count() > 0;
        if is_told || Instant::now() >= next_look {
            next_look = Instant::now() + POLL;
            let now = content(&exercise.file())?;
            if now.is_some() && now.as_deref() != graded {
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
    enable_raw_mode().because(|| message!("cannot read keys"))?;
    let event = poll(NAP).and_then(|is_there| if is_there { read().map(Some) } else { Ok(None) });
    disable_raw_mode().because(|| message!("cannot restore the terminal"))?;
    let Some(Event::Key(key)) = event.because(|| message!("cannot read keys"))? else {
        return Ok(None);
    };
    if key.kind != KeyEventKind::Press {
        return Ok(None);
    }
    let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
    if is_control && key.code == KeyCode::Char('z') {
        stop()?;
        return Ok(None);
    }
    Ok(match key.code {
        KeyCode::Char('c' | 'd') if is_control => Some(Wish::Quit),
        KeyCode::Char('h') => Some(Wish::Hint),
        KeyCode::Char('w') => Some(Wish::Wire),
        KeyCode::Char('n') => Some(Wish::Next),
        KeyCode::Char('p') => Some(Wish::Previous),
        KeyCode::Char('l') => Some(Wish::List),
        KeyCode::Char('q') => Some(Wish::Quit),
        _ => None,
    })
}

/// Stops this command and all of its job, as Ctrl-Z does where a terminal makes a signal of it. The
/// shell's `fg` continues it.
#[cfg(unix)]
fn stop() -> anyhow::Result<()> {
    use rustix::process::{Signal, kill_current_process_group};
    kill_current_process_group(Signal::TSTP).because(|| message!("cannot stop"))
}

/// Other systems have no stopped jobs.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "on Unix it may fail")]
fn stop() -> anyhow::Result<()> {
    Ok(())
}
