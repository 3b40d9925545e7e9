//! Messages with their length in front. Both ends are in this program.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

// ANCHOR: send
/// The longest message, in bytes.
const LONGEST: u32 = 65_536;

fn send(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    if length > LONGEST {
        return Err(too_long(length));
    }
    // Four bytes for the length, the most significant one first, then the message.
    let mut frame = length.to_be_bytes().to_vec();
    frame.extend_from_slice(message);
    stream.write_all(&frame)
}
// ANCHOR_END: send

// ANCHOR: receive
/// Returns nothing where the stream has ended between two messages.
fn receive(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut head = [0; 4];
    if stream.read(&mut head[..1])? == 0 {
        return Ok(None);
    }
    // `read_exact` receives until the piece is full. An end before that is an error.
    stream.read_exact(&mut head[1..])?;
    let length = u32::from_be_bytes(head);
    // Before memory is taken for it: the number comes from a stranger.
    if length > LONGEST {
        return Err(too_long(length));
    }
    let mut message = vec![0; length as usize];
    stream.read_exact(&mut message)?;
    Ok(Some(message))
}
// ANCHOR_END: receive

fn too_long(length: u32) -> io::Error {
    let what = format!("a message of {length} bytes: {LONGEST} at most");
    io::Error::new(ErrorKind::InvalidData, what)
}

fn show_all(stream: &mut TcpStream) {
    loop {
        match receive(stream) {
            Ok(Some(message)) => println!("a message: \"{}\"", message.escape_ascii()),
            Ok(None) => return println!("the end, between two messages"),
            Err(error) => return println!("an error: {error}"),
        }
    }
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let connect = || -> io::Result<_> {
        let client = TcpStream::connect(listener.local_addr()?)?;
        Ok((client, listener.accept()?.0))
    };

    let (mut client, mut server) = connect()?;
    for message in ["one", "", "two\nlines"] {
        send(&mut client, message.as_bytes())?;
    }
    client.shutdown(Shutdown::Write)?;
    show_all(&mut server);

    // A stranger, who does not know the protocol.
    let (mut client, mut server) = connect()?;
    client.write_all(b"GET / HTTP/1.1\r\n")?;
    show_all(&mut server);

    // A client that ends in the middle of a message.
    let (mut client, mut server) = connect()?;
    client.write_all(&[0, 0, 0, 5, b'h', b'e'])?;
    client.shutdown(Shutdown::Write)?;
    show_all(&mut server);
    Ok(())
}
