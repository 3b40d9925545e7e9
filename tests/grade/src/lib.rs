//! `cargo grade`: builds an exercise, runs the checks of its rubric, and reports what works.
//!
//! An [`exercise::Exercise`] is read from `exercise.toml`. [`rubric::Rubric::build`] builds
//! it and its rubric; [`rubric::Rubric::grade`] runs the checks, each as a separate process,
//! and returns an [`outcome::Outcome`]; [`rubric::Rubric::grade_in`] does so in a
//! [`sandbox::Sandbox`]. [`catalogue`] translates transcripts, errors ([`failed`]) and
//! [`help`] into the learner's language.

pub mod catalogue;
pub mod exercise;
pub mod failed;
pub mod help;
pub mod language;
pub mod misuse;
pub mod outcome;
pub mod recording;
pub mod report;
pub mod rubric;
pub mod sandbox;
pub mod seed;
pub mod terminal;
