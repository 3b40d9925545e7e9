//! The book keeps its word: what it shows is what compiles and what was run, both languages
//! say the same, every link leads somewhere, every test that it names exists, and it names who
//! has made parts of its pages.
//!
//! The terminal sessions are run by `../sessions.rs`, a test for each.

mod chapters;
mod chinese;
mod commands;
mod drawings;
mod includes;
mod languages;
mod licences;
mod names;
mod plain;
mod play;
mod problems;
mod site;
