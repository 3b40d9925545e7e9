//! Runs a check once more to record its packets.

use super::Rubric;
use crate::exercise::Check;
use crate::failed::Because;
use crate::outcome::Result;
use crate::recording::{Gap, Packets, Recording, recorder};
use crate::sandbox::Sandbox;
use harness::{Verdict, message};
use std::path::Path;
use std::time::Duration;

/// How often a check is run until all its packets have been recorded.
const ATTEMPTS: usize = 3;

impl Rubric {
    /// Runs a check once more in a network of its own, and records its packets. For the sandbox,
    /// the folder and the program, see [`Rubric::grade_in`].
    ///
    /// # Errors
    ///
    /// If the check cannot be started at all. Where the packets cannot be recorded, the recording
    /// says why.
    pub fn record_in(
        &self,
        sandbox: &Sandbox,
        folder: &Path,
        program: &[String],
        check: &Check,
    ) -> anyhow::Result<Recording> {
        let program = sandbox.place(folder, program)?;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let recording = self.record_once(sandbox, folder, &program, check)?;
            let has_lost = matches!(recording.packets.gap, Some(Gap::Lost(..)));
            if !has_lost || attempts == ATTEMPTS {
                return Ok(recording);
            }
        }
    }

    fn record_once(
        &self,
        sandbox: &Sandbox,
        folder: &Path,
        program: &[String],
        check: &Check,
    ) -> anyhow::Result<Recording> {
        let temporary = tempfile::TempDir::with_prefix("grade-wire-")
            .because(|| message!("cannot make a folder"))?;
        let file = temporary.path().join("packets");
        let isolation = sandbox.recorded(folder, recorder(&file)?);
        let results = self.run_all(
            &[(check, Duration::ZERO)],
            program,
            &|| isolation.clone(),
            &|_: &Result| (),
        )?;
        let result = results.into_iter().next();
        let result = result.because(|| message!("a check has no result"))?;
        let packets = Packets::read(&file);
        Ok(Recording {
            check: check.name.clone(),
            passed: result.passed(),
            packets: match result.verdict {
                // What went over the wire is not what the program does.
                Verdict::NotGradable(why) if packets.gap.is_none() => Packets::none(why),
                _ => packets,
            },
        })
    }
}
