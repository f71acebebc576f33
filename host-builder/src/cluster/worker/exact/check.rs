//! Numbers of a part in order -> are they all in its pages, and no others?

use leaksieve_core::encoding::exact::{BlockSize, PageDefect};
use leaksieve_core::sector::Payload;

use super::super::super::Row;
use super::super::super::staging::{Sectors, Slices, StagingError};
use super::super::super::task::{
    CheckExactPart, CheckExactTask, Checked, Report, TaskError, from_bytes,
};
use super::super::Work;
use crate::file::exact_pages::ExactPages;
use crate::pipeline::exact::{Page, compare};
use crate::pipeline::recheck::Findings;

pub(in super::super) struct Check {
    task: CheckExactTask,
    block: BlockSize,
    index: Vec<Payload>,
    rows: Vec<Row>,
}

impl Check {
    pub(in super::super) fn new(task: CheckExactTask) -> Result<Self, TaskError> {
        let num_index_pages = task.num_pages.checked_sub(task.first_index_page);
        let num_index_pages = num_index_pages.ok_or(TaskError::OtherRows)?;
        let index = Sectors::open(&task.folder, &task.index, task.pages.file_id)?;
        Ok(Self {
            block: BlockSize::new(task.block).ok_or(TaskError::OtherRows)?,
            index: index.read(0..num_index_pages)?,
            task,
            rows: Vec::new(),
        })
    }

    fn check(&self, part: &CheckExactPart) -> Result<Checked, TaskError> {
        let folder = &self.task.folder;
        let set = ExactPages {
            index: &self.index,
            first_index_page: self.task.first_index_page,
            num_pages: self.task.num_pages,
            first_page: 0,
            payloads: &[],
        };
        let file = &part.file;
        let name = file.name.as_deref();
        let defect = |PageDefect| {
            let name = name.unwrap_or(&self.task.index);
            TaskError::Staging(StagingError::Changed(folder.path(name)))
        };
        let mut page = file.first_page;
        let its = page..page + file.num_pages();
        let places = set.places_of(its).map_err(defect)?;
        let open = |name| Sectors::open(folder, name, self.task.pages.file_id);
        let sectors = name.map(open).transpose()?;
        let staged = part.staged.as_ref();
        let mut slices = staged
            .map(|staged| Slices::open(folder, staged))
            .transpose()?;
        let mut findings = Findings::default();
        let mut num_read = 0;
        for range in &file.ranges {
            let numbers = match &mut slices {
                Some(slices) => slices.next()?.ok_or(TaskError::OtherRows)?.1,
                None => &[],
            };
            let empty = |first| Page::empty(first, self.block).payload;
            let mut payloads: Vec<Payload> = range.before.map(empty).into_iter().collect();
            if let Some(sectors) = &sectors {
                payloads.extend(sectors.read(num_read..num_read + range.num_pages)?);
                num_read += range.num_pages;
            }
            payloads.extend(range.behind.map(empty));
            let places = &places[(page - file.first_page) as usize..];
            let set = set.with(page, &payloads);
            compare(&set, places, payloads.len(), numbers, &mut findings).map_err(defect)?;
            page += payloads.len() as u32;
        }
        let items = match &mut slices {
            Some(slices) => {
                if slices.next()?.is_some() {
                    return Err(TaskError::OtherRows);
                }
                slices.read()
            }
            None => Default::default(),
        };
        Ok(Checked {
            part: file.part,
            items,
            num_lost: findings.num_lost,
            num_probes: findings.trial.num_probes,
            num_false_alarms: findings.trial.num_false_alarms,
            others: Vec::new(),
        })
    }
}

impl Work for Check {
    fn row(&mut self, _index: i32, blob: &[u8]) -> Result<(), TaskError> {
        let part: CheckExactPart = from_bytes(blob).ok_or(TaskError::OtherRows)?;
        let checked = self.check(&part)?;
        self.rows.push(Report::Checked(checked).row());
        Ok(())
    }

    fn take(&mut self) -> Vec<Row> {
        std::mem::take(&mut self.rows)
    }

    fn finish(&mut self) -> Result<Vec<Row>, TaskError> {
        Ok(self.take())
    }
}
