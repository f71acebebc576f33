//! The folder that the driver and all tasks share, and the files in it.
//!
//! A task may run twice, at once, and may be killed: each attempt writes files of names of their own,
//! and only those are read that a committed row names. All go with the folder.

mod sorted;

use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use leaksieve_core::sector::{FileId, Payload, SECTOR_BYTES};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::task::TaskError;
use crate::file::sectors::read_payloads_at;
use crate::pipeline::exact::scatter;
pub(crate) use sorted::{Shares, Slices, Staged, stage};

/// How long tasks may still write when the folder is to be removed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a file of the staging folder is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StagingError {
    /// It could not be written.
    #[error(
        "{}: cannot write: {error}; all machines need to reach this folder under this name, and write there",
        path.display()
    )]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// It could not be read.
    #[error("{}: cannot read: {error}; all machines need to reach this folder under this name", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// It could not be removed.
    #[error(
        "{}: this folder has hashes of the list and cannot be removed: {error}; remove it yourself",
        path.display()
    )]
    Remove {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// It was written, and is another now.
    #[error("{}: does not hold what was written; check the disk, and build again", .0.display())]
    Changed(PathBuf),
}

/// How many hashes, and their sum modulo 2^128: what goes into a shuffle or a file and what comes out of
/// it is compared by these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sum {
    pub(crate) count: u64,
    pub(crate) sum: u128,
}

impl Sum {
    pub(crate) fn add(&mut self, hashes: &[u64]) {
        self.count += hashes.len() as u64;
        let sum = hashes.iter().map(|hash| u128::from(*hash)).sum();
        self.sum = self.sum.wrapping_add(sum);
    }

    /// The same of numbers, as they are scattered: sums of what has an order tell less.
    pub(crate) fn add_numbers(&mut self, numbers: &[u64]) {
        self.count += numbers.len() as u64;
        let scattered = numbers.iter().map(|number| u128::from(scatter(*number)));
        self.sum = self.sum.wrapping_add(scattered.sum());
    }

    pub(crate) const fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.sum = self.sum.wrapping_add(other.sum);
    }

    pub(crate) const fn take_away(&mut self, other: Self) {
        self.count = self.count.wrapping_sub(other.count);
        self.sum = self.sum.wrapping_sub(other.sum);
    }
}

/// The driver's: removed with all files when it is closed, or else dropped.
#[derive(Debug)]
pub(crate) struct Staging {
    folder: TempDir,
    is_closed: bool,
}

impl Staging {
    /// A new folder that only its owner can look into, in one that all machines share.
    pub(crate) fn new(shared: &Path, output: &Path) -> Result<Self, StagingError> {
        let name = output.file_name().unwrap_or_default().to_string_lossy();
        let mut builder = tempfile::Builder::new();
        let prefix = format!(".{name}.");
        builder.prefix(&prefix).suffix(".staging");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(std::fs::Permissions::from_mode(0o700));
        }
        let folder = std::path::absolute(shared).and_then(|shared| builder.tempdir_in(shared));
        let folder = folder.map_err(|error| StagingError::Write {
            path: shared.to_path_buf(),
            error,
        })?;
        Ok(Self {
            folder,
            is_closed: false,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Remove it, or say that it is still there.
    pub(crate) fn close(mut self) -> Result<(), StagingError> {
        let path = self.path().to_path_buf();
        self.is_closed = true;
        self.folder.disable_cleanup(true);
        remove(&path).map_err(|error| StagingError::Remove { path, error })
    }

    /// What tasks are told of it.
    pub(crate) fn folder(&self) -> Folder {
        Folder(self.folder.path().to_path_buf())
    }

    /// Remove the files whose names begin so; one that cannot be removed goes with the folder.
    pub(crate) fn remove(&self, label: &str) {
        let entries = std::fs::read_dir(self.folder.path());
        for entry in entries.into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(label) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.is_closed {
            let _ = remove(self.path());
        }
    }
}

/// Remove the folder. Tasks of a build that failed, and second attempts that are not wanted any more, may
/// write into it for a moment; they do not make it anew. On NFS a file that is open stays, under another
/// name, until it is closed.
fn remove(folder: &Path) -> io::Result<()> {
    let began = Instant::now();
    loop {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if is_in_use(&error) && began.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(50));
            }
            result => return result,
        }
    }
}

fn is_in_use(error: &io::Error) -> bool {
    use io::ErrorKind::{DirectoryNotEmpty, ResourceBusy};
    matches!(error.kind(), DirectoryNotEmpty | ResourceBusy)
}

/// The folder, as a task knows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A new file of its own for this attempt; gives its name, too.
    pub(crate) fn create(&self, label: &str, part: u32) -> Result<(String, NewFile), StagingError> {
        let unique = getrandom::u64().map_err(io::Error::other);
        let name = unique.map(|unique| format!("{label}-{part}-{unique:016x}"));
        let path = self.0.join(name.as_deref().unwrap_or(label));
        let create = |name| {
            let mut options = File::options();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            Ok((name, options.open(&path)?))
        };
        match name.and_then(create) {
            Ok((name, file)) => Ok((name, NewFile { path, file })),
            Err(error) => Err(StagingError::Write { path, error }),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn open(&self, name: &str) -> Result<(PathBuf, File), StagingError> {
        let path = self.path(name);
        match File::open(&path) {
            Ok(file) => Ok((path, file)),
            Err(error) => Err(StagingError::Read { path, error }),
        }
    }
}

/// A file that is written.
pub(crate) struct NewFile {
    path: PathBuf,
    file: File,
}

impl NewFile {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), StagingError> {
        self.file
            .write_all(bytes)
            .map_err(|error| StagingError::Write {
                path: self.path.clone(),
                error,
            })
    }
}

/// Sectors that are numbered from 0, in a file.
pub(crate) struct Sectors {
    path: PathBuf,
    file: File,
    file_id: FileId,
}

impl Sectors {
    pub(crate) fn open(folder: &Folder, name: &str, file_id: FileId) -> Result<Self, StagingError> {
        let (path, file) = folder.open(name)?;
        Ok(Self {
            path,
            file,
            file_id,
        })
    }

    pub(crate) fn read(&self, sectors: Range<u32>) -> Result<Vec<Payload>, TaskError> {
        let byte = u64::from(sectors.start) * SECTOR_BYTES as u64;
        let read = read_payloads_at(&self.file, byte, self.file_id, sectors);
        read.map_err(|error| TaskError::ReadBack {
            path: self.path.clone(),
            error,
        })
    }
}
