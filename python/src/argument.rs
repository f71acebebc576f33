//! Arguments of functions. Errors name the argument and say what it has to be; they do not show what
//! it was, which may be an identifier in the wrong place.

use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyString};

/// What is wanted of an epoch.
const EPOCH: &str = "a whole number from 0 to 2**32 - 1";
/// What is wanted of a seed.
pub(crate) const SEED: &str = "a whole number from 0 to 2**64 - 1";

/// An argument, as a type of Rust. True and False are no numbers: see [`flag`].
///
/// # Errors
/// `ValueError` of a number that is out of its range, else `TypeError`.
fn argument<'py, T>(value: &Bound<'py, PyAny>, name: &str, wanted: &str) -> PyResult<T>
where
    T: FromPyObjectOwned<'py>,
{
    let message = format!("{name}= is {wanted}");
    if value.is_instance_of::<PyBool>() {
        return Err(PyTypeError::new_err(message));
    }
    value.extract::<T>().map_err(|error| {
        let error: PyErr = error.into();
        match error.is_instance_of::<PyOverflowError>(value.py()) {
            true => PyValueError::new_err(message),
            false => PyTypeError::new_err(message),
        }
    })
}

/// An argument that is True or False.
fn flag(value: &Bound<'_, PyAny>, name: &str) -> PyResult<bool> {
    let flag = value.extract::<bool>();
    flag.map_err(|_| PyTypeError::new_err(format!("{name}= is True or False")))
}

/// The `seed` of a function.
pub(crate) fn seed(value: &Bound<'_, PyAny>) -> PyResult<u64> {
    argument(value, "seed", SEED)
}

/// The `min_epoch` of a function.
pub(crate) fn min_epoch(value: &Bound<'_, PyAny>) -> PyResult<u32> {
    argument(value, "min_epoch", EPOCH)
}

/// The `segments` of a build on a cluster.
pub(crate) fn segments(value: &Bound<'_, PyAny>) -> PyResult<u32> {
    argument(value, "segments", "a power of two from 64 to 1,024")
}

/// The `as_lines` of a build on a cluster.
pub(crate) fn as_lines(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    flag(value, "as_lines")
}

/// The `replace` of a build on a cluster.
pub(crate) fn replace(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    flag(value, "replace")
}

/// Arguments by their names.
pub(crate) struct Named<'a, 'py>(pub(crate) &'a Bound<'py, PyAny>);

impl<'py> Named<'_, 'py> {
    /// One that has to be there.
    pub(crate) fn required<T>(&self, name: &str, wanted: &str) -> PyResult<T>
    where
        T: FromPyObjectOwned<'py>,
    {
        argument(&self.0.get_item(name)?, name, wanted)
    }

    /// One that may be None.
    pub(crate) fn optional<T>(&self, name: &str, wanted: &str) -> PyResult<Option<T>>
    where
        T: FromPyObjectOwned<'py>,
    {
        let value = self.0.get_item(name)?;
        match value.is_none() {
            true => Ok(None),
            false => argument(&value, name, wanted).map(Some),
        }
    }

    pub(crate) fn text(&self, name: &str) -> PyResult<Option<String>> {
        self.optional(name, "a text")
    }

    pub(crate) fn flag(&self, name: &str) -> PyResult<bool> {
        flag(&self.0.get_item(name)?, name)
    }

    pub(crate) fn epoch(&self) -> PyResult<u32> {
        self.required("epoch", EPOCH)
    }

    /// One that is a whole number or a text.
    pub(crate) fn number_or_text(
        &self,
        name: &str,
        wanted: &str,
    ) -> PyResult<Option<NumberOrText>> {
        let value = self.0.get_item(name)?;
        Ok(Some(if value.is_none() {
            return Ok(None);
        } else if value.is_instance_of::<PyString>() {
            NumberOrText::Text(argument(&value, name, wanted)?)
        } else {
            NumberOrText::Number(argument(&value, name, wanted)?)
        }))
    }
}

/// A whole number or a text.
pub(crate) enum NumberOrText {
    Number(u64),
    Text(String),
}
