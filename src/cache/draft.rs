//! The pack of this run while it is written: entries go to a file beside its place as they come, so that what is kept for
//! later runs takes no memory in this one.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rustc_hash::FxHashMap;

use super::Key;
use super::pack::{Entry, MAGIC, ending};

/// Entries are written together once they take this much, in bytes.
const BUFFER: usize = 1 << 20;

/// Entries that this run has added.
#[derive(Debug, Default)]
pub(super) struct Draft {
    file: Option<DraftFile>,
    entries: FxHashMap<Key, Entry>,
    /// What comes after what is written.
    buffer: Vec<u8>,
    /// How much is written, in bytes.
    written: u64,
    /// Why the folder cannot be written; entries stay in memory from there on.
    failure: Option<std::io::Error>,
}

/// A file that is gone with its draft unless it became a pack.
#[derive(Debug)]
struct DraftFile {
    file: File,
    path: PathBuf,
}

impl Drop for DraftFile {
    fn drop(&mut self) {
        // Nobody misses what is not there.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Draft {
    pub(super) fn has(&self, key: Key) -> bool {
        self.entries.contains_key(&key)
    }

    /// How much its entries take, in bytes.
    pub(super) fn size(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// The bytes of an entry; none where they are not there or not what was written.
    pub(super) fn get(&self, key: Key) -> Option<Vec<u8>> {
        let entry = self.entries.get(&key)?;
        match entry.offset.checked_sub(self.written) {
            Some(start) => Some(self.buffer.get(start as usize..)?.get(..entry.length as usize)?.to_vec()),
            None => entry.read(&self.file.as_ref()?.file, &mut Vec::new()).map(<[u8]>::to_vec),
        }
    }

    /// Adds an entry, in a folder where it is kept for later runs.
    pub(super) fn add(&mut self, key: Key, bytes: &[u8], sum: [u8; 8], folder: Option<&Path>) {
        let Ok(length) = u32::try_from(bytes.len()) else { return };
        if self.size() == 0 {
            self.buffer.extend(MAGIC);
        }
        self.entries.insert(key, Entry { key, offset: self.size(), length, sum });
        self.buffer.extend(bytes);
        if self.buffer.len() >= BUFFER
            && self.failure.is_none()
            && let Some(folder) = folder
            && let Err(error) = self.write_buffer(folder)
        {
            self.failure = Some(error);
        }
    }

    /// Writes what is not written yet.
    fn write_buffer(&mut self, folder: &Path) -> std::io::Result<()> {
        let draft = match &mut self.file {
            Some(draft) => draft,
            none => none.insert(DraftFile::create(folder)?),
        };
        draft.file.write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Makes the draft a pack. It is empty afterwards.
    ///
    /// # Errors
    /// When the folder cannot be written; the entries are still there for this run.
    pub(super) fn finish(&mut self, folder: &Path) -> std::io::Result<()> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        self.write_buffer(folder)?;
        let Some(draft) = &mut self.file else { return Ok(()) };
        draft.file.write_all(&ending(self.entries.values()))?;
        std::fs::rename(&draft.path, draft.path.with_extension("pack"))?;
        *self = Self::default();
        Ok(())
    }
}

impl DraftFile {
    fn create(folder: &Path) -> std::io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        std::fs::create_dir_all(folder)?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = folder.join(format!("{since:024}-{}-{count}.tmp", std::process::id()));
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        // Facts of a file are for those who may read the file.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        Ok(Self { file, path })
    }
}
