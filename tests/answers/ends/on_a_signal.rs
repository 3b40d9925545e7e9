//! Listens, serves nobody, and exits with 0 on the first signal.

use std::net::TcpListener;

use anyhow::Context;
use signal_hook::{consts, iterator::Signals};

fn main() -> anyhow::Result<()> {
    let address = std::env::args().nth(1).context("no address")?;
    let mut signals = Signals::new([consts::SIGINT, consts::SIGTERM])?;
    let listener = TcpListener::bind(address)?;
    println!("listening on {}", listener.local_addr()?);
    signals.forever().next();
    Ok(())
}
