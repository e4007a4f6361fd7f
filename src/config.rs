//! `ssot.toml`, or `[tool.ssot]` of `pyproject.toml`, and the rules that are built in.

mod concepts;
mod error;
pub mod gate;
mod lexicon;
mod similarity;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use self::concepts::{ConceptEntry, concepts_of};
pub use self::error::ConfigError;
use self::error::Excerpt;
use self::gate::{AllowEntry, CheckEntry, ConformEntry, GateConfig, GateEntries, Read, RuleEntry, ShimEntry};
use self::lexicon::{LexiconEntry, WordGroup, check_words};
use self::similarity::SimilarityEntry;
use crate::analysis::concepts::ConceptRule;
use crate::analysis::lexicon::Lexicon;
use crate::analysis::similarity::Rules as SimilarityRules;
use crate::source::{RoleRule, RoleTable};

const ROLES: &str = include_str!("../rules/roles.toml");
const SIMILARITY: &str = include_str!("../rules/similarity.toml");
const LEXICON: &str = include_str!("../rules/lexicon.toml");
const CONCEPTS: [(&str, &str); 1] =
    [("rules/concepts/websocket-manager.toml", include_str!("../rules/concepts/websocket-manager.toml"))];

/// Name of the configuration file.
pub const FILE_NAME: &str = "ssot.toml";

/// The file that may hold the configuration under [`PROJECT_TABLE`].
pub const PROJECT_FILE: &str = "pyproject.toml";

/// The table of [`PROJECT_FILE`].
pub const PROJECT_TABLE: &str = "tool.ssot";

/// What the rules say, the user's before the built-in ones.
#[derive(Debug)]
pub struct Config {
    /// Roles by path.
    pub roles: RoleTable,
    /// Concepts; a user's rule replaces a built-in one of the same id.
    pub concepts: Vec<ConceptRule>,
    /// Words that mean the same.
    pub lexicon: Lexicon,
    /// When two implementations have one responsibility.
    pub similarity: SimilarityRules,
    /// What the gate lets pass.
    pub gate: GateConfig,
    /// The file that was read, if any.
    pub path: Option<PathBuf>,
    /// Its text.
    pub text: String,
}

/// One rule file, of either kind.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    #[serde(default)]
    role: Vec<toml::Spanned<RoleRule>>,
    #[serde(default)]
    concept: Vec<toml::Spanned<ConceptEntry>>,
    #[serde(default)]
    lexicon: LexiconEntry,
    #[serde(default)]
    similarity: SimilarityEntry,
    #[serde(default)]
    check: CheckEntry,
    #[serde(default)]
    rules: BTreeMap<String, toml::Spanned<RuleEntry>>,
    #[serde(default)]
    allow: Vec<toml::Spanned<AllowEntry>>,
    #[serde(default)]
    shim: Vec<ShimEntry>,
    #[serde(default)]
    conform: Vec<toml::Spanned<ConformEntry>>,
}

/// The part of `pyproject.toml` that is read here.
#[derive(Debug, Default, Deserialize)]
struct ProjectFile {
    #[serde(default)]
    tool: ToolTable,
}

#[derive(Debug, Default, Deserialize)]
struct ToolTable {
    ssot: Option<RuleFile>,
}

impl Config {
    /// Reads the configuration: `given`, else `ssot.toml` in the scanned folder or above it, else
    /// only what is built in.
    ///
    /// # Errors
    /// When a file cannot be read or does not say what it should.
    pub fn load(given: Option<&Path>, scanned: &Path) -> Result<Self, ConfigError> {
        let found = given.map(Path::to_path_buf).or_else(|| nearest(scanned));
        let mut own = RuleFile::default();
        let mut name = String::new();
        let mut text = String::new();
        if let Some(path) = &found {
            name = path.display().to_string();
            text = std::fs::read_to_string(path).map_err(|error| ConfigError {
                message: format!("cannot read {name}: {error}"),
                help: "give another file with --config, or none".into(),
                excerpt: None,
            })?;
            own = if path.file_name().is_some_and(|name| name == PROJECT_FILE) {
                parse_project(&name, &text)?.unwrap_or_default()
            } else {
                parse(&name, &text)?
            };
        }
        let roles: RuleFile = parse("rules/roles.toml", ROLES)?;
        let wrong = |message: String, span| ConfigError {
            message: format!("{name}: {message}"),
            help: "a glob is relative to the scanned folder, `**/` stands for any folders".into(),
            excerpt: Excerpt::new(&name, &text, span),
        };
        for rule in &own.role {
            RoleTable::new([rule.get_ref()]).map_err(|error| wrong(error.to_string(), Some(rule.span())))?;
        }
        let rules = own.role.iter().chain(&roles.role).map(toml::Spanned::get_ref);
        let table = RoleTable::new(rules).map_err(|error| wrong(error.to_string(), None))?;
        let mut concepts = concepts_of(&name, &text, own.concept)?;
        for (name, text) in CONCEPTS {
            let built_in = concepts_of(name, text, parse(name, text)?.concept)?;
            for rule in built_in {
                if !concepts.iter().any(|own| own.id == rule.id) {
                    concepts.push(rule);
                }
            }
        }
        check_words(&name, &text, &own.lexicon)?;
        let words: LexiconEntry =
            toml::from_str(LEXICON).map_err(|e| error_at("rules/lexicon.toml", LEXICON, &e))?;
        let groups = |own: Vec<WordGroup>, built_in: Vec<WordGroup>| -> Vec<Vec<String>> {
            own.into_iter().chain(built_in).map(|group| group.words).collect()
        };
        let verbs = groups(own.lexicon.verb, words.verb);
        let objects = groups(own.lexicon.object, words.object);
        let interfaces = own.lexicon.interface.iter().chain(&words.interface);
        let interfaces =
            interfaces.map(|group| (group.name.as_str(), group.names.as_slice(), group.essential));
        let storage = own.lexicon.storage.iter().chain(&words.storage);
        let storage = storage.map(|group| (group.does.into(), group.methods.as_slice()));
        let means = own.lexicon.interface.iter().chain(&words.interface);
        let means = means.filter(|group| group.means).map(|group| group.name.as_str());
        let spoken = own.lexicon.interface.iter().chain(&words.interface);
        let spoken = spoken.map(|group| (group.name.as_str(), group.methods.as_slice()));
        let lexicon = Lexicon::new(&verbs, &objects)
            .with_interfaces(interfaces)
            .with_spoken(spoken)
            .with_means(means)
            .with_storage(storage);
        if let Some(share) = own.similarity.shares().find(|share| !(0.0..=1.0).contains(share.get_ref())) {
            return Err(ConfigError {
                message: format!("{name}: {} is no share", share.get_ref()),
                help: "give a number between 0 and 1; see rules/similarity.toml".into(),
                excerpt: Excerpt::new(&name, &text, Some(share.span())),
            });
        }
        let built_in: RuleFile = parse("rules/similarity.toml", SIMILARITY)?;
        let similarity = own.similarity.over(built_in.similarity.over(SimilarityRules::default()));
        let entries = GateEntries {
            check: own.check,
            rules: own.rules,
            allow: own.allow,
            shim: own.shim,
            conform: own.conform,
        };
        let gate = gate::gate_of(Read { name: &name, text: &text }, entries)?;
        Ok(Self { roles: table, concepts, lexicon, similarity, gate, path: found, text })
    }

    /// `ssot.toml` in the scanned folder or above it, up to the repository's root; a `pyproject.toml` with a table
    /// of ours stands in for it.
    #[must_use]
    pub fn nearest_file(scanned: &Path) -> Option<PathBuf> {
        nearest(scanned)
    }

    /// The rules that are built in.
    ///
    /// # Errors
    /// Never, as a test asserts.
    pub fn built_in() -> Result<Self, ConfigError> {
        Self::load(None, Path::new(""))
    }
}

/// A `pyproject.toml` beside the configuration whose table of ours is not read.
#[must_use]
pub fn passed_over(config: &Config) -> Option<PathBuf> {
    let own = config.path.as_ref().filter(|path| path.file_name().is_some_and(|name| name == FILE_NAME))?;
    Some(own.with_file_name(PROJECT_FILE)).filter(|project| has_table(project))
}

fn nearest(scanned: &Path) -> Option<PathBuf> {
    let start = scanned.canonicalize().ok()?;
    let folder = if start.is_dir() { start.as_path() } else { start.parent()? };
    for up in folder.ancestors() {
        let (own, project) = (up.join(FILE_NAME), up.join(PROJECT_FILE));
        if own.is_file() {
            return Some(own);
        }
        if has_table(&project) {
            return Some(project);
        }
        if up.join(".git").exists() {
            return None;
        }
    }
    None
}

/// Whether a project file speaks of us. Of one that is no TOML and seems to, the reader is told.
fn has_table(project: &Path) -> bool {
    let text = std::fs::read_to_string(project).unwrap_or_default();
    text.contains(PROJECT_TABLE)
        && text.parse::<toml::Table>().map_or(true, |table| {
            table.get("tool").and_then(toml::Value::as_table).is_some_and(|tools| tools.contains_key("ssot"))
        })
}

fn parse(name: &str, text: &str) -> Result<RuleFile, ConfigError> {
    toml::from_str(text).map_err(|error| error_at(name, text, &error))
}

fn parse_project(name: &str, text: &str) -> Result<Option<RuleFile>, ConfigError> {
    let file: ProjectFile = toml::from_str(text).map_err(|error| error_at(name, text, &error))?;
    Ok(file.tool.ssot)
}

fn error_at(name: &str, text: &str, error: &toml::de::Error) -> ConfigError {
    ConfigError {
        message: format!("{name}: {}", error.message()),
        help: "expected [check], [rules.<id>], [[allow]], [[shim]], [[conform]], [[concept]], [[role]], [similarity] or [[lexicon.…]]; see the README, \"Rules\"".into(),
        excerpt: Excerpt::new(name, text, error.span()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_rules_are_sound() {
        let config = Config::built_in().expect("built-in rules");
        assert!(config.concepts.iter().any(|rule| rule.id == "websocket-manager"));
    }

    #[test]
    fn unknown_keys_are_rejected_at_their_place() {
        let text = "[[concept]]\nid = \"x\"\nname = [\"*X\"]\n";
        let error = parse("ssot.toml", text).expect_err("unknown key");
        let span = error.excerpt.expect("excerpt").span.expect("span");
        assert_eq!(&text[span], "name");
    }

    #[test]
    fn words_of_the_lexicon_are_checked() {
        let check = |toml: &str| {
            let lexicon = parse("ssot.toml", toml).expect("file").lexicon;
            check_words("ssot.toml", toml, &lexicon).err().map(|error| error.message)
        };
        assert_eq!(check("[[lexicon.verb]]\nwords = [\"connect\", \"plug\"]\n"), None);
        for wrong in ["[]", "[\"\"]", "[\"plug in\"]", "[\"plug\", \"plug\"]"] {
            assert!(check(&format!("[[lexicon.object]]\nwords = {wrong}\n")).is_some(), "{wrong}");
        }
    }

    #[test]
    fn a_concept_without_members_is_an_error() {
        let text = "[[concept]]\nid = \"x\"\n";
        let entries = parse("ssot.toml", text).expect("file").concept;
        assert!(concepts_of("ssot.toml", text, entries).is_err());
    }
}
