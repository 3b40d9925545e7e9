//! Copies bytes from stdin to stdout, as they come, in capitals.

use std::io::{self, Read, Write};

fn main() -> io::Result<()> {
    let mut buffer = [0; 1024];
    // ANCHOR: copy
    loop {
        // It returns what is there, as a receive does, and 0 at the end of stdin.
        let length = io::stdin().read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        buffer[..length].make_ascii_uppercase();
        io::stdout().write_all(&buffer[..length])?;
        // stdout keeps what comes after the last newline until it is told to write it.
        io::stdout().flush()?;
    }
    // ANCHOR_END: copy
}
