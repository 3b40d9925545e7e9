//! Exercise 03 with tokio.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use encoding_rs::GBK;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::{sleep, timeout};

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1)
}

/// Tries again for a second where the address is in use.
async fn listen_patiently(address: SocketAddr) -> std::io::Result<TcpListener> {
    let is_in_use = |tried: &std::io::Result<TcpListener>| matches!(tried, Err(error) if error.kind() == ErrorKind::AddrInUse);
    let first = listen(address);
    if !is_in_use(&first) {
        return first;
    }
    eprintln!("waiting for {address}");
    let tries = async {
        loop {
            sleep(Duration::from_millis(100)).await;
            let next = listen(address);
            if !is_in_use(&next) {
                return next;
            }
        }
    };
    timeout(Duration::from_secs(1), tries)
        .await
        .unwrap_or(first)
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(Ok(address)) = std::env::args().nth(1).map(|address| address.parse()) else {
        eprintln!("usage: exercise-03 ADDR");
        return ExitCode::from(2);
    };
    let listener = match listen_patiently(address).await {
        Ok(listener) => listener,
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            eprintln!("{address} is in use");
            return ExitCode::from(3);
        }
        Err(error) => {
            eprintln!("{address}: {error}");
            return ExitCode::from(4);
        }
    };
    match serve(&listener).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the client was not served: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(listener: &TcpListener) -> std::io::Result<()> {
    println!("listening on {}", listener.local_addr()?);
    let (mut stream, peer) = listener.accept().await?;
    println!("client connected: {peer}");
    let mut message = vec![0; 1024];
    // A reset is as good as an end.
    let length = stream.read(&mut message).await.unwrap_or(0);
    if length == 0 {
        println!("client offline: {peer}");
        return Ok(());
    }
    let text = GBK.decode_without_bom_handling(&message[..length]).0;
    println!("{peer} sent {text:?}");
    stream.write_all(b"server: hello, client!").await
}
