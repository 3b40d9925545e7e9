//! The servers of lessons 05 and 06 beside their Python twins and one in C.
//!
//! Each round measures every server once, and begins with another one. So whatever else the machine
//! does affects all of them alike, and the figures of a round can be compared in pairs.

use crate::command::say;
use crate::load::{Clients, Load, open_and_close};
use crate::server::{Kind, Pinned, Server, Servers};
use crate::statistics::{Latencies, Latency, round};
use anyhow::{Context, ensure};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long each load runs before it is measured.
const WARM_UP: Duration = Duration::from_millis(100);

/// How often memory is measured; the figures hardly differ.
const MEMORY_ROUNDS: usize = 3;

/// The cores on which a server and its load run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cores {
    /// Wherever the kernel lets them
    Shared,
    /// Each on a core of its own
    Apart,
    /// Both on the same core
    One,
}

/// The options of a measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The number of rounds: each server is measured once in each.
    pub rounds: usize,
    /// How long each load runs, in seconds.
    pub seconds: f64,
    /// The numbers of clients that are connected at the same time.
    pub connections: Vec<usize>,
    /// Messages per second in the open loop.
    pub rate: u32,
    /// How many connections are opened to measure connections per second.
    pub opened: usize,
    /// How many idle clients there are at the first measurement of memory, and at the second.
    pub idle: (usize, usize),
    /// How many clients are connected at Ctrl-C.
    pub leaving: usize,
    /// The cores on which the server and the load run.
    pub cores: Cores,
}

/// The figures of all servers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// The options.
    pub settings: Settings,
    /// The figures of each server that this machine can run.
    pub servers: BTreeMap<Kind, Of>,
}

/// The figures of a server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Of {
    /// The figures under load, by the number of connections.
    pub load: BTreeMap<usize, UnderLoad>,
    /// Connections per second, one figure for each round.
    pub opened: Vec<f64>,
    /// Bytes of memory with the first and with the second number of idle clients.
    pub resident: Vec<(u64, u64)>,
    /// Requests that failed while all the idle clients sent one each.
    pub failed_idle: u64,
    /// Seconds from Ctrl-C to the exit, one figure for each round; empty for a server that waits
    /// for its clients.
    pub exit: Vec<f64>,
}

/// The figures of a server under load.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UnderLoad {
    /// Requests per second in the closed loop, one figure for each round.
    pub requests: Vec<f64>,
    /// Microseconds of processor time for a request, one figure for each round.
    pub cpu: Vec<f64>,
    /// The part of them in the kernel.
    #[serde(default)]
    pub kernel: Vec<f64>,
    /// Latency in the closed loop.
    pub closed: Latency,
    /// Latency in the open loop, from the moment that a message was sent.
    pub service: Latency,
    /// Latency in the open loop, from the moment that a message was due.
    pub response: Latency,
    /// Requests that failed.
    pub failed: u64,
}

/// The latencies of a server under load, while they are collected.
#[derive(Default)]
struct Collected {
    closed: Latencies,
    service: Latencies,
    response: Latencies,
}

/// Measures.
///
/// # Errors
///
/// If a server cannot be built or started, or a client cannot connect.
pub fn measure(settings: &Settings, kinds: &[Kind]) -> anyhow::Result<Figures> {
    crate::server::raise_file_limit();
    say("building the servers");
    let servers = Servers::build(kinds)?;
    let (server, load) = match settings.cores {
        Cores::Shared => (None, None),
        Cores::Apart => (Some(0), Pinned::to(1)),
        Cores::One => (Some(0), Pinned::to(0)),
    };
    let mut run = Run {
        settings: Settings {
            // Where nothing can be pinned, nothing was.
            cores: if load.is_some() {
                settings.cores
            } else {
                Cores::Shared
            },
            ..settings.clone()
        },
        core: server.filter(|_| load.is_some()),
        found: BTreeMap::new(),
        collected: BTreeMap::new(),
        servers,
    };
    run.all()?;
    Ok(run.figures())
}

struct Run {
    settings: Settings,
    /// The core of the server.
    core: Option<usize>,
    servers: Servers,
    found: BTreeMap<Kind, Of>,
    collected: BTreeMap<(Kind, usize), Collected>,
}

impl Run {
    fn all(&mut self) -> anyhow::Result<()> {
        let mut kinds = self.servers.kinds();
        ensure!(!kinds.is_empty(), "there is no server to measure");
        let rounds = self.settings.rounds;
        for number in 1..=rounds {
            say(&format!("servers: round {number} of {rounds}"));
            for connections in self.settings.connections.clone() {
                for &kind in &kinds {
                    self.under_load(kind, connections)
                        .with_context(|| format!("{}, {connections} clients", kind.name()))?;
                }
            }
            for &kind in &kinds {
                self.openings(kind).with_context(|| kind.name())?;
                if kind.leaves_clients() {
                    self.exit(kind).with_context(|| kind.name())?;
                }
                if number <= MEMORY_ROUNDS {
                    self.idle(kind).with_context(|| kind.name())?;
                }
            }
            kinds.rotate_left(1);
        }
        Ok(())
    }

    fn start(&self, kind: Kind) -> anyhow::Result<Server> {
        self.servers.start(kind, self.core)
    }

    #[allow(clippy::cast_precision_loss, reason = "numbers of requests")]
    fn under_load(&mut self, kind: Kind, connections: usize) -> anyhow::Result<()> {
        let server = self.start(kind)?;
        let mut clients = Clients::of(server.address)?;
        clients.connect(connections)?;
        let duration = Duration::from_secs_f64(self.settings.seconds);
        let warm = clients.closed(WARM_UP.min(duration))?;

        let before = server.cpu_time()?;
        let closed = clients.closed(duration)?;
        let after = server.cpu_time()?;
        let open = clients.open(self.settings.rate, duration)?;
        let Load {
            service, response, ..
        } = open;

        let found = self.found.entry(kind).or_default();
        let found = found.load.entry(connections).or_default();
        let per_second = closed.answered as f64 / closed.took.as_secs_f64().max(1e-9);
        found.requests.push(round(per_second, 0));
        let each =
            |time: Duration| round(time.as_secs_f64() * 1e6 / closed.answered.max(1) as f64, 2);
        let kernel = after.system.saturating_sub(before.system);
        let user = after.user.saturating_sub(before.user);
        found.cpu.push(each(user + kernel));
        found.kernel.push(each(kernel));
        found.failed += warm.failed + closed.failed + open.failed;
        let collected = self.collected.entry((kind, connections)).or_default();
        collected.closed.add_all(&closed.service);
        collected.service.add_all(&service);
        collected.response.add_all(&response);
        Ok(())
    }

    #[allow(clippy::cast_precision_loss, reason = "numbers of connections")]
    fn openings(&mut self, kind: Kind) -> anyhow::Result<()> {
        let server = self.start(kind)?;
        let count = self.settings.opened;
        // The first ones warm it up.
        open_and_close(server.address, count.div_ceil(20))?;
        let took = open_and_close(server.address, count)?;
        let per_second = round(count as f64 / took.as_secs_f64(), 0);
        self.found.entry(kind).or_default().opened.push(per_second);
        Ok(())
    }

    fn idle(&mut self, kind: Kind) -> anyhow::Result<()> {
        let server = self.start(kind)?;
        let mut clients = Clients::of(server.address)?;
        let (few, many) = self.settings.idle;
        clients.connect(few)?;
        let first = server.resident()?;
        clients.connect(many)?;
        let second = server.resident()?;
        let load = clients.once()?;
        ensure!(
            load.answered + load.failed >= many as u64,
            "{many} clients have sent a message, {} were answered, and {} failed",
            load.answered,
            load.failed
        );
        let found = self.found.entry(kind).or_default();
        found.resident.push((first, second));
        found.failed_idle += load.failed;
        Ok(())
    }

    fn exit(&mut self, kind: Kind) -> anyhow::Result<()> {
        let server = self.start(kind)?;
        let mut clients = Clients::of(server.address)?;
        clients.connect(self.settings.leaving)?;
        let took = server.interrupt()?;
        let found = self.found.entry(kind).or_default();
        found.exit.push(crate::statistics::seconds(took));
        Ok(())
    }

    fn figures(mut self) -> Figures {
        for ((kind, connections), collected) in self.collected {
            let found = self.found.entry(kind).or_default();
            let found = found.load.entry(connections).or_default();
            found.closed = collected.closed.percentiles();
            found.service = collected.service.percentiles();
            found.response = collected.response.percentiles();
        }
        Figures {
            settings: self.settings,
            servers: self.found,
        }
    }
}
