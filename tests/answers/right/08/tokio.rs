//! Exercise 08: a server of your own, with tasks instead of threads.

use std::collections::HashMap;
use std::env;
use std::io;
use std::net::SocketAddr;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
#[cfg(windows)]
use tokio::signal::windows::{ctrl_break, ctrl_c};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const LONGEST: usize = 4096;

type Store = Arc<Mutex<HashMap<Vec<u8>, Vec<u8>>>>;

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

    let store = Store::default();
    let room = Arc::new(Semaphore::new(100));
    let (stop, stopped) = watch::channel(false);
    let mut clients = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (store, stopped) = (Arc::clone(&store), stopped.clone());
                    let permit = Arc::clone(&room).try_acquire_owned();
                    clients.spawn(async move {
                        match permit {
                            Ok(permit) => {
                                let served = serve(stream, &store, stopped).await;
                                drop(permit);
                                served
                            }
                            Err(_) => refuse(stream).await,
                        }
                    });
                }
                Err(error) => {
                    eprintln!("cannot accept a connection: {error}");
                    sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = clients.join_next() => {}
        }
    }
    drop(listener);
    stop.send_replace(true);
    let all = async { while clients.join_next().await.is_some() {} };
    // Who has not read until then never will.
    let _ = timeout(Duration::from_secs(1), all).await;
    process::exit(0);
}

async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(b"ERROR too many clients\n").await
}

async fn serve(
    mut stream: TcpStream,
    store: &Store,
    mut stopped: watch::Receiver<bool>,
) -> io::Result<()> {
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut reader).take(LONGEST as u64 + 1);
        tokio::select! {
            biased;
            received = limited.read_until(b'\n', &mut line) => received?,
            _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
        };
        if line.pop_if(|byte| *byte == b'\n').is_some() {
            let answer = answer(store, &line);
            writer.write_all(&answer).await?;
        } else if line.len() > LONGEST {
            return writer.write_all(b"ERROR too long\n").await;
        } else {
            return Ok(());
        }
    }
}

fn answer(store: &Store, line: &[u8]) -> Vec<u8> {
    let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let words: Vec<&[u8]> = line.splitn(3, |&byte| byte == b' ').collect();
    match words[..] {
        [b"SET", key, value] if !key.is_empty() => {
            store.insert(key.to_vec(), value.to_vec());
            b"OK\n".to_vec()
        }
        [b"GET", key] if !key.is_empty() => match store.get(key) {
            Some(value) => [b"VALUE ", &value[..], b"\n"].concat(),
            None => b"NONE\n".to_vec(),
        },
        [b"DEL", key] if !key.is_empty() => match store.remove(key) {
            Some(_) => b"OK\n".to_vec(),
            None => b"NONE\n".to_vec(),
        },
        [b"COUNT"] => format!("{}\n", store.len()).into_bytes(),
        _ => b"ERROR what?\n".to_vec(),
    }
}
