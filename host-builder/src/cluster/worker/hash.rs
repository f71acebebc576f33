//! A share of the column -> blobs of hashes, and what the driver needs to know.

use super::super::Row;
use super::super::sender::Sender;
use super::super::staging::Sum;
use super::super::task::{HashTask, Read, Report};
use crate::input::normalise::{Counts, Key};
use crate::input::source::Gather;
use crate::input::speller::Sample;
use crate::input::survey::Rest;
use crate::pipeline::exact::scatter;

/// Records are kept of a share for the speller: one of so many rows, but not fewer than so many. Many
/// shares are together as good as one list, and what is sent of them is a tenth of the hashes.
const ROWS_PER_RECORD: u64 = 32;
const LEAST_RECORDS: u64 = 5_000;

pub(super) struct Hash {
    task: HashTask,
    number: u32,
    gather: Gather,
    counts: Counts,
    sample: Sample,
    rest: Rest,
    hashes: Keys,
    numbers: Option<Keys>,
}

/// Of one kind.
struct Keys {
    sender: Sender,
    all: Sum,
}

impl Keys {
    fn new(sender: Sender) -> Self {
        Self {
            sender,
            all: Sum::default(),
        }
    }

    #[inline]
    fn push(&mut self, key: u64) {
        self.all.add(&[key]);
        self.sender.push(key);
    }

    /// Numbers are divided as they are scattered, and sent in their order, which takes fewer bytes.
    #[inline]
    fn push_number(&mut self, number: u64) {
        let key = scatter(number);
        self.all.add(&[key]);
        self.sender.push_to(self.sender.index_of(key), number);
    }
}

impl Hash {
    pub(super) fn new(task: HashTask, number: u32) -> Self {
        let num_first = task.num_first.get(number as usize).copied().unwrap_or(0);
        let num_bits = task.num_bits;
        let numbers = task
            .has_numbers
            .then(|| Keys::new(Sender::of_numbers(num_bits, 1 << num_bits)));
        Self {
            number,
            gather: Gather::new(number as usize),
            counts: Counts::default(),
            sample: Sample::new(task.seed),
            rest: Rest::behind(num_first),
            hashes: Keys::new(Sender::new(num_bits, 0)),
            numbers,
            task,
        }
    }

    #[inline]
    pub(super) fn value(&mut self, value: Option<&[u8]>) {
        self.gather.push(value);
        if self.gather.is_full() {
            self.hash();
        }
    }

    fn hash(&mut self) {
        let Some(batch) = self.gather.take() else {
            return;
        };
        self.rest.keep(&batch);
        let Self {
            task,
            counts,
            sample,
            hashes,
            numbers,
            ..
        } = self;
        let mut take = |key, _place| match (key, &mut *numbers) {
            (Key::Number(number), Some(numbers)) => numbers.push_number(number),
            (Key::Hash(key) | Key::Number(key), _) => hashes.push(key),
        };
        task.rules
            .hash_batch(&batch, task.manner, counts, sample, &mut take);
        self.gather.reuse(batch);
    }

    pub(super) fn take(&mut self) -> Vec<Row> {
        let mut rows = self.hashes.sender.take();
        if let Some(numbers) = &mut self.numbers {
            rows.extend(numbers.sender.take());
        }
        rows
    }

    pub(super) fn finish(&mut self) -> Vec<Row> {
        self.hash();
        let mut rows = self.hashes.sender.finish();
        let mut sent = self.hashes.sender.sent;
        if let Some(numbers) = &mut self.numbers {
            rows.extend(numbers.sender.finish());
            sent.merge(numbers.sender.sent);
        }
        let seed = self.task.seed;
        let num_rows = self.gather.num_rows();
        let num_records = (num_rows / ROWS_PER_RECORD).max(LEAST_RECORDS);
        self.sample.keep_some(num_records as usize);
        let read = Read {
            counts: std::mem::take(&mut self.counts),
            sample: std::mem::replace(&mut self.sample, Sample::new(seed)),
            rest: std::mem::replace(&mut self.rest, Rest::behind(0)),
            num_rows: vec![(self.number, num_rows)],
            hashes: self.hashes.all,
            numbers: self
                .numbers
                .as_ref()
                .map_or_else(Sum::default, |numbers| numbers.all),
            sent,
        };
        rows.push(Report::Read(Box::new(read)).row());
        rows
    }
}
