//! A card's blocks, and the fields in them.

use embedded_hal::delay::DelayNs;
use embedded_hal::spi::SpiDevice;
use embedded_sdmmc::{Block, BlockDevice, BlockIdx, SdCard, SdCardError};

use crate::storage::StorageError;

/// A block device that can be taken out.
pub trait Card: BlockDevice {
    /// Begin anew at the next read: another card may be there.
    fn forget(&self);

    /// What a failure means to a person.
    fn explain(error: &Self::Error) -> StorageError;
}

impl<SPI: SpiDevice<u8>, DELAY: DelayNs> Card for SdCard<SPI, DELAY> {
    fn forget(&self) {
        self.mark_card_uninit();
    }

    fn explain(error: &SdCardError) -> StorageError {
        match error {
            SdCardError::ReadError | SdCardError::CrcError(..) => StorageError::Unreadable,
            _ => StorageError::NoCard,
        }
    }
}

/// Reads blocks of a card into one buffer, and knows which one it holds.
pub(crate) struct BlockReader<'a, D> {
    card: &'a D,
    buffer: &'a mut [Block; 1],
    holds: Option<u32>,
}

impl<'a, D: Card> BlockReader<'a, D> {
    /// The buffer's content is not trusted: it may be of another card.
    pub(crate) fn new(card: &'a D, buffer: &'a mut [Block; 1]) -> Self {
        Self {
            card,
            buffer,
            holds: None,
        }
    }

    /// How many blocks the card has.
    pub(crate) fn num_blocks(&self) -> Result<u32, StorageError> {
        let count = self.card.num_blocks();
        count
            .map(|count| count.0)
            .map_err(|error| D::explain(&error))
    }

    /// One block, from the card unless this reader holds it.
    pub(crate) fn read(&mut self, block: u32) -> Result<&[u8; Block::LEN], StorageError> {
        if self.holds != Some(block) {
            self.holds = None;
            self.card
                .read(self.buffer, BlockIdx(block))
                .map_err(|error| D::explain(&error))?;
            self.holds = Some(block);
        }
        let [buffer] = &*self.buffer;
        Ok(&buffer.contents)
    }
}

/// Little-endian fields. Every offset is a constant inside its block or entry; 0 stands
/// in for the panic that an index would compile to.
pub(crate) fn u8_at(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([u8_at(bytes, at), u8_at(bytes, at + 1)])
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at + 2)) << 16 | u32::from(u16_at(bytes, at))
}
