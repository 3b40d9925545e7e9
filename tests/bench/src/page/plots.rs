//! The plots of the page.

use super::figures::WITH_A_WAIT;
use super::format::{decimal, thousands};
use super::pick;
use crate::plot::{Plot, Row, Tone};
use crate::results::Results;
use crate::server::Kind;
use crate::statistics::Spread;
use crate::{grader, servers};
use grade::language::Language;

/// All plots of the figures.
pub(super) fn all(results: &Results, language: Language) -> Vec<Plot> {
    let mut plots = Vec::new();
    if let Some(measured) = &results.servers {
        plots.push(requests(&measured.figures, language));
        plots.push(latency(&measured.figures, language));
    }
    if let Some(measured) = &results.grader {
        plots.push(of_grader(&measured.figures, language));
    }
    plots
}

fn tone(kind: Kind) -> Tone {
    match kind {
        Kind::Lesson05 | Kind::Lesson06 => Tone::Strong,
        Kind::Lesson05Debug | Kind::Lesson06Debug => Tone::Medium,
        Kind::C | Kind::Python05 | Kind::Python06 => Tone::Weak,
    }
}

fn heading(connections: usize, language: Language) -> String {
    let count = thousands(connections as u64);
    match (language, connections) {
        (Language::En, 1) => "1 client".to_string(),
        (Language::En, _) => format!("{count} clients"),
        (Language::Zh, _) => format!("{count} 个客户端"),
    }
}

/// A group of rows for each number of clients.
fn groups(
    figures: &servers::Figures,
    language: Language,
    row: impl Fn(Kind, &servers::UnderLoad) -> Option<Row>,
) -> Vec<(String, Vec<Row>)> {
    let connections = figures.settings.connections.iter();
    connections
        .map(|connections| {
            let servers = figures.servers.iter();
            let rows = servers.filter_map(|(kind, of)| row(*kind, of.load.get(connections)?));
            (heading(*connections, language), rows.collect())
        })
        .collect()
}

/// A time, given in microseconds, in short form: `95 ms`.
fn time(microseconds: f64) -> String {
    let (number, unit) = match microseconds {
        ..1e3 => (microseconds, "µs"),
        ..1e6 => (microseconds / 1e3, "ms"),
        _ => (microseconds / 1e6, "s"),
    };
    let digits = usize::from(number < 9.95);
    format!("{} {unit}", decimal(number, digits))
}

/// The next larger number that is 1, 2 or 5 followed by zeros.
fn round_up(number: f64) -> f64 {
    let power = 10_f64.powf(number.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0];
    let step = steps.into_iter().find(|step| step * power >= number);
    step.unwrap_or(10.0) * power
}

fn requests(figures: &servers::Figures, language: Language) -> Plot {
    let all = figures.servers.values().flat_map(|of| of.load.values());
    let most = all
        .filter_map(|load| Spread::of(&load.requests))
        .map(|spread| spread.high)
        .fold(1.0, f64::max);
    let most = round_up(most);
    let groups = groups(figures, language, |kind, load| {
        let spread = Spread::of(&load.requests)?;
        Some(Row {
            name: kind.name().to_string(),
            pieces: vec![(0.0, spread.median, tone(kind))],
            line: Some((spread.low, spread.high)),
            marks: Vec::new(),
            label: decimal(spread.median, 0),
        })
    });
    let title = pick(language, "Requests per second", "每秒请求数");
    let what = pick(
        language,
        "Bars: the median of all rounds. The line over the end of a bar is where the middle \
         half of the rounds lies. The table below has the same figures.",
        "条形是所有轮次的中位数，条形末端的线是中间一半轮次所在的范围。下面的表里有同样的数字。",
    );
    Plot {
        id: "measured-requests",
        title: title.to_string(),
        description: what.to_string(),
        groups,
        is_logarithmic: false,
        range: (0.0, most),
        ticks: [0.0, 0.5, 1.0]
            .map(|part| (part * most, decimal(part * most, 0)))
            .into(),
    }
}

fn latency(figures: &servers::Figures, language: Language) -> Plot {
    let groups = groups(figures, language, |kind, load| {
        let latency = load.response;
        Some(Row {
            name: kind.name().to_string(),
            pieces: vec![(latency.p50, latency.p999, tone(kind))],
            line: None,
            marks: vec![latency.p99],
            label: format!("{}–{}", time(latency.p50), time(latency.p999)),
        })
    });
    let title = pick(
        language,
        "Latency in the open loop: median to percentile 99.9",
        "开环的延迟：从中位数到第 99.9 百分位",
    );
    let what = pick(
        language,
        "Each bar goes from the median to the percentile 99.9, counted from when the message \
         was due, with a mark at the percentile 99. Each step to the right is ten times as \
         much. The table below has the same figures.",
        "条形从中位数到第 99.9 百分位，从消息预定的时刻算起，竖线是第 99 百分位。横轴每一格是前一格的十倍。下面的表里有同样的数字。",
    );
    let ticks = [
        (10.0, "10 µs"),
        (100.0, "100 µs"),
        (1e3, "1 ms"),
        (1e4, "10 ms"),
        (1e5, "100 ms"),
        (1e6, "1 s"),
    ];
    Plot {
        id: "measured-latency",
        title: title.to_string(),
        description: what.to_string(),
        groups,
        is_logarithmic: true,
        range: (10.0, 1e6),
        ticks: ticks.map(|(value, text)| (value, text.to_string())).into(),
    }
}

fn of_grader(figures: &grader::Figures, language: Language) -> Plot {
    let rows = |is_solution: bool| {
        let exercises = figures.exercises.iter();
        let rows = exercises.filter(|of| of.is_solution == is_solution);
        rows.filter_map(|of| {
            let bare = Spread::of(&of.bare)?.median;
            let graded = Spread::of(&of.graded)?;
            let end = graded.median;
            let waits = if WITH_A_WAIT.contains(&of.number) {
                "*"
            } else {
                ""
            };
            Some(Row {
                name: format!("exercise-{:02}{waits}", of.number),
                pieces: vec![
                    (0.0, bare.min(end), Tone::Weak),
                    (bare.min(end), end, Tone::Strong),
                ],
                line: Some((graded.low, graded.high)),
                marks: Vec::new(),
                label: format!("{} s", decimal(end, 2)),
            })
        })
        .collect::<Vec<_>>()
    };
    let most = figures
        .exercises
        .iter()
        .filter_map(|of| Spread::of(&of.graded));
    let most = round_up(most.map(|spread| spread.high).fold(0.1, f64::max));
    let title = pick(language, "From a save to the verdict", "从保存到出结果");
    let what = pick(
        language,
        "The grey part of each bar is the bare build, the rest is the grader. The line over \
         its end is where the middle half of the rounds lies. * marks exercises whose checks \
         wait for a time limit. The table below has the same figures.",
        "每一条的灰色部分是单纯编译，其余是评分。条形末端的线是中间一半轮次所在的范围。标 * 的练习，检查要等待题目规定的时限。下面的表里有同样的数字。",
    );
    Plot {
        id: "measured-grader",
        title: title.to_string(),
        description: what.to_string(),
        groups: vec![
            (
                pick(language, "starters", "起始代码").to_string(),
                rows(false),
            ),
            (
                pick(language, "solutions", "参考答案").to_string(),
                rows(true),
            ),
        ],
        is_logarithmic: false,
        range: (0.0, most),
        ticks: [0.0, 0.5, 1.0]
            .map(|part| (part * most, format!("{} s", decimal(part * most, 1))))
            .into(),
    }
}
