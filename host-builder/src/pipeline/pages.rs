//! Where the pages of a dataset lie in the file, and which hashes are in which.

use std::ops::Range;

use leaksieve_core::encoding::{Encoding, Layer};
use leaksieve_core::sector::{FileId, SectorIndex};
use serde::{Deserialize, Serialize};

/// Where and how the pages of a dataset lie.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Pages {
    pub(crate) file_id: FileId,
    pub(crate) first_sector: SectorIndex,
    pub(crate) num_pages: u32,
    pub(crate) encoding: Encoding,
}

/// Where and how those of a layer lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerPages {
    pub(crate) file_id: FileId,
    first_sector: SectorIndex,
    pub(crate) layer: Layer,
}

impl Pages {
    /// Each layer's: 1 to [`MAX_LAYERS`](leaksieve_core::encoding::ribbon::MAX_LAYERS).
    pub(crate) fn layers(&self) -> impl Iterator<Item = LayerPages> {
        let (file_id, first_sector) = (self.file_id, self.first_sector);
        self.encoding
            .layers(self.num_pages)
            .map(move |layer| LayerPages {
                file_id,
                first_sector: SectorIndex(first_sector.0 + layer.first_page),
                layer,
            })
    }
}

impl LayerPages {
    /// The sector of a page of this layer.
    pub(crate) fn sector(&self, page: u32) -> SectorIndex {
        SectorIndex(self.first_sector.0 + page)
    }

    /// The first page whose hashes are all at least this one; the number of pages if
    /// there is none.
    fn first_from(&self, hash: u128) -> u32 {
        match hash.checked_sub(1) {
            // At most 2^64 - 1.
            Some(before) => self.layer.page_of(before as u64) + 1,
            None => 0,
        }
    }

    /// The pages that may have items in this range of hashes.
    pub(crate) fn of_range(&self, range: &Range<u128>) -> Range<u32> {
        self.layer.page_of(range.start as u64)..self.first_from(range.end)
    }

    /// The pages whose first hash is in this range; ranges in order give each page once.
    pub(crate) fn begun_in(&self, range: &Range<u128>) -> Range<u32> {
        self.first_from(range.start)..self.first_from(range.end)
    }
}
