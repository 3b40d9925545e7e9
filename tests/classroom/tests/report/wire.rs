//! The packets of a failed check, as a student reads them.

use crate::support::{exercises, record};
use classroom::record::StudentRecord;
use classroom::report::Report;
use grade::language::Language;
use grade::recording::{Gap, Packets, Recording};
use harness::message;

const CHECK: &str = "says_who_left_after_the_last_line";

/// A line that has remarks in words.
const AGAIN: &str = "            58936 -- SYN, again -------------------------> 9090";

/// A student who fails a check of exercise 05, with these packets.
fn recorded(passed: bool, ladder: &[&str], gap: Option<Gap>) -> StudentRecord {
    let mut record = record(&exercises(), "ada", &[(5, &[CHECK])]);
    let ladder = ladder
        .iter()
        .map(|line| line.parse().expect("it is a line"));
    record.exercises[4].recording = Some(Recording {
        check: CHECK.to_string(),
        passed,
        packets: Packets {
            ladder: ladder.collect(),
            gap,
        },
    });
    // It is kept as a value, whatever the language.
    let json = serde_json::to_string(&record).expect("JSON");
    let read: StudentRecord = serde_json::from_str(&json).expect("a record");
    assert_eq!(read, record);
    record
}

/// The feedback as text, as HTML and in Gradescope's form, in a language.
fn feedback(record: &StudentRecord, language: Language) -> [String; 3] {
    let records = [record.clone()];
    let report = Report {
        exercises: &exercises(),
        records: &records,
        overrides: &[],
        not_understood: &[],
        language,
    };
    let [record] = &records;
    [
        report.feedback_text(record).expect("a text"),
        report.feedback_html(record).expect("a page"),
        report.gradescope(record)["tests"].to_string(),
    ]
}

#[track_caller]
fn assert_says(record: &StudentRecord, language: Language, what: &[&str]) {
    for text in feedback(record, language) {
        for what in what {
            assert!(text.contains(what), "{what} in\n{text}");
        }
    }
}

#[test]
fn a_check_that_passes_the_second_time_is_said_to_have_passed() {
    let record = recorded(true, &[AGAIN], None);
    assert_says(&record, Language::En, &[" SYN, again ---", "has passed"]);
    assert_says(
        &record,
        Language::Zh,
        &[" SYN, 重发 ---", "单独再运行一次，这次通过了"],
    );
    let record = recorded(false, &[AGAIN], None);
    for text in feedback(&record, Language::En) {
        assert!(!text.contains("has passed"), "{text}");
    }
}

#[test]
fn what_is_missing_is_told() {
    let why = message!("the check was not run");
    let record = recorded(false, &[], Some(Gap::Everything(why)));
    assert_says(
        &record,
        Language::En,
        &["no packets to show: the check was not run"],
    );
    assert_says(
        &record,
        Language::Zh,
        &["没有可以列出的报文：这项检查没有运行"],
    );
    let record = recorded(false, &[], None);
    assert_says(&record, Language::En, &["Nothing went over the wire."]);
    let ladder = [AGAIN, "                  (7 more packets of 58936)"];
    let record = recorded(false, &ladder, Some(Gap::After(20_000)));
    let told = ["Only the first 20000 packets", "(7 more packets of 58936)"];
    assert_says(&record, Language::En, &told);
    let told = ["只录了前 20000 个", "（58936 另有 7 个报文，略去）"];
    assert_says(&record, Language::Zh, &told);
}
