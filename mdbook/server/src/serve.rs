//! Serves the book on this machine, and rebuilds it when a file that it is made of is saved.
//!
//! Each language is built into its own temporary folder. A new build replaces the old one when it
//! is complete, so that no reader ever sees half a book. A build that fails changes nothing.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::future::{IntoFuture, pending};
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use axum::Router;
use axum::extract::ws::{Message, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use notify::{PollWatcher, RecommendedWatcher, RecursiveMode, Watcher};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use tower::ServiceExt;
use tower_http::compression::CompressionLayer;
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::run;
use crate::site::{Language, Source};

/// How long a save may take: an editor writes, renames and deletes several files for one.
const SETTLE: Duration = Duration::from_millis(50);

/// How often all files are looked at. This notices a save where there are no file events: in a
/// mounted Windows folder under WSL, in a container, on a network share.
const POLL: Duration = Duration::from_secs(2);

/// The newest build of a language. It is deleted when nobody reads it any more.
type Build = Arc<TempDir>;

/// Builds the book and serves it on 127.0.0.1 until Ctrl-C, rebuilding what changes.
///
/// Takes the next free port if `port` is in use; 0 asks the kernel for one. `limit` is the time
/// limit of a session that a page runs with the reader's code.
///
/// # Errors
///
/// If there is no free port, or the first build fails.
pub fn run(source: &Source, port: u16, open: bool, limit: Duration) -> anyhow::Result<()> {
    Runtime::new()?.block_on(async {
        tokio::select! {
            served = serve(source, port, open, limit) => served,
            asked = stop() => Ok(asked?),
        }
    })
}

async fn serve(source: &Source, port: u16, open: bool, limit: Duration) -> anyhow::Result<()> {
    let listener = listen(port).await?;
    let address = listener.local_addr()?;
    // Before anything is built: what is saved from now on is noticed.
    let (notice, changes) = mpsc::unbounded_channel();
    let watched = watch_files(source, notice);
    let [english, chinese] = Language::ALL.map(|language| build(source.clone(), language));
    let (english, chinese) = tokio::try_join!(english, chinese)?;
    let (english, chinese) = (watch::Sender::new(english), watch::Sender::new(chinese));
    let runs = run::routes(source.workspace(), limit);
    let site = site(english.subscribe(), chinese.subscribe(), runs);

    println!(
        "The book is at http://{address}/ (English) and http://{address}/zh-CN/ (中文). \
         Ctrl-C ends it."
    );
    if open && let Err(error) = open::that_detached(format!("http://{address}/")) {
        eprintln!("cannot open a browser: {error}");
    }
    tokio::select! {
        served = axum::serve(listener, site).into_future() => served?,
        () = rebuild(source, watched, changes, &english, &chinese) => {}
    }
    Ok(())
}

/// Listens on `port` or the next one that is free, and says so.
async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    for candidate in port..=u16::MAX {
        match TcpListener::bind((Ipv4Addr::LOCALHOST, candidate)).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                println!("Port {candidate} is in use: trying the next one.");
            }
            other => {
                return other.with_context(|| format!("cannot listen on 127.0.0.1:{candidate}"));
            }
        }
    }
    anyhow::bail!("no port from {port} on is free")
}

/// Returns when the reader wants the server to end.
async fn stop() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            asked = tokio::signal::ctrl_c() => asked,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// The routes of both languages, for readers on this machine only.
fn site(english: watch::Receiver<Build>, chinese: watch::Receiver<Build>, runs: Router) -> Router {
    let path = Language::Chinese.path();
    pages(english)
        .merge(runs)
        .route(
            path.trim_end_matches('/'),
            get(move || async move { Redirect::permanent(path) }),
        )
        .nest(path, pages(chinese))
        // As every host of static pages does: it is a third of the size.
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn(only_this_machine))
        // A page may change at any moment: the browser has to ask.
        .layer(SetResponseHeaderLayer::overriding(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache"),
        ))
}

/// The routes of a language.
fn pages(build: watch::Receiver<Build>) -> Router {
    Router::new()
        .route("/live-reload", get(live_reload))
        .fallback(page)
        .with_state(build)
}

/// A file of the newest build. `ServeDir` lets no path out of it.
async fn page(State(build): State<watch::Receiver<Build>>, request: Request) -> impl IntoResponse {
    let build = Arc::clone(&build.borrow());
    let missing = ServeFile::new(build.path().join("404.html"));
    ServeDir::new(build.path())
        .not_found_service(missing)
        .oneshot(request)
        .await
}

/// Tells a page to reload when there is a newer build. The page's side is mdBook's.
async fn live_reload(
    State(mut build): State<watch::Receiver<Build>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    build.mark_unchanged();
    upgrade.on_upgrade(|mut page| async move {
        tokio::select! {
            Ok(()) = build.changed() => {
                // If the page is gone, there is nobody to tell.
                page.send(Message::text("reload")).await.ok();
            }
            // The page never says anything: it has been left.
            _ = page.recv() => {}
        }
    })
}

/// Refuses requests that a foreign page sends here under another host name (DNS rebinding).
async fn only_this_machine(request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST);
    let name = host.and_then(|host| host.to_str().ok()).map(|host| {
        host.rsplit_once(':')
            .map_or(host, |(name, _port)| name)
            .to_ascii_lowercase()
    });
    match name.as_deref() {
        Some("127.0.0.1" | "localhost") => next.run(request).await,
        _ => (StatusCode::FORBIDDEN, "The book is at http://127.0.0.1").into_response(),
    }
}

/// Builds a language into a new folder.
async fn build(source: Source, language: Language) -> anyhow::Result<Build> {
    tokio::task::spawn_blocking(move || {
        let folder = TempDir::with_prefix("book-").context("cannot make a temporary folder")?;
        source.build(language, folder.path())?;
        Ok(Arc::new(folder))
    })
    .await?
}

/// Builds the concerned languages again at each change, for ever.
async fn rebuild(
    source: &Source,
    watched: anyhow::Result<Watchers>,
    mut changes: mpsc::UnboundedReceiver<PathBuf>,
    english: &watch::Sender<Build>,
    chinese: &watch::Sender<Build>,
) {
    let watchers = match watched {
        Ok(watched) => watched,
        Err(error) => {
            eprintln!("Changes will not be noticed: {error:#}");
            return pending().await;
        }
    };
    while let Some(first) = changes.recv().await {
        tokio::time::sleep(SETTLE).await;
        let mut files = vec![first];
        while let Ok(next) = changes.try_recv() {
            files.push(next);
        }
        let is_concerned = |language| {
            files
                .iter()
                .any(|file| concerns(&watchers.workspace, file, language))
        };
        tokio::join!(
            replace(source, Language::English, english, is_concerned),
            replace(source, Language::Chinese, chinese, is_concerned),
        );
    }
}

/// Watches for changes until it is dropped.
struct Watchers {
    /// The path of the workspace, as it begins the paths of changes.
    workspace: PathBuf,
    /// `None` if the system has no file events, or no more of them.
    _events: Option<RecommendedWatcher>,
    _poll: PollWatcher,
}

/// Starts to watch the files that the book is made from.
fn watch_files(
    source: &Source,
    notice: mpsc::UnboundedSender<PathBuf>,
) -> anyhow::Result<Watchers> {
    let workspace = source.workspace().canonicalize()?;
    let handler = move |event: notify::Result<notify::Event>| {
        // A build reads: that is no change.
        if let Ok(event) = event
            && !event.kind.is_access()
        {
            for path in event.paths {
                // Fails when the server ends.
                notice.send(path).ok();
            }
        }
    };
    let polling = notify::Config::default().with_poll_interval(POLL);
    let mut poll = PollWatcher::new(handler.clone(), polling)?;
    watch_folders(&mut poll, &workspace)?;
    let events = notify::recommended_watcher(handler).and_then(|mut events| {
        watch_folders(&mut events, &workspace)?;
        Ok(events)
    });
    Ok(Watchers {
        workspace,
        _events: events.ok(),
        _poll: poll,
    })
}

fn watch_folders(watcher: &mut impl Watcher, workspace: &Path) -> notify::Result<()> {
    for folder in ["mdbook", "lessons"] {
        watcher.watch(&workspace.join(folder), RecursiveMode::Recursive)?;
    }
    Ok(())
}

/// Whether a change to a file may change the build of a language.
fn concerns(workspace: &Path, file: &Path, language: Language) -> bool {
    let Ok(file) = file.strip_prefix(workspace) else {
        return false;
    };
    let mut parts = file.iter().filter_map(|part| part.to_str());
    match (parts.next(), parts.next()) {
        (Some("lessons"), _) => !parts.any(|part| part == "target" || part == "__pycache__"),
        (Some("mdbook"), Some("book.toml" | "theme" | "sessions" | "differences" | "teachers")) => {
            true
        }
        (Some("mdbook"), Some(folder)) => folder == language.source(),
        _ => false,
    }
}

/// Builds a language again if a change concerns it, and replaces the old build if that succeeds.
async fn replace(
    source: &Source,
    language: Language,
    current: &watch::Sender<Build>,
    is_concerned: impl Fn(Language) -> bool,
) {
    if !is_concerned(language) {
        return;
    }
    let start = Instant::now();
    match build(source.clone(), language).await {
        Ok(new) => {
            // Saving an exercise, which no chapter shows, must not disturb a reader.
            if !is_same(current.borrow().path(), new.path()).unwrap_or(false) {
                current.send_replace(new);
                let took = start.elapsed().as_millis();
                println!("Rebuilt the book in {} in {took} ms.", language.name());
            }
        }
        Err(error) => eprintln!("The book stays as it was: {error:#}"),
    }
}

/// Whether two folders have the same files with the same contents.
fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    if !one.is_dir() || !other.is_dir() {
        return Ok(fs::read(one)? == fs::read(other)?);
    }
    let names = |folder| -> io::Result<BTreeSet<OsString>> {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.file_name()))
            .collect()
    };
    let inside = names(one)?;
    if inside != names(other)? {
        return Ok(false);
    }
    for name in inside {
        if !is_same(&one.join(&name), &other.join(&name))? {
            return Ok(false);
        }
    }
    Ok(true)
}
