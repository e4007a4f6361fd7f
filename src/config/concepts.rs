//! `[[concept]]`: what should have one implementation.

use globset::Glob;
use serde::Deserialize;

use super::error::{ConfigError, Excerpt};
use crate::analysis::concepts::ConceptRule;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConceptEntry {
    pub(super) id: String,
    pub(super) title: Option<String>,
    #[serde(default)]
    pub(super) summary: String,
    #[serde(default)]
    pub(super) names: Vec<String>,
    #[serde(default)]
    pub(super) members: Vec<String>,
    #[serde(default)]
    pub(super) exclude: Vec<String>,
    pub(super) canonical: Option<String>,
    pub(super) protocol: Option<String>,
}

pub(super) fn concepts_of(
    name: &str,
    text: &str,
    entries: Vec<toml::Spanned<ConceptEntry>>,
) -> Result<Vec<ConceptRule>, ConfigError> {
    let mut rules: Vec<ConceptRule> = Vec::with_capacity(entries.len());
    for entry in entries {
        let span = entry.span();
        let entry = entry.into_inner();
        let wrong = |message: String, help: &str| ConfigError {
            message: format!("{name}: concept `{}`: {message}", entry.id),
            help: help.to_owned(),
            excerpt: Excerpt::new(name, text, Some(span.clone())),
        };
        if entry.id.trim().is_empty() {
            return Err(wrong("it has no id".into(), "give it a short one, for example \"session-store\""));
        }
        if entry.names.is_empty() && entry.members.is_empty() {
            return Err(wrong("it names no class".into(), "give `names` (globs) or `members` (dotted ids)"));
        }
        if rules.iter().any(|rule| rule.id == entry.id) {
            return Err(wrong("it is declared twice".into(), "merge the two, or give one another id"));
        }
        let mut names = Vec::with_capacity(entry.names.len());
        for glob in &entry.names {
            let glob = Glob::new(glob).map_err(|error| {
                wrong(format!("`{glob}` is not a glob: {}", error.kind()), "for example \"*Manager\"")
            })?;
            names.push(glob.compile_matcher());
        }
        rules.push(ConceptRule {
            title: entry.title.clone().unwrap_or_else(|| entry.id.clone()),
            summary: entry.summary.clone(),
            names,
            members: entry.members.clone(),
            exclude: entry.exclude.clone(),
            canonical: entry.canonical.clone(),
            protocol: entry.protocol.clone(),
            line: if name.starts_with("rules/") {
                0
            } else {
                text[..span.start].matches('\n').count() as u32 + 1
            },
            id: entry.id.clone(),
        });
    }
    Ok(rules)
}
