//! Exercise 04 with the standard library alone: a client's socket never blocks, and is
//! asked again and again.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::sleep;
use std::time::{Duration, Instant};

fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_default();
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    let mut number = 0;
    for stream in listener.incoming() {
        let served = stream.and_then(|stream| {
            number += 1;
            serve(stream, number)
        });
        if let Err(error) = served {
            eprintln!("client {number}: {error}");
            sleep(Duration::from_millis(20));
        }
    }
    Ok(())
}

fn serve(mut stream: TcpStream, number: usize) -> std::io::Result<()> {
    stream.set_nonblocking(true)?;
    let deadline = Instant::now() + Duration::from_millis(500);
    let mut message = [0; 1024];
    let reply = loop {
        match stream.read(&mut message) {
            Ok(0) => return Ok(()),
            Ok(_) => break format!("you are client {number}"),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if Instant::now() > deadline {
                    break "timeout".to_string();
                }
                sleep(Duration::from_millis(2));
            }
            Err(error) => return Err(error),
        }
    };
    stream.set_nonblocking(false)?;
    stream.write_all(reply.as_bytes())
}
