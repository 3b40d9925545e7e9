//! Tells the story of a failed check in the learner's language.
//!
//! The harness and the rubrics write English, as whoever reads them does. Their sentences are
//! found again in a catalogue (`story.zh.toml`) of templates in both languages:
//! `"{address} sends {bytes}"`. So a rubric says `story.step(format!(…))`, and knows of no
//! other language.
//!
//! The catalogue is a grammar. Each of its lists has a name, a placeholder has a name, too,
//! and digits after that where it needs to differ from another one. It is either something
//! that stays as it is, of a form that can be checked (see [`stays`]), or it is a sentence of
//! the list of that name. Because bytes, lines and addresses have their form, none of what a
//! program has printed is taken for a sentence of ours.
//!
//! Of several templates that fit, the one with the most text of its own counts.

use crate::language::Language;
use anyhow::{Context, ensure};
use harness::{Failure, Part};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::OnceLock;

/// Why a check has failed, in the learner's language. What has no translation is said in
/// English, rather than not at all.
pub fn tell(failure: &Failure, language: Language) -> String {
    failure.tell(&|part, sentence| say(part, sentence, language))
}

/// What should have come, where there is a story that says so, and what came, in the
/// learner's language.
pub fn in_short(failure: &Failure, language: Language) -> (Option<String>, String) {
    failure.in_short(&|part, sentence| say(part, sentence, language))
}

fn say(part: Part, sentence: &str, language: Language) -> String {
    let said = match language {
        Language::En => None,
        Language::Zh => Catalogue::chinese().translate(list(part), sentence),
    };
    said.unwrap_or_else(|| sentence.to_string())
}

/// The sentences of a failure that do not have just one translation.
pub fn untranslated(failure: &Failure) -> Vec<String> {
    let found = RefCell::new(Vec::new());
    failure.tell(&|part, sentence| {
        let readings = Catalogue::chinese().readings(list(part), sentence);
        if readings.len() != 1 {
            let what = format!("[{}] {sentence}: {readings:?}", list(part));
            found.borrow_mut().push(what);
        }
        String::new()
    });
    found.into_inner()
}

/// The name of the list that has the sentences of a part.
fn list(part: Part) -> &'static str {
    match part {
        Part::Heading => "heading",
        Part::Step => "step",
        Part::Result => "result",
        Part::Expected => "expected",
        Part::Got => "got",
        Part::Hint => "hint",
    }
}

/// What stays as it is: whether a text is of this kind. `None` if there is no such kind.
fn stays(kind: &str, text: &str) -> Option<bool> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    Some(match kind {
        "address" => text.parse::<SocketAddr>().is_ok(),
        "number" => text.parse::<i128>().is_ok(),
        "duration" => is_duration(text),
        "quoted" => is_quoted(text),
        "lines" => text.split('\n').all(is_line),
        "hex" => !text.is_empty() && text.chars().all(|c| c == ' ' || c.is_ascii_hexdigit()),
        "word" => !text.is_empty() && text.chars().all(is_word),
        // Words of the system, the test's own words, an argument.
        "text" => true,
        _ => return None,
    })
}

/// Whether this is a line of output, as the harness shows it.
fn is_line(text: &str) -> bool {
    text.len() >= 2 && text.starts_with('`') && text.ends_with('`')
}

/// Whether this is a duration as Rust prints it, such as `4.5s`.
fn is_duration(text: &str) -> bool {
    let units = ["ns", "µs", "ms", "s"];
    let number = units.iter().find_map(|unit| text.strip_suffix(unit));
    number.is_some_and(|number| number.parse::<f64>().is_ok())
}

/// Whether this is one text, or one piece of bytes, in quotes.
fn is_quoted(text: &str) -> bool {
    let text = text.strip_prefix('b').unwrap_or(text);
    let inner = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    let mut is_escaped = false;
    let ends_before = |c: char| {
        let ends = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    };
    inner.is_some_and(|inner| !inner.chars().any(ends_before)) && !is_escaped
}

/// A sentence with placeholders: what is between them is one more than they are.
#[derive(Debug)]
struct Template {
    literals: Vec<String>,
    holes: Vec<String>,
}

impl Template {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let mut parts = text.split('{');
        let mut literals = vec![parts.next().unwrap_or_default().to_string()];
        let mut holes = Vec::new();
        for part in parts {
            let (hole, literal) = part
                .split_once('}')
                .with_context(|| format!("a placeholder does not end in {text:?}"))?;
            holes.push(hole.to_string());
            literals.push(literal.to_string());
        }
        let names: BTreeSet<_> = holes.iter().collect();
        ensure!(names.len() == holes.len(), "a name comes twice in {text:?}");
        Ok(Self { literals, holes })
    }

    /// Whether it fits the same sentences as another one.
    fn is_like(&self, other: &Self) -> bool {
        let kinds = |template: &Self| -> Vec<String> {
            template
                .holes
                .iter()
                .map(|hole| kind(hole).to_string())
                .collect()
        };
        self.literals == other.literals && kinds(self) == kinds(other)
    }

    /// How much text of its own it has.
    fn weight(&self) -> usize {
        self.literals.iter().map(String::len).sum()
    }

    /// The template with these words in the places of the placeholders.
    fn fill(&self, words: &BTreeMap<&str, String>) -> String {
        let mut text = self.literals[0].clone();
        for (hole, literal) in self.holes.iter().zip(&self.literals[1..]) {
            text.push_str(words.get(hole.as_str()).map_or("", String::as_str));
            text.push_str(literal);
        }
        text
    }
}

/// What kind of thing a placeholder stands for: its name without the digits at its end.
fn kind(hole: &str) -> &str {
    hole.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// A sentence in both languages.
#[derive(Debug)]
struct Entry {
    english: Template,
    chinese: Template,
}

impl Entry {
    /// Reads an entry of a catalogue with these lists.
    fn parse<T>(english: &str, chinese: &str, lists: &BTreeMap<String, T>) -> anyhow::Result<Self> {
        let (english, chinese) = (Template::parse(english)?, Template::parse(chinese)?);
        let names = |template: &Template| template.holes.iter().cloned().collect::<BTreeSet<_>>();
        ensure!(
            names(&english) == names(&chinese),
            "the placeholders differ"
        );
        for hole in &english.holes {
            let is_known = stays(kind(hole), "").is_some() || lists.contains_key(kind(hole));
            ensure!(is_known, "there is no list [{}]", kind(hole));
        }
        let last = english.literals.len() - 1;
        let mut between = english.literals.iter().take(last).skip(1);
        ensure!(
            between.all(|literal| !literal.is_empty()),
            "nothing is between two placeholders"
        );
        Ok(Self { english, chinese })
    }
}

/// The sentences of the stories.
#[derive(Debug)]
pub struct Catalogue {
    lists: BTreeMap<String, Vec<Entry>>,
}

impl Catalogue {
    /// The catalogue of the Chinese stories.
    pub fn chinese() -> &'static Self {
        static CHINESE: OnceLock<Catalogue> = OnceLock::new();
        CHINESE.get_or_init(|| {
            let catalogue = Self::parse(include_str!("story.zh.toml"));
            // It is part of the program, and tested with it.
            catalogue.expect("story.zh.toml is a catalogue")
        })
    }

    /// Reads a catalogue.
    ///
    /// # Errors
    ///
    /// If it is no catalogue: the placeholders of a sentence differ from one language to the
    /// other, or are of no known kind, or two sentences of a list are the same.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let file: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(text)?;
        let mut lists = BTreeMap::new();
        for (name, sentences) in &file {
            ensure!(stays(name, "").is_none(), "[{name}] is no name for a list");
            let mut entries: Vec<Entry> = Vec::new();
            for (english, chinese) in sentences {
                let entry = Entry::parse(english, chinese, &file)
                    .with_context(|| format!("{english:?} in [{name}]"))?;
                let mut others = entries.iter();
                let is_new = others.all(|other| !other.english.is_like(&entry.english));
                ensure!(is_new, "{english:?} is twice in [{name}]");
                entries.push(entry);
            }
            lists.insert(name.clone(), entries);
        }
        Ok(Self { lists })
    }

    /// A sentence of a list, in Chinese.
    pub fn translate(&self, list: &str, sentence: &str) -> Option<String> {
        self.readings(list, sentence).into_iter().next()
    }

    /// All that a sentence of a list may be in Chinese: more than one if it is ambiguous.
    pub fn readings(&self, list: &str, sentence: &str) -> BTreeSet<String> {
        let mut best = (0, BTreeSet::new());
        for entry in self.lists.get(list).into_iter().flatten() {
            let weight = entry.english.weight();
            if weight < best.0 {
                continue;
            }
            let readings = self.fit(entry, sentence);
            if readings.is_empty() {
                continue;
            }
            if weight > best.0 {
                best = (weight, BTreeSet::new());
            }
            best.1.extend(readings);
        }
        best.1
    }

    /// What a sentence is in Chinese if it is this one.
    fn fit(&self, entry: &Entry, sentence: &str) -> BTreeSet<String> {
        let Entry { english, chinese } = entry;
        let Some(rest) = sentence.strip_prefix(english.literals[0].as_str()) else {
            return BTreeSet::new();
        };
        let ways = self.divide(english, 0, rest);
        ways.iter().map(|words| chinese.fill(words)).collect()
    }

    /// All that the placeholders of a template may be, from this one on, if the text from
    /// there on is this.
    fn divide<'a>(
        &self,
        template: &'a Template,
        from: usize,
        text: &str,
    ) -> Vec<BTreeMap<&'a str, String>> {
        let Some(hole) = template.holes.get(from) else {
            return if text.is_empty() {
                vec![BTreeMap::new()]
            } else {
                vec![]
            };
        };
        let literal = template.literals[from + 1].as_str();
        let ends: Vec<usize> = if from + 1 == template.holes.len() {
            text.strip_suffix(literal)
                .map(str::len)
                .into_iter()
                .collect()
        } else {
            text.match_indices(literal).map(|(end, _)| end).collect()
        };
        let mut ways = Vec::new();
        for end in ends {
            for word in self.words(kind(hole), &text[..end]) {
                for mut way in self.divide(template, from + 1, &text[end + literal.len()..]) {
                    way.insert(hole, word.clone());
                    ways.push(way);
                }
            }
        }
        ways
    }

    /// What a text is in Chinese if it is of this kind.
    fn words(&self, kind: &str, text: &str) -> BTreeSet<String> {
        match stays(kind, text) {
            Some(true) => BTreeSet::from([text.to_string()]),
            Some(false) => BTreeSet::new(),
            None => self.readings(kind, text),
        }
    }
}
