//! 练习 06：礼貌地结束。
//!
//! `exercise-06 [ADDR]` 把收到的字节发回去，结束之前先道别。确切的要求见
//! `cargo grade task 06`。

use std::env;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use anyhow::{Context, bail};
#[cfg(unix)]
use signal_hook::{consts, iterator::Signals};
use socket2::{Domain, Socket, Type};

const USAGE: &str = "usage: exercise-06 [ADDR]
  ADDR  IP:PORT to listen on, default 127.0.0.1:9090 (IPv6: [::1]:9090)";

/// 是否按过 Ctrl-C。
static STOPPING: AtomicBool = AtomicBool::new(false);

fn main() -> anyhow::Result<()> {
    let argument = env::args_os().nth(1).unwrap_or("127.0.0.1:9090".into());
    let argument = argument.to_string_lossy();
    let address: SocketAddr = argument
        .parse()
        .with_context(|| format!("cannot use {argument:?} as an address\n{USAGE}"))?;
    let listener = listen(address).with_context(|| format!("cannot listen on {address}"))?;
    let address = listener.local_addr()?;
    stop_on_ctrl_c(address)?;

    // TODO 1: 打印 `listening on ADDR`，循环接受客户端，直到 STOPPING 被设置。
    // TODO 2: 给每个客户端一个线程，把收到的字节全部发回去。
    // TODO 3: 收到信号之后，关闭监听套接字；只要向客户端发回过数据，就先把从它收到的
    //         全部发回，再发送 `server: goodbye\n`。阻塞在 `read` 上的线程要先唤醒：
    //         在另一个线程里，用哪个调用能做到？
    // TODO 4: 在 2 秒之内以状态 0 结束，客户端不说话或者从不读取时也一样。
    bail!("exercise-06 is not done yet: it could listen on {address}, and that is all");
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

/// 让 Ctrl-C（SIGINT，或 SIGTERM）结束循环，第二次则立即结束进程。
fn stop_on_ctrl_c(mut address: SocketAddr) -> anyhow::Result<()> {
    // 信号唤不醒阻塞在 `accept` 上的线程，要靠一个连接来唤醒。套接字现在就创建：
    // 以后可能没有文件描述符可用了。
    let waker = Socket::new(Domain::for_address(address), Type::STREAM, None)
        .context("cannot create a socket")?;
    // 设为非阻塞：`connect` 如果等待，就来不及处理下一个信号。
    let no_handler = "cannot set a handler for Ctrl-C";
    waker.set_nonblocking(true).context(no_handler)?;
    // 在所有地址上监听的套接字，用回环地址就能连上。（不是每个系统都能连接 0.0.0.0。）
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    let stop = move || {
        if STOPPING.swap(true, SeqCst) {
            std::process::exit(130); // 第二次收到信号。130 是 128 + SIGINT，和 shell 一样。
        }
        // 没有本地端口可用时会失败，那就等下一个客户端来唤醒 `accept`。
        let _ = waker.connect(&address.into());
    };

    // 信号交给一个专门的线程：在信号处理函数里，几乎什么都不能做。
    #[cfg(windows)]
    ctrlc::set_handler(stop).context(no_handler)?;
    #[cfg(unix)]
    let mut signals = Signals::new([consts::SIGINT, consts::SIGTERM]).context(no_handler)?;
    #[cfg(unix)]
    std::thread::Builder::new()
        .spawn(move || signals.forever().for_each(|_| stop()))
        .context(no_handler)?;
    Ok(())
}
