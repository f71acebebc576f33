//! Pages of an exact set -> asked -> joined.

use leaksieve_core::encoding::exact::BlockSize;
use leaksieve_core::file::byte_of;
use leaksieve_core::sector::{Payload, SectorIndex};

use super::super::super::staging::Sectors;
use super::super::super::task::{CheckExactPart, CheckExactTask, ExactFile, Task, to_bytes};
use super::super::super::{Source, Step};
use super::super::lists::{List, Told};
use super::super::{ClusterError, Shared};
use super::LABEL;
use crate::file::sectors::{groups, sealed};
use crate::pipeline::build::{Written, ensure_goes_on, write_head};
use crate::pipeline::exact;
use crate::pipeline::pages::Pages;
use crate::pipeline::plan::ExactPlan;
use crate::pipeline::recheck::{Expected, Findings, recheck};
use crate::progress::{Observer, Stage};
use crate::sizing::Reason;

/// Pages that are asked.
pub(super) struct Check {
    pub(super) ordered: List,
    pub(super) plan: ExactPlan,
    pub(super) pages: Pages,
    pub(super) block: BlockSize,
    pub(super) files: Vec<ExactFile>,
    pub(super) index: Vec<Payload>,
    pub(super) written: exact::Written,
    pub(super) reason: Reason,
}

impl Check {
    /// Ask the pages.
    pub(super) fn step(&self, shared: &Shared) -> Result<Step, ClusterError> {
        let folder = shared.staging.folder();
        let (index, mut file) = folder.create(&format!("{LABEL}-index"), 0)?;
        file.write(&sealed(&self.index, self.pages.file_id, SectorIndex(0)))?;
        let task = CheckExactTask {
            folder,
            pages: self.pages,
            block: self.block.exponent(),
            index,
            first_index_page: self.written.num_pages - self.index.len() as u32,
            num_pages: self.written.num_pages,
        };
        let parts = self.files.iter().map(|file| {
            to_bytes(&CheckExactPart {
                file: file.clone(),
                staged: self.ordered.parts[file.part as usize].clone(),
            })
        });
        Ok(Step {
            stage: Stage::Recheck,
            source: Source::Tasks(parts.collect()),
            task: Task::CheckExact(task).to_bytes(),
            then: None,
        })
    }

    pub(super) fn checked(&self, mut told: Told) -> Result<Findings, ClusterError> {
        told.checked.sort_unstable_by_key(|checked| checked.part);
        let expected = self.files.iter().map(|file| file.part);
        if !expected.eq(told.checked.iter().map(|checked| checked.part)) {
            return Err(ClusterError::OtherRows);
        }
        self.ordered
            .ensure_all(told.checked.iter().map(|checked| checked.items))?;
        let mut all = Findings::default();
        for checked in told.checked {
            all.merge(checked.into());
        }
        Ok(all)
    }

    /// Header, pages, index: the file, asked as people ask.
    pub(super) fn join(
        self,
        shared: &mut Shared,
        findings: &Findings,
        observer: &dyn Observer,
    ) -> Result<Written, ClusterError> {
        let folder = shared.staging.folder();
        let Shared {
            options,
            numbering,
            file: new_file,
            sample,
            ..
        } = shared;
        let file_id = self.pages.file_id;
        new_file.seek(byte_of(self.pages.first_sector))?;
        let mut next = self.pages.first_sector;
        let mut write = |payloads: &[Payload]| {
            let sectors = sealed(payloads, file_id, next);
            next.0 += payloads.len() as u32;
            new_file.write(&sectors)
        };
        let empty = |first| exact::Page::empty(first, self.block).payload;
        for file in &self.files {
            let open = |name: &String| Sectors::open(&folder, name, file_id);
            let sectors = file.name.as_ref().map(open).transpose()?;
            let mut num_read = 0;
            for range in &file.ranges {
                write(range.before.map(empty).as_slice())?;
                if let Some(sectors) = &sectors {
                    for group in groups(range.num_pages) {
                        ensure_goes_on(observer)?;
                        write(&sectors.read(num_read + group.start..num_read + group.end)?)?;
                    }
                    num_read += range.num_pages;
                }
                write(range.behind.map(empty).as_slice())?;
            }
        }
        write(&self.index)?;
        let header = self.plan.header(&self.written);
        write_head(&header, file_id, *numbering, new_file)?;
        let expected = Expected {
            header: &header,
            sample,
            measured: 0.0,
        };
        let trial = recheck(options, new_file.reopen()?, &expected, findings)?;
        let num_pages = self.written.num_pages;
        Ok(Written::exact(header, num_pages, trial, self.reason))
    }
}
