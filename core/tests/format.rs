//! FORMAT.md says what the code does: its tables hold the code's constants, and a file
//! can be read by its byte tables alone.

mod common;

use common::{ID, emails, place};
use leaksieve_core::encoding::bloom;
use leaksieve_core::identifier::{MAX_IDENTIFIER_BYTES, NORMALISATION_VERSION, phone};
use leaksieve_core::sector::{CRC_BYTES, PAYLOAD_BYTES, SECTOR_BYTES, SectorIndex, seal};
use leaksieve_core::{Error, Trust, header, trust};

const FORMAT: &str = include_str!("../FORMAT.md");

#[track_caller]
fn says(text: &str) {
    // Lines may be wrapped anywhere.
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat(FORMAT).contains(&flat(text)),
        "FORMAT.md lacks: {text}"
    );
}

#[test]
fn the_tables_hold_the_constants() {
    says(&format!(
        "# The leaksieve file, format {}",
        header::FORMAT_VERSION
    ));
    says(&format!(
        "| 8 | 2 | format version: {} |",
        header::FORMAT_VERSION
    ));
    says(&format!("A file is a row of {SECTOR_BYTES}-byte sectors"));
    says(&format!("| 0 | {PAYLOAD_BYTES} | payload |"));
    says(&format!("| {PAYLOAD_BYTES} | {CRC_BYTES} | CRC-32C"));
    let magic: Vec<String> = header::MAGIC
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    says(&format!("| 0 | 8 | magic: `{}` |", magic.join(" ")));
    says(&format!(
        "| 10 | 2 | length of the postcard header, 0 to {} |",
        header::MAX_HEADER_BYTES
    ));
    says(&format!(
        "| {} | {} | postcard header, its first part |",
        header::FIXED_BYTES,
        PAYLOAD_BYTES - header::FIXED_BYTES
    ));
    says(&format!(
        "go on through sector {}",
        header::MAX_HEADER_SECTORS - 1
    ));
    says(&format!(
        "| datasets | list of Dataset | 1 to {} |",
        header::MAX_DATASETS
    ));
    says(&format!(
        "name of the breach; at most {} bytes",
        header::MAX_NAME_BYTES
    ));
    says(&format!(
        "where the list came from; at most {} bytes",
        header::MAX_SOURCE_NOTE_BYTES
    ));
    says(&format!(
        "version of the rules under \"Items\": {NORMALISATION_VERSION} |"
    ));
    says(&format!("num_hashes (u8, 1 to {})", bloom::MAX_HASHES));
    says(&format!("bit = (x · {}) >> 32", bloom::PAGE_BITS));
    says(&format!(
        "the canonical bytes of an identifier, 1 to {MAX_IDENTIFIER_BYTES}"
    ));
    for (limit, value) in [
        (
            "header",
            format!(
                "{} sectors, {} bytes of postcard",
                header::MAX_HEADER_SECTORS,
                header::MAX_HEADER_BYTES
            ),
        ),
        ("datasets of a file", header::MAX_DATASETS.to_string()),
        (
            "name, source note",
            format!(
                "{}, {} bytes",
                header::MAX_NAME_BYTES,
                header::MAX_SOURCE_NOTE_BYTES
            ),
        ),
        (
            "item, and identifier after trimming",
            format!("{MAX_IDENTIFIER_BYTES} bytes"),
        ),
        ("probes", format!("1 to {}", bloom::MAX_HASHES)),
        (
            "tags of a tag sector",
            trust::tree::TAGS_PER_SECTOR.to_string(),
        ),
        (
            "levels of tag sectors",
            format!("1 to {}", trust::tree::MAX_LEVELS),
        ),
        ("step of an epoch", trust::MAX_EPOCH_STEP.to_string()),
        (
            "rule lists of a phone profile",
            format!("{} bytes", phone::MAX_RULE_BYTES),
        ),
    ] {
        says(&format!("| {limit} | {value} |"));
    }
    let probes: Vec<String> = bloom::probes(0x89AB_CDEF, 8)
        .map(|bit| bit.to_string())
        .collect();
    says(&format!(
        "The probes of `low = 0x89ABCDEF` are {}, ...",
        probes.join(", ")
    ));
}

/// Takes fields off the front, as FORMAT.md lays them out.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (field, rest) = self.0.split_at(length);
        self.0 = rest;
        field
    }

    fn number(&mut self, length: usize) -> u64 {
        let mut bytes = [0; 8];
        bytes[..length].copy_from_slice(self.take(length));
        u64::from_le_bytes(bytes)
    }

    /// Lengths here are all below 128: one byte of varint.
    fn text(&mut self) -> &'a str {
        let length = self.number(1) as usize;
        std::str::from_utf8(self.take(length)).unwrap()
    }
}

/// A golden file, read by the tables: no function of the crate's is used.
#[test]
fn a_file_read_by_the_byte_tables() {
    let file = include_bytes!("golden/email.lsv");
    let mut sector = Bytes(&file[..508]);
    assert_eq!(sector.take(8), b"\x93LSV\r\n\x1a\n");
    assert_eq!(sector.number(2), 1);
    let length = sector.number(2) as usize;
    assert_eq!(sector.number(4), 0);
    let file_id = sector.take(16);
    let mut header = Bytes(sector.take(length));
    assert!(sector.0.iter().all(|byte| *byte == 0));

    assert_eq!(header.number(4), file.len() as u64 / 512);
    assert_eq!(header.number(8), 1_625_097_600);
    assert_eq!(header.number(4), 7);
    assert_eq!(header.number(8), 4_102_444_800);
    assert_eq!(header.number(1), 1, "datasets");
    assert_eq!(header.text(), "Golden email.txt");
    assert_eq!(
        (header.number(2), header.number(1), header.number(1)),
        (2021, 6, 0)
    );
    assert_eq!(header.text(), "leaksieve's tests");
    assert_eq!(header.number(1), 1, "normalisation version");
    assert_eq!(header.number(1), 1, "profile: email");
    assert_eq!(header.number(8), 52, "items");
    assert_eq!(header.number(8), 0, "rejected");
    assert_eq!(header.number(4), 0, "lowest count");
    assert_eq!(header.number(1), 0, "encoding: bloom");
    let num_hashes = header.number(1);
    assert_eq!(header.number(1), 0, "hash: XXH3");
    let seed = header.number(8);
    let first_sector = header.number(4);
    let num_pages = header.number(4);
    assert_eq!(
        header.number(8),
        100_000_000_000_000,
        "1e-4 in units of 1e-18"
    );
    assert!((1..100_000_000_000_000).contains(&header.number(8)));
    assert!(header.0.is_empty());
    assert_eq!(first_sector, 1);
    assert_eq!(first_sector + num_pages, file.len() as u64 / 512);

    // The sums.
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
    for (index, sector) in file.chunks(512).enumerate() {
        let sealed = [file_id, &(index as u32).to_le_bytes(), &sector[..508]].concat();
        assert_eq!(sector[508..], crc.checksum(&sealed).to_le_bytes());
    }

    // A member.
    let hash = xxhash_rust::xxh3::xxh3_64_with_seed(b"member7@example.org", seed);
    let page = ((hash >> 32) * num_pages) >> 32;
    let payload = &file[(first_sector + page) as usize * 512..][..508];
    let mut x = hash as u32;
    for _ in 0..num_hashes {
        x = x.wrapping_mul(0x9E37_79B1);
        let bit = (u64::from(x) * 4064) >> 32;
        assert_eq!(payload[bit as usize / 8] >> (bit % 8) & 1, 1);
        x ^= x >> 15;
    }
}

/// Every length that the header of five world-wide datasets can have, up to the longest of all.
#[test]
fn a_header_takes_the_sectors_that_its_length_needs() {
    let world = leaksieve_core::open(
        &mut &include_bytes!("golden/world.lsv")[..],
        &mut [0; 512],
        &Trust::ANY,
    )
    .unwrap();
    let mut shortest = common::header(&[(); 5].map(|()| emails(1, 1)));
    for dataset in &mut shortest.datasets {
        dataset.profile = world.datasets()[0].profile.clone();
    }
    for root in [None, Some(trust::Tag([7; 16]))] {
        let mut header = shortest.clone();
        header.root = root;
        let mut last_length = None;
        'notes: for index in 0..header.datasets.len() {
            for _ in 0..header::MAX_SOURCE_NOTE_BYTES {
                header.datasets[index].source_note.push('n').unwrap();
                let num_sectors = match header.num_header_sectors() {
                    Ok(num_sectors) => num_sectors,
                    Err(error) => {
                        assert_eq!(error, Error::HeaderTooLarge { bytes: 2001 });
                        assert_eq!(header.encode(ID).err(), Some(error));
                        break 'notes;
                    }
                };
                place(&mut header);
                let encoded = header.encode(ID).unwrap();
                let mut file: Vec<u8> = encoded.sectors().flatten().collect();
                let length = usize::from(u16::from_le_bytes([file[10], file[11]]));
                assert_eq!(num_sectors as usize, (32 + length).div_ceil(508));
                assert_eq!(num_sectors as usize, file.len() / 512);
                assert!(last_length.is_none_or(|last| length == last + 1));
                last_length = Some(length);
                if root.is_none() {
                    for index in num_sectors..header.num_sectors {
                        file.extend(seal(ID, SectorIndex(index), &[0; PAYLOAD_BYTES]));
                    }
                    let opened =
                        leaksieve_core::open(&mut file.as_slice(), &mut [0; 512], &Trust::ANY);
                    assert_eq!(opened.unwrap().header(), &header);
                }
            }
        }
        assert_eq!(last_length, Some(2000));
    }
}
