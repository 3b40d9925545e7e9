//! What a program prints: always drained, kept up to a cap.

use std::io::Read;

/// How many bytes of each stream are kept. The rest is read, counted and let go, so
/// that a program that floods its stdout neither blocks nor eats our memory.
pub(crate) const CAP: usize = 1 << 20;

/// One of a program's two output streams, so far.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// The first bytes, [`CAP`] at most.
    pub(crate) kept: Vec<u8>,
    /// How many bytes came in all.
    pub(crate) total: u64,
    /// Whether the stream has ended: nobody holds its other end any more.
    pub(crate) ended: bool,
}

impl Output {
    /// Adds what has come, and returns whether any of it is kept.
    fn add(&mut self, bytes: &[u8]) -> bool {
        let room = (CAP - self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(&bytes[..room]);
        self.total += bytes.len() as u64;
        room > 0
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

/// Reads a stream to its end, and hands on each change of its [`Output`].
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
