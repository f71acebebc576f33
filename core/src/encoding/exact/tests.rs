//! The codes of gaps, and pages that were worked by hand.

use super::index::{Segment, Share, directory, index_page, most_in_share, segments, share_of};
use super::page::{Coded, MAX_GAP, PageWriter, Parameter, Values};
use super::*;
use crate::units::PAYLOAD_BYTES;
use proptest::prelude::*;
use std::vec::Vec;

/// Runs of three values: 2 bits a gap of 0, 3 of 1 and 2, a bit more for each run before.
fn runs_of(num_values: u32, is_inverted: bool) -> Parameter {
    let mut all = Parameter::all(is_inverted);
    all.find(|parameter| parameter.run() == num_values).unwrap()
}

/// A page that begins with these bytes.
fn page(bytes: &[u8]) -> Payload {
    let mut payload = [0; PAYLOAD_BYTES];
    payload[..bytes.len()].copy_from_slice(bytes);
    payload
}

/// The coded values of a page.
fn coded(payload: &Payload, first: u64, block: BlockSize) -> Vec<(u64, bool)> {
    let mut values = Values::new(payload, first, block);
    let mut all = Vec::new();
    while let Some(Coded { value, is_inverted }) = values.advance().unwrap() {
        all.push((value, is_inverted));
    }
    all
}

/// The parameter 0x42 (not inverted, exponent 1, fraction 2), then of each gap its runs, a 1, and
/// the rest:
/// `1 0 | 0 1 10 | 1 0 | 1 11 | 00000000 1 011`
#[test]
fn a_page_of_members_worked_by_hand() {
    let mut writer = PageWriter::new(100, BlockSize::PAGE);
    assert!(writer.begin_block(runs_of(3, false)));
    let members = [100, 105, 106, 109, 137];
    assert!(members.into_iter().all(|value| writer.code(value)));
    assert_eq!(*writer.payload(), page(&[0xC2, 0xAC, 0x03, 0x34]));
    assert_eq!(
        coded(writer.payload(), 100, BlockSize::PAGE),
        members.map(|value| (value, false))
    );
    for number in 100..200 {
        let place = index::Place {
            page: 0,
            first: 100,
            block: BlockSize::PAGE,
        };
        let said = page::query(writer.payload(), place, number).unwrap();
        assert_eq!(said == Match::Hit, members.contains(&number), "{number}");
    }
}

/// Blocks of ten, the first inverted: 1003 and 1009 are no members, and 1011 is one.
#[test]
fn blocks_worked_by_hand() {
    let block = BlockSize::new(1).unwrap();
    let mut writer = PageWriter::new(1_000, block);
    assert!(writer.wants_parameter());
    assert_eq!(writer.next_block_end(), 1_010);
    assert!(writer.begin_block(runs_of(1, true)));
    assert!(writer.code(1_003) && !writer.wants_parameter());
    assert!(writer.code(1_009) && writer.wants_parameter());
    assert!(writer.begin_block(runs_of(1, false)));
    assert!(!writer.code(1_009), "it is below the next");
    assert!(writer.code(1_011));
    assert_eq!(writer.next_value(), 1_012);
    assert_eq!(writer.block_end(), 1_020);
    assert_eq!(*writer.payload(), page(&[0x01, 0x04, 0x01, 0x02]));
    let place = index::Place {
        page: 0,
        first: 1_000,
        block,
    };
    for number in 1_000..1_100 {
        let is_member = matches!(number, 1_000..=1_002 | 1_004..=1_008 | 1_011);
        let said = page::query(writer.payload(), place, number).unwrap();
        assert_eq!(said == Match::Hit, is_member, "{number}");
    }
}

/// A directory of one segment, 2^10 values a share, and its index page, to which page 1 of values
/// that begins at 300 is added.
#[test]
fn a_directory_and_an_index_worked_by_hand() {
    let segment = Segment {
        first: 100,
        first_index_page: 2,
        shift: 10,
        block: BlockSize::PAGE,
    };
    let root = directory(&[segment]).unwrap();
    let expected = [1, 100, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 10, 0];
    assert_eq!(root, page(&expected));
    assert_eq!(segments(&root).collect::<Vec<_>>(), [Ok(segment)]);
    let index = index_page(0, 100, 10, &[200]).unwrap();
    let expected = [0, 0, 0, 0, 100, 0, 0, 0, 0, 0, 0, 0, 1, 0, 200, 0];
    assert_eq!(index, page(&expected));
    for (number, expected) in [
        (99, None),
        (100, Some((0, 100))),
        (299, Some((0, 100))),
        (300, Some((1, 300))),
        (1_123, Some((1, 300))),
        // Behind the last share.
        (u64::MAX, Some((1, 300))),
    ] {
        let share = share_of(&root, number, 4).unwrap();
        let place = share.map(|share| share.place_of(&index, number).unwrap());
        let place = place.map(|place| (place.page, place.first));
        assert_eq!(place, expected, "{number}");
    }
}

/// Each of them is read back, has the length that it was said to have, and no other has its code.
#[test]
fn every_gap_is_read_back() {
    for parameter in Parameter::all(false) {
        let mut gaps: Vec<u64> = (0..2_000).chain([99_999, 100_000, 1 << 32]).collect();
        // Around the ends of runs.
        let run = u64::from(parameter.run());
        for ends in [1, 6, 7, 8, 10, 14, 1_000] {
            gaps.extend([run * ends - 1, run * ends, run * ends + 1]);
        }
        for doublings in 0..61 {
            let end = (u128::from(run) * 8) << doublings;
            let gap = end.min(u128::from(MAX_GAP - 1)) as u64;
            gaps.extend([gap - 1, gap, gap + 1]);
        }
        for gap in gaps {
            is_read_back(parameter, 7, gap);
        }
    }
    let parameter = runs_of(5, true);
    for gap in 0..100_000 {
        is_read_back(parameter, 12_345, gap);
    }
}

fn is_read_back(parameter: Parameter, first: u64, gap: u64) {
    let mut writer = PageWriter::new(first, BlockSize::PAGE);
    assert!(writer.begin_block(parameter));
    assert!(writer.code(first + gap), "{gap}");
    // What follows shows where the gap's code ended.
    assert!(writer.code(first + gap + 1));
    let values = [first + gap, first + gap + 1];
    let expected = values.map(|value| (value, parameter.is_inverted()));
    let mut values = Values::new(writer.payload(), first, BlockSize::PAGE);
    for (value, is_inverted) in expected {
        let next = values.advance().unwrap();
        assert_eq!(next, Some(Coded { value, is_inverted }), "{parameter:?}");
    }
    assert_eq!(values.advance(), Ok(None));
    // So many gaps of the length that was said fill a page, and no more.
    let num_bits = parameter.bits_of(gap);
    if num_bits > 40 && gap < 1 << 50 {
        let mut writer = PageWriter::new(0, BlockSize::PAGE);
        assert!(writer.begin_block(parameter));
        let mut num_written = 0;
        while writer.code(writer.next_value() + gap) {
            num_written += 1;
        }
        let fit = (PAYLOAD_BYTES as u32 * 8 - 7) / num_bits;
        assert_eq!(num_written, fit, "{parameter:?} {gap}");
    }
}

#[test]
fn what_has_no_code_is_not_written() {
    for parameter in Parameter::all(false) {
        let mut writer = PageWriter::new(3, BlockSize::PAGE);
        assert!(writer.begin_block(parameter));
        let before = *writer.payload();
        assert!(!writer.code(2), "it is below the first");
        assert!(!writer.code(4 + MAX_GAP));
        assert_eq!(*writer.payload(), before);
        assert!(writer.code(3 + MAX_GAP));
    }
    assert_eq!(index_page(0, 0, 56, &[0; 71]), None);
    assert_eq!(most_in_share(56), 70);
    assert!(index_page(0, 0, 56, &[0; 70]).is_some());
    let segment = Segment {
        first: 0,
        first_index_page: 1,
        shift: 0,
        block: BlockSize::PAGE,
    };
    assert_eq!(directory(&[]), None);
    assert_eq!(directory(&[segment; 37]), None);
    assert!(directory(&[segment; 36]).is_some());
    assert_eq!(BlockSize::new(10), None);
    assert_eq!(BlockSize::new(9).unwrap().num_values(), Some(1_000_000_000));
    assert_eq!(BlockSize::PAGE.num_values(), None);
}

/// What a page, an index or a directory says that no builder writes is no answer.
#[test]
fn what_no_builder_writes_is_refused() {
    let place = |first| index::Place {
        page: 0,
        first,
        block: BlockSize::PAGE,
    };
    // 63 runs, the last of over 2^61 values.
    let mut too_long = page(&[0x00]);
    too_long[10] = 0x80;
    assert_eq!(page::query(&too_long, place(0), 1 << 61), Err(PageDefect));
    // A gap whose rest is behind the page's end.
    let mut cut = page(&[0x7E]);
    cut[PAYLOAD_BYTES - 1] = 0x80;
    let said = page::query(&cut, place(0), 1);
    assert_eq!(said, Err(PageDefect));
    // A value that no number has.
    let mut high = page(&[0x80]);
    high[1] = 0;
    let said = page::query(&high, place(u64::MAX), 1);
    assert_eq!(said, Err(PageDefect));
    // Inverted to its end: all that is above would be a member.
    let inverted = page(&[0x81]);
    assert_eq!(page::query(&inverted, place(5), 5), Ok(Match::Miss));
    assert_eq!(page::query(&inverted, place(5), 6), Err(PageDefect));

    let segment = |first, first_index_page, shift| Segment {
        first,
        first_index_page,
        shift,
        block: BlockSize::PAGE,
    };
    let two = |a, b| directory(&[a, b]).unwrap();
    let good = two(segment(10, 1, 4), segment(20, 2, 4));
    assert!(share_of(&good, 15, 4).is_ok());
    for (bad, name) in [
        (page(&[]), "no segment"),
        (page(&[37, 1]), "too many"),
        (
            two(segment(10, 2, 4), segment(20, 1, 4)),
            "pages out of order",
        ),
        (two(segment(10, 2, 4), segment(20, 2, 4)), "no pages"),
        (
            two(segment(10, 1, 57), segment(20, 2, 4)),
            "shares too large",
        ),
        (
            two(segment(10, 3, 4), segment(12, 5, 4)),
            "pages behind the last",
        ),
    ] {
        assert_eq!(share_of(&bad, 15, 4), Err(PageDefect), "{name}");
    }
    let mut large_block = good;
    large_block[14] = 10;
    assert_eq!(share_of(&large_block, 15, 4), Err(PageDefect));
    assert_eq!(share_of(&good, 15, 0), Err(PageDefect));

    let share: Share = share_of(&good, 15, 4).unwrap().unwrap();
    let mut crowded = index_page(0, 10, 4, &[]).unwrap();
    crowded[12..14].copy_from_slice(&(most_in_share(4) as u16 + 1).to_le_bytes());
    for (bad, name) in [
        (crowded, "too many pages"),
        (index_page(1, 10, 4, &[]).unwrap(), "a page of the index"),
        (index_page(0, 10, 4, &[1]).unwrap(), "a page of the index"),
        (index_page(u32::MAX, 10, 4, &[1]).unwrap(), "no page"),
        (
            index_page(0, 16, 4, &[]).unwrap(),
            "a page behind the number",
        ),
    ] {
        assert_eq!(share.place_of(&bad, 15), Err(PageDefect), "{name}");
    }
}

proptest! {
    #[test]
    fn random_gaps_are_read_back(place in 0..64_usize, gap in 0..=MAX_GAP, shift in 0..61_u32) {
        let parameter = Parameter::all(false).nth(place).unwrap();
        is_read_back(parameter, 1, gap >> shift);
    }

    #[test]
    fn fields_are_read_back(
        numbers in proptest::collection::vec((any::<u64>(), 0..63_u32), 1..80)
    ) {
        let mut payload = [0; PAYLOAD_BYTES];
        let mut at = 0;
        let mut written = Vec::new();
        for (number, num_bits) in numbers {
            if bits::put(&mut payload, at, num_bits, number) {
                written.push((at, num_bits, number & !(u64::MAX << num_bits)));
                at += num_bits;
            } else {
                prop_assert!(at + num_bits > bits::PAGE_BITS);
            }
        }
        for (at, num_bits, number) in written {
            prop_assert_eq!(bits::field(&payload, at, num_bits), number);
        }
        // Behind the end they are 0.
        for far in [bits::PAGE_BITS, bits::PAGE_BITS + 33, u32::MAX] {
            prop_assert_eq!(bits::field(&[0xFF; PAYLOAD_BYTES], far, 62), 0);
        }
    }
}
