//! Results, which whoever reads Arrow takes by the C data interface.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, UInt8Type, UInt64Type};
use arrow_array::{Array as _, ArrayRef, RecordBatch, StructArray};
use arrow_schema::{DataType, Field, FieldRef};
use pyo3::IntoPyObjectExt;
use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyIterator, PyList, PyTuple};
use pyo3_arrow::ffi::{
    ArrayIterator, to_array_pycapsules, to_schema_pycapsule, to_stream_pycapsule,
};

use crate::column::of_objects;

/// An Arrow array, which whoever reads Arrow takes without a copy: `pyarrow.array(it)`,
/// `polars.Series(it)`. In pandas: `frame["verdict"] = it.to_pylist()`, row by row.
#[pyclass(frozen, sequence, module = "leaksieve")]
pub(crate) struct Array {
    pub(crate) array: ArrayRef,
}

impl Array {
    fn field(&self) -> FieldRef {
        Arc::new(Field::new("", self.array.data_type().clone(), true))
    }
}

#[pymethods]
impl Array {
    #[new]
    fn new(values: &Bound<'_, PyAny>) -> PyResult<Self> {
        match of_objects(values)? {
            (array, None) => Ok(Self { array }),
            (_, Some(row)) => Err(PyTypeError::new_err(format!(
                "row {row} is a whole number, which may have lost zeros in front: write it as text"
            ))),
        }
    }

    /// For whoever reads Arrow.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        Ok(to_array_pycapsules(
            py,
            self.field(),
            &self.array,
            requested_schema,
        )?)
    }

    /// For whoever reads Arrow.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Ok(to_schema_pycapsule(py, &*self.field())?)
    }

    fn __len__(&self) -> usize {
        self.array.len()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: isize) -> PyResult<Bound<'py, PyAny>> {
        let length = self.array.len();
        let place = match index {
            0.. => Some(index.unsigned_abs()),
            _ => length.checked_sub(index.unsigned_abs()),
        };
        match place {
            Some(place) if place < length => value(py, &self.array, place),
            _ => Err(PyIndexError::new_err("there is no such row")),
        }
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyIterator>> {
        self.to_pylist(py)?.try_iter()
    }

    /// The values as objects of Python; null is None.
    fn to_pylist<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let values = (0..self.array.len()).map(|row| value(py, &self.array, row));
        PyList::new(py, values.collect::<PyResult<Vec<_>>>()?)
    }

    fn __repr__(&self) -> String {
        format!("<Array of {} rows>", self.array.len())
    }
}

/// A row of what arrays are made of here.
fn value<'py>(py: Python<'py>, array: &ArrayRef, row: usize) -> PyResult<Bound<'py, PyAny>> {
    if array.is_null(row) {
        return Ok(py.None().into_bound(py));
    }
    match array.data_type() {
        DataType::Dictionary(keys, _) => {
            let (key, values) = if **keys == DataType::UInt8 {
                let dictionary = array.as_dictionary::<UInt8Type>();
                (
                    usize::from(dictionary.keys().value(row)),
                    dictionary.values(),
                )
            } else {
                let dictionary = array.as_dictionary::<Int32Type>();
                (dictionary.keys().value(row) as usize, dictionary.values())
            };
            value(py, values, key)
        }
        DataType::UInt64 => array
            .as_primitive::<UInt64Type>()
            .value(row)
            .into_bound_py_any(py),
        DataType::LargeBinary => {
            PyBytes::new(py, array.as_binary::<i64>().value(row)).into_bound_py_any(py)
        }
        DataType::LargeUtf8 => array.as_string::<i64>().value(row).into_bound_py_any(py),
        _ => array.as_string::<i32>().value(row).into_bound_py_any(py),
    }
}

/// An Arrow record batch, which whoever reads Arrow takes without a copy:
/// `pyarrow.record_batch(it)`, `polars.DataFrame(it)`, `duckdb.sql("from it")`.
#[pyclass(frozen, module = "leaksieve")]
pub(crate) struct Batch {
    pub(crate) batch: RecordBatch,
}

impl Batch {
    fn as_array(&self) -> (FieldRef, ArrayRef) {
        let array = StructArray::from(self.batch.clone());
        let field = Field::new("", array.data_type().clone(), false);
        (Arc::new(field), Arc::new(array))
    }
}

#[pymethods]
impl Batch {
    /// For whoever reads Arrow.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let (field, array) = self.as_array();
        Ok(to_array_pycapsules(py, field, &array, requested_schema)?)
    }

    /// For whoever reads Arrow, as a stream of one batch.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let (field, array) = self.as_array();
        let reader = Box::new(ArrayIterator::new(vec![Ok(array)], field));
        Ok(to_stream_pycapsule(py, reader, requested_schema)?)
    }

    /// For whoever reads Arrow.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Ok(to_schema_pycapsule(py, self.batch.schema_ref().as_ref())?)
    }

    fn __len__(&self) -> usize {
        self.batch.num_rows()
    }

    /// A column. Raises KeyError if there is none of that name.
    fn column(&self, name: &str) -> PyResult<Array> {
        let column = self.batch.column_by_name(name);
        let array = column.ok_or_else(|| {
            let schema = self.batch.schema();
            let names: Vec<&str> = schema
                .fields()
                .iter()
                .map(|field| field.name().as_str())
                .collect();
            pyo3::exceptions::PyKeyError::new_err(format!("the columns are {}", names.join(", ")))
        })?;
        Ok(Array {
            array: Arc::clone(array),
        })
    }

    fn __repr__(&self) -> String {
        format!("<Batch of {} rows>", self.batch.num_rows())
    }
}
