//! A tree on disk → a linked [`Index`], with what could not be seen.
//!
//! The seam between the file system and the analysis: it reads what discovery found, in
//! parallel, and answers the linker's questions about the environment.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::discover::environment::{Environment, EnvironmentError, Located};
use crate::discover::{self, DiscoverError, Discovery, MAX_FILE_BYTES, Skipped};
use crate::facts::{FileFacts, Name};
use crate::lang::{self, Platform, Target};
use crate::link::library::{NEWEST, OLDEST};
use crate::link::{self, Ground, Index, LinkFile, NoEnvironment, Outside, OutsideModule};
use crate::source::Language;
use crate::source::{RoleTable, Source};
use crate::text::{decode, decode_python};

/// What to read and for which target.
#[derive(Debug)]
pub struct ReadOptions<'a> {
    /// Files and folders.
    pub paths: Vec<PathBuf>,
    /// Whether ignore files count.
    pub respects_ignore: bool,
    /// Roles by path.
    pub roles: &'a RoleTable,
    /// The environment: given, looked for, or none.
    pub environment: EnvironmentChoice,
    /// Minor version of Python 3; by default the environment's, else the newest known.
    pub python_minor: Option<u8>,
    /// Platform that the code runs on.
    pub platform: Platform,
}

/// Where to look for third-party packages.
#[derive(Debug, Clone)]
pub enum EnvironmentChoice {
    /// `--python PATH`.
    At(PathBuf),
    /// `VIRTUAL_ENV` if it is set, else `.venv` or `venv` in or above the tree.
    Detect(Option<PathBuf>),
    /// `--no-python`.
    None,
}

/// A tree, read and linked.
pub struct Tree {
    /// The program.
    pub index: Index,
    /// Folder that shown paths are relative to.
    pub root: PathBuf,
    /// Prose files with their text, and the doc comments of sources.
    pub documents: Vec<(String, String)>,
    /// How many of [`Tree::documents`] are files of prose; they come first.
    pub prose_files: usize,
    /// What was met and not read.
    pub skipped: Vec<Skipped>,
    /// The environment in use.
    pub environment: Option<Environment>,
    /// What conditions were evaluated for.
    pub target: Target,
    /// Bytes of source read.
    pub bytes: u64,
    /// How long each part took.
    pub times: Times,
}

/// Wall time of the parts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Times {
    /// Walking folders.
    pub discovery: Duration,
    /// Reading, parsing and lowering files.
    pub facts: Duration,
    /// Linking.
    pub linking: Duration,
}

/// A tree that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A PATH is wrong.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// The environment is wrong.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

/// Reads and links a tree.
///
/// # Errors
/// When a PATH or the environment that was asked for is not there. Anything else that cannot be
/// read is listed in [`Tree::skipped`].
pub fn read(options: &ReadOptions<'_>) -> Result<Tree, TreeError> {
    let start = Instant::now();
    let found = discover::sources(&discover::Options {
        paths: options.paths.clone(),
        respects_ignore: options.respects_ignore,
        roles: options.roles,
    })?;
    let environment = match &options.environment {
        EnvironmentChoice::At(path) => Some(Environment::at(path)?),
        EnvironmentChoice::Detect(active) => Environment::detect(&found.root, active.as_deref()),
        EnvironmentChoice::None => None,
    };
    let detected = environment.as_ref().and_then(|environment| environment.python_minor);
    let target = Target {
        python_minor: options.python_minor.or(detected).unwrap_or(NEWEST).max(OLDEST),
        platform: options.platform,
    };
    let discovery = start.elapsed();

    let start = Instant::now();
    let Discovery { root, sources, documents, mut skipped, projects, crates } = found;
    let read: Vec<Result<ReadSource, Skipped>> =
        sources.into_par_iter().map(|source| read_source(source, target)).collect();
    let mut files = Vec::with_capacity(read.len());
    let mut bytes = 0;
    let mut spoken: Vec<(String, String)> = Vec::new();
    for outcome in read {
        match outcome {
            Ok(ReadSource { file, size, comments }) => {
                bytes += size;
                spoken.extend(comments.map(|text| (file.display.clone(), text)));
                files.push(file);
            }
            Err(reason) => skipped.push(reason),
        }
    }
    let documents = documents.into_par_iter().map(|document| {
        let bytes = std::fs::read(&document.path)
            .map_err(|error| Skipped { path: document.display.clone(), reason: error.to_string() })?;
        Ok((document.display, String::from_utf8_lossy(&bytes).into_owned()))
    });
    let documents: Vec<Result<(String, String), Skipped>> = documents.collect();
    let (documents, unread): (Vec<_>, Vec<_>) = documents.into_iter().partition(Result::is_ok);
    skipped.extend(unread.into_iter().filter_map(Result::err));
    skipped.sort();
    let facts = start.elapsed();

    let start = Instant::now();
    let ground = Ground { projects, above: packages_above(&root), python_minor: target.python_minor, crates };
    let index = match &environment {
        Some(environment) => link::link(files, &ground, &Reader { environment, target }),
        None => link::link(files, &ground, &NoEnvironment),
    };
    let times = Times { discovery, facts, linking: start.elapsed() };
    let mut documents: Vec<(String, String)> = documents.into_iter().filter_map(Result::ok).collect();
    let prose_files = documents.len();
    documents.extend(spoken);
    Ok(Tree { index, root, documents, prose_files, skipped, environment, target, bytes, times })
}

/// A source that was read.
struct ReadSource {
    file: LinkFile,
    /// Bytes on disk.
    size: u64,
    /// What its doc comments say.
    comments: Option<String>,
}

fn read_source(source: Source, target: Target) -> Result<ReadSource, Skipped> {
    let skip = |reason: String| Skipped { path: source.display.clone(), reason };
    let mut file = std::fs::File::open(&source.path).map_err(|error| skip(error.to_string()))?;
    let size = file.metadata().map_err(|error| skip(error.to_string()))?.len();
    if size > MAX_FILE_BYTES {
        return Err(skip(format!("larger than {} MB", MAX_FILE_BYTES >> 20)));
    }
    let mut bytes = Vec::with_capacity(size as usize + 1);
    file.read_to_end(&mut bytes).map_err(|error| skip(error.to_string()))?;
    let text = decode(&bytes, source.language.is_python()).map_err(|error| skip(error.to_string()))?;
    let facts = lang::facts(&text, source.language, target);
    let Source { display, language, role, has_compiled_twin, .. } = source;
    let comments = lang::documentation(&text, language);
    Ok(ReadSource { file: LinkFile { display, language, role, has_compiled_twin, facts }, size, comments })
}

/// Names of the packages that the root of the scan lies in: `site-packages/flask` is `flask`, and
/// `site-packages/google/cloud/storage` is `google.cloud.storage`.
fn packages_above(root: &Path) -> Vec<String> {
    let is_packages = |folder: &Path| {
        folder.file_name().is_some_and(|name| name == "site-packages" || name == "dist-packages")
    };
    let installed = root.ancestors().skip(1).find(|up| is_packages(up));
    let outermost = installed.or_else(|| {
        let is_package =
            |folder: &&Path| folder.join("__init__.py").is_file() || folder.join("__init__.pyi").is_file();
        root.ancestors().take_while(is_package).last().and_then(Path::parent)
    });
    let below = outermost.and_then(|outermost| root.strip_prefix(outermost).ok());
    let parts = below.into_iter().flat_map(Path::components);
    parts.filter_map(|part| part.as_os_str().to_str().map(str::to_owned)).collect()
}

/// Reads modules of an environment for the linker.
struct Reader<'a> {
    environment: &'a Environment,
    target: Target,
}

impl Outside for Reader<'_> {
    fn load(&self, name: Name) -> Option<OutsideModule> {
        let (path, language, is_package) = match self.environment.locate(name.as_str()) {
            Located::Source(path, is_package) => (path, Language::Python, is_package),
            Located::Stub(path, is_package) => (path, Language::PythonStub, is_package),
            Located::Compiled(_) => return Some(OutsideModule::Compiled),
            Located::Namespace => return Some(OutsideModule::Namespace),
            Located::Missing => return Some(OutsideModule::Missing),
        };
        let facts = self.read(&path, language);
        let display = path.display().to_string();
        Some(OutsideModule::File { display, language, is_package, facts: Box::new(facts) })
    }
}

impl Reader<'_> {
    /// A file that cannot be read says nothing; its module exists all the same.
    fn read(&self, path: &Path, language: Language) -> FileFacts {
        let Ok(bytes) = std::fs::read(path) else { return FileFacts::unread(Vec::new()) };
        match decode_python(&bytes) {
            Ok(text) => lang::facts(&text, language, self.target),
            Err(_) => FileFacts::unread(Vec::new()),
        }
    }
}
