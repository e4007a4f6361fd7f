//! `[lexicon]`: words and outside names that mean the same.

use serde::Deserialize;

use super::error::{ConfigError, Excerpt};
use crate::analysis::lexicon::Storing;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LexiconEntry {
    #[serde(default)]
    pub(super) verb: Vec<WordGroup>,
    #[serde(default)]
    pub(super) object: Vec<WordGroup>,
    #[serde(default)]
    pub(super) interface: Vec<InterfaceGroup>,
    #[serde(default)]
    pub(super) storage: Vec<StorageGroup>,
}

/// Methods of stores that all do one thing to what is kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StorageGroup {
    pub(super) does: StorageAction,
    pub(super) methods: Vec<String>,
}

/// What a method does to what a store keeps.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum StorageAction {
    Insert,
    Lookup,
    Remove,
    Iterate,
    Renew,
}

impl From<StorageAction> for Storing {
    fn from(action: StorageAction) -> Self {
        match action {
            StorageAction::Insert => Self::Insert,
            StorageAction::Lookup => Self::Lookup,
            StorageAction::Remove => Self::Remove,
            StorageAction::Iterate => Self::Iterate,
            StorageAction::Renew => Self::Renew,
        }
    }
}

/// Dotted outside names that stand for one thing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InterfaceGroup {
    pub(super) name: String,
    pub(super) names: Vec<String>,
    /// Whether what works with it is about it, and nothing else can stand in.
    #[serde(default)]
    pub(super) essential: bool,
    /// Whether jobs of every kind use it, so that it says little of any.
    #[serde(default)]
    pub(super) means: bool,
    /// Methods that only things of this kind have.
    #[serde(default)]
    pub(super) methods: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WordGroup {
    pub(super) words: Vec<String>,
}

/// Words are what names fall into, and each stands in one group of its kind.
pub(super) fn check_words(name: &str, text: &str, lexicon: &LexiconEntry) -> Result<(), ConfigError> {
    let wrong = |kind: &str, word: &str, message: String| {
        // The word itself is the place, where the text has it just once.
        let quoted = format!("{word:?}");
        let at = text.find(&quoted).filter(|at| text[at + 1..].find(&quoted).is_none());
        ConfigError {
            message: format!("{name}: [[lexicon.{kind}]]: {message}"),
            help: "words are lower-case parts of names, such as \"connect\"; each stands in one group".into(),
            excerpt: Excerpt::new(name, text, at.map(|at| at..at + quoted.len())),
        }
    };
    for (kind, groups) in [("verb", &lexicon.verb), ("object", &lexicon.object)] {
        let mut seen: Vec<&str> = Vec::new();
        for group in groups {
            if group.words.is_empty() {
                return Err(wrong(kind, "words", "a group has no words".into()));
            }
            for word in &group.words {
                let is_word =
                    !word.is_empty() && word.chars().all(|c| c.is_lowercase() || c == '_' || c.is_numeric());
                if !is_word {
                    return Err(wrong(kind, word, format!("{word:?} is no word of a name")));
                }
                if seen.contains(&word.as_str()) {
                    return Err(wrong(kind, word, format!("`{word}` stands there twice")));
                }
                seen.push(word);
            }
        }
    }
    Ok(())
}
