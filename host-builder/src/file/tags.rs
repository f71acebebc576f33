//! The hash tree of a signed file, level by level and on all cores: made, and compared.
//!
//! The tags of a level are those of the level below as it stands in the file, so neither
//! needs memory for more than a few groups of sectors.

use std::io;
use std::ops::Range;

use leaksieve_core::sector::{FileId, Payload, SectorIndex};
use leaksieve_core::trust::tree::{Node, TAGS_PER_SECTOR, decode_tags, encode_tags};
use leaksieve_core::trust::{Tag, Tree, tag_of};
use leaksieve_core::{Error, ReadError};

use crate::file::sectors::read_payloads;
use crate::file::source::ReadAt;

/// Nodes that are hashed at a time, 496 KiB: their tags fill tag sectors.
const GROUP_NODES: u32 = 32 * TAGS_PER_SECTOR;

/// The nodes of a level in groups, in order, each but the last of whole tag sectors.
pub(crate) fn groups(tree: Tree, level: u8) -> impl Iterator<Item = Range<u32>> {
    let num_nodes = tree.num_nodes(level);
    (0..num_nodes)
        .step_by(GROUP_NODES as usize)
        .map(move |start| start..num_nodes.min(start.saturating_add(GROUP_NODES)))
}

/// The sectors of neighbouring nodes of a level.
pub(crate) fn sectors(tree: Tree, level: u8, nodes: &Range<u32>) -> Range<u32> {
    let index = nodes.start;
    let first = tree.sector_of(Node { level, index }).0;
    first..first.saturating_add(nodes.len() as u32)
}

/// The nodes above those of a group.
pub(crate) fn above(nodes: &Range<u32>) -> Range<u32> {
    nodes.start / TAGS_PER_SECTOR..nodes.end.div_ceil(TAGS_PER_SECTOR)
}

/// The tag sectors above the sectors of a group.
pub(crate) fn tag_sectors(file_id: FileId, first: u32, payloads: &[Payload]) -> Vec<Payload> {
    let tags: Vec<Tag> = (first..)
        .zip(payloads)
        .map(|(index, payload)| tag_of(file_id, SectorIndex(index), payload))
        .collect();
    tags.chunks(TAGS_PER_SECTOR as usize)
        .map(encode_tags)
        .collect()
}

/// The tag of the highest tag sector.
pub(crate) fn root(
    file: &dyn ReadAt,
    file_id: FileId,
    tree: Tree,
) -> Result<Tag, ReadError<io::Error>> {
    let top = tree.sector_of(tree.top());
    let payloads = read_payloads(file, file_id, top.0..top.0.saturating_add(1))?;
    let payload = payloads.first().ok_or(Error::Unfinished)?;
    Ok(tag_of(file_id, top, payload))
}

/// What is wrong with a tag sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defect {
    /// It has another tag for this sector.
    Tag(SectorIndex),
    /// This tag sector is not zero behind its tags.
    Padding(SectorIndex),
}

/// The first defect of the tag sectors above a group: `expected` are those that the group
/// should have, `found` those that the file has.
pub(crate) fn first_defect(
    tree: Tree,
    level: u8,
    nodes: &Range<u32>,
    expected: &[Payload],
    found: &[Payload],
) -> Option<Defect> {
    let firsts = nodes.clone().step_by(TAGS_PER_SECTOR as usize);
    let (first, (expected, found)) = firsts
        .zip(expected.iter().zip(found))
        .find(|(_, (expected, found))| expected != found)?;
    let num_tags = (nodes.end - first).min(TAGS_PER_SECTOR);
    let place = decode_tags(expected)
        .zip(decode_tags(found))
        .position(|(expected, found)| expected != found)
        .map_or(TAGS_PER_SECTOR, |place| place as u32);
    let index = first.saturating_add(place);
    Some(if place < num_tags {
        Defect::Tag(tree.sector_of(Node { level, index }))
    } else {
        let index = first;
        Defect::Padding(tree.sector_of(Node { level, index }.parent().0))
    })
}
