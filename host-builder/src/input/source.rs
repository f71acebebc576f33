//! Files and streams -> raw identifiers, in batches with their line numbers.
//!
//! Memory is bounded whatever an input holds: a batch is about 1 MiB, and what is
//! longer than [`MAX_RECORD_BYTES`] is cut there, to be rejected later.

pub(crate) mod batch;
mod charset;
mod compression;
mod error;
mod files;
pub(crate) mod hash_count;
pub(crate) mod json;
pub(crate) mod lines;
#[cfg(feature = "parquet")]
mod parquet;
mod start;
mod table;

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use leaksieve_core::IdentifierKind;

use crate::input::survey;

pub use self::batch::{Batch, Fault, Record};
pub(crate) use self::batch::{Field, LineLayout, Odd, Records};
pub use self::charset::{Charset, UnknownCharset};
pub use self::error::SourceError;
pub(crate) use self::files::range_prefix;
pub use self::files::{Found, check_ranges, find};
use self::hash_count::HashCount;
pub use self::lines::{LineBatches, split as split_lines};
pub use self::table::{Column, Delimiter};

/// Longest line, or cell of a table, that may hold an identifier: 64 KiB.
pub const MAX_RECORD_BYTES: usize = 64 * 1024;

/// What to do about text that is not UTF-8.
pub const CHARSET_REMEDY: &str =
    "give --charset, as in --charset gb18030, big5, shift_jis or windows-1252";

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
        /// What stands between columns; `None`: a tab, semicolon, bar or comma, whichever
        /// the first lines have most regularly.
        delimiter: Option<Delimiter>,
        /// What the cells are.
        kind: IdentifierKind,
    },
    /// The part of the line before its first colon, as in the public `HASH:COUNT` lists.
    /// In a file that is named as a range of them (`ABCDE.txt`), a line that lacks the five
    /// digits of that name gets them.
    BeforeColon {
        /// What the hashes are.
        kind: IdentifierKind,
        /// Entries with a lower count are left out, and one without a count is a fault.
        /// 0: the count is not looked at, and need not be there.
        min_count: u32,
    },
    /// A field of JSON lines: its key, or keys of nested objects with dots between.
    Field(Arc<str>),
    /// Text of another charset than UTF-8.
    Encoded {
        /// The charset.
        charset: Charset,
        /// Where the identifier stands in the text; not another of these.
        layout: Box<Layout>,
    },
}

impl Layout {
    /// The charset that was named, if any, and the layout of the text.
    pub fn parts(&self) -> (Option<Charset>, &Self) {
        match self {
            Self::Encoded { charset, layout } => (Some(*charset), layout),
            layout => (None, layout),
        }
    }

    /// Entries with a lower count are left out; 0: none are.
    pub fn min_count(&self) -> u32 {
        match self.parts().1 {
            Self::BeforeColon { min_count, .. } => *min_count,
            _ => 0,
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
    compression::open(input, None, reader)
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
    let (charset, layout) = layout.parts();
    let reader = compression::open(input, charset, counted)?;
    let reader = survey::document::open(input, reader, layout)?;
    let is_decoded = charset.is_some();
    let mut lines = match layout {
        Layout::Table {
            column,
            delimiter,
            kind,
        } => {
            let wanted = table::Wanted {
                column,
                delimiter: *delimiter,
                kind: *kind,
            };
            return table::read(index, input, reader, is_decoded, wanted, take);
        }
        Layout::Line | Layout::LineOf(_) | Layout::Encoded { .. } => LineLayout::Whole,
        Layout::Field(path) => LineLayout::Field(Arc::clone(path)),
        Layout::BeforeColon { min_count, kind } => {
            let lines = HashCount {
                prefix: match input {
                    Input::Stdin => None,
                    Input::File(path) => range_prefix(path),
                },
                min_count: *min_count,
                num_digits: hash_count::num_digits(*kind),
            };
            LineLayout::HashCount(lines)
        }
    };
    let mut batches = LineBatches::new(reader);
    let mut is_first = true;
    let mut has_line = false;
    let mut has_hash = false;
    let mut order = hash_count::Order::new();
    while let Some((first_line, bytes)) = next_batch(input, &mut batches)? {
        if std::mem::take(&mut is_first) {
            start::check(input, &bytes, is_decoded)?;
        } else if start::is_cut(&bytes) {
            start::check_line_ends(input, &bytes)?;
        }
        if let LineLayout::HashCount(lines) = &mut lines {
            order.next(&bytes);
            if !has_hash {
                if lines.is_of_all_ranges(&bytes) && !input.path().is_some_and(files::has_neighbour)
                {
                    lines.prefix = None;
                }
                has_hash = lines.check(input, &bytes)?;
            }
        }
        if !has_line {
            has_line = !bytes.trim_ascii_start().is_empty();
        }
        take(Batch {
            input: index,
            bytes,
            records: Records::Lines {
                first_line,
                layout: lines.clone(),
                is_decoded,
            },
        })?;
    }
    let LineLayout::HashCount(lines) = lines else {
        return Ok(());
    };
    let num_lines = batches.next_line() - 1;
    if lines.prefix.is_some() && !has_hash {
        return Err(SourceError::EmptyRange {
            input: input.clone(),
        }
        .into());
    }
    if lines.prefix.is_none() && order.ends_early(num_lines) {
        let lost = Field {
            end: 0,
            line: num_lines,
            fault: Some(Fault::EndsEarly),
        };
        take(Batch {
            input: index,
            bytes: Vec::new(),
            records: Records::Fields(vec![lost]),
        })?;
    }
    Ok(())
}

/// The next lines, and the number of the first.
fn next_batch(
    input: &Input,
    batches: &mut LineBatches<impl Read>,
) -> Result<Option<(u64, Vec<u8>)>, SourceError> {
    let first_line = batches.next_line();
    match batches.next_batch() {
        Ok(batch) => Ok(batch.map(|bytes| (first_line, bytes))),
        Err(error) => Err(SourceError::Read {
            input: input.clone(),
            line: first_line - 1,
            error,
        }),
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
