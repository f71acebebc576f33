//! What to build, and with what.

use std::path::PathBuf;
use std::time::SystemTime;

use leaksieve_core::header::Date;
use leaksieve_core::{IdentifierKind, Profile};
use leaksieve_link::Board;

use crate::input::source::{Input, Layout};
use crate::pipeline::count::MAX_COUNTED_RECORDS;
use crate::sizing::{Aim, Choice};

/// The false-positive rate of a filter for which no rate and no size is given.
pub const DEFAULT_RATE: f64 = 1e-3;
/// The share of rejected records that is allowed by default, 0 to 1.
pub const DEFAULT_REJECTED_SHARE: f64 = 0.01;
/// The memory that a build takes by default; bytes.
pub const DEFAULT_MEMORY_BYTES: u64 = 2 << 30;

/// What to build: [`new`](Self::new) sets the defaults, and each field can be changed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BuildOptions {
    /// The lists; their items are one dataset.
    pub inputs: Vec<Input>,
    /// Where in a line the identifier stands.
    pub layout: Layout,
    /// What the records are.
    pub kind: IdentifierKind,
    /// How they become items.
    pub profile: Profile,
    /// How items become bits.
    pub encoding: Choice,
    /// Size or false-positive rate.
    pub aim: Aim,
    /// The board that the filter must fit, also when it is signed.
    pub board: Option<&'static Board>,
    /// Name of the breach.
    pub name: String,
    /// When it happened.
    pub date: Date,
    /// Where the list came from.
    pub source_note: String,
    /// Seed of the hash; `None` draws one.
    pub seed: Option<u64>,
    /// When the file is made; seconds since 1970-01-01 UTC.
    pub created_unix_s: u64,
    /// Counter of publications.
    pub epoch: u32,
    /// When the file should be replaced; seconds since 1970-01-01 UTC, 0 for never.
    pub expires_unix_s: u64,
    /// Largest share of rejected records, 0 to 1.
    pub max_rejected_share: f64,
    /// Threads that work.
    pub num_threads: usize,
    /// Memory that the build may take, at least [`MIN_MEMORY_BYTES`](crate::pipeline::partition::MIN_MEMORY_BYTES); bytes.
    pub memory_bytes: u64,
    /// Where a file is made of what does not fit into that memory; `None`: the output's folder.
    pub temp_folder: Option<PathBuf>,
    /// Up to so many records, duplicates included, the distinct ones are counted before the pages
    /// are made; of more, a share of them is, which changes the bytes. Tests lower it.
    pub max_counted_records: u64,
    /// Replace an output that exists.
    pub replace: bool,
}

impl BuildOptions {
    /// A filter of these lists at a rate of 1 in 1,000, or an exact set ([`Choice::Auto`]), made now
    /// and named after the first file. Each line is an identifier; at most 1 % of them may be
    /// rejected. It takes all cores and 2 GiB of memory, and replaces no file.
    pub fn new(inputs: Vec<Input>, kind: IdentifierKind, profile: Profile) -> Self {
        Self {
            name: name_of(&inputs).unwrap_or_default(),
            inputs,
            layout: Layout::LineOf(kind),
            kind,
            profile,
            encoding: Choice::Auto,
            aim: Aim::FalsePositiveRate(DEFAULT_RATE),
            board: None,
            date: Date::default(),
            source_note: String::new(),
            seed: None,
            created_unix_s: SystemTime::UNIX_EPOCH
                .elapsed()
                .map_or(0, |since| since.as_secs()),
            epoch: 0,
            expires_unix_s: 0,
            max_rejected_share: DEFAULT_REJECTED_SHARE,
            num_threads: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: DEFAULT_MEMORY_BYTES,
            temp_folder: None,
            max_counted_records: MAX_COUNTED_RECORDS,
            replace: false,
        }
    }
}

/// A file name's stem, as the name of a breach that was not given one.
pub fn name_of(inputs: &[Input]) -> Option<String> {
    inputs.iter().find_map(|input| match input {
        Input::Stdin | Input::Values(_) => None,
        Input::File(path) => {
            let name = PathBuf::from(path.file_name()?);
            let mut stem = name.clone();
            while let Some(shorter) = stem.file_stem().filter(|stem| *stem != name.as_os_str()) {
                let shorter = PathBuf::from(shorter);
                if shorter == stem {
                    break;
                }
                stem = shorter;
            }
            stem.to_str().map(str::to_owned)
        }
    })
}
