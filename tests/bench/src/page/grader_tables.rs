//! The tables of the grader.

use super::figures::{WITH_A_WAIT, added, for_a_program};
use super::format::{dash, decimal, middle, shown, table, thousands};
use super::pick;
use crate::{class, grader};
use grade::language::Language;

pub(super) fn of_grader(figures: &grader::Figures, language: Language) -> String {
    let headings = pick(
        language,
        "exercise | answer | points | `cargo build`, s | to the verdict, s | added, s | `cargo grade` as typed, s",
        "练习 | 答案 | 分数 | `cargo build`，s | 到出结果，s | 多出，s | 手动运行 `cargo grade`，s",
    );
    let rows: Vec<_> = figures
        .exercises
        .iter()
        .map(|of| {
            let answer = if of.is_solution {
                pick(language, "solution", "参考答案")
            } else {
                pick(language, "starter", "起始代码")
            };
            let waits = if WITH_A_WAIT.contains(&of.number) {
                pick(language, " (waits)", "（有等待）")
            } else {
                ""
            };
            vec![
                format!("{:02}{waits}", of.number),
                answer.to_string(),
                decimal(of.score, 0),
                middle(&of.bare, 2),
                shown(&of.graded, 2),
                added(of).map_or_else(dash, |added| decimal(added, 2)),
                middle(&of.typed, 2),
            ]
        })
        .collect();
    table(headings, &rows)
}

pub(super) fn of_suite(figures: &grader::Figures, language: Language) -> String {
    let headings = pick(language, "what | seconds", "内容 | 秒");
    let bare = pick(
        language,
        "`cargo test --no-run`, all built",
        "`cargo test --no-run`，全部已编译",
    );
    let suite = pick(
        language,
        "`cargo test`, all built",
        "`cargo test`，全部已编译",
    );
    let rows = [
        vec![bare.to_string(), shown(&figures.suite_bare, 2)],
        vec![suite.to_string(), shown(&figures.suite, 1)],
    ];
    table(headings, &rows)
}

/// The class, if it was measured.
pub(super) fn of_class(figures: &grader::Figures, language: Language) -> String {
    let Some(class) = &figures.class else {
        return pick(language, "Not measured.\n", "没有测量。\n").to_string();
    };
    let headings = pick(
        language,
        "class | programs | of them hang | seconds | for a program, s | memory, MB | disk, MB",
        "班级 | 程序数 | 其中卡住不动的 | 秒 | 每个程序，秒 | 内存，MB | 磁盘，MB",
    );
    let row = |name: String, of: &class::OfClass| {
        vec![
            name,
            thousands(of.programs as u64),
            of.hangs.to_string(),
            decimal(of.took, 0),
            decimal(for_a_program(of.took, of.programs), 2),
            thousands(of.megabytes),
            thousands(of.disk),
        ]
    };
    let students = |of: &class::OfClass| match language {
        Language::En => format!("{} students", of.students),
        Language::Zh => format!("{} 名学生", of.students),
    };
    let mut rows: Vec<_> = class
        .classes
        .iter()
        .map(|of| row(students(of), of))
        .collect();
    let busy = match language {
        Language::En => format!(
            "{}, on a busy machine (other outcomes: {})",
            students(&class.busy),
            class.differences
        ),
        Language::Zh => format!(
            "{}，机器繁忙时（不同的结果：{}）",
            students(&class.busy),
            class.differences
        ),
    };
    rows.push(row(busy, &class.busy));
    rows.extend(other_ways(class, language));
    table(headings, &rows)
}

/// The class, graded in other ways, if that was measured.
fn other_ways(class: &class::OfClasses, language: Language) -> Vec<Vec<String>> {
    let others = [
        (
            class.obvious,
            "copied into one clone, `cargo test`, one after the other",
            "逐个复制到同一个克隆里，再 `cargo test`",
        ),
        (
            class.clones,
            "a clone for each student, `cargo test`",
            "每名学生一个克隆，再 `cargo test`",
        ),
    ];
    let measured = others.into_iter().filter(|((count, _), ..)| *count > 0);
    let rows = measured.map(|((count, took), english, chinese)| {
        vec![
            pick(language, english, chinese).to_string(),
            thousands(count as u64),
            dash(),
            decimal(took, 0),
            decimal(for_a_program(took, count), 2),
            dash(),
            dash(),
        ]
    });
    rows.collect()
}
