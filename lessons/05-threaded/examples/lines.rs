//! Lines from a stream, and none longer than a limit. Both ends are in this program.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

// ANCHOR: lines
/// The longest line that we take, in bytes, without its `\n`.
const LONGEST: usize = 16;

fn print_lines(stream: TcpStream) -> io::Result<()> {
    // It keeps what has come after a line until that is asked for.
    let mut reader = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        // It receives until there is a `\n`, or one byte too many, or the end of the stream.
        let mut limited = reader.by_ref().take(LONGEST as u64 + 1);
        limited.read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(());
        }
        if line.ends_with(b"\n") {
            println!("a line: {}", line.escape_ascii());
        } else if line.len() > LONGEST {
            println!("more than {LONGEST} bytes without an end: we close");
            return Ok(());
        } else {
            println!("the last one, without an end: {}", line.escape_ascii());
        }
    }
}
// ANCHOR_END: lines

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;

    let mut client = TcpStream::connect(address)?;
    let (stream, _) = listener.accept()?;
    for piece in ["hel", "lo\nsecond\nthi", "rd"] {
        client.write_all(piece.as_bytes())?;
    }
    drop(client);
    print_lines(stream)?;

    let mut client = TcpStream::connect(address)?;
    let (stream, _) = listener.accept()?;
    client.write_all(&[b'x'; 1000])?;
    print_lines(stream)
}
