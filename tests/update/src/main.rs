//! `cargo grade update`: its arguments and its output.

use clap::Parser;
use grade::language::Language;
use grade::{say, terminal};
use std::process::ExitCode;
use update::{Updated, update};

/// In a students' copy: get newer lessons, rubrics and chapters
#[derive(Parser)]
#[command(name = "cargo grade update", bin_name = "cargo grade update")]
struct Arguments {
    /// The newer copy: a folder, a zip or a git address (default: as the last time)
    #[arg(long, value_name = "WHERE")]
    from: Option<String>,
    /// The language of messages (default: that of the locale)
    #[arg(long, value_enum)]
    lang: Option<Language>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let language = arguments.lang.unwrap_or_else(Language::of_locale);
    terminal::exit(renew(arguments.from.as_deref(), language), language)
}

/// Brings this copy up to date.
fn renew(from: Option<&str>, language: Language) -> anyhow::Result<bool> {
    let updated = update(workspace::root(), from, language)?;
    if updated.is_nothing() {
        let told = language.pick("Everything is up to date with", "已经是最新，来源：");
        say!("{told} {}", updated.from);
        return Ok(true);
    }
    list(language.pick("New:", "新增："), &updated.added);
    list(language.pick("Changed:", "更新："), &updated.changed);
    list(language.pick("Removed:", "删除："), &updated.removed);
    risen(&updated, language);
    for (path, kept) in &updated.kept {
        match language {
            Language::En => say!("You had changed {path}: your version is kept in {kept}"),
            Language::Zh => say!("你改过 {path}：你的版本保存在 {kept}"),
        }
    }
    say!(
        "{}",
        language.pick("Your exercises were not touched.", "你的练习没有改动。")
    );
    Ok(true)
}

fn risen(updated: &Updated, language: Language) {
    for (package, before, now) in &updated.rubrics {
        match (language, before) {
            (Language::En, Some(before)) => {
                say!("The rubric of {package} has changed: version {now}, before {before}");
            }
            (Language::En, None) => say!("A new exercise: {package}"),
            (Language::Zh, Some(before)) => {
                say!("{package} 的评分标准有变化：版本 {now}，之前是 {before}");
            }
            (Language::Zh, None) => say!("新的练习：{package}"),
        }
    }
}

fn list(title: &str, paths: &[String]) {
    if !paths.is_empty() {
        say!("{title}");
        for path in paths {
            say!("  {path}");
        }
    }
}
