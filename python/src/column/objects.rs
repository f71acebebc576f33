//! Texts that are objects of Python.

use std::sync::Arc;

use arrow_array::builder::LargeBinaryBuilder;
use arrow_array::{ArrayRef, LargeStringArray};
use leaksieve::input::source::NEGATIVE_NUMBER;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyFloat, PyFrozenSet, PyInt, PyMemoryView, PySet, PyString,
};

/// Is there an interrupt? It is asked every so many rows.
const ROWS_A_LOOK: usize = 1 << 16;

/// What has parts that are no rows is not taken for a column: of a text the characters would be
/// asked, of a table the names.
///
/// # Errors
/// `TypeError`, which shows no text.
pub(super) fn ensure_column(values: &Bound<'_, PyAny>) -> PyResult<()> {
    let is_text = values.is_instance_of::<PyString>()
        || values.is_instance_of::<PyBytes>()
        || values.is_instance_of::<PyByteArray>()
        || values.is_instance_of::<PyMemoryView>();
    // PyO3's cast prints the whole column if an interrupt is waiting.
    let mapping = values.py().import("collections.abc")?.getattr("Mapping")?;
    let what = if is_text {
        "one text: put it into a list, or use check()"
    } else if values.is_instance(&mapping)? || values.hasattr("columns")? {
        "a table: give one of its columns"
    } else if values.is_instance_of::<PySet>() || values.is_instance_of::<PyFrozenSet>() {
        "a set, which has no order: put it into a list"
    } else {
        return Ok(());
    };
    Err(PyTypeError::new_err(format!(
        "a column is wanted, and this is {what}"
    )))
}

/// An array of texts, whole numbers and None, or as bytes if some are not UTF-8; and the first row that
/// is a whole number.
pub(crate) fn of_objects(values: &Bound<'_, PyAny>) -> PyResult<(ArrayRef, Option<usize>)> {
    ensure_column(values)?;
    let (mut texts, mut first_number) = (LargeBinaryBuilder::new(), None);
    for (row, value) in values.try_iter()?.enumerate() {
        if row % ROWS_A_LOOK == 0 {
            values.py().check_signals()?;
        }
        let appended = append(&value?, &mut texts).map_err(|what| match what {
            NoText::Surrogate => PyValueError::new_err(format!(
                "row {row} has half of a surrogate pair, which is no character: read the texts \
                 with the right encoding, or give bytes"
            )),
            NoText::Float => PyTypeError::new_err(format!(
                "row {row} is a float, which may have lost digits: read the column as text, or as \
                 whole numbers (pandas: dtype=str or 'Int64')"
            )),
            NoText::Type(name) => PyTypeError::new_err(format!(
                "row {row} is neither text, bytes, a whole number nor None, but: {name}"
            )),
        })?;
        if matches!(appended, Appended::Number) {
            first_number.get_or_insert(row);
        }
    }
    let texts = texts.finish();
    let array: ArrayRef = match LargeStringArray::try_from_binary(texts.clone()) {
        Ok(texts) => Arc::new(texts),
        Err(_) => Arc::new(texts),
    };
    Ok((array, first_number))
}

/// What an object was.
enum Appended {
    /// Or missing.
    Text,
    Number,
}

/// Why an object is no text.
enum NoText {
    Surrogate,
    Float,
    Type(String),
}

fn append(value: &Bound<'_, PyAny>, texts: &mut LargeBinaryBuilder) -> Result<Appended, NoText> {
    if let Ok(text) = value.cast::<PyString>() {
        texts.append_value(text.to_str().map_err(|_| NoText::Surrogate)?);
    } else if value.is_none() {
        texts.append_null();
    } else if let Ok(bytes) = value.cast::<PyBytes>() {
        texts.append_value(bytes.as_bytes());
    } else if let Ok(float) = value.cast::<PyFloat>() {
        // How pandas marks what is missing.
        if !float.value().is_nan() {
            return Err(NoText::Float);
        }
        texts.append_null();
    } else {
        return append_other(value, texts);
    }
    Ok(Appended::Text)
}

#[cold]
fn append_other(
    value: &Bound<'_, PyAny>,
    texts: &mut LargeBinaryBuilder,
) -> Result<Appended, NoText> {
    let name = value.get_type().name().map(|name| name.to_string());
    let name = name.unwrap_or_default();
    let is_number = value.hasattr("__index__").unwrap_or(false);
    if name == "NAType" {
        texts.append_null();
    } else if let Ok(bytes) = value.cast::<PyByteArray>() {
        texts.append_value(bytes.to_vec());
    } else if is_number && !value.is_instance_of::<PyBool>() && !name.starts_with("bool") {
        let number = value.call_method0("__index__");
        let number = number.and_then(|number| Ok(number.cast_into::<PyInt>()?.str()?.to_string()));
        let number = number.map_err(|_| NoText::Type(name))?;
        texts.append_value(match number.starts_with('-') {
            true => NEGATIVE_NUMBER,
            false => &number,
        });
        return Ok(Appended::Number);
    } else {
        return Err(NoText::Type(name));
    }
    Ok(Appended::Text)
}
