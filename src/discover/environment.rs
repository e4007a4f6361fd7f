//! A Python environment: where its packages lie and which version it runs.
//!
//! Nothing is executed. `pyvenv.cfg` and the folder names say what we need to know.

use std::path::{Path, PathBuf};

/// An environment whose packages can be read.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Folders that hold packages, in the order of `sys.path`.
    pub package_folders: Vec<PathBuf>,
    /// Minor version of its Python 3, where known.
    pub python_minor: Option<u8>,
    /// How it was found, for the coverage section.
    pub found_as: String,
}

/// What the environment has under a dotted module name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located {
    /// A `.py` file, and whether it is a package's `__init__`.
    Source(PathBuf, bool),
    /// Only a stub (`.pyi`) tells what is in it, and whether it is a package's.
    Stub(PathBuf, bool),
    /// A compiled extension without a stub.
    Compiled(PathBuf),
    /// A folder without `__init__.py`.
    Namespace,
    /// Nothing.
    Missing,
}

/// An environment that was asked for and cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{} is no Python environment: expected a virtual environment, an interpreter or a site-packages folder", .0.display())]
pub struct EnvironmentError(PathBuf);

impl Environment {
    /// The environment at `path`: a virtual environment, an interpreter, a prefix or a
    /// site-packages folder.
    ///
    /// # Errors
    /// Where there is none.
    pub fn at(path: &Path) -> Result<Self, EnvironmentError> {
        let given = EnvironmentError(path.to_path_buf());
        if path.is_file() {
            // `…/bin/python`: the link itself tells the environment, not what it points to.
            let folder = path.parent().and_then(Path::parent).ok_or(EnvironmentError(path.into()))?;
            if let Some(found) = Self::in_prefix(folder) {
                return Ok(found);
            }
            let real = path.canonicalize().map_err(|_| EnvironmentError(path.into()))?;
            let prefix = real.parent().and_then(Path::parent).ok_or(EnvironmentError(path.into()))?;
            return Self::in_prefix(prefix).ok_or(given);
        }
        let is_packages = path.file_name().is_some_and(|n| n == "site-packages" || n == "dist-packages");
        if is_packages && path.is_dir() {
            let python_minor = path.parent().and_then(Path::file_name).and_then(|n| minor_in(n.to_str()?));
            return Ok(Self::with_folder(path.to_path_buf(), python_minor, path));
        }
        Self::in_prefix(path).ok_or(given)
    }

    /// The environment that a user of this tree would expect: `VIRTUAL_ENV` (given as `active`), or
    /// `.venv`/`venv` in the tree or above it.
    #[must_use]
    pub fn detect(root: &Path, active: Option<&Path>) -> Option<Self> {
        if let Some(active) = active
            && let Some(found) = Self::in_prefix(active)
        {
            return Some(found);
        }
        let above = root.ancestors().take(4);
        let mut candidates = above.flat_map(|folder| [folder.join(".venv"), folder.join("venv")]);
        candidates.find(|c| c.join("pyvenv.cfg").is_file()).and_then(|c| Self::in_prefix(&c))
    }

    fn in_prefix(prefix: &Path) -> Option<Self> {
        let configured =
            std::fs::read_to_string(prefix.join("pyvenv.cfg")).ok().and_then(|text| configured_minor(&text));
        let windows = prefix.join("Lib").join("site-packages");
        if windows.is_dir() {
            return Some(Self::with_folder(windows, configured, prefix));
        }
        let mut versions: Vec<(u8, PathBuf)> = std::fs::read_dir(prefix.join("lib"))
            .ok()?
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let minor = minor_in(entry.file_name().to_str()?)?;
                let packages = entry.path().join("site-packages");
                packages.is_dir().then_some((minor, packages))
            })
            .collect();
        versions.sort();
        let wanted = configured.and_then(|c| versions.iter().position(|(minor, _)| *minor == c));
        let index = wanted.or(versions.len().checked_sub(1))?;
        let (minor, packages) = versions.swap_remove(index);
        Some(Self::with_folder(packages, Some(minor), prefix))
    }

    fn with_folder(folder: PathBuf, python_minor: Option<u8>, found_at: &Path) -> Self {
        let mut package_folders = vec![folder.clone()];
        // `.pth` files add folders: editable installs.
        let mut links: Vec<PathBuf> = std::fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "pth"))
            .collect();
        links.sort();
        for link in links {
            let text = std::fs::read_to_string(link).unwrap_or_default();
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            let folders = lines
                .filter(|line| !line.starts_with('#') && !line.starts_with("import"))
                .map(|line| folder.join(line));
            package_folders.extend(folders.filter(|folder| folder.is_dir()));
        }
        Self { package_folders, python_minor, found_as: found_at.display().to_string() }
    }

    /// Looks a dotted module up, without reading it.
    #[must_use]
    pub fn locate(&self, module: &str) -> Located {
        let relative: PathBuf = module.split('.').collect();
        let mut is_namespace = false;
        for folder in &self.package_folders {
            let base = folder.join(&relative);
            match locate_at(&base) {
                Located::Missing => {}
                Located::Namespace => is_namespace = true,
                found => return found,
            }
        }
        if is_namespace { Located::Namespace } else { Located::Missing }
    }
}

/// In the order of CPython's finders: package, extension, source, then namespace.
fn locate_at(base: &Path) -> Located {
    let package = base.join("__init__.py");
    if package.is_file() {
        return Located::Source(package, true);
    }
    let with = |extension: &str| {
        let mut name = base.as_os_str().to_owned();
        name.push(extension);
        PathBuf::from(name)
    };
    let stub = with(".pyi");
    if let Some(extension) = compiled_at(base) {
        return if stub.is_file() { Located::Stub(stub, false) } else { Located::Compiled(extension) };
    }
    let source = with(".py");
    if source.is_file() {
        return Located::Source(source, false);
    }
    let package_stub = base.join("__init__.pyi");
    if package_stub.is_file() {
        return Located::Stub(package_stub, true);
    }
    if stub.is_file() {
        return Located::Stub(stub, false);
    }
    if base.is_dir() { Located::Namespace } else { Located::Missing }
}

/// `name.cpython-311-x86_64-linux-gnu.so`, `name.abi3.so`, `name.pyd` beside where `name.py` would be.
fn compiled_at(base: &Path) -> Option<PathBuf> {
    let stem = base.file_name()?.to_str()?;
    let mut found: Vec<PathBuf> = std::fs::read_dir(base.parent()?)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let rest = name.strip_prefix(stem).and_then(|rest| rest.strip_prefix('.'));
            rest.is_some_and(|rest| rest.ends_with("so") || rest.ends_with("pyd"))
        })
        .collect();
    found.sort();
    found.into_iter().next()
}

/// `version = 3.11.7` or `version_info = 3.11.7.final.0` of `pyvenv.cfg`.
fn configured_minor(text: &str) -> Option<u8> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        matches!(key.trim(), "version" | "version_info")
            .then(|| value.trim())?
            .split('.')
            .nth(1)?
            .parse()
            .ok()
    })
}

/// The 11 of `python3.11`.
fn minor_in(name: &str) -> Option<u8> {
    name.strip_prefix("python3.")?.parse().ok()
}
