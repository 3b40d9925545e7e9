//! *Run it with my code*: a page can have a session of the book run with the lessons as they are
//! now.
//!
//! This starts programs on the reader's machine, so only a page of this server may ask for it,
//! and only for a session of the book, by its name. One runs at a time, in a process of its own
//! (`book mine NAME`), which is ended at the limit with all that it has started.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::{Path as Name, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use harness::ProcessGroup;
use tokio::sync::{Semaphore, oneshot};

use crate::sessions;

/// How long the compiler may take: the first time it builds other people's crates, too.
const BUILD_LIMIT: Duration = Duration::from_secs(180);

/// What that process prints when the lessons have been built.
pub(crate) const BUILT: &str = "built";

/// The state that all requests share.
struct Runner {
    workspace: PathBuf,
    limit: Duration,
    /// Why no session can be run here.
    why_not: Option<String>,
    /// Held while a session runs.
    turn: Arc<Semaphore>,
}

/// The routes by which a page asks whether sessions can be run here, and runs one.
pub(crate) fn routes(workspace: &Path, limit: Duration) -> Router {
    let runner = Runner {
        workspace: workspace.to_path_buf(),
        limit,
        why_not: sessions::why_not(),
        turn: Arc::new(Semaphore::new(1)),
    };
    Router::new()
        .route("/sessions", get(tell))
        .route("/sessions/{name}", post(run))
        .with_state(Arc::new(runner))
}

/// Answers whether sessions can be run here, and if not, why.
async fn tell(State(runner): State<Arc<Runner>>) -> Response {
    json(&serde_json::json!({ "whyNot": runner.why_not }))
}

/// Runs a session.
async fn run(
    State(runner): State<Arc<Runner>>,
    Name(name): Name<String>,
    headers: HeaderMap,
) -> Response {
    if !is_own_page(&headers) {
        return (StatusCode::FORBIDDEN, "only a page of this book may ask").into_response();
    }
    if runner.why_not.is_some() {
        return (StatusCode::NOT_IMPLEMENTED, "not on this machine").into_response();
    }
    // What a page sends is compared with the names, and never made part of a path.
    let names = sessions::names_in(&runner.workspace).unwrap_or_default();
    if !names.contains(&name) {
        return (StatusCode::NOT_FOUND, "no such session").into_response();
    }
    let Ok(turn) = Arc::clone(&runner.turn).try_acquire_owned() else {
        return (StatusCode::CONFLICT, "another session is running").into_response();
    };
    let (workspace, limit) = (runner.workspace.clone(), runner.limit);
    // A thread of its own: the server does not wait for it when it ends, and it has its turn
    // until the session has ended, although the page may have been left.
    let (sender, ran) = oneshot::channel();
    thread::spawn(move || {
        let answer = run_to_end(&workspace, &name, limit);
        drop(turn);
        // Fails when the page has been left.
        let _ = sender.send(answer);
    });
    let answer = ran.await.map_err(anyhow::Error::from).flatten();
    let failed = |error: anyhow::Error| serde_json::json!({ "failed": format!("{error:#}") });
    json(&answer.unwrap_or_else(failed))
}

fn json(value: &serde_json::Value) -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        value.to_string(),
    )
        .into_response()
}

/// Whether a request comes from a page of this server: its origin is the server that it is sent
/// to, and the browser's Fetch metadata, which no page can set, agree. The host has been checked
/// before.
fn is_own_page(headers: &HeaderMap) -> bool {
    let value = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = value("origin").and_then(|origin| origin.strip_prefix("http://"));
    let host = value("host");
    host.is_some() && origin == host && value("sec-fetch-site") == Some("same-origin")
}

/// Runs a session in a separate process, and returns the outcome that it prints. All processes that
/// it has started are ended.
fn run_to_end(workspace: &Path, name: &str, limit: Duration) -> anyhow::Result<serde_json::Value> {
    let book = std::env::current_exe().context("cannot find the program `book`")?;
    let mut command = Command::new(book);
    command
        .args(["mine", name])
        .current_dir(workspace)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let (family, mut child) = ProcessGroup::start(&mut command).context("cannot start `book`")?;
    let mut errors = child.stderr.take().context("it has no stderr")?;
    let errors = thread::spawn(move || {
        let mut text = String::new();
        let _ = errors.read_to_string(&mut text);
        text
    });
    let lines = watch(child.stdout.take().context("it has no stdout")?);
    let mut line = lines.recv_timeout(BUILD_LIMIT);
    let is_built = line.as_deref() == Ok(BUILT);
    if is_built {
        line = lines.recv_timeout(limit);
    }
    family.end(&mut child).context("cannot end `book`")?;
    match line {
        Ok(line) => serde_json::from_str(&line).context("cannot understand what `book` says"),
        // The page says it in the reader's language.
        Err(RecvTimeoutError::Timeout) => {
            let limit = if is_built { limit } else { BUILD_LIMIT };
            Ok(serde_json::json!({ "late": limit.as_secs() }))
        }
        Err(RecvTimeoutError::Disconnected) => {
            let errors = errors.join().unwrap_or_default();
            anyhow::bail!("{}", errors.trim().trim_start_matches("cargo book: "))
        }
    }
}

/// The lines that a process prints.
fn watch(stdout: ChildStdout) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        let lines = BufReader::new(stdout).lines().map_while(Result::ok);
        for line in lines {
            // Fails when nobody waits for it any more.
            let _ = sender.send(line);
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| {
            let name = header::HeaderName::from_static(name);
            (name, header::HeaderValue::from_static(value))
        });
        is_own_page(&headers.collect())
    }

    #[test]
    fn only_a_page_of_the_same_origin_is_allowed() {
        let host = ("host", "127.0.0.1:3000");
        let origin = ("origin", "http://127.0.0.1:3000");
        let site = ("sec-fetch-site", "same-origin");
        assert!(is_allowed(&[host, origin, site]));
        assert!(!is_allowed(&[host, origin]));
        assert!(!is_allowed(&[host, site]));
        assert!(!is_allowed(&[origin, site]));
        assert!(!is_allowed(&[site]));
        for origin in [
            "null",
            "http://127.0.0.1:3001",
            "https://127.0.0.1:3000",
            "http://localhost:3000",
        ] {
            assert!(!is_allowed(&[host, ("origin", origin), site]), "{origin}");
        }
        for site in ["same-site", "cross-site", "none", ""] {
            assert!(
                !is_allowed(&[host, origin, ("sec-fetch-site", site)]),
                "{site}"
            );
        }
    }
}
