//! Blobs that came through a shuffle -> a file for each part.

use std::collections::BTreeMap;

use super::super::staging::{Shares, Slices, Sum, stage};
use super::super::task::{Ordered, Read, Report, StageKind, StageTask, TaskError, from_bytes};
use super::super::{FOR_DRIVER, Row};
use super::Work;
use crate::pipeline::exact::{BlockTrial, begins, parts_of, scatter};
use crate::pipeline::partition::range_of;
use crate::sizing::exact::Parameters;

pub(super) struct Stage {
    task: StageTask,
    /// By part. They take fewer bytes than the hashes in them.
    blobs: BTreeMap<u32, Vec<Vec<u8>>>,
    /// What others tell the driver: the same in fewer rows.
    sent: Sum,
    read: Option<Box<Read>>,
    for_driver: Vec<Row>,
}

impl Stage {
    pub(super) fn new(task: StageTask) -> Self {
        Self {
            task,
            blobs: BTreeMap::new(),
            sent: Sum::default(),
            read: None,
            for_driver: Vec::new(),
        }
    }

    fn for_driver(&mut self, blob: &[u8]) -> Result<(), TaskError> {
        match from_bytes(blob).ok_or(TaskError::OtherRows)? {
            Report::Sent(sent) => self.sent.merge(sent),
            Report::Read(read) => match &mut self.read {
                Some(all) => all.merge(*read),
                None => self.read = Some(read),
            },
            _ => self.for_driver.push(Row {
                part: FOR_DRIVER,
                blob: blob.to_vec(),
            }),
        }
        Ok(())
    }

    /// Write the file of a part, and tell of it.
    fn stage(
        &self,
        part: u32,
        mut blobs: Vec<Vec<u8>>,
        rows: &mut Vec<Row>,
    ) -> Result<(), TaskError> {
        let StageTask {
            folder,
            label,
            num_bits,
            kind,
        } = &self.task;
        let mut write =
            |shares, blobs: &[Vec<u8>], beside: Sum, see: &mut dyn FnMut(usize, &[u64])| {
                let (staged, mut came) = stage(folder, label, shares, part, blobs, see)?;
                came.take_away(beside);
                rows.push(Report::Staged { staged, came }.row());
                Ok::<_, TaskError>(())
            };
        let none = Sum::default();
        let by_bits = Shares::Bits(*num_bits);
        match kind {
            // The first share of all numbers says where their ranges begin.
            StageKind::HashesAndNumbers
                if part >> num_bits == 1 && part & ((1 << num_bits) - 1) == 0 =>
            {
                let end = range_of(0).end;
                let mut share = Vec::new();
                write(by_bits, &blobs, none, &mut |_, keys| {
                    let num = keys.partition_point(|key| u128::from(*key) < end);
                    share.extend_from_slice(&keys[..num]);
                })?;
                rows.push(Report::Begins(begins(&share)).row());
                Ok(())
            }
            StageKind::Hashes | StageKind::HashesAndNumbers => {
                write(by_bits, &blobs, none, &mut |_, _| ())
            }
            StageKind::Besides(staged) => {
                let mut beside = Sum::default();
                for staged in staged.iter().filter(|staged| staged.part == part) {
                    blobs.extend(Slices::open(folder, staged)?.blobs()?);
                    beside.merge(staged.distinct);
                }
                write(by_bits, &blobs, beside, &mut |_, _| ())
            }
            StageKind::Ordered(begins) => {
                let ranges = parts_of(begins, 1 << num_bits)
                    .into_iter()
                    .nth(part as usize)
                    .ok_or(TaskError::OtherRows)?;
                let end = begins.get(ranges.end).copied().unwrap_or(u64::MAX);
                let bounds = begins[ranges.clone()].iter().copied().chain([end]);
                let parameters = Parameters::new();
                let num_ranges = begins.len() as u32;
                let mut ordered = Ordered {
                    scattered: Sum::default(),
                    trial: BlockTrial::default(),
                };
                let mut keys = Vec::new();
                write(
                    Shares::Ranges(bounds.collect()),
                    &blobs,
                    none,
                    &mut |slice, numbers| {
                        keys.clear();
                        keys.extend(numbers.iter().map(|number| scatter(*number)));
                        ordered.scattered.add(&keys);
                        let range = (ranges.start + slice) as u32;
                        if range.is_multiple_of(BlockTrial::step(num_ranges)) {
                            ordered.trial.add(numbers, num_ranges, &parameters);
                        }
                    },
                )?;
                rows.push(Report::Ordered(ordered).row());
                Ok(())
            }
        }
    }
}

impl Work for Stage {
    fn row(&mut self, part: i32, blob: &[u8]) -> Result<(), TaskError> {
        match u32::try_from(part) {
            Ok(part) => self.blobs.entry(part).or_default().push(blob.to_vec()),
            Err(_) => self.for_driver(blob)?,
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<Vec<Row>, TaskError> {
        let mut rows = std::mem::take(&mut self.for_driver);
        if self.sent != Sum::default() {
            rows.push(Report::Sent(self.sent).row());
        }
        rows.extend(self.read.take().map(|read| Report::Read(read).row()));
        while let Some((part, blobs)) = self.blobs.pop_first() {
            self.stage(part, blobs, &mut rows)?;
        }
        Ok(rows)
    }
}
