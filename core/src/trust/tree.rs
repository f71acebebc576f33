//! Where the tags of a signed file lie.
//!
//! The leaves are the pages of all datasets, in the file's order. Each sector has a *tag*,
//! 16 bytes of a keyed hash; 31 tags fill a *tag sector*, which has a tag of its own, and
//! so on up to one sector, whose tag is the root (Merkle, "A Digital Signature Based on a
//! Conventional Encryption Function", CRYPTO '87). Behind the pages lie the tag sectors of
//! level 1, then those of level 2, up to the top one; last comes the signature.
//!
//! ```text
//! level 3 (root)                     top
//! level 2                 0 .. 30           31
//! level 1 (tag sectors)   0 .. 30   31 .. 61   ..
//! level 0 (pages)         0 .. 30   31 .. 61   62 .. 92   ..
//! ```
//!
//! One in 31 sectors, one in 961, and so on: 3.33 % of the pages.

use serde::{Deserialize, Serialize};

use crate::units::{PAYLOAD_BYTES, Payload, SectorIndex};

/// Bytes of a tag: 16, so that who has one sector needs 2^128 tries for another with its tag.
pub const TAG_BYTES: usize = 16;
/// Tags of a tag sector: 31. The rest of its payload is zero.
pub const TAGS_PER_SECTOR: u32 = (PAYLOAD_BYTES / TAG_BYTES) as u32;
/// Most levels of a tree, pages left out: 7, because 31^7 is above 2^32.
pub const MAX_LEVELS: u8 = 7;

/// What stands for a sector in the tag sector above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Tag(pub [u8; TAG_BYTES]);

/// A sector of the tree: a page at level 0, a tag sector above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node {
    /// 0 for pages, then up to [`Tree::num_levels`].
    pub level: u8,
    /// Its place in its level.
    pub index: u32,
}

impl Node {
    /// The tag sector that has this one's tag, and the tag's place in it.
    #[must_use]
    pub const fn parent(self) -> (Self, u32) {
        let parent = Self {
            level: self.level + 1,
            index: self.index / TAGS_PER_SECTOR,
        };
        (parent, self.index % TAGS_PER_SECTOR)
    }
}

/// The layout of a file's tree. It follows from where the pages are; the file does not
/// state it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Tree {
    first_leaf: u32,
    num_leaves: u32,
}

impl Tree {
    /// Of pages that begin at a sector; at least one.
    pub const fn new(first_leaf: SectorIndex, num_leaves: u32) -> Self {
        Self {
            first_leaf: first_leaf.0,
            num_leaves: if num_leaves == 0 { 1 } else { num_leaves },
        }
    }

    /// Sectors of a level: pages, or tag sectors.
    #[inline(never)]
    pub const fn num_nodes(self, level: u8) -> u32 {
        let mut nodes = self.num_leaves;
        let mut below = 0;
        while below < level {
            nodes = nodes.div_ceil(TAGS_PER_SECTOR);
            below += 1;
        }
        nodes
    }

    /// Levels of tag sectors: 1 to [`MAX_LEVELS`]. The highest has one sector.
    pub const fn num_levels(self) -> u8 {
        let mut level = 1;
        while level < MAX_LEVELS && self.num_nodes(level) > 1 {
            level += 1;
        }
        level
    }

    /// The one sector whose tag is the root.
    pub const fn top(self) -> Node {
        Node {
            level: self.num_levels(),
            index: 0,
        }
    }

    /// Sectors of all levels of tags.
    pub const fn num_tag_sectors(self) -> u32 {
        self.tag_sectors_below(self.num_levels() + 1)
    }

    const fn tag_sectors_below(self, end: u8) -> u32 {
        let mut sectors = 0u32;
        let mut level = 1;
        while level < end {
            sectors = sectors.saturating_add(self.num_nodes(level));
            level += 1;
        }
        sectors
    }

    /// Where a node lies in the file. A header is refused when its tree ends above 2^32
    /// sectors, so this does not saturate for a node that there is.
    #[inline(never)]
    pub const fn sector_of(self, node: Node) -> SectorIndex {
        let first = match node.level {
            0 => self.first_leaf,
            level => self
                .first_leaf
                .saturating_add(self.num_leaves)
                .saturating_add(self.tag_sectors_below(level)),
        };
        SectorIndex(first.saturating_add(node.index))
    }

    /// The node of a page, by its sector.
    pub const fn leaf_at(self, sector: SectorIndex) -> Node {
        Node {
            level: 0,
            index: sector.0.saturating_sub(self.first_leaf),
        }
    }

    /// The lowest level whose tags are at most so many: what a cache of them can hold.
    pub const fn level_of_at_most(self, num_tags: u32) -> u8 {
        let mut level = 0;
        while level < self.num_levels() && self.num_nodes(level) > num_tags {
            level += 1;
        }
        level
    }
}

/// A tag sector's payload. More than [`TAGS_PER_SECTOR`] tags are left out.
pub fn encode_tags(tags: &[Tag]) -> Payload {
    let mut payload = [0; PAYLOAD_BYTES];
    let (places, _) = payload.as_chunks_mut::<TAG_BYTES>();
    for (place, tag) in places.iter_mut().zip(tags) {
        *place = tag.0;
    }
    payload
}

/// The tags of a tag sector's payload, [`TAGS_PER_SECTOR`] of them.
pub fn decode_tags(payload: &Payload) -> impl Iterator<Item = Tag> + '_ {
    let (places, _) = payload.as_chunks::<TAG_BYTES>();
    places.iter().map(|place| Tag(*place))
}

/// How far the proof of a page has come; `P`: what is known of the way.
#[cfg_attr(
    not(feature = "signatures"),
    expect(dead_code, reason = "without signatures there is nothing to prove")
)]
pub(crate) enum Step<P> {
    /// It is the page that was signed.
    Proven,
    /// The sector to read next, and what it must have.
    Above(SectorIndex, P),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Every node has its own sector, level after level, and every level but the last is
    /// named whole by the one above.
    #[test]
    fn nodes_fill_the_region_in_order() {
        for num_leaves in [1, 2, 30, 31, 32, 61, 62, 63, 960, 961, 962, 30_000] {
            let tree = Tree::new(SectorIndex(3), num_leaves);
            let mut next = 3;
            for level in 0..=tree.num_levels() {
                for index in 0..tree.num_nodes(level) {
                    let node = Node { level, index };
                    assert_eq!(tree.sector_of(node).0, next);
                    next += 1;
                    let (parent, place) = node.parent();
                    if node != tree.top() {
                        assert!(parent.index < tree.num_nodes(parent.level));
                    }
                    assert_eq!(parent.index * TAGS_PER_SECTOR + place, index);
                }
            }
            assert_eq!(tree.num_nodes(tree.num_levels()), 1);
            assert_eq!(next, 3 + num_leaves + tree.num_tag_sectors());
            assert_eq!(
                tree.leaf_at(SectorIndex(3 + num_leaves - 1)).index,
                num_leaves - 1
            );
        }
    }

    #[test]
    fn levels_and_sectors_of_some_sizes() {
        for (num_leaves, levels, tag_sectors) in [
            (0, 1, 1),
            (1, 1, 1),
            (31, 1, 1),
            (32, 2, 2 + 1),
            (961, 2, 31 + 1),
            (962, 3, 32 + 2 + 1),
            (
                u32::MAX,
                7,
                138_547_332 + 4_469_269 + 144_171 + 4_651 + 151 + 5 + 1,
            ),
        ] {
            let tree = Tree::new(SectorIndex(1), num_leaves);
            assert_eq!(tree.num_levels(), levels, "{num_leaves}");
            assert_eq!(tree.num_tag_sectors(), tag_sectors, "{num_leaves}");
        }
    }

    #[test]
    fn the_level_that_a_cache_of_80_tags_holds() {
        for (num_leaves, level) in [
            (1, 0),
            (80, 0),
            (81, 1),
            (80 * 31, 1),
            (80 * 31 + 1, 2),
            (80 * 961 + 1, 3),
            (80 * 29_791, 3),
            (80 * 29_791 + 1, 4),
        ] {
            let tree = Tree::new(SectorIndex(1), num_leaves);
            assert_eq!(tree.level_of_at_most(80), level, "{num_leaves}");
            // Not above the highest, however few can be kept.
            assert_eq!(tree.level_of_at_most(0), tree.num_levels(), "{num_leaves}");
        }
    }

    #[test]
    fn tags_are_found_where_they_were_put() {
        let tags: Vec<Tag> = (0..TAGS_PER_SECTOR)
            .map(|i| Tag([i as u8 + 1; 16]))
            .collect();
        let payload = encode_tags(&tags);
        assert!(decode_tags(&payload).eq(tags.iter().copied()));
        assert_eq!(payload[496..], [0; 12]);
        assert_eq!(encode_tags(&tags[..2])[32..], [0; 476]);
    }
}
