//! What has been recorded so far, shared with the threads that record.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::packet::Packet;

/// How many packets are recorded at most: a program under test may send as many as it likes.
const MOST: usize = 20_000;

/// How long a reader waits for a packet before it says that there was none.
pub(crate) const LOOK: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(crate) struct Shared {
    begun: Instant,
    recorded: Mutex<Recorded>,
    news: Condvar,
    is_over: AtomicBool,
}

#[derive(Debug)]
struct Recorded {
    packets: Vec<Packet>,
    /// Whether more packets have come than are recorded.
    is_cut: bool,
    /// How often each reader has looked and found no packet.
    looks: Vec<u32>,
}

impl Shared {
    /// Nothing yet, for so many readers.
    pub(crate) fn new(readers: usize) -> Self {
        Self {
            begun: Instant::now(),
            recorded: Mutex::new(Recorded {
                packets: Vec::new(),
                is_cut: false,
                looks: vec![0; readers],
            }),
            news: Condvar::new(),
            is_over: AtomicBool::new(false),
        }
    }

    /// All packets so far.
    pub(crate) fn packets(&self) -> Vec<Packet> {
        self.recorded().packets.clone()
    }

    /// How many packets have been recorded, if more have come.
    pub(crate) fn cut(&self) -> Option<usize> {
        let recorded = self.recorded();
        recorded.is_cut.then_some(recorded.packets.len())
    }

    /// Adds a packet that begins with the header of IP, if it is one of TCP. `change` sees it
    /// before, in the order in which packets are recorded.
    pub(crate) fn add<T>(&self, bytes: &[u8], change: impl FnOnce(Option<&mut Packet>) -> T) -> T {
        let mut recorded = self.recorded();
        let mut packet = Packet::parse(bytes, self.begun.elapsed());
        let changed = change(packet.as_mut());
        if recorded.packets.len() < MOST {
            recorded.packets.extend(packet);
        } else {
            recorded.is_cut |= packet.is_some();
        }
        drop(recorded);
        self.news.notify_all();
        changed
    }

    /// A reader has looked, and found no packet.
    pub(crate) fn found_nothing(&self, reader: usize) {
        let mut recorded = self.recorded();
        recorded.looks[reader] = recorded.looks[reader].wrapping_add(1);
        drop(recorded);
        self.news.notify_all();
    }

    /// Waits until no packet has come for this time, and no longer than the limit.
    ///
    /// On a busy machine a reader may be late. So looks are counted, and not the time.
    pub(crate) fn wait_for_quiet(&self, quiet: Duration, limit: Duration) {
        let deadline = Instant::now() + limit;
        // A look may have begun before this call.
        let looks = u32::try_from(quiet.as_micros().div_ceil(LOOK.as_micros()));
        let looks = looks.unwrap_or(u32::MAX).saturating_add(1);
        let mut recorded = self.recorded();
        let mut count = recorded.packets.len();
        let mut first = recorded.looks.clone();
        let is_quiet = |recorded: &Recorded, first: &[u32]| {
            let mut pairs = recorded.looks.iter().zip(first);
            pairs.all(|(now, first)| now.wrapping_sub(*first) >= looks)
        };
        while !is_quiet(&recorded, &first) {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                return;
            };
            let waited = self.news.wait_timeout(recorded, left);
            recorded = waited.unwrap_or_else(PoisonError::into_inner).0;
            if recorded.packets.len() > count {
                count = recorded.packets.len();
                first.clone_from(&recorded.looks);
            }
        }
    }

    /// Tells the readers to stop.
    pub(crate) fn stop(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    fn recorded(&self) -> MutexGuard<'_, Recorded> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
