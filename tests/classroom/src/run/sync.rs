//! What the threads of a grading share.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks a mutex, also where a thread has panicked while it had it: its values are changed in
/// one step, and are whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The first error of several threads.
#[derive(Default)]
pub(super) struct FirstError(Mutex<Option<anyhow::Error>>);

impl FirstError {
    /// Keeps an error, if it is the first one. Returns whether there has been none at all.
    pub(super) fn note(&self, result: anyhow::Result<()>) -> bool {
        let mut first = lock(&self.0);
        if let Err(error) = result {
            first.get_or_insert(error);
        }
        first.is_none()
    }

    /// The error, if there was one.
    pub(super) fn into_result(self) -> anyhow::Result<()> {
        let first = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        first.map_or(Ok(()), Err)
    }
}
