//! What a Chinese text must not look like: ASCII punctuation between Han characters, and no
//! room between Han characters and Latin ones.

use crate::chapters::{chapters, pattern};
use crate::problems::Problems;
use book::site::Language;
use regex::Regex;
use std::sync::LazyLock;

/// What must not be, and why.
static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let rules = [
        (
            r"\p{Han} ?[,;:?!()] ?\p{Han}|\p{Han}[,;:?!.](?:\s|$)",
            "ASCII punctuation beside Han characters",
        ),
        (
            r"\p{Han}[A-Za-z0-9]|[A-Za-z0-9]\p{Han}",
            "no blank between Han characters and Latin ones",
        ),
        (
            r"\p{Han} [，。、；：？！（）]|[，。、；：？！（）] \p{Han}",
            "a blank beside full-width punctuation",
        ),
    ];
    // With some of the words around it.
    let rules =
        rules.map(|(rule, why)| (format!(r"\p{{Han}}{{0,4}}(?:{rule})\p{{Han}}{{0,4}}"), why));
    rules.map(|(rule, why)| (pattern(&rule), why)).into()
});

/// What is wrong with a piece of text, if anything: the words, and why.
fn wrong_with(text: &str) -> Option<(&str, &'static str)> {
    let mut found = RULES
        .iter()
        .filter_map(|(rule, why)| Some((rule.find(text)?.as_str(), *why)));
    found.next()
}

#[test]
fn chinese_is_set_as_chinese() {
    let mut problems = Problems::default();
    for chapter in chapters(Language::Chinese) {
        for (line, text) in chapter.prose() {
            if let Some((words, why)) = wrong_with(&text) {
                problems.add(chapter.place(line), format!("{words:?}: {why}"));
            }
        }
    }
    problems.assert_none("use ，；：？！（） in Chinese text, and a blank beside a Latin word");
}

#[test]
fn what_is_set_wrongly_is_found() {
    for text in [
        "你好,世界",
        "结束.",
        "对吗? 是的",
        "它(客户端)在",
        "用Rust写",
        "第1 步",
        "你好 ，",
    ] {
        assert!(wrong_with(text).is_some(), "{text}");
    }
    for text in [
        "你好，世界",
        "用 Rust 写",
        "在 127.0.0.1:9090 上",
        "Ctrl-C（SIGINT）",
        "（见 RFC 9293）。",
        "TCP、UDP",
    ] {
        assert_eq!(wrong_with(text), None, "{text}");
    }
}
