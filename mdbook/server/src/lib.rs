//! The book: builds and serves it, and tests what it says.

pub mod differences;
pub mod includes;
mod output;
mod run;
pub mod serve;
pub mod sessions;
pub mod site;
