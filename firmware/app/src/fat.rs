//! Where a file lies on a FAT volume: found once, so that a sector of it is then one
//! block read away.
//!
//! `embedded-sdmmc` has a file system, too, but three things keep it from this place. A
//! seek backwards walks the file's whole cluster chain again, for every question. Its
//! one-block cache outlives the card that the block came from. And some contents of a
//! card make it panic (no blocks in a cluster) or never return (a folder whose chain is
//! a ring). So only its block devices are used, and this module reads the tables.
//!
//! After Microsoft's "FAT32 File System Specification", version 1.03; sections are named
//! where a field is read. Reads only. Does not panic, whatever the blocks hold.

use core::num::NonZeroU32;

use embedded_sdmmc::Block;
use heapless::Vec;

use crate::blocks::{BlockReader, Card, u8_at, u16_at, u32_at};
use crate::partition::find_on_volumes;
use crate::storage::StorageError;

/// A file's name as a FAT folder stores it: eight letters and three, with blanks behind.
pub(crate) type ShortName = [u8; 11];

const BLOCK_BYTES: u32 = Block::LEN_U32;
const ENTRY_BYTES: usize = 32;
/// A folder may have 65,536 entries ("FAT Directory Structure"): a longer one is a ring.
const MAX_FOLDER_BLOCKS: u32 = 65_536 * ENTRY_BYTES as u32 / BLOCK_BYTES;
/// Runs of a file that are remembered. A file in more pieces is still read, by a walk
/// from the last that is remembered.
const MAX_EXTENTS: usize = 32;
/// Clusters are counted from here on ("FAT Data Structure").
const FIRST_CLUSTER: u32 = 2;

/// A run of clusters that follow each other on the card.
#[derive(Clone, Copy)]
struct Extent {
    first: u32,
    num_clusters: u32,
}

/// Where the root folder lies.
#[derive(Clone, Copy)]
enum Root {
    /// FAT16: so many blocks, right before the data.
    Blocks { first: u32, num_blocks: u32 },
    /// FAT32: a cluster chain.
    Chain { first: u32 },
}

/// The parts of a volume.
#[derive(Clone, Copy)]
struct Volume {
    /// First block of the first file allocation table.
    table: u32,
    /// First block of the first cluster.
    data: u32,
    blocks_per_cluster: NonZeroU32,
    /// The first number that is no cluster.
    end_cluster: u32,
    root: Root,
}

/// Where a file lies.
pub(crate) struct FileMap {
    volume: Volume,
    /// It has no name that a filter should have, and is the only one.
    pub(crate) is_only: bool,
    /// There are others of its extension beside it, which nobody looks at.
    pub(crate) has_others: bool,
    num_bytes: u32,
    extents: Vec<Extent, MAX_EXTENTS>,
}

impl FileMap {
    /// Find a file on a card, by one of the names that a filter should have. Reads the partition
    /// table, each partition's first block and root folder up to the volume with the file, and the
    /// file's part of the allocation table: one block in 128 clusters.
    pub(crate) fn find<D: Card>(
        blocks: &mut BlockReader<'_, D>,
        name: &'static ShortName,
        names: &'static [&'static ShortName],
    ) -> Result<Self, StorageError> {
        find_on_volumes(blocks, Volume::parse, |blocks, volume| {
            Self::find_on(blocks, volume, Search::new(name, names))
        })
    }

    /// Not inlined: there are two places for a volume, a partition and the whole card.
    #[inline(never)]
    fn find_on<D: Card>(
        blocks: &mut BlockReader<'_, D>,
        volume: Volume,
        mut search: Search,
    ) -> Result<Self, StorageError> {
        volume.search(blocks, &mut search)?;
        let (first, num_bytes) = search.found()?;
        let is_only = search.exact.is_none();
        let mut map = Self {
            volume,
            is_only,
            has_others: !is_only && search.num_others > 0,
            num_bytes,
            extents: Vec::new(),
        };
        let mut rest = num_bytes
            .div_ceil(BLOCK_BYTES)
            .div_ceil(volume.blocks_per_cluster.get());
        let mut next = first;
        while rest > 0 {
            let (extent, after) = volume.extent(blocks, volume.cluster(next)?, rest)?;
            if map.extents.push(extent).is_err() {
                break;
            }
            rest -= extent.num_clusters;
            match after {
                Some(cluster) => next = cluster,
                None => break,
            }
        }
        Ok(map)
    }

    /// Whole blocks of the file.
    pub(crate) const fn num_blocks(&self) -> u32 {
        self.num_bytes / BLOCK_BYTES
    }

    /// Number of runs that the file lies in, up to [`MAX_EXTENTS`].
    pub(crate) fn num_extents(&self) -> usize {
        self.extents.len()
    }

    /// The card's block that holds a block of the file. Reads nothing, unless the file is
    /// in more than [`MAX_EXTENTS`] pieces.
    pub(crate) fn locate<D: Card>(
        &self,
        blocks: &mut BlockReader<'_, D>,
        index: u32,
    ) -> Result<u32, StorageError> {
        if index >= self.num_blocks() {
            return Err(StorageError::PastEnd);
        }
        let mut place = index / self.volume.blocks_per_cluster;
        let offset = index % self.volume.blocks_per_cluster;
        let mut last = None;
        for extent in &self.extents {
            if place < extent.num_clusters {
                return self.volume.block(extent.first + place, offset);
            }
            place -= extent.num_clusters;
            last = Some(extent.first + extent.num_clusters - 1);
        }
        let mut cluster = last.ok_or(StorageError::VolumeDamaged)?;
        for _ in 0..=place {
            cluster = self.volume.next(blocks, cluster)?;
        }
        self.volume.block(cluster, offset)
    }
}

impl Volume {
    /// "Boot Sector and BPB"; the kind of FAT is told as Linux does, by the 16-bit table
    /// size, so that small volumes which were made as FAT32 are read as such.
    fn parse(sector: &[u8; Block::LEN], start: u32) -> Option<Self> {
        let or_wide = |short: usize, wide: usize| match u16_at(sector, short) {
            0 => u32_at(sector, wide),
            value => value.into(),
        };
        let blocks_per_cluster = NonZeroU32::new(u8_at(sector, 13).into())?;
        let reserved = u32::from(u16_at(sector, 14));
        let num_tables = u32::from(u8_at(sector, 16));
        let root_entries = u32::from(u16_at(sector, 17));
        let num_blocks = or_wide(19, 32);
        let is_fat32 = u16_at(sector, 22) == 0;
        let table_blocks = or_wide(22, 36);
        let is_boot_sector = matches!(u8_at(sector, 0), 0xEB | 0xE9)
            && u16_at(sector, 510) == 0xAA55
            && u32::from(u16_at(sector, 11)) == BLOCK_BYTES
            && blocks_per_cluster.is_power_of_two()
            && reserved > 0
            && matches!(num_tables, 1 | 2);
        if !is_boot_sector {
            return None;
        }

        let root_blocks = root_entries.div_ceil(BLOCK_BYTES / ENTRY_BYTES as u32);
        let table = start.checked_add(reserved)?;
        let root = num_tables
            .checked_mul(table_blocks)
            .and_then(|num_blocks| num_blocks.checked_add(table))?;
        let data = root.checked_add(root_blocks)?;
        let end = start.checked_add(num_blocks)?;
        let num_clusters = end.checked_sub(data)? / blocks_per_cluster;
        // FAT12 and clusters that the table has no room for.
        let bytes_per_entry = if is_fat32 { 4 } else { 2 };
        let table_entries = u64::from(table_blocks) * u64::from(BLOCK_BYTES / bytes_per_entry);
        let end_cluster = num_clusters.checked_add(FIRST_CLUSTER)?;
        if u64::from(end_cluster) > table_entries || (!is_fat32 && num_clusters < 4085) {
            return None;
        }
        Some(Self {
            table,
            data,
            blocks_per_cluster,
            end_cluster,
            root: if is_fat32 {
                Root::Chain {
                    first: u32_at(sector, 44),
                }
            } else {
                Root::Blocks {
                    first: root,
                    num_blocks: root_blocks,
                }
            },
        })
    }

    /// Look at the entries of the top folder.
    fn search<D: Card>(
        &self,
        blocks: &mut BlockReader<'_, D>,
        search: &mut Search,
    ) -> Result<(), StorageError> {
        match self.root {
            Root::Blocks { first, num_blocks } => {
                for offset in 0..num_blocks {
                    if search.is_over_in(blocks.read(first + offset)?) {
                        break;
                    }
                }
            }
            Root::Chain { first } => {
                let mut cluster = self.cluster(first)?;
                for _ in 0..MAX_FOLDER_BLOCKS / self.blocks_per_cluster {
                    for offset in 0..self.blocks_per_cluster.get() {
                        let block = self.block(cluster, offset)?;
                        if search.is_over_in(blocks.read(block)?) {
                            return Ok(());
                        }
                    }
                    cluster = match self.link(blocks, cluster)? {
                        Link::End => break,
                        Link::Cluster(cluster) => cluster,
                    };
                }
            }
        }
        Ok(())
    }

    /// The longest run of clusters from `first` on, at most `limit` of them, and the
    /// cluster that goes on after it, if fewer.
    fn extent<D: Card>(
        &self,
        blocks: &mut BlockReader<'_, D>,
        first: u32,
        limit: u32,
    ) -> Result<(Extent, Option<u32>), StorageError> {
        let mut num_clusters = 1;
        let mut cluster = first;
        while num_clusters < limit {
            let next = self.next(blocks, cluster)?;
            if next != cluster + 1 {
                return Ok((
                    Extent {
                        first,
                        num_clusters,
                    },
                    Some(next),
                ));
            }
            num_clusters += 1;
            cluster = next;
        }
        Ok((
            Extent {
                first,
                num_clusters,
            },
            None,
        ))
    }

    /// The cluster after another, where there has to be one.
    fn next<D: Card>(
        &self,
        blocks: &mut BlockReader<'_, D>,
        cluster: u32,
    ) -> Result<u32, StorageError> {
        match self.link(blocks, cluster)? {
            Link::Cluster(next) => Ok(next),
            Link::End => Err(StorageError::VolumeDamaged),
        }
    }

    /// What the allocation table says comes after a cluster.
    fn link<D: Card>(
        &self,
        blocks: &mut BlockReader<'_, D>,
        cluster: u32,
    ) -> Result<Link, StorageError> {
        // The volume's check keeps every entry inside the table.
        let (value, end_of_chain) = match self.root {
            Root::Chain { .. } => {
                let block = blocks.read(self.table + cluster / 128)?;
                let entry = u32_at(block, (cluster % 128) as usize * 4);
                (entry & 0x0FFF_FFFF, 0x0FFF_FFF8)
            }
            Root::Blocks { .. } => {
                let block = blocks.read(self.table + cluster / 256)?;
                (u16_at(block, (cluster % 256) as usize * 2).into(), 0xFFF8)
            }
        };
        if value >= end_of_chain {
            return Ok(Link::End);
        }
        self.cluster(value).map(Link::Cluster)
    }

    /// A number from the card, if it is a cluster of this volume.
    const fn cluster(&self, number: u32) -> Result<u32, StorageError> {
        if FIRST_CLUSTER <= number && number < self.end_cluster {
            Ok(number)
        } else {
            Err(StorageError::VolumeDamaged)
        }
    }

    /// A block of a cluster.
    fn block(&self, cluster: u32, offset: u32) -> Result<u32, StorageError> {
        self.cluster(cluster)?
            .checked_sub(FIRST_CLUSTER)
            .and_then(|index| index.checked_mul(self.blocks_per_cluster.get()))
            .and_then(|block| block.checked_add(self.data))
            .and_then(|block| block.checked_add(offset))
            .ok_or(StorageError::VolumeDamaged)
    }
}

/// What follows a cluster.
enum Link {
    Cluster(u32),
    End,
}

/// A file's first cluster, and its size in bytes.
type Place = (u32, u32);

/// Looks for a file of a name. Where none of the names is there that a filter should have, but
/// one other file of their extension, that one is it: `leaks (1).lsv` was downloaded twice.
struct Search {
    name: &'static ShortName,
    /// All names that a filter should have. The only other file stands for the first of them.
    names: &'static [&'static ShortName],
    exact: Option<Place>,
    has_other_name: bool,
    other: Option<Place>,
    num_others: u32,
    /// The names of the first two others.
    other_names: [ShortName; 2],
}

impl Search {
    /// For one of these names.
    const fn new(name: &'static ShortName, names: &'static [&'static ShortName]) -> Self {
        Self {
            name,
            names,
            exact: None,
            has_other_name: false,
            other: None,
            num_others: 0,
            other_names: [[b' '; 11]; 2],
        }
    }

    /// Look at a folder's block. Is the folder at its end? "FAT Directory Structure".
    fn is_over_in(&mut self, block: &[u8; Block::LEN]) -> bool {
        const HIDDEN: u8 = 0x02;
        const FOLDER_OR_LABEL: u8 = 0x18;
        let entries: &[[u8; ENTRY_BYTES]] = block.as_chunks().0;
        for entry in entries {
            let attributes = u8_at(entry, 11);
            match entry.first() {
                Some(0) => return true,
                // Deleted.
                Some(0xE5) => continue,
                _ if attributes & FOLDER_OR_LABEL != 0 => continue,
                _ => {}
            }
            let high = u32::from(u16_at(entry, 20));
            let place = (high << 16 | u32::from(u16_at(entry, 26)), u32_at(entry, 28));
            if entry.starts_with(self.name) {
                self.exact = self.exact.or(Some(place));
                continue;
            }
            // macOS keeps what it knows of a file in one beside it, `._leaks.lsv`: `_LEAKS~1.LSV`.
            let is_beside = attributes & HIDDEN != 0 || entry.starts_with(b"_");
            if self.names.iter().any(|name| entry.starts_with(*name)) {
                self.has_other_name = true;
            } else if entry.get(8..11) == Some(b"LSV") && !is_beside {
                self.other = Some(place);
                if let Some(known) = self.other_names.get_mut(self.num_others as usize)
                    && let Some(name) = entry.first_chunk()
                {
                    *known = *name;
                }
                self.num_others = self.num_others.saturating_add(1);
            }
        }
        false
    }

    fn found(&self) -> Result<Place, StorageError> {
        let is_first = self.names.first().is_some_and(|name| *name == self.name);
        match (self.exact, self.other) {
            (Some(place), _) => Ok(place),
            (None, Some(place)) if is_first && !self.has_other_name => match self.num_others {
                1 => Ok(place),
                _ => Err(StorageError::OtherNames {
                    names: self.other_names,
                }),
            },
            (None, _) => Err(StorageError::NoFile),
        }
    }
}
