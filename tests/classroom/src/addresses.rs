//! Addresses in transcripts: the kernel deals out ports at random, and a report of the same
//! submissions should be the same.

use harness::Failure;
use std::collections::HashMap;

/// Ports that the kernel deals out have five digits; those that people choose have four.
const DIGITS: usize = 5;

/// A transcript with the ports numbered in the order in which they appear, from 40001, and the
/// loopback addresses that the test has chosen at random, from 127.1.0.1. What stands for the
/// same port does so all through the transcript.
pub fn stable_addresses(failure: Failure) -> Failure {
    // In JSON, digits that follow a colon at once, and before it a digit or a bracket, are
    // inside a string.
    let stable = serde_json::to_string(&failure)
        .ok()
        .and_then(|json| serde_json::from_str(&stable_text(&json)).ok());
    stable.unwrap_or(failure)
}

fn stable_text(text: &str) -> String {
    let mut hosts = HashMap::new();
    let mut ports = HashMap::new();
    let mut stable = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let before = stable.chars().next_back();
        let follows_digit = before.is_some_and(|c| c.is_ascii_digit() || c == '.');
        let (length, new) = match first {
            ':' if before.is_some_and(|c| c.is_ascii_digit() || c == ']') => {
                let digits = count(&rest[1..], |c| c.is_ascii_digit());
                let new = (digits == DIGITS).then(|| {
                    let next = ports.len() + 1;
                    let number = ports.entry(&rest[1..=DIGITS]).or_insert(next);
                    format!(":{}", 40_000 + *number)
                });
                (1 + digits, new)
            }
            '1' if !follows_digit => {
                let length = count(rest, |c| c.is_ascii_digit() || c == '.');
                let host = rest[..length].trim_end_matches('.');
                let address: Option<std::net::Ipv4Addr> = host.parse().ok();
                let is_random = address
                    .is_some_and(|address| address.is_loopback() && address.octets()[1] != 0);
                let new = is_random.then(|| {
                    let next = hosts.len() + 1;
                    let number = hosts.entry(host).or_insert(next);
                    format!("127.1.0.{number}")
                });
                (host.len().max(1), new)
            }
            other => (other.len_utf8(), None),
        };
        match new {
            Some(new) => stable.push_str(&new),
            None => stable.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    stable
}

/// How many bytes at the beginning are ASCII characters of a kind.
fn count(text: &str, is_it: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_it(c)).unwrap_or(text.len())
}
