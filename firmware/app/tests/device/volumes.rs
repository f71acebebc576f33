//! Where a file lies: every format, whole and in pieces, and tables that lie. The images
//! are made by the `fatfs` crate.

use crate::common::{Format, MemoryCard, card};
use leaksieve_app::{CardFile, Storage, StorageError};
use leaksieve_core::{SectorIndex, SectorSource};

/// Each sector of it is another.
pub(crate) fn content(num_sectors: u32) -> Vec<u8> {
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

/// A card of 64 MiB with volumes, each at a block, and nothing else.
fn card_of(volumes: &[(u32, &[u8])]) -> Vec<u8> {
    let mut image = vec![0; 64 << 20];
    for (start, volume) in volumes {
        image[*start as usize * 512..][..volume.len()].copy_from_slice(volume);
    }
    image
}

/// A FAT volume whose one file is this many sectors long.
fn volume(name: &str, num_sectors: u32) -> Vec<u8> {
    let content = content(num_sectors);
    let mut volume = card(Format::WholeCard, &[(name, &content)], 1 << 20);
    volume.truncate(24 << 20);
    volume
}

/// The first block of a volume of another file system.
fn foreign(name: &[u8; 8]) -> Vec<u8> {
    let mut block = vec![0; 512];
    block[..3].copy_from_slice(&[0xEB, 0x76, 0x90]);
    block[3..11].copy_from_slice(name);
    block[510..].copy_from_slice(&[0x55, 0xAA]);
    block
}

/// Write the entries of a master boot record: type and first block.
fn partitioned(mut image: Vec<u8>, entries: &[(u8, u32)]) -> Vec<u8> {
    image[510..512].copy_from_slice(&[0x55, 0xAA]);
    for (index, (kind, start)) in entries.iter().enumerate() {
        let entry = &mut image[446 + index * 16..][..16];
        entry[4] = *kind;
        entry[8..12].copy_from_slice(&start.to_le_bytes());
        entry[12..].copy_from_slice(&40_000_u32.to_le_bytes());
    }
    image
}

/// Write a GUID partition table with partitions at these blocks.
fn with_gpt(image: Vec<u8>, starts: &[u32]) -> Vec<u8> {
    let mut image = partitioned(image, &[(0xEE, 1)]);
    let header = &mut image[512..1024];
    header[..8].copy_from_slice(b"EFI PART");
    header[72..80].copy_from_slice(&2_u64.to_le_bytes());
    header[80..84].copy_from_slice(&128_u32.to_le_bytes());
    header[84..88].copy_from_slice(&128_u32.to_le_bytes());
    for (index, start) in starts.iter().enumerate() {
        let entry = &mut image[1024 + index * 128..][..128];
        // "Microsoft basic data", whatever lies in it.
        entry[..16].copy_from_slice(&0xC799_26B7_B668_C087_4433_B9E5_EBD0_A0A2_u128.to_le_bytes());
        entry[32..40].copy_from_slice(&u64::from(*start).to_le_bytes());
    }
    image
}

/// The file's length tells which volume it is of.
#[test]
fn volumes_are_found_by_what_they_hold() {
    let fat = volume("LEAKS.LSV", 7);
    let old = volume("LEAKS.LSV", 3);
    let (exfat, ntfs) = (foreign(b"EXFAT   "), foreign(b"NTFS    "));
    let without = volume("notes.txt", 1);
    let there = |start| card_of(&[(start, &fat)]);
    let second = || card_of(&[(2048, &exfat), (65_536, &fat)]);
    for (what, image, expected) in [
        (
            "of type 07",
            partitioned(there(2048), &[(0x07, 2048)]),
            Ok(7),
        ),
        (
            "of type 83",
            partitioned(there(2048), &[(0x83, 2048)]),
            Ok(7),
        ),
        (
            "of type 0C",
            partitioned(there(2048), &[(0x0C, 2048)]),
            Ok(7),
        ),
        (
            "the second",
            partitioned(second(), &[(7, 2048), (7, 65_536)]),
            Ok(7),
        ),
        ("under GPT", with_gpt(there(2048), &[2048]), Ok(7)),
        (
            "the sixth under GPT",
            with_gpt(second(), &[0, 2048, 9, 0, 0, 65_536]),
            Ok(7),
        ),
        (
            "behind a volume without one, as macOS makes it",
            with_gpt(
                card_of(&[(2048, &without), (65_536, &fat)]),
                &[2048, 65_536],
            ),
            Ok(7),
        ),
        (
            "nothing on two volumes",
            partitioned(
                card_of(&[(2048, &without), (65_536, &without)]),
                &[(0xC, 2048), (0xC, 65_536)],
            ),
            Err(StorageError::NoFile),
        ),
        (
            "exFAT behind a volume without one",
            with_gpt(
                card_of(&[(2048, &without), (65_536, &exfat)]),
                &[2048, 65_536],
            ),
            Err(StorageError::ExFat),
        ),
        ("the whole card", there(0), Ok(7)),
        (
            "behind an old one in block 0",
            partitioned(card_of(&[(0, &old), (65_536, &fat)]), &[(0x0C, 65_536)]),
            Ok(7),
        ),
        (
            "the whole card, and entries that lead nowhere",
            partitioned(there(0), &[(0x0C, 65_536), (0x0C, u32::MAX), (0x20, 0)]),
            Ok(7),
        ),
        (
            "exFAT",
            partitioned(card_of(&[(2048, &exfat)]), &[(7, 2048)]),
            Err(StorageError::ExFat),
        ),
        (
            "exFAT, the whole card",
            card_of(&[(0, &exfat)]),
            Err(StorageError::ExFat),
        ),
        (
            "exFAT behind an old one in block 0",
            partitioned(card_of(&[(0, &old), (65_536, &exfat)]), &[(7, 65_536)]),
            Err(StorageError::ExFat),
        ),
        (
            "NTFS",
            partitioned(card_of(&[(2048, &ntfs)]), &[(7, 2048)]),
            Err(StorageError::Ntfs),
        ),
        (
            "exFAT under GPT",
            with_gpt(card_of(&[(2048, &exfat)]), &[2048]),
            Err(StorageError::ExFat),
        ),
        (
            "an empty GPT",
            with_gpt(card_of(&[]), &[]),
            Err(StorageError::NoVolumeInGpt),
        ),
        (
            "partitions of others",
            partitioned(card_of(&[]), &[(0x83, 2048)]),
            Err(StorageError::NoVolume),
        ),
        ("nothing", card_of(&[]), Err(StorageError::NoVolume)),
    ] {
        let slot = MemoryCard::default();
        *slot.slot.borrow_mut() = Some(image);
        let mut file = CardFile::new(slot);
        let found = file.mount(0).and_then(|()| file.num_sectors());
        assert_eq!(found, expected, "{what}");
    }
}

/// The file's length tells which it is.
#[test]
fn files_of_other_names() {
    for (names, expected) in [
        (&["leaks (1).lsv"][..], Ok(1)),
        (&["LEAKS.LSV.LSV"], Ok(1)),
        (&["notes.txt", "Taobao 2021.lsv"], Ok(2)),
        (&["._leaks.lsv", "leaks copy.lsv"], Ok(2)),
        (&["other.lsv", "LEAKS.LSV"], Ok(2)),
        (
            &["a.lsv", "leaks of 2021.lsv"],
            Err(StorageError::OtherNames {
                names: [*b"A       LSV", *b"LEAKSO~1LSV"],
            }),
        ),
        // It is in the other slot.
        (&["old.lsv", "LEAKS2.LSV"], Err(StorageError::NoFile)),
        (&["notes.txt"], Err(StorageError::NoFile)),
    ] {
        let contents: Vec<_> = (1..).map(content).take(names.len()).collect();
        let files: Vec<_> = names
            .iter()
            .zip(&contents)
            .map(|(name, content)| (*name, &content[..]))
            .collect();
        let slot = MemoryCard::default();
        *slot.slot.borrow_mut() = Some(card(Format::Fat32, &files, 1 << 20));
        let mut file = CardFile::new(slot);
        let found = file.mount(0).and_then(|()| file.num_sectors());
        assert_eq!(found, expected, "{names:?}");
        // Never in the second place.
        let second = file.mount(1).and_then(|()| file.num_sectors());
        let expected = if names.contains(&"LEAKS2.LSV") {
            Ok(2)
        } else {
            Err(StorageError::NoFile)
        };
        assert_eq!(second, expected, "{names:?}");
    }
}
