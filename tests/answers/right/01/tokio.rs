//! Exercise 01 with tokio: sends and receives at once, and decodes as a stream.

use std::io::Write;
use std::process::ExitCode;

use encoding_rs::GBK;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(address), Some(message)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: exercise-01 ADDR MESSAGE");
        return ExitCode::from(2);
    };
    match talk(&address, &message).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("no answer from {address}: {error}");
            ExitCode::from(3)
        }
    }
}

async fn talk(address: &str, message: &str) -> std::io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    let (bytes, _, unencodable) = GBK.encode(message);
    if unencodable {
        return Err(std::io::Error::other("this is not for GBK"));
    }
    let (mut receiving, mut sending) = stream.into_split();
    let send = async {
        sending.write_all(&bytes).await?;
        sending.shutdown().await
    };
    let receive = async {
        let mut decoder = GBK.new_decoder_without_bom_handling();
        let mut stdout = std::io::stdout().lock();
        let mut piece = [0; 777];
        loop {
            let length = receiving.read(&mut piece).await?;
            let mut text = String::with_capacity(4096);
            let (_, _, _) = decoder.decode_to_string(&piece[..length], &mut text, length == 0);
            stdout.write_all(text.as_bytes())?;
            if length == 0 {
                stdout.write_all(b"\n")?;
                return stdout.flush();
            }
        }
    };
    tokio::try_join!(send, receive)?;
    Ok(())
}
