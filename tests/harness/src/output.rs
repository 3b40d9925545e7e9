//! The output of a program, which is always drained, and kept up to a cap.

use std::io::Read;

/// How many bytes of each stream are kept. The rest is read, counted and dropped, so
/// that a program that floods its stdout neither blocks nor uses up our memory.
pub(crate) const CAP: usize = 1 << 20;

/// One of a program's two output streams, so far.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// The first bytes, [`CAP`] at most.
    pub(crate) kept: Vec<u8>,
    /// How many bytes were read in total.
    pub(crate) total: u64,
    /// Whether the stream has ended: no process holds its write end any more.
    pub(crate) ended: bool,
    /// The block that the stream should repeat; empty if nothing is expected of the stream.
    pub(crate) block: Vec<u8>,
    /// The offset of the first byte that differs from the repeated block.
    pub(crate) differs_at: Option<u64>,
}

impl Output {
    /// Adds bytes that were read, and returns whether any of them are kept.
    fn add(&mut self, bytes: &[u8]) -> bool {
        let room = (CAP - self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(&bytes[..room]);
        let news = room > 0 || !self.block.is_empty();
        if !self.block.is_empty() && self.differs_at.is_none() {
            self.differs_at = first_difference(&self.block, self.total, bytes);
        }
        self.total += bytes.len() as u64;
        news
    }

    /// The complete lines among the kept bytes, without their `\n`.
    pub(crate) fn lines(&self) -> Vec<String> {
        let Some(end) = self.kept.iter().rposition(|&byte| byte == b'\n') else {
            return Vec::new();
        };
        let whole = self.kept[..end].split(|&byte| byte == b'\n');
        whole
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect()
    }

    /// The kept bytes as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.kept).into_owned()
    }
}

/// The offset at which a piece of a stream, which begins at `from`, is not the repeated block.
fn first_difference(block: &[u8], from: u64, mut piece: &[u8]) -> Option<u64> {
    let mut at = from;
    while !piece.is_empty() {
        // The remainder is less than the length of a slice.
        let start = usize::try_from(at % block.len() as u64).ok()?;
        let length = piece.len().min(block.len() - start);
        let (now, rest) = piece.split_at(length);
        let expected = &block[start..start + length];
        if now != expected {
            let same = now.iter().zip(expected).take_while(|(a, b)| a == b).count();
            return Some(at + same as u64);
        }
        at += length as u64;
        piece = rest;
    }
    None
}

/// Reads a stream to its end, and passes on each change of its [`Output`].
pub(crate) fn drain(mut stream: impl Read, change: impl Fn(&dyn Fn(&mut Output) -> bool)) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => change(&|output| output.add(&buffer[..length])),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            // A pipe that cannot be read any more has ended.
            Err(_) => break,
        }
    }
    change(&|output| {
        output.ended = true;
        true
    });
}
