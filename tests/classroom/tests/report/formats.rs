//! What other programs read, and records of another version.

use crate::support::{exercises, feedback, record, report, texts, with_class};
use classroom::record::{Status, StudentRecord};
use classroom::report::ExerciseResult;
use grade::catalogue::say;
use grade::language::Language;
use harness::message::Message;
use scraper::Html;

#[test]
fn gradescope_gets_scores_and_the_record_comes_back() {
    with_class(40, Language::Zh, |report| {
        let checks: usize = report.exercises.iter().map(|it| it.checks.len()).sum();
        for record in report.records {
            let json = serde_json::to_string(record).expect("it is JSON");
            let again: StudentRecord = serde_json::from_str(&json).expect("it is a record");
            assert_eq!(again, *record);

            let results = report.gradescope(record);
            let tests = results["tests"].as_array().expect("there are tests");
            let scored = tests.iter().filter(|test| test["max_score"].is_u64());
            assert_eq!(scored.count(), checks);
            let earned: u64 = tests.iter().filter_map(|test| test["score"].as_u64()).sum();
            let exercise_results = report.exercise_results(record);
            let expected: u32 = exercise_results.iter().map(ExerciseResult::earned).sum();
            assert_eq!(earned, u64::from(expected));
            let points: u32 = exercise_results.iter().map(ExerciseResult::points).sum();
            assert_eq!(results["score"], points);
            let version = &results["extra_data"]["rubric_versions"]["exercise-05"];
            assert_eq!(*version, report.exercises[4].version);
        }
    });
}

#[test]
fn the_same_records_are_said_in_either_language() {
    let languages = [Language::En, Language::Zh];
    for (language, other) in languages.into_iter().zip(languages.into_iter().rev()) {
        with_class(60, language, |report| {
            let read = |text: String| Html::parse_fragment(&text).root_element().text().collect();
            let page: String = read(report.page().expect("there is a page"));
            let junit = report.junit().expect("there is XML");
            let mut said = 0;
            for record in report.records {
                let plain = report.feedback_text(record).expect("there is feedback");
                let html: String = read(report.feedback_html(record).expect("there is feedback"));
                let results = report.gradescope(record).to_string();
                let graded = record.exercises.iter();
                let messages = graded.filter_map(|graded| graded.message.as_ref());
                let is_translated =
                    |message: &&Message| say(message, Language::En) != say(message, Language::Zh);
                for message in messages.chain(&record.notices).filter(is_translated) {
                    let (this, other) = (say(message, language), say(message, other));
                    for text in [&plain, &html, &results, &page] {
                        assert!(text.contains(&this), "{this} is not in {text}");
                    }
                    for text in [&plain, &html, &results, &page, &junit] {
                        assert!(!text.contains(&other), "{other} is in {text}");
                    }
                    said += 1;
                }
            }
            assert!(said >= 20, "only {said} messages were looked for");
        });
    }
}

#[test]
fn junit_has_a_suite_for_each_student_and_exercise() {
    with_class(30, Language::En, |report| {
        let xml = report.junit().expect("there is XML");
        let xml = roxmltree::Document::parse(&xml).expect("it is XML");
        let suites: Vec<_> = xml
            .descendants()
            .filter(|node| node.has_tag_name("testsuite"))
            .collect();
        assert_eq!(suites.len(), 30 * 7 + 1);
        let mut suites = suites.into_iter();
        for record in report.records {
            for result in report.exercise_results(record) {
                let suite = suites.next().expect("there is one more");
                let package = result.exercise.package();
                let name = format!("{}/{package}", record.student.id);
                assert_eq!(suite.attribute("name"), Some(name.as_str()));
                let count = |tag: &str| {
                    let nodes = suite.descendants();
                    nodes.filter(|node| node.has_tag_name(tag)).count()
                };
                let failed = result
                    .outcome
                    .as_ref()
                    .map(|outcome| outcome.failed().len());
                let expected = match result.status {
                    Status::Graded => (failed.unwrap_or_default(), 0, 0),
                    Status::Missing => (0, 0, 1),
                    _ => (0, 1, 0),
                };
                let found = (count("failure"), count("error"), count("skipped"));
                assert_eq!(found, expected, "{name}");
            }
        }
        let last = suites.next().expect("there is one more");
        assert_eq!(last.attribute("errors"), Some("2"));
    });
}

#[test]
fn equal_records_give_equal_files() {
    let files = || {
        with_class(12, Language::En, |report| {
            let mut files = vec![
                report.page().expect("there is a page"),
                report.junit().expect("there is XML"),
            ];
            for record in report.records {
                files.push(report.feedback_html(record).expect("there is feedback"));
                files.push(report.feedback_text(record).expect("there is feedback"));
                files.push(report.gradescope(record).to_string());
            }
            files
        })
    };
    assert!(files() == files());
}

#[test]
fn points_of_another_version_of_the_rubric_do_not_count() {
    let exercises = exercises();
    let mut records = [record(&exercises, "ada", &[(1, &[]), (5, &[])])];
    records[0].exercises[4].version += 1;
    let report = report(&exercises, &records);
    let results = report.gradescope(&records[0]);
    assert_eq!(results["score"], 100);
    let html = feedback(&report, &records[0]);
    let now = exercises[4].version;
    let why = format!(
        "graded with version {} of the rubric, which is now at version {now}: it has to be graded \
         again",
        now + 1
    );
    assert_eq!(texts(&html, "[id='05'] > pre"), [why]);
}
