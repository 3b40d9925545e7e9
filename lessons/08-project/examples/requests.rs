//! A step of the project: lines with a limit. Each line is answered with its length.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

// ANCHOR: lines
/// The longest line, in bytes, without its `\n`. It is short, so that you can exceed it by hand.
const LONGEST: usize = 20;

/// Answers each line, until the client is offline or a line is too long.
fn answer_lines(stream: TcpStream) -> io::Result<()> {
    // One reader for the whole connection: it keeps what has come after the end of a line.
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        // `take` lets through so many bytes and then says that this is the end.
        let mut limited = reader.by_ref().take(LONGEST as u64 + 1);
        limited.read_until(b'\n', &mut line)?;
        if line.ends_with(b"\n") {
            let answer = format!("{} bytes\n", line.len() - 1);
            reader.get_mut().write_all(answer.as_bytes())?;
        } else if line.len() > LONGEST {
            return reader.get_mut().write_all(b"too long\n");
        } else {
            return Ok(()); // Offline: what there was of a line never got its end.
        }
    }
}
// ANCHOR_END: lines

fn main() -> io::Result<()> {
    // Steps 1 to 3 in one call: create, set SO_REUSEADDR (not on Windows), bind, listen.
    let listener = TcpListener::bind("127.0.0.1:9090")?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept()?;
        if let Err(error) = answer_lines(stream) {
            eprintln!("cannot serve client {peer}: {error}");
        }
    }
}
