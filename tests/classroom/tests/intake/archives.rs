//! Zips that nobody should get.

use crate::support::{Folder, assert_says, is, sources, why, zip, zip_with};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use zip::write::SimpleFileOptions;

/// Bytes with each occurrence of some replaced by as many others.
fn patched(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut patched = bytes.to_vec();
    let mut times = 0;
    for at in 0..bytes.len().saturating_sub(from.len()) {
        if bytes[at..].starts_with(from) {
            patched[at..at + to.len()].copy_from_slice(to);
            times += 1;
        }
    }
    assert!(times > 0, "{from:?} is not there");
    patched
}

#[test]
fn paths_in_zips_that_lead_outside_have_no_effect() {
    let bad = [
        "../05.rs",
        "a/../../05.rs",
        "a/../05.rs",
        "/tmp/05.rs",
        "C:/05.rs",
        "C:\\05.rs",
        "..\\..\\05.rs",
        "\\\\server\\share\\05.rs",
        "a//05.rs",
        "a:b/05.rs",
        "new\nline/05.rs",
    ];
    for name in bad {
        let work = zip(&[(name, b"evil"), ("06.rs", b"six")]);
        let contents = Folder::with(&[("alice.zip", work.as_slice())]).only();
        assert_eq!(sources(&contents), is(&[(6, "six")]), "{name:?}");
        assert_eq!(contents.files.len(), 1);
        assert_says(&contents.notices, &["05.rs does not count"]);
        let mut notices = contents.notices.iter();
        assert!(!notices.any(|notice| notice.to_string().contains('\n')));
    }
    let long = format!("{}/05.rs", "x".repeat(256));
    let deep = format!("{}05.rs", "x/".repeat(600));
    let work = zip(&[(&long, b"x"), (&deep, b"x")]);
    let contents = Folder::with(&[("alice.zip", work.as_slice())]).only();
    assert_eq!(contents.files.len(), 0);
    assert_says(&contents.notices, &["too long"]);
}

#[test]
fn the_separators_and_names_of_windows_are_understood() {
    let work = zip(&[("hand-in\\05.rs", b"five"), ("hand-in\\AAAA.txt", b"x")]);
    let (name, _, _) = encoding_rs::GBK.encode("练习");
    let work = patched(&work, b"AAAA", &name);
    let contents = Folder::with(&[("alice.zip", work.as_slice())]).only();
    assert_eq!(sources(&contents), is(&[(5, "five")]));
    assert_eq!(contents.files[Path::new("练习.txt")], b"x");
    // A character whose second byte is that of a backslash.
    let (name, _, _) = encoding_rs::GBK.decode(b"\xd5\x5c");
    let work = zip(&[("BB.txt", b"x"), ("05.rs", b"five")]);
    let work = patched(&work, b"BB", b"\xd5\x5c");
    let contents = Folder::with(&[("alice.zip", work.as_slice())]).only();
    let path = PathBuf::from(format!("{name}.txt"));
    assert!(
        contents.files.contains_key(&path),
        "{:?}",
        contents.files.keys()
    );
}

#[test]
fn links_and_closed_archives_in_zips_have_no_effect() {
    let inner = zip(&[("05.rs", b"evil")]);
    let work = zip_with(|zip| {
        let options = SimpleFileOptions::default();
        zip.add_symlink("05.rs", "/etc/passwd", options)
            .expect("a link");
        zip.add_symlink("out", "/etc", options).expect("a link");
        zip.start_file("inner.zip", options).expect("a file");
        zip.write_all(&inner).expect("bytes");
        zip.start_file("04.rs", options).expect("a file");
        zip.start_file("06.rs", options).expect("a file");
        zip.write_all(b"six").expect("bytes");
    });
    let mut work = work;
    // In the list, the type of a file is 8 bytes before its name, with its mode; 1 is a pipe.
    let name = work.windows(5).rposition(|bytes| bytes == b"04.rs");
    work[name.expect("a name") - 5] = 0o010_644_u16.to_le_bytes()[1];
    let contents = Folder::with(&[("alice.zip", work.as_slice())]).only();
    assert_eq!(sources(&contents)[&6], "six");
    assert_says(&contents.notices, &["05.rs does not count", "link"]);
    assert_says(&contents.notices, &["out does not count", "link"]);
    assert_says(
        &contents.notices,
        &["04.rs does not count", "neither a file"],
    );
    assert_says(&contents.notices, &["inner.zip stays closed"]);
    // It may have been in there.
    assert!(why(&contents, 5).contains("inner.zip"));
    assert!(!contents.files.contains_key(Path::new("05.rs")));
}

#[test]
fn an_encrypted_file_is_named_and_the_others_count() {
    let mut work = zip(&[("05.rs", b"five"), ("06.rs", b"six")]);
    // Bit 0 of the flags, 6 bytes into a local header and 8 bytes into one of the list.
    for (header, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let at = work.windows(4).position(|bytes| bytes == header);
        work[at.expect("a header") + flags] |= 1;
    }
    let contents = Folder::with(&[("alice.zip", work.as_slice())]).only();
    assert!(why(&contents, 5).contains("encrypted"));
    assert_eq!(sources(&contents)[&6], "six");
}

#[test]
fn damaged_zips_are_not_understood() {
    let good = zip(&[("05.rs", b"five five five five five five five five")]);
    let mut wrong_sum = good.clone();
    let at = wrong_sum
        .windows(4)
        .position(|bytes| bytes == b"PK\x01\x02")
        .expect("a header");
    wrong_sum[at + 16] ^= 1;
    let local = wrong_sum
        .windows(4)
        .position(|bytes| bytes == b"PK\x03\x04")
        .expect("a header");
    wrong_sum[local + 14] ^= 1;
    for bytes in [
        b"no zip".to_vec(),
        Vec::new(),
        good[..good.len() / 2].to_vec(),
        wrong_sum,
    ] {
        let contents = Folder::with(&[("alice.zip", bytes.as_slice())]).only();
        assert!(
            why(&contents, 5).contains("cannot be read"),
            "{:?}",
            contents.exercises
        );
    }
}

#[test]
fn two_files_of_the_same_name_in_a_zip_are_not_understood() {
    let work = zip(&[("05.rs", b"mine"), ("0X.rs", b"not mine")]);
    let work = patched(&work, b"0X.rs", b"05.rs");
    let contents = Folder::with(&[("alice.zip", work.as_slice())]).only();
    assert!(why(&contents, 5).contains("same name"));
    // By names that only mean the same.
    let work = zip(&[("a/05.rs", b"mine"), ("a\\05.rs", b"not mine")]);
    let contents = Folder::with(&[("alice.zip", work.as_slice())]).only();
    assert_eq!(sources(&contents), is(&[(5, "?")]));
}

#[test]
fn a_zip_bomb_is_not_unpacked_whatever_it_says_of_its_size() {
    let zeros = vec![0; 5_000_000];
    let honest = zip(&[("05.rs", zeros.as_slice()), ("06.rs", b"six")]);
    assert!(honest.len() < 10_000);
    let said = u32::try_from(zeros.len()).expect("a size").to_le_bytes();
    let lying = patched(&honest, &said, &100_u32.to_le_bytes());
    for (bytes, what) in [(honest, "larger than 1000000 bytes"), (lying, "05.rs")] {
        let contents = Folder::with(&[("alice.zip", bytes.as_slice())]).only();
        assert!(why(&contents, 5).contains(what), "{}", why(&contents, 5));
        assert_eq!(sources(&contents)[&6], "six");
        let kept: usize = contents.files.values().map(Vec::len).sum();
        assert_eq!(kept, 3);
    }
}

#[test]
fn a_list_of_files_that_would_fill_the_memory_is_not_read() {
    let name = "x".repeat(60_000);
    let work = zip_with(|zip| {
        for n in 0..200 {
            let options = SimpleFileOptions::default();
            zip.start_file(format!("{n}{name}"), options)
                .expect("a file");
        }
    });
    let contents = Folder::with(&[("alice.zip", work.as_slice())]).only();
    assert!(
        why(&contents, 5).contains("list of files is too long"),
        "{}",
        why(&contents, 5)
    );
}

/// Whatever the bytes are, there is an answer, within the limits.
#[test]
fn any_bytes_are_answered() {
    let good = zip(&[
        ("05.rs", b"five five five five"),
        ("a/06.rs", b"six"),
        ("x/", b""),
    ]);
    // A generator of the kind xorshift, so that a failure comes again.
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).expect("it is below")
    };
    let folder = Folder::new();
    let path = folder.path().join("alice.zip");
    for _ in 0..150 {
        let mut bytes = good.clone();
        for _ in 0..=random(4) {
            let at = random(bytes.len());
            bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random(5)];
        }
        bytes.truncate(bytes.len() - random(3) * random(20));
        fs::write(&path, bytes).expect("a file");
        let contents = folder.only();
        for path in contents.files.keys() {
            assert!(path.is_relative() && !path.to_string_lossy().contains(".."));
        }
    }
}
