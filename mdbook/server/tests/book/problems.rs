//! Collects what is wrong, so that one run tells all of it.

use std::fmt::Display;

/// What a test has found wrong so far.
#[derive(Default)]
pub(crate) struct Problems(Vec<String>);

impl Problems {
    /// Adds what is wrong at a place: a file, or a file and a line, `FILE:LINE`.
    pub(crate) fn add(&mut self, place: impl Display, what: impl Display) {
        self.0.push(format!("{place}: {what}"));
    }

    /// Ends the test: with all that was found and how to mend it, if anything was.
    #[track_caller]
    pub(crate) fn assert_none(self, cure: &str) {
        let Self(problems) = self;
        let count = problems.len();
        assert!(
            problems.is_empty(),
            "{count} problem(s):\n  {}\nTo mend it: {cure}",
            problems.join("\n  ")
        );
    }
}
