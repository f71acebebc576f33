//! Staged hashes -> pages, layer by layer -> asked, layer by layer -> joined.

use std::ops::Range;

use leaksieve_core::file::byte_of;

use super::super::staging::Folder;
use super::super::task::{
    CheckPart, CheckTask, EncodePart, EncodeTask, PagesTask, PartFile, StageKind, StageTask, Task,
    TaskError, to_bytes,
};
use super::super::{Shuffle, Source, Step};
use super::lists::{List, Told};
use super::{Clock, ClusterError, Next, Shared};
use crate::file::sectors::{groups, read_sectors_at};
use crate::pipeline::RecheckError;
use crate::pipeline::build::{Written, ensure_goes_on, write_head};
use crate::pipeline::encode::{self, EncodeError, Encoded, MAX_RESTARTS};
use crate::pipeline::pages::{LayerPages, Pages};
use crate::pipeline::partition::range_of_bits;
use crate::pipeline::plan::{Draft, Plan, method_of};
use crate::pipeline::recheck::{Expected, Findings, others_of, recheck};
use crate::progress::{Observer, Stage};
use crate::sizing::Reason;
use crate::sizing::measure::Fill;
use leaksieve_core::sector::SECTOR_BYTES;

/// What pages bump is about 1/15 of the items of their layer: the next has 1/16 as many parts.
const LAYER_BITS: u32 = 4;
/// How files begin that are made of the staged ones.
const LABEL: &str = "filter";

/// A filter that is made.
pub(super) struct Filter {
    plan: Plan,
    reason: Reason,
    /// All hashes.
    hashes: List,
    /// Those of the layer that is made or asked, behind the first.
    bumped: List,
    salt: u8,
    pages: Pages,
    layers: Vec<LayerPages>,
    /// What was made of each layer so far.
    made: Vec<Layer>,
    /// What was asked so far; `None`: not all layers are made.
    asked: Option<Asked>,
}

/// The pages of a layer.
struct Layer {
    files: Vec<PartFile>,
    written: encode::Written,
}

/// The answers so far.
struct Asked {
    num_layers: usize,
    findings: Findings,
}

impl Filter {
    pub(super) fn new(
        shared: &Shared,
        hashes: List,
        sum: u128,
        reason: Reason,
    ) -> Result<Self, ClusterError> {
        let Shared {
            options,
            numbering,
            seed,
            counts,
            ..
        } = shared;
        let counted = shared.count(&hashes, sum);
        let method = method_of(options, *numbering, *seed, counted.num_items);
        let draft = Draft::new(options, *numbering, Some(method), *seed)?;
        let mut plan = Plan::new(draft, counts, counted)?;
        let pages = plan.pages(0).map_err(EncodeError::from)?;
        Ok(Self {
            plan,
            reason,
            bumped: hashes.clone(),
            hashes,
            salt: 0,
            layers: pages.layers().collect(),
            pages,
            made: Vec::new(),
            asked: None,
        })
    }

    /// What tasks told of the step before.
    pub(super) fn next(
        &mut self,
        shared: &mut Shared,
        told: Told,
        clock: &mut Clock,
        observer: &dyn Observer,
    ) -> Result<Next, ClusterError> {
        match self.asked.take() {
            None => self.encoded(shared, told).map(Next::Step),
            Some(mut asked) => {
                self.checked(&mut asked, told)?;
                if asked.num_layers < self.layers.len() {
                    let step = self.check(shared, &asked);
                    self.asked = Some(asked);
                    return Ok(Next::Step(step));
                }
                clock.begin(Stage::Join, observer);
                let written = self.join(shared, &asked.findings, observer)?;
                clock.end(observer);
                Ok(Next::Made(Box::new(written)))
            }
        }
    }

    /// The hashes of a layer: all, or what the one before bumped.
    const fn list(&self, layer: usize) -> &List {
        if layer == 0 {
            &self.hashes
        } else {
            &self.bumped
        }
    }

    /// First bits that choose a part of a layer.
    const fn num_bits(&self, layer: usize) -> u32 {
        self.hashes
            .num_bits
            .saturating_sub(layer as u32 * LAYER_BITS)
    }

    fn pages_task(&self, folder: Folder, label: String, layer: usize) -> PagesTask {
        PagesTask {
            folder,
            label,
            pages: self.pages,
            layer: layer as u8,
            num_bits: self.num_bits(layer),
            next_bits: (layer + 1 < self.layers.len()).then(|| self.num_bits(layer + 1)),
        }
    }

    /// What is bumped is staged for the next layer.
    fn shuffle(&self, task: &PagesTask) -> Option<Shuffle> {
        task.next_bits.map(|num_bits| Shuffle {
            num_parts: 1 << num_bits,
            task: Task::Stage(StageTask {
                folder: task.folder.clone(),
                label: format!("{}-bumped", task.label),
                num_bits,
                kind: StageKind::Hashes,
            })
            .to_bytes(),
        })
    }

    /// The pages that begin in each part of a layer, which are to be made.
    fn begun(&self, layer: usize) -> Vec<Range<u32>> {
        let num_bits = self.num_bits(layer);
        let parts = 0..1 << num_bits;
        let begun = |part| self.layers[layer].begun_in(&range_of_bits(num_bits, part));
        parts.map(begun).collect()
    }

    /// Make the next layer.
    pub(super) fn encode(&self, shared: &Shared) -> Step {
        let layer = self.made.len();
        let begun = self.begun(layer);
        let staged = &self.list(layer).parts;
        let parts = begun
            .iter()
            .enumerate()
            .filter(|(_, begun)| !begun.is_empty());
        let parts = parts.map(|(part, _)| {
            // The last page may have hashes of all parts up to that in which another begins.
            let behind = begun[part + 1..].iter().position(|begun| !begun.is_empty());
            let end = behind.map_or(begun.len(), |behind| part + 1 + behind + 1);
            to_bytes(&EncodePart {
                part: part as u32,
                staged: staged[part].clone(),
                behind: staged[part + 1..end].iter().flatten().cloned().collect(),
            })
        });
        let label = format!("{LABEL}-{}-{layer}", self.salt);
        let task = self.pages_task(shared.staging.folder(), label, layer);
        Step {
            stage: Stage::Encode,
            source: Source::Tasks(parts.collect()),
            then: self.shuffle(&task),
            task: Task::Encode(EncodeTask(task)).to_bytes(),
        }
    }

    /// A layer was made: the next, or other equations, or the questions.
    fn encoded(&mut self, shared: &Shared, mut told: Told) -> Result<Step, ClusterError> {
        if told.is_unsolvable {
            return self.restart(shared);
        }
        let layer = self.made.len();
        told.encoded.sort_unstable_by_key(|encoded| encoded.part);
        let expected = (0..)
            .zip(self.begun(layer))
            .filter(|(_, begun)| !begun.is_empty());
        let found = told.encoded.iter();
        if !expected.eq(found.map(|encoded| (encoded.part, encoded.file.pages.clone()))) {
            return Err(ClusterError::OtherRows);
        }
        let list = self.list(layer);
        list.ensure_all(told.encoded.iter().map(|encoded| encoded.items))?;
        let mut made = Layer {
            files: Vec::new(),
            written: encode::Written {
                fill: Fill::new(&self.layers[layer].layer),
                num_items: list.distinct.count,
                num_bumped: 0,
            },
        };
        for encoded in std::mem::take(&mut told.encoded) {
            let fill = made.written.fill.add_counts(encoded.fill);
            fill.ok_or(ClusterError::OtherRows)?;
            made.written.num_bumped += encoded.num_bumped;
            made.files.push(encoded.file);
        }
        let num_bumped = made.written.num_bumped;
        self.made.push(made);
        if self.made.len() == self.layers.len() {
            if num_bumped > 0 {
                return self.restart(shared);
            }
            let asked = Asked {
                num_layers: 0,
                findings: Findings::default(),
            };
            let step = self.check(shared, &asked);
            self.asked = Some(asked);
            return Ok(step);
        }
        self.bump(&mut told, layer + 1, num_bumped)?;
        Ok(self.encode(shared))
    }

    /// So many hashes were sent to this layer.
    fn bump(&mut self, told: &mut Told, layer: usize, num_bumped: u64) -> Result<(), ClusterError> {
        let sent = told.ensure_shuffled()?;
        self.bumped = List::of(self.num_bits(layer), 0, &mut told.staged)?;
        // No two hashes are the same in the next layer.
        if sent != num_bumped || self.bumped.distinct.count != num_bumped {
            return Err(ClusterError::Shuffle {
                sent: num_bumped,
                came: self.bumped.distinct.count,
            });
        }
        Ok(())
    }

    /// Make all pages anew, with other equations.
    fn restart(&mut self, shared: &Shared) -> Result<Step, ClusterError> {
        shared.staging.remove(LABEL);
        self.plan.enlarge(self.salt).map_err(EncodeError::from)?;
        self.salt += 1;
        if self.salt == MAX_RESTARTS {
            return Err(EncodeError::Unsolvable.into());
        }
        self.pages = self.plan.pages(self.salt).map_err(EncodeError::from)?;
        self.layers = self.pages.layers().collect();
        self.made.clear();
        Ok(self.encode(shared))
    }

    /// Ask the next layer.
    fn check(&self, shared: &Shared, asked: &Asked) -> Step {
        let layer = asked.num_layers;
        let pages = &self.layers[layer];
        let num_bits = self.num_bits(layer);
        let mut others = asked.findings.others.clone();
        others.sort_unstable();
        let parts = (0..).zip(&self.list(layer).parts).map(|(part, staged)| {
            let range = range_of_bits(num_bits, part);
            let touched = pages.of_range(&range);
            let has =
                |file: &&PartFile| file.pages.start < touched.end && file.pages.end > touched.start;
            to_bytes(&CheckPart {
                part,
                staged: staged.clone(),
                files: self.made[layer].files.iter().filter(has).cloned().collect(),
                others: others_of(&others, &range).to_vec(),
            })
        });
        let label = format!("check-{layer}");
        let task = self.pages_task(shared.staging.folder(), label, layer);
        Step {
            stage: Stage::Recheck,
            source: Source::Tasks(parts.collect()),
            then: self.shuffle(&task),
            task: Task::Check(CheckTask {
                pages: task,
                seed: shared.seed,
            })
            .to_bytes(),
        }
    }

    /// A layer was asked.
    fn checked(&mut self, asked: &mut Asked, mut told: Told) -> Result<(), ClusterError> {
        let layer = asked.num_layers;
        let list = self.list(layer);
        told.checked.sort_unstable_by_key(|checked| checked.part);
        if !(0..1 << list.num_bits).eq(told.checked.iter().map(|checked| checked.part)) {
            return Err(ClusterError::OtherRows);
        }
        list.ensure_all(told.checked.iter().map(|checked| checked.items))?;
        asked.findings.others.clear();
        for checked in std::mem::take(&mut told.checked) {
            asked.findings.merge(checked.into());
        }
        let num_lost = asked.findings.num_lost;
        if num_lost > 0 {
            return Err(RecheckError::Lost { num_lost }.into());
        }
        asked.num_layers += 1;
        if asked.num_layers < self.layers.len() {
            let num_bumped = told.ensure_shuffled()?;
            self.bump(&mut told, asked.num_layers, num_bumped)?;
        }
        Ok(())
    }

    /// Header, pages: the file, asked as people ask.
    fn join(
        &self,
        shared: &mut Shared,
        findings: &Findings,
        observer: &dyn Observer,
    ) -> Result<Written, ClusterError> {
        let folder = shared.staging.folder();
        let Shared {
            options,
            numbering,
            file,
            sample,
            ..
        } = shared;
        let file_id = self.pages.file_id;
        file.seek(byte_of(self.pages.first_sector))?;
        for (layer, made) in self.layers.iter().zip(&self.made) {
            for part in &made.files {
                let (path, pages) = folder.open(&part.name)?;
                for group in groups(part.pages.len() as u32) {
                    ensure_goes_on(observer)?;
                    let first = layer.sector(part.pages.start).0;
                    let sectors = first + group.start..first + group.end;
                    let byte = u64::from(group.start) * SECTOR_BYTES as u64;
                    let read = read_sectors_at(&pages, byte, file_id, sectors);
                    let path = path.clone();
                    let read = read.map_err(|error| TaskError::ReadBack { path, error })?;
                    file.write(&read)?;
                }
            }
        }
        let encoded = Encoded {
            pages: self.pages,
            layers: self.made.iter().map(|made| made.written.clone()).collect(),
            num_restarts: self.salt,
        };
        let measured = encoded.measured();
        let header = self.plan.header(encoded.num_items(), measured);
        write_head(&header, file_id, *numbering, file)?;
        let expected = Expected {
            header: &header,
            sample,
            measured,
        };
        let trial = recheck(options, file.reopen()?, &expected, findings)?;
        Ok(Written::filter(
            &self.plan,
            &encoded,
            header,
            trial,
            self.reason,
        ))
    }
}
