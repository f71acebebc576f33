//! Images of SD cards with any files on them, also with those that `leaksieve install image` refuses:
//! one FAT32 partition that begins at 1 MiB.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

use anyhow::Result;
use fatfs::{FatType, FileSystem, FormatVolumeOptions, FsOptions};
use fscommon::{BufStream, StreamSlice};
use leaksieve_core::source::CARD_FILE_NAMES;

/// The name that the firmware opens.
pub const FILTER_NAME: &str = CARD_FILE_NAMES[0];
/// The second place for a filter: the firmware takes that of the higher epoch, or of two equal ones the later.
pub const SECOND_NAME: &str = CARD_FILE_NAMES[1];

/// Smallest image, bytes: FAT32 begins at about 33 MiB.
pub const SMALLEST_BYTES: u64 = 64 << 20;

const PARTITION_START: u64 = 1 << 20;
/// From this size on an image has large clusters, as cards are sold: 4 GiB.
const LARGE_BYTES: u64 = 4 << 30;
const LARGE_CLUSTER_BYTES: u32 = 32 << 10;

/// Put files on a new card image, as they are. Its size is a power of two, as QEMU wants it.
///
/// # Errors
/// When something cannot be read or written.
pub fn write_image(image: &Path, files: &[(&str, &Path)]) -> Result<()> {
    let mut content = 0;
    for (_, path) in files {
        content += path.metadata()?.len();
    }
    // The tables take 4 bytes for each cluster of 512 or more, twice.
    let needed = PARTITION_START + content + content / 32 + (4 << 20);
    let size = needed.max(SMALLEST_BYTES).next_power_of_two();
    let disk = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(true)
        .open(image)?;
    disk.set_len(size)?;
    disk.write_all_at(&partition_table(size), 0)?;

    let mut volume = BufStream::new(StreamSlice::new(Sparse(&disk), PARTITION_START, size)?);
    let mut options = FormatVolumeOptions::new().fat_type(FatType::Fat32);
    if size >= LARGE_BYTES {
        options = options.bytes_per_cluster(LARGE_CLUSTER_BYTES);
    }
    fatfs::format_volume(&mut volume, options)?;
    volume.seek(SeekFrom::Start(0))?;
    let volume = FileSystem::new(volume, FsOptions::new())?;
    for (name, path) in files {
        let file = volume.root_dir().create_file(name)?;
        // Large pieces: fatfs looks up a cluster for each.
        let mut to = BufWriter::with_capacity(1 << 16, file);
        io::copy(
            &mut BufReader::with_capacity(1 << 16, File::open(path)?),
            &mut to,
        )?;
        to.flush()?;
    }
    volume.unmount()?;
    Ok(())
}

/// One partition, "FAT32 with LBA".
fn partition_table(size: u64) -> [u8; 512] {
    let sectors = |bytes: u64| ((bytes / 512) as u32).to_le_bytes();
    let mut table = [0; 512];
    table[446 + 4] = 0x0c;
    table[446 + 8..446 + 12].copy_from_slice(&sectors(PARTITION_START));
    table[446 + 12..446 + 16].copy_from_slice(&sectors(size - PARTITION_START));
    table[510..].copy_from_slice(&[0x55, 0xAA]);
    table
}

/// A sparse file: zeros that are there already are not written, so that they take no room.
struct Sparse<'a>(&'a File);

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
        const ZEROS: &[u8] = &[0; 1 << 16];
        let bytes = bytes.get(..ZEROS.len()).unwrap_or(bytes);
        let zeros = ZEROS.get(..bytes.len()).unwrap_or(ZEROS);
        if bytes == zeros {
            let at = self.0.stream_position()?;
            let mut there = vec![0xff; bytes.len()];
            let is_there = match self.0.read_exact_at(&mut there, at) {
                Ok(()) => there == zeros,
                // Behind the end.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => false,
                Err(error) => return Err(error),
            };
            if is_there {
                self.0.seek(SeekFrom::Start(at + bytes.len() as u64))?;
                return Ok(bytes.len());
            }
        }
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
