//! Trees that are no folder on disk: lists of files by their blobs, as git keeps each commit. Facts are kept by blob, so that
//! a file is read once for all commits that have it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::outside::Reader;
use super::scan::{environment_and_target, facts_of, is_packages_folder, packages_above, walk_of};
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

/// Files by path from the top of the repository, with `/`.
pub type Listing = BTreeMap<Arc<str>, Blob>;

/// Trees of one folder over time.
pub struct Revisions<'a> {
    root: PathBuf,
    /// The root from the top of the repository: empty, or with a `/` at its end.
    prefix: String,
    /// PATHs that were asked for, from the root; all of it where one is empty.
    asked: Vec<String>,
    options: &'a ReadOptions<'a>,
    cache: &'a Cache,
    environment: Option<Environment>,
    target: Target,
    /// What each path is; none where the walk would leave it out.
    sources: FxHashMap<Arc<str>, Option<Source>>,
    /// None of what is no text, which the walk would not read.
    facts: FxHashMap<(Blob, Language), Option<Arc<FileFacts>>>,
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
            prefix: String::new(),
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

    /// Says where the root lies in its repository.
    pub fn lie_below(&mut self, prefix: String) {
        self.prefix = prefix;
    }

    /// Whether a path is of consequence: a source that would be read, or what decides how others are.
    pub fn takes(&mut self, whole: &Arc<str>) -> bool {
        let name = whole.rsplit('/').next().unwrap_or(whole);
        let Some(path) = whole.strip_prefix(self.prefix.as_str()) else {
            // What lies above the root says how what is below is called.
            let is_above = whole.strip_suffix(name).is_some_and(|folder| self.prefix.starts_with(folder));
            return is_above && (is_package_file(name) || name == MANIFEST);
        };
        let is_asked_for = self.asked.iter().any(|asked| {
            asked.is_empty()
                || path
                    .strip_prefix(asked.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if !is_asked_for {
            return false;
        }
        if name == MANIFEST || discover::is_marker(name) || discover::is_project_file(Path::new(name)) {
            return true;
        }
        if let Some(known) = self.sources.get(whole) {
            return known.is_some();
        }
        let source = discover::listed(&self.root, path, &walk_of(self.options));
        let is_taken = source.is_some();
        self.sources.insert(whole.clone(), source);
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
        let remembered: Vec<(Unread, Option<Arc<FileFacts>>)> = wanted
            .into_par_iter()
            .map(|unread| {
                let key = unread.language.and_then(|language| key_of(&unread.blob, language, target, cache));
                let facts = key.and_then(|key| cache.get(key, Stored::from_bytes)).map(|stored| stored.facts);
                (unread, facts)
            })
            .collect();
        let mut left = Vec::new();
        for (unread, facts) in remembered {
            match (facts, unread.language) {
                (Some(facts), Some(language)) => {
                    self.facts.insert((unread.blob, language), Some(facts));
                }
                (_, _) => left.push(unread),
            }
        }
        left
    }

    /// Reads blobs.
    pub fn read(&mut self, blobs: Vec<(Unread, Vec<u8>)>) {
        let (cache, target) = (self.cache, self.target);
        let (sources, manifests): (Vec<_>, Vec<_>) =
            blobs.into_iter().partition(|(unread, _)| unread.language.is_some());
        let read: Vec<_> = sources
            .into_par_iter()
            .with_max_len(1)
            .filter_map(|(unread, bytes)| {
                let language = unread.language?;
                let is_small = bytes.len() as u64 <= discover::MAX_FILE_BYTES;
                let text = decode(&bytes, language.is_python()).ok().filter(|_| is_small);
                let facts = text.map(|text| {
                    let key = key_of(&unread.blob, language, target, cache);
                    facts_of(&text, key, language, target, cache).facts
                });
                Some(((unread.blob, language), facts))
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

    /// Links a tree whose blobs were read; `before` is another one that has most of them too.
    #[must_use]
    pub fn link(&self, listing: &Listing, before: Option<&Index>) -> Index {
        let left_out = self.left_out(listing);
        let is_left_out = |path: &str| left_out.iter().any(|folder| path.starts_with(folder));
        let files = listing.iter().filter_map(|(path, blob)| {
            let source = self.sources.get(path)?.as_ref().filter(|_| !is_left_out(path))?;
            let facts = self.facts.get(&(blob.clone(), source.language))?.clone()?;
            Some(LinkFile {
                display: source.display.clone(),
                language: source.language,
                role: source.role,
                has_compiled_twin: false,
                facts,
            })
        });
        let files: Vec<LinkFile> = files.collect();
        let inside = listing.keys().filter_map(|path| path.strip_prefix(self.prefix.as_str()));
        let projects = inside.map(Path::new).filter(|path| discover::is_project_file(path));
        let mut projects: Vec<PathBuf> =
            projects.filter_map(|path| Some(path.parent()?.to_path_buf())).collect();
        projects.sort();
        projects.dedup();
        let has_rust = files.iter().any(|file| file.language == Language::Rust);
        let crates = if has_rust { self.crates(listing) } else { Vec::new() };
        let ground = Ground {
            projects,
            above: self.packages_above(listing),
            python_minor: self.target.python_minor,
            crates,
        };
        match &self.environment {
            Some(environment) => {
                let (target, cache) = (self.target, self.cache);
                let reader = Reader { environment, target, cache, witness: Mutex::default() };
                link::link_after(before, files, &ground, &reader)
            }
            None => link::link_after(before, files, &ground, &NoEnvironment),
        }
    }

    fn crates(&self, listing: &Listing) -> Vec<CrateTarget> {
        let paths: Vec<&str> = listing.keys().map(|path| &**path).collect();
        cargo::listed_targets(&paths, &self.prefix, &|path| self.manifests.get(listing.get(path)?).cloned())
    }

    /// Folders that hold no code of the project by what lies in them, each with a `/` at its end.
    fn left_out(&self, listing: &Listing) -> Vec<String> {
        if !self.options.respects_ignore {
            return Vec::new();
        }
        let markers = listing.keys().filter_map(|path| {
            let (folder, name) = path.rsplit_once('/')?;
            let folder = format!("{folder}/");
            // The folder that was asked for is entered whatever it holds.
            (discover::is_marker(name) && folder.len() > self.prefix.len()).then_some(folder)
        });
        markers.collect()
    }

    /// Names of the packages that the root lies in, as the commit has them.
    fn packages_above(&self, listing: &Listing) -> Vec<String> {
        if self.root.ancestors().skip(1).any(is_packages_folder) {
            return packages_above(&self.root);
        }
        let is_package = |folder: &str| {
            PACKAGE_FILES.iter().any(|name| listing.contains_key(format!("{folder}{name}").as_str()))
        };
        let mut depth = 0;
        let mut folder = self.prefix.as_str();
        while is_package(folder) {
            depth += 1;
            let Some(inner) = folder.strip_suffix('/') else { break };
            folder = inner.rfind('/').map_or("", |at| &inner[..=at]);
        }
        let parts: Vec<String> =
            self.root.components().filter_map(|part| part.as_os_str().to_str().map(str::to_owned)).collect();
        parts[parts.len().saturating_sub(depth)..].to_vec()
    }
}

/// What describes a Rust package or workspace.
const MANIFEST: &str = "Cargo.toml";

/// What makes a folder a package of Python.
const PACKAGE_FILES: [&str; 2] = ["__init__.py", "__init__.pyi"];

fn is_package_file(name: &str) -> bool {
    PACKAGE_FILES.contains(&name)
}

fn is_manifest(path: &str) -> bool {
    path.rsplit('/').next() == Some(MANIFEST)
}

/// What the facts of a blob go by; none without a cache.
fn key_of(blob: &str, language: Language, target: Target, cache: &Cache) -> Option<Key> {
    cache.is_on().then(|| {
        let about = format!("{BUILD} {language:?} {target:?}");
        Key::of("facts of a blob", [about.as_bytes(), blob.as_bytes()])
    })
}
