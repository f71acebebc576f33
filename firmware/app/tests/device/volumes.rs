//! Where a file lies: every format, whole and in pieces, and tables that lie. The images
//! are made by the `fatfs` crate.

use crate::common::{Format, MemoryCard, card};
use leaksieve_app::{CardFile, Storage, StorageError};
use leaksieve_core::{SectorIndex, SectorSource};

/// Each sector of it is another.
fn content(num_sectors: u32) -> Vec<u8> {
    (0..num_sectors)
        .flat_map(|sector| (0..128).flat_map(move |word: u32| (sector << 8 | word).to_le_bytes()))
        .collect()
}

fn mounted(image: Vec<u8>) -> (CardFile<MemoryCard>, MemoryCard) {
    let slot = MemoryCard::default();
    *slot.slot.borrow_mut() = Some(image);
    let mut file = CardFile::new(slot.clone());
    file.mount(0).unwrap();
    (file, slot)
}

#[test]
fn every_sector_of_a_whole_file_is_one_read() {
    for format in [Format::Fat16, Format::Fat32, Format::WholeCard] {
        let content = content(700);
        let image = card(
            format,
            &[("other.txt", b"x"), ("LEAKS.LSV", &content)],
            1 << 20,
        );
        let (mut file, slot) = mounted(image);
        assert_eq!(file.num_sectors(), Ok(700));
        // Backwards, which is where a walk of the chain would show.
        for index in (0..700).rev() {
            let before = slot.num_reads.get();
            let mut sector = [0; 512];
            file.read_sector(SectorIndex(index), &mut sector).unwrap();
            assert_eq!(slot.num_reads.get() - before, 1);
            assert_eq!(
                sector,
                content[index as usize * 512..][..512],
                "{format:?} {index}"
            );
        }
        let past = file.read_sector(SectorIndex(700), &mut [0; 512]);
        assert_eq!(past, Err(StorageError::PastEnd));
    }
}

#[test]
fn file_in_more_pieces_than_are_remembered() {
    for format in [Format::Fat16, Format::Fat32] {
        let content = content(200);
        let filler = vec![0xEE; content.len()];
        // 100 pieces, and 32 are remembered.
        let image = card(
            format,
            &[("LEAKS.LSV", &content), ("FILLER", &filler)],
            1024,
        );
        let (mut file, _) = mounted(image);
        for index in 0..200 {
            let mut sector = [0; 512];
            file.read_sector(SectorIndex(index), &mut sector).unwrap();
            assert_eq!(
                sector,
                content[index as usize * 512..][..512],
                "{format:?} {index}"
            );
        }
    }
}

/// Every byte of the tables that lead to the file, changed in several ways: an error or the
/// file, never a panic, and never without end.
#[test]
fn tables_that_lie() {
    for format in [Format::Fat16, Format::Fat32] {
        let content = content(20);
        let image = card(format, &[("LEAKS.LSV", &content)], 1 << 20);
        let slot = MemoryCard::default();
        let partition = 1 << 20;
        let in_use = |start: usize, end: usize| {
            image[start..end]
                .iter()
                .enumerate()
                .filter(|(_, byte)| **byte != 0)
                .map(|(at, _)| start + at)
                .collect::<Vec<_>>()
        };
        let mut places: Vec<usize> = (446..462).chain(510..512).collect();
        places.extend(partition..partition + 64);
        places.extend(in_use(partition + 512, partition + (1 << 20)));
        *slot.slot.borrow_mut() = Some(image);
        for at in places {
            let was = slot.slot.borrow().as_ref().unwrap()[at];
            for lie in [
                0,
                1,
                2,
                3,
                0x7F,
                0x80,
                0xF7,
                0xF8,
                0xFF,
                was ^ 1,
                was ^ 0x80,
            ] {
                slot.slot.borrow_mut().as_mut().unwrap()[at] = lie;
                slot.num_reads.set(0);
                let mut file = CardFile::new(slot.clone());
                if file.mount(0).is_ok() {
                    for index in [0, 19, 20, u32::MAX] {
                        let _ = file.read_sector(SectorIndex(index), &mut [0; 512]);
                    }
                }
                // A folder of 65,536 entries, and the file's table.
                assert!(slot.num_reads.get() < 10_000, "{format:?} {at} {lie}");
            }
            slot.slot.borrow_mut().as_mut().unwrap()[at] = was;
        }
    }
}

#[test]
fn folder_that_is_a_ring_comes_to_an_end() {
    let mut image = card(Format::Fat32, &[("OTHER", b"x")], 512);
    let partition = 1 << 20;
    let reserved = u16::from_le_bytes([image[partition + 14], image[partition + 15]]) as usize;
    let table = partition + reserved * 512;
    let root = partition + 44;
    let root = u32::from_le_bytes(image[root..root + 4].try_into().unwrap());
    image[table + root as usize * 4..][..4].copy_from_slice(&root.to_le_bytes());
    // No entry says that the folder ends.
    let tables = u32::from_le_bytes(image[partition + 36..][..4].try_into().unwrap()) as usize;
    let data = table + usize::from(image[partition + 16]) * tables * 512;
    image[data + (root as usize - 2) * 512..][..512].fill(0xE5);
    let slot = MemoryCard::default();
    *slot.slot.borrow_mut() = Some(image);
    assert_eq!(CardFile::new(slot).mount(0), Err(StorageError::NoFile));
}
