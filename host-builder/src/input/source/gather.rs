//! Values one by one -> batches. Rows stand for lines.

use super::batch::{Batch, Records};
use super::input::MAX_RECORD_BYTES;
use super::record::Field;

/// Bytes of values, and values, in a batch.
const BATCH_BYTES: usize = 1 << 20;
pub(crate) const BATCH_VALUES: usize = 1 << 16;

/// Gathers the values of a column to batches of about 1 MiB, and 65,536 values at most.
#[derive(Debug)]
pub struct Gather {
    input: usize,
    row: u64,
    bytes: Vec<u8>,
    fields: Vec<Field>,
}

impl Gather {
    /// Nothing yet, of the input of this index.
    pub const fn new(input: usize) -> Self {
        Self {
            input,
            row: 0,
            bytes: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// The next row: its value, blank if that is missing.
    #[inline]
    pub fn push(&mut self, value: Option<&[u8]>) {
        self.begin_row();
        self.push_with(|bytes| append(value.unwrap_or_default(), bytes));
    }

    /// How many rows were begun.
    pub const fn num_rows(&self) -> u64 {
        self.row
    }

    /// Is it time to [`take`](Self::take) the batch?
    #[inline]
    pub const fn is_full(&self) -> bool {
        self.bytes.len() >= BATCH_BYTES || self.fields.len() >= BATCH_VALUES
    }

    /// What was gathered since the last batch; `None`: nothing.
    pub fn take(&mut self) -> Option<Batch> {
        if self.fields.is_empty() {
            return None;
        }
        Some(Batch {
            input: self.input,
            bytes: std::mem::take(&mut self.bytes),
            records: Records::Fields(std::mem::take(&mut self.fields)),
        })
    }

    /// A batch that was taken and is not needed any more: the next one lies in its place.
    pub fn reuse(&mut self, batch: Batch) {
        let Records::Fields(mut fields) = batch.records else {
            return;
        };
        let mut bytes = batch.bytes;
        if self.fields.is_empty() {
            fields.clear();
            bytes.clear();
            (self.fields, self.bytes) = (fields, bytes);
        }
    }

    #[inline]
    pub(super) const fn begin_row(&mut self) {
        self.row += 1;
    }

    /// A value of the row that was begun; a row may have several.
    #[inline]
    pub(super) fn push_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.fields.push(Field {
            end: self.bytes.len(),
            line: self.row,
            fault: None,
        });
    }
}

/// What is longer is cut, to be rejected later.
#[inline]
pub(super) fn append(value: &[u8], bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&value[..value.len().min(MAX_RECORD_BYTES + 1)]);
}
