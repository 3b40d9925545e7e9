//! Two hosts of a session: network namespaces, joined by the forwarder of the package `wire`.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use anyhow::{Context, ensure};
use harness::ProcessGroup;
use regex::{Captures, Regex};
use wire::Forwarder;

/// The first line of a session with two hosts.
static LAYOUT: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"(?x)^
        terminals?\ (?<terminals_1>\d(?:\ and\ \d)*)\ on\ (?<address_1>[\d.]+),\ 
        terminals?\ (?<terminals_2>\d(?:\ and\ \d)*)\ on\ (?<address_2>[\d.]+),\ 
        (?<delay>\d+)\ ms\ apart(?:,\ (?<queue>\d+)\ packets\ at\ a\ time)?$";
    Regex::new(pattern).expect("the pattern is right")
});

/// A packet that the wire is to lose.
static LOST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^packet (\d+) with data is lost$").expect("the pattern is right")
});

/// How many packets may be on their way in each direction where the session does not say.
const QUEUE: usize = 1000;

/// A change of the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// There are these hosts.
    Hosts(Layout),
    /// The packet with this number, counted from 1 among those with data, is lost.
    Lose(u32),
    /// Nothing arrives any more.
    Pull,
    /// The router between the hosts lets no packet of earlier connections through.
    Forget,
}

/// Which terminals are on which host, and how far the hosts are apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Layout {
    text: String,
    terminals: [Vec<u8>; 2],
    addresses: [Ipv4Addr; 2],
    delay: Duration,
    queue: usize,
}

impl Change {
    /// Reads a sentence; `None` if it is not one of the known ones.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "the cable is pulled" => return Some(Self::Pull),
            "the router forgets its connections" => return Some(Self::Forget),
            _ => {}
        }
        if let Some(found) = LOST.captures(text) {
            let number = found[1].parse().ok();
            return number.filter(|number| *number > 0).map(Self::Lose);
        }
        LAYOUT
            .captures(text)
            .and_then(|found| Layout::of(&found))
            .map(Self::Hosts)
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hosts(layout) => f.write_str(&layout.text),
            Self::Lose(number) => write!(f, "packet {number} with data is lost"),
            Self::Pull => f.write_str("the cable is pulled"),
            Self::Forget => f.write_str("the router forgets its connections"),
        }
    }
}

impl Layout {
    fn of(found: &Captures<'_>) -> Option<Self> {
        let terminals = |text: &str| {
            let numbers = text.split(" and ").map(str::parse);
            numbers.collect::<Result<Vec<u8>, _>>().ok()
        };
        let queue = found.name("queue");
        Some(Self {
            text: found[0].to_string(),
            terminals: [
                terminals(&found["terminals_1"])?,
                terminals(&found["terminals_2"])?,
            ],
            addresses: [
                found["address_1"].parse().ok()?,
                found["address_2"].parse().ok()?,
            ],
            delay: Duration::from_millis(found["delay"].parse().ok()?),
            queue: queue.map_or(Some(QUEUE), |queue| queue.as_str().parse().ok())?,
        })
    }
}

/// The hosts of a running session, and the forwarder between them.
pub(super) struct Network {
    layout: Layout,
    hosts: [Host; 2],
    forwarder: Arc<Forwarder>,
}

/// A network namespace, which exists as long as this process.
struct Host {
    _family: ProcessGroup,
    holder: Child,
}

impl Network {
    /// Makes the hosts, and joins them.
    ///
    /// # Errors
    ///
    /// If that is not possible here, with what `ip` says.
    pub(super) fn start(layout: &Layout) -> anyhow::Result<Self> {
        let hosts = [Host::start()?, Host::start()?];
        let names = ["wire1", "wire2"];
        for (index, (host, name)) in hosts.iter().zip(names).enumerate() {
            host.plug_in(name, index, layout)?;
        }
        let forwarder = Forwarder::start(names, layout.delay, layout.queue);
        let forwarder = forwarder.context("cannot forward packets between the hosts")?;
        Ok(Self {
            layout: layout.clone(),
            hosts,
            forwarder: Arc::new(forwarder),
        })
    }

    /// The forwarder between the hosts.
    pub(super) fn forwarder(&self) -> Arc<Forwarder> {
        Arc::clone(&self.forwarder)
    }

    /// A command on the host of a terminal.
    ///
    /// # Errors
    ///
    /// If no host has this terminal.
    pub(super) fn command(&self, terminal: u8, program: &str) -> anyhow::Result<Command> {
        let mut pairs = self.layout.terminals.iter().zip(&self.hosts);
        let host = pairs.find(|(terminals, _)| terminals.contains(&terminal));
        let (_, host) = host.with_context(|| format!("terminal {terminal} is on no host"))?;
        Ok(host.command(program))
    }

    /// Changes the network between the hosts.
    pub(super) fn change(&self, change: &Change) {
        match change {
            // They are there.
            Change::Hosts(_) => {}
            Change::Lose(number) => self.forwarder.lose(*number),
            Change::Pull => self.forwarder.pull(),
            Change::Forget => self.forwarder.forget(),
        }
    }

    /// Waits until no packet is on its way, but no longer than the limit.
    pub(super) fn wait_for_rest(&self, limit: Duration) {
        self.forwarder.wait_for_quiet(2 * self.layout.delay, limit);
    }
}

impl Host {
    fn start() -> anyhow::Result<Self> {
        let mut command = Command::new("unshare");
        command
            .args(["--net", "--", "sh", "-c"])
            .arg("ip link set lo up && echo ready && exec sleep infinity")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let started = ProcessGroup::start(&mut command);
        let (family, mut holder) = started.context("cannot start `unshare`")?;
        let mut line = String::new();
        if let Some(stdout) = holder.stdout.take() {
            let read = BufReader::new(stdout).read_line(&mut line);
            read.context("cannot make a host")?;
        }
        ensure!(
            line == "ready\n",
            "cannot make a host: `unshare --net` failed"
        );
        Ok(Self {
            _family: family,
            holder,
        })
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("nsenter");
        let namespace = format!("--net=/proc/{}/ns/net", self.holder.id());
        command.args([&namespace, "--", program]);
        command
    }

    /// Gives the host an address, and an interface whose other end has this name here. It hands
    /// over single packets, and knows where the other host is without asking, as if routers
    /// were between them.
    fn plug_in(&self, name: &str, index: usize, layout: &Layout) -> anyhow::Result<()> {
        let [own, other] = [index, 1 - index];
        let card = |host: usize| format!("02:00:00:00:00:0{}", host + 1);
        let mut here = Command::new("ip");
        let arguments = format!(
            "link add {name} up type veth peer name eth0 netns {}",
            self.holder.id()
        );
        run(here.args(arguments.split(' ')))?;
        for arguments in [
            format!("link set eth0 address {} gso_max_segs 1 up", card(own)),
            format!("address add {}/24 dev eth0", layout.addresses[own]),
            format!(
                "neighbour add {} lladdr {} dev eth0",
                layout.addresses[other],
                card(other)
            ),
        ] {
            run(self.command("ip").args(arguments.split(' ')))?;
        }
        Ok(())
    }
}

/// Runs a command, and fails if that fails.
fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output();
    let output = output.with_context(|| format!("cannot start {command:?}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "{command:?} failed: {}",
        errors.trim()
    );
    Ok(())
}
