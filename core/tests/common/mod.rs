//! Files made with the core's own functions, and sources that count and fail.

#![allow(dead_code, missing_docs, unreachable_pub)]

pub mod exact;
pub mod plain_exact;
pub mod ribbon;

use leaksieve_core::encoding::ribbon::{NumPages, Ribbon};
use leaksieve_core::encoding::{bloom, page_of};
use leaksieve_core::hash::HashFunction;
use leaksieve_core::header::{Date, Encoding, FIXED_BYTES, MAX_HEADER_SECTORS, PlanSectors, Rate};
use leaksieve_core::identifier::{CaseRule, NORMALISATION_VERSION, PasswordDigest, PasswordOrigin};
use leaksieve_core::sector::{FileId, PAYLOAD_BYTES, Payload, SectorIndex, seal};
use leaksieve_core::{
    Catalogue, Dataset, Header, Identifier, Profile, ReadError, Sector, SectorSource, Trust,
    Verdict,
};
use ribbon::PlainRibbon;

pub const ID: FileId = FileId(*b"a file of a test");

/// A dataset to be made.
pub struct Plan {
    pub name: &'static str,
    pub profile: Profile,
    pub members: Vec<String>,
    /// Of all layers.
    pub num_pages: u32,
    pub encoding: Encoding,
}

impl Plan {
    /// The same as a ribbon of these layers behind the first.
    pub fn into_ribbon(mut self, columns: u8, wide_share: u32, overflow: [u32; 3]) -> Self {
        self.encoding = Encoding::Ribbon(Ribbon {
            columns,
            salt: 5,
            wide_share,
            overflow: overflow.map(NumPages),
        });
        self
    }

    fn pages(&self, keys: &[u64]) -> Vec<Payload> {
        match self.encoding {
            Encoding::Bloom { num_hashes } => {
                let mut pages = vec![[0; PAYLOAD_BYTES]; self.num_pages as usize];
                for hash in keys {
                    let page = page_of(*hash, self.num_pages) as usize;
                    bloom::insert(&mut pages[page], *hash, num_hashes);
                }
                pages
            }
            Encoding::Ribbon(ribbon) => plain(&ribbon).solve(keys, self.num_pages.into()),
            Encoding::Exact => exact::pages_of(keys),
            other => panic!("{other:?}"),
        }
    }
}

pub const BLOOM: Encoding = Encoding::Bloom {
    num_hashes: NUM_HASHES,
};

/// A ribbon as FORMAT.md's reader knows it.
pub fn plain(ribbon: &Ribbon) -> PlainRibbon {
    PlainRibbon {
        columns: ribbon.columns.into(),
        salt: ribbon.salt.into(),
        wide_share: ribbon.wide_share.into(),
        overflow: ribbon.overflow.map(|pages| pages.0.into()),
    }
}

pub fn emails(num_members: usize, num_pages: u32) -> Plan {
    Plan {
        name: "Forum",
        profile: Profile::Email,
        members: (0..num_members)
            .map(|i| format!("member{i}@example.com"))
            .collect(),
        num_pages,
        encoding: BLOOM,
    }
}

pub fn names(num_members: usize, num_pages: u32) -> Plan {
    Plan {
        name: "Game",
        profile: Profile::Username(CaseRule::Fold),
        members: (0..num_members).map(|i| format!("player{i}")).collect(),
        num_pages,
        encoding: BLOOM,
    }
}

pub fn passwords(num_members: usize, num_pages: u32) -> Plan {
    Plan {
        name: "Passwords",
        profile: Profile::Password(PasswordDigest::Sha1, PasswordOrigin::Passwords),
        members: (0..num_members).map(|i| format!("secret{i}")).collect(),
        num_pages,
        encoding: BLOOM,
    }
}

pub const NUM_HASHES: u8 = 10;

pub fn header(plans: &[Plan]) -> Header {
    let mut header = Header {
        num_sectors: 0,
        created_unix_s: 1_600_000_000,
        epoch: 3,
        expires_unix_s: 0,
        datasets: Default::default(),
        root: None,
    };
    for (seed, plan) in (40..).zip(plans) {
        let rate = match plan.encoding {
            Encoding::Exact => Rate::NONE,
            _ => Rate::from_units(Rate::ONE / 1000),
        };
        let dataset = Dataset {
            name: plan.name.try_into().unwrap(),
            date: Date {
                year: 2021,
                month: 6,
                day: 0,
            },
            source_note: Default::default(),
            normalisation_version: NORMALISATION_VERSION,
            profile: plan.profile.clone(),
            num_items: plan.members.len() as u64,
            num_rejected: 0,
            num_extra: 0,
            min_count: 0,
            encoding: plan.encoding,
            hash: HashFunction::Xxh3 { seed },
            plan: PlanSectors::NONE,
            first_sector: SectorIndex(0),
            num_sectors: plan.num_pages,
            designed: rate,
            measured: rate,
        };
        assert!(header.datasets.push(dataset).is_ok());
    }
    place(&mut header);
    header
}

/// Let the datasets follow the header and each other.
pub fn place(header: &mut Header) {
    let first = header.num_header_sectors().unwrap();
    let mut next = header.place_datasets(first).unwrap();
    if header.root.is_some() {
        next += header.tree().unwrap().num_tag_sectors() + 1;
    }
    header.num_sectors = next;
}

pub fn file(plans: &[Plan]) -> Vec<u8> {
    file_with_id(plans, ID)
}

pub fn file_with_id(plans: &[Plan], id: FileId) -> Vec<u8> {
    let header = header(plans);
    let mut bytes: Vec<u8> = header.encode(id).unwrap().sectors().flatten().collect();
    for (dataset, plan) in header.datasets.iter().zip(plans) {
        let keys: Vec<u64> = plan
            .members
            .iter()
            .map(|member| key_of(dataset, member))
            .collect();
        let pages = plan.pages(&keys);
        assert_eq!(pages.len(), plan.num_pages as usize);
        for (index, page) in (dataset.first_sector.0..).zip(&pages) {
            bytes.extend_from_slice(&seal(id, SectorIndex(index), page));
        }
    }
    bytes
}

/// A file whose header says something else than its maker meant, its checksum right.
pub fn with_header_of(plans: &[Plan], change: impl FnOnce(&mut Header)) -> Vec<u8> {
    let mut header = header(plans);
    change(&mut header);
    let mut payload = [0; MAX_HEADER_SECTORS as usize * PAYLOAD_BYTES];
    let mut bytes = file(plans);
    payload[..FIXED_BYTES].copy_from_slice(&bytes[..FIXED_BYTES]);
    let length = postcard::to_slice(&header, &mut payload[FIXED_BYTES..])
        .unwrap()
        .len();
    payload[10..12].copy_from_slice(&(length as u16).to_le_bytes());
    assert!(FIXED_BYTES + length <= PAYLOAD_BYTES);
    bytes[..PAYLOAD_BYTES].copy_from_slice(&payload[..PAYLOAD_BYTES]);
    reseal(&mut bytes, 0);
    bytes
}

/// The hash of a member's item, or its number.
pub fn key_of(dataset: &Dataset, member: &str) -> u64 {
    let asked = Identifier::new(member.as_bytes());
    let item = dataset.profile.normalise(&asked).unwrap();
    dataset.key(&item).unwrap()
}

/// The key that signs in tests.
#[cfg(feature = "signatures")]
pub fn key(seed: u8) -> (ed25519_compact::KeyPair, leaksieve_core::PublicKey) {
    let pair = ed25519_compact::KeyPair::from_seed(ed25519_compact::Seed::new([seed; 32]));
    let public = leaksieve_core::PublicKey(*pair.pk);
    (pair, public)
}

/// A signed file of the pages of these datasets.
#[cfg(feature = "signatures")]
pub fn signed(plans: &[Plan], pair: &ed25519_compact::KeyPair) -> Vec<u8> {
    let unsigned = file(plans);
    let mut header = header(plans);
    let first_page = header.datasets[0].first_sector.0 as usize;
    header.root = Some(leaksieve_core::trust::Tag([0; 16]));
    place(&mut header);
    let pages = unsigned[first_page * 512..].chunks(512);
    let mut sectors: Vec<[u8; 508]> = pages.map(|page| *page.first_chunk().unwrap()).collect();
    sign_sectors(&mut header, &mut sectors, pair)
}

/// The file of a header and pages: tags, root and signature are made new.
#[cfg(feature = "signatures")]
pub fn sign_sectors(
    header: &mut Header,
    pages: &mut Vec<[u8; 508]>,
    pair: &ed25519_compact::KeyPair,
) -> Vec<u8> {
    use leaksieve_core::trust::{Signature, tag_of, tree::encode_tags};
    let first = header.datasets[0].first_sector.0;
    let mut level = 0..pages.len();
    loop {
        let tags: Vec<_> = level
            .clone()
            .map(|at| tag_of(ID, SectorIndex(first + at as u32), &pages[at]))
            .collect();
        if level.len() == 1 && level.start > 0 {
            header.root = Some(tags[0]);
            break;
        }
        let start = pages.len();
        pages.extend(tags.chunks(31).map(encode_tags));
        level = start..pages.len();
    }
    let encoded = header.encode(ID).unwrap();
    let mut bytes: Vec<u8> = encoded.sectors().flatten().collect();
    for (index, page) in (first..).zip(pages.iter()) {
        bytes.extend_from_slice(&seal(ID, SectorIndex(index), page));
    }
    let signature = Signature(*pair.sk.sign(encoded.signed_message(), None));
    let key = leaksieve_core::PublicKey(*pair.pk);
    bytes.extend_from_slice(&signature.seal(key, ID, header.signature_sector()));
    bytes
}

/// Seal a sector of a file anew, after it was changed.
pub fn reseal(bytes: &mut [u8], index: u32) {
    let sector = &mut bytes[index as usize * 512..][..512];
    let payload = sector.first_chunk().unwrap();
    let sealed = seal(ID, SectorIndex(index), payload);
    sector.copy_from_slice(&sealed);
}

/// Counts reads, and which.
pub struct Counting<S> {
    pub inner: S,
    pub reads: Vec<u32>,
}

impl<S: SectorSource> SectorSource for Counting<S> {
    type Error = S::Error;

    fn num_sectors(&mut self) -> Result<u32, S::Error> {
        self.inner.num_sectors()
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> Result<(), S::Error> {
        self.reads.push(index.0);
        self.inner.read_sector(index, buffer)
    }
}

/// Open and ask in one.
pub fn ask(
    mut file: &[u8],
    identifier: Identifier<'_>,
) -> Result<Verdict, ReadError<<&'static [u8] as SectorSource>::Error>> {
    let mut buffer = [0; 512];
    let catalogue = leaksieve_core::open(&mut file, &mut buffer, &Trust::ANY)?;
    leaksieve_core::check(&catalogue, identifier, &mut file, &mut buffer)
}

pub fn open(file: &[u8]) -> Result<Catalogue, leaksieve_core::Error> {
    open_by(file, &Trust::ANY)
}

pub fn open_by(mut file: &[u8], trust: &Trust<'_>) -> Result<Catalogue, leaksieve_core::Error> {
    match leaksieve_core::open(&mut file, &mut [0; 512], trust) {
        Ok(catalogue) => Ok(catalogue),
        Err(ReadError::Filter(error)) => Err(error),
        Err(ReadError::Source(_)) => panic!("a slice lacks a sector that it should have"),
    }
}

/// A member, and the pages that are read for it: the last one has it.
#[derive(Clone, Debug)]
pub struct Member {
    pub text: String,
    pub pages: Vec<u32>,
}

impl Member {
    /// The sector of the page that has it.
    pub fn page(&self) -> u32 {
        self.pages[self.pages.len() - 1]
    }
}

/// For each dataset a member in each page that has one, in the order of sectors.
pub fn one_member_a_page(catalogue: &Catalogue, bytes: &[u8], plans: &[Plan]) -> Vec<Member> {
    let mut members = std::collections::BTreeMap::new();
    for (dataset, plan) in catalogue.datasets().iter().zip(plans) {
        for text in &plan.members {
            let identifier = Identifier::new(text.as_bytes()).of_kind(dataset.profile.kind());
            let pages = pages_read(catalogue, bytes, identifier);
            members.entry(pages[pages.len() - 1]).or_insert(Member {
                text: text.clone(),
                pages,
            });
        }
    }
    members.into_values().collect()
}

/// The pages that are read for a question, tag sectors left out.
pub fn pages_read(catalogue: &Catalogue, bytes: &[u8], identifier: Identifier<'_>) -> Vec<u32> {
    let mut source = Counting {
        inner: bytes,
        reads: Vec::new(),
    };
    let _ = leaksieve_core::check(catalogue, identifier, &mut source, &mut [0; 512]).unwrap();
    let datasets = catalogue.datasets();
    let is_page = |index: &u32| datasets.iter().any(|d| sectors_of(d).contains(index));
    source.reads.into_iter().filter(is_page).collect()
}

/// The sectors of a dataset's pages.
pub fn sectors_of(dataset: &Dataset) -> std::ops::Range<u32> {
    dataset.first_sector.0..dataset.first_sector.0 + dataset.num_sectors
}

/// Did the answer say "not exposed"?
pub fn says_not_exposed<E>(answer: &Result<Verdict, E>) -> bool {
    matches!(answer, Ok(Verdict::NotExposed(_)))
}
