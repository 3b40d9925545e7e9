//! Measures the project on one machine, and writes the figures into the book.
//!
//! Each module measures one thing and returns its figures. [`results`] keeps them, and
//! [`page`] makes the tables and plots of the book from the kept figures alone.
//!
//! Every measurement stays on loopback, and is bounded by its rounds, by seconds, and by a limit on
//! every wait.

pub mod buffers;
mod busy;
pub mod class;
pub mod cold;
pub mod command;
pub mod grader;
pub mod load;
pub mod machine;
pub mod page;
pub mod plot;
pub mod results;
pub mod server;
pub mod servers;
pub mod statistics;
pub mod steady;
