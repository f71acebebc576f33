//! Where a card's volumes begin: in a partition table, in a GUID partition table, or at the
//! card's first block.
//!
//! A partition is taken for what its first block says, not for what the table calls it: people and
//! programs format partitions and leave their type as it was. A partition that holds a volume
//! wins over a volume at the card's first block: that is an old one, and the table was written
//! over it. So does one that this code cannot read, as exFAT: what is on it is newer.
//!
//! After UEFI 2.11, sections 5.2 (master boot record) and 5.3 (GUID partition table). Reads only.
//! Does not panic, whatever the blocks hold.

use crate::blocks::{BlockReader, Card, u8_at, u16_at, u32_at};
use crate::storage::StorageError;

/// The partition entries of a master boot record.
const ENTRIES: [usize; 4] = [446, 462, 478, 494];
/// The type of the entry that stands for a GUID partition table.
const GPT_TYPE: u8 = 0xEE;
/// Where that table's header lies.
const GPT_HEADER_BLOCK: u32 = 1;
/// Partitions that are looked at: as many as every program makes room for.
const MAX_GPT_ENTRIES: u32 = 128;
const GPT_ENTRY_BYTES: usize = 128;
const GPT_ENTRIES_PER_BLOCK: u32 = 4;

/// What `search` finds on the first volume that has it. `parse` knows a volume by its first block
/// and that block's number. Of the volumes without it, as the one that macOS makes for itself, the
/// first says why.
pub(crate) fn find_on_volumes<D: Card, V, T>(
    blocks: &mut BlockReader<'_, D>,
    parse: fn(&[u8; 512], u32) -> Option<V>,
    search: impl Fn(&mut BlockReader<'_, D>, V) -> Result<T, StorageError>,
) -> Result<T, StorageError> {
    let num_blocks = blocks.num_blocks()?;
    let first = *blocks.read(0)?;
    if u16_at(&first, 510) != 0xAA55 {
        return Err(StorageError::NoVolume);
    }
    // What is there that is no FAT volume, and why there is nothing on those that are.
    let (mut other, mut absent) = (None, None);
    let mut try_at = |blocks: &mut BlockReader<'_, D>, start| {
        // An entry that leads to nowhere is none.
        if start == 0 || start >= num_blocks {
            return Ok(None);
        }
        let block = blocks.read(start)?;
        let Some(volume) = parse(block, start) else {
            other = other.or(name_of(block));
            return Ok(None);
        };
        match search(blocks, volume) {
            Err(error @ (StorageError::NoFile | StorageError::OtherNames { .. })) => {
                absent = absent.or(Some(error));
                Ok(None)
            }
            found => found.map(Some),
        }
    };
    let is_used =
        |entry: usize| matches!(u8_at(&first, entry), 0 | 0x80) && u8_at(&first, entry + 4) != 0;
    let mut has_gpt = false;
    for entry in ENTRIES.into_iter().filter(|entry| is_used(*entry)) {
        if u8_at(&first, entry + 4) == GPT_TYPE {
            has_gpt = true;
        } else if let Some(found) = try_at(blocks, u32_at(&first, entry + 8))? {
            return Ok(found);
        }
    }
    if has_gpt {
        for index in 0..MAX_GPT_ENTRIES {
            let Some(start) = gpt_start(blocks, index, num_blocks)? else {
                break;
            };
            if let Some(found) = try_at(blocks, start)? {
                return Ok(found);
            }
        }
    }
    if let Some(error) = other.or(absent) {
        return Err(error);
    }
    if let Some(volume) = parse(&first, 0) {
        return search(blocks, volume);
    }
    Err(match name_of(&first) {
        Some(other) => other,
        None if has_gpt => StorageError::NoVolumeInGpt,
        None => StorageError::NoVolume,
    })
}

/// The first block of a partition, 0 where the entry is not used; `None` behind the last entry.
fn gpt_start<D: Card>(
    blocks: &mut BlockReader<'_, D>,
    index: u32,
    num_blocks: u32,
) -> Result<Option<u32>, StorageError> {
    let header = blocks.read(GPT_HEADER_BLOCK)?;
    let has_entry = header.starts_with(b"EFI PART")
        && index < u32_at(header, 80)
        && u32_at(header, 84) as usize == GPT_ENTRY_BYTES
        && u32_at(header, 76) == 0;
    let block = u32_at(header, 72).saturating_add(index / GPT_ENTRIES_PER_BLOCK);
    if !has_entry || block >= num_blocks {
        return Ok(None);
    }
    let table = blocks.read(block)?;
    let at = (index % GPT_ENTRIES_PER_BLOCK) as usize * GPT_ENTRY_BYTES;
    let is_used = table.get(at..at + 16).is_some_and(|kind| kind != [0; 16]);
    let is_low = u32_at(table, at + 36) == 0;
    Ok(Some(if is_used && is_low {
        u32_at(table, at + 32)
    } else {
        0
    }))
}

/// What people format cards as, and this code does not read.
fn name_of(block: &[u8; 512]) -> Option<StorageError> {
    match block.get(3..11) {
        Some(b"EXFAT   ") => Some(StorageError::ExFat),
        Some(b"NTFS    ") => Some(StorageError::Ntfs),
        _ => None,
    }
}
