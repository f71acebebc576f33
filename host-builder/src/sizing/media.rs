//! What boards and cards hold: the room for a filter.

use leaksieve_core::sector::{SECTOR_BYTES, SectorIndex};
use leaksieve_core::trust::Tree;
use leaksieve_link::{BOARDS, Board};

/// The largest file of a FAT32 volume, one byte less than 4 GiB: its size has 32 bits
/// (Microsoft, "FAT: General Overview of On-Disk Format", version 1.03, `DIR_FileSize`).
pub const FAT32_MAX_BYTES: u64 = u32::MAX as u64;

/// The largest filter on a FAT32 volume: 4 GiB less a sector; bytes.
pub const FAT32_MAX_FILTER_BYTES: u64 = FAT32_MAX_BYTES / SECTOR_BYTES as u64 * SECTOR_BYTES as u64;

/// The largest filter that fits such a volume when it is signed, too: a
/// sector in 31 is a tag sector then.
pub const FAT32_MAX_TO_BE_SIGNED: &str = "3960MiB";

/// The largest filter that is built for a board; bytes. A board's slot holds it when it is signed,
/// too, which takes 3.3 to 4.7 % of the slot. A small board opens no signed file: it has the slot.
pub fn board_room(board: &Board) -> u64 {
    if board.is_small {
        return board.slot_bytes().into();
    }
    let slot_sectors = board.slot_bytes() / SECTOR_BYTES as u32;
    let largest = (1..=slot_sectors)
        .rev()
        .find(|unsigned| signed_sectors(*unsigned) <= slot_sectors.into());
    u64::from(largest.unwrap_or(0)) * SECTOR_BYTES as u64
}

/// The most sectors that a file of so many has when it is signed.
fn signed_sectors(unsigned: u32) -> u64 {
    let tree = Tree::new(SectorIndex(1), unsigned);
    // The signature, and one more sector of the header.
    u64::from(unsigned) + u64::from(tree.num_tag_sectors()) + 2
}

/// Something that a filter is put into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Medium {
    /// What it is called.
    pub name: &'static str,
    /// Its name as a board, if it is one.
    pub board: Option<&'static str>,
    /// Bytes of its flash, or of the largest file.
    pub capacity_bytes: u64,
    /// Bytes of them that are left for a filter.
    pub room_bytes: u64,
}

impl Medium {
    /// A slot of a board's own flash, in which the firmware lies as well.
    pub fn slot(board: &Board) -> Self {
        Self {
            name: board.title,
            board: Some(board.name),
            capacity_bytes: board.flash_bytes.into(),
            room_bytes: board_room(board),
        }
    }

    const fn store(name: &'static str, capacity_bytes: u64) -> Self {
        Self {
            name,
            board: None,
            capacity_bytes,
            room_bytes: capacity_bytes,
        }
    }
}

/// The boards that there is firmware for, then what other stores hold: Winbond "W25Q128JV",
/// 128 Mbit, a card, and the largest file of one.
pub fn media() -> impl Iterator<Item = Medium> {
    let stores = [
        Medium::store("SPI flash W25Q128JV", 16 << 20),
        Medium::store("1 GiB of a card", 1 << 30),
        Medium::store("largest FAT32 file", FAT32_MAX_BYTES),
    ];
    BOARDS.iter().map(Medium::slot).chain(stores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_filter_is_the_last_whole_sector() {
        assert_eq!(FAT32_MAX_FILTER_BYTES, (1 << 32) - 512);
    }

    #[test]
    fn a_filter_that_is_to_be_signed_has_room_for_its_tags() {
        let mib: u64 = FAT32_MAX_TO_BE_SIGNED
            .strip_suffix("MiB")
            .and_then(|mib| mib.parse().ok())
            .unwrap();
        let sectors_of = |mib: u64| signed_sectors(((mib << 20) / SECTOR_BYTES as u64) as u32);
        let room = FAT32_MAX_BYTES / SECTOR_BYTES as u64;
        assert!(sectors_of(mib) <= room);
        assert!(sectors_of(mib + 10) > room);
    }

    /// By hand: 31 tags a sector, of pages and of tag sectors, up to one.
    #[test]
    fn what_a_signature_leaves_of_a_slot() {
        for board in BOARDS {
            let slot = u64::from(board.slot_bytes() / 512);
            let signed = |unsigned: u64| {
                let (mut level, mut sectors) = (unsigned, unsigned + 2);
                while level > 1 {
                    level = level.div_ceil(31);
                    sectors += level;
                }
                sectors
            };
            let room = board_room(&board) / 512;
            if board.is_small {
                assert_eq!(room, slot);
                continue;
            }
            assert!(signed(room) <= slot && signed(room + 1) > slot);
            let share = 1.0 - room as f64 / slot as f64;
            assert!(share < 0.05, "{}: {share}", board.name);
            println!("{}: {room} of {slot} sectors, {share:.4} less", board.name);
        }
    }
}
