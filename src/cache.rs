//! What earlier runs found out, by a key over all that it depends on: never a wrong answer, at worst none.
//!
//! A folder holds packs: files that are written once, beside their place, and renamed into it. A run reads the index at the
//! end of each and then single entries, each with its checksum; what is truncated, damaged or of another build is not there.
//! Runs at the same time each write a pack of their own. Small packs are merged when there are many, and the oldest go when
//! they are large. A folder that cannot be written costs the time that it would have saved.

mod draft;
mod pack;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use rustc_hash::FxHashMap;

use self::draft::Draft;
use self::pack::{Entry, Pack};

/// The build whose answers these are.
pub const BUILD: &str = env!("SSOT_BUILD");

/// From this many packs on the small ones are merged.
const MANY: usize = 12;

/// What all packs of a build may take, in bytes.
const LIMIT: u64 = 1 << 30;

/// Packs of other builds are kept for a while, for whoever changes between two.
const KEPT: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Parts of keys that are longer than this go in by their own hash, in bytes.
const ALONE: usize = 1024;

/// What an entry goes by: 256 bits over the kind of entry and all that it depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 32]);

impl Key {
    /// The key of some parts, each told apart from the next.
    #[must_use]
    pub fn of<'a>(kind: &'a str, parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hasher = blake3::Hasher::new();
        for part in std::iter::once(kind.as_bytes()).chain(parts) {
            hasher.update(&(part.len() as u64).to_le_bytes());
            if part.len() > ALONE {
                // From its beginning on, many blocks are hashed at once.
                hasher.update(blake3::hash(part).as_bytes());
            } else {
                hasher.update(part);
            }
        }
        Self(*hasher.finalize().as_bytes())
    }
}

/// The entries of earlier runs, and those of this one.
#[derive(Debug, Default)]
pub struct Cache {
    /// Where packs lie; none where nothing is kept for later runs.
    folder: Option<PathBuf>,
    is_on: bool,
    packs: Vec<Pack>,
    known: FxHashMap<Key, (usize, Entry)>,
    added: Mutex<Draft>,
}

impl Cache {
    /// Remembers nothing.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// Remembers for this run alone.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { is_on: true, ..Self::default() }
    }

    /// The entries of a folder, which need not exist yet.
    #[must_use]
    pub fn open(folder: &Path) -> Self {
        let folder = folder.join(BUILD);
        let mut paths: Vec<PathBuf> = packs_in(&folder);
        paths.sort();
        let packs: Vec<Pack> = paths.into_iter().filter_map(Pack::open).collect();
        let mut known = FxHashMap::default();
        for (at, pack) in packs.iter().enumerate() {
            known.extend(pack.entries().iter().map(|entry| (entry.key, (at, *entry))));
        }
        Self { folder: Some(folder), is_on: true, packs, known, added: Mutex::default() }
    }

    /// Whether anything is remembered.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.is_on
    }

    /// Whether there is an entry; it may still turn out to be damaged.
    #[must_use]
    pub fn has(&self, key: Key) -> bool {
        self.known.contains_key(&key) || self.lock().has(key)
    }

    /// What the bytes of an entry say; none where there is no entry, or where it says nothing.
    pub fn get<T>(&self, key: Key, says: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        thread_local! {
            static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        let known = self.known.get(&key).and_then(|(pack, entry)| {
            // An entry that is asked for while another one is read gets a buffer of its own.
            let mut buffer = BUFFER.take();
            let said = self.packs[*pack].read(entry, &mut buffer).map(&says);
            BUFFER.set(buffer);
            said
        });
        known.unwrap_or_else(|| says(&self.lock().get(key)?))
    }

    /// An entry that is the key of another.
    #[must_use]
    pub fn get_key(&self, key: Key) -> Option<Key> {
        self.get(key, |bytes| bytes.try_into().ok().map(Key))
    }

    /// Remembers an entry.
    pub fn put(&self, key: Key, bytes: &[u8]) {
        if self.is_on {
            let sum = pack::checksum(bytes);
            self.lock().add(key, bytes, sum, self.folder.as_deref());
        }
    }

    /// Remembers the key of an entry.
    pub fn put_key(&self, key: Key, other: Key) {
        self.put(key, &other.0);
    }

    /// Keeps what this run has added for later runs, and tidies up.
    ///
    /// # Errors
    /// When the folder cannot be written; what was there is as before.
    pub fn save(self) -> std::io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let mut draft = self.lock();
        if draft.size() == 0 {
            return Ok(());
        }
        let merged = self.to_merge(draft.size());
        self.add_known(&mut draft, &merged, folder);
        draft.finish(folder)?;
        for pack in merged {
            // Another run may have been faster.
            let _ = std::fs::remove_file(self.packs[pack].path());
        }
        mark(folder.parent().unwrap_or(folder))?;
        tidy(folder);
        Ok(())
    }

    /// The packs to write again as one, with so many bytes that come from this run: when there are many, half of them, the
    /// smallest, and those that are not much larger than the smaller ones together. So each entry is written again about as
    /// often as the cache doubles (size-tiered compaction, as in Bigtable, OSDI 2006).
    fn to_merge(&self, added: u64) -> Vec<usize> {
        if self.packs.len() < MANY {
            return Vec::new();
        }
        let mut order: Vec<usize> = (0..self.packs.len()).collect();
        order.sort_by_key(|at| self.packs[*at].size());
        let mut total = added;
        let taken = order.iter().enumerate().take_while(|(count, at)| {
            let size = self.packs[**at].size();
            let fits = total + size <= LIMIT / 2 && (*count < MANY / 2 || size <= 2 * total);
            total += size;
            fits
        });
        let count = taken.count();
        order.truncate(count);
        order
    }

    /// Adds the entries of packs to this run's own.
    fn add_known(&self, draft: &mut Draft, packs: &[usize], folder: &Path) {
        let mut buffer = Vec::new();
        for at in packs {
            let pack = &self.packs[*at];
            for entry in pack.entries() {
                let is_current = self.known.get(&entry.key).is_some_and(|(owner, _)| owner == at);
                if is_current
                    && !draft.has(entry.key)
                    && let Some(bytes) = pack.read(entry, &mut buffer)
                {
                    draft.add(entry.key, bytes, entry.sum, Some(folder));
                }
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Draft> {
        self.added.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn packs_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "pack")).collect()
}

/// Tells backups and searches that this folder can be made again (bford.info/cachedir).
fn mark(folder: &Path) -> std::io::Result<()> {
    let tag = folder.join("CACHEDIR.TAG");
    if tag.exists() {
        return Ok(());
    }
    std::fs::write(tag, "Signature: 8a477f597d28d172789f06886806bc55\n# Cache of ssot; it can be removed.\n")
}

/// Removes what is too old or too much. What cannot be removed stays.
fn tidy(folder: &Path) {
    let age = |path: &Path| {
        let changed = path.metadata().and_then(|data| data.modified()).ok()?;
        SystemTime::now().duration_since(changed).ok()
    };
    let siblings = folder.parent().and_then(|up| std::fs::read_dir(up).ok()).into_iter().flatten().flatten();
    for sibling in siblings.map(|entry| entry.path()).filter(|path| path.is_dir() && path != folder) {
        let is_ours = sibling.file_name().is_some_and(|name| name.len() == BUILD.len());
        if is_ours && age(&sibling).is_some_and(|age| age > KEPT) {
            let _ = std::fs::remove_dir_all(sibling);
        }
    }
    let mut packs: Vec<(Duration, PathBuf, u64)> = packs_in(folder)
        .into_iter()
        .filter_map(|path| Some((age(&path)?, path.clone(), path.metadata().ok()?.len())))
        .collect();
    packs.sort();
    let mut total = 0;
    for (_, path, size) in packs {
        total += size;
        if total > LIMIT {
            let _ = std::fs::remove_file(path);
        }
    }
    let unfinished = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in unfinished.filter(|path| path.extension().is_some_and(|extension| extension == "tmp")) {
        // A run that was killed; one that still writes is younger.
        if age(&path).is_some_and(|age| age > Duration::from_secs(60 * 60)) {
            let _ = std::fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::of("test", [text.as_bytes()])
    }

    fn bytes_of(cache: &Cache, text: &str) -> Option<Vec<u8>> {
        cache.get(key(text), |bytes| Some(bytes.to_vec()))
    }

    #[test]
    fn what_one_run_keeps_the_next_one_has_whatever_happens_to_a_pack() {
        let folder = tempfile::tempdir().expect("folder");
        for run in 0..20 {
            let cache = Cache::open(folder.path());
            for earlier in 0..run {
                let bytes = bytes_of(&cache, &format!("{earlier}"));
                assert_eq!(bytes.as_deref(), Some(&[earlier; 100][..]), "run {run}");
            }
            cache.put(key(&format!("{run}")), &[run; 100]);
            cache.save().expect("saved");
        }
        let packs = packs_in(&folder.path().join(BUILD));
        assert!(packs.len() <= MANY, "packs are merged: {}", packs.len());
        let whole: Vec<Vec<u8>> = packs.iter().map(|pack| std::fs::read(pack).expect("pack")).collect();
        for (path, bytes) in packs.iter().zip(&whole) {
            // Truncated anywhere, or a byte turned over: an entry is right or not there.
            for at in 0..bytes.len() {
                let mut damaged = bytes.clone();
                damaged[at] ^= 0x55;
                for text in [&bytes[..at], damaged.as_slice()] {
                    std::fs::write(path, text).expect("written");
                    let cache = Cache::open(folder.path());
                    for run in 0..20 {
                        let found = bytes_of(&cache, &format!("{run}"));
                        assert!(found.is_none_or(|found| *found == [run; 100]), "byte {at}");
                    }
                }
            }
            std::fs::write(path, bytes).expect("written");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_kept_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("folder");
        let cache = Cache::open(folder.path());
        cache.put(key("a"), b"a");
        cache.save().expect("saved");
        for pack in packs_in(&folder.path().join(BUILD)) {
            let mode = pack.metadata().expect("metadata").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", pack.display());
        }
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_told_and_loses_nothing() {
        let folder = tempfile::tempdir().expect("folder");
        let file = folder.path().join("file");
        std::fs::write(&file, "x").expect("file");
        let cache = Cache::open(&file);
        // More than is written at once.
        for number in 0..40_u8 {
            cache.put(key(&format!("{number}")), &vec![number; 100_000]);
        }
        for number in 0..40_u8 {
            assert_eq!(bytes_of(&cache, &format!("{number}")), Some(vec![number; 100_000]));
        }
        assert!(cache.save().is_err());
        assert!(bytes_of(&Cache::off(), "a").is_none());
    }
}
