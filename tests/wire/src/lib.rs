//! What goes over the wire: records the TCP packets of a network namespace, follows the states
//! of both ends of each connection (RFC 9293), and shows all of it as a ladder in plain text.
//!
//! ```text
//!    SYN-SENT 58936 -- SYN --------------------------------> 9090
//! ESTABLISHED 58936 <- SYN, ACK ---------------------------- 9090  SYN-RCVD
//!             58936 -- ACK 0 ------------------------------> 9090  ESTABLISHED
//!             58936 -- 5 bytes "hello" --------------------> 9090
//!             58936 <- ACK 5 ------------------------------- 9090
//! ```
//!
//! On the left is the port of the side that has connected. A state stands beside the packet
//! that changes it. Bytes are counted from 0, so `ACK 5` acknowledges the first five.
//!
//! [`Capture`] records on loopback, [`Forwarder`] between two hosts that it joins by a slow wire;
//! [`Wire`] follows the connections, [`Line`] is a line of the ladder, and
//! [`compare`] says whether two ladders tell the same, whatever differs from run to run aside.

#[cfg(target_os = "linux")]
mod capture;
mod compare;
mod connection;
mod event;
mod fold;
#[cfg(target_os = "linux")]
mod forward;
mod line;
mod packet;
#[cfg(target_os = "linux")]
mod recorded;
mod shorten;
mod state;
mod story;
#[cfg(target_os = "linux")]
pub mod tcpdump;
mod text;
mod track;

#[cfg(target_os = "linux")]
pub use capture::Capture;
pub use compare::{Difference, Rule, compare};
#[cfg(target_os = "linux")]
pub use forward::Forwarder;
pub use line::{Data, Line, Remark, Rung, What};
pub use packet::{Flags, Packet};
pub use shorten::{NoLine, Shown, shorten};
pub use state::State;
pub use track::Wire;
