//! Exercise 06: a polite end, with tasks instead of threads.

use std::env;
use std::io;
use std::net::SocketAddr;
use std::process;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{ctrl_break, ctrl_c};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let address: SocketAddr = env::args().nth(1).unwrap_or_default().parse()?;
    #[cfg(unix)]
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    #[cfg(windows)]
    let (mut interrupt, mut terminate) = (ctrl_c()?, ctrl_break()?);
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);

    let (stop, stopped) = watch::channel(false);
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    clients.spawn(serve(stream, stopped.clone()));
                }
                Err(error) => {
                    eprintln!("cannot accept a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = clients.join_next() => {}
        }
    }
    drop(listener);
    stop.send_replace(true);
    let all = async { while clients.join_next().await.is_some() {} };
    // Who has not read until then never will.
    let _ = timeout(Duration::from_millis(300), all).await;
    process::exit(0);
}

async fn serve(mut stream: TcpStream, mut stopped: watch::Receiver<bool>) -> io::Result<()> {
    let mut buffer = vec![0; 65536];
    let mut echoed = false;
    loop {
        let length = tokio::select! {
            biased;
            length = stream.read(&mut buffer) => length?,
            _ = stopped.wait_for(|stopped| *stopped) => break,
        };
        if length == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..length]).await?;
        echoed = true;
        if *stopped.borrow() {
            break;
        }
    }
    if echoed {
        stream.write_all(b"server: goodbye\n").await?;
    }
    stream.shutdown().await
}
