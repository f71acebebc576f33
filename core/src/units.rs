//! What a file is made of, in what sizes, and what it may have at most: the leaf that all other
//! modules stand on.

use core::fmt;

use serde::{Deserialize, Serialize};

/// The format that this code reads and writes.
pub const FORMAT_VERSION: u16 = 2;

/// Bytes of a sector, as SD cards and SPI flash read them: 512.
pub const SECTOR_BYTES: usize = 512;
/// Bytes of a sector that carry content: 508.
pub const PAYLOAD_BYTES: usize = SECTOR_BYTES - CRC_BYTES;
/// Bytes of the checksum at the end of a sector: 4, little-endian.
pub const CRC_BYTES: usize = 4;

/// One sector as it is stored.
pub type Sector = [u8; SECTOR_BYTES];
/// The content of one sector.
pub type Payload = [u8; PAYLOAD_BYTES];

/// What tells one file from another: 16 bytes, part of every sector's checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct FileId(pub [u8; 16]);

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A sector's place in its file, counted from 0. 32 bits reach 2 TiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[serde(transparent)]
pub struct SectorIndex(#[serde(with = "postcard::fixint::le")] pub u32);

impl fmt::Display for SectorIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Bytes of sector 0 before the postcard header: 32.
pub const FIXED_BYTES: usize = 32;

/// Most sectors that a header may take: 4.
pub const MAX_HEADER_SECTORS: u32 = 4;
/// Longest postcard header: 2,000 bytes.
pub const MAX_HEADER_BYTES: usize = MAX_HEADER_SECTORS as usize * PAYLOAD_BYTES - FIXED_BYTES;
/// Most datasets of a file: 8.
pub const MAX_DATASETS_OF_A_FILE: usize = 8;
/// Most datasets of a file that a small device reads, one that has no RAM for more: 2.
pub const MAX_DATASETS_OF_A_SMALL_DEVICE: usize = 2;
/// Most datasets of a file that this build reads: 8 with the feature `eight-datasets`, else 2.
pub const MAX_DATASETS: usize = if cfg!(feature = "eight-datasets") {
    MAX_DATASETS_OF_A_FILE
} else {
    MAX_DATASETS_OF_A_SMALL_DEVICE
};

/// Longest identifier, after trimming, and longest item: 256 bytes.
pub const MAX_IDENTIFIER_BYTES: usize = 256;

/// Most readings of an identifier: 4. A text with more is no identifier.
pub const MAX_READINGS: u8 = 4;
