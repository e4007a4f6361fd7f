//! One file of entries: the entries, then an index of them, then where the index begins.
//!
//! ```text
//! SSOTPACK │ bytes of every entry │ key, offset, length, checksum of each │ count │ checksum of the index │ SSOTPACK
//! ```

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

use super::Key;

pub(super) const MAGIC: &[u8; 8] = b"SSOTPACK";
const INDEXED: usize = 32 + 8 + 4 + 8;
const FOOTER: usize = 8 + 8 + 8;

/// Where an entry lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) offset: u64,
    pub(super) length: u32,
    pub(super) sum: [u8; 8],
}

impl Entry {
    /// The bytes of the entry in its file, in a buffer that may be larger; none where they are not what was written.
    pub(super) fn read<'b>(&self, file: &File, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]> {
        let length = self.length as usize;
        if buffer.len() < length {
            buffer.resize(length, 0);
        }
        let bytes = &mut buffer[..length];
        read_at(file, bytes, self.offset).ok()?;
        (checksum(bytes) == self.sum).then_some(bytes)
    }
}

/// A pack whose index has been read.
#[derive(Debug)]
pub(super) struct Pack {
    path: PathBuf,
    file: File,
    size: u64,
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
        Some(Self { entries: entries.collect::<Option<_>>()?, path, file, size })
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How much the file takes, in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes of an entry; none where they are not what was written.
    pub(super) fn read<'b>(&self, entry: &Entry, buffer: &'b mut Vec<u8>) -> Option<&'b [u8]> {
        entry.read(&self.file, buffer)
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

/// What tells damaged bytes.
pub(super) fn checksum(bytes: &[u8]) -> [u8; 8] {
    xxh3_64(bytes).to_le_bytes()
}

/// What stands after the entries of a pack.
pub(super) fn ending<'a>(entries: impl Iterator<Item = &'a Entry>) -> Vec<u8> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut count: u64 = 0;
    for entry in entries {
        bytes.extend(entry.key.0);
        bytes.extend(entry.offset.to_le_bytes());
        bytes.extend(entry.length.to_le_bytes());
        bytes.extend(entry.sum);
        count += 1;
    }
    let sum = checksum(&bytes);
    bytes.extend(count.to_le_bytes());
    bytes.extend(sum);
    bytes.extend(MAGIC);
    bytes
}
