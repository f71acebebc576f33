//! Ribbons: their layers, headers that cannot be, and pages that nobody solved.

mod common;

use common::ribbon::PlainAnswer;
use common::{
    Plan, ask, emails, file, key_of, open, pages_read, plain, reseal, says_not_exposed,
    with_header_of,
};
use leaksieve_core::encoding::ribbon::{NumPages, Ribbon};
use leaksieve_core::header::Encoding;
use leaksieve_core::sector::{PAYLOAD_BYTES, SectorIndex};
use leaksieve_core::{Error, HeaderDefect, Identifier, ReadError, Verdict};
use proptest::prelude::*;

/// Three layers, the last pages of each of a column more.
fn layered() -> Plan {
    emails(2_000, 11).into_ribbon(20, 1 << 30, [1, 1, 0])
}

/// A ribbon's members are found in the layer that has them, and each question reads one page
/// of each layer down to there, as FORMAT.md's words have it.
#[test]
fn one_sector_a_query_and_layer() {
    let plan = layered();
    let bytes = file(std::slice::from_ref(&plan));
    let catalogue = open(&bytes).unwrap();
    let dataset = &catalogue.datasets()[0];
    let Encoding::Ribbon(ribbon) = dataset.encoding else {
        panic!("no ribbon");
    };
    // Of each of an address's two readings.
    assert_eq!(catalogue.sectors_per_dataset(), 2 * 3);
    let mut found_in = [0; 3];
    let mut missed_in = [0; 3];
    let others = (0..20_000).map(|i| format!("other{i}@example.com"));
    for (text, is_member) in (plan.members.iter().cloned().map(|text| (text, true)))
        .chain(others.map(|text| (text, false)))
    {
        let asked = Identifier::new(text.as_bytes());
        let (answer, expected) = plain(&ribbon).ask(key_of(dataset, &text), 11, |page| {
            let sector = dataset.first_sector.0 as usize + page as usize;
            *bytes[sector * 512..].first_chunk().unwrap()
        });
        let is_exposed = matches!(ask(&bytes, asked), Ok(Verdict::Exposed(_)));
        assert_eq!(is_exposed, answer == PlainAnswer::Member);
        // One false alarm in 50 runs is expected of so few strangers, and none is there.
        assert_eq!(is_exposed, is_member);
        let read = pages_read(&catalogue, &bytes, asked);
        let expected = expected
            .iter()
            .map(|page| dataset.first_sector.0 + *page as u32);
        assert_eq!(read, expected.collect::<Vec<_>>());
        let counts = if is_member {
            &mut found_in
        } else {
            &mut missed_in
        };
        counts[read.len() - 1] += 1;
    }
    assert!(found_in.iter().all(|count| *count > 0), "{found_in:?}");
    assert!(missed_in.iter().all(|count| *count > 0), "{missed_in:?}");
}

/// A file may say any threshold: half of all items are bumped by the highest, by every layer.
/// What the last one bumps is an error, at each attempt, and never a verdict.
#[test]
fn what_the_last_layer_bumps_has_no_answer() {
    let plan = layered();
    let mut bytes = file(std::slice::from_ref(&plan));
    for page in 1..12 {
        bytes[page as usize * 512] = 255;
        reseal(&mut bytes, page);
    }
    let catalogue = open(&bytes).unwrap();
    let mut lengths = [0; 3];
    for text in &plan.members {
        let mut lookup = catalogue.lookup(Identifier::new(text.as_bytes()));
        let mut read = Vec::new();
        while let Some(index) = lookup.wants() {
            read.push(index);
            let sector = bytes[index.0 as usize * 512..].first_chunk().unwrap();
            if let Err(error) = lookup.supply(sector) {
                assert_eq!(error, Error::NoSuchLayer { index });
                assert_eq!(index, SectorIndex(11), "the last layer's only page");
                assert_eq!(lookup.wants(), Some(index));
                assert_eq!(lookup.supply(sector), Err(error));
                assert_eq!(lookup.wants(), Some(index));
                assert_eq!(lookup.verdict(), Err(Error::Unfinished));
                lengths[read.len() - 1] += 1;
                break;
            }
            assert!(read.len() <= 3);
        }
    }
    // Half, of half, of half: and five standard deviations.
    assert_eq!(lengths[..2], [0, 0]);
    assert!((176..325).contains(&lengths[2]), "{lengths:?}");
}

fn ribbon(columns: u8, wide_share: u32, overflow: [u32; 3]) -> Encoding {
    Encoding::Ribbon(Ribbon {
        columns,
        salt: 0,
        wide_share,
        overflow: overflow.map(NumPages),
    })
}

#[test]
fn impossible_ribbons_by_their_defect() {
    let opened = |num_sectors: u32, encoding| {
        let bytes = with_header_of(&[emails(1, 11)], |header| {
            header.datasets[0].num_sectors = num_sectors;
            header.datasets[0].encoding = encoding;
        });
        open(&bytes).map(drop)
    };
    let malformed = |defect| Err(Error::HeaderMalformed(defect));
    for (columns, wide_share) in [
        (0, 0),
        (0, u32::MAX),
        (33, 0),
        (32, 1),
        (32, u32::MAX),
        (255, 0),
        (255, u32::MAX),
    ] {
        assert_eq!(
            opened(11, ribbon(columns, wide_share, [0; 3])),
            malformed(HeaderDefect::Columns),
            "{columns} {wide_share}"
        );
    }
    const MAX: u32 = u32::MAX;
    for overflow in [
        // As many pages as there are, or more: the first layer has none.
        [11, 0, 0],
        [4, 4, 3],
        [12, 0, 0],
        [MAX, 0, 0],
        [MAX, 12, 0],
        [MAX, MAX, MAX],
        // Sums that wrap to 11 and below.
        [MAX, 1, 0],
        [1 << 31, 1 << 31, 2],
        // A layer of none before one of some.
        [0, 1, 0],
        [0, 0, 1],
        [1, 0, 1],
        [0, MAX, 0],
    ] {
        assert_eq!(
            opened(11, ribbon(9, 0, overflow)),
            malformed(HeaderDefect::Layers),
            "{overflow:?}"
        );
    }
    // The shares of a layer are 2^32 or more, or one less: then the file is too short.
    for (num_sectors, encoding, expected) in [
        (1 << 31, ribbon(1, 0, [0; 3]), HeaderDefect::Layers),
        (
            (1 << 31) - 1,
            ribbon(1, 0, [0; 3]),
            HeaderDefect::SectorRange,
        ),
        (MAX, ribbon(1, MAX, [0; 3]), HeaderDefect::SectorRange),
        (MAX, ribbon(2, MAX, [0; 3]), HeaderDefect::Layers),
        (MAX, ribbon(32, 0, [0; 3]), HeaderDefect::Layers),
        (1 << 27, ribbon(32, 0, [1, 0, 0]), HeaderDefect::Layers),
        (
            1 << 28,
            ribbon(32, 0, [1 << 27, 0, 0]),
            HeaderDefect::Layers,
        ),
        (
            1 << 28,
            ribbon(32, 0, [(1 << 28) - 1, 0, 0]),
            HeaderDefect::Layers,
        ),
    ] {
        assert_eq!(
            opened(num_sectors, encoding),
            malformed(expected),
            "{num_sectors} {encoding:?}"
        );
    }
    for encoding in [
        ribbon(1, 0, [0; 3]),
        ribbon(32, 0, [8, 1, 1]),
        ribbon(31, MAX, [10, 0, 0]),
        ribbon(1, 1, [1, 1, 8]),
    ] {
        assert_eq!(opened(11, encoding), Ok(()), "{encoding:?}");
    }
}

/// Of a ribbon each layer's page takes as many, and no layer more.
#[test]
#[cfg(feature = "signatures")]
fn most_reads_of_a_signed_ribbon() {
    use common::{Counting, key, sign_sectors, signed};
    let (pair, _) = key(1);
    for (num_pages, overflow, expected) in [
        (80, [0, 0, 0], 1),
        (80, [1, 0, 0], 2),
        (80, [3, 2, 1], 4),
        (81, [3, 2, 1], 4 * 2),
        (80 * 31 + 1, [3, 2, 0], 3 * 3),
    ] {
        let plans = [emails(100, num_pages).into_ribbon(32, 0, overflow)];
        let mut bytes = signed(&plans, &pair);
        assert_eq!(open(&bytes).unwrap().sectors_per_dataset(), 2 * expected);
        // One that bumps all that may be bumped.
        let mut header = open(&bytes).unwrap().header().clone();
        let first_page = header.datasets[0].first_sector.0 as usize;
        let pages = bytes[first_page * 512..]
            .chunks(512)
            .take(num_pages as usize);
        let mut pages: Vec<[u8; 508]> = pages.map(|page| *page.first_chunk().unwrap()).collect();
        for page in &mut pages {
            page[0] = 255;
        }
        bytes = sign_sectors(&mut header, &mut pages, &pair);
        let catalogue = open(&bytes).unwrap();
        let max_pages_read = 1 + overflow.iter().filter(|pages| **pages > 0).count() as u32;
        let per_page = expected / max_pages_read;
        let mut longest = 0;
        for text in &plans[0].members {
            let mut source = Counting {
                inner: bytes.as_slice(),
                reads: Vec::new(),
            };
            let asked = Identifier::new(text.as_bytes());
            let answer = leaksieve_core::check(&catalogue, asked, &mut source, &mut [0; 512]);
            let num_read = source.reads.len() as u32;
            if num_read == expected {
                // The last layer's page was proven, and then leads on, or says something.
                let last = SectorIndex(source.reads[(expected - per_page) as usize]);
                assert!(match answer {
                    Err(ReadError::Filter(Error::NoSuchLayer { index })) => index == last,
                    answer => answer.is_ok(),
                });
            } else {
                assert!(answer.is_ok());
            }
            longest = longest.max(num_read);
        }
        assert_eq!(longest, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    /// Ribbons of any parameters and any pages under right checksums: refused when they
    /// cannot be, else what FORMAT.md's words give, which is an error where the last layer
    /// sends on, and no more reads than were said.
    #[test]
    fn any_ribbon(
        columns in prop_oneof![9 => 1_u8..=32, 1 => any::<u8>()],
        salt in any::<u8>(),
        wide_share in prop_oneof![Just(0), Just(1), Just(1 << 31), Just(u32::MAX), any::<u32>()],
        overflow in prop_oneof![
            Just([0; 3]),
            [1_u32..4, 1..3, 0..3],
            [0_u32..9, 0..9, 0..9],
            any::<[u32; 3]>(),
        ],
        thresholds in prop::collection::vec(prop_oneof![Just(0_u8), Just(255), any::<u8>()], 9),
        fill in any::<u8>(),
        seed in any::<u64>(),
    ) {
        let ribbon = Ribbon { columns, salt, wide_share, overflow: overflow.map(NumPages) };
        let plan = [emails(1, 9)];
        let mut bytes = with_header_of(&plan, |header| {
            header.datasets[0].encoding = Encoding::Ribbon(ribbon);
        });
        let mut state = seed;
        for (page, threshold) in (1..).zip(&thresholds) {
            let content = &mut bytes[page as usize * 512..][..PAYLOAD_BYTES];
            for byte in content.iter_mut() {
                state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
                *byte = (state >> 56) as u8 & fill;
            }
            content[0] = *threshold;
            reseal(&mut bytes, page);
        }
        let has_columns = (1..=32).contains(&columns) && (columns < 32 || wide_share == 0);
        let sum: u64 = overflow.iter().map(|pages| u64::from(*pages)).sum();
        let has_gap = overflow.windows(2).any(|pair| pair[0] == 0 && pair[1] > 0);
        let expected = match (has_columns, sum < 9 && !has_gap) {
            (true, true) => Ok(()),
            (true, false) => Err(Error::HeaderMalformed(HeaderDefect::Layers)),
            (false, _) => Err(Error::HeaderMalformed(HeaderDefect::Columns)),
        };
        let opened = open(&bytes);
        prop_assert_eq!(opened.as_ref().map(drop).map_err(|error| *error), expected);
        if let Ok(catalogue) = opened {
            let dataset = &catalogue.datasets()[0];
            prop_assert_eq!(
                catalogue.sectors_per_dataset() as usize,
                2 * plain(&ribbon).layers(9).len()
            );
            for text in (0..20).map(|i| format!("somebody{i}@example.com")) {
                let asked = Identifier::new(text.as_bytes());
                let (answer, pages) = plain(&ribbon).ask(key_of(dataset, &text), 9, |page| {
                    *bytes[(1 + page as usize) * 512..].first_chunk().unwrap()
                });
                let last = 1 + *pages.last().unwrap() as u32;
                let found = ask(&bytes, asked);
                match answer {
                    PlainAnswer::Member => prop_assert!(matches!(found, Ok(Verdict::Exposed(_)))),
                    PlainAnswer::NoMember => prop_assert!(says_not_exposed(&found)),
                    PlainAnswer::NoSuchLayer => prop_assert_eq!(
                        found,
                        Err(ReadError::Filter(Error::NoSuchLayer { index: SectorIndex(last) }))
                    ),
                }
                if answer != PlainAnswer::NoSuchLayer {
                    let read = pages_read(&catalogue, &bytes, asked);
                    prop_assert_eq!(read, pages.iter().map(|page| 1 + *page as u32).collect::<Vec<_>>());
                }
            }
        }
    }
}
