//! Of exact sets.

use leaksieve_core::Profile;
use serde::{Deserialize, Serialize};

use super::super::staging::{Folder, Staged, Sum};
use crate::pipeline::exact::OfRange;
use crate::pipeline::pages::Pages;

/// Numbers -> blobs of them, or of the hashes of their items.
#[derive(Serialize, Deserialize)]
pub(crate) struct NumbersTask {
    pub(crate) folder: Folder,
    /// To so many parts, as an exponent of 2.
    pub(crate) num_bits: u32,
    pub(crate) to: NumbersTo,
}

/// What they become.
#[derive(Serialize, Deserialize)]
pub(crate) enum NumbersTo {
    /// Numbers, by their ranges, which begin here.
    Ranges(Vec<u64>),
    /// Hashes of the items that they stand for.
    Hashes { profile: Box<Profile>, seed: u64 },
}

/// A part of them.
#[derive(Serialize, Deserialize)]
pub(crate) struct NumbersPart(pub(crate) Staged);

/// Numbers in order -> the pages of each of their ranges, in a file.
#[derive(Serialize, Deserialize)]
pub(crate) struct EncodeExactTask {
    pub(crate) folder: Folder,
    pub(crate) label: String,
    pub(crate) pages: Pages,
    /// The exponent of the blocks' size.
    pub(crate) block: u8,
}

/// A part of it.
#[derive(Serialize, Deserialize)]
pub(crate) struct EncodeExactPart(pub(crate) Staged);

/// Are all numbers in the pages, and no others?
#[derive(Serialize, Deserialize)]
pub(crate) struct CheckExactTask {
    pub(crate) folder: Folder,
    pub(crate) pages: Pages,
    pub(crate) block: u8,
    /// The index and the directory, in a file; where they lie among the pages, and how many pages there
    /// are.
    pub(crate) index: String,
    pub(crate) first_index_page: u32,
    pub(crate) num_pages: u32,
}

/// A part of it.
#[derive(Serialize, Deserialize)]
pub(crate) struct CheckExactPart {
    pub(crate) file: ExactFile,
    /// `None`: no number.
    pub(crate) staged: Option<Staged>,
}

/// The pages of a part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ExactFile {
    pub(crate) part: u32,
    /// `None`: it has none of its own.
    pub(crate) name: Option<String>,
    /// Among all.
    pub(crate) first_page: u32,
    pub(crate) ranges: Vec<ExactRange>,
}

/// The pages of a range. Those that have no number are not in the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ExactRange {
    /// A page without a number before the others: where it begins.
    pub(crate) before: Option<u64>,
    /// Those in the file.
    pub(crate) num_pages: u32,
    /// A page without a number behind them.
    pub(crate) behind: Option<u64>,
}

impl ExactFile {
    pub(crate) fn num_pages(&self) -> u32 {
        let of_range = |range: &ExactRange| {
            u32::from(range.before.is_some()) + range.num_pages + u32::from(range.behind.is_some())
        };
        self.ranges.iter().map(of_range).sum()
    }
}

/// The pages that were made of a part.
#[derive(Serialize, Deserialize)]
pub(crate) struct EncodedExact {
    pub(crate) part: u32,
    /// Their file: sectors, numbered from 0.
    pub(crate) name: String,
    /// Of each of its ranges.
    pub(crate) ranges: Vec<OfRange>,
    pub(crate) items: Sum,
}
