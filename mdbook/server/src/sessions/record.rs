//! Runs the inputs of a session, and records the output.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::recording::Recording;
use super::replay::{LIMIT, is_table};
use super::script::{Entry, Event, Script, WIRE};
use super::stage::Stage;

/// How long all terminals must be quiet before the next input. A tool may wait for a fixed time,
/// which a test must not.
const QUIET: Duration = Duration::from_millis(400);

/// How long a terminal may be silent if the file has output at this place.
const PATIENCE: Duration = Duration::from_secs(3);

/// More lines than this after one input are a flood: a loop that does not end.
const FLOOD: usize = 5000;

/// How many of them are shown.
const SHOWN: usize = 200;

/// Runs a session, and returns it with the output that came: after each input the lines of
/// its own terminal first, then those of the others; and before them the packets, if the session
/// has lines of the wire. Each entry is passed to `tell`, an input before it is given.
///
/// # Errors
///
/// If an input is not possible, such as a command while the one before it does not end.
pub(super) fn record(
    script: &Script,
    recording: Option<Recording>,
    stage: Stage,
    tell: &mut dyn FnMut(&Entry),
) -> anyhow::Result<Script> {
    let mut recorder = Recorder::new(script, recording, stage, tell, None);
    recorder.play(script)?;
    recorder.finish()
}

/// The outcome of a session that may differ from its file.
pub(super) struct Tried {
    /// The entries until it ended, without inputs that were not possible.
    pub(super) script: Script,
    /// Why it ended early.
    pub(super) stopped: Option<Stop>,
}

/// Why a session was ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Stop {
    /// A command does not end, and the next one of its terminal cannot be started.
    Running,
    /// It took too long.
    Late,
    /// There was a flood of output.
    Flood,
    /// Packets were lost while they were recorded.
    Lost,
}

/// Runs a session with programs that may do anything, and no longer than until the deadline.
pub(super) fn try_out(
    script: &Script,
    recording: Option<Recording>,
    stage: Stage,
    end: Instant,
) -> Tried {
    let mut silent = |_: &Entry| {};
    let mut recorder = Recorder::new(script, recording, stage, &mut silent, Some(end));
    let mut stopped = recorder.play(script).err().map(|_| Stop::Running);
    if recorder.stage.unread() > FLOOD {
        stopped = Some(Stop::Flood);
    } else if Instant::now() > end {
        stopped = Some(Stop::Late);
    }
    recorder.push_all();
    let Recorder {
        recording, entries, ..
    } = recorder;
    let mut script = Script { entries };
    match recording.map(Recording::finish) {
        Some(Ok(lines)) => script.entries.extend(lines.into_iter().map(on_wire)),
        Some(Err(_)) => stopped = Some(Stop::Lost),
        None => {}
    }
    Tried { script, stopped }
}

/// A running session, and its output so far.
struct Recorder<'a> {
    stage: Stage,
    recording: Option<Recording>,
    entries: Vec<Entry>,
    /// Is told of each entry.
    tell: &'a mut dyn FnMut(&Entry),
    /// When it is ended, where its programs may do anything. Then inputs that are not possible
    /// are left out.
    deadline: Option<Instant>,
    /// The lines that may be read before they have ended, if not all may be. (`strace` prints the
    /// beginning of a call that waits; how long it waits may have changed.)
    prompts: Option<HashSet<(u8, String)>>,
}

impl<'a> Recorder<'a> {
    fn new(
        script: &Script,
        recording: Option<Recording>,
        stage: Stage,
        tell: &'a mut dyn FnMut(&Entry),
        deadline: Option<Instant>,
    ) -> Self {
        Self {
            recording,
            stage,
            entries: Vec::new(),
            tell,
            deadline,
            prompts: deadline.is_some().then(|| outputs(script)),
        }
    }

    fn play(&mut self, script: &Script) -> anyhow::Result<()> {
        for (index, input) in script.entries.iter().enumerate() {
            if is_effect(input) {
                continue;
            }
            if self.is_over() {
                return Ok(());
            }
            if matches!(input.event, Event::Start(_) | Event::Prompt) {
                self.wait_for_end(input)?;
                self.push_wire();
                self.push_output(input.terminal);
            }
            (self.tell)(input);
            if input.event == Event::Prompt {
                self.entries.push(input.clone());
                continue;
            }
            self.stage.wait_for_rest();
            if let Some(recording) = &mut self.recording {
                recording.interrupt();
            }
            if let Err(error) = give(&mut self.stage, input) {
                if self.deadline.is_some() {
                    continue;
                }
                return Err(error.context(format!("line {}: {input}", input.line)));
            }
            self.entries.push(input.clone());
            self.effects(input, &script.entries[index + 1..]);
        }
        Ok(())
    }

    /// Waits for the output after an input, which the file has before these entries, and adds it.
    fn effects(&mut self, input: &Entry, after: &[Entry]) {
        let effects = after.iter().take_while(|entry| is_effect(entry));
        let outputs = effects.filter(|entry| matches!(entry.event, Event::Output(_)));
        let talkative: Vec<u8> = outputs.map(|entry| entry.terminal).collect();
        self.wait_for_quiet(&talkative);
        if matches!(&input.event, Event::Start(command) if is_table(command)) {
            // It is at once what the kernel has; and its lines stay together.
            self.push_output(input.terminal);
        }
        self.push_wire();
        self.push_output(input.terminal);
    }

    fn finish(mut self) -> anyhow::Result<Script> {
        if let Some(recording) = self.recording.take() {
            let lines = recording.finish()?;
            self.push_effects(lines.into_iter().map(on_wire));
        }
        Ok(Script {
            entries: self.entries,
        })
    }

    /// Whether a session with programs that may do anything has to be ended.
    fn is_over(&self) -> bool {
        self.deadline
            .is_some_and(|end| Instant::now() > end || self.stage.unread() > FLOOD)
    }

    fn wait_for_end(&mut self, input: &Entry) -> anyhow::Result<()> {
        let number = input.terminal;
        let left = |end: Instant| end.saturating_duration_since(Instant::now());
        let limit = self.deadline.map_or(LIMIT, left);
        let is_lenient = self.deadline.is_some();
        let ended = self.stage.wait(limit, |stage| {
            let is_flood = is_lenient && stage.unread() > FLOOD;
            (is_flood || !stage.is_running(number)).then_some(())
        });
        anyhow::ensure!(
            ended.is_some() && !self.stage.is_running(number),
            "line {}: {input}: the command before it does not end",
            input.line
        );
        Ok(())
    }

    /// Waits until nothing more comes, and something has come where there was something before.
    fn wait_for_quiet(&mut self, talkative: &[u8]) {
        let begun = Instant::now();
        while begun.elapsed() < LIMIT && !self.is_over() {
            let heard = self.stage.listen(QUIET);
            let complete = talkative
                .iter()
                .all(|number| self.stage.has_unread(*number));
            if !heard && (complete || begun.elapsed() > PATIENCE) {
                return;
            }
        }
    }

    /// Adds the packets that have come. They stand before what is printed: between them and the
    /// lines there is no order that could be observed.
    fn push_wire(&mut self) {
        let lines = self.recording.as_mut().map(Recording::lines);
        self.push_effects(lines.into_iter().flatten().map(on_wire));
    }

    /// Adds the output that has come, and passes it on.
    fn push_effects(&mut self, effects: impl Iterator<Item = Entry>) {
        for effect in effects {
            (self.tell)(&effect);
            self.entries.push(effect);
        }
    }

    /// Adds all that has come, the lines of this terminal first.
    fn push_output(&mut self, first: u8) {
        let mut lines = match &self.prompts {
            None => self.stage.read_all(),
            Some(prompts) => self
                .stage
                .read_lines(|number, text| prompts.contains(&(number, text.to_string()))),
        };
        lines.sort_by_key(|(number, _)| *number != first);
        self.push_effects(lines.into_iter().map(|(terminal, text)| Entry {
            line: 0,
            after_blank: false,
            terminal,
            event: Event::Output(text),
        }));
    }

    /// Adds what has come until a session was ended, or the beginning of it.
    fn push_all(&mut self) {
        self.push_wire();
        let before = self.entries.len();
        self.prompts = None;
        self.push_output(1);
        self.entries.truncate(before + SHOWN);
    }
}

/// The lines of output that a session has, by their terminals.
fn outputs(script: &Script) -> HashSet<(u8, String)> {
    let outputs = script
        .entries
        .iter()
        .filter_map(|entry| match &entry.event {
            Event::Output(text) => Some((entry.terminal, text.clone())),
            _ => None,
        });
    outputs.collect()
}

/// Whether an entry is output of the input before it.
fn is_effect(entry: &Entry) -> bool {
    matches!(entry.event, Event::Output(_) | Event::Wire(_))
}

fn give(stage: &mut Stage, input: &Entry) -> anyhow::Result<()> {
    let number = input.terminal;
    match &input.event {
        Event::Start(command) => stage.start(number, command),
        Event::Type(text) => stage.type_line(number, text),
        Event::Press(key) => stage.press(number, *key),
        Event::Network(change) => {
            stage.change(change);
            Ok(())
        }
        Event::Prompt | Event::Output(_) | Event::Wire(_) => Ok(()),
    }
}

fn on_wire(line: wire::Line) -> Entry {
    Entry {
        line: 0,
        after_blank: false,
        terminal: WIRE,
        event: Event::Wire(Some(line)),
    }
}
