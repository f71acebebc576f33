//! Filters in flash that the device itself can write: two slots, and the records of the lowest
//! epoch, all in one flash.
//!
//! A slot that begins with erased bytes, or with zeros, has no filter. So a new filter's first
//! [`HELD_BYTES`] are written last (`update.rs`): until then the slot is an empty one, or,
//! where the power fails in the midst of its first block's erasure, one of no filter.

use core::cell::RefCell;

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use leaksieve_core::sector::SECTOR_BYTES;
use leaksieve_core::{Sector, SectorIndex, SectorSource};
use leaksieve_link::Board;

use crate::epoch::{EpochError, Place, RECORD_BYTES, Record, RecordMedium};
use crate::storage::{Storage, StorageError};

/// The first bytes of a file, which are written last: 16. As many as any flash here writes at
/// once, and what no filter lacks: its magic is among them.
pub const HELD_BYTES: usize = 16;

/// What a file's first bytes become before its slot is erased: every flash here takes zeros over
/// what was written.
pub(crate) const GIVEN_UP: [u8; HELD_BYTES] = [0; HELD_BYTES];

const ERASED: u8 = 0xFF;

/// Two slots of a flash.
pub struct FlashSlots<F> {
    flash: F,
    offsets: [u32; 2],
    slot_bytes: u32,
    /// Where the mounted slot begins.
    mounted: u32,
}

impl<F: NorFlash> FlashSlots<F> {
    /// Slots that begin at these offsets of the flash and have so many bytes, all of them whole
    /// erase blocks.
    pub const fn new(flash: F, offsets: [u32; 2], slot_bytes: u32) -> Self {
        const {
            assert!(F::WRITE_SIZE <= HELD_BYTES && HELD_BYTES.is_multiple_of(F::WRITE_SIZE));
            assert!(SECTOR_BYTES.is_multiple_of(F::READ_SIZE));
        }
        let [mounted, _] = offsets;
        Self {
            flash,
            offsets,
            slot_bytes,
            mounted,
        }
    }

    /// A board's slots. The flash is all of the board's.
    pub const fn of(board: &Board, flash: F) -> Self {
        Self::new(flash, board.slot_offsets(), board.slot_bytes())
    }

    fn place(&self, slot: usize, offset: u32, length: usize) -> Result<u32, StorageError> {
        let begin = self.offsets.get(slot).ok_or(StorageError::PastEnd)?;
        let end = u32::try_from(length)
            .ok()
            .and_then(|length| offset.checked_add(length));
        match end {
            Some(end) if end <= self.slot_bytes => Ok(begin.saturating_add(offset)),
            _ => Err(StorageError::PastEnd),
        }
    }
}

impl<F: NorFlash> SectorSource for FlashSlots<F> {
    type Error = StorageError;

    fn num_sectors(&mut self) -> Result<u32, StorageError> {
        Ok(self.slot_bytes / SECTOR_BYTES as u32)
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> Result<(), StorageError> {
        if index.0 >= self.num_sectors()? {
            return Err(StorageError::PastEnd);
        }
        let place = index.0.saturating_mul(SECTOR_BYTES as u32);
        self.flash
            .read(self.mounted.saturating_add(place), buffer)
            .map_err(|_| StorageError::FlashUnreadable)
    }
}

impl<F: NorFlash> Storage for FlashSlots<F> {
    const REMEDY: &'static str = "flash the filter again, or send it: `leaksieve install device`";
    const SLOTS: &'static [&'static str] = &["slot 1", "slot 2"];
    const IS_WRITTEN_HERE: bool = true;

    fn mount(&mut self, slot: usize) -> Result<(), StorageError> {
        let mut first = [0; HELD_BYTES];
        self.read(slot, 0, &mut first)?;
        if first == [ERASED; HELD_BYTES] || first == GIVEN_UP {
            return Err(StorageError::EmptyFlash);
        }
        self.mounted = self.place(slot, 0, 0)?;
        Ok(())
    }

    fn slot_bytes(&self) -> u32 {
        self.slot_bytes
    }

    fn erase(&mut self, slot: usize, offset: u32) -> Result<u32, StorageError> {
        let block = F::ERASE_SIZE as u32;
        let place = self.place(slot, offset, F::ERASE_SIZE)?;
        self.flash
            .erase(place, place.saturating_add(block))
            .map_err(|_| StorageError::FlashUnwritable)?;
        Ok(block)
    }

    fn write(&mut self, slot: usize, offset: u32, bytes: &[u8]) -> Result<(), StorageError> {
        let place = self.place(slot, offset, bytes.len())?;
        self.flash
            .write(place, bytes)
            .map_err(|_| StorageError::FlashUnwritable)
    }

    fn read(&mut self, slot: usize, offset: u32, bytes: &mut [u8]) -> Result<(), StorageError> {
        let place = self.place(slot, offset, bytes.len())?;
        self.flash
            .read(place, bytes)
            .map_err(|_| StorageError::FlashUnreadable)
    }
}

/// The two records of [`crate::epoch::TwoRecords`], each in an erase block of its own.
pub struct FlashRecords<F> {
    flash: F,
    offset: u32,
}

impl<F: NorFlash> FlashRecords<F> {
    /// Two erase blocks that begin at this offset.
    pub const fn new(flash: F, offset: u32) -> Self {
        const {
            assert!(F::WRITE_SIZE <= HELD_BYTES && HELD_BYTES.is_multiple_of(F::WRITE_SIZE));
            assert!(RECORD_BYTES <= HELD_BYTES && HELD_BYTES.is_multiple_of(F::READ_SIZE));
        }
        Self { flash, offset }
    }

    /// A board's records. The flash is all of the board's.
    pub const fn of(board: &Board, flash: F) -> Self {
        Self::new(flash, board.records_offset())
    }

    const fn place(&self, place: Place) -> u32 {
        let block = match place {
            Place::First => 0,
            Place::Second => F::ERASE_SIZE as u32,
        };
        self.offset.saturating_add(block)
    }
}

impl<F: NorFlash> RecordMedium for FlashRecords<F> {
    fn read(&mut self, place: Place) -> Result<Option<Record>, EpochError> {
        let mut bytes = [0; HELD_BYTES];
        let place = self.place(place);
        let read = self.flash.read(place, &mut bytes);
        read.map_err(|_| EpochError)?;
        let (record, _) = bytes.split_first_chunk().ok_or(EpochError)?;
        Ok((bytes != [ERASED; HELD_BYTES]).then_some(*record))
    }

    fn write(&mut self, place: Place, record: &Record) -> Result<(), EpochError> {
        let mut bytes = [ERASED; HELD_BYTES];
        if let Some((first, _)) = bytes.split_first_chunk_mut() {
            *first = *record;
        }
        let place = self.place(place);
        let end = place.saturating_add(F::ERASE_SIZE as u32);
        self.flash.erase(place, end).map_err(|_| EpochError)?;
        self.flash.write(place, &bytes).map_err(|_| EpochError)
    }
}

/// One flash for several: the slots and the records.
pub struct SharedFlash<'a, F>(pub &'a RefCell<F>);

/// Why a shared flash did not do as it was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SharedError<E> {
    /// It is in use.
    Busy,
    /// Its own.
    Flash(E),
}

impl<E: NorFlashError> NorFlashError for SharedError<E> {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Busy => NorFlashErrorKind::Other,
            Self::Flash(error) => error.kind(),
        }
    }
}

impl<F: NorFlash> SharedFlash<'_, F> {
    fn with<T>(
        &self,
        work: impl FnOnce(&mut F) -> Result<T, F::Error>,
    ) -> Result<T, SharedError<F::Error>> {
        let mut flash = self.0.try_borrow_mut().map_err(|_| SharedError::Busy)?;
        work(&mut flash).map_err(SharedError::Flash)
    }
}

impl<F: NorFlash> ErrorType for SharedFlash<'_, F> {
    type Error = SharedError<F::Error>;
}

impl<F: NorFlash> ReadNorFlash for SharedFlash<'_, F> {
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.with(|flash| flash.read(offset, bytes))
    }

    fn capacity(&self) -> usize {
        self.0.try_borrow().map_or(0, |flash| flash.capacity())
    }
}

impl<F: NorFlash> NorFlash for SharedFlash<'_, F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        self.with(|flash| flash.erase(from, to))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        self.with(|flash| flash.write(offset, bytes))
    }
}
