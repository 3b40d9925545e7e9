//! 练习 01：完整的回答。
//!
//! `exercise-01 ADDR MESSAGE` 发送消息，告诉服务器自己发完了，一直接收到服务器也发完为止，
//! 再打印完整的回答。网络上传输的文本用 GBK 编码。

use std::env;
use std::net::SocketAddr;

use anyhow::{Context, bail};

const USAGE: &str = "usage: exercise-01 ADDR MESSAGE
  ADDR     IP:PORT of the server, such as 127.0.0.1:9090 (IPv6: [::1]:9090)
  MESSAGE  what to send; it may be empty";

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).context(USAGE)?;
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;
    let message = env::args_os().nth(2).context(USAGE)?;
    let message = message.to_string_lossy();

    // TODO: 用 GBK 编码消息。GBK 编码不了的，说明原因，一个字节也不发送。

    // TODO: 第 1 步，创建套接字；第 2 步，连接。
    // 失败时，说明当时在做什么、用的是哪个地址。

    // TODO: 第 3 步，发送整条消息。然后告诉服务器不会再有数据，免得它继续等：
    // 关闭发送方向，也只关闭这个方向。

    // TODO: 第 4 步，一直接收到流的末尾。回答会分成大小不定的几段到达，
    // 一段的末尾可能正好在一个字符中间。

    // TODO: 解码回答并打印。空的回答也是回答。

    // TODO: 第 5 步，关闭。再删掉下面这行“还没有完成”。
    bail!("exercise-01 is not done yet: {message:?} was not sent to {address}");
}
