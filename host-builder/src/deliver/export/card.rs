//! A filter file -> the image of an SD card: a partition table, and one FAT32 partition from 1 MiB on
//! with the filter in it.
//!
//! # Invariants
//! The same file gives the same image: every time and serial number is fixed. The image is sparse,
//! and its size a power of two, as cards and QEMU want it.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::ops::RangeInclusive;
use std::path::Path;

use fatfs::{FatType, FileSystem, FormatVolumeOptions, FsOptions};
use fscommon::{BufStream, StreamSlice};
use leaksieve_core::file::byte_of;
use leaksieve_core::sector::{SECTOR_BYTES, SectorIndex};
use leaksieve_core::source::CARD_FILE_NAMES;

use super::error::ExportError;
use crate::file::FilterFile;
use crate::file::sectors::groups;
use crate::file::verify::verify;
use crate::file::{Access, AtomicFile, ensure_no_input};
use crate::progress::{Observer, Stage};
use crate::sizing::media::FAT32_MAX_BYTES;

/// The place that a device looks into first.
const NAME: &str = CARD_FILE_NAMES[0];
const PARTITION_START: u64 = 1 << 20;
/// FAT32 begins at about 33 MiB.
const SMALLEST_BYTES: u64 = 64 << 20;
/// A partition table has 32 bits for a number of sectors. The largest power of two that leaves
/// room for it: 1 TiB.
const LARGEST_BYTES: u64 = 1 << 40;
/// From this size on an image has large clusters, as cards are sold: 4 GiB.
const LARGE_BYTES: u64 = 4 << 30;
const LARGE_CLUSTER_BYTES: u32 = 32 << 10;
/// Partition type "FAT32 with LBA".
const FAT32_LBA: u8 = 0x0c;
/// Bytes that are written at a time: fatfs looks up a cluster for each piece.
const PIECE_BYTES: usize = 1 << 16;

/// Verify a filter file to its end, and write the image of a card with it to `output`; gives the
/// image's size in bytes. `size_bytes` is rounded up to a power of two; without it, the image is
/// as small as can be.
///
/// # Errors
/// [`ExportError`]; what was at `output` before is then as it was, but for
/// [`OutputError::NotSynced`](crate::file::OutputError::NotSynced).
pub fn card_image(
    file: &FilterFile,
    size_bytes: Option<u64>,
    output: &Path,
    replace: bool,
    observer: &dyn Observer,
) -> Result<u64, ExportError> {
    let num_sectors = file.catalogue().header().num_sectors;
    let size = size_of_card(file, byte_of(SectorIndex(num_sectors)), size_bytes)?;
    if replace {
        ensure_no_input(output, [file.path()])?;
    }
    let mut new_file = AtomicFile::create(output, replace, Access::AsUsual)?;
    verify(file, observer)?;

    observer.begin(Stage::Encode, Some(num_sectors.into()));
    let disk = new_file.reopen()?;
    let volume = format(&disk, size).map_err(|error| new_file.error(error))?;
    let created = volume.root_dir().create_file(NAME);
    let created = created.map_err(|error| new_file.error(error))?;
    let mut to = BufWriter::with_capacity(PIECE_BYTES, created);
    for sectors in groups(num_sectors) {
        observer.advance(sectors.len() as u64);
        // Verified as they are read: what changed since gets into no image.
        let bytes = file.read_sectors(sectors)?;
        to.write_all(&bytes)
            .map_err(|error| new_file.error(error))?;
    }
    to.flush().map_err(|error| new_file.error(error))?;
    drop(to);
    let unmounted = volume.unmount();
    unmounted.map_err(|error| new_file.error(error))?;
    observer.end();

    observer.begin(Stage::Recheck, Some(num_sectors.into()));
    compare(file, &new_file.reopen()?, observer)?;
    observer.end();
    new_file.commit()?;
    Ok(size)
}

fn size_of_card(
    file: &FilterFile,
    num_bytes: u64,
    wanted_bytes: Option<u64>,
) -> Result<u64, ExportError> {
    if num_bytes > FAT32_MAX_BYTES {
        return Err(ExportError::LargerThanFat32 {
            path: file.path().to_path_buf(),
            num_bytes,
        });
    }
    // The tables take 4 bytes for each cluster of 512 or more, twice.
    let needed = (PARTITION_START + num_bytes + num_bytes / 32 + (4 << 20)).max(SMALLEST_BYTES);
    let wanted_bytes = wanted_bytes.unwrap_or(needed);
    let needed: RangeInclusive<u64> = needed..=LARGEST_BYTES;
    if !needed.contains(&wanted_bytes) {
        return Err(ExportError::CardSize {
            wanted_bytes,
            needed,
        });
    }
    Ok(wanted_bytes.next_power_of_two())
}

/// Its first sector: a table with one partition, which is addressed by sectors.
fn partition_table(size: u64) -> [u8; SECTOR_BYTES] {
    // Below 2^32, as the card is not larger than 1 TiB.
    let sectors = |bytes: u64| ((bytes / SECTOR_BYTES as u64) as u32).to_le_bytes();
    let mut table = [0; SECTOR_BYTES];
    table[440..444].copy_from_slice(b"LSV1");
    table[446 + 4] = FAT32_LBA;
    table[446 + 8..446 + 12].copy_from_slice(&sectors(PARTITION_START));
    table[446 + 12..446 + 16].copy_from_slice(&sectors(size - PARTITION_START));
    table[510..].copy_from_slice(&[0x55, 0xAA]);
    table
}

type Volume<'d> = FileSystem<BufStream<StreamSlice<Sparse<'d>>>>;

/// An empty card. fatfs, built without its clock, gives every file the same time.
fn format(mut disk: &File, size: u64) -> io::Result<Volume<'_>> {
    disk.set_len(size)?;
    disk.seek(SeekFrom::Start(0))?;
    disk.write_all(&partition_table(size))?;
    let partition = StreamSlice::new(Sparse(disk), PARTITION_START, size)?;
    let mut volume = BufStream::new(partition);
    let mut options = FormatVolumeOptions::new()
        .fat_type(FatType::Fat32)
        .volume_id(0x4c53_5631)
        .volume_label(*b"LEAKSIEVE  ");
    if size >= LARGE_BYTES {
        options = options.bytes_per_cluster(LARGE_CLUSTER_BYTES);
    }
    fatfs::format_volume(&mut volume, options)?;
    volume.seek(SeekFrom::Start(0))?;
    FileSystem::new(volume, FsOptions::new().update_accessed_date(false))
}

/// Mount the finished image, and compare the file in it with the filter file.
fn compare(file: &FilterFile, disk: &File, observer: &dyn Observer) -> Result<(), ExportError> {
    let size = disk.metadata().map_err(ExportError::ReadBack)?.len();
    let mut table = [0; SECTOR_BYTES];
    let mut start = disk;
    start
        .read_exact(&mut table)
        .map_err(ExportError::ReadBack)?;
    if table != partition_table(size) {
        return Err(ExportError::OtherContent);
    }
    let partition = StreamSlice::new(Sparse(disk), PARTITION_START, size);
    let partition = partition.map_err(ExportError::ReadBack)?;
    let volume: Volume<'_> = FileSystem::new(BufStream::new(partition), FsOptions::new())
        .map_err(ExportError::ReadBack)?;
    let opened = volume.root_dir().open_file(NAME);
    let mut there = opened.map_err(ExportError::ReadBack)?;
    for sectors in groups(file.catalogue().header().num_sectors) {
        observer.advance(sectors.len() as u64);
        let expected = file.read_sectors(sectors)?;
        let mut found = vec![0; expected.len()];
        there
            .read_exact(&mut found)
            .map_err(ExportError::ReadBack)?;
        if found != expected {
            return Err(ExportError::OtherContent);
        }
    }
    match there.read(&mut [0]).map_err(ExportError::ReadBack)? {
        0 => Ok(()),
        _ => Err(ExportError::OtherContent),
    }
}

/// A sparse file: zeros that are there already are not written, so that they take no room.
struct Sparse<'d>(&'d File);

impl Read for Sparse<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Seek for Sparse<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl Write for Sparse<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(PIECE_BYTES)];
        let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
        if is_zero(bytes) {
            let start = self.0.stream_position()?;
            let mut there = vec![0xff; bytes.len()];
            match self.0.read_exact(&mut there) {
                Ok(()) if is_zero(&there) => return Ok(bytes.len()),
                // The end of the file comes before that of the zeros.
                Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
                _ => self.0.seek(SeekFrom::Start(start))?,
            };
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
