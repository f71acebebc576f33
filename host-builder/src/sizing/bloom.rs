//! The size of a Bloom filter.
//!
//! The prediction is that of a blocked Bloom filter: the items of a page follow a
//! Poisson distribution, and a page of `i` items has a rate of E\[f^k\], where `f` is
//! the share of its bits that `i * k` independent probes set (Putze, Sanders, Singler,
//! "Cache-, Hash- and Space-Efficient Bloom Filters", WEA 2007, equation 3).

use leaksieve_core::encoding::Encoding;
use leaksieve_core::encoding::bloom::{MAX_HASHES, PAGE_BITS};

use super::rate::{poisson, with_collisions};
use super::shape::Shape;

/// The most items that a page may have for a rate, and with how many probes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Densest {
    items_per_page: f64,
    num_hashes: u8,
}

impl Densest {
    /// The smallest filter; `None`: it would have 2^32 pages or more.
    pub(super) fn smallest(&self, num_items: u64) -> Option<Shape> {
        let num_pages = (num_items as f64 / self.items_per_page).ceil().max(1.0);
        (num_pages < f64::from(u32::MAX)).then(|| {
            let rate = predict(num_items as f64 / num_pages, self.num_hashes);
            shape_of(num_pages as u32, self.num_hashes, rate)
        })
    }
}

/// The filter of the lowest rate of exactly so many pages, at least one; `None` when they
/// are too few for any.
pub(super) fn finest(num_items: u64, num_pages: u32) -> Option<Shape> {
    let density = num_items as f64 / f64::from(num_pages);
    // An item a bit: far above any rate, and far too many to predict one.
    if density > f64::from(PAGE_BITS) {
        return None;
    }
    (1..=MAX_HASHES)
        .map(|num_hashes| shape_of(num_pages, num_hashes, predict(density, num_hashes)))
        .min_by(|a, b| a.false_positive_rate.total_cmp(&b.false_positive_rate))
}

const fn shape_of(num_pages: u32, num_hashes: u8, false_positive_rate: f64) -> Shape {
    Shape {
        num_pages,
        encoding: Encoding::Bloom { num_hashes },
        false_positive_rate,
        mean_reads: 1.0,
    }
}

/// What a rate allows.
pub(super) fn densest(rate: f64) -> Densest {
    // More probes first let a page hold more items, and then fewer.
    let mut best = Densest {
        items_per_page: 0.0,
        num_hashes: 1,
    };
    for num_hashes in 1..=MAX_HASHES {
        let items_per_page = highest_density(rate, num_hashes);
        if items_per_page < best.items_per_page {
            break;
        }
        best = Densest {
            items_per_page,
            num_hashes,
        };
    }
    best
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
    let rate = poisson(items_per_page, |items| rate_of_items(items, num_hashes));
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
            let shape = densest(rate).smallest(1_000_000).unwrap();
            assert!(shape.false_positive_rate <= rate);
            let smaller = 1_000_000.0 / f64::from(shape.num_pages - 1);
            for num_hashes in 1..=MAX_HASHES {
                assert!(predict(smaller, num_hashes) > rate);
            }
        }
    }
}
