//! The reports of a class, read again: as HTML, JSON, XML and text.

mod formats;
#[path = "../made_up/mod.rs"]
mod made_up;
mod merge;
mod page;
mod students;
mod support;
mod wire;
