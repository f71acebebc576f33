//! Exact sets of numbers: every member is found and no other number is, of whatever parameters, and
//! no page makes a reader panic, or go on for ever.

mod common;

use std::collections::BTreeSet;

use common::exact::{Random, ask, build, ids, number_of, pages_of};
use common::plain_exact::{self, PlainSaid};
use common::{BLOOM, Plan, emails, file, header, open, pages_read, place, with_header_of};
use leaksieve_core::encoding::Match;
use leaksieve_core::encoding::exact::index::{Segment, directory, index_page, most_in_share};
use leaksieve_core::encoding::exact::page::PageWriter;
use leaksieve_core::encoding::exact::{BlockSize, MARK};
use leaksieve_core::header::Rate;
use leaksieve_core::identifier::Rule;
use leaksieve_core::sector::{PAYLOAD_BYTES, Payload, SectorIndex, seal};
use leaksieve_core::sentence::Phrase;
use leaksieve_core::{Error, HeaderDefect, Identifier, Outcome, Profile, ReadError, Verdict};

fn is_exhaustive() -> bool {
    std::env::var_os("LEAKSIEVE_EXHAUSTIVE").is_some()
}

fn block(exponent: u8) -> BlockSize {
    BlockSize::new(exponent).unwrap()
}

/// A name, the numbers, and where blocks of which size begin.
type Model = (&'static str, BTreeSet<u64>, Vec<(u64, BlockSize)>);

/// Sets of numbers, with segments that fit them.
fn models(random: &mut Random) -> Vec<Model> {
    let mut uniform = |low: u64, width: u64, num: usize| -> BTreeSet<u64> {
        (0..num).map(|_| low + random.below(width)).collect()
    };
    let mut models = vec![
        ("one", uniform(1_700, 1, 1), vec![(1_700, BlockSize::PAGE)]),
        (
            "one, high",
            uniform((1 << 61) - 9, 1, 1),
            vec![(0, BlockSize::PAGE)],
        ),
        (
            "dense",
            uniform(100_000, 20_000, 50_000),
            vec![(90_000, block(2))],
        ),
        (
            "dense page",
            uniform(100_000, 20_000, 50_000),
            vec![(90_000, BlockSize::PAGE)],
        ),
        (
            "half",
            uniform(1_000_000, 40_000, 28_000),
            vec![(1_000_000, block(3))],
        ),
        (
            "seven",
            uniform(1_380_000_000, 140_000, 21_000),
            vec![(1_300_000_000, block(4))],
        ),
        (
            "sparse",
            uniform(10_000_000_000, 10_000_000_000, 9_000),
            vec![(10_000_000_000, BlockSize::PAGE)],
        ),
        (
            "sparser",
            uniform(1 << 40, 1 << 60, 2_000),
            vec![(1, block(9))],
        ),
        (
            "sparsest",
            uniform(0, 1 << 61, 300),
            vec![(0, BlockSize::PAGE)],
        ),
        (
            "full",
            (777_777..850_000).collect(),
            vec![(777_770, block(3))],
        ),
        (
            "full page",
            (777_777..850_000).collect(),
            vec![(777_777, BlockSize::PAGE)],
        ),
    ];
    // Blocks of 1,000 of any density, in three segments, and a fourth of marked numbers.
    let mut clustered = BTreeSet::new();
    for start in (0..400).map(|i| 18_612_345_678 + i * 1_000 + i / 100 * 1_000_000_000) {
        let density = [0, 3, 40, 500, 960, 1_000][random.below(6) as usize];
        clustered.extend((start..start + 1_000).filter(|_| random.below(1_000) < density));
    }
    let marked: Vec<u64> = clustered
        .iter()
        .step_by(50)
        .map(|i| MARK | (i + 3))
        .collect();
    clustered.extend(marked);
    let segments = vec![
        (18_000_000_000, block(3)),
        (19_000_000_000, block(1)),
        (20_612_340_000, BlockSize::PAGE),
        (MARK, BlockSize::PAGE),
    ];
    models.push(("clustered", clustered, segments));
    models
}

#[test]
fn members_are_found_and_no_other_number_is() {
    let num_rounds = if is_exhaustive() { 40 } else { 2 };
    let mut random = Random(5);
    for round in 0..num_rounds {
        for (name, members, segments) in models(&mut random) {
            let sorted: Vec<u64> = members.iter().copied().collect();
            let is_random = round > 0;
            let pages = build(&sorted, &segments, is_random.then_some(&mut random));
            let is_right = |number: u64| {
                let (said, read) = ask(&pages, number).unwrap();
                let expected = match members.contains(&number) {
                    true => Match::Hit,
                    false => Match::Miss,
                };
                assert_eq!(said, expected, "{name}, round {round}: {number}");
                // By FORMAT.md's words, too.
                if number.is_multiple_of(8) {
                    let content = |page: u64| pages[page as usize];
                    let (plain, pages) = plain_exact::ask(number, pages.len() as u64, content);
                    assert_eq!(plain == PlainSaid::Member, expected == Match::Hit, "{name}");
                    assert_ne!(plain, PlainSaid::Refused);
                    assert!(
                        pages
                            .iter()
                            .map(|page| *page as u32)
                            .eq(read.iter().copied())
                    );
                }
                assert!(read.len() == 3 || number < segments[0].0);
            };
            for member in &sorted {
                is_right(*member);
                is_right(member.saturating_sub(1));
                is_right(member + 1);
                is_right(member ^ MARK);
            }
            let (first, last) = (sorted[0], sorted[sorted.len() - 1]);
            for _ in 0..5_000 {
                is_right(first - first.min(99) + random.below(last - first + 200));
                is_right(random.below(MARK << 1));
            }
            for (first, _) in &segments {
                is_right(*first);
                is_right(first.saturating_sub(1));
            }
            is_right(0);
            is_right((MARK << 1) - 1);
        }
    }
}

/// A page, an index or a directory that may be anything, and often is nearly right.
fn any_page(random: &mut Random, kind: u64, number: u64) -> Payload {
    let mut page = [0; PAYLOAD_BYTES];
    match random.below(4) {
        0 => {}
        // All bits alike, or most of them.
        1 => page.fill(if random.below(2) == 0 { 0xFF } else { 0 }),
        density => {
            for bytes in page.chunks_mut(8) {
                let bits = match density {
                    2 => random.next(),
                    _ => random.next() & random.next() & random.next() & random.next(),
                };
                bytes.copy_from_slice(&bits.to_le_bytes()[..bytes.len()]);
            }
        }
    }
    match kind {
        // Directory: few segments, of which the first has the number.
        0 if random.below(8) > 0 => {
            page[0] = 1 + random.below(4) as u8;
            let mut first = number >> random.below(3);
            let mut index_page = 1 + random.below(3) as u32;
            for segment in page[1..].chunks_exact_mut(14) {
                segment[..8].copy_from_slice(&first.to_le_bytes());
                segment[8..12].copy_from_slice(&index_page.to_le_bytes());
                segment[12] = random.below(58) as u8;
                segment[13] = random.below(11) as u8;
                first = first.saturating_add(number + random.below(2));
                index_page += random.below(9) as u32;
            }
        }
        // Index: few pages, and a first value that is often low.
        1 if random.below(8) > 0 => {
            page[..4].copy_from_slice(&(random.below(2) as u32).to_le_bytes());
            let first = (number >> random.below(3)) + random.below(8) / 7;
            page[4..12].copy_from_slice(&first.to_le_bytes());
            page[12..14].copy_from_slice(&(random.below(90) as u16).to_le_bytes());
        }
        _ => {}
    }
    page
}

/// Of pages whose checksums are right and whose content may be anything: each question ends, in
/// three pages at most, and has the answer of FORMAT.md's words, or is refused as there.
#[test]
fn questions_to_random_pages() {
    let num_questions = if is_exhaustive() { 1_000_000 } else { 100_000 };
    let mut random = Random(17);
    let mut said = [0; 3];
    for _ in 0..num_questions {
        let num_pages = 2 + random.below(60) as usize;
        let number = random.next() >> (1 + random.below(63));
        let [root, index, values] = [0, 1, 2].map(|kind| any_page(&mut random, kind, number));
        let mut pages = vec![index; num_pages];
        pages[0] = values;
        pages[num_pages / 8] = values;
        pages[num_pages - 1] = root;
        let answer = ask(&pages, number);
        let plain = plain_exact::ask(number, num_pages as u64, |page| pages[page as usize]);
        let (expected, read) = (plain.0, plain.1.iter().map(|page| *page as u32));
        match &answer {
            Ok((said, pages)) => {
                let is_member = expected == PlainSaid::Member;
                assert!(
                    is_member || expected == PlainSaid::NoMember,
                    "{number}: {said:?}"
                );
                assert_eq!(*said == Match::Hit, is_member, "{number}");
                assert!(read.eq(pages.iter().copied()), "{number}");
            }
            Err(_) => assert_eq!(expected, PlainSaid::Refused, "{number}"),
        }
        said[match answer {
            Ok((Match::Hit, _)) => 0,
            Ok(_) => 1,
            Err(_) => 2,
        }] += 1;
    }
    assert!(
        said.iter().all(|count| *count > num_questions / 50),
        "{said:?}"
    );
}

/// An exact file of these ids, and of some that came from lines with several readings.
fn file_of(certain: &[&str], alike: &[&str]) -> Vec<u8> {
    let mut numbers: Vec<u64> = certain.iter().map(|id| number_of(id)).collect();
    numbers.extend(alike.iter().map(|id| number_of(id) | MARK));
    let pages = pages_of(&numbers);
    let plan = Plan {
        members: certain.iter().map(|id| (*id).to_owned()).collect(),
        num_pages: pages.len() as u32,
        ..ids(1, 1)
    };
    let mut header = header(&[plan]);
    header.datasets[0].num_extra = alike.len() as u64;
    place(&mut header);
    let encoded = header.encode(common::ID).unwrap();
    let mut bytes: Vec<u8> = encoded.sectors().flatten().collect();
    for (index, page) in (1..).zip(&pages) {
        bytes.extend_from_slice(&seal(common::ID, SectorIndex(index), page));
    }
    bytes
}

#[test]
fn what_a_file_says() {
    let bytes = file_of(&["7", "007", "138001380001"], &["138001380001", "555"]);
    let catalogue = open(&bytes).unwrap();
    assert_eq!(catalogue.sectors_per_dataset(), 6);
    for (id, expected, num_reads) in [
        ("7", Some("in Ids (2021-06): certain"), 3),
        ("007", Some("in Ids (2021-06): certain"), 3),
        // It is in both, and the better answer is given.
        ("138001380001", Some("in Ids (2021-06): certain"), 3),
        (
            "555",
            Some("in Ids (2021-06), found as this number, or one that is written alike"),
            6,
        ),
        ("07", None, 6),
        ("0555", None, 6),
        // Below all numbers, and above; of 18 digits, and of more; none of digits.
        ("1", None, 4),
        ("999999999999999999", None, 6),
        ("1999999999999999999", None, 0),
        ("12a4", None, 0),
    ] {
        let asked = Identifier::new(id.as_bytes());
        let verdict = common::ask(&bytes, asked).unwrap();
        let answer = verdict.answers().iter().next().unwrap();
        match expected {
            Some(phrase) => {
                assert!(matches!(verdict, Verdict::Exposed(_)), "{id}");
                let said = Phrase::new(&catalogue, answer).unwrap().to_string();
                assert_eq!(said, phrase, "{id}");
                let is_alike = phrase.contains("alike");
                assert_eq!(answer.rule == Some(Rule::WrittenAlike), is_alike, "{id}");
            }
            None => {
                assert!(matches!(verdict, Verdict::NotExposed(_)), "{id}");
                assert_eq!(answer.outcome, Outcome::Absent);
            }
        }
        assert_eq!(
            pages_read(&catalogue, &bytes, asked).len(),
            num_reads,
            "{id}"
        );
        let dataset = &catalogue.datasets()[0];
        assert_eq!(dataset.false_alarm(answer.num_readings), Rate::NONE);
    }
    // Without marked numbers none is asked for.
    let bytes = file_of(&["7", "007"], &[]);
    let catalogue = open(&bytes).unwrap();
    assert_eq!(catalogue.sectors_per_dataset(), 3);
    assert_eq!(
        pages_read(&catalogue, &bytes, Identifier::new(b"17")).len(),
        3
    );
}

/// A thousand ids and their neighbours, asked of a file.
#[test]
fn a_file_of_ids() {
    let plan = ids(3_000, 13_800_000_000);
    let bytes = file(std::slice::from_ref(&plan));
    let members: BTreeSet<&str> = plan.members.iter().map(String::as_str).collect();
    for member in &plan.members {
        let id: u64 = member.parse().unwrap();
        for id in [id - 1, id, id + 1] {
            let text = id.to_string();
            let verdict = common::ask(&bytes, Identifier::new(text.as_bytes())).unwrap();
            let is_exposed = matches!(verdict, Verdict::Exposed(_));
            assert_eq!(is_exposed, members.contains(&*text), "{id}");
            assert!(is_exposed || matches!(verdict, Verdict::NotExposed(_)));
        }
    }
}

#[test]
fn what_cannot_be_exact_is_refused() {
    let defect = |defect| Err(Error::HeaderMalformed(defect));
    let plan = ids(10, 100);
    for profile in [
        Profile::Email,
        emails(1, 1).profile,
        common::names(1, 1).profile,
        common::passwords(1, 1).profile,
    ] {
        let bytes = with_header_of(std::slice::from_ref(&plan), |header| {
            header.datasets[0].profile = profile;
        });
        assert_eq!(open(&bytes).map(|_| ()), defect(HeaderDefect::Numbers));
    }
    let with = |plan: &Plan, designed: Rate, measured: Rate| {
        let bytes = with_header_of(std::slice::from_ref(plan), |header| {
            header.datasets[0].designed = designed;
            header.datasets[0].measured = measured;
        });
        open(&bytes).map(|_| ())
    };
    let some = Rate::from_units(1);
    assert_eq!(with(&plan, Rate::NONE, Rate::NONE), Ok(()));
    let bloom = emails(10, 1);
    for (plan, designed, measured) in [
        (&plan, some, Rate::NONE),
        (&plan, Rate::NONE, some),
        (&bloom, some, Rate::NONE),
        (&bloom, Rate::NONE, some),
    ] {
        let said = with(plan, designed, measured);
        assert_eq!(said, defect(HeaderDefect::FalsePositiveRate));
    }
    assert_eq!(bloom.encoding, BLOOM);
}

/// A page whose checksum is right, and which says what cannot be: an error that names its sector,
/// for members and others, and never "not exposed".
#[test]
fn malformed_pages_are_errors() {
    let good = file_of(&["7", "007", "138001380001"], &[]);
    // Header, page of values, index, directory.
    let num_sectors = good.len() as u32 / 512;
    let segment = |first_index_page| Segment {
        first: 10,
        first_index_page,
        shift: 40,
        block: BlockSize::PAGE,
    };
    let inverted = {
        let mut page = [0; PAYLOAD_BYTES];
        page[0] = 1;
        page
    };
    assert_eq!(
        PageWriter::new(17, BlockSize::PAGE).payload(),
        &[0; PAYLOAD_BYTES]
    );
    let last = num_sectors - 1;
    for (sector, page, named) in [
        (1, inverted, 1),
        (last - 1, index_page(1, 10, 40, &[]).unwrap(), last - 1),
        (
            last - 1,
            index_page(u32::MAX, 10, 40, &[]).unwrap(),
            last - 1,
        ),
        (
            last - 1,
            index_page(0, u64::MAX, 40, &[]).unwrap(),
            last - 1,
        ),
        (last, [0; PAYLOAD_BYTES], last),
        (last, directory(&[segment(num_sectors)]).unwrap(), last),
        (last, directory(&[segment(u32::MAX)]).unwrap(), last),
    ] {
        let mut bytes = good.clone();
        let sealed = seal(common::ID, SectorIndex(sector), &page);
        bytes[sector as usize * 512..][..512].copy_from_slice(&sealed);
        for id in ["7", "007", "138001380001", "138001380002", "999"] {
            let said = common::ask(&bytes, Identifier::new(id.as_bytes()));
            let index = SectorIndex(named);
            assert_eq!(
                said,
                Err(ReadError::Filter(Error::PageMalformed { index })),
                "{sector}: {id}"
            );
        }
    }
    assert!(most_in_share(40) > 90);
}
