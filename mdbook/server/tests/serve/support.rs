//! A small book of the tests' own, and a server of it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;
use tungstenite::WebSocket;

/// Only a server that is wrong makes a test wait so long.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

pub(crate) const SUMMARY: &str = "# Summary\n\n- [One](one.md)\n- [Two](two.md)\n";

/// What no page may ever show.
pub(crate) const SECRET: &str = "nobody may read this";

/// A workspace with a book of two chapters.
pub(crate) struct Workspace(TempDir);

impl Workspace {
    pub(crate) fn new() -> Workspace {
        let workspace = Workspace(TempDir::new().expect("a temporary folder"));
        let real = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let theme = real.join("theme");
        copy(&theme, &workspace.path("mdbook/theme"));
        for source in ["src", "zh-CN"] {
            let text = |name: &str| format!("mdbook/{source}/{name}");
            workspace.write(&text("SUMMARY.md"), SUMMARY);
            workspace.write(
                &text("one.md"),
                "# One\n\n{{#include ../../lessons/one.rs:it}}\n",
            );
            workspace.write(&text("two.md"), "# Two\n");
        }
        for config in ["book.toml", "zh-CN/book.toml"] {
            let to = workspace.path("mdbook").join(config);
            fs::copy(real.join(config), to).expect("book.toml");
        }
        let code = "// ANCHOR: it\nfn one() {}\n// ANCHOR_END: it\n";
        workspace.write("lessons/one.rs", code);
        workspace.write("secret.txt", SECRET);
        workspace.write("tmp/secret.txt", SECRET);
        workspace
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// `cargo book` as cargo starts it, in a folder that has nothing to do with the book.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_book"));
        command
            .current_dir(self.path("tmp"))
            // Where a build is while it is served: beside a secret.
            .env("TMPDIR", self.path("tmp"))
            .arg("--workspace")
            .arg(self.0.path());
        command
    }

    /// Runs `cargo book build` and returns whether it succeeded, and what it said.
    pub(crate) fn build(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = self.command();
        let output = command.arg("build").args(arguments).output();
        let output = output.expect("cargo book runs");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        (output.status.success(), said)
    }

    pub(crate) fn serve(&self, arguments: &[&str]) -> Server {
        Server::start(self.command().args(arguments))
    }
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry").path();
        let to = to.join(entry.file_name().expect("a name"));
        if entry.is_dir() {
            copy(&entry, &to);
        } else {
            fs::copy(entry, to).expect("a copy");
        }
    }
}

/// A running `cargo book`, which ends with the test.
pub(crate) struct Server {
    pub(crate) child: Child,
    said: Receiver<String>,
    pub(crate) address: SocketAddr,
    /// What it said until it was there.
    pub(crate) greeting: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Server {
    /// Starts `cargo book`, and waits until it is there.
    pub(crate) fn start(command: &mut Command) -> Server {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("cargo book starts");
        let (sender, said) = channel();
        let streams: [Box<dyn Read + Send>; 2] = [
            Box::new(child.stdout.take().expect("stdout")),
            Box::new(child.stderr.take().expect("stderr")),
        ];
        for stream in streams {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    sender.send(line).ok();
                }
            });
        }
        let mut server = Server {
            child,
            said,
            address: ([127, 0, 0, 1], 0).into(),
            greeting: String::new(),
        };
        server.greeting = server.expect("The book is at http://");
        let mut words = server.greeting.split(['/', ' ']);
        let address = words.find_map(|word| word.parse().ok());
        server.address = address.unwrap_or_else(|| panic!("no address: {}", server.greeting));
        server
    }

    /// Waits for a line that contains `part`, and returns what was said up to it.
    pub(crate) fn expect(&self, part: &str) -> String {
        let mut said = String::new();
        while let Ok(line) = self.said.recv_timeout(LIMIT) {
            said.push_str(&line);
            said.push('\n');
            if line.contains(part) {
                return said;
            }
        }
        panic!("cargo book did not say {part:?}, but:\n{said}");
    }

    /// Sends a request as it is written here, and returns the whole answer.
    pub(crate) fn ask(&self, request: &str, host: &str) -> String {
        self.ask_with::<&str>(request, host, &[])
    }

    /// The same with more headers.
    pub(crate) fn ask_with<T: AsRef<str>>(
        &self,
        request: &str,
        host: &str,
        more: &[(&str, T)],
    ) -> String {
        let mut answer = Vec::new();
        let mut stream = self.send(request, host, more);
        stream.read_to_end(&mut answer).expect("an answer");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Sends a request with these headers, and does not wait for the answer.
    pub(crate) fn send<T: AsRef<str>>(
        &self,
        request: &str,
        host: &str,
        more: &[(&str, T)],
    ) -> TcpStream {
        let mut stream = self.connect();
        let more = more
            .iter()
            .map(|(name, value)| [*name, ": ", value.as_ref(), "\r\n"].concat());
        let more: String = more.collect();
        write!(
            stream,
            "{request} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n"
        )
        .expect("the request goes out");
        stream
    }

    pub(crate) fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path}"), &self.address.to_string())
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("the server is there");
        stream.set_read_timeout(Some(LIMIT)).expect("a limit");
        stream
    }

    /// Waits as a page does for what the server has to say.
    pub(crate) fn live_reload(&self, path: &str) -> WebSocket<TcpStream> {
        let url = format!("ws://{}{path}live-reload", self.address);
        let (socket, _) = tungstenite::client(url, self.connect()).expect("a web socket");
        socket
    }
}

pub(crate) fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

/// The names in a folder, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names: BTreeSet<String> = names.filter_map(|name| name.into_string().ok()).collect();
    names.into_iter().collect()
}
