//! Neighbouring sectors of a file, read and verified.

use std::fs::File;
use std::io;
use std::ops::Range;

use leaksieve_core::ReadError;
use leaksieve_core::file::byte_of;
use leaksieve_core::sector::{FileId, Payload, SECTOR_BYTES, Sector, SectorIndex, seal, verify};

use super::source::ReadAt;

/// Sectors that are read at a time: 512 KiB.
const GROUP_SECTORS: u32 = 1024;

/// Neighbouring sectors in groups, in order; the last may be shorter.
pub(crate) fn groups(num_sectors: u32) -> impl Iterator<Item = Range<u32>> {
    (0..num_sectors)
        .step_by(GROUP_SECTORS as usize)
        .map(move |start| start..num_sectors.min(start.saturating_add(GROUP_SECTORS)))
}

/// Read neighbouring sectors of a file and verify each.
pub(crate) fn read_sectors(
    file: &dyn ReadAt,
    file_id: FileId,
    sectors: Range<u32>,
) -> Result<Vec<u8>, ReadError<io::Error>> {
    read_sectors_at(file, byte_of(SectorIndex(sectors.start)), file_id, sectors)
}

/// As [`read_sectors`], of a part of a file: the first of them stands at this byte.
pub(crate) fn read_sectors_at(
    file: &dyn ReadAt,
    byte: u64,
    file_id: FileId,
    sectors: Range<u32>,
) -> Result<Vec<u8>, ReadError<io::Error>> {
    let mut bytes = vec![0; sectors.len() * SECTOR_BYTES];
    file.read_exact_at(&mut bytes, byte)
        .map_err(ReadError::Source)?;
    let read: &[Sector] = bytes.as_chunks().0;
    for (index, sector) in sectors.zip(read) {
        verify(file_id, SectorIndex(index), sector)?;
    }
    Ok(bytes)
}

/// As [`read_sectors`], without the checksums.
pub(crate) fn read_payloads(
    file: &dyn ReadAt,
    file_id: FileId,
    sectors: Range<u32>,
) -> Result<Vec<Payload>, ReadError<io::Error>> {
    read_payloads_at(file, byte_of(SectorIndex(sectors.start)), file_id, sectors)
}

/// As [`read_sectors_at`], without the checksums.
pub(crate) fn read_payloads_at(
    file: &dyn ReadAt,
    byte: u64,
    file_id: FileId,
    sectors: Range<u32>,
) -> Result<Vec<Payload>, ReadError<io::Error>> {
    let bytes = read_sectors_at(file, byte, file_id, sectors)?;
    let read: &[Sector] = bytes.as_chunks().0;
    Ok(read
        .iter()
        .filter_map(|sector| sector.first_chunk().copied())
        .collect())
}

/// Payloads as sectors, numbered from `first` on.
pub(crate) fn sealed(payloads: &[Payload], file_id: FileId, first: SectorIndex) -> Vec<u8> {
    let mut sectors = Vec::with_capacity(payloads.len() * SECTOR_BYTES);
    for (index, payload) in (first.0..).map(SectorIndex).zip(payloads) {
        sectors.extend_from_slice(&seal(file_id, index, payload));
    }
    sectors
}

#[cfg(unix)]
pub(crate) fn write_all_at(file: &File, bytes: &[u8], byte: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, byte)
}

#[cfg(windows)]
pub(crate) fn write_all_at(file: &File, mut bytes: &[u8], mut byte: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_write(file, bytes, byte) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(num_bytes) => {
                bytes = &bytes[num_bytes..];
                byte += num_bytes as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
