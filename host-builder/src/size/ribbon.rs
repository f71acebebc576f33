//! The size of a paged ribbon.
//!
//! The items of a page follow a Poisson distribution; those over what a page solves are
//! bumped ([`SLOTS_LEFT`]). From how many these are in a layer follows the size of the next.

use leaksieve_core::encoding::ribbon::{
    COLUMN_BITS, Columns, MAX_COLUMNS, MAX_LAYERS, NumPages, Page, Ribbon,
};
use leaksieve_core::encoding::{Encoding, Rules};

use super::{FALSE_POSITIVE_RATES, Prefer, Shape, poisson, with_collisions};

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

/// Sectors that a question reads on average, to be expected of the first layer's load.
const fn mean_reads(prefer: Prefer) -> f64 {
    match prefer {
        Prefer::Size => 1.067,
        Prefer::Reads => 1.005,
    }
}

/// Items a slot of the layers behind the first. They are small, and the second of many items
/// may bump some; the third and fourth are there so that none is left.
const LOADS_BEHIND: [f64; MAX_LAYERS as usize - 1] = [1.03, 0.93, LOAD_OF_FEW];
/// Items a slot of a layer that bumps none, and that of few pages has.
const LOAD_OF_FEW: f64 = 0.70;
const FEW_PAGES: f64 = 20.0;
/// Where fewer items than this are bumped on average, no layer is made for them. When one is
/// after all, other equations are tried.
const NO_ITEMS: f64 = 1e-3;
/// As many may be left of the last layer that there can be.
const HARDLY_ANY_ITEMS: f64 = 0.1;

/// The smallest filter of a rate; `None`: it is too large for a file.
pub(super) fn smallest(num_items: u64, rate: f64, prefer: Prefer) -> Option<Shape> {
    // The collisions of a page depend on its load, little.
    let (columns, wide_share) = columns_for(rate, 1.0)?;
    let first = first_load(columns, wide_share, mean_reads(prefer));
    let [second, third, fourth] = LOADS_BEHIND;
    // Of few items, one layer that bumps none may be as small.
    [
        [first, second, third, fourth],
        [LOAD_OF_FEW; MAX_LAYERS as usize],
    ]
    .into_iter()
    .filter_map(|loads| plan(num_items as f64, columns, wide_share, loads))
    .min_by_key(|shape| (shape.num_pages, shape.most_reads()))
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
pub(super) fn finest(num_items: u64, num_pages: u32, prefer: Prefer) -> Option<Shape> {
    let fitting =
        |rate| smallest(num_items, rate, prefer).filter(|shape| shape.num_pages <= num_pages);
    let (mut low, mut high) = (*FALSE_POSITIVE_RATES.start(), *FALSE_POSITIVE_RATES.end());
    let mut finest = fitting(low).or_else(|| fitting(high))?;
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

/// The layers of so many items.
fn plan(
    num_items: f64,
    columns: u8,
    wide_share: u32,
    loads: [f64; MAX_LAYERS as usize],
) -> Option<Shape> {
    let mut ribbon = ribbon_of(columns, wide_share);
    let slots = slots_of(&layer(&ribbon, MANY_PAGES)?) / f64::from(MANY_PAGES);
    let mut num_pages = [0_u32; MAX_LAYERS as usize];
    let mut items = num_items;
    for (index, (pages, load)) in num_pages.iter_mut().zip(loads).enumerate() {
        let is_of_few = index > 0 && items < FEW_PAGES * LOAD_OF_FEW * slots;
        let load = if is_of_few { LOAD_OF_FEW } else { load };
        let needed = (items / (load * slots)).ceil().max(1.0);
        // A layer's shares of the hashes have 32 bits.
        if needed * f64::from(columns + 1) >= f64::from(u32::MAX) {
            return None;
        }
        *pages = needed as u32;
        items = bumped_of(items, &layer(&ribbon, *pages)?);
        if items < NO_ITEMS {
            break;
        }
    }
    if items > HARDLY_ANY_ITEMS {
        return None;
    }
    let [_, overflow @ ..] = num_pages;
    ribbon.overflow = overflow.map(NumPages);
    let num_pages = num_pages
        .iter()
        .try_fold(0_u32, |sum, pages| sum.checked_add(*pages))?;
    Some(predict(num_items, num_pages, &ribbon))
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
    columns
        .forms()
        .iter()
        .filter(|(_, pages, _)| *pages > 0)
        .map(|(page, pages, share)| f64::from(*pages) * bumped_of_page(num_items * share, page))
        .sum()
}

fn bumped_of_page(items: f64, page: &Page) -> f64 {
    let slots = f64::from(page.slots);
    let index = usize::from(page.columns)
        .saturating_sub(1)
        .min(SLOTS_LEFT.len() - 1);
    let (left, deviation) = SLOTS_LEFT[index];
    let kept = slots - left;
    // So many that the others do not count; a header may claim any number.
    if items > 2.0 * slots {
        return items - kept;
    }
    // What is left varies too: one half of the pages has more by a deviation, one less.
    let over = |kept: f64| poisson(items, |items| (items - kept).max(0.0));
    (over(kept - deviation) + over(kept + deviation)) / 2.0
}

/// False-positive rate of what a layer keeps.
fn rate_of(columns: &Columns) -> f64 {
    columns
        .forms()
        .iter()
        .map(|(page, pages, share)| f64::from(*pages) * share * 0.5_f64.powi(page.columns.into()))
        .sum()
}
