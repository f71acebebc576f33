//! Numbers -> an exact set: put in order, made to pages, and each asked for.
//!
//! The numbers are gathered as hashes are, scattered over partitions by a bijection. A random share of
//! them then says where ranges of equal content begin; they are gathered anew by these, and each
//! range is sorted and becomes pages of its own.

mod index;
mod join;
mod order;
mod pages;
mod recheck;

use std::sync::Arc;

use leaksieve_core::Profile;
use leaksieve_core::encoding::exact::BlockSize;
use leaksieve_core::file::byte_of;
use leaksieve_core::hash::HashFunction;
use leaksieve_core::sector::{Payload, SECTOR_BYTES, SectorIndex, seal};

use crate::file::AtomicFile;
use crate::parallel::ordered_parallel;
use crate::pipeline::encode::EncodeError;
use crate::pipeline::pages::Pages;
use crate::pipeline::partition::{Hashes, NUM_PARTITIONS, Partitions};
use crate::pipeline::ranges::Ranges;
use crate::pipeline::spool::SpoolError;
use crate::sizing::exact::Parameters;
pub(crate) use join::{Join, Made, OfRange, Written};
pub(crate) use order::{BlockTrial, begins, gather, hash_each, parts_of, scatter};
pub(crate) use pages::Page;
pub(crate) use recheck::{ask_all, compare};

/// Numbers, each in its range.
pub(crate) struct Ordered {
    numbers: Hashes,
    ranges: Arc<Ranges>,
}

impl Ordered {
    /// Gather scattered numbers anew: they are here then, and not there.
    pub(crate) fn of(
        scattered: &Hashes,
        num_threads: usize,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, SpoolError> {
        let mut scratch = [Vec::new(), Vec::new()];
        let share = scattered.sorted(0, &mut scratch)?;
        let ranges = Arc::new(Ranges::new(begins(share)));
        let partitions = Partitions::in_ranges(ranges.clone(), scattered);
        ordered_parallel(
            num_threads,
            0..NUM_PARTITIONS,
            || {
                let mut scratch = Vec::new();
                let mut writer = partitions.writer();
                move |partition| {
                    let keys = scattered.take(partition, &mut scratch)?;
                    for key in keys {
                        writer.push(gather(*key));
                    }
                    Ok(keys.len() as u64)
                }
            },
            |moved: Result<u64, SpoolError>| {
                advance(moved?);
                Ok::<_, SpoolError>(())
            },
        )?;
        Ok(Self {
            numbers: partitions.close()?,
            ranges,
        })
    }

    fn num_ranges(&self) -> u32 {
        self.ranges.len() as u32
    }

    /// Write all pages, the index and the directory to their places.
    pub(crate) fn write(
        &self,
        pages: &Pages,
        num_threads: usize,
        file: &mut AtomicFile,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Written, EncodeError> {
        let parameters = Parameters::new();
        let block = self.block_size(&parameters)?;
        let mut join = Join::new(block);
        let file_id = pages.file_id;
        let sector = |index: usize| -> Result<SectorIndex, EncodeError> {
            let index = u32::try_from(index).ok();
            let index = index.and_then(|index| pages.first_sector.0.checked_add(index));
            Ok(SectorIndex(index.ok_or(EncodeError::TooLarge)?))
        };
        file.seek(byte_of(pages.first_sector))?;
        let mut num_written = 0;
        let mut write = |payloads: &mut dyn Iterator<Item = &Payload>| {
            let mut sectors = Vec::with_capacity(payloads.size_hint().0 * SECTOR_BYTES);
            for payload in payloads {
                sectors.extend_from_slice(&seal(file_id, sector(num_written)?, payload));
                num_written += 1;
            }
            Ok::<_, EncodeError>(file.write(&sectors)?)
        };
        ordered_parallel(
            num_threads,
            0..self.num_ranges(),
            || {
                let mut scratch = [Vec::new(), Vec::new()];
                let parameters = &parameters;
                move |range| {
                    let numbers = self.numbers.sorted(range, &mut scratch)?;
                    let end = self.ranges.end(range as usize);
                    Ok(Made::of(numbers, end, block, parameters))
                }
            },
            |made: Result<Made, SpoolError>| {
                let Made { of, payloads } = made?;
                let between = join.range(&of).map(|page| page.payload);
                write(&mut between.iter().chain(&payloads))?;
                advance(of.num_items);
                Ok::<_, EncodeError>(())
            },
        )?;
        if let Some(page) = join.end() {
            write(&mut [page.payload].iter())?;
        }
        let (written, index) = join.index().ok_or(EncodeError::TooLarge)?;
        write(&mut index.iter())?;
        sector(written.num_pages as usize)?;
        Ok(written)
    }

    /// The hash of each number's item, put into partitions.
    pub(crate) fn hash(
        &self,
        profile: &Profile,
        function: HashFunction,
        partitions: &Partitions,
        num_threads: usize,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<(), SpoolError> {
        ordered_parallel(
            num_threads,
            0..self.num_ranges(),
            || {
                let mut scratch = [Vec::new(), Vec::new()];
                let mut writer = partitions.writer();
                move |range| {
                    let numbers = self.numbers.sorted(range, &mut scratch)?;
                    let all = numbers.iter().copied();
                    hash_each(profile, function, all, |hash| writer.push(hash));
                    Ok(numbers.len() as u64)
                }
            },
            |hashed: Result<u64, SpoolError>| {
                advance(hashed?);
                Ok(())
            },
        )
    }

    /// The blocks with which some of the numbers take least.
    fn block_size(&self, parameters: &Parameters) -> Result<BlockSize, SpoolError> {
        let mut scratch = [Vec::new(), Vec::new()];
        let num_ranges = self.num_ranges();
        let mut trial = BlockTrial::default();
        for range in (0..num_ranges).step_by(BlockTrial::step(num_ranges) as usize) {
            let numbers = self.numbers.sorted(range, &mut scratch)?;
            trial.add(numbers, num_ranges, parameters);
        }
        Ok(trial.best())
    }

    /// They are not needed any more.
    pub(crate) fn release(self) {
        self.numbers.release();
    }

    /// The numbers of a range, in order.
    fn range<'a>(
        &self,
        range: u32,
        scratch: &'a mut [Vec<u64>; 2],
    ) -> Result<&'a [u64], SpoolError> {
        self.numbers.sorted(range, scratch)
    }
}
