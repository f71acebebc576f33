//! Sorted hashes -> pages -> sealed sectors, in order, on all cores.

use std::ops::Range;

use leaksieve_core::encoding::bloom::{self, UnpackedPage};
use leaksieve_core::encoding::page_of;
use leaksieve_core::sector::{FileId, SECTOR_BYTES, SectorIndex, seal};

use crate::build::BuildError;
use crate::in_order::in_order;
use crate::measure::Fill;
use crate::output::OutputError;
use crate::partition::{Hashes, NUM_PARTITIONS, range_of};

/// Where and how the pages of a dataset lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pages {
    pub(crate) file_id: FileId,
    pub(crate) first_sector: SectorIndex,
    pub(crate) num_pages: u32,
    pub(crate) num_hashes: u8,
}

/// What writing all pages gave.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) fill: Fill,
    /// Distinct items.
    pub(crate) num_items: u64,
}

/// The pages of a partition. The first and the last of them may have items in the
/// neighbouring partitions too.
struct Part {
    num_items: u64,
    /// Pages whose first hash is in the partition.
    begun: Range<u32>,
    /// Hashes of the page that was begun before.
    head: Vec<u64>,
    /// All pages that were begun but the last.
    sectors: Vec<u8>,
    fill: Fill,
    /// Hashes of the last.
    tail: Vec<u64>,
}

impl Pages {
    pub(crate) fn sector(&self, page: u32) -> SectorIndex {
        SectorIndex(self.first_sector.0 + page)
    }

    /// The first page whose hashes are all at least this one; the number of pages if
    /// there is none.
    fn first_from(&self, hash: u128) -> u32 {
        match hash.checked_sub(1) {
            // At most 2^64 - 1.
            Some(before) => page_of(before as u64, self.num_pages) + 1,
            None => 0,
        }
    }

    /// The pages that may have items in this range of hashes.
    pub(crate) fn of_range(&self, range: &Range<u128>) -> Range<u32> {
        page_of(range.start as u64, self.num_pages)..self.first_from(range.end)
    }

    /// The pages whose first hash is in this range; ranges in order give each page once.
    pub(crate) fn begun_in(&self, range: &Range<u128>) -> Range<u32> {
        self.first_from(range.start)..self.first_from(range.end)
    }

    /// Build all pages and write their sectors; `advance` is told of the items in them.
    pub(crate) fn write(
        &self,
        hashes: &Hashes,
        num_threads: usize,
        mut write: impl FnMut(&[u8]) -> Result<(), OutputError> + Send,
        advance: &(dyn Fn(u64) + Sync),
    ) -> Result<Written, BuildError> {
        let mut written = Written::default();
        let mut page_begun = None;
        let mut its_hashes: Vec<u64> = Vec::new();
        let mut emit = |sectors: &[u8]| write(sectors).map_err(BuildError::from);
        in_order(
            num_threads,
            0..NUM_PARTITIONS,
            || {
                let mut scratch = [Vec::new(), Vec::new()];
                move |partition| {
                    let sorted = hashes.sorted(partition, &mut scratch)?;
                    Ok::<_, BuildError>(self.build_part(range_of(partition), sorted))
                }
            },
            |part| {
                let mut part: Part = part?;
                written.num_items += part.num_items;
                its_hashes.append(&mut part.head);
                if !part.begun.is_empty() {
                    if let Some(page) = page_begun {
                        emit(&self.build(page..page + 1, &its_hashes, &mut written.fill))?;
                    }
                    emit(&part.sectors)?;
                    written.fill.merge(&part.fill);
                    page_begun = Some(part.begun.end - 1);
                    its_hashes = part.tail;
                }
                advance(part.num_items);
                Ok::<_, BuildError>(())
            },
        )?;
        if let Some(page) = page_begun {
            emit(&self.build(page..page + 1, &its_hashes, &mut written.fill))?;
        }
        Ok(written)
    }

    fn build_part(&self, range: Range<u128>, sorted: &[u64]) -> Part {
        let begun = self.begun_in(&range);
        let whole = begun.start..begun.end.saturating_sub(1).max(begun.start);
        let position = |page| sorted.partition_point(|hash| page_of(*hash, self.num_pages) < page);
        let (head, rest) = sorted.split_at(position(whole.start));
        let (inner, tail) = rest.split_at(position(whole.end) - head.len());
        let mut fill = Fill::default();
        Part {
            num_items: sorted.len() as u64,
            // Without a page of its own, all of a partition is of the page begun before.
            head: if begun.is_empty() { sorted } else { head }.to_vec(),
            sectors: self.build(whole, inner, &mut fill),
            fill,
            tail: if begun.is_empty() { &[] } else { tail }.to_vec(),
            begun,
        }
    }

    /// Build neighbouring pages, of all of their hashes.
    fn build(&self, pages: Range<u32>, hashes: &[u64], fill: &mut Fill) -> Vec<u8> {
        let mut sectors = Vec::with_capacity(pages.len() * SECTOR_BYTES);
        let mut hashes = hashes.iter().peekable();
        for page in pages {
            let mut payload = UnpackedPage::EMPTY;
            while let Some(hash) = hashes.next_if(|hash| page_of(**hash, self.num_pages) == page) {
                payload.insert(*hash, self.num_hashes);
            }
            let payload = payload.pack();
            fill.add(bloom::count_ones(&payload));
            sectors.extend_from_slice(&seal(self.file_id, self.sector(page), &payload));
        }
        sectors
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition::Partitions;
    use leaksieve_core::encoding::first_hash_of;
    use leaksieve_core::sector::PAYLOAD_BYTES;

    fn pages(num_pages: u32) -> Pages {
        Pages {
            file_id: FileId([3; 16]),
            first_sector: SectorIndex(2),
            num_pages,
            num_hashes: 7,
        }
    }

    /// Whatever the number of pages, each has its items, wherever partitions end.
    #[test]
    fn as_one_page_after_the_other() {
        let hashes: Vec<u64> = (0..50_000u64)
            .map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15))
            .chain([0, u64::MAX])
            .collect();
        for num_pages in [1, 2, 3, 2047, 2048, 2049, 4096, 9_999, 70_000] {
            let partitions = Partitions::new(1 << 30, std::env::temp_dir());
            let mut writer = partitions.writer();
            hashes.iter().for_each(|hash| writer.push(*hash));
            drop(writer);
            let all = partitions.close().unwrap();
            let pages = pages(num_pages);
            let mut sectors = Vec::new();
            let written = pages
                .write(
                    &all,
                    3,
                    |bytes| {
                        sectors.extend_from_slice(bytes);
                        Ok(())
                    },
                    &|_| {},
                )
                .unwrap();
            assert_eq!(written.num_items, 50_002 - 1, "0 was there before");
            let mut payloads = vec![[0; PAYLOAD_BYTES]; num_pages as usize];
            for hash in &hashes {
                let page = page_of(*hash, num_pages) as usize;
                bloom::insert(&mut payloads[page], *hash, 7);
            }
            let expected: Vec<u8> = (0..)
                .zip(&payloads)
                .flat_map(|(page, payload)| seal(pages.file_id, pages.sector(page), payload))
                .collect();
            assert!(sectors == expected, "{num_pages} pages");
        }
    }

    #[test]
    fn every_page_begins_in_one_partition() {
        for num_pages in [1, 5, 2048, 3_700_001, u32::MAX - 2] {
            let pages = pages(num_pages);
            let mut next = 0;
            for partition in 0..NUM_PARTITIONS {
                let range = range_of(partition);
                let begun = pages.begun_in(&range);
                assert_eq!(begun.start, next);
                next = begun.end;
                if let Some(page) = begun.clone().next() {
                    assert!(range.contains(&first_hash_of(page, num_pages)));
                }
                let touched = pages.of_range(&range);
                assert!(touched.start <= begun.start && touched.end == begun.end);
                assert!(first_hash_of(touched.start, num_pages) <= range.start);
            }
            assert_eq!(next, num_pages);
        }
    }
}
