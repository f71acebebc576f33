//! Paged ribbon: every page is a small system of linear equations over GF(2), and its bits
//! are a solution. What does not fit a page is bumped into a layer of further pages.
//!
//! An item is an equation for each column of its page: of 64 neighbouring slots, those
//! that its coefficients name add up to a bit of its fingerprint. A page's payload:
//!
//! ```text
//! bit 0           8                                                                4064
//!     | threshold | column 0: one bit a slot | column 1 | .. | column r-1 | rest: 0 |
//!                   <---- m slots ---------->
//!          item:       start [.1.11..64 bits..1] . fingerprint bit 0 = parity of the named bits
//! ```
//!
//! with r columns of `m = 4056 / r` slots. What is no member has a random fingerprint, and
//! agrees with it in all r columns by chance, 1 in 2^r. That costs r bits a slot, and nearly
//! all slots of a page can be used: 64 neighbours and a start anywhere leave an equation
//! unsolvable only where a page is all but full.
//!
//! Items differ in priority. A page is solved from the highest down; the first that
//! contradicts those before sets the page's threshold, and all below it belong to the next
//! layer, which is 1/15 as large, and whose hash is another ([`rehash`]). So a question reads
//! one page, and 1 in 15 reads a second.
//!
//! Ribbon filters: Dillinger, Walzer, "Ribbon filter: practically smaller than Bloom and
//! Xor", arXiv 2103.02515. Bumping, and starts that are clamped at both ends: Dillinger, Hübschle-Schneider, Sanders,
//! Walzer, "Fast Succinct Retrieval and Approximate Membership using Ribbon", SEA 2022, arXiv 2109.01892. What is ours: the
//! bucket that bumps is a sector and a system of its own, so that a question has one place.

use serde::{Deserialize, Serialize};

use super::matching::Match;
use crate::arithmetic::scaled;
use crate::error::HeaderDefect;
use crate::fields::Fields;
use crate::units::{PAYLOAD_BYTES, Payload};

/// Bits of a page behind the threshold: 4,056.
pub const COLUMN_BITS: u32 = ((PAYLOAD_BYTES - THRESHOLD_BYTES) * 8) as u32;
/// Most columns of a page: 32, a rate of 2e-10.
pub const MAX_COLUMNS: u8 = 32;
/// Most layers: 4.
pub const MAX_LAYERS: u8 = 1 + OVERFLOW_LAYERS as u8;
/// Slots that an equation reaches over: 64.
pub const WIDTH: u32 = u64::BITS;
/// Priorities of items, from 0; half of the items have the highest, which is never bumped.
pub const PRIORITIES: u32 = 256;
/// A hash has priority p with a chance of 1 in so many, but for the highest priority.
pub const PRIORITY_SCALE: u32 = 2 * PRIORITIES;

const OVERFLOW_LAYERS: usize = 3;
const THRESHOLD_BYTES: usize = 1;

/// 2^32 divided by the golden ratio, odd.
const GOLDEN: u32 = 0x9E37_79B9;
// Four numbers to tell four hashes of one seed apart: initial words of SHA-256 and others
// that are as random.
const FOR_PLACE: u32 = 0xA54F_F53A;
const FOR_HIGH: u32 = 0x1B87_3593;
const FOR_LOW: u32 = 0x3C6E_F372;
const FOR_FINGERPRINT: u32 = 0x510E_527F;

/// A paged ribbon's parameters. All pages of a layer have `columns` columns but its last,
/// the wide ones, which have one more: so a rate may lie between two powers of two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Ribbon {
    /// Columns of a page that is not wide: 1 to [`MAX_COLUMNS`].
    pub columns: u8,
    /// Changes all equations; another one is taken when a page cannot be solved.
    pub salt: u8,
    /// The share of each layer's pages that is wide, rounded up to pages; in units of 2^-32.
    #[serde(with = "postcard::fixint::le")]
    pub wide_share: u32,
    /// Pages of the layers behind the first, 0 where there is none. The first has the rest.
    pub overflow: [NumPages; OVERFLOW_LAYERS],
}

/// A number of pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[serde(transparent)]
pub struct NumPages(#[serde(with = "postcard::fixint::le")] pub u32);

impl Ribbon {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, HeaderDefect> {
        let mut ribbon = Self {
            columns: fields.u8()?,
            salt: fields.u8()?,
            wide_share: fields.u32()?,
            overflow: [NumPages(0); OVERFLOW_LAYERS],
        };
        for pages in &mut ribbon.overflow {
            pages.0 = fields.u32()?;
        }
        Ok(ribbon)
    }

    /// The pages of a layer, of a dataset with so many: the first of them, and how many.
    /// `None`: there is no such layer.
    pub(super) fn pages_of(&self, num_pages: u32, layer: u8) -> Option<(u32, u32)> {
        let mut first = self
            .overflow
            .iter()
            .try_fold(num_pages, |rest, pages| rest.checked_sub(pages.0))?;
        let mut layer_pages = first;
        let mut first_of_layer = 0;
        for overflow in self.overflow.iter().take(layer.into()) {
            first_of_layer = first;
            layer_pages = overflow.0;
            first = first.saturating_add(overflow.0);
        }
        (layer_pages > 0 && layer < MAX_LAYERS).then_some((first_of_layer, layer_pages))
    }

    /// The rules of a layer of so many pages.
    pub(super) fn columns_of(&self, num_pages: u32) -> Columns {
        let wide = u64::from(num_pages) * u64::from(self.wide_share);
        let num_wide = (wide.saturating_add(u64::from(u32::MAX)) >> 32) as u32;
        Columns {
            num_narrow: num_pages.saturating_sub(num_wide),
            num_wide,
            columns: self.columns,
            salt: self.salt,
        }
    }

    /// Are there such columns?
    pub(crate) fn has_possible_columns(&self) -> bool {
        let most = self.columns.saturating_add(u8::from(self.wide_share > 0));
        self.columns > 0 && most <= MAX_COLUMNS
    }

    /// Are there such layers, in a dataset of so many pages?
    pub(crate) fn has_possible_layers(&self, num_pages: u32) -> bool {
        let ends_once = self
            .overflow
            .is_sorted_by(|before, after| before.0 > 0 || after.0 == 0);
        let fits = |(_, layer_pages)| self.columns_of(layer_pages).shares() <= u32::MAX.into();
        ends_once && self.pages_of(num_pages, 0).is_some_and(fits) && {
            (1..MAX_LAYERS)
                .filter_map(|layer| self.pages_of(num_pages, layer))
                .all(fits)
        }
    }
}

/// How many columns the pages of a layer have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    num_narrow: u32,
    num_wide: u32,
    columns: u8,
    salt: u8,
}

impl Columns {
    /// A page's share of the hashes is as its slots are, c + 1 to c with c and c + 1 columns:
    /// the shares of a narrow and of a wide page.
    const fn share(&self) -> (u32, u32) {
        (self.columns as u32 + 1, self.columns as u32)
    }

    const fn narrow_shares(&self) -> u64 {
        self.num_narrow as u64 * self.share().0 as u64
    }

    const fn shares(&self) -> u64 {
        self.narrow_shares() + self.num_wide as u64 * self.share().1 as u64
    }

    /// The page of a hash, which grows with it. Shares of 2^32 or more do not fit a header.
    pub(super) fn page_of(&self, hash: u64) -> u32 {
        let (narrow, wide) = self.share();
        let place = scaled((hash >> 32) as u32, self.shares() as u32);
        match u64::from(place).checked_sub(self.narrow_shares()) {
            None => place.checked_div(narrow).unwrap_or(0),
            Some(behind) => {
                let page = (behind as u32).checked_div(wide).unwrap_or(0);
                self.num_narrow.saturating_add(page)
            }
        }
    }

    /// What a page says of an item. Not inlined: a Bloom filter's loop would have no registers
    /// left beside it.
    #[inline(never)]
    pub(super) fn query(&self, page: u32, content: &Payload, hash: u64) -> Match {
        self.page(page).query(content, hash)
    }

    /// A page's form.
    pub const fn page(&self, page: u32) -> Page {
        self.form(self.is_wide(page))
    }

    /// Has a page a column more than others?
    pub const fn is_wide(&self, page: u32) -> bool {
        page >= self.num_narrow
    }

    const fn form(&self, is_wide: bool) -> Page {
        let columns = self.columns.saturating_add(is_wide as u8);
        Page {
            columns,
            slots: match COLUMN_BITS.checked_div(columns as u32) {
                Some(slots) => slots,
                None => COLUMN_BITS,
            },
            salt: self.salt,
        }
    }

    /// The narrow and the wide form, with the number of pages that have it and the share of
    /// the layer's hashes that one of them has.
    pub fn forms(&self) -> [(Page, u32, f64); 2] {
        let (narrow, wide) = self.share();
        let all = self.shares() as f64;
        [
            (self.form(false), self.num_narrow, f64::from(narrow) / all),
            (self.form(true), self.num_wide, f64::from(wide) / all),
        ]
    }
}

/// The form of a page, and what makes an item of it an equation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Bits of a fingerprint.
    pub columns: u8,
    /// Slots of a column.
    pub slots: u32,
    salt: u8,
}

/// What an item says of its page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Equation {
    /// A page whose threshold is above it has bumped the item.
    pub priority: u8,
    /// The first slot it is about; the last is 63 behind.
    pub start: u16,
    /// Which of the 64 slots add up, bit 0 for the first; that one always does.
    pub coefficients: u64,
    /// What they add up to, bit c in column c.
    pub fingerprint: u32,
}

impl Page {
    /// The bit of a page's payload where a column begins.
    pub fn column(&self, column: u8) -> u32 {
        u32::from(column)
            .saturating_mul(self.slots)
            .saturating_add((THRESHOLD_BYTES * 8) as u32)
    }

    /// An item's equation.
    pub fn equation(&self, hash: u64) -> Equation {
        let seed = self.seed(hash);
        self.equation_of(seed, mix(seed.wrapping_add(FOR_PLACE)))
    }

    fn seed(&self, hash: u64) -> u32 {
        let (high, low) = ((hash >> 32) as u32, hash as u32);
        low ^ high.wrapping_add(self.salt.into()).wrapping_mul(GOLDEN)
    }

    fn equation_of(&self, seed: u32, place: u32) -> Equation {
        // Starts that would lie outside are clamped: more of them at both ends is what fills
        // a page to its ends.
        let last = self.slots.saturating_sub(WIDTH);
        let start = ((place >> 16).wrapping_mul(self.slots) >> 16).saturating_sub(WIDTH / 2);
        let high = mix(seed ^ FOR_HIGH);
        let low = mix(seed.wrapping_add(FOR_LOW));
        let mask = u32::MAX
            .checked_shr(32_u32.saturating_sub(self.columns.into()))
            .unwrap_or(0);
        Equation {
            priority: priority(place),
            // Below 4,056.
            start: start.min(last) as u16,
            coefficients: (u64::from(high) << 32 | u64::from(low)) | 1,
            fingerprint: mix(seed ^ FOR_FINGERPRINT) & mask,
        }
    }

    /// What a page says of an item.
    pub fn query(&self, page: &Payload, hash: u64) -> Match {
        let seed = self.seed(hash);
        let place = mix(seed.wrapping_add(FOR_PLACE));
        if priority(place) < threshold(page) {
            return Match::Bumped;
        }
        let equation = self.equation_of(seed, place);
        let mut bit = self.column(0).saturating_add(equation.start.into());
        let mut fingerprint = equation.fingerprint;
        for _ in 0..self.columns {
            let named = window(page, bit) & equation.coefficients;
            let sum = ((named >> 32) as u32 ^ named as u32).count_ones();
            if (sum ^ fingerprint) & 1 != 0 {
                return Match::Miss;
            }
            fingerprint >>= 1;
            bit = bit.wrapping_add(self.slots);
        }
        Match::Hit
    }
}

/// Items of a lower priority are not in the page but in the next layer.
pub const fn threshold(page: &Payload) -> u8 {
    page[0]
}

/// Set a page's threshold.
pub const fn set_threshold(page: &mut Payload, threshold: u8) {
    page[0] = threshold;
}

/// The hash of a bumped item in the next layer. No two hashes have the same.
pub const fn rehash(hash: u64) -> u64 {
    let (high, low) = ((hash >> 32) as u32, hash as u32);
    let high = mix(high.wrapping_add(GOLDEN) ^ low.rotate_left(13));
    (high as u64) << 32 | low as u64
}

const fn priority(place: u32) -> u8 {
    let place = place % PRIORITY_SCALE;
    if place < PRIORITIES {
        place as u8
    } else {
        u8::MAX
    }
}

/// The 64 bits of a page from this one on, which is not among its last 63.
fn window(page: &Payload, bit: u32) -> u64 {
    // The last nine bytes have the last 64 bits, shifted by a byte.
    const LAST: u32 = PAYLOAD_BYTES as u32 - 9;
    let byte = (bit / 8).min(LAST);
    let bytes = page
        .get(byte as usize..)
        .and_then(|bytes| bytes.first_chunk());
    let [low @ .., high] = bytes.copied().unwrap_or([0; 9]);
    // 0 to 8 within the page. The high byte goes to where the shift leaves zeros, in two steps,
    // as a shift by 64 cannot be.
    let shift = bit.wrapping_sub(byte * 8) & 15;
    let low = u64::from_le_bytes(low).wrapping_shr(shift);
    low | (u64::from(high) << 1).wrapping_shl(63_u32.wrapping_sub(shift))
}

/// The last steps of MurmurHash3's 32-bit variant (Appleby), which let each bit of the input
/// change each of the output with a chance of nearly one half.
const fn mix(mut x: u32) -> u32 {
    x ^= x >> 16;
    x = x.wrapping_mul(0x85EB_CA6B);
    x ^= x >> 13;
    x = x.wrapping_mul(0xC2B2_AE35);
    x ^ x >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(columns: u8) -> Page {
        let columns = Columns {
            num_narrow: 1,
            num_wide: 0,
            columns,
            salt: 0,
        };
        columns.page(0)
    }

    /// From an independent implementation.
    #[test]
    fn golden_equations() {
        // Hash; pages of the layer, columns, salt, share of wide pages; then page, its columns
        // and slots, priority, start, coefficients, fingerprint.
        #[rustfmt::skip]
        let vectors = [
            (0, (1_000, 9, 0, 1 << 30), (0, 9, 450), 241, (253, 0x67A2_A8EE_3CD6_E3F3, 0x92)),
            (1, (1_000, 9, 0, 1 << 30), (0, 9, 450), 255, (0, 0x9A24_E9C9_12BC_8391, 0x18A)),
            (0x0123_4567_89AB_CDEF, (1_000, 9, 0, 1 << 30), (4, 9, 450), 100, (302, 0x39C4_DD62_F13B_35B7, 0x1F)),
            (0x0123_4567_89AB_CDEF, (7, 1, 3, 0), (0, 1, 4_056), 227, (1_189, 0xD655_1E29_5E66_4535, 0)),
            (0xFEDC_BA98_7654_3210, (1_000, 9, 0, 1 << 30), (995, 10, 405), 147, (288, 0xCA2B_0B6C_2D09_D093, 0x365)),
            (0xFEDC_BA98_7654_3210, (84, 20, 0, 1 << 31), (83, 21, 193), 147, (120, 0xCA2B_0B6C_2D09_D093, 0xD_7F65)),
            (0xFEDC_BA98_7654_3210, (3_700_001, 31, 255, u32::MAX), (3_683_556, 32, 126), 207, (0, 0xA70F_EE47_0AAE_19CD, 0x5A06_B0C1)),
            (u64::MAX, (7, 1, 3, 0), (6, 1, 4_056), 46, (2_515, 0xF4B9_505B_81F1_6F39, 0)),
            (u64::MAX, (1, 32, 1, 0), (0, 32, 126), 109, (0, 0x14D8_754C_FC2F_B9B7, 0xD374_A22F)),
            (0x9E37_79B9_7F4A_7C15, (84, 20, 0, 1 << 31), (51, 21, 193), 255, (51, 0xC7DD_40B3_96FB_8FC9, 0x1F_7E4E)),
        ];
        for (hash, (num_pages, columns, salt, wide_share), place, priority, equation) in vectors {
            let ribbon = Ribbon {
                columns,
                salt,
                wide_share,
                overflow: Default::default(),
            };
            let columns = ribbon.columns_of(num_pages);
            let page = columns.page_of(hash);
            let form = columns.page(page);
            assert_eq!((page, form.columns, form.slots), place, "{hash:#x}");
            let (start, coefficients, fingerprint) = equation;
            let expected = Equation {
                priority,
                start,
                coefficients,
                fingerprint,
            };
            assert_eq!(form.equation(hash), expected, "{hash:#x}");
        }
        for (hash, next) in [
            (0, 0x92CA_2F0E_0000_0000),
            (1, 0x0306_BA6B_0000_0001),
            (0x0123_4567_89AB_CDEF, 0xD6AD_F9E7_89AB_CDEF),
            (0xFEDC_BA98_7654_3210, 0x8671_12A9_7654_3210),
            (u64::MAX, 0x36BF_99AA_FFFF_FFFF),
        ] {
            assert_eq!(rehash(hash), next, "{hash:#x}");
        }
    }

    #[test]
    fn a_window_is_64_neighbouring_bits() {
        let mut content = [0; PAYLOAD_BYTES];
        for (index, byte) in content.iter_mut().enumerate() {
            *byte = (index * 37 + 11) as u8;
        }
        let bit_at = |bit: u32| {
            let byte = content.get((bit / 8) as usize).copied().unwrap_or(0);
            u64::from(byte >> (bit % 8) & 1)
        };
        for bit in (0..200).chain(3_990..4_001) {
            let expected = (0..64).fold(0, |sum, i| sum | bit_at(bit + i) << i);
            assert_eq!(window(&content, bit), expected, "{bit}");
        }
    }

    #[test]
    fn equations_stay_within_their_columns() {
        for columns in 1..=MAX_COLUMNS {
            let page = page(columns);
            assert!(page.column(columns - 1) + page.slots <= PAYLOAD_BYTES as u32 * 8);
            let (mut first, mut last) = (false, false);
            for hash in (0..20_000_u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15)) {
                let equation = page.equation(hash);
                let start = u32::from(equation.start);
                assert!(start + WIDTH <= page.slots);
                assert!(equation.coefficients & 1 == 1);
                assert!(u64::from(equation.fingerprint) < 1 << columns);
                first |= start == 0;
                last |= start == page.slots - WIDTH;
            }
            assert!(first && last, "{columns}");
        }
    }

    /// An item of the lowest priority is bumped by any threshold, one of the highest by none.
    #[test]
    fn a_threshold_bumps_what_is_below_it() {
        let page = page(10);
        let mut bumped = 0_u32;
        for hash in 0..51_200 {
            let priority = page.equation(hash).priority;
            let mut content = [0; PAYLOAD_BYTES];
            for threshold in [0, 1, 128, 255] {
                set_threshold(&mut content, threshold);
                let is_bumped = page.query(&content, hash) == Match::Bumped;
                assert_eq!(is_bumped, priority < threshold);
                bumped += u32::from(is_bumped && threshold == 128);
            }
        }
        // A quarter, and five standard deviations.
        assert!(bumped.abs_diff(12_800) < 490, "{bumped}");
    }

    #[test]
    fn no_two_hashes_become_one() {
        use std::collections::BTreeSet;
        let all: BTreeSet<u64> = (0..10_000_u64)
            .flat_map(|i| [i, i << 32, i.wrapping_mul(0x9E37_79B9_7F4A_7C15)])
            .collect();
        let next: BTreeSet<u64> = all.iter().map(|hash| rehash(*hash)).collect();
        assert_eq!(next.len(), all.len());
    }
}
