//! Numbers -> an exact set: put in order, made to pages, and each asked for.
//!
//! The numbers are gathered as hashes are, scattered over partitions by a bijection. A random share of
//! them then says where ranges of equal content begin; they are gathered anew by these, and each
//! range is sorted and becomes pages of its own.

mod index;
mod pages;
mod recheck;

use std::sync::Arc;

use leaksieve_core::Profile;
use leaksieve_core::encoding::exact::BlockSize;
use leaksieve_core::encoding::exact::number::{MAX_DIGITS, item_of};
use leaksieve_core::file::byte_of;
use leaksieve_core::hash::HashFunction;
use leaksieve_core::sector::{SECTOR_BYTES, SectorIndex, seal};

use crate::file::AtomicFile;
use crate::parallel::ordered_parallel;
use crate::pipeline::encode::EncodeError;
use crate::pipeline::pages::Pages;
use crate::pipeline::partition::{Hashes, MAX_RANGE, NUM_PARTITIONS, Partitions};
use crate::pipeline::ranges::Ranges;
use crate::pipeline::spool::SpoolError;
use crate::sizing::exact::Parameters;
use pages::{Page, PagesOfRange};
pub(crate) use recheck::ask_all;

/// Numbers of a range, about: each range begins a page, and has 500 or more.
const NUMBERS_PER_RANGE: u64 = 1 << 19;
/// Numbers that say how large the blocks should be: so many neighbours, of so many places.
const TRIAL_NUMBERS: usize = 8_192;
const TRIALS: usize = 32;
/// What they may be, as exponents of 10.
const BLOCK_EXPONENTS: [u8; 6] = [0, 3, 4, 5, 6, 7];
/// Odd, so that each number has another product: 2^64 divided by the golden ratio.
const SCATTER: u64 = 0x9E37_79B9_7F4A_7C15;
/// The other way: the product of both is 1.
const GATHER: u64 = 0xF1DE_83E1_9937_733D;
const _: () = assert!(SCATTER.wrapping_mul(GATHER) == 1);

/// A number as one that is as good as a hash: no two have the same. Sums of them tell sets apart,
/// which sums of products would not.
pub(crate) const fn scatter(number: u64) -> u64 {
    let product = number.wrapping_mul(SCATTER);
    (product ^ product >> 32).wrapping_mul(SCATTER)
}

/// The number that was scattered.
const fn gather(key: u64) -> u64 {
    let product = key.wrapping_mul(GATHER);
    (product ^ product >> 32).wrapping_mul(GATHER)
}

/// Numbers, each in its range.
pub(crate) struct Ordered {
    numbers: Hashes,
    ranges: Arc<Ranges>,
}

/// What is written of an exact set.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) num_items: u64,
    /// The index and the directory included.
    pub(crate) num_pages: u32,
    /// Pages of each range.
    pub(crate) pages_of_ranges: Vec<u32>,
    /// Values of the blocks of 10^4 of which some are members.
    pub(crate) num_reached: u64,
}

/// The pages of a range.
struct Made {
    reached: Option<(u64, u64, u64)>,
    num_items: u64,
    made: PagesOfRange,
}

impl Ordered {
    /// Gather scattered numbers anew: they are here then, and not there.
    pub(crate) fn of(
        scattered: &Hashes,
        num_threads: usize,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, SpoolError> {
        let ranges = Arc::new(Ranges::new(begins(scattered)?));
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
        let mut written = Written {
            num_items: 0,
            num_pages: 0,
            pages_of_ranges: Vec::new(),
            num_reached: 0,
        };
        let mut firsts: Vec<u64> = Vec::new();
        let (mut last_reached, mut is_open_from) = (None, None);
        let file_id = pages.file_id;
        let sector = |index: usize| -> Result<SectorIndex, EncodeError> {
            let index = u32::try_from(index).ok();
            let index = index.and_then(|index| pages.first_sector.0.checked_add(index));
            Ok(SectorIndex(index.ok_or(EncodeError::TooLarge)?))
        };
        file.seek(byte_of(pages.first_sector))?;
        ordered_parallel(
            num_threads,
            0..self.num_ranges(),
            || {
                let mut scratch = [Vec::new(), Vec::new()];
                let parameters = &parameters;
                move |range| {
                    let numbers = self.numbers.sorted(range, &mut scratch)?;
                    let end = self.ranges.end(range as usize);
                    Ok(Made {
                        reached: reached(numbers),
                        num_items: numbers.len() as u64,
                        made: pages::pages(numbers, end, block, parameters),
                    })
                }
            },
            |made: Result<Made, SpoolError>| {
                let Made {
                    reached,
                    num_items,
                    made:
                        PagesOfRange {
                            mut pages,
                            open_from,
                        },
                } = made?;
                // Where a page is open, another begins.
                let first = pages.first().map(|page| page.first);
                if let (Some(open_from), Some(first)) = (is_open_from, first)
                    && open_from != first
                {
                    pages.insert(0, Page::empty(open_from, block));
                }
                if first.is_some() {
                    is_open_from = open_from;
                }
                let mut sectors = Vec::with_capacity(pages.len() * SECTOR_BYTES);
                for page in &pages {
                    let sealed = seal(file_id, sector(firsts.len())?, &page.payload);
                    sectors.extend_from_slice(&sealed);
                    firsts.push(page.first);
                }
                file.write(&sectors)?;
                written.num_items += num_items;
                written.pages_of_ranges.push(pages.len() as u32);
                if let Some((first, last, mut num_blocks)) = reached {
                    num_blocks -= u64::from(last_reached == Some(first));
                    last_reached = Some(last);
                    written.num_reached += num_blocks * REACH;
                }
                advance(num_items);
                Ok::<_, EncodeError>(())
            },
        )?;
        if let (Some(open_from), Some(last)) = (is_open_from, written.pages_of_ranges.last_mut()) {
            let page = Page::empty(open_from, block);
            file.write(&seal(file_id, sector(firsts.len())?, &page.payload))?;
            firsts.push(page.first);
            *last += 1;
        }
        let index = index::index(&firsts, block).ok_or(EncodeError::TooLarge)?;
        let num_pages = firsts.len() + index.len();
        for (place, payload) in (firsts.len()..).zip(&index) {
            file.write(&seal(file_id, sector(place)?, payload))?;
        }
        sector(num_pages)?;
        written.num_pages = num_pages as u32;
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
                    for number in numbers {
                        let mut place = [0; MAX_DIGITS + 1];
                        // Each came from an item.
                        if let Some(item) = item_of(profile, *number, &mut place) {
                            writer.push(function.hash_bytes(item));
                        }
                    }
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
        let step = self.num_ranges().div_ceil(TRIALS as u32).max(1) as usize;
        let ranges: Vec<u32> = (0..self.num_ranges()).step_by(step).collect();
        let per_range = TRIALS.div_ceil(ranges.len());
        let sizes = BLOCK_EXPONENTS.into_iter().filter_map(BlockSize::new);
        let mut candidates: Vec<(usize, BlockSize)> = sizes.map(|size| (0, size)).collect();
        for range in ranges {
            let numbers = self.numbers.sorted(range, &mut scratch)?;
            let apart = (numbers.len() / per_range).max(1);
            for start in (0..numbers.len()).step_by(apart) {
                let end = numbers.len().min(start + TRIAL_NUMBERS.min(apart));
                for (num_pages, size) in &mut candidates {
                    // In bytes, so that the last page counts for what is in it.
                    *num_pages += pages::num_bytes(&numbers[start..end], *size, parameters);
                }
            }
        }
        let best = candidates
            .into_iter()
            .min_by_key(|(num_pages, _)| *num_pages);
        Ok(best.map_or(BlockSize::PAGE, |(_, size)| size))
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

/// Numbers that are given out together: who looks for members sees in which of these blocks there are
/// more than false alarms alone would give.
const REACH: u64 = 10_000;

/// The first and the last block that some numbers are in, and how many blocks.
fn reached(numbers: &[u64]) -> Option<(u64, u64, u64)> {
    let first = numbers.first()? / REACH;
    let (mut last, mut end, mut count) = (first, (first + 1) * REACH, 1);
    for number in numbers {
        if *number >= end {
            last = number / REACH;
            end = (last + 1) * REACH;
            count += 1;
        }
    }
    Some((first, last, count))
}

/// Where ranges of about equally many numbers begin, from 0 on. It depends on the set alone.
fn begins(scattered: &Hashes) -> Result<Vec<u64>, SpoolError> {
    let mut scratch = [Vec::new(), Vec::new()];
    let share = scattered.sorted(0, &mut scratch)?;
    let mut share: Vec<u64> = share.iter().map(|key| gather(*key)).collect();
    share.sort_unstable();
    let num_numbers = share.len() as u64 * u64::from(NUM_PARTITIONS);
    // Room for the ranges that are none too wide.
    let most = u64::from(NUM_PARTITIONS) - 2 * (u64::MAX / MAX_RANGE / 2 + 1);
    let num_ranges = (num_numbers / NUMBERS_PER_RANGE).clamp(1, most);
    let mut begins: Vec<u64> = (0..u64::MAX / MAX_RANGE / 2 + 1)
        .map(|range| range * MAX_RANGE)
        .collect();
    begins.extend((1..num_ranges).filter_map(|range| {
        let place = share.len() as u64 * range / num_ranges;
        share.get(place as usize).copied()
    }));
    begins.sort_unstable();
    begins.dedup();
    Ok(begins)
}
