//! What the tests in `tests/` share: filters larger than any disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use leaksieve_core::encoding::{bloom, page_of};
use leaksieve_core::hash::HashFunction;
use leaksieve_core::header::{Date, Encoding, Rate};
use leaksieve_core::identifier::NORMALISATION_VERSION;
use leaksieve_core::sector::{FileId, PAYLOAD_BYTES, Payload, SECTOR_BYTES, seal};
use leaksieve_core::{Dataset, Header, Identifier, Profile, SectorIndex};

const FILE_ID: FileId = FileId(*b"a large file....");
const NUM_HASHES: u8 = 10;

/// A filter of e-mail addresses of any number of sectors, of which there are only the
/// header and the pages of the addresses that will be asked. Where the other pages would
/// be the file has a hole: zeros, which no sealed sector is.
pub struct SparseFilter {
    header: Header,
    pages: BTreeMap<u32, Payload>,
}

impl SparseFilter {
    /// A filter of `num_sectors`, header included, with these members; the pages of the
    /// strangers are there too.
    ///
    /// # Errors
    /// When an address is none, or the header is not possible.
    pub fn new(num_sectors: u32, members: &[String], strangers: &[String]) -> Result<Self> {
        let dataset = Dataset {
            name: "Large".try_into().unwrap_or_default(),
            date: Date::default(),
            source_note: Default::default(),
            normalisation_version: NORMALISATION_VERSION,
            profile: Profile::Email,
            num_items: members.len() as u64,
            num_rejected: 0,
            min_count: 0,
            encoding: Encoding::Bloom {
                num_hashes: NUM_HASHES,
            },
            hash: HashFunction::Xxh3 { seed: 5 },
            first_sector: SectorIndex(1),
            num_sectors: num_sectors - 1,
            designed: Rate::from_units(Rate::ONE / 1000),
            measured: Rate::from_units(Rate::ONE / 1000),
        };
        let mut header = Header {
            num_sectors,
            created_unix_s: 0,
            epoch: 0,
            expires_unix_s: 0,
            datasets: Default::default(),
            root: None,
        };
        ensure!(header.datasets.push(dataset).is_ok());
        let mut filter = Self {
            header,
            pages: BTreeMap::new(),
        };
        for address in members {
            let (page, hash) = filter.place(address)?;
            bloom::insert(filter.page(page), hash, NUM_HASHES);
        }
        for address in strangers {
            let (page, _) = filter.place(address)?;
            filter.page(page);
        }
        Ok(filter)
    }

    fn page(&mut self, page: u32) -> &mut Payload {
        self.pages.entry(page).or_insert([0; PAYLOAD_BYTES])
    }

    fn place(&self, address: &str) -> Result<(u32, u64)> {
        let [dataset] = self.header.datasets.as_slice() else {
            anyhow::bail!("not one dataset");
        };
        let item = dataset
            .profile
            .normalise(&Identifier::new(address.as_bytes()))?;
        let hash = dataset.hash.hash(&item);
        Ok((page_of(hash, dataset.num_sectors), hash))
    }

    /// The sector that an address is looked up in.
    ///
    /// # Errors
    /// When it is no address.
    pub fn sector_of(&self, address: &str) -> Result<SectorIndex> {
        let (page, _) = self.place(address)?;
        Ok(SectorIndex(1 + page))
    }

    /// The sectors that there are, in order.
    ///
    /// # Errors
    /// When the header is not possible.
    pub fn sectors(&self) -> Result<BTreeMap<SectorIndex, [u8; SECTOR_BYTES]>> {
        let header = self.header.encode(FILE_ID)?;
        let mut sectors: BTreeMap<_, _> = (0..).map(SectorIndex).zip(header.sectors()).collect();
        ensure!(sectors.len() == 1);
        for (page, payload) in &self.pages {
            let index = SectorIndex(1 + page);
            sectors.insert(index, seal(FILE_ID, index, payload));
        }
        Ok(sectors)
    }

    /// Write it as a sparse file.
    ///
    /// # Errors
    /// When it cannot be written, or the file system takes no file of this size.
    pub fn write(&self, path: &Path) -> Result<()> {
        let file = File::create(path)?;
        file.set_len(u64::from(self.header.num_sectors) * SECTOR_BYTES as u64)
            .context("a sparse file of this size cannot be made here")?;
        for (index, sector) in self.sectors()? {
            file.write_all_at(&sector, u64::from(index.0) * SECTOR_BYTES as u64)?;
        }
        Ok(())
    }
}

/// Addresses, of which no two names give the same.
pub fn addresses(name: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|i| format!("{name}{i}@example.com"))
        .collect()
}
