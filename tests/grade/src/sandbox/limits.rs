//! The limits of the sandbox that an older system cannot set.

use super::Sandbox;
use super::kind::Kind;
use crate::language::Language;

impl Sandbox {
    /// The limits that this system cannot set, with what it would need for them; `None` if there
    /// is no sandbox, or if no limit is missing.
    pub fn missing_limits(&self, language: Language) -> Option<String> {
        if self.kind == Kind::None {
            return None;
        }
        let missing = [
            (
                !self.kind.limits_processes(),
                language.pick(
                    "on the number of processes (Linux 5.14 or newer has one)",
                    "进程数（需要 Linux 5.14 或更新版本）",
                ),
            ),
            (
                !self.has_sizes,
                language.pick(
                    "on the size of /tmp, besides that of memory (bubblewrap 0.7 or newer has one)",
                    "/tmp 的大小，内存上限除外（需要 bubblewrap 0.7 或更新版本）",
                ),
            ),
            (
                self.filter.is_none(),
                language.pick(
                    "on system calls (there is one for x86-64, ARM64 and RISC-V)",
                    "系统调用（x86-64、ARM64 和 RISC-V 上有此限制）",
                ),
            ),
        ];
        let missing: Vec<_> = missing
            .into_iter()
            .filter_map(|(is_missing, what)| is_missing.then_some(what))
            .collect();
        let list = missing.join(language.pick("; ", "；"));
        (!missing.is_empty()).then(|| match language {
            Language::En => format!("the sandbox has no limit here {list}"),
            Language::Zh => format!("沙箱在本机上无法限制：{list}"),
        })
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
        let said = older.missing_limits(Language::En).unwrap_or_default();
        assert!(said.contains("size of /tmp") && said.contains("system calls"));
        assert!(!said.contains("number of processes"), "{said}");
        assert_eq!(Sandbox::none().missing_limits(Language::En), None);
        let newer = Sandbox {
            filter: NamedTempFile::new().ok(),
            has_sizes: true,
            ..older
        };
        assert_eq!(newer.missing_limits(Language::Zh), None);
    }
}
