//! Tables in CSV and TSV -> the cells of one column.

use std::io::Read;

use csv_core::{ReadFieldResult, ReaderBuilder};

use super::{Batch, Fault, Field, Input, MAX_RECORD_BYTES, Records, SourceError};

/// Longest row, over all its columns: 1 MiB.
const MAX_ROW_BYTES: u64 = 1 << 20;
/// Bytes that are read at a time; also how much of the first row a delimiter is guessed from.
const CHUNK_BYTES: usize = 1 << 18;
/// Bytes of cells in a batch.
const BATCH_BYTES: usize = 1 << 20;
/// The delimiters that are guessed; the earlier wins a tie.
const DELIMITERS: &[u8] = b"\t;|,";

/// Which column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// By its name in the first row.
    Name(String),
    /// By its place, counted from 0; the first row is data.
    Index(usize),
}

impl Column {
    /// A number is a place counted from 1, all else is a name.
    pub fn from_argument(argument: &str) -> Self {
        match argument
            .parse::<usize>()
            .ok()
            .and_then(|place| place.checked_sub(1))
        {
            Some(index) => Self::Index(index),
            None => Self::Name(argument.to_owned()),
        }
    }
}

/// Read a table, giving batches of the cells of one column to `take`.
pub(super) fn read<E: From<SourceError>>(
    index: usize,
    input: &Input,
    reader: impl Read,
    column: &Column,
    delimiter: Option<u8>,
    take: &mut dyn FnMut(Batch) -> Result<(), E>,
) -> Result<(), E> {
    read_chunks(index, input, reader, column, delimiter, CHUNK_BYTES, take)
}

fn read_chunks<E: From<SourceError>>(
    index: usize,
    input: &Input,
    mut reader: impl Read,
    column: &Column,
    delimiter: Option<u8>,
    chunk_bytes: usize,
    take: &mut dyn FnMut(Batch) -> Result<(), E>,
) -> Result<(), E> {
    let mut table = Table {
        input,
        column,
        wanted: match column {
            Column::Index(index) => Some(*index),
            Column::Name(_) => None,
        },
        cell: Vec::new(),
        found: None,
        column_index: 0,
        row_bytes: 0,
        row_line: 1,
        row_begun: false,
        num_line_ends: 0,
        last_byte: b'\n',
        bytes: Vec::new(),
        fields: Vec::new(),
    };
    let mut chunk = Vec::with_capacity(chunk_bytes);
    let mut parser: Option<csv_core::Reader> = None;
    loop {
        chunk.clear();
        (&mut reader)
            .take(chunk_bytes as u64)
            .read_to_end(&mut chunk)
            .map_err(|error| SourceError::Read {
                input: input.clone(),
                line: table.num_line_ends,
                error,
            })?;
        let parser = parser.get_or_insert_with(|| {
            let delimiter = delimiter.unwrap_or_else(|| guess_delimiter(&chunk));
            ReaderBuilder::new()
                .delimiter(delimiter)
                // TSV has no quoting (IANA, text/tab-separated-values): a stray quotation
                // mark in a nickname must not swallow the rows behind it. Nor have
                // NAME:PASSWORD lists.
                .quoting(!matches!(delimiter, b'\t' | b':'))
                .build()
        });
        table.parse(parser, &chunk)?;
        if (chunk.is_empty() || table.bytes.len() >= BATCH_BYTES)
            && let Some(batch) = table.batch(index)
        {
            take(batch)?;
        }
        if chunk.is_empty() {
            return Ok(());
        }
    }
}

/// Of the delimiters in the first line, the most frequent.
fn guess_delimiter(start: &[u8]) -> u8 {
    let end = memchr::memchr(b'\n', start).unwrap_or(start.len());
    let count = |delimiter: u8| memchr::memchr_iter(delimiter, &start[..end]).count();
    DELIMITERS
        .iter()
        .copied()
        .rev()
        .max_by_key(|delimiter| count(*delimiter))
        .unwrap_or(b',')
}

struct Table<'a> {
    input: &'a Input,
    column: &'a Column,
    /// Place of the column; not known while the first row is read for its name.
    wanted: Option<usize>,
    /// What was read of the current cell, up to [`MAX_RECORD_BYTES`] and one.
    cell: Vec<u8>,
    /// In the first row: the place of the name.
    found: Option<usize>,
    column_index: usize,
    row_bytes: u64,
    /// The row's first line, once a byte of it was read.
    row_line: u64,
    row_begun: bool,
    /// Line ends that were read, and the byte that was read last.
    num_line_ends: u64,
    last_byte: u8,
    bytes: Vec<u8>,
    fields: Vec<Field>,
}

impl Table<'_> {
    /// Feed a piece of the file; an empty one says that it ended.
    fn parse(&mut self, parser: &mut csv_core::Reader, chunk: &[u8]) -> Result<(), SourceError> {
        let mut rest = chunk;
        let mut output = [0; 4096];
        loop {
            let (result, consumed, written) = parser.read_field(rest, &mut output);
            let (read, unread) = rest.split_at(consumed);
            rest = unread;
            self.count_lines(read);
            self.last_byte = read.last().copied().unwrap_or(self.last_byte);
            self.row_bytes += consumed as u64;
            if self.row_bytes > MAX_ROW_BYTES {
                return Err(SourceError::EndlessRow {
                    input: self.input.clone(),
                    line: self.row_line,
                    limit_bytes: MAX_ROW_BYTES,
                });
            }
            if self.wanted.is_none_or(|wanted| wanted == self.column_index) {
                let room = (MAX_RECORD_BYTES + 1).saturating_sub(self.cell.len());
                self.cell.extend_from_slice(&output[..written.min(room)]);
            }
            match result {
                ReadFieldResult::InputEmpty => return Ok(()),
                ReadFieldResult::OutputFull => {}
                ReadFieldResult::Field { record_end } => {
                    self.end_of_cell();
                    if record_end {
                        self.end_of_row()?;
                    }
                }
                ReadFieldResult::End => return Ok(()),
            }
            // To the parser an empty input is the end of the table.
            if rest.is_empty() && !chunk.is_empty() {
                return Ok(());
            }
        }
    }

    fn end_of_cell(&mut self) {
        match (self.wanted, self.column) {
            (Some(wanted), _) if wanted == self.column_index => {
                self.bytes.append(&mut self.cell);
                self.push_field(None);
            }
            (None, Column::Name(name)) => {
                let cell = self.cell.trim_ascii();
                if self.found.is_none() && cell.eq_ignore_ascii_case(name.trim().as_bytes()) {
                    self.found = Some(self.column_index);
                }
            }
            _ => {}
        }
        self.cell.clear();
        self.column_index += 1;
    }

    fn end_of_row(&mut self) -> Result<(), SourceError> {
        match (self.wanted, self.column) {
            (Some(wanted), _) => {
                if wanted >= self.column_index {
                    self.push_field(Some(Fault::MissingColumn));
                }
            }
            (None, Column::Name(name)) => {
                self.wanted = Some(self.found.ok_or_else(|| SourceError::NoSuchColumn {
                    input: self.input.clone(),
                    name: name.clone(),
                    num_columns: self.column_index,
                })?);
            }
            (None, Column::Index(_)) => {}
        }
        self.column_index = 0;
        for _ in self.row_line..self.line() {
            self.push_field(Some(Fault::LineEndInQuotes));
        }
        self.row_bytes = 0;
        self.row_begun = false;
        Ok(())
    }

    fn count_lines(&mut self, read: &[u8]) {
        let num_line_ends = |bytes| memchr::memchr_iter(b'\n', bytes).count() as u64;
        // What the row before left of its end, and blank lines.
        let is_blank = |byte: &u8| matches!(byte, b'\r' | b'\n');
        let blank = match read.iter().position(|byte| !is_blank(byte)) {
            _ if self.row_begun => 0,
            Some(first) => first,
            None => read.len(),
        };
        let (blank, row) = read.split_at(blank);
        self.num_line_ends += num_line_ends(blank);
        if !self.row_begun && !row.is_empty() {
            self.row_begun = true;
            self.row_line = self.num_line_ends + 1;
        }
        self.num_line_ends += num_line_ends(row);
    }

    /// The line that the last byte is of. (Of CR LF, a row ends with the CR.)
    fn line(&self) -> u64 {
        self.num_line_ends + u64::from(self.last_byte != b'\n')
    }

    fn push_field(&mut self, fault: Option<Fault>) {
        self.fields.push(Field {
            end: self.bytes.len(),
            line: self.line(),
            fault,
        });
    }

    fn batch(&mut self, input: usize) -> Option<Batch> {
        if self.fields.is_empty() {
            return None;
        }
        Some(Batch {
            input,
            bytes: std::mem::take(&mut self.bytes),
            records: Records::Fields(std::mem::take(&mut self.fields)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cells of the second column, or what is wrong, with their lines.
    fn cells(table: &str, chunk_bytes: usize) -> Vec<(Result<String, Fault>, u64)> {
        let mut cells = Vec::new();
        read_chunks(
            0,
            &Input::Stdin,
            table.as_bytes(),
            &Column::Index(1),
            Some(b','),
            chunk_bytes,
            &mut |batch| {
                batch.for_each(|record| {
                    let text = String::from_utf8(record.text.to_vec()).unwrap();
                    cells.push((record.fault.map_or(Ok(text), Err), record.line));
                });
                Ok::<_, SourceError>(())
            },
        )
        .unwrap();
        cells
    }

    /// A chunk may end anywhere, behind a cell too: the parser takes an empty input for
    /// the end of the table, so it must see one only there.
    #[test]
    fn wherever_chunks_end() {
        let table = "1,a,x\n2,\"b,\"\"b\",y\r\n\r\n3,,z\n4\n5,\"c\nc\",\n6,d";
        let expected = [
            (Ok("a"), 1),
            (Ok("b,\"b"), 2),
            (Ok(""), 4),
            (Err(Fault::MissingColumn), 5),
            (Ok("c\nc"), 7),
            (Err(Fault::LineEndInQuotes), 7),
            (Ok("d"), 8),
        ];
        let expected = expected.map(|(cell, line)| (cell.map(str::to_owned), line));
        for chunk_bytes in 1..=table.len() + 1 {
            assert_eq!(cells(table, chunk_bytes), expected, "{chunk_bytes}");
        }
    }

    /// A quotation mark that is never closed swallows the rows behind it: each is counted.
    #[test]
    fn swallowed_rows_are_counted() {
        let table = "1,a\n2,\"b\n3,c\n4,d\n";
        let faults = cells(table, 1 << 18)
            .iter()
            .filter(|(cell, _)| *cell == Err(Fault::LineEndInQuotes))
            .count();
        assert!(faults >= 2, "{faults}");
        // Blank lines and CR LF are no such thing.
        for table in [
            "\r\n\r\n1,a\r\n\r\n\r\n2,b\r\n",
            "\n1,a\n\n\n2,b",
            "1,a\r\n2,b\r\n\r\n",
        ] {
            for chunk_bytes in 1..20 {
                let cells = cells(table, chunk_bytes);
                assert!(cells.len() == 2 && cells.iter().all(|(cell, _)| cell.is_ok()));
            }
        }
    }
}
