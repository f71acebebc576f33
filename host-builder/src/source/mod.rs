//! Files and streams -> raw identifiers, in batches with their line numbers.
//!
//! Memory is bounded whatever an input holds: a batch is about 1 MiB, and what is
//! longer than [`MAX_RECORD_BYTES`] is cut there, to be rejected later.

mod compression;
mod csv;
mod error;
mod files;
mod hash_count;
mod json;
mod lines;
#[cfg(feature = "parquet")]
mod parquet;
pub mod survey;

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use leaksieve_core::IdentifierKind;

pub use self::csv::Column;
pub use self::error::SourceError;
use self::files::range_prefix;
pub use self::files::{Found, check_ranges, find};
use self::hash_count::HashCount;
pub use self::lines::{LineBatches, split as split_lines};

/// Longest line, or cell of a table, that may hold an identifier: 64 KiB.
pub const MAX_RECORD_BYTES: usize = 64 * 1024;

/// Where identifiers are read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Standard input, written `-`.
    Stdin,
    /// A file.
    File(PathBuf),
}

impl Input {
    /// `-` is standard input, all else is a path.
    pub fn from_argument(argument: &Path) -> Self {
        if argument.as_os_str() == "-" {
            Self::Stdin
        } else {
            Self::File(argument.to_path_buf())
        }
    }

    /// Its place, if it has one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdin => None,
            Self::File(path) => Some(path),
        }
    }

    /// Bytes to be read, where that is known beforehand.
    pub fn num_bytes(&self) -> Option<u64> {
        match self {
            Self::Stdin => None,
            Self::File(path) => std::fs::metadata(path)
                .ok()
                .filter(std::fs::Metadata::is_file)
                .map(|metadata| metadata.len()),
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

/// Where in a record the identifier stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The whole line, whatever it looks like.
    Line,
    /// The whole line, unless the lines look like more than an identifier of this kind: a
    /// table, JSON, hashes of passwords. See [`survey`].
    LineOf(IdentifierKind),
    /// A column of a table in CSV or TSV (RFC 4180, with any delimiter), or of a Parquet
    /// file.
    Table {
        /// Which column.
        column: Column,
        /// The byte between columns; `None`: a tab, semicolon, bar or comma, whichever
        /// the first line has most of.
        delimiter: Option<u8>,
    },
    /// The part of the line before its first colon, as in the public `HASH:COUNT` lists.
    /// In a file that is named as a range of them (`ABCDE.txt`), a line that lacks the five
    /// digits of that name gets them.
    BeforeColon {
        /// Entries with a lower count are left out, and one without a count is a fault.
        /// 0: the count is not looked at, and need not be there.
        min_count: u32,
    },
    /// A field of JSON lines: its key, or keys of nested objects with dots between.
    Field(Arc<str>),
}

/// Raw identifiers of one input, with their places.
#[derive(Debug)]
pub struct Batch {
    /// Index of the input.
    pub input: usize,
    bytes: Vec<u8>,
    records: Records,
}

#[derive(Debug)]
enum Records {
    /// Lines with their ends; the first has this number.
    Lines { first_line: u64, layout: LineLayout },
    /// Fields without their delimiters: where each ends, and its line.
    Fields(Vec<Field>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum LineLayout {
    Whole,
    HashCount(HashCount),
    Field(Arc<str>),
}

#[derive(Clone, Copy, Debug)]
struct Field {
    end: usize,
    line: u64,
    fault: Option<Fault>,
}

/// A raw identifier.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its bytes, without the line's end.
    pub text: &'a [u8],
    /// Its line, counted from 1; for a table, the line that its cell ends on.
    pub line: u64,
    /// What is wrong with its row, if anything is.
    pub fault: Option<Fault>,
}

/// Why a record gives no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The row has no such column.
    MissingColumn,
    /// The row goes on over a line end within quotes: a cell of several lines, or lines
    /// that a stray quotation mark swallowed. There is one such record for each line end.
    LineEndInQuotes,
    /// The line is no JSON value, or more than one.
    NotJson,
    /// The JSON value has no such field.
    MissingField,
    /// The field is an object, true or false, or an array in an array.
    NotText,
    /// The field is a number with a fraction or an exponent.
    NotWholeNumber,
    /// The line has no count, and entries are to be left out by it.
    NoCount,
    /// Its count is lower than was asked for. Left out, not rejected.
    BelowMinCount,
}

impl Batch {
    /// Call `each` with every record of the batch.
    pub fn for_each(&self, mut each: impl FnMut(Record<'_>)) {
        match &self.records {
            Records::Lines {
                first_line,
                layout: LineLayout::Whole,
            } => {
                for (line, text) in (*first_line..).zip(lines::split(&self.bytes)) {
                    let fault = None;
                    each(Record { text, line, fault });
                }
            }
            Records::Lines { first_line, layout } => {
                for (line, text) in (*first_line..).zip(lines::split(&self.bytes)) {
                    let mut give = |text: &[u8], fault| each(Record { text, line, fault });
                    match layout {
                        LineLayout::Whole => give(text, None),
                        LineLayout::HashCount(lines) => lines.read(text, give),
                        // What is so long was cut.
                        LineLayout::Field(_) if text.len() >= lines::BATCH_BYTES => {
                            give(text, None)
                        }
                        LineLayout::Field(path) => {
                            json::identifiers(text, path, |value| match value {
                                Ok(text) => give(text, None),
                                Err(fault) => give(b"", Some(fault)),
                            })
                        }
                    }
                }
            }
            Records::Fields(fields) => {
                let mut start = 0;
                for field in fields {
                    each(Record {
                        text: &self.bytes[start..field.end],
                        line: field.line,
                        fault: field.fault,
                    });
                    start = field.end;
                }
            }
        }
    }
}

/// What a stream holds: decompressed, without a byte order mark.
///
/// # Errors
/// [`SourceError`] when it cannot be read, or has to be converted first.
pub fn content<'a>(
    input: &Input,
    reader: impl Read + 'a,
) -> Result<Box<dyn Read + 'a>, SourceError> {
    compression::open(input, reader)
}

/// Read an input to its end, giving each batch to `take`. `advance` is told of the
/// bytes that were read from the file, before decompression.
///
/// # Errors
/// [`SourceError`], or whatever `take` gives.
pub fn read<E: From<SourceError>>(
    index: usize,
    input: &Input,
    layout: &Layout,
    advance: &dyn Fn(u64),
    take: &mut dyn FnMut(Batch) -> Result<(), E>,
) -> Result<(), E> {
    let mut num_bytes = None;
    let raw: Box<dyn Read> = match input {
        Input::Stdin => Box::new(io::stdin().lock()),
        Input::File(path) => {
            let open_error = |error| SourceError::Open {
                input: input.clone(),
                error,
            };
            let mut file = File::open(path).map_err(open_error)?;
            if is_parquet(&mut file).map_err(open_error)? {
                return read_parquet(index, input, file, layout, advance, take);
            }
            let metadata = file.metadata().map_err(open_error)?;
            num_bytes = metadata.is_file().then_some(metadata.len());
            Box::new(file)
        }
    };
    let counted = Counted {
        inner: raw,
        num_read: 0,
        num_bytes,
        advance,
    };
    let reader = survey::document::open(input, content(input, counted)?, layout)?;
    let lines = match layout {
        Layout::Table { column, delimiter } => {
            return csv::read(index, input, reader, column, *delimiter, take);
        }
        Layout::Line | Layout::LineOf(_) => LineLayout::Whole,
        Layout::Field(path) => LineLayout::Field(Arc::clone(path)),
        Layout::BeforeColon { min_count } => {
            let lines = HashCount {
                prefix: match input {
                    Input::Stdin => None,
                    Input::File(path) => range_prefix(path),
                },
                min_count: *min_count,
            };
            LineLayout::HashCount(lines)
        }
    };
    let any_line = read_lines(index, input, reader, &lines, take)?;
    let is_range = matches!(&lines, LineLayout::HashCount(lines) if lines.prefix.is_some());
    if is_range && !any_line {
        return Err(SourceError::EmptyRange {
            input: input.clone(),
        }
        .into());
    }
    Ok(())
}

/// Read lines to the end. Says whether there was any line that is not blank.
fn read_lines<E: From<SourceError>>(
    index: usize,
    input: &Input,
    reader: impl Read,
    layout: &LineLayout,
    take: &mut dyn FnMut(Batch) -> Result<(), E>,
) -> Result<bool, E> {
    let mut batches = LineBatches::new(reader);
    let mut any_line = false;
    loop {
        let first_line = batches.next_line();
        let batch = batches.next_batch().map_err(|error| SourceError::Read {
            input: input.clone(),
            line: first_line - 1,
            error,
        })?;
        let Some(bytes) = batch else {
            return Ok(any_line);
        };
        if !any_line {
            any_line = !bytes.trim_ascii_start().is_empty();
        }
        take(Batch {
            input: index,
            bytes,
            records: Records::Lines {
                first_line,
                layout: layout.clone(),
            },
        })?;
    }
}

/// Is this a Parquet file, by its first bytes and, if they could be the first of a text,
/// by its last?
fn is_parquet(file: &mut File) -> io::Result<bool> {
    // A pipe has no end to look at, and gives its start but once.
    if !file.metadata()?.is_file() {
        return Ok(false);
    }
    let mut start = Vec::new();
    Read::take(&mut *file, 5).read_to_end(&mut start)?;
    let mut end = [0; 4];
    if start.starts_with(b"PAR1") && !start.starts_with(b"PAR1\x15") {
        file.seek(io::SeekFrom::End(-4))?;
        file.read_exact(&mut end)?;
    }
    file.rewind()?;
    Ok(start.starts_with(b"PAR1\x15") || matches!(&end, b"PAR1"))
}

#[cfg(feature = "parquet")]
use self::parquet::read as read_parquet;

#[cfg(not(feature = "parquet"))]
fn read_parquet<E: From<SourceError>>(
    _index: usize,
    input: &Input,
    _file: File,
    _layout: &Layout,
    _advance: &dyn Fn(u64),
    _take: &mut dyn FnMut(Batch) -> Result<(), E>,
) -> Result<(), E> {
    Err(SourceError::Unsupported {
        input: input.clone(),
        found: "a Parquet file, and this leaksieve was built without the feature `parquet`",
        remedy: "build it with that feature (it is among the defaults), or export the column as text",
    }
    .into())
}

/// Tells how much was read, and when the end comes too early.
struct Counted<'a, R> {
    inner: R,
    num_read: u64,
    /// Of a file: its length when it was opened.
    num_bytes: Option<u64>,
    advance: &'a dyn Fn(u64),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let num_bytes = self.inner.read(buffer)?;
        self.num_read += num_bytes as u64;
        (self.advance)(num_bytes as u64);
        match self.num_bytes {
            Some(expected) if num_bytes == 0 && !buffer.is_empty() && self.num_read < expected => {
                Err(io::Error::other(format!(
                    "the file became shorter while it was read: {} of {expected} bytes are left",
                    self.num_read
                )))
            }
            _ => Ok(num_bytes),
        }
    }
}
