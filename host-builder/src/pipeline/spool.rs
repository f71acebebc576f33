//! Hashes that do not fit into memory, in blocks of files that have no name: however a
//! run ends, the system takes them back.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use leaksieve_core::file::read_exact_at;

use crate::file::sectors::write_all_at;

/// Hashes of a block: 28 KiB.
pub(crate) const BLOCK_HASHES: usize = 4096;
/// Bytes of a hash: those of a block have their highest in common.
const HASH_BYTES: usize = 7;
const LOW_BITS: u64 = (1 << (8 * HASH_BYTES)) - 1;
/// Blocks that are written at once: 896 KiB, so that the system's work for a write is little.
const WRITTEN_BLOCKS: usize = 32;
const BLOCK_BYTES: usize = BLOCK_HASHES * HASH_BYTES;

/// Why hashes could not be put aside.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// They could not be written.
    #[error(
        "{}: cannot write the temporary file ({written} bytes so far): {error}; it needs {HASH_BYTES} bytes \
         for each line that does not fit into memory",
        folder.display()
    )]
    Write {
        /// Where.
        folder: PathBuf,
        /// Bytes that were written before.
        written: u64,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// They could not be read back.
    #[error("{}: cannot read the temporary file back: {error}; check the disk", folder.display())]
    Read {
        /// Where.
        folder: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
}

/// Where a block lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    file: usize,
    index: u64,
    /// What its hashes have in common.
    high_bits: u64,
}

/// The files: one a thread, because writers of one file wait for each other.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    files: Mutex<Vec<Arc<File>>>,
    num_bytes: AtomicU64,
}

impl Spool {
    /// Nothing yet; a file is made when there is something to put into it.
    pub(crate) const fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            files: Mutex::new(Vec::new()),
            num_bytes: AtomicU64::new(0),
        }
    }

    /// A thread's way in.
    pub(crate) const fn writer(&self) -> SpoolWriter<'_> {
        SpoolWriter {
            spool: self,
            file: None,
            num_blocks: 0,
            waiting: Vec::new(),
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.files().is_empty()
    }

    fn files(&self) -> MutexGuard<'_, Vec<Arc<File>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Append a block's hashes.
    pub(crate) fn read(&self, block: Block, hashes: &mut Vec<u64>) -> Result<(), SpoolError> {
        let file = self.files()[block.file].clone();
        // One more, so that 8 bytes can be taken where 7 are meant.
        let mut bytes = [0; BLOCK_BYTES + 1];
        read_exact_at(
            &file,
            &mut bytes[..BLOCK_BYTES],
            block.index * BLOCK_BYTES as u64,
        )
        .map_err(|error| SpoolError::Read {
            folder: self.folder.clone(),
            error,
        })?;
        hashes.extend((0..BLOCK_HASHES).map(|index| {
            let low = bytes[index * HASH_BYTES..].first_chunk().copied();
            block.high_bits | u64::from_le_bytes(low.unwrap_or_default()) & LOW_BITS
        }));
        Ok(())
    }

    fn write_error(&self, error: io::Error) -> SpoolError {
        SpoolError::Write {
            folder: self.folder.clone(),
            written: self.num_bytes.load(Ordering::Relaxed),
            error,
        }
    }
}

/// One thread's way in. What it was given can be read after [`flush`](Self::flush).
#[derive(Debug)]
pub(crate) struct SpoolWriter<'a> {
    spool: &'a Spool,
    /// Its number, and itself.
    file: Option<(usize, Arc<File>)>,
    /// Written or waiting.
    num_blocks: u64,
    waiting: Vec<u8>,
}

impl SpoolWriter<'_> {
    /// Put a block aside, of [`BLOCK_HASHES`] hashes whose highest bytes are the same.
    pub(crate) fn write(&mut self, hashes: &[u64]) -> Result<Block, SpoolError> {
        let high_bits = hashes.first().map_or(0, |hash| hash & !LOW_BITS);
        debug_assert_eq!(hashes.len(), BLOCK_HASHES);
        debug_assert!(hashes.iter().all(|hash| hash & !LOW_BITS == high_bits));
        let file = match &self.file {
            Some((number, _)) => *number,
            None => {
                let file = tempfile::tempfile_in(&self.spool.folder)
                    .map_err(|error| self.spool.write_error(error))?;
                let file = Arc::new(file);
                let mut files = self.spool.files();
                let number = files.len();
                files.push(file.clone());
                self.file = Some((number, file));
                number
            }
        };
        let index = self.num_blocks;
        self.num_blocks += 1;
        // Of 8 bytes, the last is written over by those of the next hash.
        let start = self.waiting.len();
        self.waiting.resize(start + BLOCK_BYTES + 1, 0);
        for (index, hash) in hashes.iter().enumerate() {
            let at = start + index * HASH_BYTES;
            self.waiting[at..at + size_of::<u64>()].copy_from_slice(&hash.to_le_bytes());
        }
        self.waiting.truncate(start + BLOCK_BYTES);
        if self.waiting.len() == WRITTEN_BLOCKS * BLOCK_BYTES {
            self.flush()?;
        }
        Ok(Block {
            file,
            index,
            high_bits,
        })
    }

    /// Write what waits.
    pub(crate) fn flush(&mut self) -> Result<(), SpoolError> {
        if let Some((_, file)) = &self.file {
            let num_bytes = self.waiting.len() as u64;
            let at = self.num_blocks * BLOCK_BYTES as u64 - num_bytes;
            write_all_at(file, &self.waiting, at).map_err(|error| self.spool.write_error(error))?;
            self.spool.num_bytes.fetch_add(num_bytes, Ordering::Relaxed);
            self.waiting.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_back_and_no_file_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path().to_path_buf());
        assert!(spool.is_empty());
        let content = |i: u64| -> Vec<u64> { (i << 56 | i..).take(BLOCK_HASHES).collect() };
        let mut writers = [spool.writer(), spool.writer()];
        let blocks: Vec<Block> = (0..100)
            .map(|i| writers[i as usize % 2].write(&content(i)).unwrap())
            .collect();
        for mut writer in writers {
            writer.flush().unwrap();
        }
        let mut hashes = vec![7];
        for i in [99, 0, 63] {
            spool.read(blocks[i], &mut hashes).unwrap();
        }
        assert_eq!(
            hashes,
            [vec![7], content(99), content(0), content(63)].concat()
        );
        // Nameless where the system can, as here.
        #[cfg(target_os = "linux")]
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let nowhere = Spool::new(folder.path().join("none"));
        assert!(nowhere.writer().write(&content(0)).is_err());
    }
}
