//! Files whose sectors are sealed when they are read, so that checksums are right whatever
//! an input says; and signed ones, changed behind their maker's back.

use std::convert::Infallible;

use ed25519_compact::{KeyPair, Seed};
use leaksieve_core::encoding::exact::number::has_numbers;
use leaksieve_core::encoding::ribbon::{NumPages, Ribbon};
use leaksieve_core::hash::HashFunction;
use leaksieve_core::header::{
    Date, Encoding, FORMAT_VERSION, MAGIC, MAX_DATASETS, PlanSectors, Rate,
};
use leaksieve_core::identifier::NORMALISATION_VERSION;
use leaksieve_core::sector::{FileId, PAYLOAD_BYTES, Payload, SectorIndex, seal};
use leaksieve_core::trust::tree::encode_tags;
use leaksieve_core::trust::{Signature, Tag, tag_of};
use leaksieve_core::{Dataset, Header, PublicKey, Sector, SectorSource};

use crate::input::Input;
use crate::{phone_rules, profiles};

/// Where the fields of a first sector are.
const LENGTH_AT: usize = 10;
const PROTECTION_AT: usize = 12;
const FILE_ID_AT: usize = 16;
const ID: FileId = FileId(*b"a fuzzed file :)");
/// Most pages of a signed file: all of them are hashed. Above 80, not all tags are kept.
const MAX_SIGNED_PAGES: u32 = 100;

/// A file whose sectors are sealed when they are read.
pub(crate) struct Made {
    pub(crate) file_id: FileId,
    pub(crate) num_sectors: u32,
    pub(crate) content: Content,
    /// The sector whose checksum is wrong.
    pub(crate) damaged: Option<u32>,
}

/// What the sectors of a file hold.
pub(crate) struct Content {
    /// The first of them.
    payloads: Vec<Payload>,
    /// As they were before they were changed, of a signed file.
    signed: Option<Vec<Payload>>,
    /// What fills the others.
    fill: u8,
}

impl Content {
    pub(crate) fn num_payloads(&self) -> u32 {
        self.payloads.len() as u32
    }

    pub(crate) fn file_id(&self) -> FileId {
        self.payloads.first().map_or(ID, |first| {
            FileId(*first[FILE_ID_AT..].first_chunk().unwrap_or(&ID.0))
        })
    }

    pub(crate) const fn is_signed(&self) -> bool {
        self.signed.is_some()
    }

    /// Was a signed file changed here?
    pub(crate) fn is_changed(&self, index: u32) -> bool {
        self.as_made(index) != self.payload(index)
    }

    /// What its maker put there.
    pub(crate) fn as_made(&self, index: u32) -> Payload {
        let signed = self.signed.as_ref();
        match signed.and_then(|payloads| payloads.get(index as usize)) {
            Some(payload) => *payload,
            None => self.payload(index),
        }
    }

    pub(crate) fn payload(&self, index: u32) -> Payload {
        match self.payloads.get(index as usize) {
            Some(payload) => *payload,
            None => filled(index, self.fill),
        }
    }
}

/// Half of the bits at the most: then items of few probes are members.
fn filled(index: u32, fill: u8) -> Payload {
    let mut state = u64::from(index) << 8 | u64::from(fill);
    std::array::from_fn(|_| {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        (state >> 56) as u8 & fill
    })
}

impl Made {
    /// A sector as it would be without damage.
    pub(crate) fn whole(&self, index: u32) -> Sector {
        let payload = self.content.payload(index);
        seal(self.file_id, SectorIndex(index), &payload)
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
            buffer[usize::from(self.content.fill)] ^= 1;
        }
        Ok(())
    }
}

/// The payloads that an input gives; the fixed part is mended unless it is to be wild.
pub(crate) fn given(bytes: &[u8], fill: u8, is_wild: bool) -> Content {
    let mut payloads: Vec<Payload> = bytes
        .chunks(PAYLOAD_BYTES)
        .map(|chunk| {
            let mut payload = [0; PAYLOAD_BYTES];
            payload[..chunk.len()].copy_from_slice(chunk);
            payload
        })
        .collect();
    if let (Some(first), false) = (payloads.first_mut(), is_wild) {
        first[..8].copy_from_slice(&MAGIC);
        first[8..LENGTH_AT].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        first[PROTECTION_AT..FILE_ID_AT].fill(0);
    }
    Content {
        payloads,
        signed: None,
        fill,
    }
}

/// A valid header, or with `is_signed` a whole file if it is short, and then up to four
/// changes; nothing if the header's parts do not fit together.
pub(crate) fn built(input: &mut Input<'_>, fill: u8, is_signed: bool) -> Content {
    let mut header = header(input);
    let (_, num_sectors) = header.sectors_of_datasets();
    let signed = (is_signed && num_sectors <= u64::from(MAX_SIGNED_PAGES))
        .then(|| signed(&mut header, num_sectors as u32, fill))
        .flatten();
    let mut payloads = match (&signed, header.encode(ID)) {
        (Some(payloads), _) => payloads.clone(),
        (None, Ok(encoded)) => encoded
            .sectors()
            .map(|sector| payload_of(&sector))
            .collect(),
        (None, Err(_)) => Vec::new(),
    };
    if !payloads.is_empty() {
        for _ in 0..input.byte() % 5 {
            let at = usize::from(input.u16()) % (payloads.len() * PAYLOAD_BYTES);
            payloads[at / PAYLOAD_BYTES][at % PAYLOAD_BYTES] ^= input.byte();
        }
    }
    Content {
        payloads,
        signed,
        fill,
    }
}

fn payload_of(sector: &Sector) -> Payload {
    *sector.first_chunk().unwrap_or(&[0; PAYLOAD_BYTES])
}

fn key_pair() -> KeyPair {
    KeyPair::from_seed(Seed::new([7; 32]))
}

/// The key that signs what is made here.
pub(crate) fn key() -> PublicKey {
    PublicKey(*key_pair().pk)
}

/// All sectors of a signed file of this header.
fn signed(header: &mut Header, num_pages: u32, fill: u8) -> Option<Vec<Payload>> {
    header.root = Some(Tag([0; 16]));
    place(header);
    let first = header.sectors_of_datasets().0.0;
    let mut sectors: Vec<Payload> = (first..first + num_pages)
        .map(|index| filled(index, fill))
        .collect();
    // As FORMAT.md has it: the tags of a level, 31 a sector, until there is one sector.
    let mut level = 0..sectors.len();
    while level.start == 0 || level.len() > 1 {
        let tags: Vec<Tag> = level
            .map(|at| tag_of(ID, SectorIndex(first + at as u32), &sectors[at]))
            .collect();
        let start = sectors.len();
        sectors.extend(tags.chunks(31).map(encode_tags));
        level = start..sectors.len();
    }
    let top = sectors.len() - 1;
    header.root = Some(tag_of(ID, SectorIndex(first + top as u32), &sectors[top]));
    let encoded = header.encode(ID).ok()?;
    let signature = Signature(*key_pair().sk.sign(encoded.signed_message(), None));
    let last = signature.seal(key(), ID, header.signature_sector());
    let mut all: Vec<Payload> = encoded
        .sectors()
        .map(|sector| payload_of(&sector))
        .collect();
    all.append(&mut sectors);
    all.push(payload_of(&last));
    Some(all)
}

/// Let the datasets follow the header and each other, and tags and signature them.
fn place(header: &mut Header) {
    let first = header.num_header_sectors().unwrap_or(0);
    let mut next = header.place_datasets(first).unwrap_or(0);
    if let (Some(_), Some(tree)) = (header.root, header.tree()) {
        next = next.saturating_add(tree.num_tag_sectors() + 1);
    }
    header.num_sectors = next;
}

fn header(input: &mut Input<'_>) -> Header {
    let mut header = Header {
        num_sectors: 0,
        created_unix_s: input.u64(),
        epoch: input.u32(),
        expires_unix_s: input.u64(),
        datasets: Default::default(),
        root: None,
    };
    for _ in 0..1 + usize::from(input.byte()) % MAX_DATASETS {
        let _ = header.datasets.push(dataset(input));
    }
    place(&mut header);
    header
}

fn dataset(input: &mut Input<'_>) -> Dataset {
    // A profile of ours, or rules of any bytes.
    let profile = match input.byte() % 4 {
        0 => leaksieve_core::Profile::Phone(phone_rules::profile(input)),
        _ => profiles::profile(input).0,
    };
    let mut dataset = Dataset {
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
        num_extra: input.u64(),
        min_count: input.u32(),
        encoding: encoding(input),
        hash: HashFunction::Xxh3 { seed: input.u64() },
        plan: PlanSectors::NONE,
        first_sector: SectorIndex(0),
        num_sectors: 1 + input.u32() % (1 << 28),
        designed: Rate::from_units(input.u64()),
        measured: Rate::from_units(input.u64()),
    };
    if matches!(dataset.profile, leaksieve_core::Profile::Phone(_)) {
        let num_sectors = 1 + u16::from(input.byte() % 4);
        dataset.plan = PlanSectors {
            num_sectors,
            max_reads: num_sectors as u8,
        };
    }
    fit_layers(&mut dataset);
    let is_numbers = has_numbers(&dataset.profile);
    if is_numbers && dataset.num_items.is_multiple_of(4) {
        dataset.encoding = Encoding::Exact;
        dataset.designed = Rate::NONE;
        dataset.measured = Rate::NONE;
    }
    dataset
}

fn encoding(input: &mut Input<'_>) -> Encoding {
    let byte = input.byte();
    let number = 1 + byte % 32;
    if byte < 128 {
        return Encoding::Bloom { num_hashes: number };
    }
    Encoding::Ribbon(Ribbon {
        columns: number,
        salt: input.byte(),
        wide_share: if number < 32 { input.u32() } else { 0 },
        overflow: [(); 3].map(|()| NumPages(input.u16().into())),
    })
}

/// Let a ribbon have layers that can be.
fn fit_layers(dataset: &mut Dataset) {
    let Encoding::Ribbon(ribbon) = &mut dataset.encoding else {
        return;
    };
    // The shares of so many pages have 32 bits at any number of columns.
    dataset.num_sectors = dataset.num_sectors.min(1 << 26);
    let mut left = dataset.num_sectors;
    for NumPages(pages) in &mut ribbon.overflow {
        *pages %= left;
        // Behind a layer of no page, and of a first layer of one page, there is none.
        left = if *pages == 0 { 1 } else { left - *pages };
    }
}

fn text<const N: usize>(bytes: &[u8]) -> leaksieve_core::Text<N> {
    let text = std::str::from_utf8(bytes).unwrap_or("");
    text.try_into().unwrap_or_default()
}
