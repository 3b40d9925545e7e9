//! The goals of the project, and whether it reaches them.

use super::figures::{COLD, WITH_A_WAIT, added, first_commands, for_a_program, per_client};
use super::format::{decimal, milliseconds, ratio, thousands};
use super::pick;
use crate::results::Results;
use crate::server::Kind;
use crate::servers;
use crate::statistics::{Spread, ratios};
use grade::language::Language;

/// A goal, and what was measured for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// What is measured.
    pub what: String,
    /// The value to reach.
    pub wanted: String,
    /// The measured value; `None` if it was not measured.
    pub found: Option<String>,
    /// Whether the measured value reaches the goal.
    pub is_met: bool,
}

/// All goals.
pub fn goals(results: &Results, language: Language) -> Vec<Goal> {
    let mut goals = of_servers(results, language);
    goals.push(of_grader(results, language));
    goals.extend(of_class(results, language));
    goals.push(of_steady(results, language));
    goals.extend(of_cold(results, language));
    goals
}

fn goal(what: String, wanted: String, found: Option<(String, bool)>) -> Goal {
    let is_met = found.as_ref().is_some_and(|(_, is_met)| *is_met);
    Goal {
        what,
        wanted,
        found: found.map(|(text, _)| text),
        is_met,
    }
}

/// The lessons that have goals.
const LESSONS: [Kind; 2] = [Kind::Lesson05, Kind::Lesson06];

fn of_servers(results: &Results, language: Language) -> Vec<Goal> {
    let figures = results.servers.as_ref().map(|measured| &measured.figures);
    let lessons = LESSONS.into_iter();
    let mut goals: Vec<Goal> = lessons
        .flat_map(|kind| of_server(figures, kind, language))
        .collect();
    goals.push(goal(
        pick(
            language,
            "`lesson-06`: from Ctrl-C to the exit with 1,000 clients, at most",
            "`lesson-06`：1,000 个客户端时，从 Ctrl-C 到退出，最长",
        )
        .to_string(),
        "≤ 100 ms".to_string(),
        figures
            .filter(|all| all.settings.leaving >= 1000)
            .and_then(|all| all.servers.get(&Kind::Lesson06))
            .and_then(|of| of.exit.iter().copied().reduce(f64::max))
            .map(|slowest| (milliseconds(slowest), slowest <= 0.1)),
    ));
    goals
}

fn of_server(figures: Option<&servers::Figures>, kind: Kind, language: Language) -> Vec<Goal> {
    let pick = |en: String, zh: String| match language {
        Language::En => en,
        Language::Zh => zh,
    };
    let mut goals = Vec::new();
    let name = kind.name();
    for connections in [50, 500] {
        goals.push(goal(
            pick(
                format!("`{name}` beside `server.c`, {connections} clients: requests"),
                format!("`{name}` 与 `server.c` 相比，{connections} 个客户端：请求数"),
            ),
            "≥ 0.95".to_string(),
            figures.and_then(|all| at_least(all, kind, Kind::C, connections, 0.95)),
        ));
    }
    let twin = kind.twin().unwrap_or(Kind::Python05);
    goals.push(goal(
        pick(
            format!("`{name}` beside its Python twin, 50 clients: requests"),
            format!("`{name}` 与 Python 版相比，50 个客户端：请求数"),
        ),
        "≥ 5".to_string(),
        figures.and_then(|all| at_least(all, kind, twin, 50, 5.0)),
    ));
    goals.push(goal(
        pick(
            format!("`{name}`: memory for an idle client"),
            format!("`{name}`：每个空闲客户端的内存"),
        ),
        "≤ 14 KB".to_string(),
        figures.and_then(|all| per_client(all, kind)).map(|bytes| {
            let kilobytes = bytes / 1024.0;
            (format!("{} KB", decimal(kilobytes, 1)), kilobytes <= 14.0)
        }),
    ));
    goals.push(goal(
        pick(
            format!("`{name}`: requests that fail with 5,000 clients"),
            format!("`{name}`：5,000 个客户端时失败的请求"),
        ),
        "0".to_string(),
        figures
            .filter(|all| all.settings.idle.1 >= 5000)
            .and_then(|all| all.servers.get(&kind))
            .map(|of| (thousands(of.failed_idle), of.failed_idle == 0)),
    ));
    goals
}

/// The ratios of a server's requests per second to another server's, and whether the median is at
/// least this.
fn at_least(
    figures: &servers::Figures,
    kind: Kind,
    other: Kind,
    connections: usize,
    least: f64,
) -> Option<(String, bool)> {
    let of = |kind| {
        let of: &servers::Of = figures.servers.get(kind)?;
        Some(&of.load.get(&connections)?.requests)
    };
    let spread = Spread::of(&ratios(of(&kind)?, of(&other)?))?;
    Some((ratio(spread), spread.median >= least))
}

fn of_grader(results: &Results, language: Language) -> Goal {
    let what = pick(
        language,
        "what the grader adds to the bare build of an exercise without a built-in wait, at most",
        "没有固定等待的练习，评分比单纯编译多花的时间，最多",
    );
    let exercises = results.grader.iter().flat_map(|m| &m.figures.exercises);
    let worst = exercises
        .filter(|of| !WITH_A_WAIT.contains(&of.number))
        .filter_map(|of| Some((added(of)?, of.number)))
        .max_by(|left, right| left.0.total_cmp(&right.0));
    let found = worst.map(|(added, number)| {
        let text = format!("{} s (`exercise-{number:02}`)", decimal(added, 2));
        let text = match language {
            Language::En => text,
            Language::Zh => text.replace(" (", "（").replace(')', "）"),
        };
        (text, added <= 0.3)
    });
    goal(what.to_string(), "≤ 0.3 s".to_string(), found)
}

#[allow(clippy::cast_precision_loss, reason = "megabytes")]
fn of_class(results: &Results, language: Language) -> Vec<Goal> {
    let figures = results.grader.as_ref().map(|measured| &measured.figures);
    let class = figures
        .filter(|figures| figures.settings.students >= 100)
        .and_then(|figures| figures.class.as_ref());
    let whole = class.and_then(|class| class.classes.last());
    let each = whole.map(|of| for_a_program(of.took, of.programs));
    let beside = |(count, took): (usize, f64)| {
        let other = (count > 0).then(|| for_a_program(took, count));
        other.zip(each).map(|(other, each)| {
            let ratio = other / each;
            (decimal(ratio, 1), ratio >= 5.0)
        })
    };
    let pick = |en: &str, zh: &str| pick(language, en, zh).to_string();
    let number = |value: f64, unit: &str, digits| format!("{} {unit}", decimal(value, digits));
    vec![
        goal(
            pick(
                "a class of 100: seconds for a program, from source to verdict",
                "100 人的班级：每个程序从源代码到结果",
            ),
            "≤ 0.4 s".to_string(),
            each.map(|each| (number(each, "s", 2), each <= 0.4)),
        ),
        goal(
            pick(
                "a class of 100: memory of the grader",
                "100 人的班级：评分程序的内存",
            ),
            "≤ 500 MB".to_string(),
            whole.map(|of| (number(of.megabytes as f64, "MB", 0), of.megabytes <= 500)),
        ),
        goal(
            pick("a class of 100: disk", "100 人的班级：磁盘"),
            "≤ 3,000 MB".to_string(),
            whole.map(|of| (format!("{} MB", thousands(of.disk)), of.disk <= 3000)),
        ),
        goal(
            pick(
                "a class of 100 beside `cargo test` in a clone for each student: speed",
                "100 人的班级，与每名学生一个克隆再 `cargo test` 相比：速度",
            ),
            "≥ 5".to_string(),
            class.and_then(|class| beside(class.clones)),
        ),
        goal(
            pick(
                "a class of 100 beside `cargo test` in one clone for all: speed",
                "100 人的班级，与所有人共用一个克隆再 `cargo test` 相比：速度",
            ),
            "≥ 5".to_string(),
            class.and_then(|class| beside(class.obvious)),
        ),
        goal(
            pick(
                "a class of 100: other outcomes on a busy machine",
                "100 人的班级：机器繁忙时不同的结果",
            ),
            "0".to_string(),
            class.map(|class| (class.differences.to_string(), class.differences == 0)),
        ),
    ]
}

fn of_steady(results: &Results, language: Language) -> Goal {
    let figures = results.steady.as_ref().map(|measured| &measured.figures);
    let what = pick(
        language,
        "failures of the suite and the right answers on a busy machine",
        "机器繁忙时，整套测试和正确答案的失败次数",
    );
    let found = figures.map(|figures| {
        let failures: usize = figures.failures.values().sum();
        let runs = thousands(figures.runs as u64);
        let text = match language {
            Language::En => format!("{failures} in {runs} runs"),
            Language::Zh => format!("{runs} 轮中 {failures} 次"),
        };
        (text, failures == 0)
    });
    goal(what.to_string(), "0".to_string(), found)
}

fn of_cold(results: &Results, language: Language) -> Vec<Goal> {
    let figures = results.cold.as_ref().map(|measured| &measured.figures);
    let with_goal = COLD.iter().enumerate();
    let with_goal =
        with_goal.filter_map(|(index, (command, most))| Some((index, command, (*most)?)));
    let goals = with_goal.map(|(index, command, most)| {
        let found = figures.map(|figures| first_commands(figures)[index].1);
        let took: Vec<f64> = found
            .iter()
            .flat_map(|of| of.iter())
            .map(|of| of.took)
            .collect();
        let what = match language {
            Language::En => format!("`{command}` in a fresh clone"),
            Language::Zh => format!("新克隆后的 `{command}`"),
        };
        let found = Spread::of(&took).map(|spread| {
            let text = format!("{} s", decimal(spread.median, 1));
            (text, spread.median <= most)
        });
        goal(what, format!("≤ {most} s"), found)
    });
    goals.collect()
}
