//! False-positive rates that can be built.

use leaksieve_core::header::Rate;
use leaksieve_core::sector::SECTOR_BYTES;

use super::ribbon::MAX_RIBBON_ITEMS;

/// Lowest and highest rate that can be asked for.
pub const FALSE_POSITIVE_RATES: std::ops::RangeInclusive<f64> = 1e-7..=0.5;

/// Why there is no such filter.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// The rate cannot be built.
    #[error(
        "a false-positive rate of {0:?} cannot be built: give one from {lowest:?} to {highest:?}, such as 0.001, 0.1% or 1/1000",
        lowest = FALSE_POSITIVE_RATES.start(), highest = FALSE_POSITIVE_RATES.end()
    )]
    Rate(f64),
    /// Too many items for a file.
    #[error(
        "{num_items} items at this rate need more sectors than a file of this encoding can have: split the input"
    )]
    TooMany {
        /// Number of items.
        num_items: u64,
    },
    /// Too many items for a ribbon.
    #[error(
        "a ribbon can hold {MAX_RIBBON_ITEMS} items, and there are {num_items}: build a Bloom filter, or split the input"
    )]
    TooManyForRibbon {
        /// Number of items.
        num_items: u64,
    },
    /// Too little room.
    #[error(
        "{max_bytes} bytes are too small for a useful filter of {num_items} items: header and numbering plan take \
         {} bytes, and the rest would give a false-positive rate above 0.5",
        u64::from(*header_sectors) * SECTOR_BYTES as u64
    )]
    TooSmall {
        /// Bytes that there are.
        max_bytes: u64,
        /// Sectors before the first page.
        header_sectors: u32,
        /// Number of items.
        num_items: u64,
    },
}

/// A rate that can be built.
///
/// # Errors
/// [`ShapeError::Rate`].
pub fn check_rate(rate: f64) -> Result<f64, ShapeError> {
    if FALSE_POSITIVE_RATES.contains(&rate) {
        Ok(rate)
    } else {
        Err(ShapeError::Rate(rate))
    }
}

/// The rate that a file was designed for, or the nearest that can be asked for: one that was
/// to fill a size may have a lower one.
pub fn rate_to_build(designed: Rate) -> f64 {
    // The header's is cut to 1e-18, and that must not ask for a larger file than it is of.
    let rate = designed.units() as f64 / Rate::ONE as f64 * (1.0 + 1e-9);
    rate.clamp(*FALSE_POSITIVE_RATES.start(), *FALSE_POSITIVE_RATES.end())
}

/// A rate of the bits, and that of items of the same page whose low 32 bits are equal.
pub fn with_collisions(rate: f64, items_per_page: f64) -> f64 {
    let collisions = (items_per_page / 4_294_967_296.0).min(1.0);
    rate + (1.0 - rate) * collisions
}

/// The mean of something that depends on the number of a page's items, which follows a
/// Poisson distribution.
pub(super) fn poisson(mean: f64, of: impl Fn(f64) -> f64) -> f64 {
    // Thirteen standard deviations leave out less than 1e-30.
    let reach = 13.0 * mean.sqrt() + 20.0;
    let (first, last) = ((mean - reach).max(0.0).floor(), (mean + reach).ceil());
    // Weights are relative to that of the likeliest number, from which they fall both ways.
    let likeliest = mean.floor();
    let (mut weights, mut sum) = (1.0, of(likeliest));
    let (mut items, mut weight) = (likeliest, 1.0);
    while items < last {
        items += 1.0;
        weight *= mean / items;
        weights += weight;
        sum += weight * of(items);
    }
    (items, weight) = (likeliest, 1.0);
    while items > first {
        weight *= items / mean;
        items -= 1.0;
        weights += weight;
        sum += weight * of(items);
    }
    sum / weights
}
