//! What `leaksieve.spark` moves columns and rows to and from: the driver of a build on a cluster, and
//! the tasks.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::builder::{BinaryBuilder, Int32Builder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use leaksieve::cluster::{Build, ClusterError, Row, Source, TaskError, Worker};
use leaksieve::input::source::{Input, Layout, ValueSource, Values};
use leaksieve::pipeline::BuildOptions;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3::types::{PyBytes, PyDict};

use crate::argument::{as_lines, replace, segments};
use crate::array::Batch;
use crate::build::{Arguments, OF_SPARK, Watch, built, called, of_build, warn};
use crate::column::Column;

/// What tasks are made of; the elements that they take, where they do not take the column; parts of
/// a shuffle, and what the tasks behind it are made of.
type Step<'py> = (
    Bound<'py, PyBytes>,
    Option<Vec<Bound<'py, PyBytes>>>,
    Option<(u32, Bound<'py, PyBytes>)>,
);

fn of_cluster(error: &ClusterError, options: &BuildOptions) -> PyErr {
    match error {
        ClusterError::Build(error) => {
            let notes = OF_SPARK.notes_of(error, &options.inputs);
            of_build(&OF_SPARK, error, notes)
        }
        ClusterError::Segments(_) => PyValueError::new_err(error.to_string()),
        error => of_build(&OF_SPARK, error, Vec::new()),
    }
}

/// The driver of a build on a cluster; see `leaksieve.spark`. It holds no hash and no page.
#[pyclass(module = "leaksieve._native")]
pub(crate) struct Driver {
    build: Option<Build>,
    options: BuildOptions,
    output: PathBuf,
    progress: Py<PyAny>,
}

impl Driver {
    fn go_on<T: Send>(
        &mut self,
        py: Python<'_>,
        with: impl FnOnce(&mut Build) -> Result<T, ClusterError> + Send,
    ) -> PyResult<T> {
        let build = self.build.as_mut();
        let build = build.ok_or_else(|| PyRuntimeError::new_err("the build was closed"))?;
        py.detach(|| with(build))
            .map_err(|error| of_cluster(&error, &self.options))
    }
}

#[pymethods]
impl Driver {
    #[new]
    #[pyo3(signature = (*, output, staging, segments, column, as_lines, replace, arguments, progress, max_counted_records=None))]
    #[expect(clippy::too_many_arguments, reason = "each has a name in Python")]
    fn new(
        output: PathBuf,
        staging: PathBuf,
        #[pyo3(from_py_with = segments)] segments: u32,
        column: &str,
        #[pyo3(from_py_with = as_lines)] as_lines: bool,
        #[pyo3(from_py_with = replace)] replace: bool,
        arguments: &Bound<'_, PyAny>,
        progress: Py<PyAny>,
        max_counted_records: Option<u64>,
    ) -> PyResult<Self> {
        let (arguments, column) = (Arguments::new(arguments)?, called(column)?);
        let values = Values::new(&column, Vec::<Option<Vec<u8>>>::new());
        let named = [Input::File(output.clone())];
        let mut options = arguments.options(vec![Input::Values(values)], &named)?;
        if as_lines {
            options.layout = Layout::Line;
        }
        options.replace = replace;
        if let Some(number) = max_counted_records {
            options.max_counted_records = number;
        }
        let build = Build::new(&options, &output, &staging, segments, &column)
            .map_err(|error| of_cluster(&error, &options))?;
        Ok(Self {
            build: Some(build),
            options,
            output,
            progress,
        })
    }

    /// Judge the first rows; `tasks`: the number of the task that will read each, or empty if
    /// that is not known. False: they are all blank, so look again, at those behind.
    fn look(&mut self, py: Python<'_>, rows: &Bound<'_, PyAny>, tasks: Vec<u32>) -> PyResult<bool> {
        let column = Column::new(rows)?;
        column.ensure_kind(self.options.kind)?;
        let column = column.flat()?;
        self.go_on(py, |build| {
            let mut rows = Vec::new();
            let _ = column.for_each(&mut |value| {
                rows.push(value.map(<[u8]>::to_vec));
                ControlFlow::Continue(())
            });
            let rows: Vec<Option<&[u8]>> = rows.iter().map(Option::as_deref).collect();
            build.look(&rows, &tasks)
        })
    }

    /// The next step, when these rows (part, blob) came of the last tasks of the one before.
    /// None: the file is there.
    ///
    /// A step is: what to make the first tasks of; elements, each for any of these tasks, with its
    /// index, or None: they take the column; and (number of parts, what to make the second tasks
    /// of), or None: there are none. All rows of a part that the first tasks give go to one second
    /// task; those of part -1, too.
    fn next<'py>(
        &mut self,
        py: Python<'py>,
        rows: Vec<(i32, PyBackedBytes)>,
    ) -> PyResult<Option<Step<'py>>> {
        let watch = Watch::new(Some(self.progress.clone_ref(py)));
        let rows: Vec<Row> = rows
            .into_iter()
            .map(|(part, blob)| Row {
                part,
                blob: blob.to_vec(),
            })
            .collect();
        let step = self.go_on(py, |build| build.next(&rows, &watch));
        watch.ended()?;
        let bytes = |bytes: Vec<u8>| PyBytes::new(py, &bytes);
        Ok(step?.map(|step| {
            let elements = match step.source {
                Source::Column => None,
                Source::Tasks(elements) => Some(elements.into_iter().map(bytes).collect()),
            };
            let shuffle = step.then;
            let shuffle = shuffle.map(|shuffle| (shuffle.num_parts, bytes(shuffle.task)));
            (bytes(step.task), elements, shuffle)
        }))
    }

    /// What was built.
    fn summary<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let summary = self.build.as_ref().and_then(Build::summary);
        let summary = summary.ok_or_else(|| PyRuntimeError::new_err("nothing was built yet"))?;
        built(py, &OF_SPARK, &self.output, &self.options, summary)
    }

    /// End the build, if it has not ended: the staging folder and the unfinished file are gone.
    /// Warns (UserWarning) if the folder cannot be removed.
    fn close(&mut self, py: Python<'_>) {
        let build = self.build.take();
        let closed = py.detach(|| build.map_or(Ok(()), |mut build| build.close()));
        // A warning that is an error does not hide why the build failed.
        if let Err(error) = closed
            && let Err(warning) = warn(py, &error.to_string())
        {
            warning.write_unraisable(py, None);
        }
    }
}

/// Does a task of a step. What is given back are batches of the columns `part` (int32) and
/// `blob` (binary).
#[pyclass(frozen, module = "leaksieve._native")]
pub(crate) struct Task {
    /// `None`: it is finished.
    worker: Mutex<Option<Worker>>,
}

fn of_task(error: TaskError) -> PyErr {
    of_build(&OF_SPARK, &error, Vec::new())
}

/// Rows as Spark takes them. All batches have to have the same types, and the same fields may be null.
fn batch(rows: Vec<Row>) -> PyResult<Batch> {
    let num_bytes = rows.iter().map(|row| row.blob.len()).sum();
    let mut parts = Int32Builder::with_capacity(rows.len());
    let mut blobs = BinaryBuilder::with_capacity(rows.len(), num_bytes);
    for row in rows {
        parts.append_value(row.part);
        blobs.append_value(row.blob);
    }
    let schema = Schema::new(vec![
        Field::new("part", DataType::Int32, true),
        Field::new("blob", DataType::Binary, true),
    ]);
    let columns: Vec<ArrayRef> = vec![Arc::new(parts.finish()), Arc::new(blobs.finish())];
    let batch = RecordBatch::try_new(Arc::new(schema), columns)
        .map_err(|error| PyRuntimeError::new_err(error.to_string()))?;
    Ok(Batch { batch })
}

impl Task {
    fn worker(&self) -> MutexGuard<'_, Option<Worker>> {
        self.worker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Give values to the worker; what is ready then.
    fn give(
        &self,
        py: Python<'_>,
        column: &Bound<'_, PyAny>,
        mut each: impl FnMut(&mut Worker, Option<&[u8]>) -> Result<(), TaskError> + Send,
    ) -> PyResult<Batch> {
        let column = Column::new(column)?.flat()?;
        let rows = py.detach(|| {
            let mut worker = self.worker();
            let Some(worker) = worker.as_mut() else {
                return Ok(Vec::new());
            };
            let mut result = Ok(());
            let _ = column.for_each(&mut |value| {
                result = each(worker, value);
                match result {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(_) => ControlFlow::Break(()),
                }
            });
            result.map(|()| worker.take())
        });
        batch(rows.map_err(of_task)?)
    }
}

#[pymethods]
impl Task {
    #[new]
    fn new(task: &[u8], number: u32) -> PyResult<Self> {
        let worker = Worker::new(task, number).map_err(of_task)?;
        Ok(Self {
            worker: Mutex::new(Some(worker)),
        })
    }

    /// The next values of the column.
    fn values(&self, py: Python<'_>, column: &Bound<'_, PyAny>) -> PyResult<Batch> {
        self.give(py, column, |worker, value| {
            worker.values(std::iter::once(value))
        })
    }

    /// Elements with their index, or rows of a shuffle.
    fn rows(&self, py: Python<'_>, parts: Vec<i32>, blobs: &Bound<'_, PyAny>) -> PyResult<Batch> {
        let mut parts = parts.into_iter();
        self.give(py, blobs, |worker, blob| match parts.next().zip(blob) {
            Some((part, blob)) => worker.row(part, blob),
            None => Ok(()),
        })
    }

    /// Nothing follows.
    fn finish(&self, py: Python<'_>) -> PyResult<Batch> {
        let worker = self.worker().take();
        let rows = py.detach(|| worker.map_or_else(|| Ok(Vec::new()), Worker::finish));
        batch(rows.map_err(of_task)?)
    }
}
