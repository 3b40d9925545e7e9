//! The learner's language.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// A language that everything is said in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// English
    En,
    /// Chinese
    Zh,
}

impl Language {
    /// The language of the machine's locale; English if that is not a supported language.
    pub fn of_locale() -> Self {
        match sys_locale::get_locale() {
            Some(locale) if locale.starts_with("zh") => Self::Zh,
            _ => Self::En,
        }
    }

    /// A language as people write it in a table: `en`, `English`, `zh-CN`, `中文`.
    pub fn of_word(word: &str) -> Option<Self> {
        let word = word.trim().to_lowercase();
        let begins = |names: &[&str]| names.iter().any(|name| word.starts_with(name));
        if begins(&["zh", "cn", "chinese", "中", "汉"]) {
            Some(Self::Zh)
        } else if begins(&["en", "英"]) {
            Some(Self::En)
        } else {
            None
        }
    }

    /// Its name on the command line: `en`.
    pub fn name(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }
}

/// A text in both languages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// In English.
    pub en: String,
    /// In Chinese.
    pub zh: String,
}

impl Text {
    /// The text in this language.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Zh => &self.zh,
        }
    }
}
