//! What a student reads.

use crate::made_up;
use crate::support::{
    all, exercises, feedback, page, record, report, student, text, texts, with_class,
};
use classroom::record::{Override, Status};
use classroom::report::Report;
use grade::catalogue::say;
use grade::language::Language;
use scraper::Html;
use std::collections::BTreeSet;

#[test]
fn file_names_are_safe_and_differ_wherever_ids_do() {
    let long = "a".repeat(300);
    let ids = [
        "ada",
        "Ada",
        "ADA",
        "s1234567",
        "王小明",
        "李雷",
        "",
        " ",
        ".",
        "..",
        "a/b",
        "a\\b",
        "a-b",
        "a--b",
        "-a",
        "a-",
        "con",
        "com1",
        "COM1",
        "nul",
        "nul.txt",
        "a.html",
        "a\0",
        "é",
        "e\u{301}",
        "<b>",
        "a_b",
        "_",
        &long,
        &long[..299],
        &long[..41],
        &long[..40],
        "student",
        "o'neill",
    ];
    let mut stems: Vec<String> = ids.iter().map(|id| student(id).file_stem()).collect();
    // Who takes the name of somebody's file for an ID gets another file.
    stems.extend(stems.clone().iter().filter_map(|stem| {
        let taken = !ids.contains(&stem.as_str());
        taken.then(|| student(stem).file_stem())
    }));
    let different: BTreeSet<_> = stems.iter().collect();
    assert_eq!(different.len(), stems.len(), "{stems:#?}");
    for stem in &stems {
        let is_plain = |c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '_');
        assert!(
            stem.chars().all(is_plain) && !stem.starts_with('-'),
            "{stem}"
        );
        assert!((1..=60).contains(&stem.len()), "{stem}");
        assert!(!["con", "com1", "nul"].contains(&stem.as_str()), "{stem}");
    }
    assert_eq!(stems[0], "ada");
    assert!(stems[1].starts_with("ada-"), "{}", stems[1]);
}

#[test]
fn points_by_hand_count_and_are_told_everywhere() {
    let exercises = exercises();
    let records = [record(
        &exercises,
        "ada",
        &[(5, &["says_who_left_after_the_last_line"])],
    )];
    let by_hand = |student: &str, points: u32, reason: &str| Override {
        student: student.to_string(),
        exercise: 5,
        points,
        reason: reason.to_string(),
    };
    let overrides = [
        by_hand("ada", 10, "too early"),
        by_hand("ada", 95, "shown <in> class, \"really\""),
        by_hand("adda", 1, "mistyped"),
    ];
    let report = Report {
        overrides: &overrides,
        ..report(&exercises, &records)
    };
    let told =
        "Exercise 05: 95 points by the teacher's hand, instead of 90: shown <in> class, \"really\"";

    let page = page(&report);
    let cell = all(&page, "#marks td.h a")[0];
    assert_eq!(cell.inner_html(), "95");
    assert_eq!(cell.attr("title"), Some(overrides[1].reason.as_str()));
    let rows = texts(&page, "section:has(#by-hand) tbody tr");
    assert_eq!(rows[1], "Name of ada 05 95 90 shown <in> class, \"really\"");
    assert_eq!(rows[2], "adda (no such student) 05 1 – mistyped");

    let html = feedback(&report, &records[0]);
    assert_eq!(texts(&html, ".note"), [told]);
    assert_eq!(texts(&html, ".total"), ["95 of 700 points"]);
    let plain = report
        .feedback_text(&records[0])
        .expect("there is feedback");
    assert!(
        plain.contains(told) && plain.contains("\n95 of 700 points\n"),
        "{plain}"
    );

    let results = report.gradescope(&records[0]);
    assert_eq!(results["score"], 95);
    assert_eq!(results["output"], told);
    let xml = report.junit().expect("there is XML");
    assert!(xml.contains("shown &lt;in&gt; class"), "{xml}");
}

#[test]
fn feedback_is_in_the_students_language_with_the_stories() {
    let exercises = exercises();
    let mut class = made_up::class(&exercises, 12);
    for record in &mut class.records {
        record.student.language = Some(Language::Zh);
    }
    let report = report(&exercises, &class.records);
    let english = [
        "points", "passed", "failed", "FAILED", "Expected", "Exercise", "missing",
    ];
    for record in report.records {
        let html = feedback(&report, record);
        assert_eq!(html.root_element().attr("lang"), Some("zh-CN"));
        let body = text(all(&html, "body")[0]);
        let plain = report.feedback_text(record).expect("there is feedback");
        for word in english {
            assert!(!body.contains(word), "{word} in {body}");
            assert!(!plain.contains(word), "{word} in {plain}");
        }
        let failed = all(&html, ".failed");
        assert_eq!(failed.len(), plain.matches("    提示：").count());
        for check in failed {
            let check = text(check);
            assert!(
                check.contains("期望：") && check.contains("提示："),
                "{check}"
            );
        }
        for notice in &record.notices {
            let notice = say(notice, Language::Zh);
            assert!(
                body.contains(&notice) && plain.contains(&notice),
                "{notice}"
            );
        }
    }
    assert_eq!(page(&report).root_element().attr("lang"), Some("en"));
}

#[test]
fn the_compiler_is_quoted() {
    with_class(60, Language::En, |report| {
        let mut quoted = 0;
        for record in report.records {
            let html = feedback(report, record);
            for graded in &record.exercises {
                if graded.status == Status::DoesNotCompile {
                    let pre = format!("[id='{:02}'] > pre", graded.exercise);
                    let pre: String = all(&html, &pre)[0].text().collect();
                    assert!(pre.starts_with("error[E0308]: mismatched types\n --> main.rs"));
                    assert!(pre.contains("\"<b>9090</b>\";\n"), "{pre}");
                    quoted += 1;
                }
            }
        }
        assert!(quoted > 0);
    });
}

#[test]
fn nothing_that_others_have_written_steers_the_reader() {
    with_class(24, Language::En, |report| {
        let mut written = vec![
            report.page().expect("there is a page"),
            report.junit().expect("there is XML"),
        ];
        for record in report.records {
            written.push(report.feedback_html(record).expect("there is feedback"));
            written.push(report.feedback_text(record).expect("there is feedback"));
            written.push(report.gradescope(record).to_string());
        }
        for text in &written {
            let steers = |c: char| {
                (c.is_control() && c != '\n' && c != '\t')
                    || ('\u{202a}'..='\u{202e}').contains(&c)
                    || ('\u{2066}'..='\u{2069}').contains(&c)
            };
            let found = text.find(steers);
            let around = found.map(|at| &text[at.saturating_sub(80)..at]);
            assert_eq!(around, None);
        }
        // What was there can still be seen.
        assert!(written[0].contains("\\u{1b}[31mred"));
        let page = Html::parse_document(&written[0]);
        assert_eq!(
            texts(&page, "#marks tbody th a")[1],
            report.records[1].student.name
        );
        assert_eq!(all(&page, "script").len(), 1);
        assert!(all(&page, "b").is_empty(), "no tag comes from a name");
    });
}
