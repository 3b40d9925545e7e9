//! `cargo grade class`: grades a class.

mod addresses;
pub mod build;
mod filter;
pub mod gradebook;
pub mod intake;
pub mod overrides;
pub mod record;
pub mod report;
pub mod roster;
pub mod run;
pub mod sandbox;
pub mod store;
mod table;

pub use addresses::settle;
