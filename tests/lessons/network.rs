//! A network of its own for a program: a loopback on which nobody else has a connection.

use crate::conditions::{can_start_by, started_by};
use harness::Scenario;

/// The same program in a network of its own, after this shell command; `None` where there can
/// be no such network (it takes Linux, and the right to make namespaces).
pub(crate) fn in_a_network(scenario: &Scenario, command: &str) -> Option<Scenario> {
    let script = format!("ip link set lo up && {command} && exec \"$@\"");
    let words = [
        "unshare",
        "--map-root-user",
        "--net",
        "sh",
        "-c",
        &script,
        "sh",
    ];
    can_start_by(&words).then(|| started_by(scenario, &words))
}
