//! `cargo grade class`: grades a class; and the copies of the project that this takes: students'
//! ([`handout`]) and Gradescope's ([`gradescope`]).
//!
//! [`intake`] finds the submissions, [`build`] compiles the students' files in a clean tree,
//! [`run`] judges them by the rubrics of the package `grade`, in its sandbox, [`store`] keeps
//! what came, and [`gradebook`] and [`report`] show it.

mod addresses;
pub mod build;
mod disk;
pub mod escape;
mod file_name;
mod fingerprint;
pub mod gradebook;
pub mod gradescope;
pub mod handout;
pub mod intake;
pub mod overrides;
pub mod record;
pub mod report;
pub mod roster;
pub mod run;
pub mod store;
mod table;
pub mod take;

pub use addresses::stable_addresses;
pub(crate) use update::hash;
