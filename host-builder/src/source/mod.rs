//! Files and streams -> raw identifiers, in batches with their line numbers.
//!
//! Memory is bounded whatever an input holds: a batch is about 1 MiB, and what is
//! longer than [`MAX_RECORD_BYTES`] is cut there, to be rejected later.

mod charset;
mod compression;
mod error;
mod files;
mod guess;
mod hash_count;
mod json;
mod lines;
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

pub use self::charset::{Charset, UnknownCharset};
pub use self::error::SourceError;
use self::files::range_prefix;
pub use self::files::{Found, check_ranges, find};
use self::hash_count::HashCount;
pub use self::lines::{LineBatches, split as split_lines};
pub use self::table::{Column, Delimiter};

/// Longest line, or cell of a table, that may hold an identifier: 64 KiB.
pub const MAX_RECORD_BYTES: usize = 64 * 1024;

/// What to do about text that is not UTF-8.
pub(crate) const CHARSET_REMEDY: &str =
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
    /// The whole line.
    Line,
    /// The whole line, unless the first lines look like more than an identifier of this
    /// kind: a table, JSON, hashes of passwords.
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
    Lines {
        first_line: u64,
        layout: LineLayout,
        /// They were decoded, and [`charset::MALFORMED`] stands for what could not be.
        is_decoded: bool,
    },
    /// Fields without their delimiters: where each ends, and its line.
    Fields(Vec<Field>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum LineLayout {
    Whole,
    HashCount(HashCount),
    Field(Arc<str>),
    Table(Arc<table::Table>),
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

impl Record<'_> {
    /// Is its text something else than UTF-8? (Almost all are ASCII, which costs nothing.)
    pub fn is_not_utf_8(&self) -> bool {
        !self.text.is_ascii() && std::str::from_utf8(self.text).is_err()
    }
}

/// Why a record gives no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The row has fewer cells than the table has columns.
    FewerCells,
    /// The row has more cells than the table has columns.
    MoreCells,
    /// A quotation mark closes in the middle of a cell, or never.
    QuoteWithin,
    /// The row goes on over a line end within quotes: a cell of several lines, or lines
    /// that a stray quotation mark swallowed. There is one such record for each line end.
    LineEndInQuotes,
    /// A carriage return stands within the line: lines that end with it alone. There is one
    /// such record for each of these.
    ReturnWithin,
    /// The line is not text of the charset that was given.
    NotOfCharset,
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
    /// What stands behind the colon is no count.
    NotACount,
    /// The hashes are sorted, and those at the end are missing. One such record stands for
    /// all of them.
    EndsEarly,
    /// Its count is lower than was asked for. Left out, not rejected.
    BelowMinCount,
    /// Its count is 0, and none is asked for: an entry that fills up a range. Left out, not
    /// rejected.
    Padding,
}

impl Batch {
    /// Call `each` with every record of the batch.
    pub fn for_each(&self, mut each: impl FnMut(Record<'_>)) {
        match &self.records {
            Records::Lines {
                first_line,
                layout,
                is_decoded,
            } => {
                let odd = Odd::of(&self.bytes, *is_decoded);
                match layout {
                    LineLayout::Whole if odd == Odd::default() => {
                        for (line, text) in (*first_line..).zip(lines::split(&self.bytes)) {
                            let fault = None;
                            each(Record { text, line, fault });
                        }
                    }
                    LineLayout::Table(table) => {
                        table.for_each(&self.bytes, *first_line, odd, each);
                    }
                    layout => {
                        for (line, text) in (*first_line..).zip(lines::split(&self.bytes)) {
                            let mut give = |text: &[u8], fault| each(Record { text, line, fault });
                            match odd.fault(text) {
                                None => layout.read(text, give),
                                Some((fault, count)) => {
                                    (0..count).for_each(|_| give(b"", Some(fault)));
                                }
                            }
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

impl LineLayout {
    /// Give the identifiers of a line, or what is wrong with it.
    fn read(&self, text: &[u8], mut give: impl FnMut(&[u8], Option<Fault>)) {
        match self {
            Self::HashCount(lines) => lines.read(text, give),
            // What is so long was cut.
            Self::Field(path) if text.len() < lines::BATCH_BYTES => {
                json::identifiers(text, path, |value| match value {
                    Ok(text) => give(text, None),
                    Err(fault) => give(b"", Some(fault)),
                });
            }
            Self::Field(_) | Self::Whole | Self::Table(_) => give(text, None),
        }
    }
}

/// What a batch may have within its lines, and most have not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Odd {
    has_returns: bool,
    has_malformed: bool,
}

impl Odd {
    fn of(bytes: &[u8], is_decoded: bool) -> Self {
        let num_returns = memchr::memchr_iter(b'\r', bytes).count();
        let later = bytes.get(1..).unwrap_or_default();
        Self {
            // Nearly always there is none, or one before each line feed.
            has_returns: num_returns > 0
                && num_returns
                    != bytes
                        .iter()
                        .zip(later)
                        .filter(|pair| *pair == (&b'\r', &b'\n'))
                        .count(),
            has_malformed: is_decoded && memchr::memchr(charset::MALFORMED, bytes).is_some(),
        }
    }

    /// What is wrong with this line, and how many lines it may be.
    fn fault(self, line: &[u8]) -> Option<(Fault, usize)> {
        if self.has_returns {
            let num_returns = memchr::memchr_iter(b'\r', line).count();
            if num_returns > 0 {
                return Some((Fault::ReturnWithin, num_returns + 1));
            }
        }
        self.is_malformed(line).then_some((Fault::NotOfCharset, 1))
    }

    fn is_malformed(self, text: &[u8]) -> bool {
        self.has_malformed && memchr::memchr(charset::MALFORMED, text).is_some()
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
    let is_decoded = charset.is_some();
    let (mut lines, guard) = match layout {
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
        Layout::Line | Layout::Encoded { .. } => (LineLayout::Whole, None),
        Layout::LineOf(kind) => (LineLayout::Whole, Some(*kind)),
        Layout::Field(path) => (LineLayout::Field(Arc::clone(path)), None),
        Layout::BeforeColon { min_count, kind } => {
            let lines = HashCount {
                prefix: match input {
                    Input::Stdin => None,
                    Input::File(path) => range_prefix(path),
                },
                min_count: *min_count,
                num_digits: hash_count::num_digits(*kind),
            };
            (LineLayout::HashCount(lines), None)
        }
    };
    let mut batches = LineBatches::new(reader);
    let mut is_first = true;
    let mut has_line = false;
    let mut has_hash = false;
    let mut order = hash_count::Order::new();
    while let Some((first_line, bytes)) = next_batch(input, &mut batches)? {
        if std::mem::take(&mut is_first) {
            start::check(input, &bytes)?;
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
            if let Some(kind) = guard {
                guess::check(input, kind, &bytes)?;
            }
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
