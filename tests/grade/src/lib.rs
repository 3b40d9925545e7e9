//! `cargo grade`: builds an exercise, holds it to its rubric, and says what works.
//!
//! An [`exercise::Exercise`] is what `exercise.toml` says. [`rubric::Rubric::build`] builds
//! it and its rubric; [`rubric::Rubric::grade`] runs the checks, each as a process of its
//! own, and gives an [`outcome::Outcome`]; [`rubric::Rubric::grade_in`] does so in a
//! [`sandbox::Sandbox`]. [`catalogue`] tells the stories in the learner's language.

pub mod catalogue;
pub mod exercise;
pub mod language;
pub mod outcome;
pub mod report;
pub mod rubric;
pub mod sandbox;
pub mod terminal;
