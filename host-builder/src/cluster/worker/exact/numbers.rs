//! Numbers of a part -> blobs of them, by their ranges; or of the hashes of their items.

use leaksieve_core::hash::HashFunction;

use super::super::super::Row;
use super::super::super::sender::Sender;
use super::super::super::staging::{Slices, Sum};
use super::super::super::task::{
    NumbersPart, NumbersTask, NumbersTo, Report, TaskError, from_bytes,
};
use super::super::Work;
use crate::pipeline::exact::{hash_each, parts_of};
use crate::pipeline::ranges::Ranges;

pub(in super::super) struct Numbers {
    task: NumbersTask,
    ranges: Ranges,
    /// The part of each range.
    part_of: Vec<usize>,
    sender: Sender,
    /// Of all hashes.
    hashed: Sum,
}

impl Numbers {
    pub(in super::super) fn new(task: NumbersTask) -> Self {
        let (begins, sender) = match &task.to {
            NumbersTo::Ranges(begins) => (begins.clone(), Sender::of_numbers(task.num_bits, 0)),
            NumbersTo::Hashes { .. } => (vec![0], Sender::new(task.num_bits, 0)),
        };
        let parts = parts_of(&begins, 1 << task.num_bits);
        let of_part = |(part, ranges): (usize, std::ops::Range<usize>)| ranges.map(move |_| part);
        Self {
            part_of: parts.into_iter().enumerate().flat_map(of_part).collect(),
            ranges: Ranges::new(begins),
            sender,
            hashed: Sum::default(),
            task,
        }
    }
}

impl Work for Numbers {
    fn row(&mut self, _index: i32, blob: &[u8]) -> Result<(), TaskError> {
        let NumbersPart(staged) = from_bytes(blob).ok_or(TaskError::OtherRows)?;
        let mut slices = Slices::open(&self.task.folder, &staged)?;
        while let Some((_, numbers)) = slices.next()? {
            let numbers = numbers.iter().copied();
            let Self {
                ranges,
                part_of,
                sender,
                hashed,
                ..
            } = self;
            match &self.task.to {
                NumbersTo::Ranges(_) => numbers.for_each(|number| {
                    sender.push_to(part_of[ranges.range_of(number)], number);
                }),
                NumbersTo::Hashes { profile, seed } => {
                    let function = HashFunction::Xxh3 { seed: *seed };
                    hash_each(profile, function, numbers, |hash| {
                        hashed.add(&[hash]);
                        sender.push(hash);
                    });
                }
            }
        }
        Ok(())
    }

    fn take(&mut self) -> Vec<Row> {
        self.sender.take()
    }

    fn finish(&mut self) -> Result<Vec<Row>, TaskError> {
        let mut rows = self.sender.end();
        if matches!(self.task.to, NumbersTo::Hashes { .. }) {
            rows.push(Report::Hashed(self.hashed).row());
        }
        Ok(rows)
    }
}
