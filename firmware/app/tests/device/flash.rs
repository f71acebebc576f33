//! A flash in memory that behaves as NOR flash does, and whose power fails when it is told to.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
#[cfg(feature = "signatures")]
use leaksieve_app::{FlashRecords, SharedFlash};

pub(crate) const BLOCK_BYTES: usize = 1024;
const WORD_BYTES: usize = 4;
/// Two blocks of records, then two slots of 8 KiB.
pub(crate) const SLOTS: [u32; 2] = [2 << 10, 10 << 10];
pub(crate) const SLOT_BYTES: u32 = 8 << 10;
pub(crate) const RECORDS: u32 = 0;
const NUM_BYTES: usize = 18 << 10;

/// Where the lowest epoch is kept, in the same flash.
#[cfg(feature = "signatures")]
pub(crate) type Records<'a> =
    leaksieve_app::epoch::TwoRecords<FlashRecords<SharedFlash<'a, Flash>>>;

/// A copy is the same flash.
#[derive(Clone)]
pub(crate) struct Flash {
    bytes: Rc<RefCell<Vec<u8>>>,
    /// Words written and half blocks erased before the power fails.
    pub(crate) steps_left: Rc<Cell<Option<usize>>>,
    pub(crate) num_steps: Rc<Cell<usize>>,
}

impl Flash {
    /// With a file in each slot, or nothing.
    pub(crate) fn with(files: [&[u8]; 2]) -> Self {
        let mut bytes = vec![0xFF; NUM_BYTES];
        for (offset, file) in SLOTS.iter().zip(files) {
            bytes[*offset as usize..][..file.len()].copy_from_slice(file);
        }
        Self {
            bytes: Rc::new(RefCell::new(bytes)),
            steps_left: Rc::default(),
            num_steps: Rc::default(),
        }
    }

    /// What it holds now, in a device that was switched on again.
    pub(crate) fn restarted(&self) -> Self {
        Self {
            bytes: Rc::new(RefCell::new(self.bytes.borrow().clone())),
            steps_left: Rc::default(),
            num_steps: Rc::default(),
        }
    }

    pub(crate) fn slot(&self, slot: usize) -> Vec<u8> {
        let place = SLOTS[slot] as usize;
        self.bytes.borrow()[place..place + SLOT_BYTES as usize].to_vec()
    }

    pub(crate) fn flip(&self, slot: usize, at: usize) {
        self.bytes.borrow_mut()[SLOTS[slot] as usize + at] ^= 1;
    }

    /// One step: done, cut in its middle, or not begun.
    fn step(
        &self,
        whole: impl FnOnce(&mut [u8]),
        cut: impl FnOnce(&mut [u8]),
    ) -> Result<(), NorFlashErrorKind> {
        let bytes = &mut *self.bytes.borrow_mut();
        match self.steps_left.get() {
            None => whole(bytes),
            Some(0) => return Err(NorFlashErrorKind::Other),
            Some(1) => {
                self.steps_left.set(Some(0));
                cut(bytes);
                return Err(NorFlashErrorKind::Other);
            }
            Some(left) => {
                self.steps_left.set(Some(left - 1));
                whole(bytes);
            }
        }
        self.num_steps.set(self.num_steps.get() + 1);
        Ok(())
    }
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        bytes.copy_from_slice(&self.bytes.borrow()[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        NUM_BYTES
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = WORD_BYTES;
    const ERASE_SIZE: usize = BLOCK_BYTES;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        // The end first: it must not matter what an erasure that is cut leaves.
        for half in (from as usize..to as usize).step_by(BLOCK_BYTES / 2).rev() {
            let place = half..half + BLOCK_BYTES / 2;
            // Some bits are erased before others.
            self.step(
                |bytes| bytes[place.clone()].fill(0xFF),
                |bytes| {
                    bytes[place.clone()]
                        .iter_mut()
                        .for_each(|byte| *byte |= 0xA5)
                },
            )?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        for (at, word) in (offset as usize..)
            .step_by(WORD_BYTES)
            .zip(bytes.chunks(WORD_BYTES))
        {
            let write = |flash: &mut [u8], mask: u8| {
                for (place, byte) in flash[at..at + WORD_BYTES].iter_mut().zip(word) {
                    // A word is written once between two erasures, or gets zeros.
                    assert!(*place == 0xFF || *byte == 0, "written twice at {at:#x}");
                    *place &= byte | mask;
                }
            };
            self.step(|flash| write(flash, 0), |flash| write(flash, 0x3C))?;
        }
        Ok(())
    }
}
