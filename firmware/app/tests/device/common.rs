//! A console that types and listens, cards in memory, and filters built by core's own
//! parts.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::io::{Cursor, Seek, SeekFrom, Write};
use std::rc::Rc;

use embedded_io::ErrorType;
use embedded_sdmmc::{Block, BlockCount, BlockDevice, BlockIdx};
use leaksieve_app::{
    Card, CardFile, EpochStore, Guard, Heard, Input, PublicKey, Session, StorageError, Workspace,
};
use leaksieve_core::hash::HashFunction;
use leaksieve_core::header::{Date, Encoding, PlanSectors, Rate};
use leaksieve_core::identifier::NORMALISATION_VERSION;
use leaksieve_core::sector::{FileId, PAYLOAD_BYTES, seal};
use leaksieve_core::{Dataset, Header, Identifier, Profile, SectorIndex};

#[path = "../../../../tests/src/pages.rs"]
#[allow(
    unreachable_pub,
    dead_code,
    reason = "shared with the package of the host's tests"
)]
mod pages;

use pages::{BLOOM, Pages, ribbon};

/// Name, profile and texts of a dataset.
pub(crate) type Listed<'a> = (&'a str, Profile, &'a [&'a str]);

/// A filter of one dataset for each name, profile and list of texts; three pages each.
pub(crate) fn filter(id: u8, datasets: &[Listed<'_>]) -> Vec<u8> {
    Plan::new(id).file(datasets)
}

/// The encodings that a filter may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Bloom,
    /// Of three layers; half of all questions go on from the first, and half of these from the
    /// second. With this salt.
    Ribbon(u8),
}

/// A filter to be made.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) id: u8,
    pub(crate) min_count: u32,
    pub(crate) epoch: u32,
    pub(crate) created_unix_s: u64,
    /// Of each dataset.
    pub(crate) num_pages: u32,
    pub(crate) method: Method,
}

/// What is written behind the header, and the header.
struct Parts {
    file_id: FileId,
    header: Header,
    pages: Vec<[u8; PAYLOAD_BYTES]>,
}

impl Plan {
    pub(crate) fn new(id: u8) -> Self {
        Self {
            id,
            min_count: 0,
            epoch: 7,
            created_unix_s: 1_763_900_000,
            num_pages: 3,
            method: Method::Bloom,
        }
    }

    /// As a ribbon that reads all three layers for each of these texts.
    pub(crate) fn deep(self, profile: &Profile, texts: &[&str]) -> Self {
        let salts = (0..=u8::MAX).map(|salt| Self {
            method: Method::Ribbon(salt),
            ..self
        });
        let depth = |plan: &Self, text: &&str| plan.depth(profile, text);
        // One salt in 4 for each text.
        let mut deep = salts.filter(|plan| texts.iter().all(|text| depth(plan, text) == 3));
        deep.next().unwrap()
    }

    /// Pages that are read for a text.
    pub(crate) fn depth(self, profile: &Profile, text: &str) -> usize {
        let pages = Pages::new(self.encoding(), self.num_pages);
        pages.path(self.hash(profile, text)).len()
    }

    fn encoding(self) -> Encoding {
        match self.method {
            Method::Bloom => BLOOM,
            Method::Ribbon(salt) => ribbon(self.num_pages, salt),
        }
    }

    fn hash_function(self) -> HashFunction {
        HashFunction::Xxh3 {
            seed: self.id.into(),
        }
    }

    fn hash(self, profile: &Profile, text: &str) -> u64 {
        let item = profile.normalise(&Identifier::new(text.as_bytes()));
        let item = item.unwrap_or_else(|error| panic!("{text}: {error}"));
        self.hash_function().hash(&item)
    }

    pub(crate) fn file(self, datasets: &[Listed<'_>]) -> Vec<u8> {
        self.changed(datasets, |_| {})
    }

    /// With pages that were changed before they were sealed.
    pub(crate) fn changed(
        self,
        datasets: &[Listed<'_>],
        change: impl FnOnce(&mut [[u8; PAYLOAD_BYTES]]),
    ) -> Vec<u8> {
        let mut parts = self.parts(datasets);
        place(&mut parts.header);
        change(&mut parts.pages);
        parts.write()
    }

    /// Signed with the key of a seed.
    #[cfg(feature = "signatures")]
    pub(crate) fn signed(self, seed: u8, datasets: &[Listed<'_>]) -> Vec<u8> {
        use leaksieve_core::trust::tree::{TAGS_PER_SECTOR, encode_tags};
        use leaksieve_core::trust::{Signature, Tag, tag_of};
        let mut parts = self.parts(datasets);
        let Parts {
            file_id,
            header,
            pages,
        } = &mut parts;
        header.root = Some(Tag([0; 16]));
        place(header);
        let first = header.datasets[0].first_sector.0;
        let mut level = 0..pages.len();
        while level.len() > 1 || level.start == 0 {
            let tags: Vec<Tag> = level
                .clone()
                .map(|at| tag_of(*file_id, SectorIndex(first + at as u32), &pages[at]))
                .collect();
            level.start = pages.len();
            pages.extend(tags.chunks(TAGS_PER_SECTOR as usize).map(encode_tags));
            level.end = pages.len();
        }
        let top = level.start;
        let root = tag_of(*file_id, SectorIndex(first + top as u32), &pages[top]);
        header.root = Some(root);
        let pair = key_pair(seed);
        let message = header.encode(*file_id).unwrap().signed_message();
        let signature = Signature(*pair.sk.sign(message, None));
        let signature = signature.seal(key(seed), *file_id, header.signature_sector());
        let mut file = parts.write();
        file.extend(signature);
        file
    }

    fn parts(self, datasets: &[Listed<'_>]) -> Parts {
        let header = self.header(datasets);
        let mut pages = Vec::new();
        for (_, profile, texts) in datasets {
            let mut of_dataset = Pages::new(self.encoding(), self.num_pages);
            (0..self.num_pages).for_each(|page| of_dataset.touch(page));
            let hashes = texts.iter().map(|text| self.hash(profile, text));
            of_dataset.insert(&hashes.collect::<Vec<_>>());
            pages.extend(of_dataset.there.into_values());
        }
        Parts {
            file_id: FileId([self.id; 16]),
            header,
            pages,
        }
    }

    fn header(self, datasets: &[Listed<'_>]) -> Header {
        let datasets: Vec<Dataset> = datasets
            .iter()
            .map(|(name, profile, texts)| Dataset {
                name: (*name).try_into().unwrap(),
                date: Date {
                    year: 2021,
                    month: 6,
                    day: 0,
                },
                source_note: "made up".try_into().unwrap(),
                normalisation_version: NORMALISATION_VERSION,
                profile: profile.clone(),
                num_items: texts.len() as u64,
                num_rejected: 2,
                num_extra: 0,
                min_count: self.min_count,
                encoding: self.encoding(),
                hash: self.hash_function(),
                plan: PlanSectors::NONE,
                first_sector: SectorIndex(0),
                num_sectors: self.num_pages,
                designed: Rate::from_units(Rate::ONE / 1000),
                measured: Rate::from_units(Rate::ONE / 1234),
            })
            .collect();
        Header {
            num_sectors: 0,
            created_unix_s: self.created_unix_s,
            epoch: self.epoch,
            expires_unix_s: 0,
            root: None,
            datasets: datasets.as_slice().try_into().unwrap(),
        }
    }
}

impl Parts {
    fn write(&self) -> Vec<u8> {
        let header = self.header.encode(self.file_id).unwrap();
        let mut file: Vec<u8> = header.sectors().flatten().collect();
        for page in &self.pages {
            let index = SectorIndex((file.len() / 512) as u32);
            file.extend(seal(self.file_id, index, page));
        }
        file
    }
}

/// Let the datasets follow the header and each other.
fn place(header: &mut Header) {
    let first = header.num_header_sectors().unwrap();
    let mut next = header.place_datasets(first).unwrap();
    if header.root.is_some() {
        next += header.tree().unwrap().num_tag_sectors() + 1;
    }
    header.num_sectors = next;
}

#[cfg(feature = "signatures")]
fn key_pair(seed: u8) -> ed25519_compact::KeyPair {
    ed25519_compact::KeyPair::from_seed(ed25519_compact::Seed::new([seed; 32]))
}

/// The public key of a seed.
#[cfg(feature = "signatures")]
pub(crate) fn key(seed: u8) -> PublicKey {
    PublicKey(*key_pair(seed).pk)
}

/// A console that types a script and keeps what was written to it.
pub(crate) struct Script {
    keys: VecDeque<Key>,
    pub(crate) screen: Vec<u8>,
}

/// What happens at the console.
pub(crate) enum Key {
    Byte(u8),
    /// The serial line loses a character.
    Lost,
    /// Something is done to the device while it waits.
    Do(Box<dyn FnOnce()>),
    /// The input ends. What follows is typed when it is begun anew.
    End,
    /// A byte that comes at once, whatever is being written.
    Early(u8),
    /// Nothing comes for so many milliseconds.
    Pause(u32),
}

impl Script {
    pub(crate) fn new() -> Self {
        Self {
            keys: VecDeque::new(),
            screen: Vec::new(),
        }
    }

    pub(crate) fn line(mut self, text: &str) -> Self {
        self.keys.extend(text.bytes().map(Key::Byte));
        self.keys.push_back(Key::Byte(b'\r'));
        self
    }

    pub(crate) fn key(mut self, key: Key) -> Self {
        self.keys.push_back(key);
        self
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.keys.extend(bytes.iter().copied().map(Key::Byte));
        self
    }

    pub(crate) fn early(mut self, bytes: &[u8]) -> Self {
        self.keys.extend(bytes.iter().copied().map(Key::Early));
        self
    }
}

#[derive(Debug)]
pub(crate) struct LostByte;

impl fmt::Display for LostByte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lost")
    }
}

impl std::error::Error for LostByte {}

impl embedded_io::Error for LostByte {
    fn kind(&self) -> embedded_io::ErrorKind {
        embedded_io::ErrorKind::InvalidData
    }
}

impl ErrorType for Script {
    type Error = LostByte;
}

/// A person begins once the prompt is there: a short silence comes before each key.
const PERSON_MS: u32 = 500;

impl Input for Script {
    fn listen(&mut self, longest_ms: u32) -> Heard {
        loop {
            match self.keys.front_mut() {
                None | Some(Key::End) => {}
                Some(Key::Early(byte)) => {
                    let byte = *byte;
                    self.keys.pop_front();
                    return Heard::Byte(byte);
                }
                Some(Key::Pause(left)) if *left >= longest_ms => {
                    *left -= longest_ms;
                    if *left == 0 {
                        self.keys.pop_front();
                    }
                    return Heard::Silence;
                }
                Some(_) => {}
            }
            if longest_ms < PERSON_MS {
                return Heard::Silence;
            }
            match self.keys.pop_front() {
                None | Some(Key::End) => return Heard::End,
                Some(Key::Byte(byte) | Key::Early(byte)) => return Heard::Byte(byte),
                Some(Key::Lost) => return Heard::Lost,
                Some(Key::Do(action)) => action(),
                Some(Key::Pause(_)) => {}
            }
        }
    }
}

impl embedded_io::Write for Script {
    fn write(&mut self, buffer: &[u8]) -> Result<usize, LostByte> {
        self.screen.extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> Result<(), LostByte> {
        Ok(())
    }
}

/// What a card slot holds; `None` is empty.
pub(crate) type Slot = Rc<RefCell<Option<Vec<u8>>>>;

/// A card in memory. It answers only after it was initialised, as a card that was put in.
#[derive(Clone, Default)]
pub(crate) struct MemoryCard {
    pub(crate) slot: Slot,
    pub(crate) num_reads: Rc<Cell<u32>>,
}

#[derive(Debug)]
pub(crate) enum MemoryCardError {
    Empty,
    PastEnd,
}

impl fmt::Display for MemoryCardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for MemoryCardError {}

impl BlockDevice for MemoryCard {
    type Error = MemoryCardError;

    fn read(&self, blocks: &mut [Block], start: BlockIdx) -> Result<(), MemoryCardError> {
        let slot = self.slot.borrow();
        let card = slot.as_ref().ok_or(MemoryCardError::Empty)?;
        self.num_reads.set(self.num_reads.get() + 1);
        for (index, block) in blocks.iter_mut().enumerate() {
            let at = (start.0 as usize + index) * 512;
            let bytes = card.get(at..at + 512).ok_or(MemoryCardError::PastEnd)?;
            block.contents.copy_from_slice(bytes);
        }
        Ok(())
    }

    fn write(&self, _blocks: &[Block], _start: BlockIdx) -> Result<(), MemoryCardError> {
        panic!("the device writes to the card");
    }

    fn num_blocks(&self) -> Result<BlockCount, MemoryCardError> {
        let image = self.slot.borrow();
        let image = image.as_ref().ok_or(MemoryCardError::Empty)?;
        Ok(BlockCount((image.len() / 512) as u32))
    }
}

impl Card for MemoryCard {
    fn forget(&self) {}

    fn explain(error: &MemoryCardError) -> StorageError {
        match error {
            MemoryCardError::Empty => StorageError::NoCard,
            MemoryCardError::PastEnd => StorageError::Unreadable,
        }
    }
}

/// Kinds of card formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Fat16,
    Fat32,
    /// FAT32 without a partition table.
    WholeCard,
}

/// First byte of the partition.
const PARTITION_START: usize = 1 << 20;

/// A card with files, each written in pieces of `piece` bytes, turn by turn.
pub(crate) fn card(format: Format, files: &[(&str, &[u8])], piece: usize) -> Vec<u8> {
    let (fat_type, num_bytes) = match format {
        Format::Fat16 => (fatfs::FatType::Fat16, 8 << 20),
        Format::Fat32 | Format::WholeCard => (fatfs::FatType::Fat32, 40 << 20),
    };
    let mut volume = Cursor::new(vec![0; num_bytes]);
    let options = fatfs::FormatVolumeOptions::new()
        .fat_type(fat_type)
        .bytes_per_cluster(512);
    fatfs::format_volume(&mut volume, options).unwrap();
    volume.seek(SeekFrom::Start(0)).unwrap();
    {
        let system = fatfs::FileSystem::new(&mut volume, fatfs::FsOptions::new()).unwrap();
        let root = system.root_dir();
        let mut pieces: Vec<_> = files
            .iter()
            .map(|(name, content)| (root.create_file(name).unwrap(), content.chunks(piece)))
            .collect();
        let mut any = true;
        while any {
            any = false;
            for (file, rest) in &mut pieces {
                if let Some(bytes) = rest.next() {
                    file.write_all(bytes).unwrap();
                    any = true;
                }
            }
        }
    }
    let volume = volume.into_inner();
    if format == Format::WholeCard {
        return volume;
    }
    let mut card = vec![0; PARTITION_START];
    card[446 + 4] = if format == Format::Fat16 { 0x06 } else { 0x0C };
    card[446 + 8..][..4].copy_from_slice(&((PARTITION_START / 512) as u32).to_le_bytes());
    card[446 + 12..][..4].copy_from_slice(&((volume.len() / 512) as u32).to_le_bytes());
    card[510..512].copy_from_slice(&[0x55, 0xAA]);
    card.extend(volume);
    card
}

/// Runs a script against a card slot and gives all that the device wrote, in lines.
pub(crate) fn run(card: MemoryCard, script: Script) -> Vec<String> {
    run_with(card, &[], (), script)
}

/// The same, on a device that trusts keys and keeps an epoch.
pub(crate) fn run_with(
    card: impl Card,
    keys: &'static [PublicKey],
    epochs: impl EpochStore,
    mut script: Script,
) -> Vec<String> {
    let mut work = Workspace::new();
    let mut session = Session::new(
        "test",
        CardFile::new(card),
        Guard::new(keys, epochs),
        (),
        &mut work,
    );
    session.run(&mut script).unwrap();
    while !script.keys.is_empty() {
        session.run(&mut script).unwrap();
    }
    let screen = String::from_utf8(script.screen).unwrap();
    screen.split("\r\n").map(str::to_owned).collect()
}

/// Only the lines that are verdicts.
pub(crate) fn verdicts(lines: &[String]) -> Vec<&str> {
    lines
        .iter()
        .map(String::as_str)
        .filter(|line| {
            ["EXPOSED ", "not exposed", "cannot say"]
                .iter()
                .any(|start| line.starts_with(start))
        })
        .collect()
}
