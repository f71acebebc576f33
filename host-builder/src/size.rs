//! How large a filter must be for a rate, and what rate fits a size.
//!
//! The prediction is that of a blocked Bloom filter: the items of a page follow a
//! Poisson distribution, and a page of `i` items has a rate of E\[f^k\], where `f` is
//! the share of its bits that `i * k` independent probes set (Putze, Sanders, Singler,
//! "Cache-, Hash- and Space-Efficient Bloom Filters", WEA 2007, equation 3).

use leaksieve_core::encoding::bloom::{MAX_HASHES, PAGE_BITS};
use leaksieve_core::sector::SECTOR_BYTES;

/// Lowest and highest rate that can be asked for.
pub const FALSE_POSITIVE_RATES: std::ops::RangeInclusive<f64> = 1e-7..=0.5;

/// What a filter should be like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Aim {
    /// As small as this false-positive rate allows.
    FalsePositiveRate(f64),
    /// The lowest false-positive rate that fits so many bytes, header included.
    MaxBytes(u64),
}

/// A filter's size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Pages, each a sector.
    pub num_pages: u32,
    /// Probes an item.
    pub num_hashes: u8,
    /// False-positive rate to be expected.
    pub false_positive_rate: f64,
}

/// Why there is no such filter.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum ShapeError {
    /// The rate cannot be built.
    #[error(
        "a false-positive rate of {0:?} cannot be built: give one from {lowest:?} to {highest:?}, such as 0.001, 0.1% or 1/1000",
        lowest = FALSE_POSITIVE_RATES.start(), highest = FALSE_POSITIVE_RATES.end()
    )]
    Rate(f64),
    /// Too many items for a file.
    #[error("{num_items} items at this rate need more than 2^32 sectors (2 TiB): split the input")]
    TooMany {
        /// Number of items.
        num_items: u64,
    },
    /// Too little room.
    #[error(
        "{max_bytes} bytes hold no useful filter of {num_items} items: the false-positive rate would be above 0.5"
    )]
    TooSmall {
        /// Bytes that there are.
        max_bytes: u64,
        /// Number of items.
        num_items: u64,
    },
}

/// The shape of a filter of so many items (at least one) behind a header of so many sectors.
///
/// # Errors
/// [`ShapeError`].
pub fn shape(num_items: u64, aim: Aim, header_sectors: u32) -> Result<Shape, ShapeError> {
    match aim {
        Aim::FalsePositiveRate(rate) => {
            let (density, num_hashes) = densest(rate)?;
            let num_pages = pages_for(num_items, density);
            if num_pages >= f64::from(u32::MAX - header_sectors) {
                return Err(ShapeError::TooMany { num_items });
            }
            Ok(Shape {
                num_pages: num_pages as u32,
                num_hashes,
                false_positive_rate: predict(num_items as f64 / num_pages, num_hashes),
            })
        }
        Aim::MaxBytes(max_bytes) => {
            let too_small = ShapeError::TooSmall {
                max_bytes,
                num_items,
            };
            let sectors = max_bytes / SECTOR_BYTES as u64;
            let num_pages = sectors
                .saturating_sub(header_sectors.into())
                .min(u64::from(u32::MAX - header_sectors));
            let num_pages = u32::try_from(num_pages).unwrap_or(u32::MAX);
            if num_pages == 0 {
                return Err(too_small);
            }
            let density = num_items as f64 / f64::from(num_pages);
            // An item a bit: far above any rate, and far too many to predict one.
            if density > f64::from(PAGE_BITS) {
                return Err(too_small);
            }
            let (false_positive_rate, num_hashes) = (1..=MAX_HASHES)
                .map(|num_hashes| (predict(density, num_hashes), num_hashes))
                .min_by(|a, b| a.0.total_cmp(&b.0))
                .ok_or(too_small)?;
            if false_positive_rate > *FALSE_POSITIVE_RATES.end() {
                return Err(too_small);
            }
            Ok(Shape {
                num_pages,
                num_hashes,
                false_positive_rate,
            })
        }
    }
}

/// Most items that a file of so many bytes holds at a rate, header included; 0 when it
/// has no room for a page.
///
/// # Errors
/// [`ShapeError::Rate`].
pub fn most_items(max_bytes: u64, rate: f64, header_sectors: u32) -> Result<u64, ShapeError> {
    let (density, _) = densest(rate)?;
    let sectors = (max_bytes / SECTOR_BYTES as u64).min(u32::MAX.into());
    let num_pages = sectors.saturating_sub(header_sectors.into());
    let mut num_items = (num_pages as f64 * density) as u64;
    // The product may be rounded up past what fits.
    while pages_for(num_items, density) > num_pages as f64 && num_items > 0 {
        num_items -= 1;
    }
    Ok(num_items)
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

fn pages_for(num_items: u64, density: f64) -> f64 {
    (num_items as f64 / density).ceil().max(1.0)
}

/// Most items a page for a rate, and with how many probes.
fn densest(rate: f64) -> Result<(f64, u8), ShapeError> {
    check_rate(rate)?;
    // More probes first let a page hold more items, and then fewer.
    let mut best = (0.0, 1);
    for num_hashes in 1..=MAX_HASHES {
        let density = highest_density(rate, num_hashes);
        if density < best.0 {
            break;
        }
        best = (density, num_hashes);
    }
    Ok(best)
}

/// Most items a page for a rate, by bisection: the rate grows with the density.
fn highest_density(rate: f64, num_hashes: u8) -> f64 {
    let (mut low, mut high) = (0.0, f64::from(PAGE_BITS));
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        if predict(middle, num_hashes) <= rate {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// False-positive rate of pages with so many items each, on average.
fn predict(items_per_page: f64, num_hashes: u8) -> f64 {
    // Thirteen standard deviations leave out less than 1e-30.
    let reach = 13.0 * items_per_page.sqrt() + 20.0;
    let first = (items_per_page - reach).max(0.0).floor();
    let last = (items_per_page + reach).ceil();
    let mut ln_weight = first * items_per_page.max(f64::MIN_POSITIVE).ln()
        - items_per_page
        - (1..=first as u64).map(|i| (i as f64).ln()).sum::<f64>();
    let mut rate = 0.0;
    let mut items = first;
    while items <= last {
        rate += ln_weight.exp() * rate_of_items(items, num_hashes);
        items += 1.0;
        ln_weight += (items_per_page / items).ln();
    }
    with_collisions(rate, items_per_page)
}

/// E\[f^k\] of a page of `items` items, to the second order in the variance of f.
fn rate_of_items(items: f64, num_hashes: u8) -> f64 {
    let bits = f64::from(PAGE_BITS);
    let num_hashes = f64::from(num_hashes);
    let probes = items * num_hashes;
    let clear = (1.0 - 1.0 / bits).powf(probes);
    let set = 1.0 - clear;
    if set <= 0.0 {
        return 0.0;
    }
    // Variance of the share of clear bits, from two bits' chance to be both clear.
    let both_clear = (1.0 - 2.0 / bits).powf(probes);
    let variance = (both_clear * (bits - 1.0) + clear) / bits - clear * clear;
    let convexity = num_hashes * (num_hashes - 1.0) / 2.0 * variance / (set * set);
    (set.powf(num_hashes) * (1.0 + convexity)).min(1.0)
}

/// False-positive rate of a page in which so many bits are set.
pub fn rate_of_ones(num_ones: u32, num_hashes: u8) -> f64 {
    (f64::from(num_ones) / f64::from(PAGE_BITS)).powi(num_hashes.into())
}

/// A rate of the bits, and that of items of the same page whose low 32 bits are equal.
pub fn with_collisions(rate: f64, items_per_page: f64) -> f64 {
    let collisions = (items_per_page / 4_294_967_296.0).min(1.0);
    rate + (1.0 - rate) * collisions
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rates at the best number of probes, for 4,096-bit sectors: measured, by another
    /// implementation. Ours have 4,064 bits, which adds at most 1 % to the rate.
    #[test]
    fn rates_of_published_sizes() {
        for (bits_per_item, expected) in [
            (8.0, 2.18e-2),
            (12.0, 3.26e-3),
            (16.0, 5.05e-4),
            (24.0, 1.36e-5),
        ] {
            let density = f64::from(PAGE_BITS) / bits_per_item;
            let best = (1..=MAX_HASHES)
                .map(|num_hashes| predict(density, num_hashes))
                .fold(1.0, f64::min);
            assert!((best / expected - 1.0).abs() < 0.02, "{best} {expected}");
        }
    }

    #[test]
    fn a_shape_keeps_its_rate_and_no_smaller_one_does() {
        for rate in [0.5, 0.1, 1e-2, 1e-3, 1e-4, 1e-6, 1e-7] {
            let shape = shape(1_000_000, Aim::FalsePositiveRate(rate), 1).unwrap();
            assert!(shape.false_positive_rate <= rate);
            let smaller = 1_000_000.0 / f64::from(shape.num_pages - 1);
            for num_hashes in 1..=MAX_HASHES {
                assert!(predict(smaller, num_hashes) > rate);
            }
        }
    }

    #[test]
    fn a_size_is_filled_and_not_passed() {
        let shape = shape(500_000, Aim::MaxBytes(900 * 1024), 2).unwrap();
        assert_eq!(shape.num_pages, 1798);
        assert!(shape.false_positive_rate < 1.5e-3);
        assert!(matches!(
            super::shape(50_000_000, Aim::MaxBytes(900 * 1024), 2),
            Err(ShapeError::TooSmall { .. })
        ));
        assert!(super::shape(u64::MAX, Aim::MaxBytes(1 << 20), 2).is_err());
        assert!(super::shape(1, Aim::MaxBytes(1023), 2).is_err());
        assert!(super::shape(1, Aim::FalsePositiveRate(0.0), 2).is_err());
        assert!(super::shape(u64::MAX, Aim::FalsePositiveRate(0.1), 2).is_err());
    }

    #[test]
    fn the_most_items_fit_and_one_more_does_not() {
        for rate in [0.5, 1e-2, 1e-3, 1e-7] {
            for max_bytes in [1024, 192 << 10, (1 << 20) + 511, (1 << 32) - 1] {
                let most = most_items(max_bytes, rate, 1).unwrap();
                let num_bytes = |num_items| {
                    let aim = Aim::FalsePositiveRate(rate);
                    let pages = super::shape(num_items, aim, 1).unwrap().num_pages;
                    (u64::from(pages) + 1) * SECTOR_BYTES as u64
                };
                assert!(num_bytes(most) <= max_bytes);
                assert!(num_bytes(most + 1) > max_bytes);
            }
        }
        assert_eq!(most_items(1023, 1e-3, 1), Ok(0));
        assert!(most_items(1 << 20, 0.0, 1).is_err());
        assert!(most_items(u64::MAX, 1e-3, 1).unwrap() > 1 << 40);
    }

    #[test]
    fn one_item_and_few() {
        for num_items in [1, 2, 10, 300] {
            let shape = shape(num_items, Aim::FalsePositiveRate(1e-3), 1).unwrap();
            assert!(shape.num_pages <= 2);
            assert!(shape.false_positive_rate <= 1e-3);
        }
    }
}
