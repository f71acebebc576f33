//! Hashes -> partitions by their top bits, in memory while they fit and in a spool
//! beyond; then sorted and without duplicates, one partition at a time.
//!
//! Pages grow with the hash (`leaksieve_core::encoding::Layer::page_of`), so partitions in
//! order give pages in order. Writes are combined: a thread gathers some hashes of a
//! partition before it takes the partition's lock, so that a billion hashes are moved
//! by cache lines and not one by one (Balkesen, Teubner, Alonso, Ozsu, "Main-Memory Hash
//! Joins on Multi-Core CPUs", ICDE 2013, section 5).

use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::parallel::ordered_parallel;
use crate::pipeline::count::{Count, Counting};
use crate::pipeline::ranges::Ranges;
use crate::pipeline::sort::{sort_and_dedup, sort_and_dedup_keys};
use crate::pipeline::spool::{BLOCK_HASHES, Block, Spool, SpoolError, SpoolWriter};

/// Top bits that choose a partition. The buffers of so many stay in a core's caches, and
/// so does a partition of a billion hashes, nearly: it is 8 MB.
const PARTITION_BITS: u32 = 10;
const _: () = assert!(
    PARTITION_BITS >= 8,
    "a block of the spool has a byte in common"
);
/// Number of partitions.
pub const NUM_PARTITIONS: u32 = 1 << PARTITION_BITS;
/// Hashes that a thread gathers for a partition: 256 KiB for all of them.
const WRITE_COMBINED: usize = 32;
/// Memory beside the hashes: the last block of each partition, also of what a ribbon bumps,
/// batches of input, and the partitions that are sorted and encoded at the moment. Of 10^8
/// lines and the least memory, a Bloom filter took 114 MiB in all, a ribbon 164.
const OTHER_BYTES: u64 = 192 << 20;
/// Least memory that a build can be given: 256 MiB.
pub const MIN_MEMORY_BYTES: u64 = 256 << 20;
const fn partition_of(hash: u64) -> usize {
    (hash >> (u64::BITS - PARTITION_BITS)) as usize
}

/// The hashes that a partition can have; the end may be 2^64.
pub const fn range_of(partition: u32) -> Range<u128> {
    range_of_bits(PARTITION_BITS, partition)
}

/// The hashes whose first `num_bits` bits are this number; the end may be 2^64.
pub(crate) const fn range_of_bits(num_bits: u32, first_bits: u32) -> Range<u128> {
    let shift = u64::BITS - num_bits;
    (first_bits as u128) << shift..(first_bits as u128 + 1) << shift
}

/// How keys are shared out.
#[derive(Clone, Debug)]
enum Split {
    /// By their top bits: they are hashes, or as good.
    TopBits,
    /// By the range that a key is in; it is kept as what it is above the range's begin.
    Ranges(Arc<Ranges>),
}

/// Widest range of keys in a partition, so that they have their top byte in common.
pub(crate) const MAX_RANGE: u64 = 1 << 56;

/// Hashes of one partition.
#[derive(Debug, Default)]
struct Partition {
    /// All are full but the last, which is being filled.
    chunks: Vec<Vec<u64>>,
    /// Those that did not fit.
    blocks: Vec<Block>,
    /// Sorted and distinct: then they are the only chunk.
    is_sorted: bool,
}

/// Memory that partitions share.
#[derive(Debug)]
struct Room {
    /// Full chunks that may still be kept.
    num_free: AtomicU64,
    /// Those that are empty again: the allocator would keep them for the thread that had them.
    emptied: Mutex<Vec<Vec<u64>>>,
}

impl Room {
    fn chunk(&self) -> Vec<u64> {
        let emptied = self.emptied.lock().ok().and_then(|mut all| all.pop());
        emptied.unwrap_or_else(|| Vec::with_capacity(BLOCK_HASHES))
    }

    fn give_back(&self, mut chunks: Vec<Vec<u64>>) {
        // The one that is being filled was not taken from the budget.
        let num_full: usize = chunks.iter().map(|chunk| chunk.len() / BLOCK_HASHES).sum();
        self.num_free.fetch_add(num_full as u64, Ordering::Relaxed);
        chunks.retain(|chunk| chunk.capacity() == BLOCK_HASHES);
        chunks.iter_mut().for_each(Vec::clear);
        if let Ok(mut emptied) = self.emptied.lock() {
            emptied.append(&mut chunks);
        }
    }
}

/// Partitions that threads put hashes into.
pub struct Partitions {
    split: Split,
    partitions: Vec<Mutex<Partition>>,
    room: Arc<Room>,
    spool: Spool,
    failed: AtomicBool,
    error: Mutex<Option<SpoolError>>,
    /// Of all hashes, duplicates included.
    sum: Mutex<u128>,
}

impl Partitions {
    /// None yet. All together may take `memory_bytes`, at least [`MIN_MEMORY_BYTES`];
    /// what does not fit is put into a file in `temp_folder`.
    pub fn new(memory_bytes: u64, temp_folder: PathBuf) -> Self {
        let chunk_bytes = (BLOCK_HASHES * size_of::<u64>()) as u64;
        let free_chunks = memory_bytes.saturating_sub(OTHER_BYTES) / chunk_bytes;
        let room = Room {
            num_free: free_chunks.into(),
            emptied: Mutex::default(),
        };
        Self::with_room(Split::TopBits, Arc::new(room), temp_folder)
    }

    /// Others, which share the memory with these.
    pub(crate) fn beside(&self) -> Self {
        let folder = self.spool.folder().to_path_buf();
        Self::with_room(Split::TopBits, self.room.clone(), folder)
    }

    /// None yet, with the memory that those hashes have left.
    pub(crate) fn with_memory_left(hashes: &Hashes) -> Self {
        let folder = hashes.spool.folder().to_path_buf();
        Self::with_room(Split::TopBits, hashes.room.clone(), folder)
    }

    /// None yet, with the memory that those hashes have left, of keys in order: a partition for each
    /// range, at most [`NUM_PARTITIONS`] of at most [`MAX_RANGE`] values.
    pub(crate) fn in_ranges(ranges: Arc<Ranges>, hashes: &Hashes) -> Self {
        let folder = hashes.spool.folder().to_path_buf();
        Self::with_room(Split::Ranges(ranges), hashes.room.clone(), folder)
    }

    fn with_room(split: Split, room: Arc<Room>, temp_folder: PathBuf) -> Self {
        Self {
            split,
            partitions: (0..NUM_PARTITIONS).map(|_| Mutex::default()).collect(),
            room,
            spool: Spool::new(temp_folder),
            failed: AtomicBool::new(false),
            error: Mutex::new(None),
            sum: Mutex::new(0),
        }
    }

    /// A thread's way in; what it holds back arrives when it is dropped.
    pub fn writer(&self) -> Writer<'_> {
        Writer {
            partitions: self,
            spool: self.spool.writer(),
            buffers: vec![[0; WRITE_COMBINED]; NUM_PARTITIONS as usize],
            lengths: vec![0; NUM_PARTITIONS as usize],
            sum: 0,
        }
    }

    /// Hashes cannot be put aside any more: there is no use in bringing others.
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }

    /// All hashes are in.
    ///
    /// # Errors
    /// [`SpoolError`] when some of them could not be put aside.
    pub fn close(self) -> Result<Hashes, SpoolError> {
        if let Some(error) = self
            .error
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
        {
            return Err(error);
        }
        Ok(Hashes {
            split: self.split,
            partitions: self.partitions,
            room: self.room,
            spool: self.spool,
            sum: self
                .sum
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner),
        })
    }

    fn append(&self, partition: usize, hashes: &[u64], spool: &mut SpoolWriter<'_>) {
        // A poisoned lock means that a thread panicked, and that panic is on its way.
        if self.has_failed() {
            return;
        }
        let Ok(mut partition) = self.partitions[partition].lock() else {
            return;
        };
        if let Err(error) = self.append_to(&mut partition, hashes, spool) {
            self.fail(error);
        }
    }

    fn fail(&self, error: SpoolError) {
        self.failed.store(true, Ordering::Relaxed);
        if let Ok(mut first) = self.error.lock() {
            first.get_or_insert(error);
        }
    }

    fn append_to(
        &self,
        partition: &mut Partition,
        mut hashes: &[u64],
        spool: &mut SpoolWriter<'_>,
    ) -> Result<(), SpoolError> {
        while !hashes.is_empty() {
            if partition
                .chunks
                .last()
                .is_none_or(|last| last.len() == BLOCK_HASHES)
            {
                partition.chunks.push(self.room.chunk());
            }
            let Some(last) = partition.chunks.last_mut() else {
                return Ok(());
            };
            let (now, later) = hashes.split_at(hashes.len().min(BLOCK_HASHES - last.len()));
            last.extend_from_slice(now);
            hashes = later;
            if last.len() == BLOCK_HASHES && !self.may_keep_one_more() {
                partition.blocks.push(spool.write(last)?);
                last.clear();
            }
        }
        Ok(())
    }

    fn may_keep_one_more(&self) -> bool {
        self.room
            .num_free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
                free.checked_sub(1)
            })
            .is_ok()
    }
}

/// One thread's way in.
pub struct Writer<'a> {
    partitions: &'a Partitions,
    spool: SpoolWriter<'a>,
    buffers: Vec<[u64; WRITE_COMBINED]>,
    lengths: Vec<u8>,
    sum: u128,
}

impl Writer<'_> {
    /// Put a hash in.
    pub fn push(&mut self, hash: u64) {
        self.sum = self.sum.wrapping_add(hash.into());
        let (partition, hash) = match &self.partitions.split {
            Split::TopBits => (partition_of(hash), hash),
            Split::Ranges(ranges) => {
                let range = ranges.range_of(hash);
                (range, hash - ranges.begin(range))
            }
        };
        let buffer = &mut self.buffers[partition];
        let length = usize::from(self.lengths[partition]);
        buffer[length] = hash;
        if length + 1 == WRITE_COMBINED {
            let hashes = without_repetitions(buffer);
            self.partitions.append(partition, hashes, &mut self.spool);
            self.lengths[partition] = 0;
        } else {
            self.lengths[partition] = length as u8 + 1;
        }
    }
}

/// What stands twice in a row stands once. So a text that fills a tenth of a list (a
/// placeholder, say) makes its partition little larger than the others.
fn without_repetitions(hashes: &mut [u64; WRITE_COMBINED]) -> &[u64] {
    // Nearly always there are none, which is faster to see than to copy.
    let repeats = hashes
        .windows(2)
        .fold(false, |repeats, pair| repeats | (pair[0] == pair[1]));
    if !repeats {
        return hashes;
    }
    let mut length = 1;
    for index in 1..WRITE_COMBINED {
        hashes[length] = hashes[index];
        length += usize::from(hashes[length] != hashes[length - 1]);
    }
    &hashes[..length]
}

impl Drop for Writer<'_> {
    fn drop(&mut self) {
        if let Ok(mut sum) = self.partitions.sum.lock() {
            *sum = sum.wrapping_add(self.sum);
        }
        for (partition, (buffer, length)) in self.buffers.iter().zip(&self.lengths).enumerate() {
            let hashes = &buffer[..usize::from(*length)];
            self.partitions.append(partition, hashes, &mut self.spool);
        }
        if let Err(error) = self.spool.flush() {
            self.partitions.fail(error);
        }
    }
}

/// All hashes, in their partitions.
pub struct Hashes {
    split: Split,
    partitions: Vec<Mutex<Partition>>,
    room: Arc<Room>,
    spool: Spool,
    sum: u128,
}

impl Hashes {
    /// More may be put to them.
    pub(crate) fn open(self) -> Partitions {
        Partitions {
            split: self.split,
            partitions: self.partitions,
            room: self.room,
            spool: self.spool,
            failed: AtomicBool::new(false),
            error: Mutex::new(None),
            sum: Mutex::new(self.sum),
        }
    }

    /// They are not needed any more: give their memory to others.
    pub(crate) fn release(self) {
        (0..self.partitions.len()).for_each(|partition| self.release_partition(partition));
    }

    fn release_partition(&self, partition: usize) {
        let mut partition = self.partitions[partition]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Partition { chunks, .. } = std::mem::take(&mut *partition);
        self.room.give_back(chunks);
    }

    /// The hashes of a partition as they came, with duplicates, or sorted without. They are not
    /// here any more, and others have their memory.
    ///
    /// # Errors
    /// [`SpoolError`] when they do not read back.
    pub(crate) fn take<'a>(
        &self,
        partition: u32,
        scratch: &'a mut Vec<u64>,
    ) -> Result<&'a [u64], SpoolError> {
        self.gather(partition, scratch)?;
        self.release_partition(partition as usize);
        Ok(scratch)
    }

    /// Are some of them on disk?
    pub fn are_spooled(&self) -> bool {
        !self.spool.is_empty()
    }

    /// Count the distinct ones; `advance` is told of partitions that were counted.
    ///
    /// # Errors
    /// [`SpoolError`] when they do not read back.
    pub fn count(
        &self,
        counting: Counting,
        num_threads: usize,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Count, SpoolError> {
        let mut num_items = 0;
        let mut digest = 0_u128;
        ordered_parallel(
            num_threads,
            counting.partitions(),
            || |partition| self.sort(partition),
            |sorted| {
                let (count, sum) = sorted?;
                num_items += count;
                digest = digest.wrapping_add(sum);
                advance(1);
                Ok(())
            },
        )?;
        Ok(counting.count(num_items, digest, self.sum))
    }

    /// Sort a partition where it lies, if it is in memory; gives the number of its distinct
    /// hashes and their sum.
    fn sort(&self, index: u32) -> Result<(u64, u128), SpoolError> {
        let mut hashes = Vec::new();
        self.gather(index, &mut hashes)?;
        sort_and_dedup(&mut hashes, &mut Vec::new(), PARTITION_BITS);
        let sum = hashes.iter().map(|hash| u128::from(*hash)).sum();
        let sorted = (hashes.len() as u64, sum);
        let Ok(mut partition) = self.partitions[index as usize].lock() else {
            return Ok(sorted);
        };
        if partition.blocks.is_empty() {
            partition.is_sorted = true;
            partition.chunks = vec![hashes];
        }
        Ok(sorted)
    }

    /// The hashes of a partition as they came, with duplicates, or sorted; `scratch` is
    /// what holds them.
    fn gather(&self, index: u32, scratch: &mut Vec<u64>) -> Result<bool, SpoolError> {
        scratch.clear();
        let Ok(partition) = self.partitions[index as usize].lock() else {
            return Ok(false);
        };
        let num_hashes = partition.chunks.iter().map(Vec::len).sum::<usize>()
            + partition.blocks.len() * BLOCK_HASHES;
        scratch.reserve(num_hashes);
        for chunk in &partition.chunks {
            scratch.extend_from_slice(chunk);
        }
        for block in &partition.blocks {
            self.spool.read(*block, scratch)?;
        }
        Ok(partition.is_sorted)
    }

    /// The hashes of a partition as they came, with duplicates, or sorted without.
    ///
    /// # Errors
    /// [`SpoolError`] when they do not read back.
    pub fn unsorted<'a>(
        &self,
        partition: u32,
        scratch: &'a mut Vec<u64>,
    ) -> Result<&'a [u64], SpoolError> {
        self.gather(partition, scratch)?;
        Ok(scratch)
    }

    /// The distinct hashes of a partition, sorted; of keys in ranges, as they were put in.
    ///
    /// # Errors
    /// [`SpoolError`] when they do not read back.
    pub fn sorted<'a>(
        &self,
        partition: u32,
        [hashes, scratch]: &'a mut [Vec<u64>; 2],
    ) -> Result<&'a [u64], SpoolError> {
        if self.gather(partition, hashes)? {
            return Ok(hashes);
        }
        match &self.split {
            Split::TopBits => sort_and_dedup(hashes, scratch, PARTITION_BITS),
            Split::Ranges(ranges) => {
                sort_and_dedup_keys(hashes, scratch);
                let begin = ranges.begin(partition as usize);
                hashes.iter_mut().for_each(|key| *key += begin);
            }
        }
        Ok(hashes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::count::MAX_COUNTED_RECORDS;
    use std::collections::BTreeSet;

    fn counting(num_records: u64) -> Counting {
        Counting::new(num_records, MAX_COUNTED_RECORDS)
    }

    fn mixed(number: u64) -> u64 {
        number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17)
    }

    fn put(hashes: &[u64], memory_bytes: u64) -> Result<Hashes, SpoolError> {
        let partitions = Partitions::new(memory_bytes, std::env::temp_dir());
        std::thread::scope(|scope| {
            for part in hashes.chunks(hashes.len().div_ceil(3)) {
                let partitions = &partitions;
                scope.spawn(move || {
                    let mut writer = partitions.writer();
                    part.iter().for_each(|hash| writer.push(*hash));
                });
            }
        });
        partitions.close()
    }

    fn as_a_set(hashes: &Hashes, oracle: &BTreeSet<u64>) {
        let mut all = Vec::new();
        let mut scratch = Vec::new();
        let mut scratches = [Vec::new(), Vec::new()];
        for partition in 0..NUM_PARTITIONS {
            let range = range_of(partition);
            let sorted = hashes.sorted(partition, &mut scratches).unwrap();
            assert!(sorted.iter().all(|hash| range.contains(&u128::from(*hash))));
            all.extend_from_slice(sorted);
            let unsorted = hashes.unsorted(partition, &mut scratch).unwrap();
            assert!(unsorted.iter().all(|hash| oracle.contains(hash)));
        }
        assert!(all.iter().eq(oracle));
    }

    #[test]
    fn as_a_set_in_memory_and_out_of_it() {
        // Duplicates near and far; a partition of its own size; the first and last hashes.
        let mut all: Vec<u64> = (0..400_000).map(|i| mixed(i / 2)).collect();
        all.extend((0..300_000).map(|i| mixed(i) >> PARTITION_BITS));
        all.extend((0..100_000).map(mixed));
        all.extend([0, 0, u64::MAX, u64::MAX, 1 << 53, (1 << 53) - 1]);
        let oracle: BTreeSet<u64> = all.iter().copied().collect();
        for memory_bytes in [MIN_MEMORY_BYTES, OTHER_BYTES + 5 * 32_768, 0] {
            let hashes = put(&all, memory_bytes).unwrap();
            assert_eq!(hashes.are_spooled(), memory_bytes < MIN_MEMORY_BYTES);
            as_a_set(&hashes, &oracle);
            let count = hashes
                .count(counting(all.len() as u64), 2, &|_| {})
                .unwrap();
            assert_eq!(count.num_items, oracle.len() as u64);
            assert!(!count.is_estimate);
            // Those in memory are sorted where they lie now.
            as_a_set(&hashes, &oracle);
            assert_eq!(hashes.count(counting(9), 3, &|_| {}).unwrap(), count);
        }
    }

    #[test]
    fn a_sample_tells_how_many_and_never_fewer() {
        let num_items = 1_000_000;
        let all: Vec<u64> = (0..num_items)
            .flat_map(|i| [mixed(i), mixed(i / 3)])
            .collect();
        let hashes = put(&all, MIN_MEMORY_BYTES).unwrap();
        let count = hashes
            .count(counting(MAX_COUNTED_RECORDS + 1), 2, &|_| {})
            .unwrap();
        assert!(count.is_estimate);
        assert!((num_items..num_items * 105 / 100).contains(&count.num_items));
    }

    #[test]
    fn a_text_that_fills_half_of_a_list_fills_no_partition() {
        let all: Vec<u64> = (0..200_000).flat_map(|i| [mixed(i), mixed(7)]).collect();
        let hashes = put(&all, 0).unwrap();
        let mut scratch = Vec::new();
        let its = hashes
            .unsorted(partition_of(mixed(7)) as u32, &mut scratch)
            .unwrap();
        assert!(its.len() < 200_000 / 10, "{}", its.len());
    }

    #[test]
    fn a_folder_that_takes_nothing() {
        let partitions = Partitions::new(0, "/nowhere/at/all".into());
        let mut writer = partitions.writer();
        (0..BLOCK_HASHES as u64 * 2).for_each(|i| writer.push(i));
        drop(writer);
        assert!(partitions.has_failed());
        let error = partitions.close().err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("7 bytes for each line")));
    }
}
