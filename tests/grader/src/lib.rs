//! `cargo grade`.
