//! One file of entries: the entries, then an index of them, then where the index begins.
//!
//! ```text
//! SSOTPACK │ bytes of every entry │ key, offset, length, checksum of each │ count │ checksum of the index │ SSOTPACK
//! ```

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Key;

const MAGIC: &[u8; 8] = b"SSOTPACK";
const INDEXED: usize = 32 + 8 + 4 + 8;
const FOOTER: usize = 8 + 8 + 8;

/// Where an entry lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) key: Key,
    offset: u64,
    pub(super) length: u32,
    sum: [u8; 8],
}

/// A pack whose index has been read.
#[derive(Debug)]
pub(super) struct Pack {
    path: PathBuf,
    file: File,
    entries: Vec<Entry>,
}

impl Pack {
    /// Reads the index; none for a file that is not whole.
    pub(super) fn open(path: PathBuf) -> Option<Self> {
        let mut file = File::open(&path).ok()?;
        let size = file.metadata().ok()?.len();
        let mut footer = [0; FOOTER];
        file.seek(SeekFrom::Start(size.checked_sub(FOOTER as u64)?)).ok()?;
        file.read_exact(&mut footer).ok()?;
        let (count, rest) = footer.split_first_chunk::<8>()?;
        let (sum, magic) = rest.split_first_chunk::<8>()?;
        if magic != MAGIC {
            return None;
        }
        let length = u64::from_le_bytes(*count).checked_mul(INDEXED as u64)?;
        let start = size.checked_sub(FOOTER as u64)?.checked_sub(length)?;
        let mut index = vec![0; usize::try_from(length).ok()?];
        file.seek(SeekFrom::Start(start)).ok()?;
        file.read_exact(&mut index).ok()?;
        if checksum(&index) != *sum {
            return None;
        }
        let entries = index.chunks_exact(INDEXED).map(|bytes| {
            let (key, rest) = bytes.split_first_chunk::<32>()?;
            let (offset, rest) = rest.split_first_chunk::<8>()?;
            let (length, rest) = rest.split_first_chunk::<4>()?;
            Some(Entry {
                key: Key(*key),
                offset: u64::from_le_bytes(*offset),
                length: u32::from_le_bytes(*length),
                sum: rest.try_into().ok()?,
            })
        });
        Some(Self { entries: entries.collect::<Option<_>>()?, path, file })
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes of an entry; none where they are not what was written.
    pub(super) fn read(&self, entry: &Entry) -> Option<Vec<u8>> {
        let mut bytes = vec![0; entry.length as usize];
        read_at(&self.file, &mut bytes, entry.offset).ok()?;
        (checksum(&bytes) == entry.sum).then_some(bytes)
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut offset: u64) -> std::io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, offset)? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            count => {
                bytes = &mut bytes[count..];
                offset += count as u64;
            }
        }
    }
    Ok(())
}

fn checksum(bytes: &[u8]) -> [u8; 8] {
    let mut sum = [0; 8];
    sum.copy_from_slice(&blake3::hash(bytes).as_bytes()[..8]);
    sum
}

/// Writes a pack into a folder. Entries that are `None` are left out.
pub(super) fn write(
    folder: &Path,
    entries: impl Iterator<Item = Option<(Key, Arc<[u8]>)>>,
) -> std::io::Result<()> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let name = format!("{since:024}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let beside = folder.join(format!("{name}.tmp"));
    let written = write_file(&beside, entries)
        .and_then(|()| std::fs::rename(&beside, folder.join(format!("{name}.pack"))));
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}

fn write_file(path: &Path, entries: impl Iterator<Item = Option<(Key, Arc<[u8]>)>>) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    out.write_all(MAGIC)?;
    let mut offset = MAGIC.len() as u64;
    let mut index: Vec<u8> = Vec::new();
    let mut count: u64 = 0;
    for (key, bytes) in entries.flatten() {
        let Ok(length) = u32::try_from(bytes.len()) else { continue };
        out.write_all(&bytes)?;
        index.extend(key.0);
        index.extend(offset.to_le_bytes());
        index.extend(length.to_le_bytes());
        index.extend(checksum(&bytes));
        offset += u64::from(length);
        count += 1;
    }
    out.write_all(&index)?;
    out.write_all(&count.to_le_bytes())?;
    out.write_all(&checksum(&index))?;
    out.write_all(MAGIC)?;
    out.flush()
}
