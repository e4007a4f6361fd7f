//! Trees that are no folder on disk: lists of files by their blobs, as git keeps each commit. Facts are kept by blob, so that
//! a file is read once for all commits that have it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::outside::Reader;
use super::scan::{environment_and_target, facts_of, packages_above};
use super::{ReadOptions, TreeError};
use crate::cache::{BUILD, Cache, Key};
use crate::discover::environment::Environment;
use crate::discover::{self, cargo};
use crate::facts::FileFacts;
use crate::facts::stored::Stored;
use crate::lang::Target;
use crate::link::{self, Ground, Index, LinkFile, NoEnvironment};
use crate::source::{CrateTarget, Language, Source};
use crate::text::decode;

/// The id of a blob.
pub type Blob = Arc<str>;

/// Files by path from the root, with `/`.
pub type Listing = BTreeMap<Arc<str>, Blob>;

/// Trees of one folder over time.
pub struct Revisions<'a> {
    root: PathBuf,
    /// PATHs that were asked for, from the root; all of it where one is empty.
    asked: Vec<String>,
    options: &'a ReadOptions<'a>,
    cache: &'a Cache,
    environment: Option<Environment>,
    target: Target,
    /// What each path is; none where the walk would leave it out.
    sources: FxHashMap<Arc<str>, Option<Source>>,
    facts: FxHashMap<(Blob, Language), Arc<FileFacts>>,
    manifests: FxHashMap<Blob, Vec<u8>>,
}

/// A blob that has to be read.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Unread {
    /// Its id.
    pub blob: Blob,
    /// What it is a source of; a Cargo manifest otherwise.
    language: Option<Language>,
}

impl<'a> Revisions<'a> {
    /// Of the folder that the PATHs have in common, as they are now.
    ///
    /// # Errors
    /// When a PATH or the environment that was asked for is not there.
    pub fn new(options: &'a ReadOptions<'a>, cache: &'a Cache) -> Result<Self, TreeError> {
        let (root, asked) = discover::root_of(&options.paths)?;
        let (environment, target) = environment_and_target(options, &root)?;
        Ok(Self {
            root,
            asked,
            options,
            cache,
            environment,
            target,
            sources: FxHashMap::default(),
            facts: FxHashMap::default(),
            manifests: FxHashMap::default(),
        })
    }

    /// The folder that paths are relative to.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether a path is of consequence: a source that would be read, or what decides how others are.
    pub fn takes(&mut self, path: &Arc<str>) -> bool {
        let is_asked_for = self.asked.iter().any(|asked| {
            asked.is_empty()
                || path
                    .strip_prefix(asked.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if !is_asked_for {
            return false;
        }
        if is_manifest(path) || discover::is_project_file(Path::new(&**path)) {
            return true;
        }
        if let Some(known) = self.sources.get(path) {
            return known.is_some();
        }
        let source = discover::listed(&self.root, path, self.options.roles);
        let is_taken = source.is_some();
        self.sources.insert(path.clone(), source);
        is_taken
    }

    /// What of these trees was not read yet, sorted: what the cache knows is taken from there first.
    pub fn unread<'l>(&mut self, listings: impl Iterator<Item = &'l Listing>) -> Vec<Unread> {
        let mut wanted: FxHashSet<Unread> = FxHashSet::default();
        for listing in listings {
            for (path, blob) in listing {
                let source = self.sources.get(path).and_then(Option::as_ref);
                if let Some(source) = source {
                    if !self.facts.contains_key(&(blob.clone(), source.language)) {
                        let language = Some(source.language);
                        wanted.insert(Unread { blob: blob.clone(), language });
                    }
                } else if is_manifest(path) && !self.manifests.contains_key(blob) {
                    wanted.insert(Unread { blob: blob.clone(), language: None });
                }
            }
        }
        let mut wanted: Vec<Unread> = wanted.into_iter().collect();
        wanted.sort();
        let (cache, target) = (self.cache, self.target);
        let remembered: Vec<(Unread, Option<FileFacts>)> = wanted
            .into_par_iter()
            .map(|unread| {
                let key = unread.language.and_then(|language| key_of(&unread.blob, language, target, cache));
                let facts = key
                    .and_then(|key| cache.get(key))
                    .and_then(|bytes| Some(Stored::from_bytes(&bytes)?.facts));
                (unread, facts)
            })
            .collect();
        let mut left = Vec::new();
        for (unread, facts) in remembered {
            match (facts, unread.language) {
                (Some(facts), Some(language)) => {
                    self.facts.insert((unread.blob, language), Arc::new(facts));
                }
                (_, _) => left.push(unread),
            }
        }
        left
    }

    /// Reads blobs. What is no text has no facts but its error.
    pub fn read(&mut self, blobs: Vec<(Unread, Vec<u8>)>) {
        let (cache, target) = (self.cache, self.target);
        let (sources, manifests): (Vec<_>, Vec<_>) =
            blobs.into_iter().partition(|(unread, _)| unread.language.is_some());
        let read: Vec<((Blob, Language), Arc<FileFacts>)> = sources
            .into_par_iter()
            .filter_map(|(unread, bytes)| {
                let language = unread.language?;
                let facts = match decode(&bytes, language.is_python()) {
                    Ok(text) => {
                        let key = key_of(&unread.blob, language, target, cache);
                        facts_of(&text, key, language, target, cache).facts
                    }
                    Err(_) => FileFacts::unread(Vec::new()),
                };
                Some(((unread.blob, language), Arc::new(facts)))
            })
            .collect();
        self.facts.extend(read);
        self.manifests.extend(manifests.into_iter().map(|(unread, bytes)| (unread.blob, bytes)));
    }

    /// Lets go of what this tree does not have.
    pub fn keep_only(&mut self, listing: &Listing) {
        let kept: FxHashSet<&Blob> = listing.values().collect();
        self.facts.retain(|(blob, _), _| kept.contains(blob));
        self.manifests.retain(|blob, _| kept.contains(blob));
    }

    /// Links a tree whose blobs were read.
    #[must_use]
    pub fn link(&self, listing: &Listing) -> Index {
        let files = listing.iter().filter_map(|(path, blob)| {
            let source = self.sources.get(path)?.as_ref()?;
            let facts = self.facts.get(&(blob.clone(), source.language))?.clone();
            Some(LinkFile {
                display: source.display.clone(),
                language: source.language,
                role: source.role,
                has_compiled_twin: false,
                facts,
            })
        });
        let files: Vec<LinkFile> = files.collect();
        let projects = listing.keys().filter(|path| discover::is_project_file(Path::new(&***path)));
        let mut projects: Vec<PathBuf> =
            projects.filter_map(|path| Some(Path::new(&**path).parent()?.to_path_buf())).collect();
        projects.sort();
        projects.dedup();
        let has_rust = files.iter().any(|file| file.language == Language::Rust);
        let crates = if has_rust { self.crates(listing) } else { Vec::new() };
        let ground = Ground {
            projects,
            above: packages_above(&self.root),
            python_minor: self.target.python_minor,
            crates,
        };
        match &self.environment {
            Some(environment) => {
                let (target, cache) = (self.target, self.cache);
                link::link(files, &ground, &Reader { environment, target, cache, witness: Mutex::default() })
            }
            None => link::link(files, &ground, &NoEnvironment),
        }
    }

    fn crates(&self, listing: &Listing) -> Vec<CrateTarget> {
        let paths: Vec<&str> = listing.keys().map(|path| &**path).collect();
        cargo::listed_targets(&paths, &|path| self.manifests.get(listing.get(path)?).cloned())
    }
}

fn is_manifest(path: &str) -> bool {
    path == "Cargo.toml" || path.ends_with("/Cargo.toml")
}

/// What the facts of a blob go by; none without a cache.
fn key_of(blob: &str, language: Language, target: Target, cache: &Cache) -> Option<Key> {
    cache.is_on().then(|| {
        let about = format!("{BUILD} {language:?} {target:?}");
        Key::of("facts of a blob", [about.as_bytes(), blob.as_bytes()])
    })
}
