//! Folder by folder: which `sys.path` folder files are imported from, and what they are called from there.

use std::path::{Component, Path, PathBuf};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::{Layout, Place};
use crate::facts::{Imported, Name};

/// How many files a thread names at a time. What is the same for a folder is found out once for each.
const FILES_OF_A_PIECE: usize = 512;

/// Chooses, for each folder, the `sys.path` folder that its files are imported from.
pub(super) struct Naming {
    packages: FxHashSet<String>,
    projects: Vec<PathBuf>,
    above: Vec<String>,
    /// How often each first segment is imported absolutely in the tree.
    imported: FxHashMap<Name, u32>,
    /// `src` folders and the like below a project.
    source_folders: FxHashSet<PathBuf>,
}

/// A Python file and what it goes by.
pub(super) struct Named {
    /// Dotted name.
    pub(super) name: Name,
    /// Its last segment.
    pub(super) stem: Name,
    /// The `sys.path` folder.
    pub(super) root: Name,
    pub(super) folder: Name,
    /// The folder whose scripts find it as their neighbour, where that is no package.
    pub(super) place: Option<Name>,
    pub(super) is_package: bool,
}

/// What is the same for all files of a folder.
#[derive(Default)]
struct Above {
    folder: Option<PathBuf>,
    /// The `sys.path` folder.
    root: PathBuf,
    /// Dotted name of the folder, from there.
    dotted: String,
}

impl Naming {
    pub(super) fn new(files: &[Place<'_>], layout: &Layout<'_>) -> Self {
        let packages = files
            .iter()
            .filter_map(|file| {
                let (folder, name) = file.display.rsplit_once('/').unwrap_or(("", file.display));
                matches!(name, "__init__.py" | "__init__.pyi").then(|| folder.to_owned())
            })
            .collect();
        let votes = files.par_chunks(FILES_OF_A_PIECE).flat_map_iter(|files| {
            let mut votes: FxHashMap<Name, u32> = FxHashMap::default();
            for import in files.iter().flat_map(|file| &file.facts.imports).filter(|import| import.level == 0)
            {
                let text = import.module.as_str();
                let first = text.split('.').next().unwrap_or_default();
                // `import app.x` and `from app import y` vote; a bare `import app` may be anything.
                if text.contains('.') || matches!(import.what, Imported::Name(_) | Imported::Star) {
                    *votes.entry(Name::new(first)).or_default() += 1;
                }
            }
            votes
        });
        let mut imported: FxHashMap<Name, u32> = FxHashMap::default();
        for (name, count) in votes.collect::<Vec<_>>() {
            *imported.entry(name).or_default() += count;
        }
        let mut projects: Vec<PathBuf> = layout.projects.to_vec();
        projects.push(PathBuf::new());
        projects.sort_by_key(|path| std::cmp::Reverse(path.components().count()));
        projects.dedup();
        let source_folders = projects
            .iter()
            .flat_map(|project| ["src", "lib", "python"].map(|name| project.join(name)))
            .collect();
        Self { packages, projects, above: layout.above.to_vec(), imported, source_folders }
    }

    /// What the Python files go by; none for the others.
    pub(super) fn names_of(&self, files: &[Place<'_>]) -> Vec<Option<Named>> {
        let pieces = files.par_chunks(FILES_OF_A_PIECE).flat_map_iter(|files| {
            let mut above = Above::default();
            files.iter().map(move |file| file.language.is_python().then(|| self.name_of(file, &mut above)))
        });
        pieces.collect()
    }

    /// `above` is of the file before, or of none.
    fn name_of(&self, file: &Place<'_>, above: &mut Above) -> Named {
        let path = Path::new(file.display);
        let folder = path.parent().unwrap_or(Path::new(""));
        // Files come folder by folder.
        if above.folder.as_deref() != Some(folder) {
            *above = self.above(folder);
        }
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let is_package = stem == "__init__";
        let dotted = match above.dotted.as_str() {
            "" => stem.to_owned(),
            above if is_package => above.to_owned(),
            above => format!("{above}.{stem}"),
        };
        let folder = file.display.rsplit_once('/').map_or("", |(folder, _)| folder);
        let place = if is_package { parent_folder(folder) } else { folder };
        Named {
            name: Name::new(&dotted),
            stem: Name::new(dotted.rsplit('.').next().unwrap_or(&dotted)),
            root: Name::new(&above.root.to_string_lossy()),
            folder: Name::new(folder),
            place: (!self.packages.contains(place)).then(|| Name::new(place)),
            is_package,
        }
    }

    fn above(&self, folder: &Path) -> Above {
        let root = self.root_of(folder);
        let below = folder.strip_prefix(&root).unwrap_or(folder);
        let mut parts: Vec<&str> = Vec::new();
        // A scan that starts inside a package: its name begins above the root of the scan.
        if root.as_os_str().is_empty() {
            parts.extend(self.above.iter().map(String::as_str));
        }
        parts.extend(below.components().filter_map(|component| match component {
            Component::Normal(part) => part.to_str(),
            _ => None,
        }));
        Above { folder: Some(folder.to_path_buf()), dotted: parts.join("."), root }
    }

    fn root_of(&self, folder: &Path) -> PathBuf {
        let is_package = |folder: &Path| folder.to_str().is_some_and(|f| self.packages.contains(f));
        // Below the topmost `__init__.py` of an unbroken line of packages.
        let mut top = folder;
        while is_package(top) && top != Path::new("") {
            top = top.parent().unwrap_or(Path::new(""));
        }
        let project = self.projects.iter().find(|project| folder.starts_with(project));
        let project = project.map_or(Path::new(""), PathBuf::as_path);
        let source = top.ancestors().find(|up| self.source_folders.contains(*up));
        let far = match source {
            Some(source) if source.starts_with(project) => source,
            _ => project,
        };
        if top == far || !top.starts_with(far) {
            return top.to_path_buf();
        }
        // Between the project and the package lie plain folders: namespace packages, or folders on
        // `sys.path`? Whichever way the tree's own imports spell it.
        let votes = |root: &Path, leaf: &Path| {
            let below = leaf.strip_prefix(root).ok()?;
            let first = below.components().next()?.as_os_str().to_str()?;
            Some(self.imported.get(&Name::new(first)).copied().unwrap_or(0))
        };
        let far_votes = votes(far, folder).unwrap_or(0);
        let is_loose = folder == top;
        if is_loose {
            return if far_votes > 0 || is_dotted_path(folder.strip_prefix(far).unwrap_or(folder)) {
                far.to_path_buf()
            } else {
                top.to_path_buf()
            };
        }
        let near_votes = votes(top, folder).unwrap_or(0);
        if far_votes > near_votes { far.to_path_buf() } else { top.to_path_buf() }
    }
}

fn is_dotted_path(path: &Path) -> bool {
    path.components().all(|component| {
        let text = component.as_os_str().to_str().unwrap_or("-");
        text.chars().all(|c| c.is_alphanumeric() || c == '_')
            && !text.starts_with(|c: char| c.is_ascii_digit())
    })
}

fn parent_folder(folder: &str) -> &str {
    folder.rsplit_once('/').map_or("", |(parent, _)| parent)
}
