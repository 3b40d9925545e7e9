//! `junit.xml`: the class as test suites.

use super::results::{ExerciseResult, Report, status_in_words};
use crate::escape::escape_text;
use crate::record::{Status, StudentRecord};
use grade::catalogue::say;
use grade::failed::Because;
use grade::report::junit_cases;
use harness::message;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

impl Report<'_> {
    /// All of the class as `JUnit` XML: a test suite for each exercise of each student, and one
    /// for what was not understood.
    ///
    /// # Errors
    ///
    /// If the XML cannot be made.
    pub fn junit(&self) -> anyhow::Result<String> {
        let mut report = quick_junit::Report::new("cargo grade class");
        for record in self.records {
            for result in self.exercise_results(record) {
                report.add_test_suite(self.suite(record, &result));
            }
        }
        if !self.not_understood.is_empty() {
            let name = status_in_words(Status::NotUnderstood, self.language);
            let mut suite = TestSuite::new(name);
            for (path, reason) in self.not_understood {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
                status.set_message(escape_text(&say(reason, self.language)));
                suite.add_test_case(TestCase::new(escape_text(path), status));
            }
            report.add_test_suite(suite);
        }
        report
            .to_string()
            .because(|| message!("cannot make JUnit XML"))
    }

    /// An exercise of a student.
    fn suite(&self, record: &StudentRecord, result: &ExerciseResult) -> TestSuite {
        let package = result.exercise.package();
        let mut suite = TestSuite::new(format!("{}/{package}", escape_text(&record.student.id)));
        suite.add_property(("student", escape_text(&record.student.name).as_str()));
        suite.add_property(("points", result.points().to_string().as_str()));
        if let Some(by_hand) = result.by_hand {
            suite.add_property(("override", escape_text(&by_hand.reason).as_str()));
        }
        if let Some(outcome) = &result.outcome {
            suite.add_test_cases(junit_cases(outcome, self.language));
            return suite;
        }
        let mut status = match result.status {
            Status::Missing | Status::NotGraded => TestCaseStatus::skipped(),
            _ => TestCaseStatus::non_success(NonSuccessKind::Error),
        };
        status.set_message(status_in_words(result.status, self.language));
        status.set_description(escape_text(&result.words(self.language)));
        let mut case = TestCase::new(package.as_str(), status);
        case.set_classname(package);
        suite.add_test_case(case);
        suite
    }
}
