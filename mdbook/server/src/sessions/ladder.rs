//! The packets of a session, recorded while it runs.

use std::time::Duration;

use anyhow::Context;
use wire::{Capture, Line, Wire};

/// Stands in the error of a recording that lacks packets, which is made again.
pub(super) const LOST: &str = "packets were lost while they were recorded";

/// How long no packet may come at the end of a session: a FIN may be acknowledged 40 ms after it.
const QUIET: Duration = Duration::from_millis(100);

/// How long that is waited for: a connection may never be quiet.
const LIMIT: Duration = Duration::from_secs(2);

/// What goes over the wire while a session runs.
pub(super) struct Recording {
    capture: Capture,
    wire: Wire,
    told: usize,
}

impl Recording {
    /// Begins to record what goes over the wire in this network namespace.
    ///
    /// # Errors
    ///
    /// If that is not allowed.
    pub(super) fn start() -> anyhow::Result<Self> {
        let capture = Capture::start().context("cannot record what goes over the wire")?;
        Ok(Self {
            capture,
            wire: Wire::default(),
            told: 0,
        })
    }

    /// The lines of the packets that have come since the last call.
    pub(super) fn lines(&mut self) -> Vec<Line> {
        let packets = self.capture.packets();
        let new = &packets[self.told..];
        self.told = packets.len();
        self.wire.lines(new)
    }

    /// Waits until no more packets come, and returns the lines of those that have.
    ///
    /// # Errors
    ///
    /// With [`LOST`] if packets are missing.
    pub(super) fn finish(mut self) -> anyhow::Result<Vec<Line>> {
        self.capture.wait_for_quiet(QUIET, LIMIT);
        let lines = self.lines();
        match self.wire.lost() {
            None => Ok(lines),
            Some(connection) => Err(anyhow::anyhow!("{LOST}: between {connection}")),
        }
    }
}
