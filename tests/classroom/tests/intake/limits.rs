//! Too many files, too large ones, and those that are no files.

use crate::support::{Folder, assert_says, is, open, sources, why, zip, zip_with};
use classroom::intake::{self, FILE_LIMIT};
use zip::write::SimpleFileOptions;

#[test]
fn tables_in_tables_without_end_are_no_danger() {
    let key = vec!["a"; 80].join(".");
    let deep = format!("{} 1 {}", format!("{key} = {{").repeat(79), "}".repeat(79));
    let deep = deep.replacen("= { 1", "= { a = 1", 1);
    let folder = Folder::with(&[
        ("ann/lessons/05-threaded/exercise/main.rs", b"ann's"),
        ("ann/.handout.toml", deep.as_bytes()),
        ("ann/Cargo.toml", deep.as_bytes()),
    ]);
    let class = folder.class();
    // As the grader does.
    let contents = std::thread::Builder::new()
        .stack_size(intake::STACK)
        .spawn(move || open(&class.submissions[0]))
        .expect("a thread")
        .join()
        .expect("it has come back");
    assert_eq!(sources(&contents), is(&[(5, "ann's")]));
    assert_says(&contents.notices, &["Cargo.toml"]);
}

#[test]
fn of_too_many_things_to_say_only_some_are_said() {
    let names: Vec<_> = (0..1000).map(|n| format!("../{n}.txt")).collect();
    let mut files: Vec<_> = names
        .iter()
        .map(|name| (name.as_str(), &b"x"[..]))
        .collect();
    files.push(("05.rs", b"a"));
    let folder = Folder::with(&[("ann.zip", zip(&files).as_slice())]);
    let contents = folder.only();
    assert_eq!(sources(&contents), is(&[(5, "a")]));
    assert!(contents.notices.len() <= 102, "{}", contents.notices.len());
    assert_says(&contents.notices, &["900 more"]);
}

#[test]
fn a_file_where_a_folder_is_does_not_count() {
    for paths in [["a", "a/05.rs"], ["a", "a/x"], ["a/x", "a"]] {
        let work = zip(&[(paths[0], b"x"), (paths[1], b"x")]);
        let contents = Folder::with(&[("alice.zip", work.as_slice())]).only();
        assert_eq!(contents.files.len(), 1);
        assert_says(&contents.notices, &["have the same name"]);
    }
}

#[test]
fn answers_come_before_the_rest_where_there_is_too_much() {
    let limit = usize::try_from(FILE_LIMIT).expect("a size");
    let large = vec![b'x'; limit];
    let files: Vec<_> = (0..22).map(|n| format!("a{n:02}.dat")).collect();
    let mut files: Vec<_> = files
        .iter()
        .map(|name| (name.as_str(), large.as_slice()))
        .collect();
    files.push(("z/05.rs", b"five"));
    let folder = Folder::new();
    for (name, bytes) in files {
        folder.write(&format!("alice/{name}"), bytes);
    }
    folder.write("alice/06.rs", &[&large[..], b"x"].concat());
    let contents = folder.only();
    assert_eq!(sources(&contents), is(&[(5, "five"), (6, "?")]));
    assert!(why(&contents, 6).contains("larger than"));
    assert_says(
        &contents.notices,
        &["more than 20000000 bytes", "a20.dat, a21.dat"],
    );
    assert_eq!(contents.files.len(), 1 + 19);
}

#[test]
fn too_many_files_are_not_understood_but_those_in_target_do_not_matter() {
    let many = |folder: &str, count: usize| {
        zip_with(|zip| {
            let options = SimpleFileOptions::default();
            for n in 0..count {
                zip.start_file(format!("{folder}/{n}"), options)
                    .expect("a file");
            }
            zip.start_file("05.rs", options).expect("a file");
        })
    };
    let contents = Folder::with(&[("alice.zip", many("x", 5_001).as_slice())]).only();
    assert!(why(&contents, 5).contains("more than 5000 files"));
    let contents = Folder::with(&[("alice.zip", many("target", 6_000).as_slice())]).only();
    assert_eq!(sources(&contents), is(&[(5, "")]));
}

#[cfg(unix)]
#[test]
fn links_pipes_and_what_cannot_be_read_in_folders() {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::PathBuf;
    let folder = Folder::with(&[
        ("alice/06.rs", b"six"),
        ("bob/07.rs", b"bob's"),
        ("other", b"x"),
    ]);
    let alice = folder.path().join("alice");
    symlink("../bob/07.rs", alice.join("07.rs")).expect("a link");
    symlink("..", alice.join("up")).expect("a link");
    symlink("/etc/passwd", alice.join("05.rs")).expect("a link");
    symlink(&alice, folder.path().join("eve")).expect("a link");
    // Nobody writes to it: whoever opens it to read waits for ever.
    let fifo = |path: PathBuf| {
        let status = std::process::Command::new("mkfifo").arg(path).status();
        assert!(status.expect("mkfifo").success());
    };
    fifo(alice.join("04.rs"));
    fifo(folder.path().join("mallory_05.rs"));
    let class = folder.class();
    assert_eq!(crate::support::ids(&class), ["alice", "bob"]);
    let contents = open(&class.submissions[0]);
    assert_eq!(sources(&contents), is(&[(6, "six")]));
    for (name, why) in [
        ("07.rs", "link"),
        ("up", "link"),
        ("05.rs", "link"),
        ("04.rs", "neither"),
    ] {
        assert_says(&contents.notices, &[name, why]);
    }
    let refused: Vec<_> = class
        .not_understood
        .iter()
        .map(|n| n.reason.to_string())
        .collect();
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(refused[0].contains("link") && refused[1].contains("neither a file nor a folder"));

    let closed = folder.path().join("bob/closed");
    fs::create_dir(&closed).expect("a folder");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).expect("its mode");
    if fs::read_dir(&closed).is_ok() {
        eprintln!("skipped in part: to this user, no folder is closed");
        return;
    }
    let contents = open(&folder.class().submissions[1]);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).expect("its mode");
    assert_eq!(sources(&contents)[&7], "bob's");
    assert!(why(&contents, 5).contains("closed"));
}
