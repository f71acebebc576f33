//! The size of a paged ribbon.
//!
//! The items of a page follow a Poisson distribution; those over what a page solves are
//! bumped ([`SLOTS_LEFT`]). From how many these are in a layer follows the size of the next.

use leaksieve_core::encoding::ribbon::{
    COLUMN_BITS, Columns, MAX_COLUMNS, MAX_LAYERS, NumPages, Page, Ribbon,
};
use leaksieve_core::encoding::{Encoding, Rules};

use super::rate::{FALSE_POSITIVE_RATES, with_collisions};
use super::shape::Shape;

/// Slots of a page of 1 to [`MAX_COLUMNS`] columns that stay empty when it bumps, on average,
/// and the standard deviation: measured, over 4,000 pages each. An equation reaches over 64
/// slots, and the more of these a page has, the further items are from where there is room.
#[rustfmt::skip]
const SLOTS_LEFT: [(f64, f64); MAX_COLUMNS as usize] = [
    (91.5, 69.2), (31.0, 33.9), (15.1, 20.0), (8.4, 12.8), (5.5, 8.7), (4.0, 6.0), (3.2, 4.8), (2.7, 3.2),
    (2.4, 2.9), (2.2, 2.4), (2.1, 2.2), (2.1, 2.1), (2.0, 1.9), (1.9, 1.8), (1.9, 1.8), (1.9, 1.8),
    (1.9, 1.8), (1.9, 1.7), (1.9, 1.8), (1.8, 1.8), (1.8, 1.7), (1.8, 1.8), (1.8, 1.7), (1.8, 1.7),
    (1.8, 1.7), (1.8, 1.7), (1.8, 1.7), (1.7, 1.7), (1.8, 1.7), (1.7, 1.7), (1.8, 1.7), (1.8, 1.7),
];

/// Most items. A page is chosen by 32 bits of a hash: of more items, so few values of these bits lead to
/// a page that pages differ in their load by more than is planned for.
pub const MAX_RIBBON_ITEMS: u64 = 20_000_000_000;

/// Sectors that a question reads on average, to be expected of the first layer's load: 1 question
/// in 15 reads a second one. At 1.005 a file is 5 % larger, and no lookup is noticeably faster.
const MEAN_READS: f64 = 1.067;

/// Items a slot of the layers between the first and the last. They are small, so the fill counts
/// more than what they bump.
const LOADS_BETWEEN: [f64; MAX_LAYERS as usize - 2] = [1.03, 0.93];
/// The last layer bumps fewer items than this on average. When it bumps one after all, other
/// equations are tried.
const NO_ITEMS: f64 = 1e-3;
/// Standard deviations above the mean up to which the items that a layer bumps are planned for:
/// 1 filter in 100 has more, if its layers have few pages, and of these some need other equations.
const DEVIATIONS: f64 = 2.5;

/// What a rate asks for: columns, and items a slot of the layers before the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loads {
    columns: u8,
    wide_share: u32,
    before_last: [f64; MAX_LAYERS as usize - 1],
}

/// Those of a rate; `None`: too low a rate.
pub(super) fn loads(rate: f64) -> Option<Loads> {
    // The collisions of a page depend on its load, little.
    let (columns, wide_share) = columns_for(rate, 1.0)?;
    let [second, third] = LOADS_BETWEEN;
    let first = first_load(columns, wide_share, MEAN_READS);
    Some(Loads {
        columns,
        wide_share,
        before_last: [first, second, third],
    })
}

impl Loads {
    /// The smallest filter; `None`: it is too large for a file.
    pub(super) fn smallest(&self, num_items: u64) -> Option<Shape> {
        if num_items > MAX_RIBBON_ITEMS {
            return None;
        }
        // The fewer items, the fewer layers.
        (0..=self.before_last.len())
            .filter_map(|layers| {
                let loads = self.before_last.get(..layers)?;
                plan(num_items as f64, self.columns, self.wide_share, loads)
            })
            .min_by_key(|shape| (shape.num_pages, shape.most_reads()))
    }
}

/// Items a slot of many pages, at which a question reads so many sectors on average.
fn first_load(columns: u8, wide_share: u32, mean_reads: f64) -> f64 {
    let (mut low, mut high) = (0.5, 1.5);
    let Some(pages) = layer(&ribbon_of(columns, wide_share), MANY_PAGES) else {
        return low;
    };
    let slots = slots_of(&pages);
    for _ in 0..30 {
        let load = (low + high) / 2.0;
        let items = load * slots;
        if 1.0 + bumped_of(items, &pages) / items <= mean_reads {
            low = load;
        } else {
            high = load;
        }
    }
    low
}

/// The filter of the lowest rate that has no more than so many pages; `None` when they are
/// too few for any.
pub(super) fn finest(num_items: u64, num_pages: u32) -> Option<Shape> {
    let fitting = |rate| {
        loads(rate)?
            .smallest(num_items)
            .filter(|shape| shape.num_pages <= num_pages)
    };
    let (mut low, mut high) = (*FALSE_POSITIVE_RATES.start(), *FALSE_POSITIVE_RATES.end());
    if let Some(finest) = fitting(low) {
        return Some(finest);
    }
    let mut finest = fitting(high)?;
    for _ in 0..50 {
        let middle = (low * high).sqrt();
        match fitting(middle) {
            Some(shape) if shape.false_positive_rate <= finest.false_positive_rate => {
                (finest, high) = (shape, middle);
            }
            Some(_) => high = middle,
            None => low = middle,
        }
    }
    Some(finest)
}

/// Columns of a page, and the share of pages that have one more, for a rate.
fn columns_for(rate: f64, load: f64) -> Option<(u8, u32)> {
    // What items of a page collide by adds to the rate.
    let slots = f64::from(COLUMN_BITS) / (1.0 / rate).log2();
    let collisions = with_collisions(0.0, slots * load);
    let rate = (rate - collisions) / (1.0 - collisions);
    if rate <= 0.5_f64.powi(MAX_COLUMNS.into()) {
        return None;
    }
    let columns = (1.0 / rate).log2().floor().max(1.0);
    let narrow = 0.5_f64.powf(columns);
    // A page with a column more has half the rate, and columns : columns + 1 of the hashes.
    let wide_hashes = ((narrow - rate) / (narrow / 2.0)).max(0.0);
    let wide_pages = wide_hashes * (columns + 1.0) / (columns + wide_hashes);
    Some((
        columns as u8,
        (wide_pages * 4_294_967_296.0).round().min(u32::MAX.into()) as u32,
    ))
}

/// Layers of so many items: of these loads, and a last one that bumps none.
fn plan(num_items: f64, columns: u8, wide_share: u32, loads: &[f64]) -> Option<Shape> {
    let mut ribbon = ribbon_of(columns, wide_share);
    let slots = slots_of(&layer(&ribbon, MANY_PAGES)?) / f64::from(MANY_PAGES);
    let mut num_pages = [0_u32; MAX_LAYERS as usize];
    let (last, before) = num_pages.get_mut(..=loads.len())?.split_last_mut()?;
    // How many there will be on average, and how many there may be.
    let (mut items, mut most) = (num_items, num_items);
    for (pages, load) in before.iter_mut().zip(loads) {
        *pages = possible_pages(columns, items / (load * slots))?;
        let layer = layer(&ribbon, *pages)?;
        items = bumped_of(items, &layer);
        most = bumped_of(most, &layer) + DEVIATIONS * bumped_deviation_of(most, &layer);
    }
    *last = last_pages(&ribbon, most, slots)?;
    let [_, overflow @ ..] = num_pages;
    ribbon.overflow = overflow.map(NumPages);
    let num_pages = num_pages
        .iter()
        .try_fold(0_u32, |sum, pages| sum.checked_add(*pages))?;
    Some(predict(num_items, num_pages, &ribbon))
}

/// The fewest pages that bump none of so many items.
fn last_pages(ribbon: &Ribbon, items: f64, slots: f64) -> Option<u32> {
    let bumps_none = |pages| Some(bumped_of(items, &layer(ribbon, pages)?) < NO_ITEMS);
    let mut enough = possible_pages(ribbon.columns, items / slots)?;
    let mut too_few = enough - 1;
    while !bumps_none(enough)? {
        too_few = enough;
        enough = possible_pages(ribbon.columns, f64::from(enough) * 1.5)?;
    }
    while enough - too_few > 1 {
        let middle = too_few.midpoint(enough);
        if bumps_none(middle)? {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
    Some(enough)
}

/// So many pages, rounded up, at least one, of a layer that there can be.
fn possible_pages(columns: u8, pages: f64) -> Option<u32> {
    let pages = pages.ceil().max(1.0);
    // A layer's shares of the hashes have 32 bits.
    (pages * f64::from(columns + 1) < f64::from(u32::MAX)).then_some(pages as u32)
}

/// What a filter of so many items and pages will be like.
pub(super) fn predict(num_items: f64, num_pages: u32, ribbon: &Ribbon) -> Shape {
    let encoding = Encoding::Ribbon(*ribbon);
    let mut items = num_items;
    let mut layers = Vec::new();
    for layer in encoding.layers(num_pages) {
        if let Rules::Ribbon(columns) = layer.rules {
            let bumped = bumped_of(items, &columns);
            layers.push((columns, (bumped / items).min(1.0)));
            items = bumped.max(f64::MIN_POSITIVE);
        }
    }
    let (mut rate, mut reads) = (0.0, 0.0);
    for (columns, bumped) in layers.iter().rev() {
        rate = (1.0 - bumped) * rate_of(columns) + bumped * rate;
        reads = 1.0 + bumped * reads;
    }
    Shape {
        num_pages,
        encoding,
        false_positive_rate: with_collisions(rate, num_items / f64::from(num_pages)),
        mean_reads: reads,
    }
}

/// A layer of so many pages.
fn layer(ribbon: &Ribbon, num_pages: u32) -> Option<Columns> {
    match Encoding::Ribbon(*ribbon).layer(num_pages, 0)?.rules {
        Rules::Ribbon(columns) => Some(columns),
        Rules::Bloom { .. } => None,
    }
}

/// As many as no rounding counts in.
const MANY_PAGES: u32 = 1 << 20;

fn ribbon_of(columns: u8, wide_share: u32) -> Ribbon {
    Ribbon {
        columns,
        salt: 0,
        wide_share,
        overflow: Default::default(),
    }
}

/// Slots of all pages.
fn slots_of(columns: &Columns) -> f64 {
    columns
        .forms()
        .iter()
        .map(|(page, pages, _)| f64::from(page.slots) * f64::from(*pages))
        .sum()
}

/// Items that a layer bumps, on average.
fn bumped_of(num_items: f64, columns: &Columns) -> f64 {
    sum_of_pages(columns, |page, share| {
        bumped_of_page(num_items * share, page, 1)
    })
}

/// The standard deviation of that.
fn bumped_deviation_of(num_items: f64, columns: &Columns) -> f64 {
    sum_of_pages(columns, |page, share| {
        let items = num_items * share;
        bumped_of_page(items, page, 2) - bumped_of_page(items, page, 1).powi(2)
    })
    .max(0.0)
    .sqrt()
}

/// The sum over all pages of something that is told of a page's form and share of the hashes.
fn sum_of_pages(columns: &Columns, of: impl Fn(&Page, f64) -> f64) -> f64 {
    columns
        .forms()
        .iter()
        .filter(|(_, pages, _)| *pages > 0)
        .map(|(page, pages, share)| f64::from(*pages) * of(page, *share))
        .sum()
}

/// Items that a page bumps, to a power, on average.
fn bumped_of_page(items: f64, page: &Page, power: i32) -> f64 {
    let slots = f64::from(page.slots);
    let index = usize::from(page.columns)
        .saturating_sub(1)
        .min(SLOTS_LEFT.len() - 1);
    let (left, deviation) = SLOTS_LEFT[index];
    let kept = slots - left;
    // So many that the others do not count; a header may claim any number.
    if items > 2.0 * slots {
        return (items - kept).powi(power);
    }
    // What is left varies too: one half of the pages has more by a deviation, one less.
    let over = |items: f64, kept: f64| (items - kept).max(0.0).powi(power);
    poisson_from(kept - deviation, items, |items| {
        f64::midpoint(over(items, kept - deviation), over(items, kept + deviation))
    })
}

/// The mean of something that is 0 of fewer items than `first`, which is above 0, where the
/// number of items follows a Poisson distribution.
fn poisson_from(first: f64, mean: f64, of: impl Fn(f64) -> f64) -> f64 {
    // Eight standard deviations leave out less than 1e-14.
    let reach = 8.0 * mean.sqrt() + 10.0;
    let mut items = first.max(mean - reach).ceil().max(1.0);
    // Stirling's series for the factorial of the first.
    let ln_weight = items * (mean / items).ln() + items
        - mean
        - (std::f64::consts::TAU * items).ln() / 2.0
        - 1.0 / (12.0 * items);
    let mut weight = ln_weight.exp();
    let mut sum = 0.0;
    while items <= mean + reach {
        sum += weight * of(items);
        items += 1.0;
        weight *= mean / items;
    }
    sum
}

/// False-positive rate of what a layer keeps.
fn rate_of(columns: &Columns) -> f64 {
    columns
        .forms()
        .iter()
        .map(|(page, pages, share)| f64::from(*pages) * share * 0.5_f64.powi(page.columns.into()))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::encode::{Solver, Unsolvable};
    use crate::sizing::measure::{Fill, false_positive_rate, mean_reads};
    use crate::sizing::{Aim, Method, shape};

    fn hashes(num_items: u64, seed: u64) -> Vec<u64> {
        (0..num_items)
            .map(|i| xxhash_rust::xxh3::xxh3_64_with_seed(&i.to_le_bytes(), seed))
            .collect()
    }

    #[test]
    fn so_many_slots_are_left_by_the_solver() {
        const NUM_PAGES: u64 = 400;
        let mut solver = Solver::new();
        for columns in 1..=MAX_COLUMNS {
            let [(page, ..), _] = layer(&ribbon_of(columns, 0), 1).unwrap().forms();
            let left: Vec<f64> = (0..NUM_PAGES)
                .map(|seed| {
                    let hashes = hashes(u64::from(page.slots) * 11 / 10, seed);
                    let mut kept = hashes.len();
                    solver.solve(&page, &hashes, |_| kept -= 1).unwrap();
                    f64::from(page.slots) - kept as f64
                })
                .collect();
            let mean = left.iter().sum::<f64>() / NUM_PAGES as f64;
            let squares = left.iter().map(|left| (left - mean).powi(2)).sum::<f64>();
            let deviation = (squares / (NUM_PAGES - 1) as f64).sqrt();
            let (expected, expected_deviation) = SLOTS_LEFT[usize::from(columns) - 1];
            let error = expected_deviation / (NUM_PAGES as f64).sqrt();
            assert!(
                (mean - expected).abs() < 5.0 * error + 0.1,
                "{columns} columns: {mean}, not {expected}"
            );
            assert!(
                (0.75..1.33).contains(&(deviation / expected_deviation)),
                "{columns} columns: {deviation}, not {expected_deviation}"
            );
        }
    }

    /// Build a shape of hashes; gives the rate and reads that it has, if all are in it.
    fn built(shape: &Shape, hashes: &[u64], salt: u8) -> Result<(f64, f64), Unsolvable> {
        let Encoding::Ribbon(mut ribbon) = shape.encoding else {
            panic!("no ribbon");
        };
        ribbon.salt = salt;
        let mut solver = Solver::new();
        let mut of_layer = hashes.to_vec();
        let mut fills = Vec::new();
        for layer in Encoding::Ribbon(ribbon).layers(shape.num_pages) {
            let Rules::Ribbon(columns) = layer.rules else {
                panic!("no ribbon");
            };
            of_layer.sort_unstable();
            let mut rest = of_layer.as_slice();
            let mut bumped = Vec::new();
            let mut fill = Fill::new(&layer);
            for page in 0..layer.num_pages {
                let end = rest.partition_point(|hash| layer.page_of(*hash) <= page);
                let (its, others) = rest.split_at(end);
                rest = others;
                let solved = solver.solve(&columns.page(page), its, |hash| bumped.push(hash));
                fill.add(page, &solved?);
            }
            fills.push(fill);
            of_layer = bumped;
        }
        if !of_layer.is_empty() {
            return Err(Unsolvable);
        }
        let rate = false_positive_rate(fills.iter(), hashes.len() as u64, shape.num_pages);
        Ok((rate, mean_reads(fills.iter())))
    }

    /// Of all numbers of columns, alone and mixed, and of few items and many: what is planned can
    /// be built with the first equations or the second, and is as it was planned.
    #[test]
    fn what_is_planned_can_be_built() {
        for columns in 1..=23_u8 {
            for rate in [1.0, 0.85].map(|share| share * 0.5_f64.powi(columns.into())) {
                for num_items in [1, 2, 30, 200, 600, 2_500, 9_000, 60_000] {
                    let aim = Aim::FalsePositiveRate(rate);
                    let shape = shape(num_items, Method::Ribbon, aim, 1).unwrap();
                    let hashes = hashes(num_items, u64::from(columns));
                    let what = format!("{columns} columns, {num_items} items");
                    let (found, reads) = (0..2)
                        .find_map(|salt| built(&shape, &hashes, salt).ok())
                        .unwrap_or_else(|| panic!("{what}: two restarts"));
                    assert!(found <= rate * 1.03, "{what}: {found}, not {rate}");
                    if num_items == 60_000 {
                        let expected = shape.mean_reads;
                        assert!(
                            (reads - expected).abs() < 0.03,
                            "{what}: {reads}, not {expected}"
                        );
                    }
                }
            }
        }
    }
}
