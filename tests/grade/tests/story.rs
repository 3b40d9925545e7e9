//! The stories of failed checks in Chinese: every sentence is in the catalogue, and none can
//! be taken for another. (That what a check puts into them fits, too, shows `cargo proofs`.)

use grade::exercise::Exercise;
use grade::language::Language;
use grade::translate::{Catalogue, tell, untranslated};
use harness::Failure;
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

type Lists = BTreeMap<String, BTreeMap<String, String>>;

fn lists() -> Lists {
    toml::from_str(include_str!("../src/story.zh.toml")).expect("story.zh.toml is TOML")
}

/// A template cut at its placeholders: text, placeholder, text and so on.
fn pieces(template: &str) -> Vec<&str> {
    template.split(['{', '}']).collect()
}

/// What a placeholder may stand for.
fn samples(lists: &Lists, hole: &str) -> Vec<String> {
    let kind = hole.trim_end_matches(|c: char| c.is_ascii_digit());
    let words: &[&str] = match kind {
        "address" => &["127.0.0.1:9090", "[::1]:1"],
        "number" => &["7", "-1"],
        "duration" => &["2s", "450.5ms"],
        "quoted" => &[r#""a\" (1 byte), then \\""#, r#"b"\x00\xff; ""#, r#""""#],
        "lines" => &["`a`; the program`", "``\n`b`"],
        "hex" => &["c4 e3"],
        "word" => &["stdout"],
        "text" => &["some text", ""],
        list => {
            let templates = lists[list].keys();
            return templates
                .flat_map(|template| fill(lists, template))
                .collect();
        }
    };
    words.iter().map(ToString::to_string).collect()
}

/// A template with one sample after the other in each place, and the first one elsewhere.
fn fill(lists: &Lists, template: &str) -> BTreeSet<String> {
    let choices: Vec<Vec<String>> = pieces(template)
        .iter()
        .enumerate()
        .map(|(index, piece)| match index % 2 {
            0 => vec![(*piece).to_string()],
            _ => samples(lists, piece),
        })
        .collect();
    let with = |place: usize, choice: &String| -> String {
        let words = choices.iter().enumerate();
        let words = words.map(|(index, all)| if index == place { choice } else { &all[0] });
        words.map(String::as_str).collect()
    };
    let places = choices.iter().enumerate();
    places
        .flat_map(|(place, all)| all.iter().map(move |choice| (place, choice)))
        .map(|(place, choice)| with(place, choice))
        .collect()
}

#[test]
fn every_entry_has_one_reading_whatever_is_in_it() {
    let lists = lists();
    for (list, entries) in &lists {
        for english in entries.keys() {
            for sentence in fill(&lists, english) {
                let readings = Catalogue::chinese().readings(list, &sentence);
                assert_eq!(
                    readings.len(),
                    1,
                    "{english:?} in [{list}], as in {sentence:?}, is {readings:?}"
                );
            }
        }
    }
}

#[test]
fn every_entry_is_written_in_its_language() {
    let is_chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    // These are names, and are the same everywhere.
    let stays = ["{text} (os error {number})", "SIGINT (Ctrl-C)", "SIGTERM"];
    for (english, chinese) in lists().values().flatten() {
        assert!(!english.contains(is_chinese), "{english:?}");
        if has_words(&blank(english)) && !stays.contains(&english.as_str()) {
            assert!(chinese.contains(is_chinese), "{chinese:?}");
        }
        // Chinese has its own commas, colons and brackets.
        let mut pairs = chinese.chars().zip(chinese.chars().skip(1));
        let is_odd = pairs.any(|(a, b)| is_chinese(a) && ",;:.?!()".contains(b));
        assert!(!is_odd, "{chinese:?}");
    }
}

#[test]
fn what_is_no_catalogue_is_refused() {
    let refused = |text: &str, why: &str| {
        let error = Catalogue::parse(text).expect_err(text);
        assert!(format!("{error:#}").contains(why), "{error:#}");
    };
    assert!(Catalogue::parse("[step]\n'a {text}' = '{text} 甲'").is_ok());
    refused("[step]\n'a {text}' = '甲'", "placeholders differ");
    refused("[step]\n'a {text}' = '甲 {text1}'", "placeholders differ");
    refused("[step]\n'a {text} {text}' = '甲 {text}'", "comes twice");
    refused(
        "[step]\n'a {text1}{text2}' = '{text1}{text2}'",
        "nothing is between",
    );
    refused("[step]\n'a {thing}' = '甲 {thing}'", "no list [thing]");
    refused("[step]\n'a {text' = '甲 {text'", "does not end");
    refused(
        "[step]\n'a {text1}' = '{text1}'\n'a {text2}' = '{text2}'",
        "is twice",
    );
    refused("[step]\n'a' = '甲'\n'a' = '乙'", "duplicate");
    refused("[number]\n'a' = '甲'", "no name for a list");
}

#[test]
fn the_longest_text_of_its_own_counts_and_two_readings_are_seen() {
    let catalogue = "[a]\n'x {text}' = '{text} 短'\n'x {text} y' = '{text} 长'\n\
                     [b]\n'{text1} - {text2}' = '{text2} 减 {text1}'";
    let catalogue = Catalogue::parse(catalogue).expect("it is a catalogue");
    let said = |list: &str, text: &str| catalogue.translate(list, text);
    assert_eq!(said("a", "x 1 y").as_deref(), Some("1 长"));
    assert_eq!(said("a", "x 1 z").as_deref(), Some("1 z 短"));
    assert_eq!(said("a", "y"), None);
    assert_eq!(catalogue.readings("b", "1 - 2 - 3").len(), 2);
}

#[test]
fn what_a_program_has_printed_stays_as_it_is() {
    let printed = "127.0.0.1:1 waits for the end of the stream";
    let bytes = r#""nothing, then the end of the stream\" (5 bytes); nothing more""#;
    let failure: Failure = serde_json::from_value(json!({ "Transcript": {
        "command": "the program exited with status 1",
        "steps": [
            { "what": "wait for its first line, `listening on ADDR`",
              "result": "`connect to 127.0.0.1:1`" },
            { "what": format!("127.0.0.1:1 sends {bytes} (62 bytes)"), "result": null },
            { "what": "127.0.0.1:1 receives once", "result": "\"12 bytes\" (8 bytes)" },
        ],
        "programs": [{
            "name": "the program",
            "streams": [{ "name": "stdout", "total": 5000, "block": {
                "head": [printed], "lines_left_out": 9, "tail": [printed], "bytes_not_kept": 10,
            }}],
            "exit": ["exited with status 0"],
        }],
        "expected": "the line `the line `a` on stdout` on stdout",
        "got": format!("`{printed}`\n`; the program exited with status 7`; the program exited with status 0"),
        "hint": null,
    }}))
    .expect("it is a failure");
    assert_eq!(untranslated(&failure), [""; 0]);
    let told = format!(
        "程序没有达到要求\n\n\
         测试对 `the program exited with status 1` 做了以下几步：\n   \
         1. 等待它的第一行 `listening on ADDR`：`connect to 127.0.0.1:1`\n   \
         2. 127.0.0.1:1 发送 {bytes}（62 字节）\n   \
         3. 127.0.0.1:1 接收一次：\"12 bytes\"（8 字节）\n\n\
         程序的 stdout，5000 字节：\n    \
         | {printed}\n      ……（省略 9 行）……\n    \
         | {printed}\n      ……（之后还有 10 字节，没有保留）……\n\n\
         程序以状态 0 退出\n\n    \
         期望：stdout 上有一行 `the line `a` on stdout`\n    \
         实际：`{printed}`\n          `; the program exited with status 7`；程序以状态 0 退出\n"
    );
    assert_eq!(tell(&failure, Language::Zh), told);
    // In English nothing is changed, and what has no translation is told all the same.
    assert_eq!(tell(&failure, Language::En), failure.to_string());
    let no_transcript =
        json!({ "NoTranscript": { "what": "a new sentence", "printed": "so it is" } });
    let failure: Failure = serde_json::from_value(no_transcript).expect("it is a failure");
    assert_eq!(tell(&failure, Language::Zh), "a new sentence\n\nso it is");
    assert_eq!(untranslated(&failure).len(), 1);
}

/// The lists with words of others: the system, the crate predicates, and Rust.
const OF_OTHERS: [&str; 3] = ["error", "predicate", "status"];

/// Functions and macros whose texts are in no story: they are for who works on the tests, or
/// they are what a program is given, or should print.
const NOT_TOLD: [&str; 10] = [
    "assert",
    "assert_eq",
    "eprintln",
    "expect_line",
    "expect_printed",
    "fn_name",
    "panic",
    "skip",
    "start",
    "unreachable",
];

/// Other texts that are no sentences: what is sent and looked for, and a last resort that no
/// story of a rubric comes to.
const NO_SENTENCES: [&str; 15] = [
    " sent \"",
    "here {}",
    "here {}\n",
    "in use",
    "is anybody there?",
    "line {}\n",
    "listening on ",
    "welcome {}",
    "who is me?",
    "who is there?",
    "you are",
    "{} left",
    "{}: here ",
    "{}: here 1\n",
    "{}\n... ({} characters left out) ...\n{}",
];

/// The texts in a source file, each with `{}` for an argument.
fn texts_in(tokens: TokenStream, texts: &mut BTreeSet<String>) {
    let mut last_word = String::new();
    let mut is_attribute = false;
    let mut is_of_a_test = false;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => last_word = ident.to_string(),
            TokenTree::Punct(punct) => {
                let mark = punct.as_char();
                is_attribute = mark == '#' || (is_attribute && mark == '!');
            }
            TokenTree::Literal(literal) => {
                if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                    texts.insert(blank(&text.value()));
                }
            }
            TokenTree::Group(group) => {
                let inner = group.stream();
                if std::mem::take(&mut is_attribute) {
                    is_of_a_test |= inner.to_string() == "cfg (test)";
                    continue;
                }
                if group.delimiter() == Delimiter::Brace {
                    if std::mem::take(&mut is_of_a_test) {
                        continue;
                    }
                } else if NOT_TOLD.contains(&last_word.as_str()) || is_expect(&last_word, &inner) {
                    continue;
                }
                texts_in(inner, texts);
            }
        }
    }
}

/// Whether this is the method `expect` of a Result, which has one argument.
fn is_expect(name: &str, arguments: &TokenStream) -> bool {
    name == "expect" && arguments.clone().into_iter().count() == 1
}

/// A template, of `format!` or of the catalogue, without the names of its placeholders.
fn blank(template: &str) -> String {
    let texts: Vec<&str> = pieces(template).into_iter().step_by(2).collect();
    texts.join("{}")
}

/// Whether there is more in it than placeholders and marks.
fn has_words(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_alphabetic())
}

/// The texts in the files of a folder of tests.
fn texts_of<'a>(files: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for name in files {
        let path = workspace::root().join("tests").join(name);
        let source = fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"));
        let tokens = source
            .parse()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut texts = BTreeSet::new();
        texts_in(tokens, &mut texts);
        found.extend(texts.into_iter().map(|text| (text, name.to_string())));
    }
    found
}

#[test]
fn every_sentence_of_the_harness_and_of_the_rubrics_is_in_the_catalogue_and_no_other() {
    let mut texts = texts_of([
        "harness/src/check.rs",
        "harness/src/connection.rs",
        "harness/src/hints.rs",
        "harness/src/listener.rs",
        "harness/src/program.rs",
        "harness/src/scenario.rs",
        "harness/src/text.rs",
        "harness/src/transcript.rs",
    ]);
    let exercises = Exercise::all(workspace::root()).expect("the exercises");
    let rubrics = exercises.iter().map(Exercise::rubric);
    let rubrics: Vec<_> = rubrics.map(|name| format!("exercises/{name}.rs")).collect();
    texts.extend(texts_of(rubrics.iter().map(String::as_str)));
    let lists = lists();
    let entries = lists.values().flat_map(BTreeMap::keys);
    let known: BTreeSet<String> = entries.map(|english| blank(english)).collect();
    let missing: BTreeMap<_, _> = texts
        .iter()
        // What has no space is a word, which need not be told: `cargo proofs` sees to that.
        .filter(|(text, _)| has_words(text) && text.trim().contains(' '))
        .filter(|(text, _)| !known.contains(*text) && !NO_SENTENCES.contains(&text.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "neither in story.zh.toml nor in NO_SENTENCES: {missing:#?}"
    );

    // The grader has a few, besides many that are in no story.
    let of_the_grader = texts_of(["grade/src/rubric.rs"]);
    let ours = lists
        .iter()
        .filter(|(name, _)| !OF_OTHERS.contains(&name.as_str()));
    let ours = ours.flat_map(|(_, entries)| entries.keys());
    let old: Vec<_> = ours
        .filter(|english| {
            let text = blank(english);
            let is_there = texts.contains_key(&text) || of_the_grader.contains_key(&text);
            has_words(&text) && !is_there
        })
        .collect();
    assert!(old.is_empty(), "nobody says this any more: {old:#?}");
}
