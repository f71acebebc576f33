//! Hashes that do not fit into memory, in blocks of a file that has no name: however a
//! run ends, the system takes the file back.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::file::{read_exact_at, write_all_at};

/// Hashes of a block: 32 KiB.
pub(crate) const BLOCK_HASHES: usize = 4096;
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

/// Which block of a spool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block(u64);

/// The file. Threads write and read it at the same time.
#[derive(Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    file: File,
    num_blocks: AtomicU64,
}

impl Spool {
    pub(crate) fn create(folder: &Path) -> Result<Self, SpoolError> {
        let file = tempfile::tempfile_in(folder).map_err(|error| SpoolError::Write {
            folder: folder.to_path_buf(),
            written: 0,
            error,
        })?;
        Ok(Self {
            folder: folder.to_path_buf(),
            file,
            num_blocks: AtomicU64::new(0),
        })
    }

    /// Write a block, of [`BLOCK_HASHES`] hashes.
    pub(crate) fn write(&self, hashes: &[u64]) -> Result<Block, SpoolError> {
        debug_assert_eq!(hashes.len(), BLOCK_HASHES);
        let block = self.num_blocks.fetch_add(1, Ordering::Relaxed);
        write_all_at(
            &self.file,
            bytemuck::cast_slice(hashes),
            block * BLOCK_BYTES,
        )
        .map_err(|error| SpoolError::Write {
            folder: self.folder.clone(),
            written: block * BLOCK_BYTES,
            error,
        })?;
        Ok(Block(block))
    }

    /// Append a block's hashes.
    pub(crate) fn read(&self, block: Block, hashes: &mut Vec<u64>) -> Result<(), SpoolError> {
        let start = hashes.len();
        hashes.resize(start + BLOCK_HASHES, 0);
        read_exact_at(
            &self.file,
            bytemuck::cast_slice_mut(&mut hashes[start..]),
            block.0 * BLOCK_BYTES,
        )
        .map_err(|error| SpoolError::Read {
            folder: self.folder.clone(),
            error,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_back_and_no_file_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::create(folder.path()).unwrap();
        let content = |i: u64| -> Vec<u64> { (i << 32..).take(BLOCK_HASHES).collect() };
        let blocks: Vec<Block> = (0..5).map(|i| spool.write(&content(i)).unwrap()).collect();
        let mut hashes = vec![7];
        for i in [3, 0] {
            spool.read(blocks[i], &mut hashes).unwrap();
        }
        assert_eq!(hashes, [vec![7], content(3), content(0)].concat());
        // Nameless where the system can, as here.
        #[cfg(target_os = "linux")]
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert!(Spool::create(&folder.path().join("none")).is_err());
    }
}
