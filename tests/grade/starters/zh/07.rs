//! 练习 07：双向同时收发。
//!
//! `exercise-07 ADDR` 把 stdin 复制给服务器，同时把服务器发来的复制到 stdout。确切的要求见
//! `cargo grade task 07`。

use std::env;
use std::net::SocketAddr;

use anyhow::{Context, bail};

const USAGE: &str = "usage: exercise-07 ADDR
  ADDR  IP:PORT of the server, such as 127.0.0.1:9090 (IPv6: [::1]:9090)";

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).unwrap_or_default();
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;

    // TODO 1: 连接。
    // TODO 2: 在一个单独的线程里：stdin 来了什么就立刻发送什么，内容不限。stdin 结束时，
    //         关闭发送方向，也只关闭这个方向。
    // TODO 3: 与此同时，在主线程里：服务器发来什么就立刻打印什么（stdout 自己有缓冲区），
    //         直到服务器结束连接。
    // TODO 4: 一切顺利时才以状态 0 退出。连接丢失（RST），或者服务器在 stdin 结束之前就
    //         结束了连接，都是错误：在 stderr 上说明。
    bail!("exercise-07 is not done yet: it would connect to {address}");
}
