//! What tasks told, put together and compared.

use super::super::Row;
use super::super::staging::{Staged, Sum};
use super::super::task::{Checked, Encoded, EncodedExact, Read, Report};
use super::ClusterError;
use crate::pipeline::exact::BlockTrial;
use crate::pipeline::partition::range_of_bits;

/// What all tasks of a step told.
#[derive(Default)]
pub(super) struct Told {
    pub(super) read: Option<Box<Read>>,
    sent: Sum,
    came: Sum,
    pub(super) staged: Vec<Staged>,
    pub(super) encoded: Vec<Encoded>,
    pub(super) is_unsolvable: bool,
    pub(super) checked: Vec<Checked>,
    pub(super) begins: Option<Vec<u64>>,
    pub(super) trial: BlockTrial,
    pub(super) hashed: Sum,
    pub(super) encoded_exact: Vec<EncodedExact>,
}

impl Told {
    pub(super) fn of(rows: &[Row]) -> Result<Self, ClusterError> {
        let mut told = Self::default();
        for row in rows {
            match Report::of(row).ok_or(ClusterError::OtherRows)? {
                Report::Read(read) => {
                    told.sent.merge(read.sent);
                    match &mut told.read {
                        Some(all) => all.merge(*read),
                        None => told.read = Some(read),
                    }
                }
                Report::Sent(sent) => told.sent.merge(sent),
                Report::Staged {
                    staged,
                    came,
                    trial,
                } => {
                    told.came.merge(came);
                    told.trial.merge(trial.unwrap_or_default());
                    told.staged.push(staged);
                }
                Report::Encoded(encoded) => told.encoded.push(encoded),
                Report::Unsolvable => told.is_unsolvable = true,
                Report::Checked(checked) => told.checked.push(checked),
                Report::Begins(begins) => {
                    if told.begins.replace(begins).is_some() {
                        return Err(ClusterError::OtherRows);
                    }
                }
                Report::Hashed(hashed) => told.hashed.merge(hashed),
                Report::EncodedExact(encoded) => told.encoded_exact.push(encoded),
            }
        }
        Ok(told)
    }

    /// Came what was sent? Gives how many hashes it was.
    pub(super) fn ensure_shuffled(&self) -> Result<u64, ClusterError> {
        if self.sent == self.came {
            Ok(self.sent.count)
        } else {
            Err(ClusterError::Shuffle {
                sent: self.sent.count,
                came: self.came.count,
            })
        }
    }
}

/// Hashes in files, a part each.
#[derive(Clone, Debug)]
pub(super) struct List {
    pub(super) num_bits: u32,
    /// `None`: there are none of this part.
    pub(super) parts: Vec<Option<Staged>>,
    pub(super) distinct: Sum,
}

impl List {
    /// Those of parts from `first_part` on, which are taken out of `staged`.
    pub(super) fn of(
        num_bits: u32,
        first_part: u32,
        staged: &mut Vec<Staged>,
    ) -> Result<Self, ClusterError> {
        let mut list = Self {
            num_bits,
            parts: vec![None; 1 << num_bits],
            distinct: Sum::default(),
        };
        let end = first_part + (1 << num_bits);
        for staged in staged.extract_if(.., |staged| (first_part..end).contains(&staged.part)) {
            list.distinct.merge(staged.distinct);
            let index = (staged.part - first_part) as usize;
            if list.parts[index].replace(staged).is_some() {
                return Err(ClusterError::OtherRows);
            }
        }
        Ok(list)
    }

    /// With the parts of others that are not here.
    pub(super) fn or(mut self, others: Self) -> Self {
        for (part, other) in self.parts.iter_mut().zip(others.parts) {
            if let (None, Some(other)) = (&part, other) {
                self.distinct.merge(other.distinct);
                *part = Some(other);
            }
        }
        self
    }

    /// The number and the sum of distinct hashes of the parts whose hashes are all below `end`.
    pub(super) fn below(&self, end: u128) -> Sum {
        let mut below = Sum::default();
        for (part, staged) in (0..).zip(&self.parts) {
            if let Some(staged) = staged
                && range_of_bits(self.num_bits, part).end <= end
            {
                below.merge(staged.distinct);
            }
        }
        below
    }

    /// Are these all of the items?
    pub(super) fn ensure_all(
        &self,
        found: impl IntoIterator<Item = Sum>,
    ) -> Result<(), ClusterError> {
        let mut all = Sum::default();
        found.into_iter().for_each(|sum| all.merge(sum));
        if all == self.distinct {
            Ok(())
        } else {
            Err(ClusterError::Items {
                expected: self.distinct.count,
                found: all.count,
            })
        }
    }
}
