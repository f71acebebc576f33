//! The shape of a filter for so many items.

use leaksieve_core::Dataset;
use leaksieve_core::encoding::Encoding;
use leaksieve_core::encoding::exact::PAGES_PER_QUESTION;
use leaksieve_core::sector::SECTOR_BYTES;

use super::rate::{FALSE_POSITIVE_RATES, ShapeError, check_rate};
use super::shape::{Aim, Method, Shape};
use super::{bloom, ribbon};

/// The shape of a filter of so many items (at least one) behind a header of so many sectors.
///
/// # Errors
/// [`ShapeError`].
pub fn shape(
    num_items: u64,
    method: Method,
    aim: Aim,
    header_sectors: u32,
) -> Result<Shape, ShapeError> {
    let most_pages = u32::MAX - header_sectors;
    if method == Method::Ribbon && num_items > ribbon::MAX_RIBBON_ITEMS {
        return Err(ShapeError::TooManyForRibbon { num_items });
    }
    match aim {
        Aim::FalsePositiveRate(rate) => Density::of(method, check_rate(rate)?)
            .and_then(|density| density.smallest(num_items))
            .filter(|shape| shape.num_pages < most_pages)
            .ok_or(ShapeError::TooMany { num_items }),
        Aim::MaxBytes(max_bytes) => {
            let num_pages = pages_in(max_bytes, header_sectors).min(most_pages);
            let finest = match method {
                _ if num_pages == 0 => None,
                Method::Bloom => bloom::finest(num_items, num_pages),
                Method::Ribbon => ribbon::finest(num_items, num_pages),
            };
            finest
                .filter(|shape| shape.false_positive_rate <= *FALSE_POSITIVE_RATES.end())
                .ok_or(ShapeError::TooSmall {
                    max_bytes,
                    header_sectors,
                    num_items,
                })
        }
    }
}

/// Most items that a file of so many bytes holds at a rate, header included; 0 when it
/// has no room for a page.
///
/// # Errors
/// [`ShapeError::Rate`].
pub fn most_items(
    max_bytes: u64,
    method: Method,
    rate: f64,
    header_sectors: u32,
) -> Result<u64, ShapeError> {
    check_rate(rate)?;
    let num_pages = pages_in(max_bytes, header_sectors);
    let Some(density) = Density::of(method, rate) else {
        return Ok(0);
    };
    let fits = |num_items| {
        let smallest = density.smallest(num_items);
        smallest.is_some_and(|shape| shape.num_pages <= num_pages)
    };
    // No item takes less than a bit.
    let too_many = u64::from(num_pages) * 8 * SECTOR_BYTES as u64 + 1;
    Ok(most_that_fit(too_many, fits))
}

/// The most items that fit, below `too_many`; 0 if none do. Whatever is less than what fits, fits.
pub(super) fn most_that_fit(mut too_many: u64, fits: impl Fn(u64) -> bool) -> u64 {
    let mut fitting = 0;
    while too_many - fitting > 1 {
        let middle = fitting + (too_many - fitting) / 2;
        if fits(middle) {
            fitting = middle;
        } else {
            too_many = middle;
        }
    }
    fitting
}

/// What a rate asks for, however many items there are.
enum Density {
    Bloom(bloom::Densest),
    Ribbon(ribbon::Loads),
}

impl Density {
    /// `None`: the rate is too low for this encoding.
    fn of(method: Method, rate: f64) -> Option<Self> {
        match method {
            Method::Bloom => Some(Self::Bloom(bloom::densest(rate))),
            Method::Ribbon => ribbon::loads(rate).map(Self::Ribbon),
        }
    }

    /// `None`: too many items for a file.
    fn smallest(&self, num_items: u64) -> Option<Shape> {
        match self {
            Self::Bloom(densest) => densest.smallest(num_items),
            Self::Ribbon(loads) => loads.smallest(num_items),
        }
    }
}

/// Sectors that a question of a dataset reads on average, to be expected; tag sectors apart.
pub fn expected_reads(dataset: &Dataset) -> f64 {
    match &dataset.encoding {
        Encoding::Ribbon(ribbon) => {
            ribbon::predict(dataset.num_items as f64, dataset.num_sectors, ribbon).mean_reads
        }
        Encoding::Exact => PAGES_PER_QUESTION.into(),
        _ => 1.0,
    }
}

/// Sectors for pages in so many bytes.
fn pages_in(max_bytes: u64, header_sectors: u32) -> u32 {
    let sectors = max_bytes / SECTOR_BYTES as u64;
    u32::try_from(sectors)
        .unwrap_or(u32::MAX)
        .saturating_sub(header_sectors)
}

#[cfg(test)]
mod tests {
    use super::super::rate::poisson;
    use super::*;

    const METHODS: [Method; 2] = [Method::Bloom, Method::Ribbon];

    #[test]
    fn a_size_is_filled_and_not_passed() {
        let of_size = |num_items, method, max_bytes| {
            super::shape(num_items, method, Aim::MaxBytes(max_bytes), 2)
        };
        let shape = of_size(500_000, Method::Bloom, 900 * 1024).unwrap();
        assert_eq!(shape.num_pages, 1798);
        assert!(shape.false_positive_rate < 1.5e-3);
        let ribbon = of_size(500_000, METHODS[1], 900 * 1024).unwrap();
        assert!((1780..=1798).contains(&ribbon.num_pages));
        assert!(ribbon.false_positive_rate < 7e-5);
        for method in METHODS {
            assert!(matches!(
                of_size(50_000_000, method, 900 * 1024),
                Err(ShapeError::TooSmall { .. })
            ));
            assert!(of_size(u64::MAX, method, 1 << 20).is_err());
            assert!(of_size(1, method, 1023).is_err());
            for (num_items, rate) in [(1, 0.0), (u64::MAX, 0.1)] {
                let aim = Aim::FalsePositiveRate(rate);
                assert!(super::shape(num_items, method, aim, 2).is_err());
            }
        }
    }

    #[test]
    fn the_most_items_fit_and_one_more_does_not() {
        for method in METHODS {
            for rate in [0.5, 0.3, 1e-2, 1e-3, 1e-7] {
                for max_bytes in [1024, 5000, 192 << 10, (1 << 20) + 511, (1 << 32) - 1] {
                    let most = most_items(max_bytes, method, rate, 1).unwrap();
                    let num_bytes = |num_items| {
                        let aim = Aim::FalsePositiveRate(rate);
                        let shape = super::shape(num_items, method, aim, 1).unwrap();
                        (u64::from(shape.num_pages) + 1) * SECTOR_BYTES as u64
                    };
                    assert!(most > 0 && num_bytes(most) <= max_bytes);
                    let is_most = method == Method::Ribbon && most == ribbon::MAX_RIBBON_ITEMS;
                    assert!(is_most || num_bytes(most + 1) > max_bytes);
                }
            }
            assert_eq!(most_items(1023, method, 1e-3, 1), Ok(0));
            assert!(most_items(1 << 20, method, 0.0, 1).is_err());
        }
        let most = |method| most_items(u64::MAX, method, 1e-3, 1).unwrap();
        assert!(most(Method::Bloom) > 1 << 36);
        assert_eq!(most(Method::Ribbon), ribbon::MAX_RIBBON_ITEMS);
    }

    #[test]
    fn rates_are_kept_and_more_items_take_more_pages() {
        for method in METHODS {
            for rate in [0.5, 0.37, 0.1, 1e-2, 1e-3, 2e-5, 1e-7] {
                let mut before = 0;
                for num_items in [1, 2, 10, 300, 1_000, 7_777, 100_000, 5_000_000, 1 << 32] {
                    let aim = Aim::FalsePositiveRate(rate);
                    let shape = super::shape(num_items, method, aim, 1).unwrap();
                    // Pages of an expected rate; a millionth is rounding.
                    let kept = shape.false_positive_rate / rate;
                    assert!(kept <= 1.000_001, "{method:?} {rate} {num_items}: {kept}");
                    assert!(shape.num_pages >= before);
                    before = shape.num_pages;
                    if num_items <= 10 {
                        assert_eq!(shape.num_pages, 1);
                    }
                    assert!((1.0..=1.1).contains(&shape.mean_reads) || num_items < 100_000);
                }
            }
        }
    }

    /// Against the definition, term by term.
    #[test]
    fn a_mean_of_a_poisson_distribution() {
        for mean in [0.0, 1e-9, 0.3, 1.0, 7.5, 400.0, 4_000.0] {
            let mut ln_factorial = 0.0;
            let (mut all, mut over) = (0.0, 0.0);
            for items in 0..6_000 {
                let items = f64::from(items);
                ln_factorial += items.max(1.0).ln();
                let ln_mean = f64::max(mean, f64::MIN_POSITIVE).ln();
                let weight = (items * ln_mean - mean - ln_factorial).exp();
                all += weight * items;
                over += weight * (items - mean).max(0.0);
            }
            assert!((poisson(mean, |items| items) - all).abs() < 1e-9 * (1.0 + mean));
            let found = poisson(mean, |items| (items - mean).max(0.0));
            assert!(
                (found - over).abs() < 1e-9 * (1.0 + mean),
                "{mean}: {found}"
            );
        }
    }
}
