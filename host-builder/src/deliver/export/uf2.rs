//! A filter as blocks of UF2 ([`leaksieve_link::uf2`]).

use std::io::Read;

use leaksieve_core::sector::SECTOR_BYTES;
use leaksieve_link::uf2::{self, BLOCK_BYTES, HEADER_BYTES, PAYLOAD_BYTES};

use super::bin::read_some;
use super::error::ExportError;

/// A sector is two payloads: no image ends within one.
const BLOCKS_PER_SECTOR: u32 = (SECTOR_BYTES / PAYLOAD_BYTES) as u32;

/// What the blocks of an image have in common.
#[derive(Clone, Copy)]
pub(super) struct Image(uf2::Image);

impl Image {
    /// Of a filter whose last byte has an address below 2^32.
    pub(super) const fn new(address: u32, num_sectors: u32, family: u32) -> Self {
        Self(uf2::Image {
            address,
            num_blocks: num_sectors * BLOCKS_PER_SECTOR,
            family,
        })
    }

    /// Blocks of whole sectors, the first of which is so many bytes from the image's start.
    pub(super) fn blocks(&self, first_byte: u32, bytes: &[u8]) -> Vec<u8> {
        let first = first_byte / PAYLOAD_BYTES as u32;
        let blocks: Vec<_> = (first..)
            .zip(bytes.as_chunks().0)
            .map(|(index, payload)| self.0.block(index, payload))
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
        for index in 0..self.0.num_blocks {
            image
                .read_exact(&mut block)
                .map_err(ExportError::ReadBack)?;
            let payload = block[HEADER_BYTES..].first_chunk();
            match payload {
                Some(payload) if block == self.0.block(index, payload) => takes(payload)?,
                _ => return Err(ExportError::OtherContent),
            }
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
