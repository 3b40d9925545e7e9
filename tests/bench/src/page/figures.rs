//! Figures that are computed from the measured ones, for goals, tables and plots.

use crate::server::Kind;
use crate::statistics::Spread;
use crate::{cold, grader, servers};

/// Exercises whose checks have to wait for a time limit that the task sets.
pub(super) const WITH_A_WAIT: [u32; 2] = [4, 6];

/// The bytes of memory that one more idle client takes.
#[allow(clippy::cast_precision_loss, reason = "bytes of memory")]
pub(super) fn per_client(figures: &servers::Figures, kind: Kind) -> Option<f64> {
    let (few, many) = figures.settings.idle;
    let resident = figures.servers.get(&kind)?.resident.iter();
    let each: Vec<f64> = resident
        .map(|(first, second)| (*second as f64 - *first as f64) / (many - few) as f64)
        .collect();
    Some(Spread::of(&each)?.median)
}

/// Seconds that the grader adds to the bare build of an exercise.
pub(super) fn added(of: &grader::OfExercise) -> Option<f64> {
    let pairs = of.graded.iter().zip(&of.bare);
    let added: Vec<f64> = pairs.map(|(graded, bare)| graded - bare).collect();
    Some(Spread::of(&added)?.median)
}

/// Seconds for each of this many programs.
#[allow(clippy::cast_precision_loss, reason = "some hundred programs")]
pub(super) fn for_a_program(took: f64, programs: usize) -> f64 {
    took / programs.max(1) as f64
}

/// The first commands, and how long each may take, in seconds, where that is a goal.
pub(super) const COLD: [(&str, Option<f64>); 5] = [
    ("cargo run -p lesson-02", Some(10.0)),
    ("cargo grade 01", Some(60.0)),
    ("cargo grade", None),
    ("cargo test", Some(90.0)),
    ("cargo book", Some(120.0)),
];

/// The figures of the first commands, in the order of the table.
pub(super) fn first_commands(figures: &cold::Figures) -> [(&'static str, &[cold::Of]); 5] {
    let found: [&[cold::Of]; 5] = [
        &figures.listening,
        &figures.verdict,
        &figures.grade,
        &figures.test,
        &figures.book,
    ];
    std::array::from_fn(|index| (COLD[index].0, found[index]))
}
