//! The chip's flash, read as memory and written by its controller (nRF51 Series Reference
//! Manual 3.0, chapter 6).

use core::ptr;

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase, check_read, check_write,
};
use leaksieve_link::boards::MICROBIT;
use nrf_pac::NVMC;
use nrf_pac::nvmc::vals::Wen;

const WORD_BYTES: usize = 4;

/// All of the flash, from address 0 on. While it is written or erased, the processor waits.
pub(crate) struct Flash(());

impl Flash {
    pub(crate) const fn new() -> Self {
        Self(())
    }

    fn wait() {
        while !NVMC.ready().read().ready() {}
    }

    fn enable(access: Wen) {
        NVMC.config().write(|w| w.set_wen(access));
        Self::wait();
    }
}

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        check_read(self, offset, bytes.len())?;
        for (address, byte) in (offset as usize..).zip(bytes) {
            // SAFETY: the address lies in this chip's flash, which is always readable, and is
            // read as it is now, whatever was written since. The program never lies at
            // address 0, its vector table does.
            *byte = unsafe { ptr::read_volatile(address as *const u8) };
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        MICROBIT.flash_bytes as usize
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = WORD_BYTES;
    const ERASE_SIZE: usize = MICROBIT.erase_bytes as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        check_erase(self, from, to)?;
        Self::enable(Wen::Een);
        for page in (from..to).step_by(Self::ERASE_SIZE) {
            NVMC.erasepage().write_value(page);
            Self::wait();
        }
        Self::enable(Wen::Ren);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        check_write(self, offset, bytes.len())?;
        let (words, _) = bytes.as_chunks();
        Self::enable(Wen::Wen);
        for (address, word) in (offset as usize..).step_by(WORD_BYTES).zip(words) {
            // SAFETY: the address is that of a word of this chip's flash, and the controller
            // was told that it is written. Nothing of the program lies in the slots, which are
            // all that is written.
            unsafe { ptr::write_volatile(address as *mut u32, u32::from_le_bytes(*word)) };
            Self::wait();
        }
        Self::enable(Wen::Ren);
        Ok(())
    }
}
