//! Runs the inputs of a session, and writes down what comes.

use std::time::{Duration, Instant};

use anyhow::Context;

use super::ladder::Recording;
use super::replay::{LIMIT, is_table};
use super::script::{Entry, Event, Script, WIRE};
use super::stage::Stage;

/// How long all terminals must be quiet until the next input. A tool may wait for a time; a
/// test must not.
const QUIET: Duration = Duration::from_millis(400);

/// How long a terminal may be silent that has output at this place of the file.
const PATIENCE: Duration = Duration::from_secs(3);

/// Runs a session, tells each of its entries, an input before it is given, and returns it with the output that came: after each input the lines of
/// its own terminal first, then those of the others; and before them the packets, where the
/// session has lines of the wire.
///
/// # Errors
///
/// If an input is not possible, such as a command while the one before it does not end.
pub(super) fn record(
    script: &Script,
    mut recording: Option<Recording>,
    mut stage: Stage,
    tell: &mut dyn FnMut(&Entry),
) -> anyhow::Result<Script> {
    let mut entries = Told {
        entries: Vec::new(),
        tell,
    };
    for (index, input) in script.entries.iter().enumerate() {
        if is_effect(input) {
            continue;
        }
        if matches!(input.event, Event::Start(_) | Event::Prompt) {
            wait_for_end(&mut stage, input)?;
            push_wire(&mut entries, recording.as_mut());
            push_output(&mut entries, &mut stage, input.terminal);
        }
        entries.push(input.clone());
        if input.event == Event::Prompt {
            continue;
        }
        stage.wait_for_rest();
        if let Some(recording) = &mut recording {
            recording.interrupt();
        }
        give(&mut stage, input).with_context(|| format!("line {}: {input}", input.line))?;
        let effects = script.entries[index + 1..]
            .iter()
            .take_while(|entry| is_effect(entry));
        let outputs = effects.filter(|entry| matches!(entry.event, Event::Output(_)));
        let talkative: Vec<u8> = outputs.map(|entry| entry.terminal).collect();
        wait_for_quiet(&mut stage, &talkative);
        if matches!(&input.event, Event::Start(command) if is_table(command)) {
            // It is at once what the kernel has; and its lines stay together.
            push_output(&mut entries, &mut stage, input.terminal);
        }
        push_wire(&mut entries, recording.as_mut());
        push_output(&mut entries, &mut stage, input.terminal);
    }
    if let Some(recording) = recording {
        push_lines(&mut entries, recording.finish()?);
    }
    Ok(Script {
        entries: entries.entries,
    })
}

/// What has been typed and what has come, each told at once.
struct Told<'a> {
    entries: Vec<Entry>,
    tell: &'a mut dyn FnMut(&Entry),
}

impl Told<'_> {
    fn push(&mut self, entry: Entry) {
        (self.tell)(&entry);
        self.entries.push(entry);
    }

    fn extend(&mut self, entries: impl Iterator<Item = Entry>) {
        entries.for_each(|entry| self.push(entry));
    }
}

/// Whether an entry tells what comes of the input before it.
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

fn wait_for_end(stage: &mut Stage, input: &Entry) -> anyhow::Result<()> {
    let number = input.terminal;
    stage
        .wait(LIMIT, |stage| (!stage.is_running(number)).then_some(()))
        .with_context(|| {
            format!(
                "line {}: {input}: the command before it does not end",
                input.line
            )
        })
}

/// Waits until nothing more comes, and something has come where there was something before.
fn wait_for_quiet(stage: &mut Stage, talkative: &[u8]) {
    let begun = Instant::now();
    while begun.elapsed() < LIMIT {
        let heard = stage.listen(QUIET);
        let complete = talkative.iter().all(|number| stage.has_unread(*number));
        if !heard && (complete || begun.elapsed() > PATIENCE) {
            return;
        }
    }
}

/// Adds the packets that have come. They stand before what is printed: between them and the
/// lines there is no order that could be observed.
fn push_wire(entries: &mut Told<'_>, recording: Option<&mut Recording>) {
    if let Some(recording) = recording {
        push_lines(entries, recording.lines());
    }
}

fn push_lines(entries: &mut Told<'_>, lines: Vec<wire::Line>) {
    entries.extend(lines.into_iter().map(|line| Entry {
        line: 0,
        after_blank: false,
        terminal: WIRE,
        event: Event::Wire(Some(line)),
    }));
}

/// Adds all that has come, the lines of this terminal first.
fn push_output(entries: &mut Told<'_>, stage: &mut Stage, first: u8) {
    let mut lines = stage.read_all();
    lines.sort_by_key(|(number, _)| *number != first);
    entries.extend(lines.into_iter().map(|(terminal, text)| Entry {
        line: 0,
        after_blank: false,
        terminal,
        event: Event::Output(text),
    }));
}
