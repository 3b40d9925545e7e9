//! The packets of a failed check, as students read them.

use super::results::ExerciseResult;
use grade::catalogue::say;
use grade::language::Language;
use harness::message;

/// What went over the wire when a failed check was run once more.
pub(super) struct OnWire {
    pub(super) heading: String,
    pub(super) ladder: String,
    pub(super) remark: Option<String>,
}

impl OnWire {
    /// The packets of this check, if they were recorded.
    pub(super) fn of(result: &ExerciseResult, check: &str, language: Language) -> Option<Self> {
        let recording = result.recording.as_ref();
        let recording = recording.filter(|recording| recording.check == check)?;
        let heading = message!("On the wire, when this check was run once more, with other ports");
        Some(Self {
            heading: say(&heading, language),
            ladder: recording.lines(language).join("\n"),
            remark: recording.remark(language),
        })
    }

    /// All of it in paragraphs.
    pub(super) fn text(&self) -> String {
        let Self {
            heading,
            ladder,
            remark,
        } = self;
        let paragraphs = [heading, ladder].into_iter().chain(remark);
        let paragraphs: Vec<&str> = paragraphs.map(String::as_str).collect();
        paragraphs.join("\n\n")
    }
}
