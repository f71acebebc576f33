//! Builds.

mod arguments;
mod watch;

use std::error::Error as StdError;
use std::path::{Path, PathBuf};

use leaksieve::input::source::{self, Column, Form, Input, Layout, Values};
use leaksieve::pipeline::advice::Settings;
use leaksieve::pipeline::report::Report;
use leaksieve::pipeline::{self, BuildOptions, Summary};
use pyo3::exceptions::{PyTypeError, PyUserWarning};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

use crate::argument::{Named, NumberOrText};
use crate::error::BuildError;
use crate::json::dictionary;
use arguments::{ARGUMENTS, OF_VALUES, value_error};
pub(crate) use arguments::{Arguments, Given, OF_SPARK, of_description};
pub(crate) use watch::Watch;

/// Where and how files of lists are read, and with what.
struct Files {
    column: Option<NumberOrText>,
    delimiter: Option<String>,
    charset: Option<String>,
    field: Option<String>,
    as_lines: bool,
    partial: bool,
    min_count: Option<u32>,
    threads: Option<usize>,
    memory: Option<u64>,
    temp_dir: Option<PathBuf>,
    replace: bool,
}

impl Files {
    /// Of a mapping of Python.
    fn new(files: &Bound<'_, PyAny>) -> PyResult<Self> {
        let named = Named(files);
        let column = "a name, or a whole number from 1";
        Ok(Self {
            column: named.number_or_text("column", column)?,
            delimiter: named.text("delimiter")?,
            charset: named.text("charset")?,
            field: named.text("field")?,
            as_lines: named.flag("as_lines")?,
            partial: named.flag("partial")?,
            min_count: named.optional("min_count", "a whole number from 0 to 2**32 - 1")?,
            threads: named.optional("threads", "a whole number from 1")?,
            memory: named.optional("memory", "a whole number of bytes")?,
            temp_dir: named.optional("temp_dir", "the path of a folder")?,
            replace: named.flag("replace")?,
        })
    }

    /// Is something said that values in memory do not have?
    const fn is_of_files(&self) -> bool {
        self.column.is_some()
            || self.delimiter.is_some()
            || self.charset.is_some()
            || self.field.is_some()
            || self.partial
            || self.min_count.is_some()
    }

    fn resources(&self, options: &mut BuildOptions) -> PyResult<()> {
        match self.threads {
            Some(0) => return Err(value_error("threads= needs at least 1")),
            Some(threads) => options.num_threads = threads,
            None => {}
        }
        if let Some(memory) = self.memory {
            options.memory_bytes = memory;
        }
        options.temp_folder.clone_from(&self.temp_dir);
        options.replace = self.replace;
        Ok(())
    }

    fn form(&self) -> PyResult<Form> {
        let column = match &self.column {
            Some(NumberOrText::Number(number)) => Some(Column::Index(
                number
                    .checked_sub(1)
                    .and_then(|index| usize::try_from(index).ok())
                    .ok_or_else(|| value_error("columns are counted from 1"))?,
            )),
            Some(NumberOrText::Text(name)) => Some(Column::Name(name.clone())),
            None => None,
        };
        if column.is_some() && (self.field.is_some() || self.as_lines)
            || self.field.is_some() && self.as_lines
        {
            return Err(value_error("give one of column=, field= and as_lines="));
        }
        if self.delimiter.is_some() && column.is_none() {
            return Err(value_error("delimiter= is of tables: give column=, too"));
        }
        Ok(Form {
            column,
            delimiter: parsed(self.delimiter.as_deref())?,
            field: self.field.as_deref().map(Into::into),
            as_lines: self.as_lines,
            charset: parsed(self.charset.as_deref())?,
        })
    }
}

fn parsed<T: std::str::FromStr<Err: ToString>>(text: Option<&str>) -> PyResult<Option<T>> {
    text.map(|text| text.parse().map_err(value_error))
        .transpose()
}

/// A path, or several.
fn paths(lists: &Bound<'_, PyAny>) -> PyResult<Vec<PathBuf>> {
    let wanted =
        || PyTypeError::new_err("lists are the path of a file or folder, or a list of such paths");
    if lists.is_instance_of::<PyBytes>() {
        return Err(wanted());
    }
    let one = lists.extract::<PathBuf>();
    let is_one = one.is_ok();
    let paths = match one {
        Ok(path) => vec![path],
        Err(_) => {
            let paths = lists.try_iter().map_err(|_| wanted())?;
            paths
                .map(|path| path?.extract().map_err(|_| wanted()))
                .collect::<PyResult<_>>()?
        }
    };
    // Whoever takes texts for paths is not shown one.
    let no_file = paths
        .iter()
        .position(|path| !path.exists() && path.as_os_str() != "-");
    if let Some(place) = no_file.filter(|_| !is_one) {
        return Err(BuildError::new_err(format!(
            "lists[{place}] is no file or folder. To build of values, give leaksieve.Array(values)"
        )));
    }
    match paths.is_empty() {
        true => Err(value_error("there is no list: name at least one file")),
        false => Ok(paths),
    }
}

/// Build a filter file.
#[pyfunction]
#[pyo3(signature = (lists, output, *, arguments, files, progress=None))]
pub(crate) fn build<'py>(
    py: Python<'py>,
    lists: &Bound<'py, PyAny>,
    output: PathBuf,
    arguments: &Bound<'py, PyAny>,
    files: &Bound<'py, PyAny>,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let (arguments, files) = (Arguments::new(arguments)?, Files::new(files)?);
    let kind = arguments.kind()?;
    if is_column(lists)? {
        return of_values(py, lists, &output, &arguments, &files, progress);
    }
    let form = files.form()?;
    let paths = paths(lists)?;
    let layout = form.layout(kind, files.min_count.unwrap_or(0));
    if files.min_count.is_some() && !layout.has_counts() {
        return Err(value_error(
            "min_count= needs HASH:COUNT lines: use it with kind='sha1' or 'ntlm', without column=",
        ));
    }
    // A folder names it, not the first file in it.
    let named: Vec<Input> = paths.iter().cloned().map(Input::File).collect();
    let found = py.detach(|| {
        let found = source::find(&paths)?;
        if layout.has_counts() && !files.partial {
            source::check_ranges(&found.inputs)?;
        }
        Ok(found)
    });
    let found =
        found.map_err(|error: source::SourceError| of_build(&ARGUMENTS, &error, Vec::new()))?;
    if found.inputs.contains(&Input::Stdin) {
        return Err(value_error("- is no file: give the path of one"));
    }
    if let Some(note) = found.note() {
        warn(py, &note)?;
    }
    let mut options = arguments.options(found.inputs, &named)?;
    options.layout = layout;
    files.resources(&mut options)?;
    run(py, &ARGUMENTS, &options, &output, progress)
}

/// Values in memory: what Arrow, NumPy or pandas has. A list holds paths.
fn is_column(lists: &Bound<'_, PyAny>) -> PyResult<bool> {
    let marks = ["__arrow_c_stream__", "__arrow_c_array__", "tolist"];
    marks
        .iter()
        .try_fold(false, |found, mark| Ok(found || lists.hasattr(*mark)?))
}

/// What messages call a column whose name is any object.
fn name_of(name: &Bound<'_, PyAny>) -> PyResult<String> {
    if name.is_none() {
        return called("");
    }
    if let Ok(parts) = name.cast::<PyTuple>() {
        // Of a table whose names have several levels.
        for part in parts {
            name_of(&part)?;
        }
        return called("");
    }
    let text = match name.cast::<PyBytes>() {
        Ok(bytes) => String::from_utf8_lossy(bytes.as_bytes()).into_owned(),
        Err(_) => name.str()?.to_string(),
    };
    called(&text)
}

/// What messages call a column.
pub(crate) fn called(name: &str) -> PyResult<String> {
    source::called(name).map_err(|error| BuildError::new_err(error.to_string()))
}

/// Build a filter file of values in memory.
fn of_values<'py>(
    py: Python<'py>,
    values: &Bound<'py, PyAny>,
    output: &Path,
    arguments: &Arguments,
    files: &Files,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    if files.is_of_files() {
        return Err(value_error(
            "column=, delimiter=, charset=, field=, partial= and min_count= are of files: the values \
             of a column are taken as they are",
        ));
    }
    let said = match values.getattr_opt("name")? {
        Some(name) => name_of(&name)?,
        None => called("")?,
    };
    let column = crate::column::Column::new(values)?;
    column.ensure_kind(arguments.kind()?)?;
    let source = column.flat()?;
    let mut options = arguments.options(vec![Input::Values(Values::new(&said, source))], &[])?;
    options.layout = match files.as_lines {
        true => Layout::Line,
        false => Layout::LineOf(options.kind),
    };
    files.resources(&mut options)?;
    run(py, &OF_VALUES, &options, output, progress)
}

/// Build, and tell what was built.
fn run<'py>(
    py: Python<'py>,
    settings: &Settings,
    options: &BuildOptions,
    output: &Path,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let watch = Watch::new(progress.map(Bound::unbind));
    let result = py.detach(|| pipeline::build(options, output, &watch));
    watch.ended()?;
    match result {
        Ok(summary) => built(py, settings, output, options, &summary),
        Err(error) => {
            let notes = settings.notes_of(&error, &options.inputs);
            Err(of_build(settings, &error, notes))
        }
    }
}

/// What was built, with what must not be missed said.
pub(crate) fn built<'py>(
    py: Python<'py>,
    settings: &Settings,
    output: &Path,
    options: &BuildOptions,
    summary: &Summary,
) -> PyResult<Bound<'py, PyDict>> {
    let mut notes = settings.notes(&summary.counts, &options.inputs);
    notes.extend(settings.notes_of_file(output, options, summary));
    for note in notes {
        warn(py, &note)?;
    }
    dictionary(py, &Report::new(output, options, summary))
}

/// What must not be missed, though the file was built.
pub(crate) fn warn(py: Python<'_>, note: &str) -> PyResult<()> {
    let category = py.get_type::<PyUserWarning>();
    py.import("warnings")?
        .call_method1("warn", (PyString::new(py, note), category, 3))
        .map(drop)
}

/// An error with its causes, where the message does not say them; what helps; and which lines are
/// at fault.
pub(crate) fn of_build(
    settings: &Settings,
    error: &(dyn StdError + 'static),
    notes: Vec<String>,
) -> PyErr {
    let mut message = settings.message(error);
    let mut advice = settings.advice(error);
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = settings.message(error);
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        advice = advice.or_else(|| settings.advice(error));
        cause = error.source();
    }
    let hint = advice.map(|advice| format!("hint: {advice}"));
    let lines: Vec<String> = std::iter::once(message).chain(hint).chain(notes).collect();
    BuildError::new_err(lines.join("\n"))
}
