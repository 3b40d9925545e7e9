//! `cargo grade 05 --wire`: shows what went over the wire when the first failed check was run
//! once more.

use crate::grading::Ready;
use anstyle::Style;
use grade::language::Language;
use grade::outcome::Outcome;
use grade::sandbox::Sandbox;
use grade::{catalogue, recording, say};
use harness::message;
use std::path::Path;

/// Shows the packets of the first check that has failed, if there is one.
pub(crate) fn show(ready: &Ready, outcome: &Outcome, language: Language) -> anyhow::Result<()> {
    let Some(failed) = outcome.failures().next() else {
        return Ok(());
    };
    let strong = Style::new().bold();
    let title = message!(
        "On the wire: {check}",
        check = failed.check.title.get(language)
    );
    let title = catalogue::say(&title, language);
    say!("\n{strong}{title}{strong:#}\n");
    let sandbox = Sandbox::none();
    if let Some(cure) = recording::cure(&sandbox) {
        say!("    {}", catalogue::say(&cure, language));
        return Ok(());
    }
    let Ready { rubric, program } = ready;
    // Without a sandbox, a program sees all folders.
    let recording = rubric.record_in(&sandbox, Path::new("/"), program, &failed.check)?;
    for line in recording.lines(language) {
        say!("    {line}");
    }
    if let Some(remark) = recording.remark(language) {
        say!("\n{remark}");
    }
    Ok(())
}
