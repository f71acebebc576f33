//! Staged hashes of a part -> are they all in the pages, and how many others seem to be?

use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;

use leaksieve_core::sector::{Payload, SECTOR_BYTES};

use super::super::Row;
use super::super::sender::Sender;
use super::super::staging::{Folder, Slices, StagingError};
use super::super::task::{CheckPart, CheckTask, Checked, PartFile, Report, TaskError, from_bytes};
use super::Work;
use crate::file::sectors::read_payloads_at;
use crate::pipeline::pages::LayerPages;
use crate::pipeline::partition::{NUM_PARTITIONS, range_of_bits};
use crate::pipeline::recheck::{Findings, Touched, others, others_of};

pub(super) struct Check {
    task: CheckTask,
    pages: LayerPages,
    /// To the next layer: what the pages say is there, not what the builder put there.
    sender: Sender,
    rows: Vec<Row>,
}

impl Check {
    pub(super) fn new(task: CheckTask) -> Result<Self, TaskError> {
        Ok(Self {
            pages: task.pages.layer()?,
            sender: Sender::new(task.pages.next_bits.unwrap_or(0), 0),
            task,
            rows: Vec::new(),
        })
    }

    fn check(&mut self, part: &CheckPart) -> Result<Checked, TaskError> {
        let task = &self.task.pages;
        let files = Files::open(&task.folder, &part.files, &self.pages)?;
        let strangers = self.strangers(part);
        let is_last = task.next_bits.is_none();
        let mut findings = Findings::default();
        if task.layer == 0 {
            findings.trial.num_probes = strangers.len() as u64;
        }
        let sender = &mut self.sender;
        let mut ask = |range: &Range<u128>, hashes: &[u64]| {
            let touched = Touched::read(&self.pages, range, |pages| files.read(pages))?;
            let others = others_of(&strangers, range).iter().copied();
            findings.merge(touched.ask_all(hashes, others, is_last, |hash| sender.push(hash)));
            Ok::<_, TaskError>(())
        };
        let items = match &part.staged {
            None => {
                ask(&range_of_bits(task.num_bits, part.part), &[])?;
                Default::default()
            }
            Some(staged) => {
                let mut slices = Slices::open(&task.folder, staged)?;
                while let Some((range, hashes)) = slices.next()? {
                    ask(&range, hashes)?;
                }
                slices.read()
            }
        };
        Ok(Checked {
            part: part.part,
            items,
            num_lost: findings.num_lost,
            num_probes: findings.trial.num_probes,
            num_false_alarms: findings.trial.num_false_alarms,
            others: findings.others,
        })
    }

    /// What is no item, sorted: in the first layer any hash, by chance; behind it what was bumped.
    fn strangers(&self, part: &CheckPart) -> Vec<u64> {
        let task = &self.task.pages;
        let mut strangers = if task.layer == 0 {
            let per_part = NUM_PARTITIONS >> task.num_bits;
            (part.part * per_part..(part.part + 1) * per_part)
                .flat_map(|partition| others(&self.pages, partition, self.task.seed))
                .collect()
        } else {
            part.others.clone()
        };
        strangers.sort_unstable();
        strangers
    }
}

impl Work for Check {
    fn row(&mut self, _index: i32, blob: &[u8]) -> Result<(), TaskError> {
        let part: CheckPart = from_bytes(blob).ok_or(TaskError::OtherRows)?;
        let checked = self.check(&part)?;
        self.rows.push(Report::Checked(checked).row());
        Ok(())
    }

    fn take(&mut self) -> Vec<Row> {
        let mut rows = self.sender.take();
        rows.append(&mut self.rows);
        rows
    }

    fn finish(&mut self) -> Result<Vec<Row>, TaskError> {
        let mut rows = self.take();
        if self.task.pages.next_bits.is_some() {
            rows.extend(self.sender.end());
        }
        Ok(rows)
    }
}

/// Files that together have some pages of a layer.
struct Files<'p> {
    pages: &'p LayerPages,
    files: Vec<(Range<u32>, PathBuf, File)>,
}

impl<'p> Files<'p> {
    fn open(
        folder: &Folder,
        files: &[PartFile],
        pages: &'p LayerPages,
    ) -> Result<Self, StagingError> {
        let files = files.iter().map(|part| {
            let (path, file) = folder.open(&part.name)?;
            Ok((part.pages.clone(), path, file))
        });
        Ok(Self {
            pages,
            files: files.collect::<Result<_, StagingError>>()?,
        })
    }

    fn read(&self, wanted: Range<u32>) -> Result<Vec<Payload>, TaskError> {
        let mut payloads = Vec::with_capacity(wanted.len());
        for (has, path, file) in &self.files {
            let its = wanted.start.max(has.start)..wanted.end.min(has.end);
            if its.is_empty() {
                continue;
            }
            let byte = u64::from(its.start - has.start) * SECTOR_BYTES as u64;
            let sectors = self.pages.sector(its.start).0..self.pages.sector(its.end).0;
            let read = read_payloads_at(file, byte, self.pages.file_id, sectors);
            payloads.extend(read.map_err(|error| TaskError::ReadBack {
                path: path.clone(),
                error,
            })?);
        }
        // Pages that are missing would be those of others.
        if payloads.len() == wanted.len() {
            Ok(payloads)
        } else {
            Err(TaskError::OtherRows)
        }
    }
}
