//! `cargo grade class`: grades a class.

pub mod build;
pub mod gradebook;
pub mod intake;
pub mod overrides;
pub mod record;
pub mod report;
pub mod roster;
mod table;
