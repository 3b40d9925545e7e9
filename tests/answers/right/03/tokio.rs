//! Exercise 03 with tokio.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::ExitCode;

use encoding_rs::GBK;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};

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

#[tokio::main]
async fn main() -> ExitCode {
    let Some(Ok(address)) = std::env::args().nth(1).map(|address| address.parse()) else {
        eprintln!("usage: exercise-03 ADDR");
        return ExitCode::from(2);
    };
    let listener = match listen(address) {
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
