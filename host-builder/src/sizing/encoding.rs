//! What an encoding is, in figures.

use leaksieve_core::Dataset;
use leaksieve_core::encoding::Encoding;
use leaksieve_core::header::Rate;
use leaksieve_core::sector::SECTOR_BYTES;

use super::shape::{Choice, Method};

impl Choice {
    /// `auto`, `exact`, `bloom` or `ribbon`. `None`: another name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "auto" => Self::Auto,
            "exact" => Self::Exact,
            "bloom" => Self::Filter(Method::Bloom),
            "ribbon" => Self::Filter(Method::Ribbon),
            _ => return None,
        })
    }
}

/// `bloom`, `ribbon` or `exact`.
pub const fn name(encoding: &Encoding) -> &'static str {
    match (encoding, Method::of(encoding)) {
        (Encoding::Exact, _) => "exact",
        (_, Some(method)) => method.name(),
        (_, None) => "unknown",
    }
}

/// Probes an item, of a Bloom filter.
pub const fn num_hashes(encoding: &Encoding) -> Option<u8> {
    match encoding {
        Encoding::Bloom { num_hashes } => Some(*num_hashes),
        _ => None,
    }
}

/// Columns of a ribbon's pages: of all, or the fewest and the most.
pub fn columns(encoding: &Encoding) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Ribbon(ribbon) if ribbon.wide_share == 0 => Some(vec![ribbon.columns]),
        Encoding::Ribbon(ribbon) => Some(vec![ribbon.columns, ribbon.columns.saturating_add(1)]),
        _ => None,
    }
}

/// Sectors that are read at most for each reading of what is asked. A number of an exact set is
/// asked for twice, if some of its lines were stored in several readings.
pub fn most_reads(encoding: &Encoding, num_pages: u32, num_extra: u64) -> u32 {
    let most = encoding.max_pages_read(num_pages);
    match encoding {
        Encoding::Exact if num_extra > 0 => 2 * most,
        _ => most,
    }
}

/// Sectors of the pages, checksums included, for each item; bits.
pub fn bits_per_item(dataset: &Dataset) -> f64 {
    f64::from(dataset.num_sectors) * SECTOR_BYTES as f64 * 8.0 / dataset.num_items as f64
}

/// A rate of the header as a number, 0 to 1.
pub fn as_f64(rate: Rate) -> f64 {
    rate.units() as f64 / Rate::ONE as f64
}

/// N of "1 in N"; `None`: there is no false alarm.
pub fn odds(rate: Rate) -> Option<u64> {
    (rate != Rate::NONE).then(|| rate.one_in())
}
