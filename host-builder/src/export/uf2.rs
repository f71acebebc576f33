//! USB Flashing Format (Microsoft, github.com/microsoft/uf2, "README.md"): blocks of 512
//! bytes that each say where their bytes go, so that a boot loader can flash them in any order
//! as they arrive on the drive that it shows.

use std::io::Read;

use leaksieve_core::sector::SECTOR_BYTES;

use super::{ExportError, read_some};

const MAGIC_START: [u32; 2] = [0x0A32_4655, 0x9E5D_5157];
const MAGIC_END: u32 = 0x0AB1_6F30;
/// The last field of the header is the family.
const FAMILY_PRESENT: u32 = 0x2000;
const BLOCK_BYTES: usize = 512;
const HEADER_BYTES: usize = 32;
/// Bytes of the image in a block. The boot ROMs of the RP2040 and the RP2350 pass over every
/// block that has more or less, and want it at a multiple of so many.
const PAYLOAD_BYTES: usize = 256;
/// A sector is two payloads: no image ends within one.
const BLOCKS_PER_SECTOR: u32 = (SECTOR_BYTES / PAYLOAD_BYTES) as u32;

/// What a boot loader erases at once. Where an image begins within such a block, the
/// RP2040's may write it wrong (erratum RP2040-E14), and others lose what is before it.
pub const ERASE_BYTES: u32 = 4096;

/// What the blocks of an image have in common.
///
/// All are of one family. Before those of a program for the RP2350, its maker's tools put one of
/// another family, which lies at the end of the flash, for the erratum RP2350-E10: the first
/// chips take no UF2 onto a flash that has a partition table. No board here has such a table, and
/// the last of its second slot would be erased: an image of a filter has no such block.
#[derive(Clone, Copy)]
pub(super) struct Image {
    address: u32,
    num_blocks: u32,
    family: u32,
}

impl Image {
    /// Of a filter whose last byte has an address below 2^32.
    pub(super) const fn new(address: u32, num_sectors: u32, family: u32) -> Self {
        Self {
            address,
            num_blocks: num_sectors * BLOCKS_PER_SECTOR,
            family,
        }
    }

    /// A block, padded as the format says.
    fn block(&self, index: u32, payload: &[u8]) -> [u8; BLOCK_BYTES] {
        let fields = [
            MAGIC_START[0],
            MAGIC_START[1],
            FAMILY_PRESENT,
            self.address + index * PAYLOAD_BYTES as u32,
            PAYLOAD_BYTES as u32,
            index,
            self.num_blocks,
            self.family,
        ];
        let mut block = [0xFF; BLOCK_BYTES];
        let (header, rest) = block.split_at_mut(HEADER_BYTES);
        for (place, field) in header.as_chunks_mut().0.iter_mut().zip(fields) {
            *place = field.to_le_bytes();
        }
        rest[..PAYLOAD_BYTES].copy_from_slice(payload);
        if let Some(end) = rest.last_chunk_mut() {
            *end = MAGIC_END.to_le_bytes();
        }
        block
    }

    /// Blocks of whole sectors, the first of which is so many bytes from the image's start.
    pub(super) fn blocks(&self, first_byte: u32, bytes: &[u8]) -> Vec<u8> {
        let first = first_byte / PAYLOAD_BYTES as u32;
        let blocks: Vec<_> = (first..)
            .zip(bytes.chunks_exact(PAYLOAD_BYTES))
            .map(|(index, payload)| self.block(index, payload))
            .collect();
        blocks.into_flattened()
    }

    /// Decode all blocks, in order.
    pub(super) fn read(
        &self,
        mut image: impl Read,
        takes: &mut impl FnMut(&[u8]) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let mut block = [0; BLOCK_BYTES];
        for index in 0..self.num_blocks {
            image
                .read_exact(&mut block)
                .map_err(ExportError::ReadBack)?;
            let payload = &block[HEADER_BYTES..][..PAYLOAD_BYTES];
            if block != self.block(index, payload) {
                return Err(ExportError::OtherContent);
            }
            takes(payload)?;
        }
        match read_some(&mut image, &mut Vec::new())? {
            false => Ok(()),
            true => Err(ExportError::OtherContent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_block_than_was_written_is_none() {
        let image = Image::new(0x1004_0000, 3, 0xE48B_FF56);
        let bytes: Vec<u8> = (0..3 * 512_u32).map(|i| (i * 7 + i / 256) as u8).collect();
        let blocks = image.blocks(0, &bytes);
        assert_eq!(
            blocks,
            [
                image.blocks(0, &bytes[..512]),
                image.blocks(512, &bytes[512..])
            ]
            .concat()
        );
        let read = |blocks: &[u8]| {
            let mut found = Vec::new();
            let mut takes = |bytes: &[u8]| {
                found.extend_from_slice(bytes);
                Ok(())
            };
            image.read(blocks, &mut takes).map(|()| found)
        };
        assert_eq!(read(&blocks).unwrap(), bytes);
        for place in 0..blocks.len() {
            let mut other = blocks.clone();
            other[place] ^= 0x10;
            assert!(read(&other).ok().as_ref() != Some(&bytes), "{place}");
        }
        assert!(read(&blocks[..blocks.len() - 1]).is_err());
        assert!(read(&[&blocks[..], &[0]].concat()).is_err());
    }
}
