//! Damaged files: no member is ever "not exposed", and nothing panics.
//!
//! Of files of three datasets and more.
#![cfg(feature = "eight-datasets")]

mod common;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use common::{
    ID, Member, Plan, ask, emails, exact, file, header, names, one_member_a_page, open, passwords,
    place, reseal, says_not_exposed, with_header_of,
};
use leaksieve_core::header::{
    Date, Encoding, FIXED_BYTES, MAX_DATASETS, MAX_HEADER_BYTES, MAX_HEADER_SECTORS, Rate,
};
use leaksieve_core::identifier::phone::{MAX_RULE_BYTES, PhoneProfile};
use leaksieve_core::sector::{PAYLOAD_BYTES, SectorIndex};
use leaksieve_core::{
    Catalogue, Error, Header, HeaderDefect, Identifier, IdentifierKind, Profile, ReadError,
};
use proptest::prelude::*;

/// Four datasets, 34 sectors: 17 KiB. The first is a ribbon of three layers, the last an exact set.
fn plans() -> [Plan; 4] {
    [
        emails(2_000, 11).into_ribbon(20, 1 << 30, [1, 1, 0]),
        names(1_500, 8),
        passwords(1_700, 9),
        exact::ids(2_500, 13_800_000_000),
    ]
}

/// Members for which every sector is read: each page has one, or leads to one.
fn a_member_in_each_page(bytes: &[u8], plans: &[Plan]) -> Vec<Member> {
    let members = one_member_a_page(&open(bytes).unwrap(), bytes, plans);
    let read: BTreeSet<u32> = members.iter().flat_map(|m| m.pages.clone()).collect();
    assert_eq!(read.len(), bytes.len() / 512 - 1);
    assert_eq!(members[10].pages.len(), 3);
    assert_eq!(members[members.len() - 1].pages.len(), 3);
    members
}

#[test]
fn every_single_bit_flip() {
    let plans = plans();
    let mut bytes = file(&plans);
    assert!(bytes.len() >= 12 * 1024);
    let members = a_member_in_each_page(&bytes, &plans);
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        let flipped_sector = (bit / 8 / 512) as u32;
        if flipped_sector == 0 {
            assert!(open(&bytes).is_err(), "bit {bit}");
        }
        for member in &members {
            // Members elsewhere are still found; one is asked as a sample.
            let is_read = member.pages.contains(&flipped_sector);
            if is_read || member.page() == 1 || flipped_sector == 0 {
                let answer = ask(&bytes, Identifier::new(member.text.as_bytes()));
                assert!(!says_not_exposed(&answer), "bit {bit}, {member:?}");
                if is_read {
                    assert!(matches!(
                        answer,
                        Err(ReadError::Filter(Error::SectorDamaged { index, .. })) if index.0 == flipped_sector
                    ));
                }
            }
        }
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
}

#[test]
fn every_truncation() {
    let plans = plans();
    let bytes = file(&plans);
    let members = a_member_in_each_page(&bytes, &plans);
    for length in 0..bytes.len() {
        let cut = &bytes[..length];
        let expected = match length {
            // As any file would be that is so short.
            0..512 => Error::NotAFilter,
            _ => Error::Truncated {
                expected_sectors: (bytes.len() / 512) as u32,
                found_sectors: (length / 512) as u32,
            },
        };
        assert_eq!(open(cut), Err(expected));
        for member in members.iter().step_by(5) {
            assert!(ask(cut, Identifier::new(member.text.as_bytes())).is_err());
        }
    }
}

#[test]
fn every_pair_of_sectors_swapped() {
    let plans = plans();
    let bytes = file(&plans);
    let members = a_member_in_each_page(&bytes, &plans);
    let num_sectors = bytes.len() / 512;
    for first in 0..num_sectors {
        for second in first + 1..num_sectors {
            let mut swapped = bytes.clone();
            let (low, high) = swapped.split_at_mut(second * 512);
            low[first * 512..][..512].swap_with_slice(&mut high[..512]);
            for member in &members {
                assert!(!says_not_exposed(&ask(
                    &swapped,
                    Identifier::new(member.text.as_bytes())
                )));
            }
        }
    }
}

/// A header with one thing wrong, its checksum right.
fn with_header(change: impl FnOnce(&mut Header)) -> Vec<u8> {
    with_header_of(&plans(), change)
}

/// Sector 0 with some bytes overwritten, its checksum right.
fn with_bytes(at: usize, new: &[u8]) -> Vec<u8> {
    let mut bytes = file(&plans());
    bytes[at..][..new.len()].copy_from_slice(new);
    reseal(&mut bytes, 0);
    bytes
}

#[test]
fn malformed_headers_by_their_defect() {
    use HeaderDefect as Defect;
    let malformed = |defect| Err(Error::HeaderMalformed(defect));
    let dataset = |change: fn(&mut leaksieve_core::Dataset)| {
        with_header(|header| change(&mut header.datasets[1]))
    };
    assert!(open(&with_header(|_| ())).is_ok());
    assert!(open(&dataset(|dataset| dataset.min_count = 2)).is_ok());
    for (name, bytes, expected) in [
        (
            "magic of another program",
            with_bytes(0, b"\x89PNG\r\n\x1a\n"),
            Err(Error::NotAFilter),
        ),
        (
            "line ends turned into LF",
            with_bytes(4, b"\n\x1a\n "),
            Err(Error::NotAFilter),
        ),
        (
            "version 0",
            with_bytes(8, &[0, 0]),
            Err(Error::UnsupportedVersion { found: 0 }),
        ),
        (
            "version 1",
            with_bytes(8, &[1, 0]),
            Err(Error::UnsupportedVersion { found: 1 }),
        ),
        (
            "length over the limit",
            with_bytes(10, &2001u16.to_le_bytes()),
            Err(Error::HeaderTooLarge { bytes: 2001 }),
        ),
        (
            "length of 65535",
            with_bytes(10, &[0xFF; 2]),
            Err(Error::HeaderTooLarge { bytes: 65535 }),
        ),
        (
            "length too short",
            with_bytes(10, &[100, 0]),
            malformed(Defect::ReservedBytes),
        ),
        (
            "reserved byte",
            with_bytes(13, &[1]),
            malformed(Defect::ReservedBytes),
        ),
        (
            "byte behind the header",
            with_bytes(PAYLOAD_BYTES - 1, &[1]),
            malformed(Defect::ReservedBytes),
        ),
        (
            "a lowest count of 1",
            dataset(|dataset| dataset.min_count = 1),
            malformed(Defect::MinCount),
        ),
        (
            "no dataset",
            with_header(|header| header.datasets.clear()),
            malformed(Defect::NoDataset),
        ),
        (
            "no items",
            dataset(|d| d.num_items = 0),
            malformed(Defect::NoItems),
        ),
        (
            "no pages",
            dataset(|d| d.num_sectors = 0),
            malformed(Defect::SectorRange),
        ),
        (
            "pages over the header",
            dataset(|d| d.first_sector = SectorIndex(0)),
            malformed(Defect::SectorRange),
        ),
        (
            "pages over another's",
            dataset(|d| d.first_sector.0 -= 1),
            malformed(Defect::SectorRange),
        ),
        (
            "a gap between pages",
            dataset(|d| d.first_sector.0 += 1),
            malformed(Defect::SectorRange),
        ),
        (
            "pages without end",
            dataset(|d| d.num_sectors = u32::MAX),
            malformed(Defect::SectorRange),
        ),
        (
            "file longer than its pages",
            with_header(|h| h.num_sectors += 1),
            malformed(Defect::SectorRange),
        ),
        (
            "file shorter than its pages",
            with_header(|h| h.num_sectors -= 1),
            malformed(Defect::SectorRange),
        ),
        (
            "no probes: everybody is exposed",
            dataset(|d| d.encoding = Encoding::Bloom { num_hashes: 0 }),
            malformed(Defect::NumHashes),
        ),
        (
            "33 probes",
            dataset(|d| d.encoding = Encoding::Bloom { num_hashes: 33 }),
            malformed(Defect::NumHashes),
        ),
        (
            "month 13",
            dataset(|d| d.date.month = 13),
            malformed(Defect::Date),
        ),
        (
            "day 32",
            dataset(|d| d.date.day = 32),
            malformed(Defect::Date),
        ),
        (
            "day without month",
            dataset(|d| {
                d.date = Date {
                    year: 2021,
                    month: 0,
                    day: 1,
                }
            }),
            malformed(Defect::Date),
        ),
        (
            "escape sequence in the name",
            dataset(|d| d.name = "\x1b[2J".try_into().unwrap()),
            malformed(Defect::ControlCharacter),
        ),
        (
            "line end in the note",
            dataset(|d| d.source_note = "a\nb".try_into().unwrap()),
            malformed(Defect::ControlCharacter),
        ),
        (
            "rules of another version",
            dataset(|d| d.normalisation_version = 1),
            Err(Error::NormalisationVersion { found: 1 }),
        ),
        (
            "a numbering plan of addresses",
            dataset(|d| d.plan.num_sectors = 1),
            malformed(Defect::Plan),
        ),
        (
            "reads of a plan that is not there",
            dataset(|d| d.plan.max_reads = 1),
            malformed(Defect::Plan),
        ),
    ] {
        assert_eq!(open(&bytes).map(drop), expected, "{name}");
    }
    // Neither 0 nor more than 1 is a rate; the type makes neither, a file may.
    let rate = Rate::from_units(Rate::ONE / 1000).units().to_le_bytes();
    for units in [0u64, Rate::ONE + 1, u64::MAX] {
        let mut bytes = file(&plans());
        let at = bytes[..508]
            .windows(8)
            .position(|window| window == rate)
            .unwrap();
        bytes[at..at + 8].copy_from_slice(&units.to_le_bytes());
        reseal(&mut bytes, 0);
        assert_eq!(open(&bytes).map(drop), malformed(Defect::FalsePositiveRate));
    }
}

#[test]
fn limits_of_a_header() {
    let plans: Vec<Plan> = (0..MAX_DATASETS).map(|_| emails(1, 1)).collect();
    let mut most = header(&plans);
    for dataset in &mut most.datasets {
        dataset.name = "n".repeat(64).as_str().try_into().unwrap();
        dataset.source_note = "s".repeat(96).as_str().try_into().unwrap();
    }
    // The longest texts for the most datasets fit, and read back.
    place(&mut most);
    let encoded = most.encode(ID).unwrap();
    assert_eq!(encoded.sectors().count(), MAX_HEADER_SECTORS as usize);
    let mut bytes: Vec<u8> = encoded.sectors().flatten().collect();
    bytes.resize(most.num_sectors as usize * 512, 0);
    assert_eq!(open(&bytes).unwrap().header(), &most);
    // A header that is cut short within its own sectors.
    assert_eq!(
        open(&bytes[..3 * 512]),
        Err(Error::Truncated {
            expected_sectors: 4,
            found_sectors: 3
        })
    );
    // With the longest phone rules too they do not, and that is said.
    let rules = PhoneProfile {
        region: *b"CN",
        calling_code: 86,
        num_digits: 1 << 11,
        has_calling_codes: false,
        num_international_bytes: 0,
        num_national_bytes: 0,
        rules: [0; MAX_RULE_BYTES].as_slice().try_into().unwrap(),
    };
    for dataset in &mut most.datasets {
        dataset.profile = Profile::Phone(rules.clone());
    }
    for result in [
        most.encode(ID).map(drop),
        most.num_header_sectors().map(drop),
    ] {
        match result {
            Err(Error::HeaderTooLarge { bytes }) => assert!(bytes as usize > MAX_HEADER_BYTES),
            other => panic!("{other:?}"),
        }
    }
}

static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| file(&plans()));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// Random header bytes under a right checksum: an error, or a header that was
    /// checked; members that it speaks of are never "not exposed" unless the header
    /// really says other things (another seed, say), and nothing panics.
    #[test]
    fn random_bytes_in_a_header(
        changes in prop::collection::vec((FIXED_BYTES..PAYLOAD_BYTES, any::<u8>()), 1..6),
        length in prop::option::weighted(0.2, any::<u16>()),
    ) {
        let mut bytes = FILE.clone();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        if let Some(length) = length {
            bytes[10..12].copy_from_slice(&length.to_le_bytes());
        }
        reseal(&mut bytes, 0);
        for (place, kind, text) in [
            (0, IdentifierKind::Email, "member1@example.com"),
            (3, IdentifierKind::Id, "13800000000"),
        ] {
            let member = Identifier::new(text.as_bytes()).of_kind(kind);
            if says_not_exposed(&ask(&bytes, member)) {
                // Then it is another filter that is asked, by a valid header of its own.
                let (found, original) = (open(&bytes).unwrap(), open(&FILE).unwrap());
                let of = |catalogue: &Catalogue| {
                    let dataset = &catalogue.datasets()[place];
                    (dataset.profile.clone(), dataset.hash, dataset.encoding, dataset.num_sectors)
                };
                prop_assert!(of(&found) != of(&original) || found.file_id() != original.file_id());
            }
        }
        let _ = ask(&bytes, Identifier::new("１３８ 0013 8000".as_bytes()));
    }

    /// Nothing but random bytes, under a right checksum.
    #[test]
    fn a_random_header(body in prop::collection::vec(any::<u8>(), PAYLOAD_BYTES - FIXED_BYTES), length in 0u16..2100) {
        let mut bytes = FILE.clone();
        bytes[FIXED_BYTES..PAYLOAD_BYTES].copy_from_slice(&body);
        bytes[10..12].copy_from_slice(&length.to_le_bytes());
        reseal(&mut bytes, 0);
        prop_assert!(open(&bytes).is_err());
    }

    /// Random bytes are no file.
    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        prop_assert!(open(&bytes).is_err());
    }
}
