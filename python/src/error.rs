//! Exceptions.

use std::error::Error as StdError;
use std::io;

use leaksieve::file::FileError;
use leaksieve_core::ReadError;
use pyo3::PyErr;
use pyo3::create_exception;
use pyo3::exceptions::{
    PyException, PyFileNotFoundError, PyIsADirectoryError, PyOSError, PyPermissionError,
};

create_exception!(
    leaksieve,
    FilterError,
    PyException,
    "A file cannot be opened or asked: it is no filter file, damaged, forged, not trusted, or of a \
     newer format. The message says which, and what to do. It is never an answer."
);
create_exception!(
    leaksieve,
    BuildError,
    PyException,
    "No filter file was built: a list was refused, has too many lines that cannot be read, or \
     something cannot be written. The message says why, where, and what to do; it shows no \
     identifier. What was at the output before is as it was, unless the message says that the new \
     file was saved."
);

/// An error of the system as Python has it, but for its text, which names the file.
pub(crate) fn of_io(error: &io::Error, message: String) -> PyErr {
    match error.kind() {
        io::ErrorKind::NotFound => PyFileNotFoundError::new_err(message),
        io::ErrorKind::PermissionDenied => PyPermissionError::new_err(message),
        io::ErrorKind::IsADirectory => PyIsADirectoryError::new_err(message),
        _ => PyOSError::new_err(message),
    }
}

/// Why a file cannot be opened or asked.
pub(crate) fn of_file(error: &FileError) -> PyErr {
    let message = error.to_string();
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    match cause {
        Some(ReadError::<io::Error>::Source(error)) => of_io(error, message),
        _ => FilterError::new_err(message),
    }
}
