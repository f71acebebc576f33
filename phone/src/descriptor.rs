//! A descriptor that another language gives, as a number.

use std::fs::File;
use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::FileExt;

use leaksieve_core::file::FileSectors;

use crate::error::FilterError;

/// "Bad file descriptor", of all systems that have them.
const EBADF: i32 = 9;

/// A part of the file of a descriptor, by a duplicate of our own.
pub(crate) fn sectors(
    descriptor: i32,
    offset_bytes: i64,
    num_bytes: Option<i64>,
) -> Result<FileSectors, FilterError> {
    // What is no file is told so before what its length would have to be: Android's -1 is that of a pipe.
    let sectors = FileSectors::new(duplicate(descriptor)?)?;
    let start_byte = natural(offset_bytes, "an offset")?;
    let num_bytes = num_bytes.map(|number| natural(number, "a length"));
    if let Err(error) = sectors.file().read_at(&mut [0], 0)
        && error.raw_os_error() == Some(EBADF)
    {
        let text = format!("descriptor {descriptor} was not opened to be read");
        return Err(FilterError::Unreadable(text));
    }
    Ok(sectors.region(start_byte, num_bytes.transpose()?)?)
}

fn natural(number: i64, what: &str) -> Result<u64, FilterError> {
    u64::try_from(number)
        .map_err(|_| FilterError::Unreadable(format!("{what} of {number} bytes makes no sense")))
}

#[expect(unsafe_code, reason = "a number that comes from another language")]
fn duplicate(descriptor: i32) -> Result<File, FilterError> {
    let none = || FilterError::Unreadable(format!("{descriptor} is no open descriptor"));
    if descriptor < 0 {
        return Err(none());
    }
    // SAFETY: it is not -1, and is lent for the one call that duplicates it. The system refuses
    // one that is not open; that nobody closes it meanwhile is up to the caller.
    let borrowed = unsafe { BorrowedFd::borrow_raw(descriptor) };
    let owned = borrowed.try_clone_to_owned();
    owned
        .map(File::from)
        .map_err(|error: io::Error| match error.raw_os_error() {
            Some(EBADF) => none(),
            _ => error.into(),
        })
}
