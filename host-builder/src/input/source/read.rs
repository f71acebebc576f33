//! An input -> batches of records: which format it has, and what each must not be.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::sync::Arc;

use super::batch::{Batch, LineLayout, Records};
use super::column::Wanted;
use super::error::SourceError;
use super::files::{has_neighbour, range_prefix};
use super::hash_count::{self, HashCount};
use super::input::Input;
use super::layout::Layout;
use super::lines::{LineBatches, next_batch};
use super::record::{Fault, Field};
use super::table;
use super::{compression, start, values};
use crate::input::survey::document;

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
        Input::Values(column) => return values::read(index, column, layout, advance, take),
    };
    let counted = Counted {
        inner: raw,
        num_read: 0,
        num_bytes,
        advance,
    };
    let (charset, layout) = layout.parts();
    let reader = compression::open(input, charset, counted)?;
    let reader = document::open(input, reader, layout)?;
    let is_decoded = charset.is_some();
    let mut lines = match layout {
        Layout::Table {
            column,
            delimiter,
            kind,
        } => {
            let wanted = Wanted {
                column,
                delimiter: *delimiter,
                kind: *kind,
            };
            return table::read(index, input, reader, is_decoded, wanted, take);
        }
        Layout::Line | Layout::LineOf(_) | Layout::Encoded { .. } => LineLayout::Whole,
        Layout::Field { path, kind } => LineLayout::Field(Arc::clone(path), *kind),
        Layout::BeforeColon { min_count, kind } => {
            let lines = HashCount {
                prefix: match input {
                    Input::File(path) => range_prefix(path),
                    Input::Stdin | Input::Values(_) => None,
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
                if lines.is_of_all_ranges(&bytes) && !input.path().is_some_and(has_neighbour) {
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
use super::parquet::read as read_parquet;

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
        remedy:
            "build it with that feature (it is among the defaults), or export the column as text"
                .into(),
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
