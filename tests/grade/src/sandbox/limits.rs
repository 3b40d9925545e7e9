//! The limits of the sandbox that an older system cannot set.

use super::Sandbox;
use super::kind::Kind;
use harness::message;
use harness::message::Message;

impl Sandbox {
    /// The limits that this system cannot set, with what it would need for them; `None` if there
    /// is no sandbox, or if no limit is missing.
    pub fn missing_limits(&self) -> Option<Message> {
        if self.kind == Kind::None {
            return None;
        }
        let missing = [
            (
                !self.kind.limits_processes(),
                message!("on the number of processes (Linux 5.14 or newer has one)"),
            ),
            (
                !self.has_sizes,
                message!(
                    "on the size of /tmp, besides that of memory (bubblewrap 0.7 or newer has one)"
                ),
            ),
            (
                self.filter.is_none(),
                message!("on system calls (there is one for x86-64, ARM64 and RISC-V)"),
            ),
        ];
        let missing = missing
            .into_iter()
            .filter_map(|(is_missing, what)| is_missing.then_some(what));
        let list = Message::list(missing)?;
        Some(message!("the sandbox has no limit here {list}", list))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::NamedTempFile;

    #[test]
    fn an_older_system_says_what_it_has_no_limit_for() {
        let older = Sandbox {
            kind: Kind::User(60_000),
            has_sizes: false,
            filter: None,
        };
        let said = older
            .missing_limits()
            .expect("limits are missing")
            .to_string();
        assert!(said.contains("size of /tmp") && said.contains("system calls"));
        assert!(!said.contains("number of processes"), "{said}");
        assert_eq!(Sandbox::none().missing_limits(), None);
        let newer = Sandbox {
            filter: NamedTempFile::new().ok(),
            has_sizes: true,
            ..older
        };
        assert_eq!(newer.missing_limits(), None);
    }
}
