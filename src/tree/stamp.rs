//! How a file looks from outside: one that still looks as it did when it was read need not be read again.
//!
//! As git tells files that changed (its `Documentation/technical/racy-git.txt`): by device, inode, size, and the times of the
//! last change of content and of status, the second of which no program can set. A file that changed just before it was read
//! might change again within what its clock can tell apart: it is read each time until it is older.

use std::fs::Metadata;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::cache::{BUILD, Key};
use crate::lang::Target;
use crate::source::Language;

/// The coarsest clock of a file system in use (FAT, HFS+), with as much again.
const TOO_YOUNG: Duration = Duration::from_secs(4);

/// Which files are old enough to be known by their looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamps {
    newest: SystemTime,
    target: Target,
}

impl Stamps {
    /// Those of files that are looked at from now on.
    pub(super) fn new(target: Target) -> Self {
        Self { newest: SystemTime::now() - TOO_YOUNG, target }
    }

    /// What a file goes by without being read; none where its looks say too little.
    pub(super) fn of(&self, path: &Path, language: Language, found: &Metadata) -> Option<Key> {
        let (changed, looks) = looks(found)?;
        if changed > self.newest {
            return None;
        }
        let about = format!("{BUILD} {language:?} {:?}", self.target);
        let parts = [about.as_bytes(), path.as_os_str().as_encoded_bytes(), looks.as_bytes()];
        Some(Key::of("stamp", parts))
    }
}

/// When a file changed last, and what it looks like.
#[cfg(unix)]
fn looks(found: &Metadata) -> Option<(SystemTime, String)> {
    use std::os::unix::fs::MetadataExt;
    let time = |seconds: i64, nanoseconds: i64| {
        let since = Duration::new(seconds.try_into().ok()?, nanoseconds.try_into().ok()?);
        SystemTime::UNIX_EPOCH.checked_add(since)
    };
    let modified = time(found.mtime(), found.mtime_nsec())?;
    let changed = time(found.ctime(), found.ctime_nsec())?;
    let looks = format!("{} {} {} {modified:?} {changed:?}", found.dev(), found.ino(), found.size());
    Some((modified.max(changed), looks))
}

/// Elsewhere nothing tells that a program has set the time of the last change back.
#[cfg(not(unix))]
fn looks(_: &Metadata) -> Option<(SystemTime, String)> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::cache::Cache;
    use crate::lang::Platform;
    use crate::link::references::Uses;
    use crate::source::RoleTable;
    use crate::tree::{EnvironmentChoice, ReadOptions, scan};

    fn stamp(path: &Path, age: Duration) -> Option<Key> {
        let stamps = Stamps { newest: SystemTime::now() + age - TOO_YOUNG, target: Target::default() };
        stamps.of(path, Language::Python, &std::fs::metadata(path).expect("metadata"))
    }

    #[test]
    fn a_file_is_known_by_its_looks_once_it_is_old_enough() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.py");
        std::fs::write(&path, "x = 1\n").expect("written");
        assert_eq!(stamp(&path, Duration::ZERO), None);
        let later = TOO_YOUNG + Duration::from_secs(1);
        let before = stamp(&path, later).expect("old enough");
        assert_eq!(stamp(&path, later), Some(before));

        // As many bytes, and the time of the last change set back.
        let modified = std::fs::metadata(&path).and_then(|found| found.modified()).expect("time");
        std::thread::sleep(Duration::from_millis(20));
        std::fs::write(&path, "x = 2\n").expect("written");
        File::options().write(true).open(&path).and_then(|file| file.set_modified(modified)).expect("set");
        let after = stamp(&path, later).expect("old enough");
        assert_ne!(before, after, "the time of the last change of status is later");

        // A time in the future is none to go by.
        let future = SystemTime::now() + Duration::from_secs(3600);
        File::options().write(true).open(&path).and_then(|file| file.set_modified(future)).expect("set");
        assert_eq!(stamp(&path, later), None);
    }

    #[test]
    fn a_file_that_looks_as_it_did_is_not_read_again() {
        let tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/trees/chat_service");
        let roles = RoleTable::new([]).expect("no roles");
        let options = ReadOptions {
            paths: vec![tree.clone()],
            respects_ignore: true,
            roles: &roles,
            environment: EnvironmentChoice::None,
            python_minor: None,
            platform: Platform::Linux,
            reads_prose: false,
            uses: Uses::Nothing,
        };
        let cache = Cache::in_memory();
        let before = scan(&options, &cache).expect("scanned").digest().expect("with a cache");
        assert_eq!(scan(&options, &cache).expect("scanned").digest(), Some(before));

        // Two files change places in the cache alone.
        let paths = ["scripts/load_test.py", "scripts/watch_pulse.py"]
            .map(|path| tree.join(path).canonicalize().expect("file"));
        let stamps = paths.each_ref().map(|path| stamp(path, Duration::ZERO).expect("an old file"));
        let keys = stamps.map(|stamp| cache.get_key(stamp).expect("it was remembered"));
        cache.put_key(stamps[0], keys[1]);
        assert_ne!(scan(&options, &cache).expect("scanned").digest(), Some(before));
        assert_eq!(scan(&options, &Cache::in_memory()).expect("scanned").digest(), Some(before));
    }
}
