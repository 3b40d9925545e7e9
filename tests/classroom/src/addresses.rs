//! Addresses in transcripts: the kernel deals out ports at random, and a report of the same
//! submissions should be the same.

use harness::Failure;
use harness::message::Place;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Ports that the kernel deals out have five digits; those that people choose have four.
const DIGITS: usize = 5;

/// A failure with the ports numbered in the order in which they appear, from 40001, and the
/// loopback addresses that the test has chosen at random, from 127.1.0.1. What stands for the
/// same port does so all through the transcript.
pub fn stable_addresses(mut failure: Failure) -> Failure {
    let mut numbers = Numbers::default();
    failure.visit(&mut |place| match place {
        Place::Address(address) => *address = numbers.address(*address),
        Place::Party(address) => *address = address.map(|address| numbers.address(address)),
        // What is put in is ASCII, as is what it replaces.
        Place::Text(text) => {
            *text = String::from_utf8_lossy(&numbers.text(text.as_bytes())).into_owned();
        }
        Place::Bytes(bytes) => *bytes = numbers.text(bytes),
    });
    failure
}

/// The numbers that stand for what has appeared so far.
#[derive(Default)]
struct Numbers {
    hosts: HashMap<Ipv4Addr, usize>,
    ports: HashMap<u16, usize>,
}

impl Numbers {
    fn address(&mut self, address: SocketAddr) -> SocketAddr {
        let host = match address.ip() {
            IpAddr::V4(host) => self.host(host).map_or(address.ip(), IpAddr::V4),
            host @ IpAddr::V6(_) => host,
        };
        let port = self.port(address.port()).unwrap_or(address.port());
        SocketAddr::new(host, port)
    }

    /// What stands for a port; `None` for one that people choose.
    fn port(&mut self, port: u16) -> Option<u16> {
        if port < 10_000 {
            return None;
        }
        let next = self.ports.len() + 1;
        let number = *self.ports.entry(port).or_insert(next);
        u16::try_from(40_000 + number).ok()
    }

    /// What stands for an address that a test has chosen at random; `None` for another one.
    fn host(&mut self, host: Ipv4Addr) -> Option<Ipv4Addr> {
        if !host.is_loopback() || host.octets()[1] == 0 {
            return None;
        }
        let next = self.hosts.len() + 1;
        let number = *self.hosts.entry(host).or_insert(next);
        Some(Ipv4Addr::new(127, 1, 0, u8::try_from(number).ok()?))
    }

    /// Text with the addresses in it replaced.
    fn text(&mut self, text: &[u8]) -> Vec<u8> {
        let mut stable: Vec<u8> = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(&first) = rest.first() {
            let before = stable.last().copied();
            let follows_digit = before.is_some_and(|c| c.is_ascii_digit() || c == b'.');
            let (length, new) = match first {
                b':' if before.is_some_and(|c| c.is_ascii_digit() || c == b']') => {
                    let digits = count(&rest[1..], u8::is_ascii_digit);
                    let port = (digits == DIGITS).then(|| &rest[1..=DIGITS]);
                    let port = port.and_then(parse).and_then(|port| self.port(port));
                    (1 + digits, port.map(|port| format!(":{port}")))
                }
                b'1' if !follows_digit => {
                    let length = count(rest, |c| c.is_ascii_digit() || *c == b'.');
                    let dots = rest[..length].iter().rev().take_while(|c| **c == b'.');
                    let length = length - dots.count();
                    let host = parse(&rest[..length]).and_then(|host| self.host(host));
                    (length.max(1), host.map(|host| host.to_string()))
                }
                _ => (1, None),
            };
            match new {
                Some(new) => stable.extend(new.as_bytes()),
                None => stable.extend(&rest[..length]),
            }
            rest = &rest[length..];
        }
        stable
    }
}

fn parse<T: std::str::FromStr>(text: &[u8]) -> Option<T> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// How many bytes at the beginning are of a kind.
fn count(text: &[u8], is_it: impl Fn(&u8) -> bool) -> usize {
    text.iter().take_while(|c| is_it(c)).count()
}
