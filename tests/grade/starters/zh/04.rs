//! 练习 04：不让任何客户端堵住队列。
//!
//! `exercise-04 ADDR` 一个接一个地服务客户端，并告诉每个客户端它的编号。客户端一直不说话，
//! 就断开它，让队列里的下一个得到服务。

use std::env;
use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, bail};
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: exercise-04 ADDR
  ADDR  IP:PORT to listen on, such as 127.0.0.1:9090 (IPv6: [::1]:9090)";

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).context(USAGE)?;
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;

    // 第 1 到 3 步：创建套接字、绑定、监听。
    let listener = listen(address).with_context(|| format!("cannot listen on {address}"))?;

    // TODO: 打印 `listening on` 和监听套接字的实际地址。

    // TODO: 第 4 步，永远循环：接受一个客户端，不管它后来怎么样，都计数。

    // TODO: 第 5 步，接收一次，最多 1024 字节，最多等 500 毫秒：见 `set_read_timeout`。
    // 超时会返回错误，Unix 上是 `WouldBlock`，Windows 上是 `TimedOut`。
    // 错误 `Interrupted` 只表示要再试一次。

    // TODO: 第 6 步，发送 `you are client N` 或 `timeout`；客户端什么都没发就离开的，
    // 什么都不发。然后是第 7 步，关闭这个客户端的套接字。

    // TODO: 客户端重置连接也是一个错误。它不能让循环结束。

    // 再删掉下面这行“还没有完成”。
    drop(listener);
    bail!("exercise-04 is not done yet: nobody was served on {address}");
}

/// 创建一个监听套接字。
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(socket.into())
}
