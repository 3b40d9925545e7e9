//! Runs checks once more that may have failed because of the machine.

use super::Rubric;
use crate::outcome::{Outcome, Result};
use crate::sandbox::Isolation;
use harness::check::CHECK_LIMIT;
use harness::{HeldUp, Processors, Verdict, message};
use std::time::Duration;

/// A failed check that was delayed for this long may have failed because of the delay.
const STARVED: HeldUp = HeldUp::Waiting(Duration::from_secs(1));

/// A machine is busy if other programs take this much of its processors' time, in per cent. With
/// less, a program that starves itself with its own threads would count as starved by others.
const BUSY: u32 = 30;

impl Rubric {
    /// Runs those checks once more that were not run properly, or that have failed while the
    /// machine let them wait for a processor or for their sandbox: the other work of a machine must
    /// not decide whether a program passes. A time limit that the task sets, such as to end within
    /// 2 s, is never extended.
    ///
    /// Without a sandbox the checks get more time, and nothing is repeated for waiting if other
    /// programs leave the machine alone. In a class most of the load comes from the programs of
    /// other students, so a repeated check runs while none of those runs, in the usual time: a
    /// program that starves itself gains nothing. Where no check was done in time, the program
    /// may just hang; then one check shows whether it is worth while to repeat the others.
    ///
    /// With a busy loop on each core, two checks of a slow answer to exercise 07 came out otherwise
    /// without this; with it none of 1,290, also with three compilations at a time.
    pub(super) fn repeat_doubtful<T>(
        &self,
        outcome: &mut Outcome,
        program: &[String],
        isolation: &(impl Fn() -> Isolation + Sync),
        alone: impl FnOnce() -> T,
    ) -> anyhow::Result<()> {
        let is_sandboxed = !isolation().command.is_empty();
        let may_wait = is_sandboxed || outcome.taken_by_others >= BUSY;
        let all_late = outcome.results.iter().all(|result| result.is_late);
        // Do not add just the time that a check had to wait: it will have to wait again.
        let more = if is_sandboxed {
            Duration::ZERO
        } else {
            2 * CHECK_LIMIT
        };
        let first = outcome.results.clone();
        let doubtful = first.iter().filter(|result| is_doubtful(result, may_wait));
        let checks: Vec<_> = doubtful.map(|result| (&result.check, more)).collect();
        if checks.is_empty() {
            return Ok(());
        }
        let _alone = alone();
        let processors = Processors::measure();
        let trial = usize::from(is_sandboxed && all_late);
        let mut again = self.run_all(&checks[..trial], program, isolation, &|_: &Result| ())?;
        if !again.iter().any(is_late_by_itself) {
            again.extend(self.run_all(&checks[trial..], program, isolation, &|_: &Result| ())?);
        }
        let taken = processors.taken_by_others();
        for mut again in again {
            if !is_sandboxed && taken >= BUSY && has_only_waited(&again) {
                again.verdict = Verdict::NotGradable(message!(
                    "the machine is busy: other programs take {percent} % of its processors",
                    percent = taken
                ));
            }
            let mut results = outcome.results.iter_mut();
            if let Some(result) = results.find(|result| result.check.name == again.check.name) {
                *result = again;
            }
        }
        outcome.taken_by_others = outcome.taken_by_others.max(taken);
        Ok(())
    }
}

/// Whether a check has run out of time although it had to wait for little of it.
fn is_late_by_itself(result: &Result) -> bool {
    result.is_late && !has_only_waited(result)
}

/// Whether a check was not run properly, or has failed after waiting for a processor, if that
/// counts.
fn is_doubtful(result: &Result, may_wait: bool) -> bool {
    match &result.verdict {
        Verdict::Passed | Verdict::NotChecked(_) => false,
        Verdict::NotGradable(_) => true,
        Verdict::Failed(_) => match result.held_up {
            HeldUp::ByTheMachine => true,
            waiting @ HeldUp::Waiting(_) => may_wait && waiting >= STARVED,
        },
    }
}

/// Whether a check ran out of time, and had waited for a processor for most of it.
fn has_only_waited(result: &Result) -> bool {
    let is_most = match result.held_up {
        HeldUp::ByTheMachine => true,
        HeldUp::Waiting(waited) => 2 * waited >= result.took,
    };
    result.failure().is_some() && result.is_late && is_most
}
