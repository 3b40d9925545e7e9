//! 练习 02：完整的问题。
//!
//! `exercise-02 ADDR` 监听，接受一个客户端，一直接收到客户端发完为止，再回复一共收到多少。
//! 网络上传输的文本用 GBK 编码。

use std::env;
use std::net::{SocketAddr, TcpListener};

use anyhow::{Context, bail};
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: exercise-02 ADDR
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

    // TODO: 第 4 步，接受一个客户端，打印 `client connected: PEER`。

    // TODO: 第 5 步，一直接收到客户端关闭发送方向为止：在那之前，无法知道后面还有没有
    // 数据。数据分成大小不定的几段到达，也可能一段都没有。

    // TODO: 把收到的全部数据一次解码，再数字符（`chars`）。

    // TODO: 第 6 步，发送 `C characters in B bytes`。

    // TODO: 第 7 步，关闭两个套接字。再删掉下面这行“还没有完成”。
    drop(listener);
    bail!("exercise-02 is not done yet: nobody was served on {address}");
}

/// 创建一个监听套接字。
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(socket.into())
}
