//! What the tests in `tests/` share: cards and boards in an emulator, and how they are asked, pages made by hand, and filters
//! larger than any disk.

pub mod card;
pub mod console;
pub mod lab;
pub mod logs;
pub mod pages;

/// Does `cargo xtask test --all` run? Then every case is tried, else some of each kind.
pub fn is_exhaustive() -> bool {
    std::env::var_os("LEAKSIEVE_EXHAUSTIVE").is_some()
}

/// All cases of an exhaustive run, else every `stride`-th. A stride that has no factor in common
/// with the number of kinds takes some of each kind.
pub fn some<T>(cases: Vec<T>, stride: usize) -> Vec<T> {
    let stride = if is_exhaustive() { 1 } else { stride };
    cases.into_iter().step_by(stride).collect()
}

use std::collections::BTreeMap;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use leaksieve_core::hash::HashFunction;
use leaksieve_core::header::{Date, Encoding, PlanSectors, Rate};
use leaksieve_core::identifier::NORMALISATION_VERSION;
use leaksieve_core::sector::{FileId, SECTOR_BYTES, seal};
use leaksieve_core::{Dataset, Header, Identifier, Profile, SectorIndex, Trust, open};

use pages::Pages;

const FILE_ID: FileId = FileId(*b"a large file....");

/// A filter of e-mail addresses of any number of sectors, of which there are only the
/// header and the pages of the addresses that will be asked. Where the other pages would
/// be the file has a hole: zeros, which no sealed sector is.
pub struct SparseFilter {
    header: Header,
    pages: Pages,
}

impl SparseFilter {
    /// A filter of `num_sectors`, header included, with these members; the pages of the
    /// strangers are there too, and of those in holes all but the last that is asked.
    ///
    /// # Errors
    /// When an address is none, or the header is not possible.
    pub fn new(
        encoding: Encoding,
        num_sectors: u32,
        [members, strangers, in_holes]: [&[String]; 3],
    ) -> Result<Self> {
        let dataset = Dataset {
            name: "Large".try_into().unwrap_or_default(),
            date: Date::default(),
            source_note: Default::default(),
            normalisation_version: NORMALISATION_VERSION,
            profile: Profile::Email,
            num_items: members.len() as u64,
            num_rejected: 0,
            num_extra: 0,
            min_count: 0,
            encoding,
            hash: HashFunction::Xxh3 { seed: 5 },
            plan: PlanSectors::NONE,
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
            pages: Pages::new(encoding, num_sectors - 1),
        };
        let hashes = |of: &[String]| -> Result<Vec<u64>> {
            of.iter().map(|address| filter.hash(address)).collect()
        };
        let [members, strangers, in_holes] =
            [hashes(members)?, hashes(strangers)?, hashes(in_holes)?];
        filter.pages.insert(&members);
        for (hashes, num_holes) in [(strangers, 0), (in_holes, 1)] {
            for hash in hashes {
                let path = filter.pages.path(hash);
                let there = path.iter().take(path.len() - num_holes);
                there.for_each(|page| filter.pages.touch(*page));
            }
        }
        Ok(filter)
    }

    fn hash(&self, address: &str) -> Result<u64> {
        let [dataset] = self.header.datasets.as_slice() else {
            anyhow::bail!("not one dataset");
        };
        let item = dataset
            .profile
            .normalise(&Identifier::new(address.as_bytes()))?;
        Ok(dataset.hash.hash(&item))
    }

    /// The sectors that an address is looked up in, in order.
    ///
    /// # Errors
    /// When it is no address.
    pub fn sectors_of(&self, address: &str) -> Result<Vec<SectorIndex>> {
        let path = self.pages.path(self.hash(address)?);
        Ok(path.iter().map(|page| SectorIndex(1 + page)).collect())
    }

    /// The sectors that there are, in order.
    ///
    /// # Errors
    /// When the header is not possible.
    pub fn sectors(&self) -> Result<BTreeMap<SectorIndex, [u8; SECTOR_BYTES]>> {
        let header = self.header.encode(FILE_ID)?;
        let mut sectors: BTreeMap<_, _> = (0..).map(SectorIndex).zip(header.sectors()).collect();
        ensure!(sectors.len() == 1);
        for (page, payload) in &self.pages.there {
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

/// The sectors of a file's last layer that questions read after another page; of a Bloom filter
/// its last page.
///
/// # Errors
/// When it is no filter file of one dataset.
pub fn last_pages(mut file: &[u8]) -> Result<Range<u32>> {
    let catalogue = open(&mut file, &mut [0; SECTOR_BYTES], &Trust::ANY)
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let [dataset] = catalogue.datasets() else {
        anyhow::bail!("not one dataset");
    };
    let end = dataset.first_sector.0 + dataset.num_sectors;
    let layers = dataset.encoding.layers(dataset.num_sectors);
    let last = layers.skip(1).last().map_or(1, |layer| layer.num_pages);
    Ok(end - last..end)
}

/// Addresses, of which no two names give the same.
pub fn addresses(name: &str, count: usize) -> Vec<String> {
    (0..count)
        .map(|i| format!("{name}{i}@example.com"))
        .collect()
}
