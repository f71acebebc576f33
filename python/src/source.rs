//! Filter files that Python has: a path, bytes, or an object that reads.

use std::io;
use std::path::PathBuf;
use std::sync::Mutex;

use leaksieve::file::source::ReadAt;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

/// Where a file is.
pub(crate) enum Source {
    Path(PathBuf),
    Bytes(PyBackedBytes),
    Object(Object),
}

impl Source {
    /// Of an argument.
    pub(crate) fn new(source: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = source.py();
        if let Ok(bytes) = source.extract::<PyBackedBytes>() {
            return Ok(Self::Bytes(bytes));
        }
        if source.hasattr(intern!(py, "read"))? && source.hasattr(intern!(py, "seek"))? {
            return Ok(Self::Object(Object {
                object: Mutex::new(source.clone().unbind()),
            }));
        }
        match source.extract::<PathBuf>() {
            Ok(path) => Ok(Self::Path(path)),
            Err(_) => Err(PyTypeError::new_err(
                "a file is its path, its bytes, or an object with read() and seek()",
            )),
        }
    }
}

/// An object that reads. One thread at a time moves its place.
pub(crate) struct Object {
    object: Mutex<Py<PyAny>>,
}

impl Object {
    fn with<T>(&self, work: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<T>) -> io::Result<T> {
        Python::attach(|py| {
            use pyo3::sync::MutexExt;
            // A thread that waits lets others run Python.
            let object = self.object.lock_py_attached(py);
            let object = object.unwrap_or_else(std::sync::PoisonError::into_inner);
            work(object.bind(py)).map_err(|error| io::Error::other(error.to_string()))
        })
    }
}

impl ReadAt for Object {
    fn read_exact_at(&self, mut buffer: &mut [u8], byte: u64) -> io::Result<()> {
        self.with(|object| {
            let py = object.py();
            object.call_method1(intern!(py, "seek"), (byte,))?;
            while !buffer.is_empty() {
                let read = object.call_method1(intern!(py, "read"), (buffer.len(),))?;
                let read: PyBackedBytes = read.extract()?;
                if read.is_empty() || read.len() > buffer.len() {
                    return Ok(false);
                }
                let (part, rest) = std::mem::take(&mut buffer).split_at_mut(read.len());
                part.copy_from_slice(&read);
                buffer = rest;
            }
            Ok(true)
        })?
        .then_some(())
        .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn num_bytes(&self) -> io::Result<u64> {
        self.with(|object| {
            let py = object.py();
            object.call_method1(intern!(py, "seek"), (0, 2))?;
            object.call_method0(intern!(py, "tell"))?.extract()
        })
    }
}
