//! The seed of a grading, from which the checks choose texts, numbers and sizes.

use crate::failed::Because;
use harness::message;

/// How many seeds there are: a seed is short enough to read out, and there are too many to prepare
/// an answer for each.
const SEEDS: u64 = 1_000_000;

/// A seed that nobody can foresee.
///
/// # Errors
///
/// If the system has no random numbers.
pub fn new() -> anyhow::Result<u64> {
    let number = getrandom::u64().because(|| message!("no random numbers"))?;
    Ok(number % SEEDS)
}
