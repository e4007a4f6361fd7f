//! `ssot.toml` and the rules that are built in: roles, concepts, lexicon.

use std::path::{Path, PathBuf};

use globset::Glob;
use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use serde::Deserialize;

use crate::analysis::concepts::ConceptRule;
use crate::analysis::lexicon::{Lexicon, Storing};
use crate::analysis::similarity::{Rules as SimilarityRules, Weights};
use crate::source::{RoleRule, RoleTable};

const ROLES: &str = include_str!("../rules/roles.toml");
const SIMILARITY: &str = include_str!("../rules/similarity.toml");
const LEXICON: &str = include_str!("../rules/lexicon.toml");
const CONCEPTS: [(&str, &str); 1] =
    [("rules/concepts/websocket-manager.toml", include_str!("../rules/concepts/websocket-manager.toml"))];

/// Name of the configuration file.
pub const FILE_NAME: &str = "ssot.toml";

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
}

/// Single values; the others stay as they are built in.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SimilarityEntry {
    handling_weight: Option<toml::Spanned<f32>>,
    actions_weight: Option<toml::Spanned<f32>>,
    interfaces_weight: Option<toml::Spanned<f32>>,
    company_weight: Option<toml::Spanned<f32>>,
    vocabulary_weight: Option<toml::Spanned<f32>>,
    less_covered_weight: Option<toml::Spanned<f32>>,
    more_covered_weight: Option<toml::Spanned<f32>>,
    near_score: Option<toml::Spanned<f32>>,
    near_rank: Option<u32>,
    discovery_score: Option<toml::Spanned<f32>>,
    discovery_words: Option<toml::Spanned<f32>>,
    discovery_essential: Option<toml::Spanned<f32>>,
    name_words: Option<toml::Spanned<f32>>,
    discovery_structure: Option<toml::Spanned<f32>>,
    discovery_wordless: Option<toml::Spanned<f32>>,
    discovery_content: Option<u32>,
    sure_score: Option<toml::Spanned<f32>>,
    least_behaviour: Option<toml::Spanned<f32>>,
    contradicted_below: Option<toml::Spanned<f32>>,
    copied_share: Option<toml::Spanned<f32>>,
    least_content: Option<u32>,
    common: Option<u32>,
}

impl SimilarityEntry {
    /// The shares, which lie between 0 and 1.
    fn shares(&self) -> impl Iterator<Item = &toml::Spanned<f32>> {
        let all = [
            &self.handling_weight,
            &self.actions_weight,
            &self.interfaces_weight,
            &self.company_weight,
            &self.vocabulary_weight,
            &self.less_covered_weight,
            &self.more_covered_weight,
            &self.near_score,
            &self.discovery_score,
            &self.discovery_words,
            &self.discovery_essential,
            &self.name_words,
            &self.discovery_structure,
            &self.discovery_wordless,
            &self.sure_score,
            &self.least_behaviour,
            &self.contradicted_below,
            &self.copied_share,
        ];
        all.into_iter().flatten()
    }

    fn over(self, base: SimilarityRules) -> SimilarityRules {
        let share = |own: Option<toml::Spanned<f32>>, base| own.map_or(base, toml::Spanned::into_inner);
        SimilarityRules {
            weights: Weights {
                handling: share(self.handling_weight, base.weights.handling),
                actions: share(self.actions_weight, base.weights.actions),
                interfaces: share(self.interfaces_weight, base.weights.interfaces),
                company: share(self.company_weight, base.weights.company),
                vocabulary: share(self.vocabulary_weight, base.weights.vocabulary),
                less_covered: share(self.less_covered_weight, base.weights.less_covered),
                more_covered: share(self.more_covered_weight, base.weights.more_covered),
            },
            near_score: share(self.near_score, base.near_score),
            near_rank: self.near_rank.unwrap_or(base.near_rank),
            discovery_score: share(self.discovery_score, base.discovery_score),
            discovery_words: share(self.discovery_words, base.discovery_words),
            discovery_essential: share(self.discovery_essential, base.discovery_essential),
            name_words: share(self.name_words, base.name_words),
            discovery_structure: share(self.discovery_structure, base.discovery_structure),
            discovery_wordless: share(self.discovery_wordless, base.discovery_wordless),
            discovery_content: self.discovery_content.unwrap_or(base.discovery_content),
            sure_score: share(self.sure_score, base.sure_score),
            least_behaviour: share(self.least_behaviour, base.least_behaviour),
            contradicted_below: share(self.contradicted_below, base.contradicted_below),
            copied_share: share(self.copied_share, base.copied_share),
            least_content: self.least_content.unwrap_or(base.least_content),
            common: self.common.unwrap_or(base.common),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LexiconEntry {
    #[serde(default)]
    verb: Vec<WordGroup>,
    #[serde(default)]
    object: Vec<WordGroup>,
    #[serde(default)]
    interface: Vec<InterfaceGroup>,
    #[serde(default)]
    storage: Vec<StorageGroup>,
}

/// Methods of stores that all do one thing to what is kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StorageGroup {
    does: StorageAction,
    methods: Vec<String>,
}

/// What a method does to what a store keeps.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum StorageAction {
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
struct InterfaceGroup {
    name: String,
    names: Vec<String>,
    /// Whether what works with it is about it, and nothing else can stand in.
    #[serde(default)]
    essential: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WordGroup {
    words: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConceptEntry {
    id: String,
    title: Option<String>,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    exclude: Vec<String>,
    canonical: Option<String>,
}

/// A configuration that cannot be used, with the place in its file.
#[derive(Debug)]
pub struct ConfigError {
    message: String,
    help: String,
    excerpt: Option<Box<Excerpt>>,
}

/// The file and the place that an error is about.
#[derive(Debug)]
struct Excerpt {
    file: NamedSource<String>,
    span: Option<std::ops::Range<usize>>,
}

impl Excerpt {
    fn new(name: &str, text: &str, span: Option<std::ops::Range<usize>>) -> Option<Box<Self>> {
        Some(Box::new(Self { file: NamedSource::new(name, text.to_owned()), span }))
    }
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}

impl Diagnostic for ConfigError {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        (!self.help.is_empty()).then(|| Box::new(&self.help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| &excerpt.file as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.excerpt.as_ref()?.span.clone()?;
        Some(Box::new(std::iter::once(LabeledSpan::at(span, "here"))))
    }
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
        if let Some(path) = found {
            name = path.display().to_string();
            text = std::fs::read_to_string(&path).map_err(|error| ConfigError {
                message: format!("cannot read {name}: {error}"),
                help: "give another file with --config, or none".into(),
                excerpt: None,
            })?;
            own = parse(&name, &text)?;
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
        let lexicon = Lexicon::new(&verbs, &objects).with_interfaces(interfaces).with_storage(storage);
        if let Some(share) = own.similarity.shares().find(|share| !(0.0..=1.0).contains(share.get_ref())) {
            return Err(ConfigError {
                message: format!("{name}: {} is no share", share.get_ref()),
                help: "give a number between 0 and 1; see rules/similarity.toml".into(),
                excerpt: Excerpt::new(&name, &text, Some(share.span())),
            });
        }
        let built_in: RuleFile = parse("rules/similarity.toml", SIMILARITY)?;
        let similarity = own.similarity.over(built_in.similarity.over(SimilarityRules::default()));
        Ok(Self { roles: table, concepts, lexicon, similarity })
    }

    /// `ssot.toml` in the scanned folder or above it, up to the repository's root.
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

fn nearest(scanned: &Path) -> Option<PathBuf> {
    let start = scanned.canonicalize().ok()?;
    let folder = if start.is_dir() { start.as_path() } else { start.parent()? };
    let project = folder.ancestors().find(|up| up.join(FILE_NAME).is_file() || up.join(".git").exists())?;
    let file = project.join(FILE_NAME);
    file.is_file().then_some(file)
}

fn parse(name: &str, text: &str) -> Result<RuleFile, ConfigError> {
    toml::from_str(text).map_err(|error| error_at(name, text, &error))
}

fn error_at(name: &str, text: &str, error: &toml::de::Error) -> ConfigError {
    ConfigError {
        message: format!("{name}: {}", error.message()),
        help: "expected [[role]], [[concept]], [similarity], [[lexicon.verb]], [[lexicon.object]], [[lexicon.interface]] or [[lexicon.storage]]; see the README, \"Rules\"".into(),
        excerpt: Excerpt::new(name, text, error.span()),
    }
}

/// Words are what names fall into, and each stands in one group of its kind.
fn check_words(name: &str, text: &str, lexicon: &LexiconEntry) -> Result<(), ConfigError> {
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

fn concepts_of(
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
            id: entry.id.clone(),
        });
    }
    Ok(rules)
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
