//! A filter that is a file on an SD card.

use embedded_sdmmc::{Block, BlockIdx};
use leaksieve_core::source::CARD_FILE_NAMES;
use leaksieve_core::{Sector, SectorIndex, SectorSource};

use crate::blocks::{BlockReader, Card};
use crate::fat::{FileMap, ShortName};
use crate::log::info;
use crate::storage::{Storage, StorageError};

/// How a FAT folder stores [`CARD_FILE_NAMES`].
static SHORT_NAMES: [&ShortName; CARD_FILE_NAMES.len()] = [b"LEAKS   LSV", b"LEAKS2  LSV"];

/// The file LEAKS.LSV or LEAKS2.LSV in the top folder of a card's FAT volume, or the only file
/// there whose name ends with .LSV.
///
/// No content of the file is kept between calls: a sector is read from the card each
/// time, in one block read. Only the place of the file is remembered, until the next
/// [`mount`](Storage::mount). When another card is put in meanwhile, what is read there is
/// no sector of the mounted filter, and core's checksum says so.
pub struct CardFile<D: Card> {
    card: D,
    buffer: [Block; 1],
    map: Option<FileMap>,
}

impl<D: Card> CardFile<D> {
    /// Nothing is read before [`mount`](Storage::mount).
    pub const fn new(card: D) -> Self {
        Self {
            card,
            buffer: [Block {
                contents: [0; Block::LEN],
            }],
            map: None,
        }
    }
}

impl<D: Card> SectorSource for CardFile<D> {
    type Error = StorageError;

    fn num_sectors(&mut self) -> Result<u32, StorageError> {
        let map = self.map.as_ref().ok_or(StorageError::NoCard)?;
        Ok(map.num_blocks())
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> Result<(), StorageError> {
        let map = self.map.as_ref().ok_or(StorageError::NoCard)?;
        let mut blocks = BlockReader::new(&self.card, &mut self.buffer);
        let block = map.locate(&mut blocks, index.0)?;
        self.card
            .read(&mut self.buffer, BlockIdx(block))
            .map_err(|error| D::explain(&error))?;
        let [read] = &self.buffer;
        *buffer = read.contents;
        Ok(())
    }
}

impl<D: Card> Storage for CardFile<D> {
    const REMEDY: &'static str = "copy the filter onto the card again";
    const SLOTS: &'static [&'static str] = &CARD_FILE_NAMES;

    fn mount(&mut self, slot: usize) -> Result<(), StorageError> {
        self.map = None;
        let name = SHORT_NAMES.get(slot).ok_or(StorageError::NoFile)?;
        self.card.forget();
        let mut blocks = BlockReader::new(&self.card, &mut self.buffer);
        let map = FileMap::find(&mut blocks, name, &SHORT_NAMES)?;
        info!(
            "card: file of {=u32} sectors in {=usize} extents",
            map.num_blocks(),
            map.num_extents()
        );
        self.map = Some(map);
        Ok(())
    }

    fn name_of(&self, slot: usize) -> &'static str {
        match &self.map {
            Some(map) if map.is_only => "the only .LSV file",
            _ => Self::SLOTS.get(slot).copied().unwrap_or_default(),
        }
    }

    fn has_others(&self) -> bool {
        self.map.as_ref().is_some_and(|map| map.has_others)
    }
}
