//! Blobs that came through a shuffle -> a file for each part.

use std::collections::BTreeMap;

use super::super::staging::{Shares, Slices, Sum, stage};
use super::super::task::{Read, Report, StageKind, StageTask, TaskError, from_bytes};
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
        let (mut beside, mut trial) = (Sum::default(), None);
        let by_bits = Shares::Bits(*num_bits);
        let (staged, mut came) = match kind {
            StageKind::HashesAndNumbers if part >> num_bits > 0 => {
                // The first share of all numbers says where their ranges begin.
                let end = match part ^ 1 << num_bits {
                    0 => range_of(0).end,
                    _ => 0,
                };
                let mut share = Vec::new();
                let staged = stage(
                    folder,
                    label,
                    Shares::Numbers,
                    part,
                    &blobs,
                    |_, numbers| {
                        let keys = numbers.iter().map(|number| scatter(*number));
                        share.extend(keys.filter(|key| u128::from(*key) < end));
                    },
                )?;
                if end > 0 {
                    rows.push(Report::Begins(begins(&share)).row());
                }
                staged
            }
            StageKind::Hashes | StageKind::HashesAndNumbers => {
                stage(folder, label, by_bits, part, &blobs, |_, _| ())?
            }
            StageKind::Besides(staged) => {
                for staged in staged.iter().filter(|staged| staged.part == part) {
                    blobs.extend(Slices::open(folder, staged)?.blobs()?);
                    beside.merge(staged.distinct);
                }
                stage(folder, label, by_bits, part, &blobs, |_, _| ())?
            }
            StageKind::Ordered(begins) => {
                let ranges = parts_of(begins, 1 << num_bits)
                    .into_iter()
                    .nth(part as usize);
                let ranges = ranges.ok_or(TaskError::OtherRows)?;
                let end = begins.get(ranges.end).copied().unwrap_or(u64::MAX);
                let bounds = begins[ranges.clone()].iter().copied().chain([end]);
                let parameters = Parameters::new();
                let num_ranges = begins.len() as u32;
                let step = BlockTrial::step(num_ranges);
                let trial = trial.insert(BlockTrial::default());
                let shares = Shares::Ranges(bounds.collect());
                stage(folder, label, shares, part, &blobs, |slice, numbers| {
                    if ((ranges.start + slice) as u32).is_multiple_of(step) {
                        trial.add(numbers, num_ranges, &parameters);
                    }
                })?
            }
        };
        came.take_away(beside);
        let report = Report::Staged {
            staged,
            came,
            trial,
        };
        rows.push(report.row());
        Ok(())
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
