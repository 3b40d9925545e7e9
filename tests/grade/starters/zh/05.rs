//! 练习 05：聊天室。
//!
//! `exercise-05 [ADDR]` 把一个客户端的每一行转发给其他所有客户端。确切的要求见
//! `cargo grade task 05`。

use std::env;
use std::io;
use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, bail};
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: exercise-05 [ADDR]
  ADDR  IP:PORT to listen on, default 127.0.0.1:9090 (IPv6: [::1]:9090)";

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).unwrap_or("127.0.0.1:9090".into());
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;
    let listener = listen(address).with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;

    // TODO 1: 打印 `listening on ADDR`，在一个永不结束的循环里接受客户端。
    // TODO 2: 给每个客户端一个线程来接收。客户端首先收到 `welcome PEER\n`，
    //         PEER 是它自己的地址。
    // TODO 3: 维护一张所有线程都能访问的客户端列表。一个客户端的每一行，都以
    //         `PEER: LINE\n` 的形式发给其他所有客户端。一行可能分几段到达，
    //         也可能一次到达好几行。
    // TODO 4: 客户端下线时，把它从列表里去掉，并告诉其他客户端 `PEER left\n`。
    // TODO 5: 从不读取的客户端不能拖住其他客户端。向它发送迟早会阻塞：
    //         应该阻塞在哪个线程里？
    bail!("exercise-05 is not done yet: it could listen on {address}, and that is all");
}

/// 各课里的第 1 到 3 步：创建、绑定、监听。
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(socket.into())
}
