//! The gradebook, and points by the hand of a teacher.

use classroom::gradebook;
use classroom::overrides;
use classroom::record::{CheckResult, GradedExercise, Override, Status, Student, StudentRecord};
use classroom::take::{SetAside, TakeCommand};
use grade::exercise::Exercise;
use grade::language::Language;
use harness::{Failure, Verdict, message};
use std::fs;
use std::path::Path;

/// A course of as many exercises as there are statuses.
fn exercises() -> Vec<Exercise> {
    let mut all = Exercise::all(workspace::root()).unwrap_or_else(|error| panic!("{error:#}"));
    all.truncate(STATUSES.len());
    all
}

/// A student of whom each exercise has come as far as said; of one that was graded, the first
/// check has passed.
fn record(id: &str, name: &str, statuses: [Status; STATUSES.len()]) -> StudentRecord {
    let exercises = exercises();
    let graded = exercises.iter().zip(statuses).map(|(exercise, status)| {
        let checks = exercise.checks.iter().enumerate();
        let checks = checks.map(|(index, check)| CheckResult {
            name: check.name.clone(),
            verdict: match index {
                0 => Verdict::Passed,
                _ => Verdict::Failed(Failure::NoTranscript {
                    what: harness::message!("it failed"),
                    printed: String::new(),
                }),
            },
        });
        GradedExercise {
            exercise: exercise.number,
            fingerprint: String::new(),
            version: exercise.version,
            status,
            checks: if status == Status::Graded {
                checks.collect()
            } else {
                Vec::new()
            },
            message: None,
            set_aside: Vec::new(),
            recording: None,
        }
    });
    StudentRecord {
        student: Student {
            id: id.to_string(),
            name: name.to_string(),
            language: None,
        },
        exercises: graded.collect(),
        notices: Vec::new(),
    }
}

const STATUSES: [Status; 7] = [
    Status::Graded,
    Status::DoesNotCompile,
    Status::TimedOut,
    Status::Missing,
    Status::NotUnderstood,
    Status::Graded,
    Status::Missing,
];

fn by_hand(student: &str, exercise: u32, points: u32, reason: &str) -> Override {
    Override {
        student: student.to_string(),
        exercise,
        points,
        reason: reason.to_string(),
    }
}

/// Writes the gradebook. Returns its bytes, and its cells as a reader of CSV sees them.
fn write(records: &[StudentRecord], overrides: &[Override]) -> (Vec<u8>, Vec<Vec<String>>) {
    write_in(Language::En, records, overrides)
}

fn write_in(
    language: Language,
    records: &[StudentRecord],
    overrides: &[Override],
) -> (Vec<u8>, Vec<Vec<String>>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("grades.csv");
    gradebook::write(
        &exercises(),
        records,
        overrides,
        language,
        &TakeCommand::default(),
        &path,
    )
    .unwrap_or_else(|error| panic!("{error:#}"));
    let names = fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(names, 1, "nothing else is left there");
    let bytes = fs::read(&path).expect("the gradebook");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(bytes.as_slice());
    // It takes the byte order mark off.
    let rows = reader.records().map(|row| {
        let row = row.expect("a row");
        row.iter().map(String::from).collect()
    });
    let rows = rows.collect();
    (bytes, rows)
}

#[test]
fn it_has_a_row_of_points_possible_and_one_for_each_student_in_order() {
    let records = [
        record("s2", "Bob", STATUSES),
        record("s1", "张三", STATUSES),
    ];
    let (bytes, rows) = write(&records, &[]);
    assert!(bytes.starts_with(b"\xef\xbb\xbfid,name,total,exercise-01,exercise-01 status,"));
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|row| row.len() == 3 + 2 * 7 + 2));
    assert_eq!(rows[0][17..], ["override reasons", "not understood"]);
    assert_eq!(rows[0][15..17], ["exercise-07", "exercise-07 status"]);
    assert_eq!(rows[1][..5], ["points possible", "", "700", "100", ""]);
    let exercises = exercises();
    let first = |number: usize| exercises[number - 1].checks[0].points;
    let total = first(1) + first(6);
    assert_eq!(rows[2][..3], ["s1", "张三", &total.to_string()]);
    assert_eq!(rows[2][3..5], [first(1).to_string().as_str(), "graded"]);
    assert_eq!(rows[2][5..7], ["0", "does not compile"]);
    assert_eq!(rows[2][7..9], ["0", "timed out"]);
    assert_eq!(rows[2][9..11], ["0", "missing"]);
    assert_eq!(rows[2][11..13], ["0", "not understood"]);
    assert_eq!(rows[3][0], "s2");
    // The same input gives the same file.
    let (again, _) = write(&[records[1].clone(), records[0].clone()], &[]);
    assert_eq!(bytes, again);
}

#[test]
fn what_the_machine_could_not_grade_has_no_points_and_no_total() {
    let mut statuses = STATUSES;
    statuses[1] = Status::NotGradable;
    let records = [record("s1", "Ada", statuses)];
    let (_, rows) = write(&records, &[]);
    assert_eq!(rows[2][..3], ["s1", "Ada", ""]);
    assert_eq!(rows[2][4..7], ["graded", "", "not gradable"]);
    // Points by a teacher's hand are a grade.
    let (_, rows) = write(&records, &[by_hand("s1", 2, 80, "seen by me")]);
    assert_eq!(rows[2][5..7], ["80", "not gradable"]);
    assert_ne!(rows[2][2], "");
    assert!(rows[2][17].contains("80 instead of no grade"), "{rows:?}");
}

#[test]
fn numbers_in_ids_are_in_the_order_of_numbers() {
    let ids = ["10", "S10", "S2", "2", "S1", "S02b", "é7", "S010"];
    let records = ids.map(|id| record(id, id, STATUSES));
    let (_, rows) = write(&records, &[]);
    let found: Vec<&str> = rows[2..].iter().map(|row| row[0].as_str()).collect();
    assert_eq!(found, ["2", "10", "S1", "S2", "S02b", "S010", "S10", "é7"]);
}

#[test]
fn names_with_anything_in_them_come_out_right() {
    let names = [
        "Lee, Bob \"Bobby\"",
        "<b>张三</b>",
        "O'Neil; Zoë",
        "two\nlines",
        " blank ",
    ];
    for name in names {
        let (_, rows) = write(&[record("1", name, STATUSES)], &[]);
        assert_eq!(rows[2][1], name);
    }
}

#[test]
fn no_cell_is_a_formula() {
    let names = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "＋1", "－1", "＠1"];
    let names = names.map(|name| (name, format!("'{name}")));
    // Also not where a spreadsheet has other separators than the comma.
    let parts = [
        ("\t=1", "'\t'=1"),
        ("\r=1", "'\r'=1"),
        ("\n=1", "'\n'=1"),
        ("Ann;=HYPERLINK(1)", "Ann;'=HYPERLINK(1)"),
    ];
    let parts = parts.map(|(name, safe)| (name, safe.to_string()));
    for (name, safe) in names.into_iter().chain(parts) {
        let overrides = [by_hand(name, 1, 50, name)];
        let (_, rows) = write(&[record(name, name, STATUSES)], &overrides);
        assert_eq!(rows[2][..2], [safe.clone(), safe]);
        assert_eq!(rows[2][3], "50");
    }
}

#[test]
fn an_override_counts_and_its_reason_shows() {
    let records = [
        record("s1", "Alice", STATUSES),
        record("s2", "Bob", STATUSES),
    ];
    let overrides = [
        by_hand("s1", 1, 90, "was ill, \"really\""),
        by_hand("s1", 7, 40, "handed in on paper"),
        by_hand("elsewhere", 1, 1, "in another part"),
    ];
    let (_, rows) = write(&records, &overrides);
    let exercises = exercises();
    let first = |number: usize| exercises[number - 1].checks[0].points;
    let (alice, bob) = (&rows[2], &rows[3]);
    assert_eq!(alice[2], (90 + 40 + first(6)).to_string());
    // What was found stays to be seen.
    assert_eq!(alice[3..5], ["90", "graded"]);
    assert_eq!(alice[15..17], ["40", "missing"]);
    let reasons = format!(
        "exercise-01: 90 instead of {}: was ill, \"really\"; \
         exercise-07: 40 instead of 0: handed in on paper",
        first(1)
    );
    assert_eq!(alice[17], reasons);
    assert_eq!(bob[2], (first(1) + first(6)).to_string());
    assert_eq!(bob[17], "");
    let (_, rows) = write_in(Language::Zh, &records, &overrides);
    assert!(rows[2][17].contains("90 分（原为"), "{}", rows[2][17]);
}

#[test]
fn a_result_that_is_not_there_or_out_of_date_is_no_zero() {
    let mut old = record("s1", "Alice", STATUSES);
    old.exercises[4].version += 1;
    let mut part = record("s1", "Alice", STATUSES);
    part.exercises.remove(4);
    for record in [old, part] {
        let path = Path::new("/nowhere/grades.csv");
        let none = TakeCommand::default();
        let error = gradebook::write(&exercises(), &[record], &[], Language::En, &none, path)
            .expect_err("an error");
        let error = format!("{error:#}");
        assert!(
            error.contains("\"s1\"") && error.contains("exercise-05"),
            "{error}"
        );
    }
}

#[test]
fn where_it_cannot_be_written_the_old_one_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = folder.path().join("nowhere/grades.csv");
    let records = [record("s1", "Alice", STATUSES)];
    let none = TakeCommand::default();
    let error = gradebook::write(&exercises(), &records, &[], Language::En, &none, &nowhere)
        .expect_err("an error");
    assert!(format!("{error:#}").contains("cannot write"), "{error:#}");
    assert!(format!("{error:#}").contains("grades.csv"), "{error:#}");
    // A folder in the way: the rename fails, and what was written beside it goes.
    let taken = folder.path().join("grades.csv");
    fs::create_dir_all(taken.join("full")).expect("a folder");
    gradebook::write(&exercises(), &records, &[], Language::En, &none, &taken)
        .expect_err("an error");
    assert!(taken.join("full").is_dir());
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1);
}

#[cfg(unix)]
#[test]
fn who_may_read_the_folder_may_read_the_gradebook() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let (ordinary, path) = (
        folder.path().join("ordinary"),
        folder.path().join("grades.csv"),
    );
    fs::write(&ordinary, "").expect("a file");
    let none = TakeCommand::default();
    gradebook::write(&exercises(), &[], &[], Language::En, &none, &path).expect("the gradebook");
    let mode = |path| fs::metadata(path).expect("its mode").permissions().mode();
    assert_eq!(mode(&path), mode(&ordinary));
}

/// Reads overrides for the students `s1`, `-s2` and `张三`.
fn read(bytes: &[u8]) -> anyhow::Result<Vec<Override>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("overrides.csv");
    fs::write(&path, bytes)?;
    let students = ["s1", "-s2", "张三"].map(|id| Student {
        id: id.to_string(),
        name: "A Name".to_string(),
        language: None,
    });
    overrides::read(&path, &students, &exercises())
}

#[test]
fn overrides_are_read_as_teachers_write_them() {
    let expected = [
        by_hand("s1", 5, 0, "copied, see mail"),
        by_hand("s1", 6, 100, "lab"),
        by_hand("-s2", 5, 70, "late"),
        by_hand("张三", 1, 50, "生病"),
    ];
    let text = "student,exercise,points,reason\n\
                s1,05,0,\"copied, see mail\"\n\n\
                s1,6,100,lab\n\
                '-s2,exercise-05, 70 ,late\n\
                张三,1,50,生病\n";
    assert_eq!(read(text.as_bytes()).expect("overrides"), expected);
    let text = text.replace("\"copied, see mail\"", "copied; see mail");
    let gbk = encoding_rs::GBK.encode(&text).0;
    assert_eq!(read(&gbk).expect("overrides")[3], expected[3]);
    let text = "\u{feff}Reason;Points;Exercise;Student\r\nlab;100;6;s1\r\n";
    assert_eq!(read(text.as_bytes()).expect("overrides"), expected[1..2]);
    let none = read(b"student,exercise,points,reason\n").expect("overrides");
    assert_eq!(none, []);
}

#[test]
fn all_that_is_wrong_in_overrides_is_told_by_line() {
    let text = "student,exercise,points,reason\n\
                s1,05,10,fine\n\
                nobody,05,10,x\n\
                s1,08,10,x\n\
                s1,six,10,x\n\
                s1,06,101,x\n\
                s1,06,-1,x\n\
                s1,06,7.5,x\n\
                s1,06,,x\n\
                s1,06,10,\n\
                s1,06\n\
                s1,5,20,again\n";
    let error = format!("{:#}", read(text.as_bytes()).expect_err("an error"));
    let parts = [
        "overrides.csv",
        "line 3: there is no student with the id \"nobody\"",
        "line 4: there is no exercise \"08\"",
        "line 5: there is no exercise \"six\"",
        "line 6: points go from 0 to 100, and \"101\"",
        "line 7: points go from 0 to 100, and \"-1\"",
        "line 8: points go from 0 to 100, and \"7.5\"",
        "line 9: points go from 0 to 100, and \"\"",
        "line 10: there is no reason",
        "line 11: points",
        "line 12: there is one for exercise 05 of \"s1\" already, on line 2",
    ];
    for part in parts {
        assert!(error.contains(part), "{part:?} is not in {error}");
    }
    assert!(!error.contains("line 2:"));
    let error = format!("{:#}", read(b"who,what\na,b\n").expect_err("an error"));
    assert!(
        error.contains("student, exercise, points and reason"),
        "{error}"
    );
}

#[test]
fn what_is_not_understood_stands_with_its_reason_and_the_command_that_takes_a_file() {
    let mut one = record("s1", "Ann", STATUSES);
    let graded = &mut one.exercises[4];
    graded.message = Some(message!(
        "nothing says which exercise these files answer: {files}",
        files = "my file.rs"
    ));
    graded.set_aside.push(SetAside {
        path: "s1/my file.rs".to_string(),
        is_whole: false,
    });
    let mut other = record("s2", "Bob", STATUSES);
    other.exercises[4].message = Some(message!("not gradable"));
    let records = [one, other];
    let (_, rows) = write(&records, &[]);
    let expected = "exercise-05: nothing says which exercise these files answer: my file.rs\n\
                    cargo grade class ... --take 's1/my file.rs=s1:05'";
    assert_eq!(rows[2][18], expected);
    assert_eq!(rows[3][18], "exercise-05: not gradable");
    let (_, rows) = write_in(Language::Zh, &records, &[]);
    assert!(
        rows[2][18].contains("看不出这些文件是哪个练习的"),
        "{:?}",
        rows[2]
    );
}
