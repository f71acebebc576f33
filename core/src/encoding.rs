//! 64 bits of hash -> which page, which bits of it, and whether they match.
//!
//! A *page* is one sector's payload. A dataset's pages are one or more *layers*, one behind
//! the other. All that a layer knows of an item stands in one page of it; and if that page
//! says that the item was bumped, the next layer is asked.

pub mod bloom;
pub mod exact;
mod matching;
pub mod ribbon;

use serde::{Deserialize, Serialize};

use crate::arithmetic::scaled;
use crate::error::HeaderDefect;
use crate::fields::Fields;
use crate::units::Payload;
pub use matching::Match;
use ribbon::Ribbon;

/// How a dataset's items become bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Encoding {
    /// Sector-blocked Bloom filter: [`bloom`]. One layer.
    Bloom {
        /// Probes an item: 1 to [`bloom::MAX_HASHES`].
        num_hashes: u8,
    },
    /// Paged ribbon: [`ribbon`]. Up to [`ribbon::MAX_LAYERS`] layers.
    Ribbon(Ribbon),
    /// Numbers in order: [`exact`]. No hash, and no layer.
    Exact,
}

impl Encoding {
    pub(crate) fn read(fields: &mut Fields<'_>) -> Result<Self, HeaderDefect> {
        match fields.varint()? {
            0 => Ok(Self::Bloom {
                num_hashes: fields.u8()?,
            }),
            1 => Ok(Self::Ribbon(Ribbon::read(fields)?)),
            2 => Ok(Self::Exact),
            _ => Err(HeaderDefect::Unreadable),
        }
    }

    /// A layer of a dataset that has so many pages in all, from layer 0; `None` if there is
    /// none. An exact set has none.
    pub fn layer(&self, num_pages: u32, index: u8) -> Option<Layer> {
        match self {
            Self::Bloom { num_hashes } => (index == 0).then_some(Layer {
                first_page: 0,
                num_pages,
                rules: Rules::Bloom {
                    num_hashes: *num_hashes,
                },
            }),
            Self::Ribbon(ribbon) => {
                let (first_page, num_pages) = ribbon.pages_of(num_pages, index)?;
                Some(Layer {
                    first_page,
                    num_pages,
                    rules: Rules::Ribbon(ribbon.columns_of(num_pages)),
                })
            }
            Self::Exact => None,
        }
    }

    /// All layers of a dataset that has so many pages: 1 to [`ribbon::MAX_LAYERS`], or none of an
    /// exact set.
    pub fn layers(&self, num_pages: u32) -> impl Iterator<Item = Layer> {
        (0..ribbon::MAX_LAYERS).map_while(move |index| self.layer(num_pages, index))
    }

    /// Most pages that a question reads: one of each [layer](Self::layers), or of an exact set
    /// [`exact::PAGES_PER_QUESTION`].
    pub fn max_pages_read(&self, num_pages: u32) -> u32 {
        match self {
            Self::Exact => exact::PAGES_PER_QUESTION,
            Self::Bloom { .. } | Self::Ribbon(_) => self
                .layers(num_pages)
                .fold(0, |count: u32, _| count.saturating_add(1)),
        }
    }
}

/// Pages of which a hash has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its first page, counted from the dataset's first.
    pub first_page: u32,
    /// At least one.
    pub num_pages: u32,
    /// What its pages are.
    pub rules: Rules,
}

/// What the pages of a layer are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// See [`bloom`].
    Bloom {
        /// Probes an item.
        num_hashes: u8,
    },
    /// See [`ribbon`].
    Ribbon(ribbon::Columns),
}

impl Layer {
    /// The page of a hash, `0..num_pages`. It grows with the hash, so that sorted hashes
    /// fill the pages in order.
    pub fn page_of(&self, hash: u64) -> u32 {
        match &self.rules {
            Rules::Bloom { .. } => page_of(hash, self.num_pages),
            Rules::Ribbon(columns) => columns.page_of(hash),
        }
    }

    /// What the content of a page of this layer, [`page_of`](Self::page_of) the hash, says of it.
    // Asked in one place, once for each page: the call would cost half a probe.
    #[inline(always)]
    pub fn query(&self, page: u32, content: &Payload, hash: u64) -> Match {
        match &self.rules {
            Rules::Bloom { num_hashes } => bloom::query(content, hash, *num_hashes),
            Rules::Ribbon(columns) => columns.query(page, content, hash),
        }
    }
}

/// The page of a hash among so many alike: its high 32 bits, scaled.
pub const fn page_of(hash: u64, num_pages: u32) -> u32 {
    scaled((hash >> 32) as u32, num_pages)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Pages grow with the hash, all are reached, and the last hash is in the last.
    #[test]
    fn pages_grow_with_the_hash() {
        let ribbon = |columns, wide_share| {
            Encoding::Ribbon(Ribbon {
                columns,
                salt: 0,
                wide_share,
                overflow: [ribbon::NumPages(0); 3],
            })
        };
        for encoding in [
            Encoding::Bloom { num_hashes: 10 },
            ribbon(1, 0),
            ribbon(9, 1 << 31),
            ribbon(32, 0),
            ribbon(31, u32::MAX),
        ] {
            for num_pages in [1_u32, 2, 3, 7, 4064, 3_700_001] {
                let layer = encoding.layer(num_pages, 0).unwrap();
                assert_eq!(layer.page_of(0), 0);
                assert_eq!(layer.page_of(u64::MAX), num_pages - 1);
                let step = u64::MAX / 40_000;
                let pages: Vec<u32> = (0..40_000).map(|i| layer.page_of(i * step)).collect();
                assert!(pages.is_sorted());
                if num_pages < 10_000 {
                    assert!(pages.windows(2).all(|pair| pair[1] - pair[0] <= 1));
                }
            }
        }
        assert_eq!(page_of(u64::MAX, u32::MAX), u32::MAX - 1);
    }

    #[test]
    fn layers_lie_behind_each_other() {
        let mut ribbon = Ribbon {
            columns: 9,
            salt: 0,
            wide_share: 1 << 30,
            overflow: [20, 3, 1].map(ribbon::NumPages),
        };
        let layers: Vec<(u32, u32)> = Encoding::Ribbon(ribbon)
            .layers(1_024)
            .map(|layer| (layer.first_page, layer.num_pages))
            .collect();
        assert_eq!(layers, [(0, 1_000), (1_000, 20), (1_020, 3), (1_023, 1)]);
        assert!(ribbon.has_possible_layers(25));
        assert!(!ribbon.has_possible_layers(24), "the first has none");
        assert!(!ribbon.has_possible_layers(3));
        ribbon.overflow = [20, 0, 1].map(ribbon::NumPages);
        assert!(!ribbon.has_possible_layers(1_024), "a gap");
        ribbon.overflow = [u32::MAX, 2, 0].map(ribbon::NumPages);
        assert!(!ribbon.has_possible_layers(u32::MAX));
        ribbon.overflow = [20, 0, 0].map(ribbon::NumPages);
        assert_eq!(Encoding::Ribbon(ribbon).max_pages_read(1_024), 2);
        assert!(
            !ribbon.has_possible_layers(u32::MAX),
            "shares of over 32 bits"
        );
        assert_eq!(Encoding::Bloom { num_hashes: 1 }.max_pages_read(7), 1);
    }
}
