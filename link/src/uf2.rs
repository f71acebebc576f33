//! USB Flashing Format (Microsoft, github.com/microsoft/uf2, "README.md"): blocks of 512
//! bytes that each say where their bytes go, so that a boot loader can flash them in any order
//! as they arrive on the drive that it shows.

const MAGIC_START: [u32; 2] = [0x0A32_4655, 0x9E5D_5157];
const MAGIC_END: u32 = 0x0AB1_6F30;
/// The last field of the header is the family.
const FAMILY_PRESENT: u32 = 0x2000;
/// Bytes of a block: 512.
pub const BLOCK_BYTES: usize = 512;
/// Bytes before a block's payload: 32.
pub const HEADER_BYTES: usize = 32;
/// Bytes of the image in a block: 256. The boot ROMs of the RP2040 and the RP2350 pass over every
/// block that has more or less, and want it at a multiple of so many.
pub const PAYLOAD_BYTES: usize = 256;

/// What a boot loader erases at once, bytes. Where an image begins within such a block, the
/// RP2040's may write it wrong (erratum RP2040-E14), and others lose what is before it.
pub const ERASE_BYTES: u32 = 4096;

/// What the blocks of an image have in common.
///
/// All are of one family. Before those of a program for the RP2350, its maker's tools put one of
/// another family, which lies at the end of the flash, for the erratum RP2350-E10: the first
/// chips take no UF2 onto a flash that has a partition table. No board here has such a table, and
/// the last of its second slot would be erased: no image here has such a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Image {
    /// Where its first byte goes.
    pub address: u32,
    /// How many there are.
    pub num_blocks: u32,
    /// Of the chip.
    pub family: u32,
}

impl Image {
    /// A block of an image that ends below 2^32, padded as the format says.
    pub fn block(&self, index: u32, payload: &[u8; PAYLOAD_BYTES]) -> [u8; BLOCK_BYTES] {
        let offset = index.wrapping_mul(PAYLOAD_BYTES as u32);
        let fields = [
            MAGIC_START[0],
            MAGIC_START[1],
            FAMILY_PRESENT,
            self.address.wrapping_add(offset),
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
        if let Some(place) = rest.first_chunk_mut() {
            *place = *payload;
        }
        if let Some(end) = rest.last_chunk_mut() {
            *end = MAGIC_END.to_le_bytes();
        }
        block
    }
}
