//! Bytes as a file: opened, asked, and held against the format's text.
//!
//! Input: flags, a kind, the text of a question with its length before it, what fills
//! the sectors that are not given (u8), the sector whose checksum is wrong (u16), then
//! the file: its payloads one behind the other, or with [`BUILT`] what a valid header is
//! made of and up to four changes of it, or with [`RAW`] its bytes as they are. With
//! [`SIGNED`] a built file is signed before it is changed, and no change is believed.

use leaksieve_core::header::{FIXED_BYTES, MAX_HEADER_BYTES, MAX_HEADER_SECTORS};
use leaksieve_core::trust::CACHED_TAGS;
use leaksieve_core::{
    Catalogue, Error, Identifier, Opening, ReadError, SectorIndex, SectorSource, Trust,
};

use crate::input::Input;
use crate::made::{Made, built, given, key};
use crate::{oracle, profiles};

/// The bytes are a file as they are, checksums and all.
const RAW: u8 = 1;
/// The header is made, not given.
const BUILT: u8 = 2;
/// A sector's checksum is wrong.
const DAMAGED: u8 = 4;
/// The file ends with what is given of it.
const ENDS: u8 = 8;
/// The question may be folded by the host's tables.
const FOLDED: u8 = 16;
/// Magic, version, protection and reserved bytes are left as they are given.
const WILD: u8 = 32;
/// What is built is signed, if it is short.
const SIGNED: u8 = 64;

/// Run one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let flags = input.byte();
    let is = |flag: u8| flags & flag != 0;
    let kind = profiles::kind(input.byte());
    let mut question = Identifier::new(input.counted());
    if let Some(kind) = kind {
        question = question.of_kind(kind);
    }
    if !is(FOLDED) {
        question = question.without_tables();
    }
    let fill = input.byte();
    let damaged = u32::from(input.u16());
    if is(RAW) {
        return raw(input.rest(), question);
    }
    let content = if is(BUILT) {
        built(&mut input, fill, is(SIGNED))
    } else {
        given(input.rest(), fill, is(WILD))
    };
    let file = Made {
        file_id: content.file_id(),
        num_sectors: if is(ENDS) {
            content.num_payloads()
        } else {
            u32::MAX
        },
        content,
        damaged: is(DAMAGED).then_some(damaged),
    };
    let keys = [key()];
    let trust = if file.content.is_signed() {
        Trust::in_keys(&keys)
    } else {
        Trust::ANY
    };
    if let Some(catalogue) = open(&file, &trust) {
        survives_encoding(&file, &catalogue);
        ask(&file, &catalogue, question);
    }
}

/// A file of any bytes, which are hardly ever one.
fn raw(mut bytes: &[u8], question: Identifier<'_>) {
    let mut buffer = [0; 512];
    if let Ok(catalogue) = leaksieve_core::open(&mut bytes, &mut buffer, &Trust::ANY) {
        let _ = leaksieve_core::check(&catalogue, question, &mut bytes, &mut buffer);
    }
}

/// Open as the helper does and by hand, which must agree.
fn open(mut file: &Made, trust: &Trust<'_>) -> Option<Catalogue> {
    let mut buffer = [0; 512];
    let opened = leaksieve_core::open(&mut file, &mut buffer, trust);
    let mut opening = Opening::new();
    opening.begin(file.num_sectors);
    let mut num_read = 0;
    let mut saw_damage = false;
    let by_hand = loop {
        let Some(index) = opening.wants() else {
            break opening.finish().cloned();
        };
        let Ok(()) = file.read_sector(index, &mut buffer);
        let damaged = file.damaged == Some(index.0);
        match opening.supply(&buffer, trust) {
            Ok(()) => assert!(!damaged),
            // Damage of the magic cannot be told from another file.
            Err(Error::SectorDamaged { .. } | Error::NotAFilter) if damaged => {
                saw_damage = true;
                if let Err(error) = opening.supply(&file.whole(index.0), trust) {
                    break Err(error);
                }
            }
            Err(error) => break Err(error),
        }
        num_read += 1;
        // Header and signature, and no more sectors of tags than tags are kept.
        assert!(num_read <= MAX_HEADER_SECTORS as usize + 1 + CACHED_TAGS);
    };
    if saw_damage {
        assert!(opened.is_err());
        // What was supplied again counts as if it had been whole.
        return by_hand.ok();
    }
    match (&opened, &by_hand) {
        (Ok(one), Ok(other)) => assert!(one == other),
        (Err(ReadError::Filter(one)), Err(other)) => assert_eq!(one, other),
        _ => panic!("opened in one way only"),
    }
    by_hand.ok()
}

/// A header that is read can be written, and is read again. That of a signed file is the
/// one that was signed.
fn survives_encoding(file: &Made, catalogue: &Catalogue) {
    let header = catalogue.header();
    let first_page = header.sectors_of_datasets().0.0;
    if file.content.is_signed() {
        assert_eq!(catalogue.signer(), Some(key()));
        assert!((0..first_page).all(|index| !file.content.is_changed(index)));
        assert!(!file.content.is_changed(header.signature_sector().0));
        return;
    }
    assert_eq!(catalogue.signer(), None);
    // A header whose lengths are written longer than they need be shrinks, and may shrink
    // by a sector.
    if header.num_header_sectors() != Ok(first_page) {
        return;
    }
    let bytes: Vec<u8> = header
        .encode(catalogue.file_id())
        .expect("a header that was read")
        .sectors()
        .flatten()
        .collect();
    assert!(bytes.len() <= FIXED_BYTES + MAX_HEADER_BYTES + 4 * 4);
    let mut opening = Opening::new();
    opening.begin(header.num_sectors);
    while let Some(index) = opening.wants() {
        let sector = bytes[index.0 as usize * 512..].first_chunk();
        opening
            .supply(sector.expect("a sector of the header"), &Trust::ANY)
            .expect("what was written");
    }
    assert!(opening.finish() == Ok(catalogue));
}

/// Ask, and compare the verdict with the format's text.
fn ask(mut file: &Made, catalogue: &Catalogue, question: Identifier<'_>) {
    let header = catalogue.header();
    let expected = oracle::expected(catalogue, &question, |index| file.content.as_made(index));
    let (SectorIndex(first), num_sectors) = header.sectors_of_datasets();
    let mut lookup = catalogue.lookup(question);
    let mut read = Vec::new();
    let mut saw_damage = false;
    let mut buffer = [0; 512];
    let mut refused = None;
    while let Some(index) = lookup.wants() {
        assert!(first <= index.0 && index.0 < header.num_sectors);
        read.push(index.0);
        let Ok(()) = file.read_sector(index, &mut buffer);
        let mut result = lookup.supply(&buffer);
        if let Err(Error::SectorDamaged { .. }) = result {
            assert_eq!(file.damaged, Some(index.0));
            saw_damage = true;
            assert_eq!(lookup.wants(), Some(index));
            result = lookup.supply(&file.whole(index.0));
        }
        if let Err(error) = result {
            refused = Some(error);
            break;
        }
    }
    let num_wanted = catalogue.sectors_per_dataset() as usize * header.datasets.len();
    assert!(read.len() <= num_wanted);
    // A change is found where it is read, and nothing else is taken for one.
    let is_forged = read.iter().any(|index| file.content.is_changed(*index));
    read.retain(|index| u64::from(*index) < u64::from(first) + num_sectors);
    match refused {
        Some(Error::NotAsSigned { .. }) => assert!(is_forged),
        // It is read before it is proven.
        Some(Error::PageMalformed { .. }) if is_forged => {}
        Some(error) => {
            assert!(!is_forged);
            assert_eq!(read, expected.sectors);
            assert_eq!(Some(error), expected.nowhere);
            assert_eq!(lookup.wants(), read.last().copied().map(SectorIndex));
        }
        None => {
            assert!(!is_forged);
            assert_eq!(read, expected.sectors);
            expected.compare(&lookup.verdict().expect("nothing is wanted"));
        }
    }
    match leaksieve_core::check(catalogue, question, &mut file, &mut buffer) {
        Ok(verdict) => {
            assert!(!saw_damage && refused.is_none());
            expected.compare(&verdict);
        }
        Err(ReadError::Filter(Error::SectorDamaged { .. })) => assert!(saw_damage),
        Err(ReadError::Filter(error)) => assert_eq!(Some(error), refused),
    }
}
