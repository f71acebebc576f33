//! A page of values: from its first value on, the gaps between what is coded.
//!
//! What is coded are the members; or, where most values are members, those that are none. A page
//! begins with a *parameter*, which is for the block of its first value. Before a gap there is
//! another, if the value behind the last coded one is in another block; it is for that one. A
//! parameter is 7 bits:
//!
//! ```text
//! bit 0     inverted: what is coded are no members
//! bits 1-4  exponent     m = ((4 + fraction) << exponent) >> 2, the length of a run
//! bits 5-6  fraction
//! ```
//!
//! A gap is the number of values that are left out before the next coded one. It is a 0 for each
//! whole run of values in it, a 1, and what is left as a truncated binary number below the length of
//! the next run. A run has m values up to the eighth; the ninth has 2m, the tenth 4m, and so on,
//! below 2^61.
//!
//! After the last gap all bits are 0. Behind the last coded value there is no member: where it is
//! an inverted block's, the block or the page ends there.

use super::bits::{PAGE_BITS, field, peek, put};
use super::index::Place;
use super::{BlockSize, PageDefect};
use crate::arithmetic::divided;
use crate::encoding::Match;
use crate::units::{PAYLOAD_BYTES, Payload};

const PARAMETER_BITS: u32 = 7;
const EXPONENTS: u32 = 1 << 4;
const FRACTIONS: u32 = 1 << 2;
/// Runs of one length.
const EVEN_RUNS: u32 = 8;
/// No run has more bits than this: none has 2^61 values.
const MAX_RUN_BITS: u32 = 61;
/// Largest gap that there is a code for: 2^61.
pub const MAX_GAP: u64 = 1 << 61;

/// How the gaps of a block are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    code: u32,
}

impl Parameter {
    /// All that there are, in the order of their runs; some have runs of one length.
    pub fn all(is_inverted: bool) -> impl Iterator<Item = Self> {
        (0..EXPONENTS * FRACTIONS).map(move |place| Self {
            code: u32::from(is_inverted) | (place / FRACTIONS) << 1 | (place % FRACTIONS) << 5,
        })
    }

    /// Is what is coded no member?
    pub const fn is_inverted(self) -> bool {
        self.code & 1 == 1
    }

    /// Values of a run: 1 to 57,344.
    pub const fn run(self) -> u32 {
        let exponent = self.code >> 1 & (EXPONENTS - 1);
        let fraction = self.code >> 5 & (FRACTIONS - 1);
        ((FRACTIONS + fraction) << exponent) >> 2
    }

    /// Bits of a gap, at most [`MAX_GAP`].
    pub fn bits_of(self, gap: u64) -> u32 {
        let code = Code::of(self.run(), gap);
        code.num_zeros + 1 + code.num_bits
    }
}

/// Numbers below a limit of at least 1 in truncated binary: the lower ones, so many, have a bit
/// less than the others.
#[derive(Clone, Copy)]
struct Truncated {
    num_short_bits: u32,
    num_short: u64,
}

impl Truncated {
    #[inline(always)]
    const fn below(limit: u64) -> Self {
        let num_short_bits = 63 - (limit | 1).leading_zeros();
        Self {
            num_short_bits,
            num_short: (2 << num_short_bits) - limit,
        }
    }
}

/// A gap, as it is written.
struct Code {
    num_zeros: u32,
    rest: u64,
    num_bits: u32,
}

/// The values in so many runs, and the length of the run behind them; `None`: that is too long.
#[inline(always)]
fn runs(run: u32, num_runs: u32) -> Option<(u64, u64)> {
    let num_doublings = (num_runs + 1).saturating_sub(EVEN_RUNS);
    if num_doublings > (MAX_RUN_BITS - u32::BITS) + run.leading_zeros() {
        return None;
    }
    let run = u64::from(run);
    let next = run << num_doublings;
    let values = match num_doublings {
        0 => run * u64::from(num_runs),
        // 8 runs, and 2 + 4 + .. + 2^(n-1) of them.
        _ => run * 6 + next,
    };
    Some((values, next))
}

impl Code {
    fn of(run: u32, gap: u64) -> Self {
        let gap = gap.min(MAX_GAP);
        let mut num_zeros = match u32::try_from(gap) {
            Ok(gap) => gap.checked_div(run).unwrap_or(0).min(EVEN_RUNS),
            Err(_) => EVEN_RUNS,
        };
        let (mut before, mut length) = runs(run, num_zeros).unwrap_or((0, 1));
        while gap - before >= length {
            num_zeros += 1;
            (before, length) = runs(run, num_zeros).unwrap_or((0, u64::MAX));
        }
        let rest = gap - before;
        let Truncated {
            num_short_bits,
            num_short,
        } = Truncated::below(length);
        if rest < num_short {
            return Self {
                num_zeros,
                rest,
                num_bits: num_short_bits,
            };
        }
        // The last bit is written last, and so is the highest.
        let long = rest + num_short;
        Self {
            num_zeros,
            rest: long >> 1 | (long & 1) << num_short_bits,
            num_bits: num_short_bits + 1,
        }
    }
}

/// A value of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coded {
    /// It is at least the page's first.
    pub value: u64,
    /// It is no member, and all values from the coded one before up to it are.
    pub is_inverted: bool,
}

/// The values of a page, one after the other.
#[derive(Clone, Debug)]
pub struct Values<'a> {
    payload: &'a Payload,
    at: u32,
    /// The value behind the last coded one.
    next: u64,
    block: Block,
    is_inverted: bool,
    run: u32,
    rest: Truncated,
}

/// Where the block of a value ends.
#[derive(Clone, Copy, Debug)]
struct Block {
    size: Option<u64>,
    end: u64,
    is_begun: bool,
}

impl Block {
    /// None yet; the first begins with this value.
    const fn before(first: u64, size: Option<u64>) -> Self {
        Self {
            size,
            end: first,
            is_begun: false,
        }
    }

    /// Begin the block that a value is in, which is at the end of the one before, or behind.
    fn begin(&mut self, value: u64) {
        let Some(size) = self.size else {
            self.end = u64::MAX;
            return;
        };
        // Most often it is the next.
        let next = self.end.saturating_add(size);
        self.end = if self.is_begun && value < next {
            next
        } else {
            let (_, rest) = divided(value, size);
            value.saturating_sub(rest).saturating_add(size)
        };
        self.is_begun = true;
    }
}

impl core::fmt::Debug for Truncated {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.num_short.fmt(f)
    }
}

impl<'a> Values<'a> {
    /// Of the page at this place.
    pub fn new(payload: &'a Payload, first: u64, block: BlockSize) -> Self {
        Self {
            payload,
            at: 0,
            next: first,
            block: Block::before(first, block.num_values()),
            is_inverted: false,
            run: 1,
            rest: Truncated::below(1),
        }
    }

    /// The value behind the last coded one; at first the page's first.
    pub const fn next_value(&self) -> u64 {
        self.next
    }

    /// The next coded value, or `None` behind the last.
    ///
    /// # Errors
    /// [`PageDefect`] if a builder did not write this.
    #[inline(always)]
    pub fn advance(&mut self) -> Result<Option<Coded>, PageDefect> {
        if self.next >= self.block.end {
            self.begin_block();
        }
        let bits = peek(self.payload, self.at);
        let mut num_zeros = bits.trailing_zeros();
        if num_zeros == u32::BITS {
            loop {
                let place = self.at.saturating_add(num_zeros);
                if place >= PAGE_BITS {
                    return Ok(None);
                }
                let more = peek(self.payload, place).trailing_zeros();
                num_zeros += more;
                if more < u32::BITS {
                    break;
                }
            }
        }
        self.at = self.at.saturating_add(num_zeros + 1);
        let gap = if num_zeros + 1 < EVEN_RUNS {
            let rest = self.rest(self.rest.num_short_bits, self.rest.num_short);
            u64::from(self.run * num_zeros) + rest
        } else {
            let (before, length) = runs(self.run, num_zeros).ok_or(PageDefect)?;
            let Truncated {
                num_short_bits,
                num_short,
            } = Truncated::below(length);
            before.saturating_add(self.rest(num_short_bits, num_short))
        };
        if self.at > PAGE_BITS {
            return Err(PageDefect);
        }
        let value = self.next.saturating_add(gap);
        self.next = value.saturating_add(1);
        Ok(Some(Coded {
            value,
            is_inverted: self.is_inverted,
        }))
    }

    fn begin_block(&mut self) {
        let parameter = Parameter {
            code: field(self.payload, self.at, PARAMETER_BITS) as u32,
        };
        self.at = self.at.saturating_add(PARAMETER_BITS);
        self.is_inverted = parameter.is_inverted();
        self.run = parameter.run();
        self.rest = Truncated::below(self.run.into());
        self.block.begin(self.next);
    }

    #[inline(always)]
    fn rest(&mut self, num_short_bits: u32, num_short: u64) -> u64 {
        let short = field(self.payload, self.at, num_short_bits);
        self.at = self.at.saturating_add(num_short_bits);
        if short < num_short {
            return short;
        }
        let last = peek(self.payload, self.at) & 1;
        self.at = self.at.saturating_add(1);
        (short << 1 | u64::from(last)).saturating_sub(num_short)
    }
}

/// Above all numbers, and their marks.
const LIMIT: u64 = super::MARK << 1;

/// Does the page at this place have a number? It must be the one that may have it.
///
/// # Errors
/// [`PageDefect`] if a builder did not write this. Never panics.
pub(super) fn query(payload: &Payload, place: Place, number: u64) -> Result<Match, PageDefect> {
    let mut values = Values::new(payload, place.first, place.block);
    while let Some(Coded { value, is_inverted }) = values.advance()? {
        if value >= number {
            if value >= LIMIT {
                return Err(PageDefect);
            }
            return Ok(if (value == number) == is_inverted {
                Match::Miss
            } else {
                Match::Hit
            });
        }
    }
    // Up to the page's end all values would be members.
    if values.is_inverted {
        return Err(PageDefect);
    }
    Ok(Match::Miss)
}

/// Writes a page, for builders. It begins a block where a reader does.
#[derive(Clone, Debug)]
pub struct PageWriter {
    payload: Payload,
    at: u32,
    next: u64,
    block: Block,
    parameter: Parameter,
}

impl PageWriter {
    /// An empty page of values from `first` on.
    pub fn new(first: u64, block: BlockSize) -> Self {
        Self {
            payload: [0; PAYLOAD_BYTES],
            at: 0,
            next: first,
            block: Block::before(first, block.num_values()),
            parameter: Parameter { code: 0 },
        }
    }

    /// The value behind the last coded one.
    pub const fn next_value(&self) -> u64 {
        self.next
    }

    /// Is a parameter due before the next gap?
    pub const fn wants_parameter(&self) -> bool {
        self.next >= self.block.end
    }

    /// The end of the block that the next value is in, once its parameter was written.
    pub const fn block_end(&self) -> u64 {
        self.block.end
    }

    /// Where the block of the next value will end.
    pub fn next_block_end(&self) -> u64 {
        let mut block = self.block;
        block.begin(self.next);
        block.end
    }

    /// Begin a block. `false`: there is no room for its parameter.
    pub fn begin_block(&mut self, parameter: Parameter) -> bool {
        let has_room = put(
            &mut self.payload,
            self.at,
            PARAMETER_BITS,
            parameter.code.into(),
        );
        if has_room {
            self.at += PARAMETER_BITS;
            self.parameter = parameter;
            self.block.begin(self.next);
        }
        has_room
    }

    /// Code a value, at least the [next](Self::next_value). `false`: there is no room, and
    /// nothing is written.
    pub fn code(&mut self, value: u64) -> bool {
        let Some(gap) = value.checked_sub(self.next).filter(|gap| *gap <= MAX_GAP) else {
            return false;
        };
        let code = Code::of(self.parameter.run(), gap);
        if self.at + code.num_zeros + 1 + code.num_bits > PAGE_BITS {
            return false;
        }
        self.at += code.num_zeros;
        put(&mut self.payload, self.at, 1, 1);
        put(&mut self.payload, self.at + 1, code.num_bits, code.rest);
        self.at += 1 + code.num_bits;
        self.next = value.saturating_add(1);
        true
    }

    /// The page.
    pub const fn payload(&self) -> &Payload {
        &self.payload
    }
}
