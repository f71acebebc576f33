//! Numbers -> in order -> pages -> asked -> joined; or hashes, for a filter after all.

mod check;

use leaksieve_core::encoding::exact::BlockSize;

use self::check::Check;
use super::super::task::{
    EncodeExactPart, EncodeExactTask, ExactFile, ExactRange, NumbersPart, NumbersTask, NumbersTo,
    StageKind, StageTask, Task, to_bytes,
};
use super::super::{Shuffle, Source, Step};
use super::lists::{List, Told};
use super::{Clock, ClusterError, Next, Shared};
use crate::pipeline::build::reason_of;
use crate::pipeline::exact::{Join, OfRange, parts_of};
use crate::pipeline::pages::Pages;
use crate::pipeline::plan::{Draft, ExactPlan, method_of};
use crate::pipeline::{EncodeError, PlanError};
use crate::progress::{Observer, Stage};
use crate::sizing::Reason;

/// How files begin that are made of them.
const LABEL: &str = "exact";

/// What was gathered of a list of numbers.
pub(super) struct Gathered {
    /// In parts as they are scattered; so are their sums.
    pub(super) numbers: List,
    /// The sum of all, duplicates included.
    pub(super) numbers_sum: u128,
    /// Where ranges of them begin.
    pub(super) begins: Vec<u64>,
    /// The hashes of items that are no numbers, and their sum.
    pub(super) others: List,
    pub(super) others_sum: u128,
}

/// An exact set that is made, or tried.
pub(super) struct Exact {
    gathered: Gathered,
    state: State,
}

enum State {
    /// Numbers are put in order.
    Order,
    Encode(Encode),
    Check(Check),
    /// There should be a filter.
    Hash(Reason),
}

/// Pages are made of numbers in order.
struct Encode {
    ordered: List,
    plan: ExactPlan,
    pages: Pages,
    block: BlockSize,
}

/// What it leads to.
pub(super) enum Led {
    Next(Next),
    /// A filter of these hashes, whose sum is this, duplicates included.
    Filter(List, u128, Reason),
}

impl Exact {
    pub(super) fn new(shared: &Shared, gathered: Gathered) -> Self {
        let state = if shared.counts.no_numbers.count() > 0 {
            State::Hash(reason_of(&shared.options))
        } else {
            State::Order
        };
        Self { gathered, state }
    }

    /// The first step.
    pub(super) fn begin(&self, shared: &Shared) -> Step {
        match self.state {
            State::Hash(_) => self.hash(shared),
            _ => self.order(shared),
        }
    }

    /// What tasks told of the step before.
    pub(super) fn next(
        &mut self,
        shared: &mut Shared,
        told: Told,
        clock: &mut Clock,
        observer: &dyn Observer,
    ) -> Result<Led, ClusterError> {
        let step = match std::mem::replace(&mut self.state, State::Order) {
            State::Order => self.ordered(shared, told)?,
            State::Encode(made) => self.encoded(shared, made, told)?,
            State::Check(made) => {
                let findings = made.checked(told)?;
                clock.begin(Stage::Join, observer);
                let written = made.join(shared, &findings, observer)?;
                clock.end(observer);
                return Ok(Led::Next(Next::Made(Box::new(written))));
            }
            State::Hash(reason) => {
                told.ensure_shuffled()?;
                return self.hashed(shared, told, reason);
            }
        };
        Ok(Led::Next(Next::Step(step)))
    }

    /// A step that reads the numbers and sends what they become.
    fn send(
        &self,
        shared: &Shared,
        stage: Stage,
        to: NumbersTo,
        label: String,
        kind: StageKind,
    ) -> Step {
        let (folder, num_bits) = (shared.staging.folder(), shared.num_bits);
        let parts = self.gathered.numbers.parts.iter().flatten();
        Step {
            stage,
            source: Source::Tasks(
                parts
                    .cloned()
                    .map(|part| to_bytes(&NumbersPart(part)))
                    .collect(),
            ),
            task: Task::Numbers(NumbersTask {
                folder: folder.clone(),
                num_bits,
                to,
            })
            .to_bytes(),
            then: Some(Shuffle {
                num_parts: 1 << num_bits,
                task: Task::Stage(StageTask {
                    folder,
                    label,
                    num_bits,
                    kind,
                })
                .to_bytes(),
            }),
        }
    }

    /// Put the numbers in order.
    fn order(&self, shared: &Shared) -> Step {
        let begins = &self.gathered.begins;
        self.send(
            shared,
            Stage::Order,
            NumbersTo::Ranges(begins.clone()),
            format!("{LABEL}-ordered"),
            StageKind::Ordered(begins.clone()),
        )
    }

    /// They are in order: make pages.
    fn ordered(&mut self, shared: &Shared, mut told: Told) -> Result<Step, ClusterError> {
        told.ensure_shuffled()?;
        let Gathered {
            numbers,
            numbers_sum,
            ..
        } = &self.gathered;
        let ordered = List::of(shared.num_bits, 0, &mut told.staged)?;
        numbers.ensure_all([ordered.distinct])?;
        let counted = shared.count(numbers, *numbers_sum);
        let draft = Draft::new(&shared.options, shared.numbering, None, 0)?;
        let mut plan = ExactPlan::new(draft, &shared.counts, counted)?;
        let made = Encode {
            pages: plan.pages().map_err(PlanError::Header)?,
            plan,
            ordered,
            block: told.trial.best(),
        };
        let task = EncodeExactTask {
            folder: shared.staging.folder(),
            label: format!("{LABEL}-pages"),
            pages: made.pages,
            block: made.block.exponent(),
        };
        let parts = made.ordered.parts.iter().flatten().cloned();
        let step = Step {
            stage: Stage::Encode,
            source: Source::Tasks(parts.map(|part| to_bytes(&EncodeExactPart(part))).collect()),
            task: Task::EncodeExact(task).to_bytes(),
            then: None,
        };
        self.state = State::Encode(made);
        Ok(step)
    }

    /// Pages are made: ask them, or make a filter after all.
    fn encoded(&mut self, shared: &Shared, made: Encode, told: Told) -> Result<Step, ClusterError> {
        let Encode {
            ordered,
            plan,
            pages,
            block,
        } = made;
        ordered.ensure_all(told.encoded_exact.iter().map(|encoded| encoded.items))?;
        let (files, join) = join(shared, &self.gathered.begins, block, &ordered, told)?;
        let too_large = || ClusterError::from(EncodeError::TooLarge);
        let (written, index) = join.index().ok_or_else(too_large)?;
        let end = pages.first_sector.0.checked_add(written.num_pages);
        end.ok_or_else(too_large)?;
        let Shared {
            options,
            numbering,
            seed,
            ..
        } = shared;
        let method = method_of(options, *numbering, *seed, written.num_items);
        let filter = Draft::new(options, *numbering, Some(method), *seed)?;
        let reason = match plan.judge(&written, &filter)? {
            Ok(reason) => reason,
            Err(reason) => {
                shared.staging.remove(LABEL);
                self.state = State::Hash(reason);
                return Ok(self.hash(shared));
            }
        };
        let check = Check {
            ordered,
            plan,
            pages,
            block,
            files,
            index,
            written,
            reason,
        };
        let step = check.step(shared)?;
        self.state = State::Check(check);
        Ok(step)
    }

    /// Numbers become hashes.
    fn hash(&self, shared: &Shared) -> Step {
        let to = NumbersTo::Hashes {
            profile: Box::new(shared.options.profile.clone()),
            seed: shared.seed,
        };
        let others = self.gathered.others.parts.iter().flatten();
        let besides = StageKind::Besides(others.cloned().collect());
        self.send(shared, Stage::Hash, to, "hashed".to_owned(), besides)
    }

    fn hashed(&self, shared: &Shared, mut told: Told, reason: Reason) -> Result<Led, ClusterError> {
        let Gathered {
            numbers,
            others,
            others_sum,
            ..
        } = &self.gathered;
        // Each came from an item.
        if told.hashed.count != numbers.distinct.count {
            return Err(ClusterError::Items {
                expected: numbers.distinct.count,
                found: told.hashed.count,
            });
        }
        let hashes = List::of(shared.num_bits, 0, &mut told.staged)?.or(others.clone());
        let sum = others_sum.wrapping_add(told.hashed.sum);
        Ok(Led::Filter(hashes, sum, reason))
    }
}

/// Put the pages of all ranges one behind the other.
fn join(
    shared: &Shared,
    begins: &[u64],
    block: BlockSize,
    ordered: &List,
    mut told: Told,
) -> Result<(Vec<ExactFile>, Join), ClusterError> {
    let mut join = Join::new(block);
    told.encoded_exact
        .sort_unstable_by_key(|encoded| encoded.part);
    let mut encoded = told.encoded_exact.into_iter().peekable();
    let (mut files, mut first_page) = (Vec::new(), 0);
    let parts = parts_of(begins, 1 << shared.num_bits);
    for (part, (ranges, staged)) in (0..).zip(parts.into_iter().zip(&ordered.parts)) {
        let its = encoded.next_if(|encoded| encoded.part == part);
        let (name, of_ranges) = match (staged, its) {
            (Some(_), Some(its)) if its.ranges.len() == ranges.len() => {
                (Some(its.name), its.ranges)
            }
            (None, None) => (None, vec![OfRange::default(); ranges.len()]),
            _ => return Err(ClusterError::OtherRows),
        };
        let of_range = |range: &OfRange| ExactRange {
            before: join.range(range).map(|page| page.first),
            num_pages: range.firsts.len() as u32,
            behind: None,
        };
        let file = ExactFile {
            part,
            name,
            first_page,
            ranges: of_ranges.iter().map(of_range).collect(),
        };
        first_page += file.num_pages();
        files.push(file);
    }
    if encoded.next().is_some() {
        return Err(ClusterError::OtherRows);
    }
    let last = files
        .iter_mut()
        .rev()
        .find_map(|file| file.ranges.last_mut());
    if let (Some(last), Some(page)) = (last, join.end()) {
        last.behind = Some(page.first);
    }
    files.retain(|file| file.num_pages() > 0);
    Ok((files, join))
}
