//! Grades a class: compiles and judges what was handed in, several exercises at a time.
//!
//! A thread opens one submission after the other and hands its exercises on; as many threads
//! as there are processors compile them. Twice as many run the checks, and further ones
//! while a processor has nothing to do: checks mostly wait, but those of a program that is busy
//! must not keep others from being in time. The files of a student are written as soon as the
//! last exercise is done.

mod class;
mod estimate;
mod event;
mod judge;
mod limiter;
mod merge;
mod options;
mod pipeline;
mod plan;
mod previous;
mod sync;
mod writer;

pub use class::grade;
pub use estimate::Estimate;
pub use event::Event;
pub use merge::merge;
pub use options::{ClassOptions, Partition};
pub use writer::Summary;
