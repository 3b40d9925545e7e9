//! 练习 03：立刻重启。
//!
//! `exercise-03 ADDR` 服务一个客户端就结束。立刻重启，还能用原来的端口。如果这个端口上有别的
//! 服务器在监听，就等它结束，最多等一秒。

use std::env;
use std::net::SocketAddr;

use anyhow::{Context, bail};

const USAGE: &str = "usage: exercise-03 ADDR
  ADDR  IP:PORT to listen on, such as 127.0.0.1:9090 (IPv6: [::1]:9090)";

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).context(USAGE)?;
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;

    // TODO: 第 1 步，创建套接字。第 1b 步，在 bind 之前设置选项：端口上只剩旧连接时，有了
    // 这个选项就还能绑定。不要设置别的选项。

    // TODO: 第 2 步，绑定地址；第 3 步，监听。

    // TODO: 只有地址被占用时，才在 stderr 上说一次 `waiting for ADDR`，再从第 1 步重试。
    // 一秒之后仍被占用，就说明地址 `in use`，然后结束。

    // TODO: 打印 `listening on` 和监听套接字的实际地址。

    // TODO: 第 4 步，接受一个客户端，打印 `client connected: PEER`。

    // TODO: 第 5 步，接收一次，最多 1024 字节，打印 `PEER sent "TEXT"`：按 GBK 解码，并且
    // 转义（`{:?}`）。流已经结束或者连接被重置，因而什么都没收到时，打印
    // `client offline: PEER`，不发送回复。

    // TODO: 第 6 步，发送 `server: hello, client!`。

    // TODO: 第 7 步，关闭两个套接字。再删掉下面这行“还没有完成”。
    bail!("exercise-03 is not done yet: it does not listen on {address}");
}
