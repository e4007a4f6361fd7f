//! What is scanned: PATHs, environment, target, configuration.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use super::here;
use super::output::print_note;
use super::remembering::{Remembering, save};
use crate::analysis::concepts;
use crate::cache::Cache;
use crate::config::{Config, FILE_NAME, passed_over};
use crate::lang::Platform;
use crate::link::Index;
use crate::link::references::Uses;
use crate::tree::{self, EnvironmentChoice, ReadOptions, Tree};

/// Options of commands that scan PATHs.
#[derive(Debug, Args)]
pub(super) struct Inputs {
    /// Files and folders to scan; this folder by default.
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

/// Options of commands that name a TYPE.
#[derive(Debug, Args)]
pub(super) struct Rooted {
    /// Folder to scan; this folder by default.
    #[arg(long, value_name = "PATH")]
    root: Vec<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

#[derive(Debug, Args)]
struct Reading {
    /// Virtual environment, interpreter or site-packages folder whose packages bases may come from.
    /// By default VIRTUAL_ENV, .venv or venv.
    #[arg(long, value_name = "ENV", conflicts_with = "no_python")]
    python: Option<PathBuf>,
    /// Look into no environment.
    #[arg(long)]
    no_python: bool,
    /// Version that conditions are evaluated for, such as 3.11; by default the environment's.
    #[arg(long, value_name = "VERSION", value_parser = parse_version)]
    python_version: Option<u8>,
    /// Platform that conditions are evaluated for.
    #[arg(long, value_enum, default_value_t = PlatformName::Linux)]
    platform: PlatformName,
    /// Read files that .gitignore, .ignore or hidden folders leave out.
    #[arg(long)]
    no_ignore: bool,
    /// Configuration; by default ssot.toml in the scanned folder or above it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    remembering: Remembering,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PlatformName {
    Linux,
    Darwin,
    Win32,
}

/// What a command asks of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// What it holds, whoever uses it.
    NoUses,
    /// What it holds, who uses its classes, and its concepts if it has some.
    Concepts,
    /// Anything.
    All,
}

/// A tree with its rules.
pub(super) struct Loaded {
    pub(super) tree: Tree,
    pub(super) config: Config,
    pub(super) progress: Progress,
}

impl Inputs {
    pub(super) fn load(&self, quiet: bool) -> miette::Result<Loaded> {
        self.load_for(Asked::All, quiet)
    }

    pub(super) fn load_for(&self, asked: Asked, quiet: bool) -> miette::Result<Loaded> {
        self.reading.load(&self.paths, asked, quiet)
    }

    pub(super) fn prepare(&self, quiet: bool) -> miette::Result<Prepared> {
        self.reading.prepare(&self.paths, quiet)
    }

    /// What earlier runs found out; a run that reads a tree twice remembers at least for itself.
    pub(super) fn cache(&self, reads_twice: bool) -> Cache {
        self.reading.remembering.open(reads_twice)
    }

    /// The configuration that counts here, or where a new one belongs.
    pub(super) fn config_file(&self, root: &Path) -> PathBuf {
        let found = self.reading.config.clone().or_else(|| Config::nearest_file(root));
        found.unwrap_or_else(|| root.join(FILE_NAME))
    }
}

impl Rooted {
    /// These folders as one tree, with the packages of an environment.
    pub(super) fn at(root: Vec<PathBuf>, python: Option<PathBuf>) -> Self {
        let reading = Reading {
            python,
            no_python: false,
            python_version: None,
            platform: PlatformName::Linux,
            no_ignore: false,
            config: None,
            remembering: Remembering::default(),
        };
        Self { root, reading }
    }

    pub(super) fn load(&self, quiet: bool) -> miette::Result<Loaded> {
        self.reading.load(&self.root, Asked::All, quiet)
    }
}

/// What is to be read, and the rules.
pub(super) struct Prepared {
    pub(super) config: Config,
    pub(super) paths: Vec<PathBuf>,
    pub(super) respects_ignore: bool,
    environment: EnvironmentChoice,
    python_minor: Option<u8>,
    platform: Platform,
}

impl Prepared {
    pub(super) fn options(&self, reads_prose: bool) -> ReadOptions<'_> {
        ReadOptions {
            paths: self.paths.clone(),
            respects_ignore: self.respects_ignore,
            roles: &self.config.roles,
            environment: self.environment.clone(),
            python_minor: self.python_minor,
            platform: self.platform,
            reads_prose,
            uses: Uses::All,
        }
    }
}

impl Reading {
    fn prepare(&self, paths: &[PathBuf], quiet: bool) -> miette::Result<Prepared> {
        let paths = if paths.is_empty() { vec![here()] } else { paths.to_vec() };
        let first = paths.first().map_or(Path::new("."), PathBuf::as_path);
        let config = Config::load(self.config.as_deref(), first)?;
        if !quiet && self.config.is_none() && paths.len() > 1 {
            note_other_configurations(&paths);
        }
        if let Some(project) = passed_over(&config).filter(|_| !quiet) {
            let project = project.display();
            print_note(&format!(
                "note: [tool.ssot] of {project} is not read, since ssot.toml lies beside it\n"
            ));
        }
        let environment = match (&self.python, self.no_python) {
            (Some(path), _) => EnvironmentChoice::At(path.clone()),
            (None, true) => EnvironmentChoice::None,
            (None, false) => EnvironmentChoice::Detect(std::env::var_os("VIRTUAL_ENV").map(PathBuf::from)),
        };
        let platform = match self.platform {
            PlatformName::Linux => Platform::Linux,
            PlatformName::Darwin => Platform::Darwin,
            PlatformName::Win32 => Platform::Windows,
        };
        Ok(Prepared {
            config,
            paths,
            respects_ignore: !self.no_ignore,
            environment,
            python_minor: self.python_version,
            platform,
        })
    }

    fn load(&self, paths: &[PathBuf], asked: Asked, quiet: bool) -> miette::Result<Loaded> {
        let prepared = self.prepare(paths, quiet)?;
        let progress = Progress::start(quiet);
        let cache = self.remembering.open(false);
        let has_concepts = |index: &Index| concepts::are_there(index, &prepared.config.concepts);
        let uses = match asked {
            Asked::NoUses => Uses::Nothing,
            Asked::Concepts => Uses::MethodsWhere(&has_concepts),
            Asked::All => Uses::All,
        };
        let options = ReadOptions { uses, ..prepared.options(true) };
        let tree = tree::read(&options, &cache).map_err(|error| miette::miette!("{error}"))?;
        save(cache, quiet);
        Ok(Loaded { tree, config: prepared.config, progress })
    }
}

/// Several folders are one program with one configuration: the first one's. Others are told, not dropped.
fn note_other_configurations(paths: &[PathBuf]) {
    let mut files = paths.iter().map(|path| Config::nearest_file(path));
    let first = files.next().flatten();
    let mut others: Vec<PathBuf> = files.flatten().filter(|file| Some(file) != first.as_ref()).collect();
    others.sort();
    others.dedup();
    for other in others {
        let used = first.as_ref().map_or("the built-in rules".to_owned(), |file| file.display().to_string());
        print_note(&format!("note: {} is not read; {used} counts (--config chooses)\n", other.display()));
    }
}

/// The oldest Python 3 whose standard library is known.
const OLDEST_MINOR: u8 = 9;

/// `3.11` → 11.
fn parse_version(text: &str) -> Result<u8, String> {
    let wrong = || format!("`{text}` is no version of Python 3: expected for example 3.11");
    let minor = text.strip_prefix("3.").ok_or_else(wrong)?;
    let minor = minor.split('.').next().unwrap_or(minor);
    let minor: u8 = minor.parse().map_err(|_| wrong())?;
    if minor < OLDEST_MINOR {
        return Err(format!("Python 3.{minor} is not known: 3.{OLDEST_MINOR} is the oldest"));
    }
    Ok(minor)
}

/// A spinner on a terminal, once something takes over a second.
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn start(quiet: bool) -> Self {
        let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} reading and linking {elapsed}") {
            bar.set_style(style);
        }
        // The first tick is drawn after a second, so that quick answers stay quiet.
        bar.enable_steady_tick(Duration::from_secs(1));
        Self { bar }
    }

    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
