//! Builds.

use std::error::Error as StdError;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use leaksieve::dates::{created_now, parse_date, parse_time};
use leaksieve::input::profile::{Description, DescriptionError};
use leaksieve::input::source::{self, Column, Form, Input, Layout, Values};
use leaksieve::pipeline::advice::Settings;
use leaksieve::pipeline::report::Report;
use leaksieve::pipeline::{self, BuildOptions, name_of};
use leaksieve::progress::{Observer, Stage};
use leaksieve::sizing::{Aim, Choice, check_rate};
use leaksieve_core::IdentifierKind;
use pyo3::exceptions::{PyTypeError, PyUserWarning, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::error::BuildError;
use crate::json::dictionary;
use crate::kind;

/// How Python writes settings.
pub(crate) const ARGUMENTS: Settings = Settings {
    name: |setting| format!("{}=", argument(setting)),
    set: |setting, value| {
        let stands_for_others = value.chars().all(|c| c.is_ascii_uppercase());
        match stands_for_others || value.parse::<u64>().is_ok() {
            true => format!("{}={value}", argument(setting)),
            false => format!("{}={value:?}", argument(setting)),
        }
    },
};

/// What the command line's setting is called here.
fn argument(setting: &str) -> String {
    match setting {
        "force" => "replace".into(),
        setting => setting.replace('-', "_"),
    }
}

fn value_error(error: impl ToString) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// Why a description of identifiers describes nothing.
pub(crate) fn of_description(error: DescriptionError) -> PyErr {
    value_error(match error {
        DescriptionError::NoEffect { setting, kind } => format!(
            "{}= has no effect with kind='{}': leave it out",
            argument(&setting.to_string()),
            kind.name()
        ),
        DescriptionError::ResidentIds => {
            "case= and separators= have no effect on resident ids: leave them out".into()
        }
        DescriptionError::NoRegion => {
            "kind='phone' needs region=: the country of numbers without a country code, such as \
             'CN', or 'world' if every number has its country code"
                .into()
        }
        error => error.to_string(),
    })
}

/// What is said of identifiers, as arguments.
pub(crate) struct Given<'a> {
    pub(crate) region: Option<&'a str>,
    pub(crate) case: Option<&'a str>,
    pub(crate) id_scheme: Option<&'a str>,
    pub(crate) separators: Option<&'a str>,
    pub(crate) digest: Option<&'a str>,
}

impl<'a> Given<'a> {
    pub(crate) fn description(&self) -> PyResult<Description<'a>> {
        Ok(Description {
            region: self.region,
            case: self.case.map(kind::case).transpose()?,
            is_chinese_resident: self.id_scheme.map(kind::is_chinese_resident).transpose()?,
            separators: self.separators.map(kind::separators).transpose()?,
            digest: self.digest.map(kind::digest).transpose()?,
        })
    }
}

/// Arguments that a build has, wherever its list is.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Arguments {
    kind: String,
    region: Option<String>,
    case: Option<String>,
    id_scheme: Option<String>,
    separators: Option<String>,
    digest: Option<String>,
    name: Option<String>,
    fpr: Option<f64>,
    max_size: Option<u64>,
    encoding: String,
    date: Option<String>,
    source_note: String,
    seed: Option<u64>,
    created: Option<Time>,
    expires: Option<Time>,
    epoch: u32,
    max_rejected: Option<f64>,
}

/// A day, or seconds since 1970.
#[derive(FromPyObject)]
pub(crate) enum Time {
    Seconds(u64),
    Day(String),
}

impl Time {
    fn unix_s(&self) -> PyResult<u64> {
        match self {
            Self::Seconds(seconds) => Ok(*seconds),
            Self::Day(day) => parse_time(day).map_err(value_error),
        }
    }
}

impl Arguments {
    pub(crate) fn kind(&self) -> PyResult<IdentifierKind> {
        kind::kind(&self.kind)
    }

    /// The options of a build of these inputs, named after `named` if it was given no name.
    pub(crate) fn options(&self, inputs: Vec<Input>, named: &[Input]) -> PyResult<BuildOptions> {
        let kind = self.kind()?;
        let given = Given {
            region: self.region.as_deref(),
            case: self.case.as_deref(),
            id_scheme: self.id_scheme.as_deref(),
            separators: self.separators.as_deref(),
            digest: self.digest.as_deref(),
        };
        let profile = given.description()?.profile(kind).map_err(of_description)?;
        let mut options = BuildOptions::new(inputs, kind, profile);
        options.encoding = Choice::from_name(&self.encoding)
            .ok_or_else(|| value_error("encoding is one of 'auto', 'exact', 'bloom', 'ribbon'"))?;
        options.aim = match (self.fpr, self.max_size) {
            (Some(_), Some(_)) => return Err(value_error("give fpr= or max_size=, not both")),
            (Some(rate), None) => Aim::FalsePositiveRate(check_rate(rate).map_err(value_error)?),
            (None, Some(max_bytes)) => Aim::MaxBytes(max_bytes),
            (None, None) => options.aim,
        };
        options.name = match &self.name {
            Some(name) => name.clone(),
            None => name_of(named).ok_or_else(|| value_error("name the leak with name="))?,
        };
        if let Some(date) = &self.date {
            options.date = parse_date(date).map_err(value_error)?;
        }
        options.source_note.clone_from(&self.source_note);
        options.seed = self.seed;
        options.created_unix_s = match &self.created {
            Some(created) => created.unix_s()?,
            None => created_now().map_err(value_error)?,
        };
        options.expires_unix_s = self.expires.as_ref().map_or(Ok(0), Time::unix_s)?;
        options.epoch = self.epoch;
        match self.max_rejected {
            Some(share) if (0.0..=1.0).contains(&share) => options.max_rejected_share = share,
            Some(_) => return Err(value_error("max_rejected is a share from 0 to 1")),
            None => {}
        }
        Ok(options)
    }
}

/// Where and how files of lists are read, and with what.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Files {
    column: Option<ColumnArgument>,
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

/// A column of a table, by its number or its name.
#[derive(FromPyObject)]
enum ColumnArgument {
    Number(usize),
    Name(String),
}

impl Files {
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
            Some(ColumnArgument::Number(number)) => Some(Column::Index(
                number
                    .checked_sub(1)
                    .ok_or_else(|| value_error("columns are counted from 1"))?,
            )),
            Some(ColumnArgument::Name(name)) => Some(Column::Name(name.clone())),
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
    let paths = match lists.extract::<PathBuf>() {
        Ok(path) => vec![path],
        Err(_) => {
            let paths = lists.try_iter().map_err(|_| wanted())?;
            paths
                .map(|path| path?.extract().map_err(|_| wanted()))
                .collect::<PyResult<_>>()?
        }
    };
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
    arguments: Arguments,
    files: Files,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
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
    let found = found.map_err(|error: source::SourceError| of_build(&error, Vec::new()))?;
    if found.inputs.contains(&Input::Stdin) {
        return Err(value_error("- is no file: give the path of one"));
    }
    let mut options = arguments.options(found.inputs, &named)?;
    options.layout = layout;
    files.resources(&mut options)?;
    run(py, &options, &output, progress)
}

/// Values in memory: what Arrow, NumPy or pandas has. A list holds paths.
fn is_column(lists: &Bound<'_, PyAny>) -> PyResult<bool> {
    let marks = ["__arrow_c_stream__", "__arrow_c_array__", "tolist"];
    marks
        .iter()
        .try_fold(false, |found, mark| Ok(found || lists.hasattr(*mark)?))
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
    let name = values
        .getattr_opt("name")?
        .and_then(|name| name.extract::<String>().ok());
    let name = name.filter(|name| !name.is_empty());
    let said = match &name {
        Some(name) => format!("column `{name}`"),
        None => "the column".to_owned(),
    };
    let source = crate::column::Column::new(values)?.flat()?;
    let mut options = arguments.options(vec![Input::Values(Values::new(&said, source))], &[])?;
    options.layout = match files.as_lines {
        true => Layout::Line,
        false => Layout::LineOf(options.kind),
    };
    files.resources(&mut options)?;
    run(py, &options, output, progress)
}

/// Build, and tell what was built.
fn run<'py>(
    py: Python<'py>,
    options: &BuildOptions,
    output: &Path,
    progress: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let watch = Watch::new(progress.map(Bound::unbind));
    let result = py.detach(|| pipeline::build(options, output, &watch));
    watch.ended()?;
    match result {
        Ok(summary) => {
            for note in ARGUMENTS.notes(&summary.counts, &options.inputs) {
                warn(py, &note)?;
            }
            dictionary(py, &Report::new(output, options, &summary))
        }
        Err(error) => {
            let notes = ARGUMENTS.notes_of(&error, &options.inputs);
            Err(of_build(&error, notes))
        }
    }
}

/// What must not be missed, though the file was built.
fn warn(py: Python<'_>, note: &str) -> PyResult<()> {
    let category = py.get_type::<PyUserWarning>();
    py.import("warnings")?
        .call_method1("warn", (PyString::new(py, note), category, 3))
        .map(drop)
}

/// An error with its causes, where the message does not say them; what helps; and which lines are
/// at fault.
pub(crate) fn of_build(error: &(dyn StdError + 'static), notes: Vec<String>) -> PyErr {
    let mut message = error.to_string();
    let mut advice = ARGUMENTS.advice(error);
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        advice = advice.or_else(|| ARGUMENTS.advice(error));
        cause = error.source();
    }
    let hint = advice.map(|advice| format!("hint: {advice}"));
    let lines: Vec<String> = std::iter::once(message).chain(hint).chain(notes).collect();
    BuildError::new_err(lines.join("\n"))
}

/// Looks after a build: tells the stages, and whether Python wants an end.
pub(crate) struct Watch {
    progress: Option<Py<PyAny>>,
    state: Mutex<State>,
}

struct State {
    /// When Python was asked last.
    asked: Instant,
    /// What it said: an interrupt, or an exception of who is told.
    error: Option<PyErr>,
}

impl Watch {
    pub(crate) fn new(progress: Option<Py<PyAny>>) -> Self {
        Self {
            progress,
            state: Mutex::new(State {
                asked: Instant::now(),
                error: None,
            }),
        }
    }

    /// # Errors
    /// What ended the work.
    pub(crate) fn ended(self) -> PyResult<()> {
        let state = self.state.into_inner();
        let state = state.unwrap_or_else(std::sync::PoisonError::into_inner);
        state.error.map_or(Ok(()), Err)
    }

    fn with(&self, work: impl FnOnce(&mut State)) {
        let state = self.state.lock();
        work(&mut state.unwrap_or_else(std::sync::PoisonError::into_inner));
    }
}

/// How often Python is asked.
const ASK_EVERY: Duration = Duration::from_millis(100);

impl Observer for Watch {
    fn begin(&self, stage: Stage, _total: Option<u64>) {
        if let Some(progress) = &self.progress {
            let told = Python::attach(|py| progress.call1(py, (stage.name(),)));
            self.with(|state| {
                if let Err(error) = told {
                    state.error.get_or_insert(error);
                }
            });
        }
    }

    fn advance(&self, _by: u64) {}

    fn identifiers(&self, _by: u64) {}

    fn end(&self) {}

    fn is_stopped(&self) -> bool {
        let mut is_stopped = false;
        self.with(|state| {
            if state.error.is_none() && state.asked.elapsed() >= ASK_EVERY {
                state.asked = Instant::now();
                // Of a thread that is not the main one, nothing is said.
                state.error = Python::attach(|py| py.check_signals()).err();
            }
            is_stopped = state.error.is_some();
        });
        is_stopped
    }
}
