//! A new filter, sent piece by piece into the slot that is not asked.
//!
//! # Invariants
//! - The slot that is asked is not touched before the new file was accepted as a mount would
//!   accept it, and every page of it verified, up to the signed root if the file has one.
//! - The new file's first [`HELD_BYTES`] are written after that. Before, its slot counts as
//!   empty; after, both files are whole, and the old one is given up.
//! - Each step may be asked for again, with the same result.

use leaksieve_core::sector::{FileId, SECTOR_BYTES, Sector, SectorIndex};
use leaksieve_core::source::{SectorSource, verify_pages};
use leaksieve_core::{ReadError, Trust, open_in};
use leaksieve_link::PIECE_BYTES;

use crate::epoch::EpochStore;
use crate::filter::{Failure, Filter};
use crate::flash::{GIVEN_UP, HELD_BYTES};
use crate::log::info;
use crate::storage::{Storage, StorageError};

/// How far a new filter has come.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Update {
    slot: usize,
    num_bytes: u32,
    /// All before is there.
    written: u32,
    /// All before was erased.
    erased: u32,
    held: [u8; HELD_BYTES],
}

/// Why a step was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpdateError {
    /// Of the medium, or the new file is not accepted.
    Failure(Failure),
    /// The file is larger than the slot.
    TooLarge,
    /// Not the piece that comes next, or no update was begun.
    OutOfOrder,
    /// Not the file that was announced.
    OtherFile,
}

impl From<StorageError> for UpdateError {
    fn from(error: StorageError) -> Self {
        Self::Failure(ReadError::Source(error))
    }
}

impl Update {
    /// Erase what the file's next `length` bytes need.
    fn erase<S: Storage>(&mut self, storage: &mut S, length: u32) -> Result<(), StorageError> {
        while self.erased < self.written.saturating_add(length) {
            let erased = storage.erase(self.slot, self.erased)?;
            self.erased = self.erased.saturating_add(erased);
        }
        Ok(())
    }

    /// Make a slot ready: the one that is not asked.
    pub(crate) fn begin<S: Storage, E: EpochStore>(
        filter: &mut Filter<'_, S, E>,
        num_sectors: u32,
    ) -> Result<Self, UpdateError> {
        if !S::IS_WRITTEN_HERE {
            return Err(StorageError::NotWrittenHere.into());
        }
        let num_bytes = num_sectors
            .checked_mul(SECTOR_BYTES as u32)
            .filter(|num_bytes| *num_bytes <= filter.storage.slot_bytes())
            .ok_or(UpdateError::TooLarge)?;
        // Looked at now, so that the slot in use is the one that the next question would ask.
        let slot = match filter.mount() {
            Ok(_) => 1_usize.saturating_sub(filter.mounted.unwrap_or_default()),
            // Neither slot has a file that could be asked: nothing is lost.
            Err(refused) if refused.is_absent() || refused.is_of_filter() => 0,
            Err(refused) => return Err(UpdateError::Failure(refused.failure)),
        };
        let mut update = Self {
            slot,
            num_bytes,
            written: 0,
            erased: 0,
            held: [0; HELD_BYTES],
        };
        update.erase(&mut filter.storage, 1)?;
        info!(
            "update: {=u32} sectors into slot {=usize}",
            num_sectors,
            slot + 1
        );
        Ok(update)
    }

    /// Take the next piece, or the last one again.
    pub(crate) fn write_piece<S: Storage>(
        &mut self,
        storage: &mut S,
        offset: u32,
        piece: &[u8],
    ) -> Result<(), UpdateError> {
        let piece: &[u8; PIECE_BYTES] = piece.try_into().map_err(|_| UpdateError::OutOfOrder)?;
        let length = PIECE_BYTES as u32;
        if offset.checked_add(length) == Some(self.written) {
            return Ok(());
        }
        if offset != self.written || offset >= self.num_bytes {
            return Err(UpdateError::OutOfOrder);
        }
        self.erase(storage, length)?;
        match (offset, piece.split_first_chunk()) {
            (0, Some((held, rest))) => {
                self.held = *held;
                storage.write(self.slot, HELD_BYTES as u32, rest)?;
            }
            _ => storage.write(self.slot, offset, piece)?,
        }
        self.written = self.written.saturating_add(length);
        Ok(())
    }

    /// Is all of the file written?
    pub(crate) const fn is_whole(&self) -> bool {
        self.written == self.num_bytes
    }

    /// Verify the new file, use it, and give the old one up.
    #[inline(never)]
    pub(crate) fn finish<S: Storage, E: EpochStore>(
        self,
        filter: &mut Filter<'_, S, E>,
        file_id: FileId,
    ) -> Result<(), UpdateError> {
        // From here on the workspace holds the new file's header.
        filter.mounted = None;
        let trust = filter.guard.refresh()?.clone();
        if let Err(error) = self.verify(filter, file_id, &trust) {
            // The old one is kept. If that fails, the next question says why.
            let _ = filter.mount();
            return Err(error);
        }
        filter.storage.write(self.slot, 0, &self.held)?;
        info!("update: verified");
        self.give_up_old(filter, file_id)
    }

    /// What a mount verifies, then every page, as they lie in the flash.
    fn verify<S: Storage, E: EpochStore>(
        &self,
        filter: &mut Filter<'_, S, E>,
        file_id: FileId,
        trust: &Trust<'_>,
    ) -> Result<(), UpdateError> {
        let mut written = Written {
            storage: &mut filter.storage,
            update: self,
        };
        let (opening, sector) = (&mut filter.work.opening, &mut filter.work.sector);
        let catalogue =
            open_in(opening, &mut written, sector, trust).map_err(UpdateError::Failure)?;
        let num_bytes = catalogue
            .header()
            .num_sectors
            .checked_mul(SECTOR_BYTES as u32);
        if catalogue.file_id() != file_id || num_bytes != Some(self.num_bytes) {
            return Err(UpdateError::OtherFile);
        }
        verify_pages(catalogue, &mut written, sector).map_err(UpdateError::Failure)
    }

    /// Both files are whole: after this there is one.
    fn give_up_old<S: Storage, E: EpochStore>(
        &self,
        filter: &mut Filter<'_, S, E>,
        file_id: FileId,
    ) -> Result<(), UpdateError> {
        // What the flash has, and not what should have been written.
        filter
            .open(self.slot, &filter.guard.trust().clone())
            .map_err(|refused| UpdateError::Failure(refused.failure))?;
        let old = 1_usize.saturating_sub(self.slot);
        // An erasure that is cut may leave the beginning and spoil the rest.
        filter.storage.write(old, 0, &GIVEN_UP)?;
        filter.storage.erase(old, 0)?;
        match filter.mount() {
            Ok(catalogue) if catalogue.file_id() == file_id => Ok(()),
            Ok(_) => Err(UpdateError::OtherFile),
            Err(refused) => Err(UpdateError::Failure(refused.failure)),
        }
    }
}

/// The new file: as it lies in the flash, but for its first bytes.
struct Written<'a, S> {
    storage: &'a mut S,
    update: &'a Update,
}

impl<S: Storage> SectorSource for Written<'_, S> {
    type Error = StorageError;

    fn num_sectors(&mut self) -> Result<u32, StorageError> {
        Ok(self.update.num_bytes / SECTOR_BYTES as u32)
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> Result<(), StorageError> {
        let offset = index.0.saturating_mul(SECTOR_BYTES as u32);
        self.storage.read(self.update.slot, offset, buffer)?;
        if let (0, Some((held, _))) = (index.0, buffer.split_first_chunk_mut()) {
            *held = self.update.held;
        }
        Ok(())
    }
}
