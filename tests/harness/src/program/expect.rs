//! Expectations about what a program prints and how it ends.

use super::Program;
use crate::lock::lock;
use crate::message::{Argument, Message};
use crate::output::Output;
use crate::watched::{Exit, State};
use crate::{kernel, likely_causes, message};
use predicates::prelude::Predicate;
use std::net::SocketAddr;
use std::time::Instant;

impl Program {
    /// Waits until the state yields an answer. Returns `None` if the limit is reached or the
    /// program ends first.
    fn wait<T>(&self, answer: impl FnMut(&State) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + self.log.limit();
        self.watched.wait_until(deadline, answer)
    }

    /// Why a wait got no answer.
    fn why_not(&self) -> Message {
        match lock(&self.watched.state).exit {
            Some(exit) => message!("the program {exit}", exit = exit.describe()),
            None => message!("nothing more {patience}", patience = self.log.patience()),
        }
    }

    /// Waits for the first line on stdout, `listening on ADDR`, and returns the address.
    #[track_caller]
    pub fn expect_listening(&self) -> SocketAddr {
        self.log
            .step(message!("wait for its first line, `listening on ADDR`"));
        let expected = message!("the first line on stdout is `listening on ADDR`");
        let first = self.wait(|state| state.stdout.lines().into_iter().next());
        let Some(line) = first else {
            let cause = likely_causes::not_listening(self.id(), &self.stdout(), &self.stderr());
            self.log.fail_with_cause(expected, self.why_not(), cause);
        };
        let shown = Argument::lines(std::slice::from_ref(&line));
        self.log.result(shown.clone());
        let address = line
            .strip_prefix("listening on ")
            .and_then(|text| text.parse().ok());
        let Some(address) = address else {
            self.log.fail(expected, shown);
        };
        self.take_line(0);
        if let Some(server) = kernel::wrapped_server(self.first_id(), address) {
            self.wrapped.get_or_init(|| server);
        }
        *self.address.get_or_init(|| address)
    }

    fn take_line(&self, index: usize) {
        let mut taken = lock(&self.taken);
        if taken.len() <= index {
            taken.resize(index + 1, false);
        }
        taken[index] = true;
    }

    /// The lines on stdout that no expectation has taken yet, with their numbers.
    fn lines_left(&self, state: &State) -> Vec<(usize, String)> {
        let taken = lock(&self.taken);
        let lines = state.stdout.lines().into_iter().enumerate();
        lines
            .filter(|(index, _)| !taken.get(*index).copied().unwrap_or(false))
            .collect()
    }

    /// Waits for exactly this line on stdout, and takes it: each line counts once.
    /// Returns its number, from 0, to tell which of two lines came first.
    #[track_caller]
    pub fn expect_line(&self, line: &str) -> usize {
        self.log
            .step(message!("wait for the line `{line}` on stdout", line));
        let found = self.wait(|state| {
            let left = self.lines_left(state);
            left.iter()
                .find(|(_, left)| left == line)
                .map(|(index, _)| *index)
        });
        let Some(index) = found else {
            let left = self.lines_left(&lock(&self.watched.state));
            let left: Vec<String> = left.into_iter().map(|(_, line)| line).collect();
            let cause = likely_causes::line(line, &left, self.address.get().copied(), |client| {
                self.log.client(client)
            });
            let got = if left.is_empty() {
                message!(
                    "no line that was not expected before; {why}",
                    why = self.why_not()
                )
            } else {
                let lines = Argument::lines(&left);
                message!("{lines}; {why}", lines, why = self.why_not())
            };
            self.log
                .fail_with_cause(message!("the line `{line}` on stdout", line), got, cause);
        };
        self.take_line(index);
        index
    }

    /// Waits for the end of stdout, and expects that every line on it has been taken.
    #[track_caller]
    pub fn expect_no_more_lines(&self) {
        self.log.step(message!("expect no more lines on stdout"));
        self.wait_for_exit(&message!(
            "no more lines on stdout, and the end of the program"
        ));
        let left = self.lines_left(&lock(&self.watched.state));
        if !left.is_empty() {
            let left: Vec<String> = left.into_iter().map(|(_, line)| line).collect();
            self.log
                .fail(message!("no more lines on stdout"), Argument::lines(&left));
        }
    }

    /// Waits until the program's output on stdout matches. What it expects is shown in the words of
    /// the predicate, which are English: this is for tests, and not for checks.
    #[track_caller]
    pub fn expect_stdout(&self, predicate: &impl Predicate<str>) {
        let what = in_words(predicate, "stdout");
        self.expect_stdout_to_fit(what, |text| predicate.eval(text));
    }

    /// Waits until the program's output on stdout matches; the message describes what should.
    #[track_caller]
    pub fn expect_stdout_to_fit(&self, what: Message, fits: impl Fn(&str) -> bool) {
        self.expect_stream(what, fits, |state| &state.stdout);
    }

    /// The same on stderr.
    #[track_caller]
    pub fn expect_stderr(&self, predicate: &impl Predicate<str>) {
        let what = in_words(predicate, "stderr");
        self.expect_stream(what, |text| predicate.eval(text), |state| &state.stderr);
    }

    /// Waits until the program's output on stdout contains this text.
    #[track_caller]
    pub fn expect_stdout_contains(&self, text: &str) {
        let what = contains("stdout", text);
        self.expect_stdout_to_fit(what, |printed| printed.contains(text));
    }

    /// Waits until the program's output on stderr contains this text.
    #[track_caller]
    pub fn expect_stderr_contains(&self, text: &str) {
        let what = contains("stderr", text);
        let fits = |printed: &str| printed.contains(text);
        self.expect_stream(what, fits, |state| &state.stderr);
    }

    /// Waits until the program has printed anything on stderr.
    #[track_caller]
    pub fn expect_any_stderr(&self) {
        let what = message!("something is on {stream}", stream = "stderr");
        self.expect_stream(what, |text| !text.is_empty(), |state| &state.stderr);
    }

    /// Expects that the program has reported no error so far.
    #[track_caller]
    pub fn expect_no_errors(&self) {
        self.log.step(message!("expect nothing on stderr"));
        let text = self.stderr();
        if !text.is_empty() {
            self.log
                .fail(message!("nothing on stderr"), Argument::quoted(&text));
        }
    }

    #[track_caller]
    fn expect_stream(
        &self,
        what: Message,
        fits: impl Fn(&str) -> bool,
        stream: fn(&State) -> &Output,
    ) {
        self.log
            .step(message!("wait until {expectation}", expectation = &what));
        let came = self.wait(|state| fits(&stream(state).text()).then_some(()));
        if came.is_none() {
            let text = stream(&lock(&self.watched.state)).text();
            let printed = Argument::quoted(&text);
            let got = message!("{printed}; {why}", printed, why = self.why_not());
            let cause = likely_causes::printed(&text);
            self.log.fail_with_cause(what, got, cause);
        }
    }

    /// Waits until stdout, from its beginning, consists of exactly these bytes.
    #[track_caller]
    pub fn expect_output(&self, expected: &[u8]) {
        self.log.step(message!(
            "wait for {bytes} on stdout",
            bytes = Argument::terminal(expected)
        ));
        let came = self.wait(|state| {
            let got = &state.stdout.kept;
            let wrong = !expected.starts_with(&got[..got.len().min(expected.len())]);
            (wrong || got.len() >= expected.len()).then_some(())
        });
        let state = lock(&self.watched.state);
        if came.is_none() || state.stdout.kept != expected {
            let got = Argument::terminal(&state.stdout.kept);
            drop(state);
            let got = message!("{bytes}; {why}", bytes = got, why = self.why_not());
            self.log.fail(
                message!("stdout is {bytes}", bytes = Argument::terminal(expected)),
                got,
            );
        }
    }

    /// Waits until this many bytes have come on stdout, and expects that they repeat the block
    /// that the program was started with.
    #[track_caller]
    pub fn expect_copied(&self, total: u64) {
        self.log.step(message!(
            "wait for {count} bytes on stdout, all of them right",
            count = total
        ));
        let came = self.wait(|state| {
            (state.stdout.differs_at.is_some() || state.stdout.total >= total).then_some(())
        });
        let state = lock(&self.watched.state);
        let (differs_at, got) = (state.stdout.differs_at, state.stdout.total);
        drop(state);
        let expected = message!(
            "{count} bytes on stdout, the same as were sent",
            count = total
        );
        match differs_at {
            Some(at) => self
                .log
                .fail(expected, message!("another byte at position {at}", at)),
            None if came.is_none() || got != total => {
                self.log.fail(
                    expected,
                    message!("{count} bytes; {why}", count = got, why = self.why_not()),
                );
            }
            None => {}
        }
    }

    /// Waits for the end, and expects an exit status that is not 0.
    #[track_caller]
    pub fn expect_exit_failure(&self) {
        self.log
            .step(message!("wait for the exit, with a status that is not 0"));
        let expected = message!("the program exits with a status that is not 0");
        match self.wait_for_exit(&expected) {
            Exit::Status(status) if status != 0 => {}
            exit => self.log.fail(
                expected,
                message!("the program {exit}", exit = exit.describe()),
            ),
        }
    }

    /// Waits for the end, and expects this exit status.
    #[track_caller]
    pub fn expect_exit(&self, status: i32) {
        self.log
            .step(message!("wait for the exit, with status {status}", status));
        let expected = message!("the program exits with status {status}", status);
        let exit = self.wait_for_exit(&expected);
        if exit != Exit::Status(status) {
            let exit = exit.describe();
            self.log
                .fail(expected, message!("the program {exit}", exit));
        }
    }

    #[track_caller]
    fn wait_for_exit(&self, expected: &Message) -> Exit {
        let exit = |state: &State| state.exit.filter(|_| state.is_final());
        let found = self.wait(exit).or_else(|| {
            if !self.is_gone() {
                return None;
            }
            // The program has ended in time, and its sandbox is still being taken down: only the
            // sandbox tells how the program has ended.
            let down = self
                .log
                .for_sandbox(|deadline| self.watched.wait_until(deadline, exit));
            if down.is_none() {
                self.log.blame_machine();
            }
            down
        });
        match found {
            Some(exit) => exit,
            None => self.log.fail(
                expected.clone(),
                message!(
                    "it still runs, waited {patience}",
                    patience = self.log.patience()
                ),
            ),
        }
    }

    /// Expects that the program has not ended.
    #[track_caller]
    pub fn expect_running(&self) {
        self.log.step(message!("expect that it still runs"));
        if self.has_ended() {
            let exit = lock(&self.watched.state).exit;
            let got = exit.map_or_else(
                || message!("the program has ended"),
                |exit| message!("the program {exit}", exit = exit.describe()),
            );
            self.log.fail(message!("the program still runs"), got);
        }
    }

    /// Waits until the program is at rest, with this many connections in its accept queue
    /// (Linux only).
    #[track_caller]
    pub fn expect_accept_queue(&self, length: u32) {
        let queue = || {
            let sockets = self.sockets();
            let mut listeners = sockets.iter().filter(|s| s.state == kernel::State::Listen);
            listeners.next().map(|socket| socket.receive_queue)
        };
        self.log.wait_until(
            message!(
                "{count} connection(s) wait in the accept queue",
                count = length
            ),
            || (queue() == Some(length)).then_some(()),
            || match queue() {
                Some(length) => {
                    message!("the length of the accept queue is {length}", length).into()
                }
                None => message!("the program has no listener").into(),
            },
        );
    }
}

fn contains(stream: &str, text: &str) -> Message {
    message!("{stream}.contains({text})", stream, text)
}

/// What a predicate expects of a stream, as it describes itself, with the stream's name in
/// place of `var`, which is what the predicate calls its input.
fn in_words(predicate: &impl Predicate<str>, stream: &str) -> Message {
    let expectation = predicate.to_string().replacen("var", stream, 1);
    message!("{expectation}", expectation)
}
