//! Sorted hashes -> pages -> sealed sectors, in order, on all cores.

use std::io::{self, Write};
use std::ops::Range;

use leaksieve_core::encoding::{bloom, page_of};
use leaksieve_core::sector::{FileId, PAYLOAD_BYTES, SECTOR_BYTES, SectorIndex, seal};
use rayon::prelude::*;

use crate::measure::Fill;
use crate::partition::SortedHashes;

/// Pages that one thread makes at a time: 512 KiB.
pub(crate) const GROUP_PAGES: u32 = 1024;

/// Neighbouring pages in groups, in order; the last may be shorter.
pub(crate) fn groups(num_pages: u32) -> impl Iterator<Item = Range<u32>> {
    (0..num_pages)
        .step_by(GROUP_PAGES as usize)
        .map(move |start| start..num_pages.min(start.saturating_add(GROUP_PAGES)))
}

/// Where and how the pages of a dataset lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pages {
    pub(crate) file_id: FileId,
    pub(crate) first_sector: SectorIndex,
    pub(crate) num_pages: u32,
    pub(crate) num_hashes: u8,
}

impl Pages {
    pub(crate) fn sector(&self, page: u32) -> SectorIndex {
        SectorIndex(self.first_sector.0 + page)
    }

    /// Build all pages and write their sectors; `advance` is told of finished pages.
    pub(crate) fn write(
        &self,
        hashes: &SortedHashes,
        out: &mut impl Write,
        advance: &dyn Fn(u64),
    ) -> io::Result<Fill> {
        let mut fill = Fill::default();
        // Some groups for each thread, so that memory stays bounded and none waits long.
        let wave = rayon::current_num_threads() * 4;
        let mut groups = groups(self.num_pages).peekable();
        while groups.peek().is_some() {
            let now: Vec<_> = groups.by_ref().take(wave).collect();
            let built: Vec<_> = now
                .into_par_iter()
                .map(|pages| self.build(hashes, pages))
                .collect();
            for (sectors, group_fill) in built {
                out.write_all(&sectors)?;
                fill.merge(&group_fill);
                advance((sectors.len() / SECTOR_BYTES) as u64);
            }
        }
        Ok(fill)
    }

    fn build(&self, hashes: &SortedHashes, pages: Range<u32>) -> (Vec<u8>, Fill) {
        let mut payloads = vec![[0; PAYLOAD_BYTES]; pages.len()];
        for hash in hashes.of_pages(pages.clone(), self.num_pages) {
            let page = page_of(hash, self.num_pages) - pages.start;
            bloom::insert(&mut payloads[page as usize], hash, self.num_hashes);
        }
        let mut fill = Fill::default();
        let mut sectors = Vec::with_capacity(pages.len() * SECTOR_BYTES);
        for (page, payload) in pages.zip(&payloads) {
            fill.add(bloom::count_ones(payload));
            sectors.extend_from_slice(&seal(self.file_id, self.sector(page), payload));
        }
        (sectors, fill)
    }
}
