//! Sectors that are verified once for many questions: nothing is believed that one question by
//! itself would not believe.

#![cfg(all(feature = "signatures", feature = "std"))]

mod common;

use std::convert::Infallible;

use common::{emails, file, key, open, reseal, signed};
use leaksieve_core::source::read_proven;
use leaksieve_core::verified::ProvenTags;
use leaksieve_core::{Catalogue, Error, Identifier, ReadError, Sector, SectorIndex, Verdict};

/// Of a signed file of so many pages, a page has two tag sectors above it that are not kept.
const NUM_PAGES: u32 = 80 * 31 + 1;

fn sector(bytes: &[u8], index: SectorIndex) -> Sector {
    *bytes[index.0 as usize * 512..].first_chunk().unwrap()
}

/// Verify all pages in order; gives the sectors of tags that were read, and compares with what is
/// proven from the page to the root each time.
fn tags_read(catalogue: &Catalogue, bytes: &[u8]) -> (Vec<u32>, Vec<Error>) {
    let (mut reads, mut errors) = (Vec::new(), Vec::new());
    let mut tags = ProvenTags::default();
    let (first, count) = catalogue.header().sectors_of_datasets();
    for index in (first.0..).take(count as usize).map(SectorIndex) {
        let page = sector(bytes, index);
        let verified = catalogue.verified(index, &page, &mut tags, |above, buffer| {
            reads.push(above.0);
            *buffer = sector(bytes, above);
            Ok::<_, Infallible>(())
        });
        let error = match verified {
            Ok(verified) => {
                assert_eq!(verified.index(), index);
                None
            }
            Err(ReadError::Filter(error)) => Some(error),
        };
        let proven = read_proven(catalogue, &mut &*bytes, index, &mut [0; 512], |_| ());
        assert_eq!(error.map(ReadError::Filter), proven.err());
        errors.extend(error);
    }
    (reads, errors)
}

#[test]
fn tags_are_read_once_and_no_forged_sector_is_believed() {
    let (pair, _) = key(1);
    let good = signed(&[emails(100, NUM_PAGES)], &pair);
    let catalogue = open(&good).unwrap();
    let (reads, errors) = tags_read(&catalogue, &good);
    assert_eq!((reads.len(), errors.len()), (81 + 3, 0));
    let mut distinct = reads.clone();
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), reads.len());

    let tree = catalogue.header().tree().unwrap();
    let (first, _) = catalogue.header().sectors_of_datasets();
    let mut node = tree.leaf_at(SectorIndex(first.0 + 1_000));
    for num_below in [1, 31, 31 * 31] {
        let at = tree.sector_of(node);
        for is_resealed in [false, true] {
            let mut forged = good.clone();
            forged[at.0 as usize * 512 + 5] ^= 4;
            if is_resealed {
                reseal(&mut forged, at.0);
            }
            let (_, errors) = tags_read(&catalogue, &forged);
            assert_eq!(errors.len(), num_below, "{at} {is_resealed}");
        }
        node = node.parent().0;
    }
}

#[test]
fn a_lookup_takes_only_the_sector_that_it_wants_of_its_own_file() {
    let bytes = file(&[emails(1_000, 5)]);
    let [own, other] = [open(&bytes).unwrap(), open(&bytes).unwrap()];
    let tags = &mut ProvenTags::default();
    let read = |_: SectorIndex, _: &mut Sector| Ok::<_, Infallible>(());
    for i in 990..1_010 {
        let text = format!("member{i}@example.com");
        let asked = Identifier::new(text.as_bytes());
        let mut lookup = own.lookup(asked);
        let wanted = lookup.wants().unwrap();
        let page = sector(&bytes, wanted);
        let foreign = other.verified(wanted, &page, tags, read).unwrap();
        let (first, _) = own.header().sectors_of_datasets();
        let next = SectorIndex(first.0 + (wanted.0 - first.0 + 1) % 5);
        let next_page = sector(&bytes, next);
        let elsewhere = own.verified(next, &next_page, tags, read).unwrap();
        for refused in [&foreign, &elsewhere] {
            assert_eq!(lookup.supply_verified(refused), Err(Error::Unfinished));
            assert_eq!(lookup.wants(), Some(wanted));
        }
        // Put aside, and taken up again.
        let waiting = lookup.waiting().unwrap();
        assert_eq!(waiting.wants(), wanted);
        let answers = lookup.answers().clone();
        let mut lookup = waiting.go_on(&own, asked, &[], answers);
        let verified = own.verified(wanted, &page, tags, read).unwrap();
        lookup.supply_verified(&verified).unwrap();
        assert!(lookup.waiting().is_none());
        let is_exposed = matches!(lookup.verdict(), Ok(Verdict::Exposed(_)));
        assert_eq!(is_exposed, i < 1_000);
    }
}

#[test]
fn a_lookup_between_a_page_and_its_tags_begins_again_with_the_page() {
    let (pair, _) = key(1);
    let bytes = signed(&[emails(100, NUM_PAGES)], &pair);
    let catalogue = open(&bytes).unwrap();
    let asked = Identifier::new(b"member7@example.com");
    let mut lookup = catalogue.lookup(asked);
    let page = lookup.wants().unwrap();
    lookup.supply(&sector(&bytes, page)).unwrap();
    let above = lookup.wants().unwrap();
    assert_ne!(above, page);
    // What was verified is no answer to a lookup that wants the tags.
    let content = sector(&bytes, page);
    let tags = &mut ProvenTags::default();
    let verified = catalogue.verified(page, &content, tags, |above, buffer| {
        *buffer = sector(&bytes, above);
        Ok::<_, Infallible>(())
    });
    let verified = verified.unwrap();
    assert_eq!(lookup.supply_verified(&verified), Err(Error::Unfinished));
    let waiting = lookup.waiting().unwrap();
    assert_eq!(waiting.wants(), page);
    let mut lookup = waiting.go_on(&catalogue, asked, &[], lookup.answers().clone());
    lookup.supply_verified(&verified).unwrap();
    assert!(matches!(lookup.verdict(), Ok(Verdict::Exposed(_))));
}
