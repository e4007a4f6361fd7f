//! The walk: PATHs → source files and documents, each with its role.
//!
//! With the environment (below), the only part of an analysis that touches the file system.

pub mod cargo;
pub mod environment;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::source::{CrateTarget, Document, Language, Overlay, RoleTable, Source};

/// Sources above this size are reported and not read, in bytes.
pub const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// What to walk and how.
#[derive(Debug)]
pub struct Options<'a> {
    /// Files and folders to scan.
    pub paths: Vec<PathBuf>,
    /// Whether `.gitignore`, `.ignore` and hidden-file rules count.
    pub respects_ignore: bool,
    /// Roles by path.
    pub roles: &'a RoleTable,
}

/// What the walk found.
#[derive(Debug)]
pub struct Discovery {
    /// Folder that every shown path is relative to.
    pub root: PathBuf,
    /// Source files, sorted by shown path.
    pub sources: Vec<Source>,
    /// Markdown and reStructuredText, sorted by shown path.
    pub documents: Vec<Document>,
    /// What was met and not read.
    pub skipped: Vec<Skipped>,
    /// Folders with a project file (`pyproject.toml`, `setup.py`, `setup.cfg`), relative to the root.
    pub projects: Vec<PathBuf>,
    /// What the Rust packages of the tree compile, libraries first.
    pub crates: Vec<CrateTarget>,
}

/// Something that was met and not read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Shown path.
    pub path: String,
    /// Why, in words.
    pub reason: String,
}

/// A PATH that cannot be scanned.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// Nothing is there.
    #[error("no such file or folder: {}", .0.display())]
    NotFound(PathBuf),
    /// It is there, but cannot be looked at.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The PATH.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file that no front end reads.
    #[error("{} is not a source file: expected a folder, or a .py, .pyi or .rs file", .0.display())]
    NotSource(PathBuf),
}

/// Walks `options.paths`.
///
/// # Errors
/// Only for a PATH that was asked for; what fails below one is reported in [`Discovery::skipped`].
pub fn sources(options: &Options<'_>) -> Result<Discovery, DiscoverError> {
    let outer = outermost(&options.paths)?;
    let root = common_folder(&outer);
    let look = Look { root: &root, roles: options.roles };
    let mut met = Vec::new();
    for path in &outer {
        if path.is_dir() {
            std::fs::read_dir(path)
                .map_err(|source| DiscoverError::Unreadable { path: path.clone(), source })?;
        }
        if options.respects_ignore {
            look.respecting_ignore(path, &mut met);
        } else {
            look.everything(path, &mut met);
        }
    }
    Ok(gather(met, root))
}

/// The folder that all PATHs have in common, and each PATH from there, with `/`; it is empty for the folder itself.
///
/// # Errors
/// For a PATH that is not there.
pub fn root_of(paths: &[PathBuf]) -> Result<(PathBuf, Vec<String>), DiscoverError> {
    let outer = outermost(paths)?;
    let root = common_folder(&outer);
    let below = outer.iter().map(|path| display_path(path.strip_prefix(&root).unwrap_or(path)));
    let below = below.collect();
    Ok((root, below))
}

/// The real PATHs, without those within others, which would be read twice.
fn outermost(wanted: &[PathBuf]) -> Result<Vec<PathBuf>, DiscoverError> {
    let mut paths = Vec::with_capacity(wanted.len());
    for path in wanted {
        let canonical = path.canonicalize().map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => DiscoverError::NotFound(path.clone()),
            _ => DiscoverError::Unreadable { path: path.clone(), source },
        })?;
        if canonical.is_file() && language_of(&canonical).is_none() {
            return Err(DiscoverError::NotSource(path.clone()));
        }
        paths.push(canonical);
    }
    paths.sort();
    paths.dedup();
    let is_outer = |path: &&PathBuf| !paths.iter().any(|other| other != *path && path.starts_with(other));
    Ok(paths.iter().filter(is_outer).cloned().collect())
}

/// What the walk would have found under an overlay, from what it found without. `sources` are those that were found.
///
/// Manifests of Rust packages and compiled modules are taken as they are now.
#[must_use]
pub fn under(found: &Discovery, sources: Vec<Source>, overlay: &Overlay, options: &Options<'_>) -> Discovery {
    let root = &found.root;
    let mut sources = sources;
    sources.retain(|source| !overlay.is_absent(&source.path));
    let look = Look { root, roles: options.roles };
    let mut projects: BTreeSet<PathBuf> = found.projects.iter().cloned().collect();
    for (path, content) in &overlay.files {
        let Ok(relative) = path.strip_prefix(root) else { continue };
        if is_project_file(path)
            && let Some(folder) = relative.parent()
        {
            let is_left = |name: &str| {
                let file = root.join(folder).join(name);
                overlay.content(&file).is_some() || file.is_file() && !overlay.is_absent(&file)
            };
            if PROJECT_FILES.iter().any(|name| is_left(name)) {
                projects.insert(folder.to_path_buf());
            } else {
                projects.remove(folder);
            }
        }
        let is_known = || sources.iter().any(|source| source.path == *path);
        let is_walked = !options.respects_ignore || !relative.components().any(is_left_out_by_name);
        let is_asked_for =
            options.paths.iter().any(|asked| asked.canonicalize().is_ok_and(|asked| path.starts_with(asked)));
        if content.is_some()
            && is_walked
            && is_asked_for
            && !is_known()
            && let Some(Met::Source(source)) = look.take(path)
        {
            sources.push(source);
        }
    }
    sources.sort_by(|a, b| a.display.cmp(&b.display));
    Discovery {
        root: root.clone(),
        sources,
        documents: found.documents.clone(),
        skipped: found.skipped.clone(),
        projects: projects.into_iter().collect(),
        crates: found.crates.clone(),
    }
}

/// Whether a file of this name is a source, or makes its folder a project.
#[must_use]
pub fn is_of_consequence(path: &Path) -> bool {
    language_of(path).is_some() || is_project_file(path)
}

/// A source file of a folder that is only a list of files, as git keeps it; none where the walk would not read it.
#[must_use]
pub fn listed(root: &Path, relative: &str, options: &Options<'_>) -> Option<Source> {
    let is_left_out = Path::new(relative).components().any(is_left_out_by_name);
    if options.respects_ignore && is_left_out {
        return None;
    }
    match (Look { root, roles: options.roles }).take(&root.join(relative))? {
        Met::Source(source) => Some(source),
        Met::Document(_) | Met::Skipped(_) | Met::Project(_) | Met::Manifest(_) => None,
    }
}

/// Whether a file tells that its folder holds no code of the project: a virtual environment, or what a build tool wrote.
#[must_use]
pub fn is_marker(name: &str) -> bool {
    MARKERS.contains(&name)
}

/// Hidden files and folders, and those that hold no code of the project.
fn is_left_out_by_name(part: Component<'_>) -> bool {
    let name = part.as_os_str().to_str().unwrap_or("");
    name.starts_with('.') || LEFT_OUT.contains(&name)
}

/// Files that make a folder a project.
const PROJECT_FILES: [&str; 3] = ["pyproject.toml", "setup.py", "setup.cfg"];

/// Folders that hold no code of the project.
const LEFT_OUT: [&str; 2] = ["__pycache__", "node_modules"];

/// Whether a file makes its folder a project.
#[must_use]
pub fn is_project_file(path: &Path) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| PROJECT_FILES.contains(&name))
}

/// Something that the walk came upon.
enum Met {
    Source(Source),
    Document(Document),
    Skipped(Skipped),
    /// A folder with a project file.
    Project(PathBuf),
    /// A `Cargo.toml`.
    Manifest(PathBuf),
}

/// What threads met, in one order.
fn gather(met: Vec<Met>, root: PathBuf) -> Discovery {
    let (mut sources, mut documents) = (Vec::new(), BTreeMap::new());
    let (mut skipped, mut projects, mut manifests) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for met in met {
        match met {
            Met::Source(source) => sources.push(source),
            Met::Document(document) => drop(documents.insert(document.display.clone(), document)),
            Met::Skipped(skip) => drop(skipped.insert(skip)),
            Met::Project(folder) => drop(projects.insert(folder)),
            Met::Manifest(path) => drop(manifests.insert(path)),
        }
    }
    sources.par_sort_by(|a: &Source, b| a.display.cmp(&b.display));
    sources.dedup_by(|a, b| a.display == b.display);
    mark_compiled_twins(&mut sources);
    let has_rust = sources.iter().any(|source| source.language == Language::Rust);
    let manifests: Vec<PathBuf> = manifests.into_iter().filter(|_| has_rust).collect();
    let (crates, unread) = if has_rust { cargo::targets(&root, &manifests) } else { Default::default() };
    skipped.extend(unread);
    Discovery {
        crates,
        sources,
        documents: documents.into_values().collect(),
        skipped: skipped.into_iter().collect(),
        projects: projects.into_iter().collect(),
        root,
    }
}

/// Finds out which sources have `x.cpython-….so` beside `x.py`: the finder takes it first. Ignore
/// files do not count here, since build products are ignored as a rule.
fn mark_compiled_twins(sources: &mut [Source]) {
    // Compared as they are written: the parts of a path are found anew at each comparison.
    let mut folders: Vec<&OsStr> =
        sources.iter().filter_map(|source| source.path.parent()).map(Path::as_os_str).collect();
    folders.dedup();
    folders.par_sort_unstable();
    folders.dedup();
    let stems: FxHashMap<PathBuf, Vec<String>> = folders
        .into_par_iter()
        .map(|folder| (PathBuf::from(folder), compiled_stems(Path::new(folder))))
        .filter(|(_, stems)| !stems.is_empty())
        .collect();
    if stems.is_empty() {
        return;
    }
    for source in sources {
        let compiled = source.path.parent().and_then(|folder| stems.get(folder));
        let stem = source.path.file_stem().and_then(OsStr::to_str);
        source.has_compiled_twin = compiled
            .zip(stem)
            .is_some_and(|(compiled, stem)| compiled.iter().any(|compiled| compiled == stem));
    }
}

/// What tells a thread what it met.
struct Look<'a> {
    root: &'a Path,
    roles: &'a RoleTable,
}

impl Look<'_> {
    fn respecting_ignore(&self, path: &Path, met: &mut Vec<Met>) {
        let mut builder = ignore::WalkBuilder::new(path);
        // `.gitignore` counts in an unpacked archive too, where there is no `.git`.
        builder.require_git(false).follow_links(false).threads(rayon::current_num_threads());
        let start = path.to_path_buf();
        builder.filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            !is_folder || entry.path() == start || !is_left_out(entry.path())
        });
        let (sender, receiver) = mpsc::channel();
        builder.build_parallel().run(|| {
            let sender = sender.clone();
            Box::new(move |entry| {
                let mut here = Vec::new();
                self.visit_entry(entry, path, &mut here);
                for met in here {
                    // The receiver outlives the walk.
                    let _ = sender.send(met);
                }
                ignore::WalkState::Continue
            })
        });
        drop(sender);
        met.extend(receiver);
    }

    fn visit_entry(&self, entry: Result<ignore::DirEntry, ignore::Error>, start: &Path, met: &mut Vec<Met>) {
        match entry {
            Ok(entry) => {
                if let Some(error) = entry.error() {
                    met.push(self.skip(entry.path(), &error.to_string()));
                }
                if let Some(kind) = entry.file_type() {
                    self.visit(entry.path(), kind, met);
                }
            }
            Err(error) => {
                let (path, reason) = explain_walk_error(&error, start);
                met.push(self.skip(&path, &reason));
            }
        }
    }

    fn everything(&self, path: &Path, met: &mut Vec<Met>) {
        let start = path.to_path_buf();
        let walk = walkdir::WalkDir::new(path).follow_links(false).into_iter().filter_entry(|entry| {
            !entry.file_type().is_dir() || entry.path() == start || entry.file_name() != ".git"
        });
        for entry in walk {
            match entry {
                Ok(entry) => self.visit(entry.path(), entry.file_type(), met),
                Err(error) => {
                    let path = error.path().unwrap_or(path).to_path_buf();
                    let reason = error.io_error().map_or(error.to_string(), ToString::to_string);
                    met.push(self.skip(&path, &reason));
                }
            }
        }
    }

    fn visit(&self, path: &Path, kind: std::fs::FileType, met: &mut Vec<Met>) {
        if kind.is_symlink() {
            met.extend(self.visit_link(path));
            return;
        }
        if !kind.is_file() {
            return;
        }
        let name = path.file_name().and_then(OsStr::to_str);
        if is_project_file(path)
            && let Some(folder) = path.parent().and_then(|folder| folder.strip_prefix(self.root).ok())
        {
            met.push(Met::Project(folder.to_path_buf()));
        }
        if name == Some("Cargo.toml") {
            met.push(Met::Manifest(path.to_path_buf()));
        }
        met.extend(self.take(path));
    }

    /// A linked file is read under its own name if it lies elsewhere; a linked folder is not entered.
    fn visit_link(&self, path: &Path) -> Option<Met> {
        match path.metadata() {
            Ok(target) if target.is_dir() => Some(self.skip(path, "symbolic link to a folder: not followed")),
            Ok(target) if target.is_file() && is_of_interest(path) => {
                let is_inside = path.canonicalize().is_ok_and(|real| real.starts_with(self.root));
                if is_inside {
                    Some(self.skip(path, "symbolic link to a file of the tree: read once, there"))
                } else {
                    self.take(path)
                }
            }
            Ok(_) => None,
            Err(error) if is_of_interest(path) => {
                Some(self.skip(path, &format!("broken symbolic link: {error}")))
            }
            Err(_) => None,
        }
    }

    fn take(&self, path: &Path) -> Option<Met> {
        let relative = path.strip_prefix(self.root).unwrap_or(path);
        let display = || display_path(relative);
        if let Some(language) = language_of(path) {
            let role = self.roles.role_of(relative);
            let path = path.to_path_buf();
            Some(Met::Source(Source { path, display: display(), language, role, has_compiled_twin: false }))
        } else {
            is_document(path)
                .then(|| Met::Document(Document { path: path.to_path_buf(), display: display() }))
        }
    }

    fn skip(&self, path: &Path, reason: &str) -> Met {
        let shown = display_path(path.strip_prefix(self.root).unwrap_or(path));
        Met::Skipped(Skipped { path: shown, reason: reason.to_owned() })
    }
}

fn explain_walk_error(error: &ignore::Error, start: &Path) -> (PathBuf, String) {
    let mut at = error;
    let mut path = start.to_path_buf();
    loop {
        match at {
            ignore::Error::WithPath { path: named, err } => {
                path.clone_from(named);
                at = err;
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => at = err,
            ignore::Error::Partial(_)
            | ignore::Error::Loop { .. }
            | ignore::Error::Io(_)
            | ignore::Error::Glob { .. }
            | ignore::Error::UnrecognizedFileType(_)
            | ignore::Error::InvalidDefinition => return (path, at.to_string()),
        }
    }
}

/// Files that mark a folder as none of the project's: environments, and what cargo builds (sources that build scripts wrote,
/// and packages that it unpacked).
const MARKERS: [&str; 2] = ["pyvenv.cfg", "CACHEDIR.TAG"];

/// Folders that hold no code of the project: caches, virtual environments and build folders by their marker file.
fn is_left_out(folder: &Path) -> bool {
    folder.file_name().and_then(OsStr::to_str).is_some_and(|name| LEFT_OUT.contains(&name))
        || MARKERS.iter().any(|marker| folder.join(marker).exists())
}

fn compiled_stems(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let compiled = names.filter(|name| name.ends_with(".so") || name.ends_with(".pyd"));
    compiled.filter_map(|name| name.split('.').next().map(str::to_owned)).collect()
}

fn is_of_interest(path: &Path) -> bool {
    language_of(path).is_some() || is_document(path)
}

fn language_of(path: &Path) -> Option<Language> {
    path.extension().and_then(OsStr::to_str).and_then(Language::of_extension)
}

fn is_document(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    extension.is_some_and(|e| e.eq_ignore_ascii_case("md") || e.eq_ignore_ascii_case("rst"))
}

/// With `/` on every platform; bytes that are no UTF-8 are shown as `\xNN`.
fn display_path(path: &Path) -> String {
    let parts = path.components().filter_map(|component| match component {
        Component::Normal(part) => Some(match part.to_str() {
            Some(text) => text.to_owned(),
            None => part.as_encoded_bytes().escape_ascii().to_string(),
        }),
        Component::ParentDir => Some("..".to_owned()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir => None,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The deepest folder that holds all PATHs.
fn common_folder(paths: &[PathBuf]) -> PathBuf {
    let folders: Vec<&Path> = paths
        .iter()
        .map(|path| if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(path) })
        .collect();
    let Some(first) = folders.first() else { return PathBuf::from(".") };
    let shared = first.ancestors().find(|up| folders.iter().all(|folder| folder.starts_with(up)));
    shared.unwrap_or(first).to_path_buf()
}
