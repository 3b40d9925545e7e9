//! Exercise 07: both ways at once, with two tasks.

use std::env;
use std::net::SocketAddr;
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt, stdin, stdout};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// True when stdin has ended. It is set before the server learns of it, which may end at once.
static STDIN_HAS_ENDED: AtomicBool = AtomicBool::new(false);

#[tokio::main]
async fn main() {
    let status = match run().await {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("exercise-07: {error:#}");
            1
        }
    };
    // A read of stdin cannot be called off: the runtime would wait for it.
    process::exit(status);
}

async fn run() -> anyhow::Result<()> {
    let address: SocketAddr = env::args().nth(1).unwrap_or_default().parse()?;
    let stream = TcpStream::connect(address)
        .await
        .with_context(|| format!("cannot connect to {address}"))?;
    let (receiving, sending) = stream.into_split();
    let mut up = tokio::spawn(up(sending));
    let mut down = tokio::spawn(down(receiving));
    tokio::select! {
        sent = &mut up => {
            // Held until the other direction is done: when it is dropped, nothing is sent.
            let _sending = sent?.context("cannot send stdin")?;
            down.await?.context("cannot print what the server sends")
        }
        received = &mut down => {
            received?.context("cannot print what the server sends")?;
            if STDIN_HAS_ENDED.load(Ordering::SeqCst) {
                up.await?.context("cannot send stdin")?;
                return Ok(());
            }
            bail!("{address} has ended the connection before the end of stdin")
        }
    }
}

async fn up(mut sending: OwnedWriteHalf) -> anyhow::Result<OwnedWriteHalf> {
    let mut stdin = stdin();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = stdin.read(&mut buffer).await?;
        if length == 0 {
            STDIN_HAS_ENDED.store(true, Ordering::SeqCst);
            sending.shutdown().await?;
            return Ok(sending);
        }
        sending.write_all(&buffer[..length]).await?;
    }
}

async fn down(mut receiving: OwnedReadHalf) -> anyhow::Result<()> {
    let mut stdout = stdout();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = receiving.read(&mut buffer).await?;
        if length == 0 {
            return Ok(());
        }
        stdout.write_all(&buffer[..length]).await?;
        stdout.flush().await?;
    }
}
