//! Bytes as a file: opened, asked, and held against the format's text.
//!
//! Input: flags, a kind, the text of a question with its length before it, what fills
//! the sectors that are not given (u8), the sector whose checksum is wrong (u16), then
//! the file: its payloads one behind the other, or with [`BUILT`] what a valid header is
//! made of and up to four changes of it, or with [`RAW`] its bytes as they are.

use std::convert::Infallible;

use leaksieve::fold;
use leaksieve_core::hash::HashFunction;
use leaksieve_core::header::{
    Date, Encoding, FIXED_BYTES, FORMAT_VERSION, MAGIC, MAX_DATASETS, MAX_HEADER_BYTES, Rate,
};
use leaksieve_core::identifier::NORMALISATION_VERSION;
use leaksieve_core::sector::{FileId, PAYLOAD_BYTES, Payload, SectorIndex, seal};
use leaksieve_core::{
    Catalogue, Dataset, Error, Header, Identifier, Opening, ReadError, Sector, SectorSource,
};

use crate::input::Input;
use crate::{oracle, phone_rules, profiles};

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
/// Magic, version and reserved bytes are left as they are given.
const WILD: u8 = 32;

/// Bytes of a payload before the postcard header: magic, version, length, reserved, id.
const LENGTH_AT: usize = 10;
const FILE_ID_AT: usize = 16;
const ID: FileId = FileId(*b"a fuzzed file :)");

/// Run one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let flags = input.byte();
    let kind = profiles::kind(input.byte());
    let mut question = Identifier::new(input.counted());
    if let Some(kind) = kind {
        question = question.of_kind(kind);
    }
    if flags & FOLDED != 0 {
        question = question.folded_by(fold::fold);
    }
    let fill = input.byte();
    let damaged = u32::from(input.u16());
    if flags & RAW != 0 {
        return raw(input.rest(), question);
    }
    let payloads = if flags & BUILT != 0 {
        built(&mut input)
    } else {
        given(input.rest(), flags)
    };
    let file = Made {
        file_id: payloads.first().map_or(ID, file_id),
        num_sectors: if flags & ENDS != 0 {
            payloads.len() as u32
        } else {
            u32::MAX
        },
        payloads,
        fill,
        damaged: (flags & DAMAGED != 0).then_some(damaged),
    };
    if let Some(catalogue) = open(&file) {
        survives_encoding(&catalogue);
        ask(&file, &catalogue, question);
    }
}

/// A file of any bytes, which are hardly ever one.
fn raw(mut bytes: &[u8], question: Identifier<'_>) {
    let mut buffer = [0; 512];
    if let Ok(catalogue) = leaksieve_core::open(&mut bytes, &mut buffer) {
        let _ = leaksieve_core::check(&catalogue, question, &mut bytes, &mut buffer);
    }
}

/// A file whose sectors are sealed when they are read.
struct Made {
    file_id: FileId,
    num_sectors: u32,
    payloads: Vec<Payload>,
    fill: u8,
    damaged: Option<u32>,
}

impl Made {
    fn payload(&self, index: u32) -> Payload {
        match self.payloads.get(index as usize) {
            Some(payload) => *payload,
            // Half of the bits at the most: then items of few probes are members.
            None => {
                let mut state = u64::from(index) << 8 | u64::from(self.fill);
                std::array::from_fn(|_| {
                    state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
                    (state >> 56) as u8 & self.fill
                })
            }
        }
    }

    /// As it would be without damage.
    fn whole(&self, index: u32) -> Sector {
        seal(self.file_id, SectorIndex(index), &self.payload(index))
    }
}

impl SectorSource for &Made {
    type Error = Infallible;

    fn num_sectors(&mut self) -> Result<u32, Infallible> {
        Ok(self.num_sectors)
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> Result<(), Infallible> {
        assert!(index.0 < self.num_sectors, "a sector that is not there");
        *buffer = self.whole(index.0);
        if self.damaged == Some(index.0) {
            buffer[usize::from(self.fill)] ^= 1;
        }
        Ok(())
    }
}

/// The payloads that an input gives; the fixed part is mended unless it is to be wild.
fn given(bytes: &[u8], flags: u8) -> Vec<Payload> {
    let mut payloads: Vec<Payload> = bytes
        .chunks(PAYLOAD_BYTES)
        .map(|chunk| {
            let mut payload = [0; PAYLOAD_BYTES];
            payload[..chunk.len()].copy_from_slice(chunk);
            payload
        })
        .collect();
    if let (Some(first), 0) = (payloads.first_mut(), flags & WILD) {
        first[..8].copy_from_slice(&MAGIC);
        first[8..LENGTH_AT].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        first[LENGTH_AT + 2..FILE_ID_AT].fill(0);
    }
    payloads
}

fn file_id(first: &Payload) -> FileId {
    FileId(*first[FILE_ID_AT..].first_chunk().unwrap_or(&[0; 16]))
}

/// The sectors of a header that is valid but for up to four changed bytes; none if its
/// parts do not fit together.
fn built(input: &mut Input<'_>) -> Vec<Payload> {
    let header = header(input);
    let Ok(encoded) = header.encode(ID) else {
        return Vec::new();
    };
    let mut payloads: Vec<Payload> = encoded
        .sectors()
        .filter_map(|sector| sector.first_chunk().copied())
        .collect();
    for _ in 0..input.byte() % 5 {
        let at = usize::from(input.u16()) % (payloads.len() * PAYLOAD_BYTES);
        payloads[at / PAYLOAD_BYTES][at % PAYLOAD_BYTES] ^= input.byte();
    }
    payloads
}

fn header(input: &mut Input<'_>) -> Header {
    let mut header = Header {
        num_sectors: 0,
        created_unix_s: input.u64(),
        epoch: input.u32(),
        expires_unix_s: input.u64(),
        datasets: Default::default(),
    };
    for _ in 0..1 + usize::from(input.byte()) % MAX_DATASETS {
        let _ = header.datasets.push(dataset(input));
    }
    let mut next = header.num_header_sectors().unwrap_or(0);
    for dataset in &mut header.datasets {
        dataset.first_sector = SectorIndex(next);
        next = next.saturating_add(dataset.num_sectors);
    }
    header.num_sectors = next;
    header
}

fn dataset(input: &mut Input<'_>) -> Dataset {
    // A profile of ours, or rules of any bytes.
    let profile = match input.byte() % 4 {
        0 => leaksieve_core::Profile::Phone(phone_rules::profile(input)),
        _ => profiles::profile(input).0,
    };
    Dataset {
        profile,
        name: text(input.counted()),
        source_note: text(input.counted()),
        date: Date {
            year: input.u16(),
            month: input.byte(),
            day: input.byte(),
        },
        normalisation_version: NORMALISATION_VERSION,
        num_items: 1 + u64::from(input.u32()),
        num_rejected: input.u64(),
        min_count: input.u32(),
        encoding: Encoding::Bloom {
            num_hashes: 1 + input.byte() % 32,
        },
        hash: HashFunction::Xxh3 { seed: input.u64() },
        first_sector: SectorIndex(0),
        num_sectors: 1 + input.u32() % (1 << 28),
        designed: Rate::from_units(input.u64()),
        measured: Rate::from_units(input.u64()),
    }
}

fn text<const N: usize>(bytes: &[u8]) -> leaksieve_core::header::Text<N> {
    let text = std::str::from_utf8(bytes).unwrap_or("");
    text.try_into().unwrap_or_default()
}

/// Open as the helper does and by hand, which must agree.
fn open(mut file: &Made) -> Option<Catalogue> {
    let mut buffer = [0; 512];
    let opened = leaksieve_core::open(&mut file, &mut buffer);
    let mut opening = Opening::new(file.num_sectors);
    let mut num_read = 0;
    let mut saw_damage = false;
    let by_hand = loop {
        let Some(index) = opening.wants() else {
            break opening.finish();
        };
        assert_eq!(index.0, num_read);
        let Ok(()) = file.read_sector(index, &mut buffer);
        let damaged = file.damaged == Some(index.0);
        match opening.supply(&buffer) {
            Ok(()) => assert!(!damaged),
            // Damage of the magic cannot be told from another file.
            Err(Error::SectorDamaged { .. } | Error::NotAFilter) if damaged => {
                saw_damage = true;
                if let Err(error) = opening.supply(&file.whole(index.0)) {
                    break Err(error);
                }
            }
            Err(error) => break Err(error),
        }
        num_read += 1;
        assert!(num_read <= 4);
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

/// A header that is read can be written, and is read again.
fn survives_encoding(catalogue: &Catalogue) {
    let header = catalogue.header();
    // A header whose lengths are written longer than they need be shrinks, and may shrink
    // by a sector.
    if header.num_header_sectors() != Ok(header.datasets[0].first_sector.0) {
        return;
    }
    let bytes: Vec<u8> = header
        .encode(catalogue.file_id())
        .expect("a header that was read")
        .sectors()
        .flatten()
        .collect();
    assert!(bytes.len() <= FIXED_BYTES + MAX_HEADER_BYTES + 4 * 4);
    let mut opening = Opening::new(header.num_sectors);
    while let Some(index) = opening.wants() {
        let sector = bytes[index.0 as usize * 512..].first_chunk();
        opening
            .supply(sector.expect("a sector of the header"))
            .expect("what was written");
    }
    assert!(opening.finish().as_ref() == Ok(catalogue));
}

/// Ask, and compare the verdict with the format's text.
fn ask(mut file: &Made, catalogue: &Catalogue, question: Identifier<'_>) {
    let expected = oracle::expected(catalogue, &question, |index| file.payload(index));
    let first = catalogue.datasets()[0].first_sector.0;
    let mut lookup = catalogue.lookup(question);
    let mut read = Vec::new();
    let mut saw_damage = false;
    let mut buffer = [0; 512];
    while let Some(index) = lookup.wants() {
        assert!(first <= index.0 && index.0 < catalogue.header().num_sectors);
        read.push(index.0);
        let Ok(()) = file.read_sector(index, &mut buffer);
        if let Err(error) = lookup.supply(&buffer) {
            assert!(matches!(error, Error::SectorDamaged { .. }));
            assert_eq!(file.damaged, Some(index.0));
            saw_damage = true;
            assert_eq!(lookup.wants(), Some(index));
            lookup
                .supply(&file.whole(index.0))
                .expect("the sector as it was");
        }
    }
    assert_eq!(read, expected.sectors);
    expected.compare(&lookup.verdict().expect("nothing is wanted"));
    let answer = leaksieve_core::check(catalogue, question, &mut file, &mut buffer);
    match answer {
        Ok(verdict) => {
            assert!(!saw_damage);
            expected.compare(&verdict);
        }
        Err(error) => {
            assert!(saw_damage && matches!(error, ReadError::Filter(Error::SectorDamaged { .. })))
        }
    }
}
