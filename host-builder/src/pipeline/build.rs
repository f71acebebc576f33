//! All stages of a build, one after the other.

use std::path::Path;

use crate::file::{Access, AtomicFile, ensure_no_input, write_header};
use crate::input::normalise::Counts;
use crate::input::source::Input;
use crate::pipeline::encode::encode;
use crate::pipeline::error::BuildError;
use crate::pipeline::options::BuildOptions;
use crate::pipeline::partition::{MIN_MEMORY_BYTES, NUM_PARTITIONS, Partitions};
use crate::pipeline::plan::{Draft, NumberingPlan, Plan, PlanError};
use crate::pipeline::read::{InputError, Read, ensure_read, read};
use crate::pipeline::recheck::{Expected, recheck};
use crate::progress::{Cost, Costs, Observer, Stage};
use crate::sizing::Shape;
use crate::sizing::measure::Trial;
use leaksieve_core::file::byte_of;
use leaksieve_core::sector::{SectorIndex, seal};

/// What was built.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// What was read.
    pub counts: Counts,
    /// Distinct items.
    pub num_items: u64,
    /// False-positive rate that was aimed at.
    pub designed: f64,
    /// Pages, and how items became bits.
    pub shape: Shape,
    /// Times that a page could not be solved and all were made anew, with other equations.
    pub num_restarts: u8,
    /// Sectors that a question reads on average; tag sectors apart.
    pub mean_reads: f64,
    /// Bytes of the file.
    pub num_bytes: u64,
    /// False-positive rate of the pages as they are.
    pub measured: f64,
    /// The finished file's answers for what is no item.
    pub trial: Trial,
    /// What each stage took, in order.
    pub costs: Vec<Cost>,
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
    // Asked first, so that an hour's work does not end in "exists already".
    if options.replace {
        ensure_no_input(output, options.inputs.iter().filter_map(Input::path))?;
    }
    let mut new_file = AtomicFile::create(output, options.replace, Access::AsUsual)?;
    let seed = match options.seed {
        Some(seed) => seed,
        None => getrandom::u64().map_err(|error| BuildError::NoSeed(error.to_string()))?,
    };
    let draft = Draft::new(options, seed)?;
    let mut costs = Costs::new(observer);
    let num_threads = options.num_threads;

    let temp_folder = options.temp_folder.as_deref().unwrap_or(new_file.folder());
    let partitions = Partitions::new(options.memory_bytes, temp_folder.to_path_buf());
    let Read { counts, sample } = read(
        options,
        draft.numbering,
        seed,
        &mut costs,
        &|| partitions.has_failed(),
        || {
            let mut writer = partitions.writer();
            move |hash, _place| writer.push(hash)
        },
    )
    .map_err(InputError::Source)?;
    let hashes = partitions.close()?;
    ensure_read(options, &counts)?;
    let counted = costs.stage(Stage::Count, Some(NUM_PARTITIONS.into()), |observer| {
        hashes.count(counts.num_stored, num_threads, &|partitions| {
            observer.advance(partitions);
        })
    })?;
    let mut plan = Plan::new(draft, &counts, counted)?;

    // The header says what was measured, so it is written last.
    let encoded = costs.stage(Stage::Encode, Some(counted.num_items), |observer| {
        encode(&mut plan, &hashes, num_threads, &mut new_file, &|items| {
            observer.advance(items);
        })
    })?;
    let pages = encoded.pages;
    let (num_items, measured) = (encoded.num_items(), encoded.measured());
    let header = plan.header(num_items, measured);
    write_header(&header, pages.file_id, &mut new_file)?;
    for (index, payload) in plan.numbering_sectors() {
        new_file.write(&seal(pages.file_id, index, payload))?;
    }

    let file = new_file.reopen()?;
    let trial = costs.stage(Stage::Recheck, Some(counts.num_stored), |observer| {
        let expected = Expected {
            header: &header,
            pages: &pages,
            hashes: &hashes,
            sample: &sample,
            measured,
        };
        recheck(options, file, &expected, seed, &|records| {
            observer.advance(records);
        })
    })?;
    costs.stage(Stage::Sync, None, |_| new_file.commit())?;
    Ok(Summary {
        counts,
        num_items,
        designed: plan.designed,
        shape: plan.shape,
        num_restarts: encoded.num_restarts,
        mean_reads: encoded.mean_reads(),
        num_bytes: byte_of(SectorIndex(header.num_sectors)),
        measured,
        trial,
        costs: costs.into_costs(),
    })
}

/// Read the lists as [`build`] does, and write nothing. What a build would say of
/// the counts, [`ensure_read`] says.
///
/// # Errors
/// [`InputError::Source`], or [`PlanError::Numbering`] when the region has no numbering plan.
pub fn dry_run(options: &BuildOptions, observer: &dyn Observer) -> Result<Counts, BuildError> {
    let numbering = NumberingPlan::of(&options.profile).map_err(PlanError::Numbering)?;
    let mut costs = Costs::new(observer);
    let read = read(options, numbering, 0, &mut costs, &|| false, || |_, _| ());
    Ok(read.map_err(InputError::Source)?.counts)
}
