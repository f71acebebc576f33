//! Columns of Python -> texts, in batches that are worked at on all cores. What is in Arrow's
//! memory stays there.

mod objects;
mod texts;

use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, NullArray, UInt32Array};
use arrow_buffer::ArrowNativeType;
use arrow_schema::{ArrowError, DataType, Field};
use arrow_select::take::take;
use leaksieve::input::source::{ValueSource, may_be_numbers};
use leaksieve::parallel::ordered_parallel;
use leaksieve_core::IdentifierKind;
use pyo3::exceptions::{PyException, PyImportError, PyMemoryError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyString;
use pyo3_arrow::{PyArray, PyChunkedArray};

use objects::ensure_column;
pub(crate) use objects::of_objects;
use texts::Scratch;

/// What a row is of that has none.
pub(crate) const NULL: u32 = u32::MAX;
/// Fewest and most rows of a batch. Many at once share more of what is read.
const MIN_BATCH_ROWS: usize = 1 << 12;
const MAX_BATCH_ROWS: usize = 1 << 18;

/// A column of texts.
#[derive(Debug)]
pub(crate) struct Column {
    /// Arrays of texts, none of them a dictionary.
    arrays: Vec<ArrayRef>,
    chunks: Vec<Chunk>,
    /// Are there whole numbers among them? These have no zeros in front.
    pub(crate) has_numbers: bool,
}

/// A column with a text, or null, for each row.
pub(crate) struct Flat {
    arrays: Vec<ArrayRef>,
}

/// Neighbouring rows.
#[derive(Debug)]
enum Chunk {
    /// Those of an array.
    All(usize),
    /// Some of an array, or null.
    Keys(usize, UInt32Array),
}

impl Column {
    /// Of an Arrow array or a stream of them, a Series of pandas or polars, an array of NumPy, or
    /// anything that gives texts one by one.
    ///
    /// # Errors
    /// `TypeError` of what holds neither texts nor whole numbers; `ValueError` of a text that is no
    /// Unicode. Neither shows a text, though what others say of such a column would.
    pub(crate) fn new(values: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = values.py();
        ensure_column(values)?;
        let dtype = values.getattr_opt(intern!(py, "dtype"))?;
        if let Some(dtype) = &dtype
            && let Some(kind) = dtype.getattr_opt(intern!(py, "kind"))?
            && matches!(&*kind.str()?.to_cow()?, "m" | "M")
        {
            // NumPy would give them as whole numbers.
            return Err(PyTypeError::new_err(
                "the column holds dates or times: give it as text",
            ));
        }
        // Of NumPy, of polars, and of pandas where it has no Arrow: objects of Python, which Arrow would
        // have as their addresses. And rows of polars that are all missing.
        let has_objects = match dtype {
            Some(dtype) => matches!(&*dtype.str()?.to_cow()?, "object" | "Object" | "Null"),
            None => false,
        };
        let has = |name: &Bound<'_, PyString>| values.hasattr(name);
        if !has_objects && has(intern!(py, "__arrow_c_stream__"))? {
            match values.extract::<PyChunkedArray>() {
                Ok(stream) => {
                    let (arrays, field) = stream.into_inner();
                    check_extension(&field)?;
                    return Self::of_arrays(arrays);
                }
                // Of pandas without PyArrow.
                Err(error) if error.is_instance_of::<PyImportError>(py) => {}
                Err(error) => return Err(no_arrow(values, error)),
            }
        } else if !has_objects && has(intern!(py, "__arrow_c_array__"))? {
            let array = values.extract::<PyArray>();
            let array = array.map_err(|error| no_arrow(values, error))?;
            let (array, field) = array.into_inner();
            check_extension(&field)?;
            return Self::of_arrays(vec![array]);
        }
        let values = match has(intern!(py, "tolist"))? {
            true => values.call_method0(intern!(py, "tolist"))?,
            false => values.clone(),
        };
        let (array, first_number) = of_objects(&values)?;
        let mut column = Self::of_arrays(vec![array])?;
        column.has_numbers = first_number.is_some();
        Ok(column)
    }

    /// Whole numbers have no zeros in front: of most kinds they would be other texts.
    ///
    /// # Errors
    /// `TypeError`: there are some, and they may not be of this kind.
    pub(crate) fn ensure_kind(&self, kind: IdentifierKind) -> PyResult<()> {
        match self.has_numbers && !may_be_numbers(kind) {
            false => Ok(()),
            true => Err(PyTypeError::new_err(format!(
                "the column has whole numbers, which may have lost zeros in front: of kind '{}' read \
                 it as text (pandas: dtype=str). If they never had any, turn them into text \
                 (pandas: astype(str), Spark: cast as string)",
                kind.name()
            ))),
        }
    }

    fn of_arrays(arrays: Vec<ArrayRef>) -> PyResult<Self> {
        let num_rows: usize = arrays.iter().map(|array| array.len()).sum();
        if num_rows >= NULL as usize {
            return Err(PyValueError::new_err(
                "the column has 2**32 rows or more: ask its parts one after the other",
            ));
        }
        let mut column = Self {
            arrays: Vec::new(),
            chunks: Vec::new(),
            has_numbers: false,
        };
        let mut last_values: Option<(ArrayRef, usize)> = None;
        for mut array in arrays {
            // pandas has a column so in which all is missing.
            if array.data_type().is_floating()
                && !array.is_empty()
                && array.null_count() == array.len()
            {
                array = Arc::new(NullArray::new(array.len()));
            }
            check_type(array.data_type())?;
            let Some(dictionary) = array.as_any_dictionary_opt() else {
                column.push_all(array);
                continue;
            };
            let values = dictionary.values();
            let keys = normalized_keys(dictionary.keys(), values.len())?;
            if values.len() > keys.len() {
                // Of most values no row is: a slice, or a dictionary that many columns share.
                column.push_all(take(values, &keys, None).map_err(of_arrow)?);
                continue;
            }
            let place = match &last_values {
                Some((last, place)) if last.to_data().ptr_eq(&values.to_data()) => *place,
                _ => column.add(Arc::clone(values)),
            };
            last_values = Some((Arc::clone(values), place));
            column.chunks.push(Chunk::Keys(place, keys));
        }
        Ok(column)
    }

    fn add(&mut self, array: ArrayRef) -> usize {
        let data_type = array.data_type();
        self.has_numbers |= data_type.is_integer() || matches!(data_type, DataType::Decimal128(..));
        self.arrays.push(match array.data_type() {
            // As bytes, which say nothing of what they are.
            DataType::Utf8View => Arc::new(array.as_string_view().clone().to_binary_view()),
            _ => array,
        });
        self.arrays.len() - 1
    }

    fn push_all(&mut self, array: ArrayRef) {
        let place = self.add(array);
        self.chunks.push(Chunk::All(place));
    }

    /// The same without dictionaries.
    pub(crate) fn flat(&self) -> PyResult<Flat> {
        let arrays = self.chunks.iter().map(|chunk| match chunk {
            Chunk::All(place) => Ok(Arc::clone(&self.arrays[*place])),
            Chunk::Keys(place, keys) => take(&self.arrays[*place], keys, None).map_err(of_arrow),
        });
        Ok(Flat {
            arrays: arrays.collect::<PyResult<_>>()?,
        })
    }

    /// Rows, null or not.
    pub(crate) fn num_rows(&self) -> usize {
        let lengths = self.chunks.iter().map(|chunk| match chunk {
            Chunk::All(place) => self.arrays[*place].len(),
            Chunk::Keys(_, keys) => keys.len(),
        });
        lengths.sum()
    }

    /// Work at the texts of all rows on all cores. Each thread has a worker of its own, which gives
    /// for each text of a batch a number below [`NULL`], and what goes with them; `take` is given
    /// both in order, and may change the numbers. Gives the number of each row; null is [`NULL`].
    pub(crate) fn work<R, W>(
        &self,
        worker: impl Fn() -> W + Sync,
        mut take: impl FnMut(&mut [u32], R) + Send,
    ) -> Vec<u32>
    where
        R: Send,
        W: FnMut(&[&[u8]]) -> (Vec<u32>, R),
    {
        let num_texts: usize = self.arrays.iter().map(|array| array.len()).sum();
        let num_threads = std::thread::available_parallelism().map_or(1, usize::from);
        let batch_rows = num_texts
            .div_ceil(num_threads * 2)
            .clamp(MIN_BATCH_ROWS, MAX_BATCH_ROWS);
        let jobs = self.arrays.iter().flat_map(|array| {
            let starts = (0..array.len()).step_by(batch_rows);
            starts.map(move |start| (array, start..array.len().min(start + batch_rows)))
        });
        let mut numbers: Vec<u32> = Vec::with_capacity(num_texts);
        let done: Result<(), std::convert::Infallible> = ordered_parallel(
            num_threads.min(num_texts.div_ceil(batch_rows)),
            jobs,
            || {
                let mut work = worker();
                let mut scratch = Scratch::default();
                move |(array, rows): (&ArrayRef, Range<usize>)| {
                    let num_rows = rows.len();
                    let (texts, nulls) = scratch.texts(array, rows);
                    let (found, more) = work(&texts);
                    // Without an answer a row would have that of another.
                    assert_eq!(found.len(), texts.len(), "an answer to each text");
                    (spread(found, &nulls, num_rows), more)
                }
            },
            |(mut found, more): (Vec<u32>, R)| {
                take(&mut found, more);
                numbers.append(&mut found);
                Ok(())
            },
        );
        let Ok(()) = done;
        self.spread(numbers)
    }

    /// Of the numbers of all texts, those of the rows.
    fn spread(&self, numbers: Vec<u32>) -> Vec<u32> {
        if self
            .chunks
            .iter()
            .all(|chunk| matches!(chunk, Chunk::All(_)))
        {
            return numbers;
        }
        let mut rest = &numbers[..];
        let parts: Vec<&[u32]> = self
            .arrays
            .iter()
            .map(|array| rest.split_off(..array.len()).unwrap_or_default())
            .collect();
        let mut spread = Vec::with_capacity(self.num_rows());
        for chunk in &self.chunks {
            match chunk {
                Chunk::All(place) => spread.extend_from_slice(parts[*place]),
                Chunk::Keys(place, keys) => spread.extend(keys.iter().map(|key| {
                    let number = key.and_then(|key| parts[*place].get(key as usize));
                    number.copied().unwrap_or(NULL)
                })),
            }
        }
        spread
    }
}

/// A flat column's rows, one after the other.
impl ValueSource for Flat {
    fn for_each(&self, each: &mut dyn FnMut(Option<&[u8]>) -> ControlFlow<()>) -> ControlFlow<()> {
        let mut scratch = Scratch::default();
        for array in &self.arrays {
            for start in (0..array.len()).step_by(MIN_BATCH_ROWS) {
                let rows = start..array.len().min(start + MIN_BATCH_ROWS);
                let num_rows = rows.len() as u32;
                let (texts, nulls) = scratch.texts(array, rows);
                let (mut texts, mut nulls) = (texts.into_iter(), nulls.into_iter().peekable());
                for row in 0..num_rows {
                    let is_null = nulls.next_if_eq(&row).is_some();
                    each(if is_null { None } else { texts.next() })?;
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn num_bytes(&self) -> u64 {
        let sizes = self
            .arrays
            .iter()
            .map(|array| array.get_array_memory_size());
        sizes.sum::<usize>() as u64
    }
}

/// Put [`NULL`] where a row is null.
fn spread(found: Vec<u32>, nulls: &[u32], num_rows: usize) -> Vec<u32> {
    if nulls.is_empty() {
        return found;
    }
    let mut spread = vec![0; num_rows];
    for row in nulls {
        spread[*row as usize] = NULL;
    }
    let places = spread.iter_mut().filter(|place| **place != NULL);
    for (place, number) in places.zip(found) {
        *place = number;
    }
    spread
}

/// What a library says of a column that it cannot give as one of Arrow, which may show a text.
fn no_arrow(values: &Bound<'_, PyAny>, error: PyErr) -> PyErr {
    let py = values.py();
    if error.is_instance_of::<PyMemoryError>(py) || !error.is_instance_of::<PyException>(py) {
        return error;
    }
    let name = values.get_type().name();
    let name = name.map_or_else(|_| String::new(), |name| name.to_string());
    PyTypeError::new_err(format!(
        "Arrow cannot read this {name} as one column: give one whose rows are all text"
    ))
}

fn of_arrow(error: ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// Of a type that a library made of another, such as UUIDs of 16 bytes, the bytes are not the text.
fn check_extension(field: &Field) -> PyResult<()> {
    match field.extension_type_name() {
        Some(name) if !field.data_type().is_string() => Err(PyTypeError::new_err(format!(
            "the column is of the extension type {name}: give it as text"
        ))),
        _ => Ok(()),
    }
}

/// Are there texts or whole numbers in it?
fn check_type(data_type: &DataType) -> PyResult<()> {
    use DataType as D;
    match data_type {
        D::Utf8 | D::LargeUtf8 | D::Utf8View => Ok(()),
        D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_) => Ok(()),
        D::Int8 | D::Int16 | D::Int32 | D::Int64 => Ok(()),
        D::UInt8 | D::UInt16 | D::UInt32 | D::UInt64 => Ok(()),
        D::Decimal128(_, 0) | D::Null => Ok(()),
        D::Dictionary(_, values) if !matches!(**values, D::Dictionary(..)) => check_type(values),
        D::Float16 | D::Float32 | D::Float64 | D::Decimal128(..) => {
            Err(PyTypeError::new_err(format!(
                "the column is of type {data_type}, which may have lost digits: read it as text, or \
                 as whole numbers (pandas: dtype=str or 'Int64')"
            )))
        }
        D::Struct(_) => Err(PyTypeError::new_err(
            "this is a table: give one of its columns",
        )),
        _ => Err(PyTypeError::new_err(format!(
            "the column is of type {data_type}: text, bytes or whole numbers are wanted"
        ))),
    }
}

/// Keys of any type.
///
/// # Errors
/// `ValueError`: one is not of the `num_values` rows of the dictionary.
fn normalized_keys(keys: &dyn Array, num_values: usize) -> PyResult<UInt32Array> {
    fn of<T: ArrowPrimitiveType>(keys: &dyn Array) -> UInt32Array {
        keys.as_primitive::<T>().unary(|key| {
            key.to_usize()
                .and_then(|key| u32::try_from(key).ok())
                .unwrap_or(NULL)
        })
    }
    let keys = match keys.data_type() {
        DataType::Int8 => of::<Int8Type>(keys),
        DataType::Int16 => of::<Int16Type>(keys),
        DataType::Int32 => of::<Int32Type>(keys),
        DataType::Int64 => of::<Int64Type>(keys),
        DataType::UInt8 => of::<UInt8Type>(keys),
        DataType::UInt16 => of::<UInt16Type>(keys),
        DataType::UInt32 => of::<UInt32Type>(keys),
        DataType::UInt64 => of::<UInt64Type>(keys),
        other => {
            return Err(PyTypeError::new_err(format!(
                "the column is a dictionary with keys of type {other}"
            )));
        }
    };
    match keys.iter().flatten().all(|key| (key as usize) < num_values) {
        true => Ok(keys),
        false => Err(PyValueError::new_err(
            "the column is a dictionary with keys that are none of its rows",
        )),
    }
}
