//! Why there is no image.

use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use leaksieve_core::header::MAX_DATASETS_OF_A_SMALL_DEVICE;
use leaksieve_link::uf2::ERASE_BYTES;

use crate::file::verify::VerifyError;
use crate::file::{FileError, OutputError};
use crate::sizing::fit::Misfit;
use crate::sizing::media::FAT32_MAX_BYTES;

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The filter file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The filter file is not what it should be.
    #[error(transparent)]
    Unsound(#[from] VerifyError),
    /// The board has no room for it.
    #[error("{}: {misfit}", path.display())]
    DoesNotFit {
        /// The filter file.
        path: PathBuf,
        /// What would fit.
        misfit: Box<Misfit>,
    },
    /// The board's firmware verifies no signatures.
    #[error(
        "{}: is signed, and {board} has no room to verify signatures: use the unsigned file", path.display()
    )]
    Signed {
        /// The filter file.
        path: PathBuf,
        /// The board.
        board: &'static str,
    },
    /// The board's firmware has no room for so many datasets.
    #[error(
        "{}: holds {num_datasets} leaks, and {board} has memory for {MAX_DATASETS_OF_A_SMALL_DEVICE}: bundle fewer", path.display()
    )]
    TooManyDatasets {
        /// The filter file.
        path: PathBuf,
        /// The board.
        board: &'static str,
        /// Of the file.
        num_datasets: usize,
    },
    /// There are no such addresses.
    #[error(
        "{num_bytes} bytes at {address:#x} go past the last address, 0xffffffff: use a lower address"
    )]
    Address {
        /// The first.
        address: u32,
        /// Bytes of the filter.
        num_bytes: u64,
    },
    /// What lies before the filter in its first erase block would be lost.
    #[error(
        "{0:#x} does not work for UF2: a boot loader erases blocks of {ERASE_BYTES} bytes before it writes; use an address that is a multiple of {ERASE_BYTES:#x}"
    )]
    Unaligned(u32),
    /// FAT32 has no files so large.
    #[error(
        "{}: has {num_bytes} bytes, and a file on a FAT32 card has at most {FAT32_MAX_BYTES}: build a smaller \
         one, or bundle fewer leaks", path.display()
    )]
    LargerThanFat32 {
        /// The filter file.
        path: PathBuf,
        /// Of it.
        num_bytes: u64,
    },
    /// The card has no room for it, or is larger than its partition table can say.
    #[error("a card image of {wanted_bytes} bytes does not work: use {} to {} bytes", needed.start(), needed.end())]
    CardSize {
        /// What was asked for.
        wanted_bytes: u64,
        /// What would work, bytes.
        needed: RangeInclusive<u64>,
    },
    /// The output.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A record of Intel HEX.
    #[error("a record cannot be written: {0}. This is a bug: please report it")]
    Record(String),
    /// The finished image cannot be read back.
    #[error("the new image cannot be read back, so it was not saved: {0}. Check the disk")]
    ReadBack(#[source] io::Error),
    /// The finished image is another than was written.
    #[error("the new image does not hold what was written, so it was not saved. Check the disk")]
    OtherContent,
}
