//! Fingerprints: a short text that differs where what it was made of differs.

use crate::hash::hexadecimal;
use sha2::{Digest, Sha256};

/// The SHA-256 of a list of byte strings, which are added one after the other.
#[derive(Default)]
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    /// Adds a byte string, with its length before it: no two lists make the same bytes.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    /// The fingerprint of all that was added, in hexadecimal digits.
    pub(crate) fn finish(self) -> String {
        hexadecimal(&self.0.finalize())
    }
}
