//! The book keeps its word: what it shows is what compiles and what was run, both languages
//! say the same, every link leads somewhere, every test that it names exists.
//!
//! The terminal sessions are run by `book/sessions.rs`, a test for each.

#[path = "book/chapters.rs"]
mod chapters;
#[path = "book/chinese.rs"]
mod chinese;
#[path = "book/commands.rs"]
mod commands;
#[path = "book/drawings.rs"]
mod drawings;
#[path = "book/includes.rs"]
mod includes;
#[path = "book/languages.rs"]
mod languages;
#[path = "book/names.rs"]
mod names;
#[path = "book/problems.rs"]
mod problems;
#[path = "book/site.rs"]
mod site;
