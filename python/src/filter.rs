//! Open filter files.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use arrow_array::types::{Int32Type, UInt8Type};
use arrow_array::{ArrayRef, DictionaryArray, Int32Array, RecordBatch, StringArray, UInt8Array};
use arrow_buffer::{BooleanBuffer, NullBuffer};
use arrow_schema::{Field, Schema};
use leaksieve::file::inspect::Report;
use leaksieve::file::key::public_key;
use leaksieve::file::source::InMemory;
use leaksieve::file::words::Class;
use leaksieve::file::{FileError, FilterFile};
use leaksieve_core::identifier::phone::Shortcuts;
use leaksieve_core::sector::SECTOR_BYTES;
use leaksieve_core::verdict::system_clock;
use leaksieve_core::{Identifier, IdentifierKind, PublicKey, Trust};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::argument::min_epoch;
use crate::array::{Array, Batch};
use crate::column::{Column, NULL};
use crate::error::{FilterError, of_file};
use crate::json::dictionary;
use crate::source::Source;
use crate::verdict::{Verdict, told};

/// What `check_many` says, in the order of its codes.
const OUTCOMES: [&str; 5] = ["exposed", "not_exposed", "not_covered", "expired", "error"];
const EXPOSED: u8 = 0;
const ERROR: u8 = 4;

const fn code(class: Class) -> u8 {
    match class {
        Class::Exposed => EXPOSED,
        Class::NotExposed => 1,
        Class::NotCovered => 2,
        Class::Expired => 3,
    }
}

/// A filter file, with what is kept to ask it faster.
pub(crate) struct Opened {
    pub(crate) file: FilterFile,
    shortcuts: OnceLock<Vec<Option<Shortcuts>>>,
    allow_expired: bool,
}

impl Opened {
    fn shortcuts(&self) -> &[Option<Shortcuts>] {
        // Of a damaged numbering plan there are none; who needs it is told so.
        self.shortcuts
            .get_or_init(|| self.file.shortcuts().unwrap_or_default())
    }

    /// By which the file may have expired, if that matters.
    fn now_unix_s(&self) -> Option<u64> {
        system_clock().filter(|_| !self.allow_expired)
    }
}

fn identifier(text: &[u8], kind: Option<IdentifierKind>) -> Identifier<'_> {
    match kind {
        Some(kind) => Identifier::new(text).of_kind(kind),
        None => Identifier::new(text),
    }
}

/// An open filter file. Several threads may ask it at once. It is not read whole: a question
/// reads one sector (512 bytes) for each leak, or a few.
#[pyclass(frozen, module = "leaksieve")]
pub(crate) struct Filter {
    opened: Arc<Opened>,
}

/// Keys: one, or several; each its digits, or the path of its file.
fn keys(keys: Option<&Bound<'_, PyAny>>) -> PyResult<Vec<PublicKey>> {
    let Some(keys) = keys else {
        return Ok(Vec::new());
    };
    let one = |key: &Bound<'_, PyAny>| {
        let path: PathBuf = key.extract()?;
        let text = path
            .to_str()
            .ok_or_else(|| PyValueError::new_err("key: not a name in UTF-8"))?;
        public_key(text).map_err(|error| PyValueError::new_err(error.to_string()))
    };
    if keys.is_instance_of::<PyString>() || keys.hasattr("__fspath__")? {
        return Ok(vec![one(keys)?]);
    }
    let keys: Vec<PublicKey> = keys
        .try_iter()?
        .map(|key| one(&key?))
        .collect::<PyResult<_>>()?;
    if keys.is_empty() {
        // No key at all would accept every file.
        return Err(PyValueError::new_err(
            "key is an empty list: leave it out to accept files that anyone made",
        ));
    }
    Ok(keys)
}

fn open(
    py: Python<'_>,
    source: &Bound<'_, PyAny>,
    key: Option<&Bound<'_, PyAny>>,
    min_epoch: u32,
) -> PyResult<FilterFile> {
    let (source, keys) = (Source::new(source)?, keys(key)?);
    py.detach(|| {
        let trust = Trust::in_keys(&keys).from_epoch(min_epoch);
        match source {
            Source::Path(path) => FilterFile::open_trusted(&path, &trust),
            Source::Bytes(bytes) => {
                FilterFile::open_source(Box::new(InMemory(bytes)), "the bytes", &trust)
            }
            Source::Object(object) => {
                FilterFile::open_source(Box::new(object), "the file object", &trust)
            }
        }
    })
    .map_err(|error| of_file(&error))
}

#[pymethods]
impl Filter {
    /// Open a file, verify its header, and of a signed file its signature.
    ///
    /// Args:
    ///     source: Its path; its bytes; or an object that is open to be read, with `read()` and
    ///         `seek()`, which is then used by this alone.
    ///     key: Accept only files that this key signed, or one of these: 64 hexadecimal digits, or
    ///         the path of a .pub file. By default every file is accepted, whoever made it.
    ///     min_epoch: Refuse files of a lower epoch.
    ///     allow_expired: Let an expired file say "not exposed"; it then means: as of that day.
    ///
    /// Raises:
    ///     FileNotFoundError, OSError: It cannot be read.
    ///     FilterError: It is no filter file, is damaged, or is not trusted.
    ///     ValueError: A key is none.
    #[staticmethod]
    #[pyo3(signature = (source, *, key=None, min_epoch=0, allow_expired=false))]
    fn open(
        py: Python<'_>,
        source: &Bound<'_, PyAny>,
        key: Option<&Bound<'_, PyAny>>,
        #[pyo3(from_py_with = min_epoch)] min_epoch: u32,
        allow_expired: bool,
    ) -> PyResult<Self> {
        let opened = Opened {
            file: open(py, source, key, min_epoch)?,
            shortcuts: OnceLock::new(),
            allow_expired,
        };
        Ok(Self {
            opened: Arc::new(opened),
        })
    }

    /// Look one text up.
    ///
    /// Args:
    ///     text: As it is typed; a leaked password may be bytes that are not UTF-8.
    ///     kind: What it is. By default all leaks of the file are asked, and "not exposed" is said
    ///         only if all of them cover it.
    ///
    /// Raises:
    ///     FilterError, OSError: A sector is damaged, forged, or cannot be read.
    ///     ValueError: The text has half of a surrogate pair; there is no such kind.
    #[pyo3(signature = (text, kind=None))]
    fn check(
        &self,
        py: Python<'_>,
        text: &Bound<'_, PyAny>,
        kind: Option<&str>,
    ) -> PyResult<Verdict> {
        let kind = kind.map(crate::kind::kind).transpose()?;
        let bytes = if let Ok(text) = text.cast::<PyString>() {
            // Python's own error holds the text.
            text.to_str().map(str::as_bytes).map_err(|_| {
                PyValueError::new_err(
                    "the text has half of a surrogate pair, which is no character: read it with \
                     the right encoding, or give bytes",
                )
            })?
        } else if let Ok(text) = text.cast::<PyBytes>() {
            text.as_bytes()
        } else {
            return Err(PyTypeError::new_err(
                "a text is a str or bytes: check_many() takes columns",
            ));
        };
        let opened = &self.opened;
        let verdict = py.detach(|| {
            let identifier = identifier(bytes, kind);
            let mut sector = [0; SECTOR_BYTES];
            opened
                .file
                .check_by_shortcuts(identifier, opened.shortcuts(), &mut sector)
        });
        let verdict = verdict.map_err(|error| of_file(&error))?;
        let verdict = verdict.at(opened.file.catalogue().header(), opened.now_unix_s());
        Ok(Verdict::new(Arc::clone(opened), verdict))
    }

    /// Look a column of texts up, on all cores and without Python's lock. What `check` says of
    /// each, at less cost: sectors are read once for many questions.
    ///
    /// Args:
    ///     column: n texts; see `leaksieve.Column` for what may be one. A whole number is asked with a
    ///         plus sign, too, and is exposed if either is: it may have been 0044...
    ///     kind: As for `check`.
    ///     reason: Also tell the reason of each verdict, as `Verdict.reason` does.
    ///
    /// Returns:
    ///     An Arrow array of n outcomes: a dictionary of the texts of `leaksieve.Outcome`, in the
    ///     order of its description, with keys of one byte (uint8). A row that is null is null.
    ///     With `reason`, a record batch of two columns of n rows: "verdict", and "reason", a
    ///     dictionary of texts.
    ///     A sector that is damaged or cannot be read is an "error" of the questions that need it,
    ///     and of no other.
    ///
    /// Raises:
    ///     TypeError: The column holds neither texts nor whole numbers. Floats are refused: they
    ///         may have lost digits. So are whole numbers where a leak that is asked has another
    ///         kind than "phone": they may have lost zeros in front.
    ///     ValueError: A text has half of a surrogate pair; there is no such kind.
    #[pyo3(signature = (column, kind=None, *, reason=false))]
    fn check_many<'py>(
        &self,
        py: Python<'py>,
        column: &Bound<'py, PyAny>,
        kind: Option<&str>,
        reason: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        use pyo3::IntoPyObjectExt;
        let kind = kind.map(crate::kind::kind).transpose()?;
        let column = Column::new(column)?;
        let datasets = self.opened.file.catalogue().datasets().iter();
        let mut kinds = datasets.map(|dataset| dataset.profile.kind());
        match kind {
            Some(kind) => column.ensure_kind(kind)?,
            None => kinds.try_for_each(|kind| column.ensure_kind(kind))?,
        }
        let answers = py.detach(|| Answers::of(&self.opened, &column, kind, reason));
        match reason {
            false => Array {
                array: answers.outcomes(),
            }
            .into_bound_py_any(py),
            true => Batch {
                batch: answers.batch()?,
            }
            .into_bound_py_any(py),
        }
    }

    /// What the file says of itself.
    #[getter]
    fn info<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        dictionary(py, &Report::new(&self.opened.file))
    }

    fn __repr__(&self) -> String {
        let datasets = self.opened.file.catalogue().datasets().iter();
        let names: Vec<String> = datasets.map(leaksieve::file::words::title).collect();
        format!("<Filter of {}>", names.join(", "))
    }
}

/// What a file says of itself. Arguments and errors are those of `Filter.open`.
#[pyfunction]
#[pyo3(signature = (source, *, key=None, min_epoch=0))]
pub(crate) fn inspect<'py>(
    py: Python<'py>,
    source: &Bound<'py, PyAny>,
    key: Option<&Bound<'py, PyAny>>,
    #[pyo3(from_py_with = min_epoch)] min_epoch: u32,
) -> PyResult<Bound<'py, PyDict>> {
    dictionary(py, &Report::new(&open(py, source, key, min_epoch)?))
}

/// The answers to a column.
struct Answers {
    /// An answer for each row, by its place in `distinct`.
    rows: Vec<u32>,
    /// Code and reason.
    distinct: Vec<(u8, String)>,
}

impl Answers {
    fn of(
        opened: &Opened,
        column: &Column,
        kind: Option<IdentifierKind>,
        has_reasons: bool,
    ) -> Self {
        let header = opened.file.catalogue().header();
        let now_unix_s = opened.now_unix_s();
        let answer = |answer: &Result<leaksieve_core::Verdict, FileError>| match answer {
            Ok(verdict) => {
                let verdict = verdict.clone().at(header, now_unix_s);
                let words = match has_reasons {
                    true => told(opened, &verdict, |told| told.words()),
                    false => String::new(),
                };
                (code(Class::from(&verdict)), words)
            }
            Err(error) => (
                ERROR,
                if has_reasons {
                    error.to_string()
                } else {
                    String::new()
                },
            ),
        };
        let mut places: HashMap<(u8, String), u32> = HashMap::new();
        let mut distinct = Vec::new();
        let rows = column.work(
            || {
                let mut together = opened.file.together(opened.shortcuts());
                move |texts: &[&[u8]]| {
                    let identifiers = texts.iter().map(|text| identifier(text, kind));
                    let identifiers: Vec<Identifier<'_>> = identifiers.collect();
                    let verdicts = together.check(&identifiers);
                    let mut answers: Vec<_> = verdicts.distinct().iter().map(answer).collect();
                    let mut places = verdicts.places().to_vec();
                    if column.has_numbers {
                        // It may have been 0044..., or +44...: who is in the list so is exposed.
                        let texts = texts.iter().map(|text| [b"+", *text].concat());
                        let texts: Vec<Vec<u8>> = texts.collect();
                        let identifiers = texts.iter().map(|text| identifier(text, kind));
                        let identifiers: Vec<Identifier<'_>> = identifiers.collect();
                        let others = together.check(&identifiers);
                        let first = answers.len();
                        answers.extend(others.distinct().iter().map(answer));
                        for (place, other) in places.iter_mut().zip(others.places()) {
                            let other = first + *other as usize;
                            let is_worse = matches!(answers[other].0, EXPOSED | ERROR);
                            if is_worse && answers[*place as usize].0 != EXPOSED {
                                *place = other as u32;
                            }
                        }
                    }
                    (places, answers)
                }
            },
            |rows, answers: Vec<(u8, String)>| {
                let global: Vec<u32> = answers
                    .into_iter()
                    .map(|answer| {
                        *places.entry(answer).or_insert_with_key(|answer| {
                            distinct.push(answer.clone());
                            distinct.len() as u32 - 1
                        })
                    })
                    .collect();
                for row in rows.iter_mut().filter(|row| **row != NULL) {
                    *row = global[*row as usize];
                }
            },
        );
        Self { rows, distinct }
    }

    fn nulls(&self) -> Option<NullBuffer> {
        let is_there = BooleanBuffer::from_iter(self.rows.iter().map(|row| *row != NULL));
        Some(NullBuffer::new(is_there)).filter(|nulls| nulls.null_count() > 0)
    }

    fn outcomes(&self) -> ArrayRef {
        let codes = self.rows.iter().map(|row| {
            let answer = self.distinct.get(*row as usize);
            answer.map_or(0, |(code, _)| *code)
        });
        let codes = UInt8Array::new(codes.collect(), self.nulls());
        let names = StringArray::from_iter_values(OUTCOMES);
        Arc::new(DictionaryArray::<UInt8Type>::new(codes, Arc::new(names)))
    }

    fn batch(&self) -> PyResult<RecordBatch> {
        let keys = self
            .rows
            .iter()
            .map(|row| if *row == NULL { 0 } else { *row as i32 });
        let keys = Int32Array::new(keys.collect(), self.nulls());
        let words = StringArray::from_iter_values(self.distinct.iter().map(|(_, words)| words));
        let reasons = DictionaryArray::<Int32Type>::new(keys, Arc::new(words));
        let columns: [(&str, ArrayRef); 2] =
            [("verdict", self.outcomes()), ("reason", Arc::new(reasons))];
        let fields = columns
            .iter()
            .map(|(name, array)| Field::new(*name, array.data_type().clone(), true));
        let schema = Schema::new(fields.collect::<Vec<_>>());
        let arrays = columns.map(|(_, array)| array).to_vec();
        RecordBatch::try_new(Arc::new(schema), arrays)
            .map_err(|error| FilterError::new_err(error.to_string()))
    }
}
