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

use super::bits::{PAGE_BITS, peek, peek_long, put};
use super::index::Place;
use super::{BlockSize, LIMIT, PageDefect};
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

    const fn exponent(self) -> u32 {
        self.code >> 1 & (EXPONENTS - 1)
    }

    /// Values of a run: 1 to 57,344.
    pub const fn run(self) -> u32 {
        let fraction = self.code >> 5 & (FRACTIONS - 1);
        ((FRACTIONS + fraction) << self.exponent()) >> 2
    }

    /// Bits of a gap, at most [`MAX_GAP`].
    pub fn bits_of(self, gap: u64) -> u32 {
        let code = Code::of(Runs::of(self), gap);
        code.num_zeros + 1 + code.num_bits
    }
}

/// The runs of a parameter.
#[derive(Clone, Copy, Debug)]
struct Runs {
    /// Values of the first eight.
    length: u32,
    /// What is left of a gap is below the length, and has so many bits, or one more.
    num_bits: u32,
    /// So many of them, the lowest, have no bit more.
    num_short: u32,
}

impl Runs {
    const fn of(parameter: Parameter) -> Self {
        // The highest bit of m is the exponent's.
        let num_bits = parameter.exponent();
        let length = parameter.run();
        Self {
            length,
            num_bits,
            num_short: (2 << num_bits) - length,
        }
    }

    /// The values in so many runs, and how often the length has doubled of the one behind them;
    /// `None`: that is too long.
    #[inline(always)]
    fn before(self, num_runs: u32) -> Option<(u64, u32)> {
        let num_doublings = (num_runs + 1).saturating_sub(EVEN_RUNS);
        if num_doublings + self.num_bits >= MAX_RUN_BITS {
            return None;
        }
        if num_doublings == 0 {
            return Some(((self.length * num_runs).into(), 0));
        }
        // 8 runs, and 2 + 4 + .. + 2^(n-1) of them.
        let even = u64::from(self.length * (EVEN_RUNS - 2));
        Some((
            even + (u64::from(self.length) << num_doublings),
            num_doublings,
        ))
    }
}

/// A gap, as it is written.
struct Code {
    num_zeros: u32,
    rest: u64,
    num_bits: u32,
}

impl Code {
    fn of(runs: Runs, gap: u64) -> Self {
        let gap = gap.min(MAX_GAP);
        let mut num_zeros = match u32::try_from(gap) {
            Ok(gap) => gap.checked_div(runs.length).unwrap_or(0).min(EVEN_RUNS),
            Err(_) => EVEN_RUNS,
        };
        let length = u64::from(runs.length);
        let (mut before, mut num_doublings) = runs.before(num_zeros).unwrap_or((0, 0));
        while gap - before >= length << num_doublings {
            num_zeros += 1;
            (before, num_doublings) = runs.before(num_zeros).unwrap_or((gap, 0));
        }
        let rest = gap - before;
        let num_short = u64::from(runs.num_short) << num_doublings;
        let num_bits = runs.num_bits + num_doublings;
        if rest < num_short {
            return Self {
                num_zeros,
                rest,
                num_bits,
            };
        }
        // The last bit is written last, and so is the highest.
        let long = rest + num_short;
        Self {
            num_zeros,
            rest: long >> 1 | (long & 1) << num_bits,
            num_bits: num_bits + 1,
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

/// The zeros below a number's lowest 1.
#[inline(always)]
fn zeros(bits: u32) -> u32 {
    if !cfg!(feature = "small") {
        return bits.trailing_zeros();
    }
    // Most often there are few, and the processor has no instruction.
    let (mut bits, mut zeros) = (bits, 0);
    while bits & 1 == 0 && zeros < u32::BITS {
        bits >>= 1;
        zeros += 1;
    }
    zeros
}

/// The values of a page, one after the other.
#[derive(Clone, Debug)]
pub struct Values<'a> {
    payload: &'a Payload,
    /// Never far behind the page's end: a code that ends there is a defect.
    at: u32,
    /// The value behind the last coded one: at most [`LIMIT`], so that no sum here has 65 bits.
    next: u64,
    block: Block,
    is_inverted: bool,
    runs: Runs,
}

/// Where the block of a value ends.
#[derive(Clone, Copy, Debug)]
struct Block {
    /// 0: all values of a page.
    size: u32,
    end: u64,
}

impl Block {
    /// None yet.
    fn before_all(size: BlockSize) -> Self {
        Self {
            size: size.num_values().unwrap_or(0),
            end: 0,
        }
    }

    /// Begin the block that a value is in, which is at the end of the one before, or behind.
    fn begin(&mut self, value: u64) {
        // Most often it is the next.
        self.end += u64::from(self.size);
        if self.size == 0 {
            self.end = u64::MAX;
        } else if value >= self.end {
            let (_, rest) = divided(value, self.size.into());
            self.end = value.saturating_sub(rest) + u64::from(self.size);
        }
    }
}

impl<'a> Values<'a> {
    /// Of the page at this place.
    pub fn new(payload: &'a Payload, first: u64, block: BlockSize) -> Self {
        Self {
            payload,
            at: 0,
            next: first.min(LIMIT),
            block: Block::before_all(block),
            is_inverted: false,
            runs: Runs::of(Parameter { code: 0 }),
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
        let gap = match self.short_gap() {
            Some(gap) => gap.into(),
            None => match self.gap()? {
                Some(gap) => gap,
                None => return Ok(None),
            },
        };
        if self.at > PAGE_BITS {
            self.at = PAGE_BITS;
            return Err(PageDefect);
        }
        let value = self.next + gap;
        if value >= LIMIT {
            return Err(PageDefect);
        }
        self.next = value + 1;
        Ok(Some(Coded {
            value,
            is_inverted: self.is_inverted,
        }))
    }

    /// A gap of few runs, which most are: all of it is in the next 32 bits.
    #[inline(always)]
    fn short_gap(&mut self) -> Option<u32> {
        if cfg!(feature = "small") {
            return None;
        }
        let Runs {
            length,
            num_bits,
            num_short,
        } = self.runs;
        let bits = peek(self.payload, self.at);
        let num_zeros = bits.trailing_zeros();
        if num_zeros + 1 >= EVEN_RUNS {
            return None;
        }
        let bits = bits >> (num_zeros + 1);
        let first = 1 << num_bits;
        let mut rest = bits & (first - 1);
        let mut num_rest_bits = num_bits;
        if rest >= num_short {
            num_rest_bits += 1;
            rest = (rest << 1 | u32::from(bits & first != 0)).saturating_sub(num_short);
        }
        self.at += num_zeros + 1 + num_rest_bits;
        Some(length * num_zeros + rest)
    }

    /// Any gap; `None`: there is none.
    #[cfg_attr(not(feature = "small"), inline(never))]
    fn gap(&mut self) -> Result<Option<u64>, PageDefect> {
        let mut num_zeros = 0;
        loop {
            let place = self.at + num_zeros;
            let more = zeros(peek(self.payload, place));
            num_zeros += more;
            if more < u32::BITS {
                break;
            }
            if place >= PAGE_BITS {
                return Ok(None);
            }
        }
        self.at += num_zeros + 1;
        let (before, num_doublings) = self.runs.before(num_zeros).ok_or(PageDefect)?;
        let bits = peek_long(self.payload, self.at);
        let num_bits = self.runs.num_bits + num_doublings;
        let first = 1 << num_bits;
        let num_short = u64::from(self.runs.num_short) << num_doublings;
        let mut rest = bits & (first - 1);
        self.at += num_bits;
        if rest >= num_short {
            self.at += 1;
            rest = (rest << 1 | u64::from(bits & first != 0)).saturating_sub(num_short);
        }
        Ok(Some(before + rest))
    }

    fn begin_block(&mut self) {
        let parameter = Parameter {
            code: peek(self.payload, self.at) & !(u32::MAX << PARAMETER_BITS),
        };
        self.at += PARAMETER_BITS;
        self.is_inverted = parameter.is_inverted();
        self.runs = Runs::of(parameter);
        self.block.begin(self.next);
    }
}

/// Does the page at this place have a number? It must be the one that may have it.
///
/// # Errors
/// [`PageDefect`] if a builder did not write this. Never panics.
pub(super) fn query(payload: &Payload, place: Place, number: u64) -> Result<Match, PageDefect> {
    let mut values = Values::new(payload, place.first, place.block);
    while let Some(Coded { value, is_inverted }) = values.advance()? {
        if value >= number {
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
            next: first.min(LIMIT),
            block: Block::before_all(block),
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

    /// Code a value, at least the [next](Self::next_value) and below 2^63. `false`: there is no
    /// room, and nothing is written.
    pub fn code(&mut self, value: u64) -> bool {
        let Some(gap) = value
            .checked_sub(self.next)
            .filter(|gap| *gap <= MAX_GAP && value < LIMIT)
        else {
            return false;
        };
        let code = Code::of(Runs::of(self.parameter), gap);
        if self.at + code.num_zeros + 1 + code.num_bits > PAGE_BITS {
            return false;
        }
        // The bits are 0.
        self.at += code.num_zeros;
        put(
            &mut self.payload,
            self.at,
            1 + code.num_bits,
            code.rest << 1 | 1,
        );
        self.at += 1 + code.num_bits;
        self.next = value + 1;
        true
    }

    /// The page.
    pub const fn payload(&self) -> &Payload {
        &self.payload
    }
}
