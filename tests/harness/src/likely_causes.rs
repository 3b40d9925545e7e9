//! The likely causes of failures: well-known mistakes, which are recognised by their symptoms.
//!
//! A cause is named only where the mistake fits the symptoms; a wrong one is worse than none.
//! (The hint of a check is another thing: it is written in `exercise.toml`, and is always the
//! same.)

use crate::kernel::{self, State};
use crate::message;
use crate::message::{Message, Party};
use crate::text;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

/// Why a program has not printed that it is listening.
pub(crate) fn not_listening(process: u32, stdout: &str, stderr: &str) -> Option<Message> {
    if let Some(&address) = kernel::listeners_of(process).first() {
        return Some(if stdout.is_empty() {
            message!(
                "The program does listen, on {address}, but the line has not come. Print \
                 `listening on {address}` and flush stdout.",
                address
            )
        } else {
            message!(
                "The program does listen, on {address}, but the line has not come. Print \
                 `listening on {address}` and flush stdout, and end it with a newline.",
                address
            )
        });
    }
    let address = words(stderr).find_map(|word| word.parse::<SocketAddr>().ok())?;
    let sockets = kernel::sockets_of_port(address.port());
    let count = |state| {
        sockets
            .iter()
            .filter(|socket| socket.state == state)
            .count()
    };
    if count(State::Listen) > 0 {
        let port = address.port();
        return Some(message!("Another program listens on port {port}.", port));
    }
    match count(State::TimeWait) {
        0 => None,
        old => Some(message!(
            "Nobody listens on port {port}, but {old} old connection(s) of it are in TIME_WAIT: \
             the kernel keeps the port for them. SO_REUSEADDR, set before bind, gives it to a new \
             listener all the same. (Both the old server and the new one must set it.)",
            port = address.port(),
            old
        )),
    }
}

/// Why a program has not found a file or a module, if that is what its stderr says. Only a check has
/// an empty folder.
pub(crate) fn in_an_empty_folder(stderr: &str) -> Option<Message> {
    let symptoms = [
        "No module named",
        "can't open file",
        "No such file or directory",
    ];
    let is_so = symptoms.iter().any(|symptom| stderr.contains(symptom));
    is_so.then(|| {
        message!(
            "The program runs in an empty folder. A file or folder that is a word of the command \
             is found all the same; what is named inside a word (`sh -c`) or in the program \
             itself, or by `-m`, is not: name it by its whole path, or set PYTHONPATH with `env`."
        )
    })
}

/// Why no client can connect to an address that a program has printed.
pub(crate) fn no_port(address: SocketAddr) -> Option<Message> {
    (address.port() == 0).then(|| {
        message!("Port 0 is no port: it asks the kernel to choose one. Print the address that the listener \
         really has (`local_addr`, `getsockname`). The other checks need this line, too: mend it first.")
    })
}

/// Why a program has not received all that was sent, if it still received a moment ago.
pub(crate) fn slow(since_progress: Duration) -> Option<Message> {
    (since_progress < Duration::from_millis(500)).then(|| {
        message!(
            "The program was still receiving, but too slowly. Does it copy all that it has for each \
             new piece, as `bytes += piece` does in Python? Collect the pieces, and join them once."
        )
    })
}

/// Why a connection that the test still wants to use is gone.
pub(crate) fn not_connected(error: &io::Error) -> Option<Message> {
    (error.kind() == ErrorKind::NotConnected).then(|| {
        message!("The program has closed the connection, or shut down both halves of it. Where it only has \
         no more to send, it shuts down its sending half, and that alone (`Shutdown::Write`, \
         `SHUT_WR`).")
    })
}

/// The words of a text, without the punctuation around them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace()
        .map(|word| word.trim_matches([',', ';', '"', '\'', '(', ')']))
        .map(
            // A colon may end a word in an error message; inside an address it must stay.
            |word| word.strip_suffix(':').unwrap_or(word),
        )
}

/// Why there is no reply on a connection, as far as the kernel can tell.
pub(crate) fn no_reply(client: &Party, local: SocketAddr, remote: SocketAddr) -> Option<Message> {
    let sockets = kernel::sockets_of_port(remote.port());
    let end = sockets
        .iter()
        .find(|socket| socket.local == remote && socket.remote == local)?;
    let listens = sockets.iter().any(|socket| socket.state == State::Listen);
    // A socket that no process holds has not been accepted yet, unless it is closed already.
    let open = matches!(end.state, State::Established | State::CloseWait);
    if listens && open && end.inode == 0 {
        return Some(message!(
            "The connection of {client} waits in the accept queue: the program has not accepted \
             it. Does the loop that accepts serve a client itself, or wait for a thread (join) \
             before it accepts the next client?",
            client
        ));
    }
    if end.receive_queue > 0 {
        return Some(message!(
            "{count} byte(s) that {client} sent are in the receive buffer of the program, which \
             has not received them. Does it receive only once, or is it busy with something else?",
            count = end.receive_queue,
            client
        ));
    }
    None
}

/// Why the bytes of a reply are wrong.
pub(crate) fn reply(expected: &[u8], got: &[u8]) -> Option<Message> {
    let text = text::from_gbk(expected);
    // A prefix is enough: the comparison stops at the first byte that differs.
    if !expected.is_ascii() && !got.is_empty() && text.as_bytes().starts_with(got) {
        return Some(message!(
            "These are the bytes of UTF-8. The text on the wire is GBK."
        ));
    }
    if expected.starts_with(got) && !got.is_empty() {
        return Some(message!(
            "This is only a part. Send again until all is sent (`write_all`), and receive until \
             all has come: one receive returns what is there, not all that was sent."
        ));
    }
    None
}

/// Why a line on stdout is wrong. `name` is what the transcript calls the client at an address.
pub(crate) fn line(
    expected: &str,
    got: &[String],
    server: Option<SocketAddr>,
    name: impl FnOnce(SocketAddr) -> Party,
) -> Option<Message> {
    let wrong_codec = gibberish(expected);
    for line in got {
        if wrong_codec
            .as_deref()
            .is_some_and(|wrong| line.contains(wrong))
        {
            return Some(message!(
                "GBK bytes were decoded as UTF-8. Decode what comes from the network as GBK."
            ));
        }
        let part = line
            .strip_suffix('"')
            .filter(|part| part.contains(" sent \""));
        if part.is_some_and(|part| expected.starts_with(part)) {
            return Some(message!(
                "This is only a part of what was sent. One receive returns what has come so far: \
                 receive again until all is there."
            ));
        }
    }
    if expected.contains("\\u{1b}") && got.iter().any(|line| line.contains('\u{1b}')) {
        return Some(message!(
            "The program printed the raw byte 1b, which is shown here as {shown}: it has not \
             escaped what came. Print it with {format}.",
            shown = "`\\u{1b}`",
            format = "`{:?}`"
        ));
    }
    if let Some(cause) = got.iter().find_map(|line| printed(line)) {
        return (!expected.contains('\u{fffd}')).then_some(cause);
    }
    // A line about a client that the program has not even accepted.
    let client = words(expected).find_map(|word| word.parse::<SocketAddr>().ok())?;
    no_reply(&name(client), client, server?)
}

/// How the text of a line looks if its GBK bytes are decoded as UTF-8.
fn gibberish(line: &str) -> Option<String> {
    let foreign: String = line
        .chars()
        .filter(|c| !c.is_ascii() && *c != '\u{fffd}')
        .collect();
    if foreign.is_empty() {
        return None;
    }
    Some(String::from_utf8_lossy(&text::gbk(&foreign)).into_owned())
}

/// Why printed text contains replacement characters.
pub(crate) fn printed(text: &str) -> Option<Message> {
    text.contains('\u{fffd}').then(|| {
        message!("There is a U+FFFD in it: bytes that were not understood. Is the text decoded as GBK, and \
         only when all of a character is there? A receive may end in the middle of one.")
    })
}
