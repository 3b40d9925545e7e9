//! Exercise 02 with mio: never waits for a socket, and keeps nothing but two numbers.

use std::io::{ErrorKind, Read, Write};

use anyhow::Context;
use encoding_rs::{CoderResult, Decoder, GBK};
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};

fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).context("no address")?;
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(8);
    let mut listener = TcpListener::bind(address.parse()?)?;
    let registry = poll.registry().try_clone()?;
    registry.register(&mut listener, Token(0), Interest::READABLE)?;
    println!("listening on {}", listener.local_addr()?);

    let (mut stream, peer) = loop {
        match listener.accept() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => wait(&mut poll, &mut events)?,
            accepted => break accepted?,
        }
    };
    println!("client connected: {peer}");
    registry.register(
        &mut stream,
        Token(1),
        Interest::READABLE.add(Interest::WRITABLE),
    )?;

    let mut decoder = GBK.new_decoder_without_bom_handling();
    let (mut characters, mut bytes) = (0, 0);
    let mut piece = [0; 500];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => {
                bytes += length;
                characters += count(&mut decoder, &piece[..length], false);
            }
            Err(error) => again(&error, &mut poll, &mut events)?,
        }
    }
    characters += count(&mut decoder, &[], true);

    let reply = format!("{characters} characters in {bytes} bytes");
    let mut rest = reply.as_bytes();
    while !rest.is_empty() {
        match stream.write(rest) {
            Ok(length) => rest = &rest[length..],
            Err(error) => again(&error, &mut poll, &mut events)?,
        }
    }
    Ok(())
}

/// Waits for news, after an error that only says that there are none.
fn again(error: &std::io::Error, poll: &mut Poll, events: &mut Events) -> anyhow::Result<()> {
    match error.kind() {
        ErrorKind::WouldBlock => wait(poll, events),
        ErrorKind::Interrupted => Ok(()),
        kind => anyhow::bail!("the connection is lost: {kind}"),
    }
}

fn wait(poll: &mut Poll, events: &mut Events) -> anyhow::Result<()> {
    match poll.poll(events, None) {
        Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
        polled => Ok(polled?),
    }
}

/// How many characters a piece completes.
fn count(decoder: &mut Decoder, mut piece: &[u8], last: bool) -> usize {
    let mut buffer = [0; 64];
    let mut characters = 0;
    loop {
        let (result, read, written, _) = decoder.decode_to_utf16(piece, &mut buffer, last);
        // No surrogates: GBK has no character outside of the first 65,536.
        characters += written;
        piece = &piece[read..];
        if result == CoderResult::InputEmpty {
            return characters;
        }
    }
}
