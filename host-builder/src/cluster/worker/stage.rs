//! Blobs that came through a shuffle -> a file for each part.

use std::collections::BTreeMap;

use super::super::staging::{Sum, stage};
use super::super::task::{Read, Report, StageTask, TaskError, from_bytes};
use super::super::{FOR_DRIVER, Row};
use super::Work;

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
        rows.push(Report::Sent(self.sent).row());
        rows.extend(self.read.take().map(|read| Report::Read(read).row()));
        let StageTask {
            folder,
            label,
            num_bits,
        } = &self.task;
        while let Some((part, blobs)) = self.blobs.pop_first() {
            let (staged, came) = stage(folder, label, *num_bits, part, &blobs)?;
            rows.push(Report::Staged { staged, came }.row());
        }
        Ok(rows)
    }
}
