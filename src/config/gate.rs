//! `[check]`, `[rules.…]`, `[[allow]]`, `[[shim]]` and `[[conform]]`: what the gate lets pass.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;

use super::error::{ConfigError, Excerpt};
use crate::analysis::graph::PhaseSet;
use crate::finding::{Covered, Evidence, Rule, Severity, Suppression};
use crate::rules::{Held, Shim, Wanted, description};

/// What the gate is told by the configuration.
#[derive(Debug, Clone)]
pub struct GateConfig {
    /// The baseline, where one is named; relative to the configuration's folder.
    pub baseline: Option<PathBuf>,
    /// The least severity that is shown and fails.
    pub severity: Option<Severity>,
    /// The rules to check; all where none is named.
    pub select: Vec<Rule>,
    /// Rules to leave out.
    pub ignore: Vec<Rule>,
    /// Whether an entry of the baseline that no longer occurs fails.
    pub is_strict: bool,
    /// Severities other than those of the rules' files; none switches a rule off.
    pub severities: BTreeMap<Rule, Option<Severity>>,
    /// Which imports make a cycle.
    pub cycle_phases: PhaseSet,
    /// `[[allow]]`.
    pub suppressions: Vec<Suppression>,
    /// `[[shim]]`.
    pub shims: Vec<Shim>,
    /// `[[conform]]`.
    pub held: Vec<Held>,
}

impl Default for GateConfig {
    fn default() -> Self {
        Self {
            baseline: None,
            severity: None,
            select: Vec::new(),
            ignore: Vec::new(),
            is_strict: false,
            severities: BTreeMap::new(),
            cycle_phases: PhaseSet::Load,
            suppressions: Vec::new(),
            shims: Vec::new(),
            held: Vec::new(),
        }
    }
}

impl GateConfig {
    /// The severity of a rule's findings; none where it is switched off.
    #[must_use]
    pub fn severity_of(&self, rule: Rule) -> Option<Severity> {
        self.severities.get(&rule).copied().unwrap_or(Some(description(rule).severity))
    }

    /// What to check: the selected rules of at least this severity. Suppressions are always looked after.
    #[must_use]
    pub fn wanted(&self, select: &[Rule], ignore: &[Rule], least: Severity) -> Wanted {
        let selected = if select.is_empty() { &self.select } else { select };
        let is_wanted = |rule: &Rule| {
            let is_selected = selected.is_empty() || selected.contains(rule);
            let is_ignored = ignore.contains(rule) || self.ignore.contains(rule) && !select.contains(rule);
            let severity = self.severity_of(*rule);
            // Suppressions are looked after whatever is shown, so that a stale one can be mentioned.
            let is_shown = *rule == Rule::StaleSuppression || severity.is_some_and(|own| own >= least);
            is_selected && !is_ignored && severity.is_some() && is_shown
        };
        let rules: BTreeSet<Rule> = Rule::ALL.iter().copied().filter(is_wanted).collect();
        Wanted {
            rules,
            cycle_phases: self.cycle_phases,
            held: self.held.clone(),
            shims: self.shims.clone(),
            config_path: String::new(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckEntry {
    baseline: Option<String>,
    severity: Option<Severity>,
    #[serde(default)]
    select: Vec<toml::Spanned<String>>,
    #[serde(default)]
    ignore: Vec<toml::Spanned<String>>,
    #[serde(default)]
    strict_baseline: bool,
}

/// What `[rules.<id>]` may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleEntry {
    severity: Option<SeverityEntry>,
    phases: Option<PhasesEntry>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SeverityEntry {
    Off,
    Note,
    Warning,
    Error,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum PhasesEntry {
    #[serde(rename = "load")]
    Load,
    #[serde(rename = "load+typing")]
    LoadTyping,
    #[serde(rename = "load+typing+local")]
    LoadTypingLocal,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AllowEntry {
    rule: toml::Spanned<String>,
    r#type: String,
    reason: toml::Spanned<String>,
    until: Option<toml::Spanned<toml::Value>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShimEntry {
    r#type: String,
    until: toml::Spanned<toml::Value>,
    reason: toml::Spanned<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConformEntry {
    r#type: String,
    protocol: String,
}

/// The parts of a configuration file that are the gate's.
pub(super) struct GateEntries {
    pub(super) check: CheckEntry,
    pub(super) rules: BTreeMap<String, toml::Spanned<RuleEntry>>,
    pub(super) allow: Vec<toml::Spanned<AllowEntry>>,
    pub(super) shim: Vec<ShimEntry>,
    pub(super) conform: Vec<toml::Spanned<ConformEntry>>,
}

/// A configuration file as it was read.
#[derive(Clone, Copy)]
pub(super) struct Read<'a> {
    pub(super) name: &'a str,
    pub(super) text: &'a str,
}

impl Read<'_> {
    /// The 1-based line of a byte.
    fn line(self, at: usize) -> u32 {
        self.text[..at].matches('\n').count() as u32 + 1
    }

    fn error(self, message: String, help: String, span: std::ops::Range<usize>) -> ConfigError {
        ConfigError {
            message: format!("{}: {message}", self.name),
            help,
            excerpt: Excerpt::new(self.name, self.text, Some(span)),
        }
    }

    fn rule(self, id: &str, span: std::ops::Range<usize>) -> Result<Rule, ConfigError> {
        Rule::from_id(id).ok_or_else(|| self.error(format!("`{id}` is no rule"), nearest_rules(id), span))
    }

    fn date(self, value: &toml::Spanned<toml::Value>) -> Result<Date, ConfigError> {
        let text = match value.get_ref() {
            toml::Value::String(text) => text.clone(),
            toml::Value::Datetime(day) => day.to_string(),
            other => other.to_string(),
        };
        text.parse().map_err(|_| {
            let help = "write it as 2026-12-31".to_owned();
            self.error(format!("`{text}` is no day"), help, value.span())
        })
    }

    fn reason(self, reason: &toml::Spanned<String>) -> Result<String, ConfigError> {
        let text = reason.get_ref().trim();
        if text.is_empty() {
            let help = "say why, for whoever reads it in a year".to_owned();
            return Err(self.error("an empty reason".to_owned(), help, reason.span()));
        }
        Ok(text.to_owned())
    }
}

/// "did you mean …" for an id that is no rule.
#[must_use]
pub fn nearest_rules(id: &str) -> String {
    let near = Rule::ALL
        .iter()
        .max_by(|a, b| strsim::jaro_winkler(a.id(), id).total_cmp(&strsim::jaro_winkler(b.id(), id)));
    let near = near.filter(|rule| strsim::jaro_winkler(rule.id(), id) > 0.7);
    let list = "`ssot explain --list` names all rules";
    near.map_or(list.to_owned(), |rule| format!("did you mean `{rule}`? {list}"))
}

/// Reads the gate's part of a configuration file.
pub(super) fn gate_of(read: Read<'_>, entries: GateEntries) -> Result<GateConfig, ConfigError> {
    let GateEntries { check, rules, allow, shim, conform } = entries;
    let list = |ids: &[toml::Spanned<String>]| -> Result<Vec<Rule>, ConfigError> {
        ids.iter().map(|id| read.rule(id.get_ref(), id.span())).collect()
    };
    let mut gate = GateConfig {
        baseline: check.baseline.map(|path| Path::new(read.name).with_file_name(path)),
        severity: check.severity,
        select: list(&check.select)?,
        ignore: list(&check.ignore)?,
        is_strict: check.strict_baseline,
        ..GateConfig::default()
    };
    for (id, entry) in rules {
        let (span, entry) = (entry.span(), entry.into_inner());
        let rule = read.rule(&id, span.clone())?;
        if let Some(severity) = entry.severity {
            let severity = match severity {
                SeverityEntry::Off => None,
                SeverityEntry::Note => Some(Severity::Note),
                SeverityEntry::Warning => Some(Severity::Warning),
                SeverityEntry::Error => Some(Severity::Error),
            };
            gate.severities.insert(rule, severity);
        }
        match (entry.phases, rule) {
            (None, _) => {}
            (Some(phases), Rule::ImportCycle) => {
                gate.cycle_phases = match phases {
                    PhasesEntry::Load => PhaseSet::Load,
                    PhasesEntry::LoadTyping => PhaseSet::LoadTyping,
                    PhasesEntry::LoadTypingLocal => PhaseSet::LoadTypingLocal,
                };
            }
            (Some(_), _) => {
                let message = format!("`phases` is no setting of {rule}");
                return Err(read.error(message, "it is one of import-cycle".to_owned(), span));
            }
        }
    }
    for entry in allow {
        let (span, entry) = (entry.span(), entry.into_inner());
        let rule = read.rule(entry.rule.get_ref(), entry.rule.span())?;
        let line = read.line(span.start);
        gate.suppressions.push(Suppression {
            rules: vec![rule.id().to_owned()],
            reason: read.reason(&entry.reason)?,
            origin: Evidence {
                path: read.name.to_owned(),
                line,
                column: 1,
                length: 1,
                label: "this entry".to_owned(),
                first_line: line,
            },
            covers: Covered::Symbol(entry.r#type),
            until: entry.until.as_ref().map(|day| read.date(day)).transpose()?,
        });
    }
    for entry in shim {
        let until = read.date(&entry.until)?;
        let reason = read.reason(&entry.reason)?;
        gate.shims.push(Shim { name: entry.r#type, until, reason });
    }
    let held = conform.into_iter().map(|entry| {
        let line = read.line(entry.span().start);
        let entry = entry.into_inner();
        Held { of: entry.r#type, protocol: entry.protocol, line }
    });
    gate.held = held.collect();
    Ok(gate)
}
