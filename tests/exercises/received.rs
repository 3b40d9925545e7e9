//! Receives until a connection ends in some way.

use harness::message::Message;
use harness::{acknowledge_at_once, is_timeout, message};
use std::io::{ErrorKind, Read};
use std::net::TcpStream;

/// What has come, and how it ended.
pub(crate) struct Received {
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// The end of the stream.
    Fin,
    Reset,
    /// No end in time.
    Nothing,
}

impl End {
    pub(crate) fn describe(self) -> Message {
        match self {
            End::Fin => message!("the end of the stream"),
            End::Reset => message!("a reset"),
            End::Nothing => message!("nothing more"),
        }
    }
}

/// Receives until the end.
pub(crate) fn read_to_end(stream: &mut TcpStream) -> Received {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    let end = loop {
        match stream.read(&mut buffer) {
            Ok(0) => break End::Fin,
            Ok(length) => {
                acknowledge_at_once(stream);
                bytes.extend_from_slice(&buffer[..length]);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) => break End::Nothing,
            Err(_) => break End::Reset,
        }
    };
    Received { bytes, end }
}
