//! 512 bytes: 508 bytes of payload and the CRC-32C that binds them to their
//! place in their file.
//!
//! The checksum covers `file_id || sector index || payload`, so that a sector in
//! the wrong place, or of another file, fails like a damaged one. CRC-32C
//! (Castagnoli, RFC 3720 section 12.1) has Hamming distance 6 at this length: it
//! catches every error of up to five bits (Koopman, "32-Bit Cyclic Redundancy
//! Codes for Internet Applications", DSN 2002, table 1).

use crate::error::Error;
pub use crate::units::{
    CRC_BYTES, FileId, PAYLOAD_BYTES, Payload, SECTOR_BYTES, Sector, SectorIndex,
};

/// The catalogue that the `crc` crate follows calls it "ISCSI".
static CRC_32C: crc::Crc<u32, CrcTable> = crc::Crc::<u32, CrcTable>::new(&crc::CRC_32_ISCSI);

/// 1 KiB.
#[cfg(not(feature = "small"))]
type CrcTable = crc::Table<1>;
/// Nothing.
#[cfg(feature = "small")]
type CrcTable = crc::NoTable;

/// CRC-32C of some bytes, as of a message to a device.
#[inline]
pub fn crc_32c(bytes: &[u8]) -> u32 {
    CRC_32C.checksum(bytes)
}

#[cfg(any(not(feature = "fast-crc"), target_os = "none"))]
fn checksum(file_id: FileId, index: SectorIndex, payload: &Payload) -> u32 {
    let mut digest = CRC_32C.digest();
    digest.update(&file_id.0);
    digest.update(&index.0.to_le_bytes());
    // Four bytes a turn: where code is built to be small, a turn for each byte takes a third
    // more instructions.
    let (words, rest) = payload.as_chunks();
    for [a, b, c, d] in words {
        digest.update(&[*a]);
        digest.update(&[*b]);
        digest.update(&[*c]);
        digest.update(&[*d]);
    }
    digest.update(rest);
    digest.finalize()
}

/// By the processor's instructions for it, where it has them.
#[cfg(all(feature = "fast-crc", not(target_os = "none")))]
fn checksum(file_id: FileId, index: SectorIndex, payload: &Payload) -> u32 {
    let sum = crc32c::crc32c(&file_id.0);
    let sum = crc32c::crc32c_append(sum, &index.0.to_le_bytes());
    crc32c::crc32c_append(sum, payload)
}

/// The sector that stores `payload` at `index` of file `file_id`.
pub fn seal(file_id: FileId, index: SectorIndex, payload: &Payload) -> Sector {
    let mut sector = [0; SECTOR_BYTES];
    let (content, crc) = sector.split_at_mut(PAYLOAD_BYTES);
    content.copy_from_slice(payload);
    crc.copy_from_slice(&checksum(file_id, index, payload).to_le_bytes());
    sector
}

/// The payload of a sector that was read at `index` of file `file_id`.
///
/// # Errors
/// [`Error::SectorDamaged`] with both checksums when the sector was changed,
/// stands elsewhere in the file, or belongs to another file.
pub fn verify(file_id: FileId, index: SectorIndex, sector: &Sector) -> Result<&Payload, Error> {
    let (payload, stored) = split(sector);
    let stored = u32::from_le_bytes(*stored);
    let computed = checksum(file_id, index, payload);
    if stored != computed {
        return Err(Error::SectorDamaged {
            index,
            stored,
            computed,
        });
    }
    Ok(payload)
}

/// Payload and checksum of a sector, the latter not checked.
pub(crate) fn split(sector: &Sector) -> (&Payload, &[u8; CRC_BYTES]) {
    const ZERO_PAYLOAD: &Payload = &[0; PAYLOAD_BYTES];
    const ZERO_CRC: &[u8; CRC_BYTES] = &[0; CRC_BYTES];
    // Both are always there; the fall-backs keep a panic path out of the firmware.
    (
        sector.first_chunk().unwrap_or(ZERO_PAYLOAD),
        sector.last_chunk().unwrap_or(ZERO_CRC),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    const ID: FileId = FileId(*b"0123456789abcdef");

    fn sample() -> Sector {
        let mut payload = [0; PAYLOAD_BYTES];
        for (i, byte) in payload.iter_mut().enumerate() {
            *byte = (i * 7) as u8;
        }
        seal(ID, SectorIndex(5), &payload)
    }

    #[test]
    fn crc_is_castagnoli() {
        // RFC 3720, appendix B.4, and the check value of the CRC catalogue.
        assert_eq!(CRC_32C.checksum(b"123456789"), 0xE306_9283);
        assert_eq!(CRC_32C.checksum(&[0; 32]), 0x8A91_36AA);
        assert_eq!(CRC_32C.checksum(&[0xFF; 32]), 0x62A8_AB43);
    }

    #[test]
    fn how_ids_and_places_are_said() {
        assert_eq!(ID.to_string(), "30313233343536373839616263646566");
        assert_eq!(SectorIndex(1_234_567).to_string(), "1234567");
    }

    /// Whichever way a sector is summed up, the sum is the table's.
    #[test]
    fn a_sum_is_that_of_the_table_over_all_of_it() {
        let mut payload = [0; PAYLOAD_BYTES];
        for (round, index) in [0, 1, 0xFF, 0x1_0000, 0x8000_0001, u32::MAX]
            .into_iter()
            .enumerate()
        {
            for (i, byte) in payload.iter_mut().enumerate() {
                *byte = ((i * (2 * round + 3)) >> round) as u8;
            }
            let whole = [ID.0.as_slice(), &index.to_le_bytes(), payload.as_slice()].concat();
            assert_eq!(
                checksum(ID, SectorIndex(index), &payload),
                CRC_32C.checksum(&whole)
            );
        }
    }

    #[test]
    fn sealed_sector_verifies_in_its_place_only() {
        let sector = sample();
        let payload = verify(ID, SectorIndex(5), &sector).unwrap();
        assert_eq!(payload, &sector[..PAYLOAD_BYTES]);
        assert!(verify(ID, SectorIndex(4), &sector).is_err());
        assert!(verify(FileId([0; 16]), SectorIndex(5), &sector).is_err());
    }

    #[test]
    fn every_flip_of_one_and_two_bits_is_noticed() {
        let bits = SECTOR_BYTES * 8;
        for first in 0..bits {
            let mut sector = sample();
            sector[first / 8] ^= 1 << (first % 8);
            assert!(verify(ID, SectorIndex(5), &sector).is_err());
            // A second one at a few distances; all pairs would be 8 million.
            for second in [first + 1, first + 8, first + 31, first + 509].map(|bit| bit % bits) {
                let mut sector = sector;
                sector[second / 8] ^= 1 << (second % 8);
                assert!(verify(ID, SectorIndex(5), &sector).is_err());
            }
        }
    }
}
