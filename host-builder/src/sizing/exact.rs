//! When a set should be exact, and which parameter its gaps are written with.

use leaksieve_core::encoding::exact::page::Parameter;

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
        let mut best = 0;
        let by_share = (0..HALVINGS * STEPS_PER_HALVING)
            .map(|place| {
                let share = share_of(place);
                // Runs grow as the share falls.
                while best + 1 < all.len()
                    && bits(all[best + 1].run(), share) < bits(all[best].run(), share)
                {
                    best += 1;
                }
                all[best]
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
