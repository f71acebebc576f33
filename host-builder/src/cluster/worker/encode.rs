//! Staged hashes of a part -> the pages that begin in it, in a file; and what they bump.

use super::super::Row;
use super::super::sender::Sender;
use super::super::staging::{Slices, Staged, StagingError, Sum};
use super::super::task::{
    EncodePart, EncodeTask, Encoded, PagesTask, PartFile, Report, TaskError, from_bytes,
};
use super::Work;
use crate::pipeline::encode::{Built, Maker, Seam, Unsolvable};
use crate::pipeline::pages::LayerPages;
use crate::pipeline::partition::range_of_bits;
use crate::sizing::measure::Fill;

pub(super) struct Encode {
    task: PagesTask,
    pages: LayerPages,
    /// To the next layer.
    sender: Sender,
    rows: Vec<Row>,
}

/// Why there are no pages.
enum Failed {
    Unsolvable,
    Error(TaskError),
}

impl From<Unsolvable> for Failed {
    fn from(Unsolvable: Unsolvable) -> Self {
        Self::Unsolvable
    }
}

impl From<StagingError> for Failed {
    fn from(error: StagingError) -> Self {
        Self::Error(error.into())
    }
}

impl Encode {
    pub(super) fn new(EncodeTask(task): EncodeTask) -> Result<Self, TaskError> {
        Ok(Self {
            pages: task.layer()?,
            sender: Sender::new(task.next_bits.unwrap_or(0), 0),
            task,
            rows: Vec::new(),
        })
    }

    fn encode(&mut self, part: &EncodePart) -> Result<Encoded, Failed> {
        let pages = &self.pages;
        let layer = &pages.layer;
        let begun = pages.begun_in(&range_of_bits(self.task.num_bits, part.part));
        let folder = &self.task.folder;
        let (name, mut file) = folder.create(&self.task.label, part.part)?;
        let mut encoded = Encoded {
            part: part.part,
            file: PartFile {
                name,
                pages: begun.clone(),
            },
            fill: Vec::new(),
            items: Sum::default(),
            num_bumped: 0,
        };
        let mut fill = Fill::new(layer);
        let mut emit = |built: Built| {
            fill.merge(&built.fill);
            encoded.num_bumped += built.num_bumped;
            file.write(&built.sectors).map_err(Failed::from)
        };
        // What the last layer has no place for is counted, and goes nowhere.
        let is_last = self.task.next_bits.is_none();
        let mut maker = Maker::new(pages, |hash| {
            if !is_last {
                self.sender.push(hash);
            }
        });
        let mut seam = Seam::default();
        let mut slices = open(folder, part.staged.as_ref())?;
        // Without hashes, one empty slice has all pages.
        let whole = range_of_bits(self.task.num_bits, part.part);
        if slices.is_none() {
            seam.put(maker.part(&whole, &[])?, &mut maker, &mut emit)?;
        }
        while let Some(slices) = &mut slices
            && let Some((range, hashes)) = slices.next()?
        {
            // What is of the page that was begun before the part, is made there.
            let before = hashes.partition_point(|hash| layer.page_of(*hash) < begun.start);
            let its = &hashes[before..];
            encoded.items.add(its);
            seam.put(maker.part(&range, its)?, &mut maker, &mut emit)?;
        }
        'behind: for staged in &part.behind {
            let mut slices = Slices::open(folder, staged)?;
            while let Some((_, hashes)) = slices.next()? {
                let end = hashes.partition_point(|hash| layer.page_of(*hash) < begun.end);
                encoded.items.add(&hashes[..end]);
                seam.add(&hashes[..end]);
                if end < hashes.len() {
                    break 'behind;
                }
            }
        }
        seam.end(&mut maker, &mut emit)?;
        encoded.fill = fill.counts().collect();
        Ok(encoded)
    }
}

fn open<'s>(
    folder: &super::super::staging::Folder,
    staged: Option<&'s Staged>,
) -> Result<Option<Slices<'s>>, StagingError> {
    staged
        .map(|staged| Slices::open(folder, staged))
        .transpose()
}

impl Work for Encode {
    fn row(&mut self, _index: i32, blob: &[u8]) -> Result<(), TaskError> {
        let part: EncodePart = from_bytes(blob).ok_or(TaskError::OtherRows)?;
        let report = match self.encode(&part) {
            Ok(encoded) => Report::Encoded(encoded),
            Err(Failed::Unsolvable) => Report::Unsolvable,
            Err(Failed::Error(error)) => return Err(error),
        };
        self.rows.push(report.row());
        Ok(())
    }

    fn take(&mut self) -> Vec<Row> {
        let mut rows = self.sender.take();
        rows.append(&mut self.rows);
        rows
    }

    fn finish(&mut self) -> Result<Vec<Row>, TaskError> {
        let mut rows = self.take();
        if self.task.next_bits.is_some() {
            rows.extend(self.sender.end());
        }
        Ok(rows)
    }
}
