//! The folder that the driver and all tasks share, and the files in it.
//!
//! A task may run twice, at once, and may be killed: each attempt writes files of names of their own,
//! and only those are read that a committed row names. All go with the folder.

use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use leaksieve_core::sector::{FileId, Payload, SECTOR_BYTES};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::blob::{self, Damaged, Decoder};
use super::task::TaskError;
use crate::file::sectors::read_payloads_at;
use crate::pipeline::partition::range_of_bits;
use crate::pipeline::sort::{sort_and_dedup, sort_and_dedup_keys};

/// Hashes that are sorted at once, about: they and what they are sorted into are 2 MiB.
const SLICE_HASHES: u64 = 1 << 17;

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
        "{}: the new file was saved, but this folder cannot be removed: {error}; it has hashes of the list: remove it",
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

    pub(crate) const fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.sum = self.sum.wrapping_add(other.sum);
    }

    pub(crate) const fn take_away(&mut self, other: Self) {
        self.count = self.count.wrapping_sub(other.count);
        self.sum = self.sum.wrapping_sub(other.sum);
    }
}

/// The driver's: removed with all files when it is dropped.
#[derive(Debug)]
pub(crate) struct Staging {
    folder: TempDir,
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
        Ok(Self { folder })
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Remove it, or say that it is still there.
    pub(crate) fn close(self) -> Result<(), StagingError> {
        let path = self.path().to_path_buf();
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
        let _ = remove(self.path());
    }
}

/// Remove the folder. Tasks of a build that failed, and second attempts that are not wanted any more, may
/// write into it for a moment; they do not make it anew.
fn remove(folder: &Path) -> io::Result<()> {
    let began = Instant::now();
    loop {
        match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error)
                if error.kind() == io::ErrorKind::DirectoryNotEmpty
                    && began.elapsed() < PATIENCE =>
            {
                std::thread::sleep(Duration::from_millis(50));
            }
            result => return result,
        }
    }
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

/// How the keys of a part lie in slices, one behind the other.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Slicing {
    /// Hashes: they have the first bits in common, and those behind choose a slice.
    Bits { num_bits: u32, slice_bits: u32 },
    /// Numbers: where ranges begin, and at last where they end.
    Ranges(Vec<u64>),
}

impl Slicing {
    /// The keys that a slice can have; `None`: there are fewer slices.
    fn range(&self, part: u32, slice: usize) -> Option<Range<u128>> {
        match self {
            Self::Bits {
                num_bits,
                slice_bits,
            } => {
                let first_bits = part & ((1 << num_bits) - 1);
                let slice = u32::try_from(slice).ok()?;
                (slice >> slice_bits == 0)
                    .then(|| range_of_bits(num_bits + slice_bits, first_bits << slice_bits | slice))
            }
            Self::Ranges(bounds) => match bounds.get(slice..)? {
                [begin, end, ..] => Some((*begin).into()..(*end).into()),
                _ => None,
            },
        }
    }

    fn sort(&self, keys: &mut Vec<u64>, scratch: &mut Vec<u64>) {
        match self {
            Self::Bits {
                num_bits,
                slice_bits,
            } => sort_and_dedup(keys, scratch, num_bits + slice_bits),
            Self::Ranges(_) => sort_and_dedup_keys(keys, scratch),
        }
    }
}

/// The distinct hashes of a part, sorted, in a file: slices one after the other, each a blob behind its
/// length (4 bytes, little-endian).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Staged {
    pub(crate) part: u32,
    name: String,
    slicing: Slicing,
    /// Of what is in it.
    pub(crate) distinct: Sum,
}

/// Which keys a part may have.
pub(crate) enum Shares {
    /// Hashes whose first bits, so many, are the part's number, or its lowest bits.
    Bits(u32),
    /// Numbers of ranges: see [`Slicing::Ranges`].
    Ranges(Vec<u64>),
}

/// Sort what came for a part, blobs each of which is sorted, and write it once; gives the sum of what
/// came, too. `see` is given each slice with its number.
pub(crate) fn stage(
    folder: &Folder,
    label: &str,
    shares: Shares,
    part: u32,
    blobs: &[Vec<u8>],
    mut see: impl FnMut(usize, &[u64]),
) -> Result<(Staged, Sum), TaskError> {
    let mut decoders: Vec<Decoder<'_>> = blobs
        .iter()
        .map(|blob| Decoder::new(blob))
        .collect::<Result<_, Damaged>>()?;
    let slicing = match shares {
        Shares::Ranges(bounds) => Slicing::Ranges(bounds),
        Shares::Bits(num_bits) => {
            let num_hashes: u64 = decoders.iter().map(Decoder::num_left).sum();
            let num_slices = num_hashes.div_ceil(SLICE_HASHES).max(1);
            Slicing::Bits {
                num_bits,
                slice_bits: num_slices.next_power_of_two().ilog2(),
            }
        }
    };
    let first = slicing.range(part, 0).map_or(0, |range| range.start);
    let is_before =
        |decoder: &Decoder<'_>| decoder.next().is_some_and(|next| u128::from(next) < first);
    if decoders.iter().any(is_before) {
        return Err(Damaged.into());
    }
    let (name, mut file) = folder.create(label, part)?;
    let (mut came, mut distinct) = (Sum::default(), Sum::default());
    let (mut hashes, mut scratch, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
    let mut slice = 0;
    while let Some(range) = slicing.range(part, slice) {
        hashes.clear();
        for decoder in &mut decoders {
            decoder.take_up_to((range.end - 1) as u64, &mut hashes)?;
        }
        came.add(&hashes);
        slicing.sort(&mut hashes, &mut scratch);
        distinct.add(&hashes);
        see(slice, &hashes);
        bytes.clear();
        bytes.extend_from_slice(&[0; size_of::<u32>()]);
        blob::encode(&hashes, &mut bytes);
        let length = (bytes.len() - size_of::<u32>()) as u32;
        bytes[..size_of::<u32>()].copy_from_slice(&length.to_le_bytes());
        file.write(&bytes)?;
        slice += 1;
    }
    if decoders.iter().any(|decoder| decoder.next().is_some()) {
        return Err(Damaged.into());
    }
    let staged = Staged {
        part,
        name,
        slicing,
        distinct,
    };
    Ok((staged, came))
}

/// Reads a part's file, slice by slice.
pub(crate) struct Slices<'s> {
    staged: &'s Staged,
    path: PathBuf,
    file: BufReader<File>,
    next: usize,
    read: Sum,
    bytes: Vec<u8>,
    hashes: Vec<u64>,
}

impl<'s> Slices<'s> {
    pub(crate) fn open(folder: &Folder, staged: &'s Staged) -> Result<Self, StagingError> {
        let (path, file) = folder.open(&staged.name)?;
        Ok(Self {
            staged,
            path,
            file: BufReader::with_capacity(1 << 16, file),
            next: 0,
            read: Sum::default(),
            bytes: Vec::new(),
            hashes: Vec::new(),
        })
    }

    /// The next slice: its range, and its hashes, sorted. At the end the whole file was what was written,
    /// or this is an error.
    pub(crate) fn next(&mut self) -> Result<Option<(Range<u128>, &[u64])>, StagingError> {
        let Some(range) = self.next_blob()? else {
            return if self.read == self.staged.distinct {
                Ok(None)
            } else {
                Err(self.changed())
            };
        };
        self.hashes.clear();
        let last = (range.end - 1) as u64;
        let decoded = Decoder::new(&self.bytes).and_then(|mut decoder| {
            decoder.take_up_to(last, &mut self.hashes)?;
            Ok(decoder.next().is_none())
        });
        let first = self.hashes.first();
        if decoded != Ok(true) || first.is_some_and(|first| u128::from(*first) < range.start) {
            return Err(self.changed());
        }
        self.read.add(&self.hashes);
        Ok(Some((range, &self.hashes)))
    }

    /// The next slice, not yet decoded.
    fn next_blob(&mut self) -> Result<Option<Range<u128>>, StagingError> {
        let Some(range) = self.staged.slicing.range(self.staged.part, self.next) else {
            return Ok(None);
        };
        self.next += 1;
        let mut length = [0; size_of::<u32>()];
        let read = self.file.read_exact(&mut length).and_then(|()| {
            let length = u64::from(u32::from_le_bytes(length));
            self.bytes.clear();
            self.file.by_ref().take(length).read_to_end(&mut self.bytes)
        });
        match read {
            Ok(_) => Ok(Some(range)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(self.changed()),
            Err(error) => {
                let path = self.path.clone();
                Err(StagingError::Read { path, error })
            }
        }
    }

    /// All slices that are left, as blobs.
    pub(crate) fn blobs(mut self) -> Result<Vec<Vec<u8>>, StagingError> {
        let mut blobs = Vec::new();
        while self.next_blob()?.is_some() {
            blobs.push(std::mem::take(&mut self.bytes));
        }
        Ok(blobs)
    }

    /// The number and the sum of what was read.
    pub(crate) const fn read(&self) -> Sum {
        self.read
    }

    fn changed(&self) -> StagingError {
        StagingError::Changed(self.path.clone())
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
