//! Listens, serves nobody, and exits with 0 on the first signal.

use std::net::TcpListener;

use anyhow::Context;
#[cfg(unix)]
use signal_hook::{consts, iterator::Signals};

fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).context("no address")?;
    #[cfg(unix)]
    let mut signals = Signals::new([consts::SIGINT, consts::SIGTERM])?;
    #[cfg(windows)]
    let (signal, signals) = std::sync::mpsc::channel();
    #[cfg(windows)]
    ctrlc::set_handler(move || signal.send(()).unwrap_or_default())?;
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    #[cfg(unix)]
    signals.forever().next();
    #[cfg(windows)]
    signals.recv()?;
    Ok(())
}
