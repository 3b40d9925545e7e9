//! The texts that users read in their language: the templates of messages from `messages/zh.po`.
//!
//! The file has the format of gettext, for which translators have tools: `msgid` is the English
//! template from the source, `msgstr` the Chinese one with the same placeholders. Another
//! language would need another file.

use crate::help;
use crate::language::Language;
use crate::say;
use harness::Failure;
use harness::message::{Message, templates};
use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

/// The Chinese templates, by the English ones.
fn chinese() -> &'static HashMap<String, String> {
    static CHINESE: OnceLock<HashMap<String, String>> = OnceLock::new();
    CHINESE.get_or_init(|| {
        let file = include_str!("../messages/zh.po");
        // The catalogue is part of the program, and is tested with it.
        let catalogue = polib::po_file::parse_from_reader(file.as_bytes()).expect("zh.po is right");
        let messages = catalogue
            .messages()
            .filter(|message| message.is_translated());
        messages
            .filter_map(|message| {
                let chinese = message.msgstr().ok()?;
                Some((message.msgid().to_string(), chinese.to_string()))
            })
            .collect()
    })
}

/// All English templates that have a Chinese translation, each with that translation.
pub fn entries() -> impl Iterator<Item = (&'static str, &'static str)> {
    let entries = chinese().iter();
    entries.map(|(english, chinese)| (english.as_str(), chinese.as_str()))
}

/// The template of a language for an English one; `None` if the English one is to be used.
pub fn translate(language: Language, template: &str) -> Option<String> {
    match language {
        Language::En => None,
        Language::Zh => chinese().get(template).cloned(),
    }
}

/// A message in this language.
pub fn say(message: &Message, language: Language) -> String {
    message.fill(&|template| translate(language, template))
}

/// Why a check has failed, in this language.
pub fn tell(failure: &Failure, language: Language) -> String {
    failure.in_language(&|template| translate(language, template))
}

/// What should have come, if there is a transcript that says so, and what came, in this
/// language.
pub fn in_short(failure: &Failure, language: Language) -> (Option<String>, String) {
    failure.in_short(&|template| translate(language, template))
}

/// The templates of a failure that have no Chinese translation.
pub fn untranslated(failure: &Failure) -> BTreeSet<String> {
    let missing = RefCell::new(BTreeSet::new());
    failure.in_language(&|template| {
        let found = translate(Language::Zh, template);
        if found.is_none() && needs_translation(template) {
            missing.borrow_mut().insert(template.to_string());
        }
        found
    });
    missing.into_inner()
}

/// Whether a template needs translation, that is, consists of more than a placeholder.
pub fn needs_translation(template: &str) -> bool {
    let inner = template
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'));
    inner.is_none_or(|name| name.contains(['{', '}']))
}

/// Prints all that a program can say, for the test of the catalogue: the templates of its
/// messages, and the texts of its help.
///
/// # Errors
///
/// If there is no JSON for it.
pub fn list(command: &clap::Command) -> anyhow::Result<bool> {
    let mut texts = help::texts(command);
    texts.extend(templates().into_iter().map(String::from));
    say!("{}", serde_json::to_string(&texts)?);
    Ok(true)
}
