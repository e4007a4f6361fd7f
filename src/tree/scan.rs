//! What a tree holds, file by file, before it is linked: facts, or the key under which the cache has them.

use std::cmp::Reverse;
use std::io::Read;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::outside::{self, Reader, Witness};
use super::stamp::Stamps;
use super::{EnvironmentChoice, ReadOptions, Times, Tree, TreeError};
use crate::cache::{BUILD, Cache, Key};
use crate::discover::environment::Environment;
use crate::discover::{self, Discovery, MAX_FILE_BYTES, Skipped};
use crate::facts::stored::Stored;
use crate::lang::{self, Target};
use crate::link::library::{NEWEST, OLDEST};
use crate::link::{self, Ground, LinkFile, NoEnvironment};
use crate::source::{AT_A_TIME, Document, Language, Overlay, Source};
use crate::text::decode;

/// A tree that was read and is not linked yet.
pub struct Scan<'a> {
    options: &'a ReadOptions<'a>,
    cache: &'a Cache,
    found: Discovery,
    files: Vec<Scanned>,
    skipped: Vec<Skipped>,
    environment: Option<Environment>,
    target: Target,
    times: Times,
}

/// A source file.
struct Scanned {
    source: Source,
    /// Bytes on disk.
    size: u64,
    /// What its facts go by; none without a cache.
    key: Option<Key>,
    /// Its facts, where the cache does not have them.
    stored: Option<Stored>,
}

/// A source file that was looked at from outside.
enum Looked {
    /// Its facts are in the cache.
    Known(Scanned),
    /// It has to be read.
    Unread(Unread),
}

/// A source file to read.
struct Unread {
    source: Source,
    /// In bytes; none where the file cannot be looked at.
    size: Option<u64>,
    /// What it goes by from now on.
    stamp: Option<Key>,
}

/// A file with its facts.
struct Ready {
    file: LinkFile,
    size: u64,
    /// What its doc comments say.
    comments: Option<String>,
}

/// Files with more text than this are read before the others.
const LARGE_FILE_BYTES: u64 = 256 * 1024;

/// Reads a tree as far as the cache does not know it, for [`Scan::link`] to link.
///
/// # Errors
/// When a PATH or the environment that was asked for is not there.
pub fn scan<'a>(options: &'a ReadOptions<'_>, cache: &'a Cache) -> Result<Scan<'a>, TreeError> {
    let start = Instant::now();
    let found = discover::sources(&walk_of(options))?;
    let (environment, target) = environment_and_target(options, &found.root)?;
    let times = Times { discovery: start.elapsed(), ..Times::default() };
    let scan =
        Scan { options, cache, found, files: Vec::new(), skipped: Vec::new(), environment, target, times };
    Ok(scan.read_files(&Overlay::default(), &FxHashMap::default()))
}

impl Scan<'_> {
    /// Reads the files that discovery found; what is `known` by path, or looks as it did, is not read again.
    fn read_files(mut self, overlay: &Overlay, known: &FxHashMap<&str, (Key, u64)>) -> Self {
        let start = Instant::now();
        let sources = std::mem::take(&mut self.found.sources);
        let stamps = Stamps::new(self.target);
        let look = |source| self.look_at(source, overlay, known, stamps);
        let looked: Vec<Looked> = sources.into_par_iter().map(look).collect();
        let mut read: Vec<(usize, Result<Scanned, Skipped>)> = Vec::with_capacity(looked.len());
        let mut queue: Vec<(usize, Unread)> = Vec::new();
        for (position, looked) in looked.into_iter().enumerate() {
            match looked {
                Looked::Known(scanned) => read.push((position, Ok(scanned))),
                Looked::Unread(unread) => queue.push((position, unread)),
            }
        }
        // The tree of a large file takes most room and time. These come first: while there is little else, and while
        // other threads have enough to do. From there on each thread takes the next file when it is done with one.
        queue.sort_by_key(|(_, unread)| Reverse(unread.size.filter(|size| *size > LARGE_FILE_BYTES)));
        let each = queue.into_iter().par_bridge();
        read.par_extend(each.map(|(position, unread)| (position, self.read_one(unread, overlay))));
        self.skipped = self.found.skipped.clone();
        for outcome in in_order(read) {
            match outcome {
                Ok(file) => self.files.push(file),
                Err(reason) => self.skipped.push(reason),
            }
        }
        self.times.facts = start.elapsed();
        self
    }

    /// Looks at a file from outside.
    fn look_at(
        &self,
        source: Source,
        overlay: &Overlay,
        known: &FxHashMap<&str, (Key, u64)>,
        stamps: Stamps,
    ) -> Looked {
        if let Some(bytes) = overlay.content(&source.path) {
            return Looked::Unread(Unread { source, size: Some(bytes.len() as u64), stamp: None });
        }
        if let Some((key, size)) = known.get(source.display.as_str()) {
            return Looked::Known(Scanned { source, size: *size, key: Some(*key), stored: None });
        }
        let Ok(found) = std::fs::metadata(&source.path) else {
            return Looked::Unread(Unread { source, size: None, stamp: None });
        };
        let size = found.len();
        let is_on = self.cache.is_on();
        let stamp = is_on.then(|| stamps.of(&source.path, source.language, &found)).flatten();
        match stamp.and_then(|stamp| self.cache.get_key(stamp)).filter(|key| self.cache.has(*key)) {
            Some(key) => Looked::Known(Scanned { source, size, key: Some(key), stored: None }),
            None => Looked::Unread(Unread { source, size: Some(size), stamp }),
        }
    }

    fn read_one(&self, unread: Unread, overlay: &Overlay) -> Result<Scanned, Skipped> {
        let Unread { source, stamp, .. } = unread;
        let (target, cache) = (self.target, self.cache);
        if let Some(bytes) = overlay.content(&source.path) {
            // What lies on disk is no second chance for these.
            return scanned(source, bytes, target, cache, Known::Not);
        }
        let bytes = match read_bytes(&source) {
            Ok(bytes) => bytes,
            Err(reason) => return Err(Skipped { path: source.display, reason }),
        };
        let read = scanned(source, &bytes, target, cache, Known::Perhaps)?;
        if let (Some(stamp), Some(key)) = (stamp, read.key) {
            cache.put_key(stamp, key);
        }
        Ok(read)
    }

    /// The folder that shown paths are relative to.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.found.root
    }

    /// Whether a file of this name would be read, or decides how others are.
    #[must_use]
    pub fn would_read(&self, path: &Path) -> bool {
        path.starts_with(&self.found.root) && discover::is_of_consequence(path)
    }

    /// The files that were read, by shown path.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.source.display.as_str())
    }

    /// A digest of all that an answer about the tree depends on, the environment apart; see [`Scan::holds`].
    /// None without a cache.
    #[must_use]
    pub fn digest(&self) -> Option<Key> {
        let mut parts: Vec<Vec<u8>> = vec![BUILD.as_bytes().to_vec()];
        for Scanned { source, key, .. } in &self.files {
            let about = (source.language, source.role, source.has_compiled_twin);
            parts.push(source.display.clone().into_bytes());
            parts.push(format!("{about:?}").into_bytes());
            parts.push((*key)?.0.to_vec());
        }
        for skipped in &self.skipped {
            parts.push(format!("{skipped:?}").into_bytes());
        }
        let ground = (&self.found.projects, &self.found.crates, packages_above(&self.found.root));
        let around = (self.target, self.environment.is_some());
        parts.push(format!("{ground:?} {around:?}").into_bytes());
        Some(Key::of("tree", parts.iter().map(Vec::as_slice)))
    }

    /// Whether the environment still answers what it answered when something was worked out.
    #[must_use]
    pub fn holds(&self, witness: &Witness) -> bool {
        outside::holds(witness, self.environment.as_ref())
    }

    /// The same tree with other contents for some files. Files that are the same are not read again.
    #[must_use]
    pub fn under(&self, overlay: &Overlay) -> Self {
        let sources = self.files.iter().map(|file| file.source.clone()).collect();
        let found = discover::under(&self.found, sources, overlay, &walk_of(self.options));
        let known: FxHashMap<&str, (Key, u64)> = self
            .files
            .iter()
            .filter_map(|file| Some((file.source.display.as_str(), (file.key?, file.size))))
            .collect();
        let other = Self {
            options: self.options,
            cache: self.cache,
            found,
            files: Vec::new(),
            skipped: Vec::new(),
            environment: self.environment.clone(),
            target: self.target,
            times: self.times,
        };
        other.read_files(overlay, &known)
    }

    /// Links what was read.
    #[must_use]
    pub fn link(mut self) -> Tree {
        let start = Instant::now();
        let (target, cache) = (self.target, self.cache);
        let files = std::mem::take(&mut self.files);
        let read: Vec<Result<Ready, Skipped>> = files
            .into_par_iter()
            .with_max_len(AT_A_TIME)
            .map(|file| {
                let Scanned { source, size, key, stored } = file;
                let remembered = || cache.get(key?, Stored::from_bytes);
                let stored = match stored.or_else(remembered) {
                    Some(stored) => stored,
                    // The entry is damaged: the file itself is still there.
                    None => read_again(&source, target)?,
                };
                let Source { display, language, role, has_compiled_twin, .. } = source;
                let Stored { facts, comments } = stored;
                Ok(Ready {
                    file: LinkFile { display, language, role, has_compiled_twin, facts },
                    size,
                    comments,
                })
            })
            .collect();
        let mut files = Vec::with_capacity(read.len());
        let mut bytes = 0;
        let mut spoken: Vec<(String, String)> = Vec::new();
        let mut skipped = std::mem::take(&mut self.skipped);
        for outcome in read {
            match outcome {
                Ok(Ready { file, size, comments }) => {
                    bytes += size;
                    spoken.extend(comments.map(|text| (file.display.clone(), text)));
                    files.push(file);
                }
                Err(reason) => skipped.push(reason),
            }
        }
        let mut documents = Vec::new();
        if self.options.reads_prose {
            let read = read_documents(std::mem::take(&mut self.found.documents));
            let (texts, unread): (Vec<_>, Vec<_>) = read.into_iter().partition(Result::is_ok);
            skipped.extend(unread.into_iter().filter_map(Result::err));
            documents.extend(texts.into_iter().filter_map(Result::ok));
        }
        let prose_files = documents.len();
        documents.extend(spoken);
        skipped.sort();
        self.times.facts += start.elapsed();

        let start = Instant::now();
        let Discovery { root, projects, crates, .. } = self.found;
        let ground =
            Ground { projects, above: packages_above(&root), python_minor: target.python_minor, crates };
        let mut witness = Witness::default();
        let index = match &self.environment {
            Some(environment) => {
                let reader = Reader { environment, target, cache, witness: Mutex::default() };
                let index = link::link(files, &ground, &reader, self.options.uses);
                witness = reader.witness.into_inner().unwrap_or_default();
                index
            }
            None => link::link(files, &ground, &NoEnvironment, self.options.uses),
        };
        self.times.linking = start.elapsed();
        Tree {
            index,
            root,
            documents,
            prose_files,
            skipped,
            environment: self.environment,
            target,
            bytes,
            witness,
            times: self.times,
        }
    }
}

/// Where third-party packages are looked for, and what conditions are evaluated for.
pub(super) fn environment_and_target(
    options: &ReadOptions<'_>,
    root: &Path,
) -> Result<(Option<Environment>, Target), TreeError> {
    let environment = match &options.environment {
        EnvironmentChoice::At(path) => Some(Environment::at(path)?),
        EnvironmentChoice::Detect(active) => Environment::detect(root, active.as_deref()),
        EnvironmentChoice::None => None,
    };
    let detected = environment.as_ref().and_then(|environment| environment.python_minor);
    let target = Target {
        python_minor: options.python_minor.or(detected).unwrap_or(NEWEST).max(OLDEST),
        platform: options.platform,
    };
    Ok((environment, target))
}

pub(super) fn walk_of<'a>(options: &ReadOptions<'a>) -> discover::Options<'a> {
    discover::Options {
        paths: options.paths.clone(),
        respects_ignore: options.respects_ignore,
        roles: options.roles,
    }
}

fn read_documents(documents: Vec<Document>) -> Vec<Result<(String, String), Skipped>> {
    let read = documents.into_par_iter().map(|document| {
        let bytes = std::fs::read(&document.path)
            .map_err(|error| Skipped { path: document.display.clone(), reason: error.to_string() })?;
        Ok((document.display, String::from_utf8_lossy(&bytes).into_owned()))
    });
    read.collect()
}

/// What stands at the positions from 0 on, in their order.
fn in_order<T>(items: Vec<(usize, T)>) -> impl Iterator<Item = T> {
    let mut seats: Vec<Option<T>> = std::iter::repeat_with(|| None).take(items.len()).collect();
    for (position, item) in items {
        seats[position] = Some(item);
    }
    seats.into_iter().flatten()
}

fn read_bytes(source: &Source) -> Result<Vec<u8>, String> {
    let mut file = std::fs::File::open(&source.path).map_err(|error| error.to_string())?;
    let size = file.metadata().map_err(|error| error.to_string())?.len();
    if size > MAX_FILE_BYTES {
        return Err(format!("larger than {} MB", MAX_FILE_BYTES >> 20));
    }
    let mut bytes = Vec::with_capacity(size as usize + 1);
    file.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn read_again(source: &Source, target: Target) -> Result<Stored, Skipped> {
    let skip = |reason: String| Skipped { path: source.display.clone(), reason };
    let bytes = read_bytes(source).map_err(skip)?;
    let text = decode(&bytes, source.language.is_python()).map_err(|error| skip(error.to_string()))?;
    Ok(parsed(&text, source.language, target))
}

/// Whether the cache may be trusted to have the facts of a file without looking.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Perhaps,
    Not,
}

fn scanned(
    source: Source,
    bytes: &[u8],
    target: Target,
    cache: &Cache,
    known: Known,
) -> Result<Scanned, Skipped> {
    let size = bytes.len() as u64;
    let key = key_of(bytes, source.language, target, cache);
    if known == Known::Perhaps && key.is_some_and(|key| cache.has(key)) {
        return Ok(Scanned { source, size, key, stored: None });
    }
    match decode(bytes, source.language.is_python()) {
        Ok(text) => {
            let stored = facts_of(&text, key, source.language, target, cache);
            Ok(Scanned { source, size, key, stored: Some(stored) })
        }
        Err(error) => Err(Skipped { path: source.display, reason: error.to_string() }),
    }
}

/// What the facts of a file go by; none without a cache.
pub(super) fn key_of(bytes: &[u8], language: Language, target: Target, cache: &Cache) -> Option<Key> {
    cache.is_on().then(|| {
        let about = format!("{BUILD} {language:?} {target:?}");
        Key::of("facts", [about.as_bytes(), bytes])
    })
}

fn parsed(text: &str, language: Language, target: Target) -> Stored {
    let facts = lang::facts(text, language, target).into();
    Stored { facts, comments: lang::documentation(text, language) }
}

/// The facts of a text: remembered, or read and remembered.
pub(super) fn facts_of(
    text: &str,
    key: Option<Key>,
    language: Language,
    target: Target,
    cache: &Cache,
) -> Stored {
    let Some(key) = key else { return parsed(text, language, target) };
    if let Some(stored) = cache.get(key, Stored::from_bytes) {
        return stored;
    }
    let stored = parsed(text, language, target);
    if let Some(bytes) = stored.to_bytes() {
        cache.put(key, &bytes);
    }
    stored
}

/// Names of the packages that the root of the scan lies in: `site-packages/flask` is `flask`, and
/// `site-packages/google/cloud/storage` is `google.cloud.storage`.
pub(super) fn packages_above(root: &Path) -> Vec<String> {
    let installed = root.ancestors().skip(1).find(|up| is_packages_folder(up));
    let outermost = installed.or_else(|| {
        let is_package =
            |folder: &&Path| folder.join("__init__.py").is_file() || folder.join("__init__.pyi").is_file();
        root.ancestors().take_while(is_package).last().and_then(Path::parent)
    });
    let below = outermost.and_then(|outermost| root.strip_prefix(outermost).ok());
    let parts = below.into_iter().flat_map(Path::components);
    parts.filter_map(|part| part.as_os_str().to_str().map(str::to_owned)).collect()
}

/// Whether installed packages lie in a folder.
pub(super) fn is_packages_folder(folder: &Path) -> bool {
    folder.file_name().is_some_and(|name| name == "site-packages" || name == "dist-packages")
}

#[cfg(test)]
mod tests {
    use super::in_order;

    #[test]
    fn what_was_read_first_stands_where_it_belongs() {
        let items = vec![(3, "d"), (0, "a"), (2, "c"), (1, "b")];
        assert_eq!(in_order(items).collect::<Vec<_>>(), ["a", "b", "c", "d"]);
        assert_eq!(in_order::<&str>(Vec::new()).count(), 0);
    }
}
