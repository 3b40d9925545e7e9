//! `cargo grade`.

fn main() {}
