//! Hashes -> rows, each a blob of one part, for a shuffle.

use super::Row;
use super::blob;
use super::staging::Sum;
use super::task::Report;
use crate::pipeline::sort::{sort_and_dedup, sort_and_dedup_keys};

/// Hashes that wait in all parts together, at most: 16 MiB. The more of a part, the fewer bytes each takes.
const NUM_WAITING: usize = 1 << 21;
/// Those of one part.
const MAX_BLOB_HASHES: usize = 1 << 15;

/// Gathers hashes by their first bits, or numbers by what else is said. What stands twice in a blob stands once in it, so a text that
/// fills half of a list is sent once a blob.
pub(crate) struct Sender {
    num_bits: u32,
    /// They are no hashes, and their first bits are not those of their part.
    are_numbers: bool,
    first_part: u32,
    waiting: Vec<Vec<u64>>,
    most: usize,
    scratch: Vec<u64>,
    rows: Vec<Row>,
    /// What was sent.
    pub(crate) sent: Sum,
}

impl Sender {
    /// To parts from `first_part` on, one for each value of the first `num_bits` bits.
    pub(crate) fn new(num_bits: u32, first_part: u32) -> Self {
        Self {
            num_bits,
            are_numbers: false,
            first_part,
            waiting: vec![Vec::new(); 1 << num_bits],
            most: (NUM_WAITING >> num_bits).min(MAX_BLOB_HASHES),
            scratch: Vec::new(),
            rows: Vec::new(),
            sent: Sum::default(),
        }
    }

    /// Of numbers: [`push_to`](Self::push_to) says to which part.
    pub(crate) fn of_numbers(num_bits: u32, first_part: u32) -> Self {
        Self {
            are_numbers: true,
            ..Self::new(num_bits, first_part)
        }
    }

    /// The index of the part of a hash.
    #[inline]
    pub(crate) fn index_of(&self, hash: u64) -> usize {
        hash.checked_shr(u64::BITS - self.num_bits).unwrap_or(0) as usize
    }

    #[inline]
    pub(crate) fn push(&mut self, hash: u64) {
        self.push_to(self.index_of(hash), hash);
    }

    /// Send a key to the part of this index.
    #[inline]
    pub(crate) fn push_to(&mut self, index: usize, key: u64) {
        let waiting = &mut self.waiting[index];
        waiting.push(key);
        if waiting.len() >= self.most {
            self.send(index);
        }
    }

    #[cold]
    fn send(&mut self, index: usize) {
        let waiting = &mut self.waiting[index];
        if self.are_numbers {
            sort_and_dedup_keys(waiting, &mut self.scratch);
            self.sent.add_numbers(waiting);
        } else {
            sort_and_dedup(waiting, &mut self.scratch, self.num_bits);
            self.sent.add(waiting);
        }
        let mut blob = Vec::with_capacity(waiting.len() * size_of::<u64>());
        blob::encode(waiting, &mut blob);
        blob.shrink_to_fit();
        waiting.clear();
        self.rows.push(Row {
            part: (self.first_part + index as u32) as i32,
            blob,
        });
    }

    /// The rows that are ready.
    pub(crate) fn take(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.rows)
    }

    /// All that wait, as rows, and one that tells the driver how much was sent.
    pub(crate) fn end(&mut self) -> Vec<Row> {
        let mut rows = self.finish();
        rows.push(Report::Sent(self.sent).row());
        rows
    }

    /// All that wait, as rows.
    pub(crate) fn finish(&mut self) -> Vec<Row> {
        for index in 0..self.waiting.len() {
            if !self.waiting[index].is_empty() {
                self.send(index);
            }
        }
        self.take()
    }
}
