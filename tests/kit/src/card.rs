//! SD-card images: one FAT32 partition that begins at 1 MiB, made without root and
//! without any tool of the machine.
//!
//! # Invariants
//! The same files give the same image: every time and serial number is fixed. The
//! image is sparse and its size a power of two, as cards and QEMU want it.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use fatfs::{FatType, FileSystem, FormatVolumeOptions, FsOptions};
use fscommon::{BufStream, StreamSlice};
use leaksieve_core::sector::verify;
use leaksieve_core::source::CARD_FILE_NAMES;
use leaksieve_core::{Catalogue, Sector, SectorIndex, SectorSource, Trust, open};
use mbrman::{BOOT_INACTIVE, CHS, MBR, MBRPartitionEntry};

/// The name that the firmware opens.
pub const FILTER_NAME: &str = CARD_FILE_NAMES[0];
/// The second place for a filter: the firmware takes that of the higher epoch.
pub const SECOND_NAME: &str = CARD_FILE_NAMES[1];

/// Smallest image, bytes: FAT32 begins at about 33 MiB.
pub const SMALLEST_BYTES: u64 = 64 << 20;

const SECTOR_BYTES: u64 = 512;
const PARTITION_START: u64 = 1 << 20;
/// Partition type "FAT32 with LBA".
const FAT32_LBA: u8 = 0x0c;
/// From this size on an image has large clusters, as cards are sold: 4 GiB.
const LARGE_BYTES: u64 = 4 << 30;
const LARGE_CLUSTER_BYTES: u32 = 32 << 10;
/// One less than 4 GiB: FAT32 holds a file's size in 32 bits.
const LARGEST_FILE_BYTES: u64 = u32::MAX as u64;

/// Put files on a new card image, as they are. An existing image is replaced only when
/// the new one is complete.
///
/// # Errors
/// When a file is too large for FAT32 or for `size_bytes`, or something cannot be read
/// or written.
pub fn write_image(image: &Path, size_bytes: Option<u64>, files: &[(&str, &Path)]) -> Result<u64> {
    let mut content = 0;
    for (_, path) in files {
        content += check_size(path)?;
    }
    // The tables take 4 bytes for each cluster of 512 or more, twice.
    let needed = (PARTITION_START + content + content / 32 + (4 << 20)).max(SMALLEST_BYTES);
    let size = match size_bytes {
        Some(wanted) => wanted.max(SMALLEST_BYTES),
        None => needed,
    };
    ensure!(
        size >= needed,
        "the files need an image of {needed} bytes, but --size is {size}: give a larger one"
    );
    let size = size.next_power_of_two();

    let folder = match image.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let temporary = tempfile::Builder::new()
        .prefix(".sd-image-")
        // For all to read, as far as the umask lets: an image is no secret.
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .with_context(|| format!("cannot write into {}", folder.display()))?;
    let disk = temporary.as_file();
    disk.set_len(size)?;
    partition(disk, size)?;
    let volume = StreamSlice::new(Sparse(disk), PARTITION_START, size)?;
    format_and_copy(BufStream::new(volume), size, files)
        .with_context(|| format!("cannot make {}", image.display()))?;
    disk.sync_all()?;
    temporary
        .persist(image)
        .with_context(|| format!("cannot write {}", image.display()))?;
    Ok(size)
}

/// A file's size in bytes.
///
/// # Errors
/// When it is too large for FAT32, or cannot be read.
fn check_size(path: &Path) -> Result<u64> {
    let bytes = fs::metadata(path)
        .with_context(|| format!("cannot read {}", path.display()))?
        .len();
    ensure!(
        bytes <= LARGEST_FILE_BYTES,
        "{} has {bytes} bytes, but a file on a FAT32 card may have {LARGEST_FILE_BYTES} (4 GiB - 1): \
         build the filter with `leaksieve build --max-size fat32`, or bundle fewer datasets into it",
        path.display()
    );
    Ok(bytes)
}

fn partition(mut disk: &File, size: u64) -> Result<()> {
    let mut table = MBR::new_from(&mut disk, SECTOR_BYTES as u32, *b"LSV1")?;
    table[1] = MBRPartitionEntry {
        boot: BOOT_INACTIVE,
        first_chs: CHS::empty(),
        sys: FAT32_LBA,
        last_chs: CHS::empty(),
        starting_lba: u32::try_from(PARTITION_START / SECTOR_BYTES)?,
        sectors: u32::try_from((size - PARTITION_START) / SECTOR_BYTES)
            .context("an image of 2 TiB or more")?,
    };
    table.write_into(&mut disk)?;
    Ok(())
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

/// fatfs, built without its clock, gives every file the same time.
fn format_and_copy<V: Read + Write + Seek>(
    mut volume: V,
    size: u64,
    files: &[(&str, &Path)],
) -> Result<()> {
    let mut options = FormatVolumeOptions::new()
        .fat_type(FatType::Fat32)
        .volume_id(0x4c53_5631)
        .volume_label(*b"LEAKSIEVE  ");
    if size >= LARGE_BYTES {
        options = options.bytes_per_cluster(LARGE_CLUSTER_BYTES);
    }
    fatfs::format_volume(&mut volume, options)?;
    volume.seek(SeekFrom::Start(0))?;
    let file_system = FileSystem::new(volume, FsOptions::new().update_accessed_date(false))?;
    for (name, path) in files {
        let source = File::open(path)?;
        let file = file_system.root_dir().create_file(name)?;
        // Large pieces: fatfs looks up a cluster for each.
        let mut to = BufWriter::with_capacity(1 << 16, file);
        io::copy(&mut BufReader::with_capacity(1 << 16, source), &mut to)?;
        to.flush()?;
    }
    file_system.unmount()?;
    Ok(())
}

/// Verify a filter's header and every sector.
///
/// # Errors
/// When it is no filter, or damaged, or cut short.
pub fn check_filter(path: &Path) -> Result<Catalogue> {
    let name = path.display();
    let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
    let bytes = file.metadata()?.len();
    let mut source = Sectors { file, bytes };
    let mut sector = [0; 512];
    let catalogue = match open(&mut source, &mut sector, &Trust::ANY) {
        Ok(catalogue) => catalogue,
        Err(error) => bail!("{name}: {error}; build it anew with `leaksieve build`"),
    };
    for index in (0..catalogue.header().num_sectors).map(SectorIndex) {
        source.read_sector(index, &mut sector)?;
        if let Err(error) = verify(catalogue.file_id(), index, &sector) {
            bail!("{name}: {error}; build it anew with `leaksieve build`");
        }
    }
    Ok(catalogue)
}

/// A file as a source of sectors, read mostly in order.
struct Sectors {
    file: File,
    bytes: u64,
}

impl SectorSource for Sectors {
    type Error = io::Error;

    fn num_sectors(&mut self) -> io::Result<u32> {
        Ok(u32::try_from(self.bytes / SECTOR_BYTES).unwrap_or(u32::MAX))
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> io::Result<()> {
        self.file
            .seek(SeekFrom::Start(u64::from(index.0) * SECTOR_BYTES))?;
        self.file.read_exact(buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_files_give_the_same_image_and_read_back() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let source = folder.path().join("source");
        let content: Vec<u8> = (0..100_000_u32).flat_map(u32::to_le_bytes).collect();
        fs::write(&source, &content)?;
        let mut images = Vec::new();
        for name in ["a.img", "b.img"] {
            let image = folder.path().join(name);
            assert_eq!(
                write_image(&image, None, &[(FILTER_NAME, &source)])?,
                SMALLEST_BYTES
            );
            images.push(fs::read(&image)?);
        }
        assert!(images[0] == images[1]);

        let disk = File::options()
            .read(true)
            .write(true)
            .open(folder.path().join("a.img"))?;
        let volume = StreamSlice::new(disk, PARTITION_START, SMALLEST_BYTES)?;
        let file_system = FileSystem::new(volume, FsOptions::new())?;
        assert_eq!(file_system.fat_type(), FatType::Fat32);
        let mut read = Vec::new();
        file_system
            .root_dir()
            .open_file(FILTER_NAME)?
            .read_to_end(&mut read)?;
        assert!(read == content);
        Ok(())
    }

    #[test]
    fn a_file_over_4_gib_is_refused() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let source = folder.path().join("source");
        File::create(&source)?.set_len(LARGEST_FILE_BYTES + 1)?;
        let image = folder.path().join("sd.img");
        let refused = write_image(&image, None, &[(FILTER_NAME, &source)]);
        assert!(refused.is_err_and(|error| error.to_string().contains("--max-size fat32")));
        assert!(!image.exists());
        Ok(())
    }

    #[test]
    fn zeros_take_no_room_and_replace_what_was_there() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let source = folder.path().join("source");
        // 200 MiB of zeros, with one byte among them.
        let file = File::create(&source)?;
        file.set_len(200 << 20)?;
        file.write_all_at(b"x", 100 << 20)?;
        let image = folder.path().join("sd.img");
        let size = write_image(&image, None, &[(FILTER_NAME, &source)])?;
        let metadata = fs::metadata(&image)?;
        assert_eq!(metadata.len(), size);
        let room = std::os::unix::fs::MetadataExt::blocks(&metadata) * 512;
        assert!(room < 8 << 20, "{room} bytes on the disk");

        let disk = File::options().read(true).write(true).open(&source)?;
        (&disk).write_all(b"old content")?;
        (&disk).rewind()?;
        Sparse(&disk).write_all(&[0; 3])?;
        let mut found = [0; 11];
        disk.read_exact_at(&mut found, 0)?;
        assert_eq!(&found, b"\0\0\0 content");
        // Behind the end too.
        (&disk).seek(SeekFrom::End(0))?;
        Sparse(&disk).write_all(&[0; 70_000])?;
        assert_eq!(disk.metadata()?.len(), (200 << 20) + 70_000);
        Ok(())
    }
}
