//! Medians, spreads, and percentiles of latencies.

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The median and the quartiles of some figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// A quarter of the figures is below this.
    pub low: f64,
    /// Half of the figures is below this.
    pub median: f64,
    /// A quarter of the figures is above this.
    pub high: f64,
}

impl Spread {
    /// The spread of some figures, in any order; `None` if there are none.
    pub fn of(figures: &[f64]) -> Option<Self> {
        let mut sorted = figures.to_vec();
        sorted.sort_by(f64::total_cmp);
        if sorted.is_empty() {
            return None;
        }
        Some(Self {
            low: quantile(&sorted, 0.25),
            median: quantile(&sorted, 0.5),
            high: quantile(&sorted, 0.75),
        })
    }
}

/// A quantile of sorted figures, interpolated between two of them.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a position among some figures"
)]
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let position = part * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = position.ceil() as usize;
    let between = position - position.floor();
    sorted[below] + (sorted[above] - sorted[below]) * between
}

/// The ratios of figures of the same round. The other work of the machine affected both figures of
/// a pair nearly alike, so it cancels out.
pub fn ratios(figures: &[f64], of: &[f64]) -> Vec<f64> {
    let pairs = figures.iter().zip(of).filter(|(_, of)| **of > 0.0);
    pairs.map(|(figure, of)| figure / of).collect()
}

/// Percentiles of latencies, in microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    /// Half of the requests were faster.
    pub p50: f64,
    /// One of 100 was slower.
    pub p99: f64,
    /// One of 1,000 was slower.
    pub p999: f64,
    /// The latency of the slowest request.
    pub max: f64,
    /// The number of requests.
    pub count: u64,
}

/// A histogram of latencies from a nanosecond to a minute, with three digits.
#[derive(Debug, Clone)]
pub struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        // It fails only for bounds that make no sense.
        let histogram = Histogram::new_with_bounds(1, 60_000_000_000, 3);
        Self(histogram.expect("the bounds of the histogram are right"))
    }
}

impl Latencies {
    /// Adds a latency.
    pub fn add(&mut self, latency: Duration) {
        let nanoseconds = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.0.saturating_record(nanoseconds);
    }

    /// Adds all latencies of another histogram.
    pub fn add_all(&mut self, other: &Self) {
        // It fails only where the other's bounds are wider: they are the same.
        self.0
            .add(&other.0)
            .expect("all histograms have the same bounds");
    }

    /// The percentiles of the latencies.
    #[allow(clippy::cast_precision_loss, reason = "a minute has 10¹¹ nanoseconds")]
    pub fn percentiles(&self) -> Latency {
        let at = |quantile| round(self.0.value_at_quantile(quantile) as f64 / 1000.0, 1);
        Latency {
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            max: round(self.0.max() as f64 / 1000.0, 1),
            count: self.0.len(),
        }
    }
}

/// Rounds to this many digits after the point, so that kept figures have no meaningless digits.
pub fn round(figure: f64, digits: i32) -> f64 {
    let factor = 10_f64.powi(digits);
    (figure * factor).round() / factor
}

/// Seconds, rounded to a tenth of a millisecond.
pub fn seconds(duration: Duration) -> f64 {
    round(duration.as_secs_f64(), 4)
}
