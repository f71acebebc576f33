//! Numbers of a part in order -> the pages of its ranges, in a file.

use leaksieve_core::encoding::exact::BlockSize;
use leaksieve_core::sector::SectorIndex;

use super::super::super::Row;
use super::super::super::staging::Slices;
use super::super::super::task::{
    EncodeExactPart, EncodeExactTask, EncodedExact, Report, TaskError, from_bytes,
};
use super::super::Work;
use crate::file::sectors::sealed;
use crate::pipeline::exact::Made;
use crate::sizing::exact::Parameters;

pub(in super::super) struct Encode {
    task: EncodeExactTask,
    block: BlockSize,
    parameters: Parameters,
    rows: Vec<Row>,
}

impl Encode {
    pub(in super::super) fn new(task: EncodeExactTask) -> Result<Self, TaskError> {
        Ok(Self {
            block: BlockSize::new(task.block).ok_or(TaskError::OtherRows)?,
            task,
            parameters: Parameters::new(),
            rows: Vec::new(),
        })
    }
}

impl Work for Encode {
    fn row(&mut self, _index: i32, blob: &[u8]) -> Result<(), TaskError> {
        let EncodeExactPart(staged) = from_bytes(blob).ok_or(TaskError::OtherRows)?;
        let EncodeExactTask {
            folder,
            label,
            pages,
            ..
        } = &self.task;
        let (name, mut file) = folder.create(label, staged.part)?;
        let mut slices = Slices::open(folder, &staged)?;
        let mut ranges = Vec::new();
        // Their place in the set is not known yet.
        let mut next = SectorIndex(0);
        while let Some((range, numbers)) = slices.next()? {
            let made = Made::of(numbers, range.end as u64, self.block, &self.parameters);
            file.write(&sealed(&made.payloads, pages.file_id, next))?;
            next.0 += made.payloads.len() as u32;
            ranges.push(made.of);
        }
        let encoded = EncodedExact {
            part: staged.part,
            name,
            ranges,
            items: slices.read(),
        };
        self.rows.push(Report::EncodedExact(encoded).row());
        Ok(())
    }

    fn take(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.rows)
    }

    fn finish(&mut self) -> Result<Vec<Row>, TaskError> {
        Ok(self.take())
    }
}
