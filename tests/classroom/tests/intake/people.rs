//! Whose a submission is, with a roster.

use crate::support::{
    Folder, assert_says, exercises, ids, is, open, sources, sources_by, student, why,
};
use classroom::roster;
use grade::language::Language;
use std::path::Path;

#[test]
fn who_is_matched_by_id_then_by_name_in_any_order() {
    let roster = [
        student("0012", "Zoë Müller"),
        student("20210001", "张三"),
        student("s3", "Anna Maria Rossi"),
        student("s4", "Wang Wei"),
        student("s5", "Wei Wang"),
        student("s6", "Ghost"),
    ];
    // (The name of the folder, who it is).
    let cases = [
        ("0012", "0012"),
        ("12", "0012"),
        // Composed of two characters, as macOS writes it.
        ("ZOE\u{308} Mu\u{308}ller", "0012"),
        ("müller, zoë", "0012"),
        ("20210001-张三", "20210001"),
        ("李四_20210001", "20210001"),
        ("三 张", "20210001"),
        ("Rossi_Anna Maria_555_assignsubmission_file_", "s3"),
        ("rossi-anna-maria", "s3"),
        // Exactly so, and not the other way round.
        ("Wang Wei", "s4"),
        ("Wei Wang", "s5"),
        // Full-width letters, as Chinese input methods make them.
        ("Ｗａｎｇ Ｗｅｉ", "s4"),
        ("wangwei", "wangwei"),
        ("Somebody Else", "Somebody Else"),
    ];
    for (name, id) in cases {
        let folder = Folder::with(&[(&format!("{name}/05.rs"), b"x")]);
        let class = folder.class_of(Some(&roster));
        assert_eq!(class.submissions[0].student.id, id, "{name}");
        let is_known = roster.iter().any(|student| student.id == id);
        assert_eq!(class.missing.len(), roster.len() - usize::from(is_known));
        assert_eq!(
            class.notices.is_empty(),
            is_known,
            "{name}: {:?}",
            class.notices
        );
        let contents = open(&class.submissions[0]);
        assert_eq!(sources(&contents), is(&[(5, "x")]));
        assert_eq!(contents.notices.is_empty(), is_known);
    }
    let folder = Folder::with(&[("wangwei/05.rs", b"x")]);
    let class = folder.class_of(Some(&roster));
    assert_says(
        &class.notices,
        &["Wang Wei (s4)", "Wei Wang (s5)", "wangwei"],
    );
    // Neither is missing without a word.
    for id in ["s4", "s5"] {
        let why = class.set_aside[id][0].why.to_string();
        assert!(why.starts_with("wangwei: it may be from any"), "{why}");
    }
    assert_eq!(class.set_aside.len(), 2);
}

#[test]
fn ids_that_differ_in_their_letters_case_are_two() {
    let roster = [student("A1", "Ann"), student("a1", "Bea")];
    let folder = Folder::with(&[("a1/05.rs", b"bea's"), ("A1/06.rs", b"ann's")]);
    if folder.path().join("a1/06.rs").exists() {
        return harness::skip("this file system takes a1 and A1 for one folder");
    }
    let class = folder.class_of(Some(&roster));
    let names = sources_by(&class, |student| student.name.as_str());
    let expected = [("Ann", is(&[(6, "ann's")])), ("Bea", is(&[(5, "bea's")]))];
    assert_eq!(names, expected);
}

#[test]
fn an_id_among_other_words_takes_nothing_from_who_has_it() {
    let roster = [student("alice", "A. Liddell")];
    let folder = Folder::with(&[
        ("alice_01.rs", b"alice's"),
        ("mallory_alice_01.rs", b"mallory's"),
        ("A. Liddell (alice)/05.rs", b"alice's five"),
    ]);
    let class = folder.class_of(Some(&roster));
    assert_eq!(ids(&class), ["alice", "mallory_alice"]);
    let expected = is(&[(1, "alice's"), (5, "alice's five")]);
    assert_eq!(sources(&open(&class.submissions[0])), expected);
    assert_says(
        &class.notices,
        &["mallory_alice_01.rs", "one word among others"],
    );
}

#[test]
fn loose_files_with_a_roster() {
    let roster = [
        student("a_05", "Ann"),
        student("bob", "Bob"),
        student("s7", "Dan"),
    ];
    let folder = Folder::with(&[
        ("a_05_06.rs", b"ann's six"),
        ("s7 Dan 05.rs", b"dan's"),
        ("bob.rar", b"Rar!"),
        ("carol_05.rs", b"carol's"),
        ("notes.rar", b"?"),
    ]);
    let class = folder.class_of(Some(&roster));
    assert_eq!(ids(&class), ["a_05", "bob", "carol", "s7"]);
    assert_eq!(
        sources(&open(&class.submissions[0])),
        is(&[(6, "ann's six")])
    );
    assert_eq!(sources(&open(&class.submissions[3])), is(&[(5, "dan's")]));
    // It is there, and nobody knows what is in it.
    let contents = open(&class.submissions[1]);
    assert_eq!(contents.exercises.len(), exercises().len());
    assert!(why(&contents, 5).contains("only zip is read"));
    assert_says(&class.notices, &["carol_05.rs", "not in the roster"]);
    assert_eq!(class.not_understood.len(), 1);
    assert_eq!(class.missing, []);
}

#[test]
fn a_roster_as_spreadsheets_write_it() {
    let expected = [student("007", "Bond, James"), student("8", "张三")];
    let gbk = encoding_rs::GBK
        .encode("学号,姓名\r\n007,\"Bond, James\"\r\n8,张三\r\n")
        .0;
    let utf16: Vec<u8> = "\u{feff}id\tname\r\n007\tBond, James\r\n8\t张三\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let rosters: [&[u8]; 7] = [
        "id,name\n007,\"Bond, James\"\n8,张三\n".as_bytes(),
        "\u{feff}Student ID;Full Name;Email\r\n007;Bond, James;x\r\n\r\n;;\r\n8;张三\r\n"
            .as_bytes(),
        "sep=;\nSID;NAME\n007;Bond, James\n8;张三".as_bytes(),
        "name\tstudent_id\nBond, James\t007\n张三\t8\n".as_bytes(),
        "ＩＤ,Name\n 007 ,\"Bond, James\"\n8, 张三 \n".as_bytes(),
        &gbk,
        &utf16,
    ];
    for bytes in rosters {
        let folder = Folder::with(&[("roster.csv", bytes)]);
        let found = roster::read(&folder.path().join("roster.csv"));
        let found = found.unwrap_or_else(|error| panic!("{error:#}"));
        assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(bytes));
    }
    let folder = Folder::with(&[("roster.csv", b"First Name,Last Name,SID\nJo,Lee,1\n,,2\n")]);
    let found = roster::read(&folder.path().join("roster.csv")).expect("a roster");
    assert_eq!(found, [student("1", "Jo Lee"), student("2", "2")]);
}

#[test]
fn a_roster_says_who_reads_which_language() {
    let rosters = [
        "id,name,language\n1,A,zh-CN\n2,B,English\n3,C,\n",
        "学号,姓名,语言\n1,A,中文\n2,B,英语\n3,C,\n",
    ];
    for text in rosters {
        let folder = Folder::with(&[("roster.csv", text.as_bytes())]);
        let students = roster::read(&folder.path().join("roster.csv")).expect("a roster");
        let languages: Vec<_> = students.iter().map(|student| student.language).collect();
        assert_eq!(languages, [Some(Language::Zh), Some(Language::En), None]);
    }
}

#[test]
fn a_roster_that_is_wrong_says_where() {
    let cases: [(&[u8], &[&str]); 7] = [
        (b"", &["it is empty"]),
        (b"who,what\na,b\n", &["columns id and name", "who, what"]),
        (b"id,name\n1,A\n\n2,B\n1,C\n", &["lines 2 and 5", "\"1\""]),
        (b"id,name\n1,A\n,B\n", &["line 3", "no id"]),
        (b"\xef\xbb\xbfid,name\n1,\xff\n", &["UTF-8"]),
        (b"id,name\n1,\x81\x20\n", &["nor GBK"]),
        (b"id,name,lang\n1,A,en\n2,B,fr\n", &["line 3", "\"fr\""]),
    ];
    for (bytes, parts) in cases {
        let folder = Folder::with(&[("roster.csv", bytes)]);
        let error = roster::read(&folder.path().join("roster.csv")).expect_err("an error");
        let error = format!("{error:#}");
        for part in parts.iter().chain(&["roster.csv"]) {
            assert!(error.contains(part), "{part:?} is not in {error:?}");
        }
    }
    let error = roster::read(Path::new("/nowhere/roster.csv")).expect_err("an error");
    assert!(format!("{error:#}").contains("/nowhere/roster.csv"));
}
