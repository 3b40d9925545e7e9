//! Exercise 04 with tokio, on one thread.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_default();
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    for number in 1_u64.. {
        let stream = loop {
            match listener.accept().await {
                Ok((stream, _)) => break stream,
                Err(error) => eprintln!("cannot accept: {error}"),
            }
            sleep(Duration::from_millis(100)).await;
        };
        if let Err(error) = serve(stream, number).await {
            eprintln!("client {number}: {error}");
        }
    }
    Ok(())
}

async fn serve(mut stream: TcpStream, number: u64) -> std::io::Result<()> {
    let mut message = [0; 1024];
    match timeout(Duration::from_millis(500), stream.read(&mut message)).await {
        Err(_) => stream.write_all(b"timeout").await,
        Ok(Ok(0)) => Ok(()),
        Ok(Ok(_)) => {
            let reply = format!("you are client {number}");
            stream.write_all(reply.as_bytes()).await
        }
        Ok(Err(error)) => Err(error),
    }
}
