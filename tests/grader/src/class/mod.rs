//! `cargo grade class`: grades a class.

pub mod build;
pub mod record;
