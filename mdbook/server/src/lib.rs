//! The book: building and serving it, and holding it to its word.

pub mod differences;
pub mod includes;
mod output;
mod run;
pub mod serve;
pub mod sessions;
pub mod site;
