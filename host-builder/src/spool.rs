//! Hashes that do not fit into memory, in blocks of files that have no name: however a
//! run ends, the system takes them back.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::file::{read_exact_at, write_all_at};

/// Hashes of a block: 32 KiB.
pub(crate) const BLOCK_HASHES: usize = 4096;
/// Blocks that are written at once: 1 MiB, so that the system's work for a write is little.
const WRITTEN_BLOCKS: usize = 32;
const BLOCK_BYTES: u64 = (BLOCK_HASHES * size_of::<u64>()) as u64;

/// Why hashes could not be put aside.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// They could not be written.
    #[error(
        "{}: cannot hold what does not fit into memory ({written} bytes so far): {error}; \
         name a folder with more room with --temp-dir (8 bytes for each line of the lists), or give more --memory",
        folder.display()
    )]
    Write {
        /// Where.
        folder: PathBuf,
        /// Bytes that were written before.
        written: u64,
        /// What the system said.
        error: io::Error,
    },
    /// They could not be read back.
    #[error("{}: what was put aside there does not read back: {error}; is the disk sound?", folder.display())]
    Read {
        /// Where.
        folder: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

/// Where a block lies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    file: usize,
    index: u64,
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

    pub(crate) fn is_empty(&self) -> bool {
        self.files().is_empty()
    }

    fn files(&self) -> MutexGuard<'_, Vec<Arc<File>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Append a block's hashes.
    pub(crate) fn read(&self, block: Block, hashes: &mut Vec<u64>) -> Result<(), SpoolError> {
        let file = self.files()[block.file].clone();
        let start = hashes.len();
        hashes.resize(start + BLOCK_HASHES, 0);
        read_exact_at(
            &file,
            bytemuck::cast_slice_mut(&mut hashes[start..]),
            block.index * BLOCK_BYTES,
        )
        .map_err(|error| SpoolError::Read {
            folder: self.folder.clone(),
            error,
        })
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
    waiting: Vec<u64>,
}

impl SpoolWriter<'_> {
    /// Put a block aside, of [`BLOCK_HASHES`] hashes.
    pub(crate) fn write(&mut self, hashes: &[u64]) -> Result<Block, SpoolError> {
        debug_assert_eq!(hashes.len(), BLOCK_HASHES);
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
        self.waiting.extend_from_slice(hashes);
        if self.waiting.len() == WRITTEN_BLOCKS * BLOCK_HASHES {
            self.flush()?;
        }
        Ok(Block { file, index })
    }

    /// Write what waits.
    pub(crate) fn flush(&mut self) -> Result<(), SpoolError> {
        if let Some((_, file)) = &self.file {
            let bytes: &[u8] = bytemuck::cast_slice(&self.waiting);
            let num_waiting = (self.waiting.len() / BLOCK_HASHES) as u64;
            let at = (self.num_blocks - num_waiting) * BLOCK_BYTES;
            write_all_at(file, bytes, at).map_err(|error| self.spool.write_error(error))?;
            let num_bytes = bytes.len() as u64;
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
        let content = |i: u64| -> Vec<u64> { (i << 32..).take(BLOCK_HASHES).collect() };
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
