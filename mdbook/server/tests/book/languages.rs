//! Both languages are the same book: the same files, code, drawings, questions, in the same
//! order.

use crate::chapters::{Chapter, Kind, Part, chapters, files, folder, is_lesson, pattern, read};
use crate::problems::Problems;
use book::site::Language;
use std::collections::BTreeSet;

/// The headings of a lesson's chapter, in English and in Chinese.
const HEADINGS: [(&str, &str); 11] = [
    ("What we want", "目标"),
    ("The picture", "示意图"),
    ("Run it", "运行"),
    ("The code", "代码"),
    ("What changed", "有什么变化"),
    ("What the kernel did", "内核做了什么"),
    ("Break it", "动手弄坏它"),
    ("Predict, then run", "先预测，再运行"),
    ("In Python", "用 Python 写"),
    ("The exercise", "练习"),
    ("What is still wrong", "还有什么问题"),
];

/// How many questions a lesson asks at least.
const QUESTIONS: usize = 3;

/// The chapters that both languages have, side by side.
fn pairs() -> Vec<(Chapter, Chapter)> {
    let english = chapters(Language::English).into_iter();
    let chinese = files(&folder(Language::Chinese), ".md");
    english
        .filter(|chapter| chinese.contains(&chapter.name))
        .map(|chapter| {
            let name = chapter.name.clone();
            (chapter, Chapter::read(Language::Chinese, name))
        })
        .collect()
}

/// Tells the first place where two sequences differ: of things in an English and in a
/// Chinese chapter, each with its line.
fn compare(
    problems: &mut Problems,
    chapters: &(Chapter, Chapter),
    things: [Vec<(usize, String)>; 2],
) {
    let (english, chinese) = chapters;
    let [left, right] = things;
    let length = left.len().max(right.len());
    let differs = (0..length).find(|index| {
        let thing = |things: &[(usize, String)]| things.get(*index).map(|(_, text)| text.clone());
        thing(&left) != thing(&right)
    });
    let Some(index) = differs else {
        return;
    };
    let tell = |chapter: &Chapter, things: &[(usize, String)]| match things.get(index) {
        Some((line, text)) => (chapter.place(*line), text.clone()),
        None => (chapter.path.clone(), "nothing more".to_string()),
    };
    let (place, text) = tell(english, &left);
    let (other_place, other_text) = tell(chinese, &right);
    problems.add(
        place,
        format!("{text}, but in Chinese ({other_place}): {other_text}"),
    );
}

#[test]
fn both_have_the_same_files() {
    let mut problems = Problems::default();
    for (below, ending) in [("", ".md"), ("/diagrams", ".svg")] {
        let [english, chinese] = Language::ALL.map(|language| {
            let folder = format!("{}{below}", folder(language));
            files(&folder, ending).into_iter().collect::<BTreeSet<_>>()
        });
        for name in english.symmetric_difference(&chinese) {
            let has = if english.contains(name) {
                Language::English
            } else {
                Language::Chinese
            };
            let place = format!("{}{below}/{name}", folder(has));
            problems.add(place, format!("there is only the one in {}", has.name()));
        }
    }
    problems.assert_none("write the other one, under the same name");
}

/// The chapters in the order of a language's summary.
fn summary(language: Language) -> Vec<String> {
    let link = pattern(r"^\s*(?:- )?\[[^\]]+\]\(([^)]+)\)");
    let text = read(&format!("{}/SUMMARY.md", folder(language)));
    let links = text.lines().filter_map(|line| link.captures(line));
    links.map(|found| found[1].to_string()).collect()
}

#[test]
fn both_summaries_have_every_chapter_in_the_same_order() {
    let [english, chinese] = Language::ALL.map(summary);
    let cure = "make the lists in mdbook/src/SUMMARY.md and mdbook/zh-CN/SUMMARY.md the same";
    assert_eq!(english, chinese, "the order of the chapters: {cure}");
    let mut problems = Problems::default();
    // The page that says that there is no such page is no chapter.
    let names = chapters(Language::English)
        .into_iter()
        .map(|chapter| chapter.name);
    for name in names.filter(|name| name != "404.md") {
        if !english.contains(&name) {
            problems.add(format!("mdbook/src/{name}"), "it is not in SUMMARY.md");
        }
    }
    problems.assert_none("add it to both summaries, or delete it");
}

#[test]
fn both_include_the_same() {
    let mut problems = Problems::default();
    for pair in pairs() {
        let includes = |chapter: &Chapter| {
            let includes = chapter.includes().into_iter();
            includes
                .map(|include| (include.line, include.text))
                .collect()
        };
        let things = [includes(&pair.0), includes(&pair.1)];
        compare(&mut problems, &pair, things);
    }
    problems.assert_none("include the same pieces, drawings and sessions in the same order");
}

#[test]
fn both_have_the_same_headings_code_tables_notes_and_questions() {
    let mut problems = Problems::default();
    for pair in pairs() {
        let parts = |chapter: &Chapter| {
            let parts = chapter.parts.iter();
            parts
                .map(|part| (part.line, part.kind.to_string()))
                .collect()
        };
        let things = [parts(&pair.0), parts(&pair.1)];
        compare(&mut problems, &pair, things);
    }
    problems.assert_none("give both chapters the same parts in the same order");
}

#[test]
fn every_chapter_has_one_title() {
    let mut problems = Problems::default();
    for language in Language::ALL {
        for chapter in chapters(language) {
            let titles = chapter.headings(1);
            if titles.len() != 1 || titles[0].0 != 1 {
                let what = format!("it has {} headings of level 1", titles.len());
                problems.add(&chapter.path, what);
            }
        }
    }
    problems.assert_none("a chapter begins with `# Title`, and has no other heading of level 1");
}

#[test]
fn every_lesson_has_all_its_sections_in_order() {
    let mut problems = Problems::default();
    for language in Language::ALL {
        for chapter in chapters(language)
            .iter()
            .filter(|chapter| is_lesson(chapter))
        {
            let is_first = chapter.name.starts_with("01");
            let expected = HEADINGS.iter().map(|(english, chinese)| match language {
                Language::English => *english,
                Language::Chinese => *chinese,
            });
            // Before the first lesson there is nothing that could have changed.
            let expected: Vec<&str> = expected
                .enumerate()
                .filter(|(index, _)| !(is_first && *index == 4))
                .map(|(_, heading)| heading)
                .collect();
            let found = chapter.headings(2);
            let headings: Vec<&str> = found.iter().map(|(_, text)| *text).collect();
            if headings != expected {
                let same = headings
                    .iter()
                    .zip(&expected)
                    .take_while(|(a, b)| a == b)
                    .count();
                let place = found
                    .get(same)
                    .map_or(chapter.path.clone(), |(line, _)| chapter.place(*line));
                let is = headings.get(same).unwrap_or(&"nothing more");
                let should = expected.get(same).unwrap_or(&"nothing more");
                problems.add(place, format!("## {is}, where {should:?} is due"));
            }
        }
    }
    problems.assert_none("a lesson has the sections of tests/book/languages.rs, in that order");
}

#[test]
fn every_lesson_asks_questions() {
    let mut problems = Problems::default();
    for language in Language::ALL {
        for chapter in chapters(language)
            .iter()
            .filter(|chapter| is_lesson(chapter))
        {
            let count = chapter.questions().len();
            if count < QUESTIONS {
                problems.add(&chapter.path, format!("it asks {count} question(s)"));
            }
        }
    }
    problems.assert_none(&format!(
        "ask {QUESTIONS} or more, each as `<details class=\"question\"><summary>...</summary>`"
    ));
}

/// The pairs of words in a language's glossary: the first two columns of its tables, in
/// whatever order, and the line of the table.
fn words(language: Language) -> Vec<(usize, BTreeSet<String>)> {
    let chapter = Chapter::read(language, "words.md".to_string());
    let tables = chapter.parts.iter().filter_map(|part| match part {
        Part {
            line,
            kind: Kind::Table(rows),
        } => Some((*line, rows)),
        _ => None,
    });
    tables
        .flat_map(|(line, rows)| {
            // The heading and the line below it come first.
            let rows = rows.iter().zip(line..).skip(1);
            rows.map(|(row, line)| (line + 1, row.iter().take(2).cloned().collect()))
        })
        .collect()
}

#[test]
fn both_glossaries_have_the_same_pairs_of_words() {
    let mut problems = Problems::default();
    let [english, chinese] = Language::ALL.map(words);
    for (language, own, other) in [
        (Language::English, &english, &chinese),
        (Language::Chinese, &chinese, &english),
    ] {
        for (line, pair) in own {
            if !other.iter().any(|(_, other)| other == pair) {
                let place = format!("{}/words.md:{line}", folder(language));
                let words: Vec<&str> = pair.iter().map(String::as_str).collect();
                problems.add(place, format!("only here: {}", words.join(" = ")));
            }
        }
    }
    let cure = "give both glossaries the same words in the first two columns of their tables";
    problems.assert_none(cure);
    assert!(!english.is_empty(), "mdbook/src/words.md has no table");
}
