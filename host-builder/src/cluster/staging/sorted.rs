//! The hashes of a part, or its numbers, in a file.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::ops::Range;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::super::blob::{self, Damaged, Decoder};
use super::super::task::TaskError;
use super::{Folder, StagingError, Sum};
use crate::pipeline::partition::range_of_bits;
use crate::pipeline::sort::{sort_and_dedup, sort_and_dedup_keys};

/// Hashes that are sorted at once, about: they and what they are sorted into are 2 MiB.
const SLICE_HASHES: u64 = 1 << 17;

/// Of numbers one of so many, of each blob, says where slices begin.
const ONE_OF: usize = 256;

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

    /// Sums of numbers are those of hashes.
    fn add(&self, keys: &[u64], sum: &mut Sum) {
        match self {
            Self::Bits { .. } => sum.add(keys),
            Self::Ranges(_) => sum.add_numbers(keys),
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
    /// Any numbers.
    Numbers,
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
    let num_hashes: u64 = decoders.iter().map(Decoder::num_left).sum();
    let num_slices = num_hashes.div_ceil(SLICE_HASHES).max(1);
    let slicing = match shares {
        Shares::Ranges(bounds) => Slicing::Ranges(bounds),
        Shares::Numbers => Slicing::Ranges(bounds_of(blobs, num_slices as usize)?),
        Shares::Bits(num_bits) => Slicing::Bits {
            num_bits,
            slice_bits: num_slices.next_power_of_two().ilog2(),
        },
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
        slicing.add(&hashes, &mut came);
        slicing.sort(&mut hashes, &mut scratch);
        slicing.add(&hashes, &mut distinct);
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

/// Where so many slices of about equally many numbers begin, and at last where they end.
fn bounds_of(blobs: &[Vec<u8>], num_slices: usize) -> Result<Vec<u64>, Damaged> {
    let (mut some, mut numbers) = (Vec::new(), Vec::new());
    for blob in blobs {
        numbers.clear();
        Decoder::new(blob)?.take_up_to(u64::MAX, &mut numbers)?;
        some.extend(numbers.iter().step_by(ONE_OF));
    }
    some.sort_unstable();
    let begins = (1..num_slices).filter_map(|slice| some.get(some.len() * slice / num_slices));
    let mut bounds: Vec<u64> = [0].into_iter().chain(begins.copied()).collect();
    bounds.dedup();
    bounds.push(u64::MAX);
    Ok(bounds)
}

/// The range of a slice, and its hashes, sorted.
type Slice<'h> = (Range<u128>, &'h [u64]);

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

    /// The next slice. At the end the whole file was what was written,
    /// or this is an error.
    pub(crate) fn next(&mut self) -> Result<Option<Slice<'_>>, StagingError> {
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
        self.staged.slicing.add(&self.hashes, &mut self.read);
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Staging;
    use super::*;
    use crate::pipeline::exact::scatter;

    /// Blobs of keys that overlap or not, of several slices: what comes back is all of them, once.
    #[test]
    fn what_is_staged_is_read() {
        let shared = tempfile::tempdir().unwrap();
        let staging = Staging::new(shared.path(), Path::new("a.lsv")).unwrap();
        let folder = staging.folder();
        let num = 3 * SLICE_HASHES + 1;
        let hashes: Vec<u64> = (0..num)
            .map(|number| scatter(number) >> 6 | 5 << 58)
            .collect();
        let numbers: Vec<u64> = (0..num).map(|number| number * number).collect();
        let bounds = vec![0, 1, 1 << 30, 1 << 31, 1 << 50, u64::MAX];
        for (keys, shares, least_slices) in [
            (&hashes, Shares::Bits(6), 4),
            (&numbers, Shares::Numbers, 4),
            (&numbers, Shares::Ranges(bounds), 5),
            (&Vec::new(), Shares::Numbers, 1),
        ] {
            let mut expected = keys.clone();
            expected.sort_unstable();
            let mut blobs = Vec::new();
            // The first half twice, in rows; the other half in turns.
            let (first, second) = keys.split_at(keys.len() / 2);
            let turns = (0..3).map(|turn| second.iter().skip(turn).step_by(3).copied().collect());
            let rows = [first, first]
                .into_iter()
                .flat_map(|half| half.chunks(50_000));
            let rows = rows.map(<[u64]>::to_vec);
            for mut keys in turns.chain(rows).collect::<Vec<Vec<u64>>>() {
                keys.sort_unstable();
                let mut blob = Vec::new();
                blob::encode(&keys, &mut blob);
                blobs.push(blob);
            }
            let mut seen = Vec::new();
            let see = |_, slice: &[u64]| seen.extend_from_slice(slice);
            let (staged, came) = stage(&folder, "test", shares, 5, &blobs, see).unwrap();
            assert_eq!(came.count, (keys.len() + first.len()) as u64);
            assert_eq!(staged.distinct.count, keys.len() as u64);
            assert!(seen == expected);
            let mut slices = Slices::open(&folder, &staged).unwrap();
            let (mut read, mut num_slices) = (Vec::new(), 0);
            while let Some((range, slice)) = slices.next().unwrap() {
                assert!(slice.iter().all(|key| range.contains(&u128::from(*key))));
                read.extend_from_slice(slice);
                num_slices += 1;
            }
            assert!(read == expected && num_slices >= least_slices);
            assert_eq!(slices.read(), staged.distinct);
        }
    }
}
