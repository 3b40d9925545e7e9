//! `cargo grade class`: grades a class.

pub mod record;
pub mod report;
