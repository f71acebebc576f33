//! Files and streams -> raw identifiers, in batches with their line numbers.
//!
//! Memory is bounded whatever an input holds: a batch is about 1 MiB, and what is
//! longer than [`MAX_RECORD_BYTES`] is cut there, to be rejected later.

mod compression;
mod csv;
mod lines;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

pub use self::csv::Column;
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
    /// The whole line.
    Line,
    /// A column of a table in CSV or TSV (RFC 4180, with any delimiter).
    Table {
        /// Which column.
        column: Column,
        /// The byte between columns; `None`: a tab, semicolon, bar or comma, whichever
        /// the first line has most of.
        delimiter: Option<u8>,
    },
    /// The part of the line before its first colon, as in the public `HASH:COUNT` lists.
    BeforeColon {
        /// Entries with a lower count are left out, and one without a count is a fault.
        /// 0: the count is not looked at, and need not be there.
        min_count: u32,
    },
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LineLayout {
    Whole,
    BeforeColon { min_count: u32 },
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
    /// The line has no count, and entries are to be left out by it.
    NoCount,
    /// Its count is lower than was asked for. Left out, not rejected.
    BelowMinCount,
}

/// The hash of a `HASH:COUNT` line.
fn hash_of(line: &[u8], min_count: u32) -> (&[u8], Option<Fault>) {
    let (hash, count) = match memchr::memchr(b':', line) {
        Some(colon) => (&line[..colon], &line[colon + 1..]),
        None => (line, &[][..]),
    };
    if min_count == 0 || line.trim_ascii().is_empty() {
        return (hash, None);
    }
    let count = count.trim_ascii();
    let fault = if count.is_empty() || !count.iter().all(u8::is_ascii_digit) {
        Some(Fault::NoCount)
    } else {
        let number = count.iter().fold(0u64, |number, digit| {
            number
                .saturating_mul(10)
                .saturating_add(u64::from(digit - b'0'))
        });
        (number < min_count.into()).then_some(Fault::BelowMinCount)
    };
    (hash, fault)
}

impl Batch {
    /// Call `each` with every record of the batch.
    pub fn for_each(&self, mut each: impl FnMut(Record<'_>)) {
        match &self.records {
            Records::Lines { first_line, layout } => {
                for (line, text) in (*first_line..).zip(lines::split(&self.bytes)) {
                    let (text, fault) = match layout {
                        LineLayout::Whole => (text, None),
                        LineLayout::BeforeColon { min_count } => hash_of(text, *min_count),
                    };
                    each(Record { text, line, fault });
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

/// Why an input could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It could not be opened.
    #[error("{input}: {error}")]
    Open {
        /// The input.
        input: Input,
        /// What the system said.
        error: io::Error,
    },
    /// It could not be read to its end.
    #[error("{input}: behind line {line}: {error}; the input may be damaged or cut short")]
    Read {
        /// The input.
        input: Input,
        /// Last line that was read.
        line: u64,
        /// What the system or the decompressor said.
        error: io::Error,
    },
    /// A format that has to be converted first.
    #[error("{input}: this is {found}; {remedy}")]
    Unsupported {
        /// The input.
        input: Input,
        /// What it looks like.
        found: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// The named column is not in the first row.
    #[error(
        "{input}: the first row has no column named {name:?} (it has {num_columns} columns); \
         give --column a name of that row, or a number counted from 1 when there is no such row"
    )]
    NoSuchColumn {
        /// The input.
        input: Input,
        /// The name that was asked for.
        name: String,
        /// Columns of the first row.
        num_columns: usize,
    },
    /// A row of a table does not end.
    #[error(
        "{input}: the row that begins on line {line} is longer than {limit_bytes} bytes: \
         a quotation mark that is never closed? Mend that row, or convert the file"
    )]
    EndlessRow {
        /// The input.
        input: Input,
        /// Where the row begins.
        line: u64,
        /// Longest row.
        limit_bytes: u64,
    },
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
    let raw: Box<dyn Read> = match input {
        Input::Stdin => Box::new(io::stdin().lock()),
        Input::File(path) => Box::new(open_file(input, path)?),
    };
    let reader = content(
        input,
        Counted {
            inner: raw,
            advance,
        },
    )?;
    match layout {
        Layout::Line => read_lines(index, input, reader, LineLayout::Whole, take),
        Layout::BeforeColon { min_count } => {
            let layout = LineLayout::BeforeColon {
                min_count: *min_count,
            };
            read_lines(index, input, reader, layout, take)
        }
        Layout::Table { column, delimiter } => {
            csv::read(index, input, reader, column, *delimiter, take)
        }
    }
}

fn read_lines<E: From<SourceError>>(
    index: usize,
    input: &Input,
    reader: impl Read,
    layout: LineLayout,
    take: &mut dyn FnMut(Batch) -> Result<(), E>,
) -> Result<(), E> {
    let mut batches = LineBatches::new(reader);
    loop {
        let first_line = batches.next_line();
        match batches.next_batch() {
            Ok(None) => return Ok(()),
            Ok(Some(bytes)) => take(Batch {
                input: index,
                bytes,
                records: Records::Lines { first_line, layout },
            })?,
            Err(error) => {
                return Err(SourceError::Read {
                    input: input.clone(),
                    line: first_line - 1,
                    error,
                }
                .into());
            }
        }
    }
}

fn open_file(input: &Input, path: &Path) -> Result<File, SourceError> {
    let open_error = |error| SourceError::Open {
        input: input.clone(),
        error,
    };
    let file = File::open(path).map_err(open_error)?;
    if file.metadata().map_err(open_error)?.is_dir() {
        return Err(SourceError::Unsupported {
            input: input.clone(),
            found: "a folder",
            remedy: "name the files in it, as in FOLDER/*.txt",
        });
    }
    Ok(file)
}

/// Tells how much was read.
struct Counted<'a, R> {
    inner: R,
    advance: &'a dyn Fn(u64),
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let num_bytes = self.inner.read(buffer)?;
        (self.advance)(num_bytes as u64);
        Ok(num_bytes)
    }
}
