//! The command line in both languages: `--help`, and arguments that are wrong.

use std::process::Command;

/// The exit status of `cargo grade` with these arguments in this locale, and all that it prints.
fn grade(arguments: &str, locale: &str) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_grade"))
        .args(arguments.split_whitespace())
        .env("LC_ALL", locale)
        .output()
        .expect("it can be run");
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8(printed).expect("text");
    (output.status.code(), printed)
}

fn is_chinese(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

#[test]
fn help_is_in_the_language_of_the_locale_or_the_arguments() {
    let (_, english) = grade("--help", "C");
    assert!(english.is_ascii(), "{english}");
    let (code, chinese) = grade("--help", "zh_CN.UTF-8");
    assert_eq!(code, Some(0));
    for line in chinese.lines().filter(|line| !line.is_empty()) {
        assert!(line.contains(is_chinese), "{line}");
    }
    for (arguments, locale) in [
        ("--help --lang zh", "C"),
        ("--lang=zh -h", "C"),
        ("help", "zh_CN.UTF-8"),
    ] {
        assert_eq!(grade(arguments, locale).1, chinese, "{arguments}");
    }
    assert_eq!(grade("--lang en --help", "zh_CN.UTF-8").1, english);
}

#[test]
fn help_of_each_subcommand_is_chinese() {
    for subcommand in ["watch", "task", "hint", "reset", "doctor"] {
        for arguments in [format!("help {subcommand}"), format!("{subcommand} -h")] {
            let (code, help) = grade(&arguments, "zh_CN.UTF-8");
            assert_eq!(code, Some(0), "{help}");
            for line in help.lines().filter(|line| !line.is_empty()) {
                assert!(line.contains(is_chinese), "{arguments}: {line}");
            }
        }
    }
}

#[test]
fn wrong_arguments_are_explained() {
    let cases = [
        (
            "--foo",
            "error: unexpected argument '--foo' found",
            "错误：意外的参数 '--foo'",
        ),
        (
            "abc",
            "error: invalid value 'abc' for '[EXERCISE]': an exercise is named by its number, such as 05",
            "错误：'[EXERCISE]' 的值 'abc' 无效：练习用编号表示，例如 05",
        ),
        (
            "reset",
            "error: the following required arguments were not provided:",
            "错误：缺少必需的参数：<EXERCISE>",
        ),
        (
            "--all --all",
            "error: the argument '--all' cannot be used multiple times",
            "错误：参数 '--all' 不能重复使用",
        ),
        (
            "--all doctor",
            "error: before a subcommand there can be nothing but --lang",
            "错误：子命令之前只能有 --lang",
        ),
        (
            "99",
            "cargo grade: there is no exercise 99: there are 01, 02, 03, 04",
            "cargo grade: 没有练习 99，只有 01、02、03、04",
        ),
    ];
    for (arguments, english, chinese) in cases {
        for (locale, words) in [("C", english), ("zh_CN.UTF-8", chinese)] {
            let (code, told) = grade(arguments, locale);
            assert!(code == Some(2) && told.starts_with(words), "{told}");
        }
    }
}

#[test]
fn an_explanation_says_what_would_be_right() {
    let (_, told) = grade("hint --al 5 --lang zh", "C");
    assert!(told.contains("\n  提示：是不是想写 '--all'？\n"), "{told}");
    assert!(told.contains("\n用法：cargo grade hint"), "{told}");
    assert!(told.ends_with("\n更多说明见 '--help'。\n"), "{told}");
    let (_, told) = grade("5 --lang fr", "zh_CN.UTF-8");
    assert!(told.contains("\n  [可选值：en, zh]\n"), "{told}");
}

#[test]
fn the_task_is_printed_and_nothing_is_graded() {
    for (locale, words) in [
        ("C", "`exercise-05 ADDR` prints"),
        ("zh_CN.UTF-8", "`exercise-05 ADDR` 打印"),
    ] {
        let (code, told) = grade("task 05", locale);
        assert_eq!(code, Some(0), "{told}");
        assert!(told.contains(words), "{told}");
    }
    let (code, told) = grade("task 99", "C");
    assert_eq!(code, Some(2), "{told}");
}
