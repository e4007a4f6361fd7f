//! Whether and where a run keeps what it found out for the next one.

use std::path::PathBuf;

use clap::Args;

use crate::cache::Cache;
use crate::cli::output::print_note;

#[derive(Debug, Default, Args)]
pub(in crate::cli) struct Remembering {
    /// Read every file anew, and keep nothing.
    #[arg(long, help_heading = "Cache")]
    no_cache: bool,
    /// Folder of what earlier runs found out; by default SSOT_CACHE_DIR, else `ssot` in the user's cache folder.
    #[arg(long, help_heading = "Cache", value_name = "FOLDER", conflicts_with = "no_cache")]
    cache_dir: Option<PathBuf>,
}

impl Remembering {
    /// The cache; a run that reads a tree twice remembers at least for itself.
    pub(in crate::cli) fn open(&self, reads_twice: bool) -> Cache {
        let folder = (!self.no_cache).then(|| self.cache_dir.clone().or_else(default_folder)).flatten();
        match folder {
            Some(folder) => Cache::open(&folder),
            None if reads_twice => Cache::in_memory(),
            None => Cache::off(),
        }
    }
}

/// Keeps what was found out. A folder that cannot be written is no reason to fail.
pub(in crate::cli) fn save(cache: Cache, quiet: bool) {
    if let Err(error) = cache.save()
        && !quiet
    {
        print_note(&format!("note: the cache is not written ({error}); --no-cache does without\n"));
    }
}

/// Where caches of a user belong (XDG Base Directory Specification; on Windows and macOS the system's own place).
fn default_folder() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = named("SSOT_CACHE_DIR") {
        return Some(folder);
    }
    let folder = if cfg!(windows) {
        named("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        std::env::home_dir().map(|home| home.join("Library/Caches"))
    } else {
        named("XDG_CACHE_HOME").or_else(|| std::env::home_dir().map(|home| home.join(".cache")))
    };
    folder.map(|folder| folder.join("ssot"))
}
