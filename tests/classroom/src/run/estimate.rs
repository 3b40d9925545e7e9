//! How long the rest of a class will take.

use std::time::Duration;

/// What is known of a run so far. Exercises are counted that are graded this time, and not students:
/// who is graded as before takes no time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Estimate {
    /// How many submissions there are.
    pub submissions: usize,
    /// How many of them have been read, and how many exercises of these are to be graded.
    pub opened: usize,
    /// How many exercises of these are to be graded.
    pub exercises: usize,
    /// How many exercises have been begun.
    pub started: usize,
    /// How many are done.
    pub done: usize,
}

impl Estimate {
    /// How long it will take from now on, after a run of this time; `None` as long as nothing is
    /// known.
    ///
    /// Submissions that have not been read have as many exercises to grade as the others in the
    /// mean, and an exercise that is being graded is half done: else the first one to be done would
    /// have to stand for all those beside it.
    pub fn left(&self, elapsed: Duration) -> Option<Duration> {
        if self.done == 0 && self.started == 0 {
            let is_over = self.submissions == self.opened && self.exercises == 0;
            return is_over.then_some(Duration::ZERO);
        }
        let to_open = self.submissions.saturating_sub(self.opened);
        let per_submission = number(self.exercises) / number(self.opened).max(1.0);
        let all = number(self.exercises) + number(to_open) * per_submission;
        let running = self.started.saturating_sub(self.done);
        let done = number(self.done) + number(running) / 2.0;
        let left = (all - done).max(0.0);
        Some(elapsed.mul_f64(left / done))
    }
}

/// A count as a number to divide by.
fn number(count: usize) -> f64 {
    // A class has less than four thousand million exercises.
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
