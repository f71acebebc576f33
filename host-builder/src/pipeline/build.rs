//! All stages of a build, one after the other.

use std::fs::File;
use std::path::Path;

use crate::file::{Access, AtomicFile, WriteError, ensure_no_input, write_header};
use crate::input::normalise::{Counts, Key, Keys};
use crate::input::source::Input;
use crate::input::speller::Sample;
use crate::pipeline::count::{Count, Counting};
use crate::pipeline::encode::{Encoded, encode};
use crate::pipeline::error::BuildError;
use crate::pipeline::exact::{self, Ordered};
use crate::pipeline::options::BuildOptions;
use crate::pipeline::partition::{Hashes, MIN_MEMORY_BYTES, NUM_PARTITIONS, Partitions};
use crate::pipeline::plan::{Draft, ExactPlan, NumberingPlan, Plan, PlanError, method_of};
use crate::pipeline::read::{InputError, Read, ensure_read, read};
use crate::pipeline::recheck::{Expected, Findings, RecheckError, ask_all, recheck};
use crate::pipeline::spool::SpoolError;
use crate::progress::{Cost, Costs, Observer, Stage};
use crate::sizing::measure::Trial;
use crate::sizing::{Choice, Method, Reason, Shape};
use leaksieve_core::Header;
use leaksieve_core::encoding::Encoding;
use leaksieve_core::encoding::exact::PAGES_PER_QUESTION;
use leaksieve_core::encoding::exact::number::has_numbers;
use leaksieve_core::file::byte_of;
use leaksieve_core::hash::HashFunction;
use leaksieve_core::sector::{FileId, SectorIndex, seal};

/// What was built.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// What was read.
    pub counts: Counts,
    /// Distinct items.
    pub num_items: u64,
    /// False-positive rate that was aimed at; 0 of an exact set.
    pub designed: f64,
    /// Pages, and how items became bits.
    pub shape: Shape,
    /// Why this encoding.
    pub reason: Reason,
    /// Times that a page could not be solved and all were made anew, with other equations.
    pub num_restarts: u8,
    /// Sectors that a question reads on average; tag sectors apart.
    pub mean_reads: f64,
    /// Bytes of the file.
    pub num_bytes: u64,
    /// False-positive rate of the pages as they are; 0 of an exact set.
    pub measured: f64,
    /// The finished file's answers for what is no item.
    pub trial: Trial,
    /// What each stage took, in order.
    pub costs: Vec<Cost>,
}

impl Summary {
    /// Size of the file for each item, header and checksums included; bits.
    pub fn bits_per_item(&self) -> f64 {
        self.num_bytes as f64 * 8.0 / self.num_items as f64
    }
}

/// What was written, and holds what was put in.
pub(crate) struct Written {
    pub(crate) header: Header,
    pub(crate) shape: Shape,
    pub(crate) designed: f64,
    pub(crate) measured: f64,
    pub(crate) num_restarts: u8,
    pub(crate) mean_reads: f64,
    pub(crate) trial: Trial,
    pub(crate) reason: Reason,
}

impl Written {
    /// A filter.
    pub(crate) fn filter(
        plan: &Plan,
        encoded: &Encoded,
        header: Header,
        trial: Trial,
        reason: Reason,
    ) -> Self {
        Self {
            header,
            shape: plan.shape,
            designed: plan.designed,
            measured: encoded.measured(),
            num_restarts: encoded.num_restarts,
            mean_reads: encoded.mean_reads(),
            trial,
            reason,
        }
    }

    /// An exact set.
    pub(crate) fn exact(header: Header, num_pages: u32, trial: Trial, reason: Reason) -> Self {
        Self {
            header,
            shape: Shape {
                num_pages,
                encoding: Encoding::Exact,
                false_positive_rate: 0.0,
                mean_reads: PAGES_PER_QUESTION.into(),
            },
            designed: 0.0,
            measured: 0.0,
            num_restarts: 0,
            mean_reads: PAGES_PER_QUESTION.into(),
            trial,
            reason,
        }
    }

    pub(crate) fn summary(self, counts: Counts, costs: Vec<Cost>) -> Summary {
        let datasets = self.header.datasets.iter();
        Summary {
            num_items: datasets.map(|dataset| dataset.num_items).sum(),
            num_bytes: byte_of(SectorIndex(self.header.num_sectors)),
            designed: self.designed,
            shape: self.shape,
            reason: self.reason,
            num_restarts: self.num_restarts,
            mean_reads: self.mean_reads,
            measured: self.measured,
            trial: self.trial,
            counts,
            costs,
        }
    }
}

/// Build a filter file at `output`.
///
/// # Errors
/// [`BuildError`]; what was at `output` before is then as it was, but for
/// [`OutputError::NotSynced`](crate::file::OutputError::NotSynced).
pub fn build(
    options: &BuildOptions,
    output: &Path,
    observer: &dyn Observer,
) -> Result<Summary, BuildError> {
    if options.memory_bytes < MIN_MEMORY_BYTES {
        return Err(BuildError::TooLittleMemory);
    }
    ensure_possible(options)?;
    // Asked first, so that an hour's work does not end in "exists already".
    if options.replace {
        ensure_no_input(output, options.inputs.iter().filter_map(Input::path))?;
    }
    let mut new_file = AtomicFile::create(output, options.replace, Access::AsUsual)?;
    let seed = seed_of(options)?;
    let numbering = NumberingPlan::of(&options.profile).map_err(PlanError::Numbering)?;
    let mut costs = Costs::new(observer);

    let function = HashFunction::Xxh3 { seed };
    let keys = keys_of(options, function);
    let temp_folder = options.temp_folder.as_deref().unwrap_or(new_file.folder());
    let hashes = Partitions::new(options.memory_bytes, temp_folder.to_path_buf());
    let numbers = hashes.beside();
    let has_failed = || hashes.has_failed() || numbers.has_failed() || observer.is_stopped();
    let Read { counts, sample } = read(
        options,
        numbering,
        seed,
        keys,
        &mut costs,
        &has_failed,
        || {
            let mut hashes = hashes.writer();
            let mut numbers = matches!(keys, Keys::Numbers(_)).then(|| numbers.writer());
            move |key, _place| match (key, &mut numbers) {
                (Key::Number(number), Some(numbers)) => numbers.push(exact::scatter(number)),
                (Key::Hash(hash) | Key::Number(hash), _) => hashes.push(hash),
            }
        },
    )
    .map_err(InputError::Source)?;
    ensure_goes_on(observer)?;
    let (mut hashes, numbers) = (hashes.close()?, numbers.close()?);
    ensure_read(options, &counts)?;

    let mut building = Building {
        options,
        numbering,
        seed,
        counts: &counts,
        sample: &sample,
        costs,
        file: &mut new_file,
    };
    let mut written = None;
    let mut reason = reason_of(options);
    if matches!(keys, Keys::Numbers(_)) {
        let has_others = counts.no_numbers.count() > 0;
        let (ordered, counted) = building.order(&numbers)?;
        numbers.release();
        if !has_others {
            match building.exact(&ordered, counted)? {
                Ok(exact) => written = Some(exact),
                Err(why) => reason = why,
            }
        }
        if written.is_none() {
            hashes = building.hash(&ordered, hashes)?;
        }
        ordered.release();
    }
    ensure_goes_on(observer)?;
    let written = match written {
        Some(written) => written,
        None => building.filter(&hashes, reason)?,
    };
    let mut costs = building.costs;
    ensure_goes_on(observer)?;
    costs.stage(Stage::Sync, None, |_| new_file.commit())?;
    Ok(written.summary(counts, costs.into_costs()))
}

/// Can there be such a file, whatever is in the lists?
pub(crate) fn ensure_possible(options: &BuildOptions) -> Result<(), BuildError> {
    if options.encoding == Choice::Exact && !has_numbers(&options.profile) {
        return Err(BuildError::NoNumbers);
    }
    Ok(())
}

/// The seed that was given, or another.
pub(crate) fn seed_of(options: &BuildOptions) -> Result<u64, BuildError> {
    match options.seed {
        Some(seed) => Ok(seed),
        None => getrandom::u64().map_err(|error| BuildError::NoSeed(error.to_string())),
    }
}

/// What is gathered of the items.
pub(crate) fn keys_of(options: &BuildOptions, function: HashFunction) -> Keys {
    match options.encoding {
        Choice::Exact | Choice::Auto if has_numbers(&options.profile) => Keys::Numbers(function),
        _ => Keys::Hashes(function),
    }
}

/// Why there is a filter, if there is one and no exact set was tried.
pub(crate) fn reason_of(options: &BuildOptions) -> Reason {
    match options.encoding {
        Choice::Filter(_) => Reason::Asked,
        Choice::Exact | Choice::Auto => Reason::NotNumbers,
    }
}

/// # Errors
/// [`BuildError::Stopped`].
pub(crate) fn ensure_goes_on(observer: &dyn Observer) -> Result<(), BuildError> {
    match observer.is_stopped() {
        true => Err(BuildError::Stopped),
        false => Ok(()),
    }
}

/// A build whose lists are read.
struct Building<'a, 'o> {
    options: &'a BuildOptions,
    numbering: NumberingPlan,
    seed: u64,
    counts: &'a Counts,
    sample: &'a Sample,
    costs: Costs<'o>,
    file: &'a mut AtomicFile,
}

impl Building<'_, '_> {
    /// Count the hashes, make a filter of them, and ask it.
    fn filter(&mut self, hashes: &Hashes, reason: Reason) -> Result<Written, BuildError> {
        let num_threads = self.options.num_threads;
        let counted = self.count(hashes)?;
        ensure_goes_on(self.costs.observer)?;
        let method = self.method_of(counted.num_items);
        let draft = Draft::new(self.options, self.numbering, Some(method), self.seed)?;
        let mut plan = Plan::new(draft, self.counts, counted)?;
        // The header says what was measured, so it is written last.
        let encoded = self
            .costs
            .stage(Stage::Encode, Some(counted.num_items), |observer| {
                encode(&mut plan, hashes, num_threads, self.file, &|items| {
                    observer.advance(items)
                })
            })?;
        ensure_goes_on(self.costs.observer)?;
        let pages = encoded.pages;
        let header = plan.header(encoded.num_items(), encoded.measured());
        write_head(&header, pages.file_id, self.numbering, self.file)?;
        let trial = self.recheck(&header, encoded.measured(), |file, seed, advance| {
            ask_all(file, &pages, hashes, seed, num_threads, advance)
        })?;
        Ok(Written::filter(&plan, &encoded, header, trial, reason))
    }

    fn method_of(&self, num_items: u64) -> Method {
        method_of(self.options, self.numbering, self.seed, num_items)
    }

    /// Count numbers that are scattered, and put them in order.
    fn order(&mut self, numbers: &Hashes) -> Result<(Ordered, Count), BuildError> {
        let num_threads = self.options.num_threads;
        let counted = self.count(numbers)?;
        let num_stored = Some(self.counts.num_stored);
        let ordered = self.costs.stage(Stage::Order, num_stored, |observer| {
            Ordered::of(numbers, num_threads, &|items| observer.advance(items))
        })?;
        Ok((ordered, counted))
    }

    /// Make an exact set of numbers, and ask it; or tell why there should be a filter.
    fn exact(
        &mut self,
        numbers: &Ordered,
        counted: Count,
    ) -> Result<Result<Written, Reason>, BuildError> {
        let num_threads = self.options.num_threads;
        let draft = Draft::new(self.options, self.numbering, None, 0)?;
        let mut plan = ExactPlan::new(draft, self.counts, counted)?;
        let pages = plan.pages().map_err(PlanError::Header)?;
        let made = self
            .costs
            .stage(Stage::Encode, Some(counted.num_items), |observer| {
                numbers.write(&pages, num_threads, self.file, &|items| {
                    observer.advance(items)
                })
            })?;
        ensure_goes_on(self.costs.observer)?;
        let method = self.method_of(made.num_items);
        let filter = Draft::new(self.options, self.numbering, Some(method), self.seed)?;
        let reason = match plan.judge(&made, &filter)? {
            Ok(reason) => reason,
            Err(reason) => {
                self.file.clear()?;
                return Ok(Err(reason));
            }
        };
        let header = plan.header(&made);
        write_head(&header, pages.file_id, self.numbering, self.file)?;
        let trial = self.recheck(&header, 0.0, |file, _seed, advance| {
            exact::ask_all(file, &pages, numbers, &made, num_threads, advance)
        })?;
        Ok(Ok(Written::exact(header, made.num_pages, trial, reason)))
    }

    /// Numbers become hashes, after all, beside those that there are.
    fn hash(&mut self, numbers: &Ordered, others: Hashes) -> Result<Hashes, BuildError> {
        let num_threads = self.options.num_threads;
        let function = HashFunction::Xxh3 { seed: self.seed };
        let profile = &self.options.profile;
        let partitions = others.open();
        self.costs
            .stage(Stage::Hash, Some(self.counts.num_stored), |observer| {
                numbers.hash(profile, function, &partitions, num_threads, &|items| {
                    observer.advance(items)
                })
            })?;
        Ok(partitions.close()?)
    }

    fn count(&mut self, hashes: &Hashes) -> Result<Count, SpoolError> {
        let num_threads = self.options.num_threads;
        let counting = Counting::new(self.counts.num_stored, self.options.max_counted_records);
        self.costs
            .stage(Stage::Count, Some(NUM_PARTITIONS.into()), |observer| {
                hashes.count(counting, num_threads, &|partitions| {
                    observer.advance(partitions);
                })
            })
    }

    fn recheck(
        &mut self,
        header: &Header,
        measured: f64,
        ask_all: impl FnOnce(&File, u64, &(dyn Fn(u64) + Sync)) -> Result<Findings, RecheckError>,
    ) -> Result<Trial, BuildError> {
        let file = self.file.reopen()?;
        let (options, seed) = (self.options, self.seed);
        let expected = Expected {
            header,
            sample: self.sample,
            measured,
        };
        let num_stored = Some(self.counts.num_stored);
        let trial = self.costs.stage(Stage::Recheck, num_stored, |observer| {
            let findings = ask_all(&file, seed, &|records| observer.advance(records))?;
            recheck(options, file, &expected, &findings)
        })?;
        Ok(trial)
    }
}

/// Write what stands before the pages.
pub(crate) fn write_head(
    header: &Header,
    file_id: FileId,
    numbering: NumberingPlan,
    file: &mut AtomicFile,
) -> Result<(), WriteError> {
    write_header(header, file_id, file)?;
    for dataset in &header.datasets {
        let (first, _) = dataset.sectors();
        for (index, payload) in (first.0..).zip(numbering.payloads) {
            file.write(&seal(file_id, SectorIndex(index), payload))?;
        }
    }
    Ok(())
}

/// Read the lists as [`build`] does, and write nothing. What a build would say of
/// the counts, [`ensure_read`] says.
///
/// # Errors
/// [`InputError::Source`], or [`PlanError::Numbering`] when the region has no numbering plan.
pub fn dry_run(options: &BuildOptions, observer: &dyn Observer) -> Result<Counts, BuildError> {
    let numbering = NumberingPlan::of(&options.profile).map_err(PlanError::Numbering)?;
    let mut costs = Costs::new(observer);
    let read = read(
        options,
        numbering,
        0,
        Keys::Hashes(HashFunction::Xxh3 { seed: 0 }),
        &mut costs,
        &|| false,
        || |_, _| (),
    );
    Ok(read.map_err(InputError::Source)?.counts)
}
