//! When a set should be exact, and which parameter its gaps are written with.

use leaksieve_core::encoding::exact::PAGES_PER_QUESTION;
use leaksieve_core::encoding::exact::page::Parameter;
use leaksieve_core::sector::SECTOR_BYTES;

use crate::sizing::choose::most_that_fit;

/// Shares of members that are told apart, in each halving of it.
const STEPS_PER_HALVING: u32 = 64;
const HALVINGS: u32 = 40;
const STEP_BITS: u32 = f64::MANTISSA_DIGITS - 1 - STEPS_PER_HALVING.ilog2();

/// An exact set is chosen if it saves a tenth of a ribbon, at least.
pub(crate) const LEAST_SAVED: f64 = 0.1;
/// And if of all that a filter would call exposed, nine tenths are members.
pub(crate) const LEAST_FOUND: f64 = 0.9;

/// Who tries all numbers that are near members finds these members in a filter of this rate, and
/// false alarms; this is the members' share. An exact set would tell them without the false alarms.
pub(crate) fn share_found(num_items: u64, num_reached: u64, rate: f64) -> f64 {
    let strangers = num_reached.saturating_sub(num_items) as f64;
    let members = num_items as f64;
    members / (members + strangers * rate)
}

/// What pages, index and checksums take of an exact set, as a multiple of its entropy: measured of
/// numbers that are evenly spread, from 2 to 10,000 possible ones for each that is there.
const OVER_ENTROPY: f64 = 1.035;

/// Bits that an exact set takes of each of its numbers, if they are evenly spread over so many
/// possible ones: its entropy, and what comes on top. Where they cluster, it takes less. `None`: there
/// are not so many numbers.
pub fn bits_per_number(num_items: u64, num_possible: u64) -> Option<f64> {
    let (items, possible) = (num_items as f64, num_possible as f64);
    let others = num_possible.checked_sub(num_items)? as f64;
    let of_others = match others {
        0.0 => 0.0,
        others => others / items * (possible / others).log2(),
    };
    Some(OVER_ENTROPY * ((possible / items).log2() + of_others))
}

/// Sectors of such a set: pages of values and of the index, and the directory.
pub fn expected_pages(num_items: u64, num_possible: u64) -> Option<u32> {
    let bits = bits_per_number(num_items, num_possible)? * num_items as f64;
    let pages = (bits / (8.0 * SECTOR_BYTES as f64)).ceil();
    // A file has no more sectors.
    (pages < f64::from(u32::MAX)).then_some((pages as u32).max(PAGES_PER_QUESTION))
}

/// The most numbers of which so many pages hold such a set.
pub fn most_numbers(num_pages: u32, num_possible: u64) -> u64 {
    let fits =
        |num_items| expected_pages(num_items, num_possible).is_some_and(|pages| pages <= num_pages);
    // Of more than half of the possible ones the set becomes smaller again.
    most_that_fit(num_possible / 2 + 1, fits)
}

/// The parameter for each share of coded values among all, from 1 downwards.
pub(crate) struct Parameters {
    /// Of coded members; by the share's exponent and first bits.
    by_share: Vec<Parameter>,
    all: Vec<Parameter>,
    inverted: Vec<Parameter>,
}

impl Parameters {
    pub(crate) fn new() -> Self {
        let mut all: Vec<_> = Parameter::all(false).collect();
        let mut inverted: Vec<_> = Parameter::all(true).collect();
        for list in [&mut all, &mut inverted] {
            list.sort_by_key(|parameter| parameter.run());
            list.dedup_by_key(|parameter| parameter.run());
        }
        let by_share = (0..HALVINGS * STEPS_PER_HALVING)
            .map(|place| {
                let share = share_of(place);
                let bits = |parameter: &Parameter| bits(parameter.run(), share);
                let best = all.iter().min_by(|a, b| bits(a).total_cmp(&bits(b)));
                best.copied().unwrap_or(all[0])
            })
            .collect();
        Self {
            by_share,
            all,
            inverted,
        }
    }

    /// For a block in which so many of so many values are members. If most are, those that are none
    /// are coded.
    pub(crate) fn of_block(&self, num_members: u64, num_values: u64) -> Parameter {
        let is_inverted = num_members * 2 > num_values;
        let coded = if is_inverted {
            num_values.saturating_sub(num_members)
        } else {
            num_members
        };
        let share = (coded as f64 + 0.25) / (num_values.max(coded) as f64 + 0.5);
        let parameter = self.by_share[place_of(share)];
        if !is_inverted {
            return parameter;
        }
        let place = self
            .inverted
            .partition_point(|inverted| inverted.run() < parameter.run());
        self.inverted[place.min(self.inverted.len() - 1)]
    }

    /// For one gap.
    pub(crate) fn of_gap(&self, gap: u64) -> Parameter {
        let place = self
            .all
            .partition_point(|parameter| u64::from(parameter.run()) <= gap);
        self.all[place.min(self.all.len() - 1)]
    }
}

fn place_of(share: f64) -> usize {
    let one = 1_f64.to_bits() >> STEP_BITS;
    let place = one.saturating_sub(share.to_bits() >> STEP_BITS);
    (place as usize).min((HALVINGS * STEPS_PER_HALVING) as usize - 1)
}

/// The middle of a step.
fn share_of(place: u32) -> f64 {
    let one = 1_f64.to_bits() >> STEP_BITS;
    let first = f64::from_bits((one - u64::from(place)) << STEP_BITS);
    (first * (1.0 + 0.5 / f64::from(STEPS_PER_HALVING))).min(0.999_999)
}

/// Bits of a gap, to be expected, if each value is coded with this chance (Golomb 1966).
fn bits(run: u32, share: f64) -> f64 {
    let run = f64::from(run);
    // The chance that as many values are left out.
    let left_out = |num_values: f64| (num_values * (-share).ln_1p()).exp();
    let whole = left_out(run);
    let num_short_bits = run.log2().floor();
    let num_short = 2_f64.powf(num_short_bits + 1.0) - run;
    let longs = (left_out(num_short) - whole) / (1.0 - whole);
    1.0 / (1.0 - whole) + num_short_bits + longs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula of evenly spread numbers, and both ends of it.
    #[test]
    fn bits_of_evenly_spread_numbers() {
        for (num_items, num_possible, expected) in [
            (100_000_000, 700_000_000, 4.25),
            (200_000, 6_996_400_000, 17.1),
            (500, 1_000, 2.07),
            (1_000, 1_000, 0.0),
        ] {
            let bits = bits_per_number(num_items, num_possible).unwrap();
            assert!((bits - expected).abs() < 0.01 * expected + 1e-9, "{bits}");
        }
        assert_eq!(bits_per_number(1_001, 1_000), None);
        assert_eq!(expected_pages(1_000, 1_000), Some(3));
    }

    #[test]
    fn the_most_numbers_fit_and_one_more_does_not() {
        for num_possible in [100_000_000, 30_000_000_000] {
            for num_pages in [3, 191, 3_800, 20_000] {
                let most = most_numbers(num_pages, num_possible);
                assert!(expected_pages(most, num_possible).unwrap() <= num_pages);
                let more = expected_pages(most + 1, num_possible);
                assert!(more.unwrap() > num_pages || most == num_possible / 2);
            }
        }
    }
}
