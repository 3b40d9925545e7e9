//! The class in figures, and the histogram of its points.

use crate::record::Status;
use crate::report::results::ExerciseResult;
use grade::catalogue::say;
use grade::language::Language;
use harness::message;

/// The class in figures.
pub(super) struct Summary {
    pub(super) students: usize,
    pub(super) handed_in: usize,
    pub(super) full: usize,
    pub(super) mean: String,
    pub(super) median: String,
}

/// A bar of the histogram: the students whose totals are from one number to another. Its size is in
/// the histogram's own units.
pub(super) struct Bar {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) students: usize,
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) height: usize,
}

impl Summary {
    pub(super) fn of(
        exercise_results: &[Vec<ExerciseResult>],
        totals: &[u32],
        possible: usize,
    ) -> Self {
        let handed_in = exercise_results.iter().filter(|exercise_results| {
            let mut exercise_results = exercise_results.iter();
            exercise_results
                .any(|result| !matches!(result.status, Status::Missing | Status::NotGraded))
        });
        let full = totals.iter().filter(|total| **total as usize == possible);
        Self {
            students: totals.len(),
            handed_in: handed_in.count(),
            full: full.count(),
            mean: mean(totals),
            median: median(totals),
        }
    }
}

/// To one decimal place.
pub(super) fn mean(points: &[u32]) -> String {
    let count = u32::try_from(points.len()).unwrap_or(u32::MAX);
    match count {
        0 => "–".to_string(),
        _ => format!(
            "{:.1}",
            f64::from(points.iter().sum::<u32>()) / f64::from(count)
        ),
    }
}

fn median(points: &[u32]) -> String {
    let mut sorted = points.to_vec();
    sorted.sort_unstable();
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => "–".to_string(),
        odd if odd % 2 == 1 => sorted[middle].to_string(),
        _ => {
            let middle = mean(&sorted[middle - 1..=middle]);
            middle.trim_end_matches(".0").to_string()
        }
    }
}

/// How many bars there are: for tenths of the points.
const BARS: usize = 10;

/// The width of a bar with the gap after it, and the height of the highest one.
const BAR: (usize, usize) = (36, 120);

pub(super) fn histogram(totals: &[u32], possible: usize) -> Vec<Bar> {
    let mut counts = [0; BARS];
    for total in totals {
        let place = *total as usize * BARS / possible.max(1);
        counts[place.min(BARS - 1)] += 1;
    }
    let highest = counts.into_iter().max().unwrap_or_default().max(1);
    let bars = counts.into_iter().enumerate();
    bars.map(|(index, students)| {
        let last = usize::from(index + 1 < BARS);
        let height = (BAR.1 * students).div_ceil(highest);
        Bar {
            from: index * possible / BARS,
            to: ((index + 1) * possible / BARS).saturating_sub(last),
            students,
            left: index * BAR.0,
            top: BAR.1 - height,
            height,
        }
    })
    .collect()
}

/// A histogram in words.
pub(super) fn spread(histogram: &[Bar], language: Language) -> String {
    let bars = histogram.iter().map(|bar| {
        let (from, to, students) = (bar.from, bar.to, bar.students);
        say(
            &message!("{from} to {to} points: {students}", from, to, students),
            language,
        )
    });
    let bars: Vec<_> = bars.collect();
    bars.join(&say(&message!("; "), language))
}

/// The step of the colour scale: 0 to 4 for fifths, and 5 for all of the points.
pub(super) fn scale(points: u32, possible: usize) -> usize {
    (points as usize * 5 / possible.max(1)).min(5)
}
