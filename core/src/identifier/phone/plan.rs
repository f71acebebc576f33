//! Numbering plans: which numbers are valid, and which of them have another form.
//!
//! A plan is an automaton over whole E.164 digits, calling code included. It lies in
//! *plan sectors*, 127 words (u32, little-endian) in each. An address is the plan sector,
//! from 0, times 128, plus the word in it; the first node stands at address 0.
//!
//! ```text
//! node    end? edge*                   in one sector; its last word has bit 10
//! end     bits 0-9    0                a number may end here
//!         bit 11      the number is valid
//!         bits 12-31  address of its change; 0 for none
//! edge    bits 0-9    the digits that it is for, never 0
//!         bits 11-31  address of the node that follows
//! change  bits 0-3    digits that stay before it, calling code included
//!         bits 4-7    num_removed
//!         bits 8-10   num_inserted, at most 5
//!         bits 11-30  the inserted digits, 4 bits each, the first lowest
//! ```
//!
//! A number whose walk finds no edge, or no end, is outside the plan. A change gives the
//! other form of a number: today's form of one that is valid no longer, or, of one that is
//! valid, the form that may mean the same telephone.
//!
//! # Invariants
//! - An address always leads forward, so that a walk reads each sector at most once and ends.
//! - No bytes make this code panic.

use core::fmt;

use super::digits::MAX_DIGITS;
use crate::sector::Payload;

/// Words in a plan sector: 127.
pub const WORDS_PER_SECTOR: u32 = 127;

const DIGITS_MASK: u32 = 0x3FF;
const IS_LAST: u32 = 1 << 10;
const IS_VALID: u32 = 1 << 11;
const TARGET_SHIFT: u32 = 11;
const CHANGE_SHIFT: u32 = 12;
/// Of an address, the bits below the sector.
const WORD_BITS: u32 = 7;

/// A plan's bytes are none that a builder writes. Their checksum is right, so the plan was
/// written wrong: nothing that it says is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PlanDefect;

impl fmt::Display for PlanDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the numbering plan is malformed")
    }
}

impl core::error::Error for PlanDefect {}

/// How a number becomes its other form: some digits give way to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Change(u32);

impl Change {
    /// Of a plan's word; `None` if it is none that a builder writes.
    pub const fn from_word(word: u32) -> Option<Self> {
        let mut rest = word >> 11;
        let mut num_inserted = word >> 8 & 7;
        if num_inserted > 5 {
            return None;
        }
        while num_inserted > 0 {
            if rest & 15 > 9 {
                return None;
            }
            rest >>= 4;
            num_inserted -= 1;
        }
        if rest == 0 { Some(Self(word)) } else { None }
    }

    /// Writes the other form of the number into the caller's place. `None` if the number has
    /// too few digits for the change, or would get more than [`MAX_DIGITS`].
    pub fn apply<'a>(self, digits: &[u8], place: &'a mut [u8; MAX_DIGITS]) -> Option<&'a [u8]> {
        let Self(word) = self;
        let num_kept = (word & 15) as usize;
        let num_removed = (word >> 4 & 15) as usize;
        let num_inserted = word >> 8 & 7;
        let (kept, rest) = digits.split_at_checked(num_kept)?;
        let rest = rest.get(num_removed..)?;
        let inserted = (0..num_inserted).map(|at| b'0' + (word >> (11 + 4 * at) & 15) as u8);
        let mut num_digits = 0;
        for digit in kept
            .iter()
            .copied()
            .chain(inserted)
            .chain(rest.iter().copied())
        {
            *place.get_mut(num_digits)? = digit;
            num_digits += 1;
        }
        place.get(..num_digits)
    }
}

/// What a plan says of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Judgement {
    /// Is it a number of the plan as it is?
    pub is_valid: bool,
    /// Its other form. Of a number that is not valid, today's; of one that is valid, another
    /// that may mean the same telephone.
    pub change: Option<Change>,
}

impl Judgement {
    /// Neither a number of the plan nor an old form of one.
    pub const OUTSIDE: Self = Self {
        is_valid: false,
        change: None,
    };
}

/// What comes after a step of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Step {
    /// The walk goes on in the sector that it [`wants`](Walk::wants).
    Wants(Walk),
    /// The walk is over.
    Judged(Judgement),
}

/// Where a walk through a plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Walk {
    address: u32,
    num_walked: u8,
    /// The digits have ended, and the address is that of a change: is the number valid?
    ended: Option<bool>,
}

impl Walk {
    /// Before the first digit.
    pub const START: Self = Self {
        address: 0,
        num_walked: 0,
        ended: None,
    };

    /// The plan sector that the next step needs, from 0.
    pub const fn wants(self) -> u32 {
        self.address >> WORD_BITS
    }

    /// Walks as far as one sector goes.
    ///
    /// `digits` are the same ASCII digits at each step, and `payload` is that of the plan
    /// sector that the walk [`wants`](Walk::wants).
    ///
    /// # Errors
    /// [`PlanDefect`] if a builder did not write this. Never panics.
    pub fn step(mut self, digits: &[u8], payload: &Payload) -> Result<Step, PlanDefect> {
        let sector = self.wants();
        while self.wants() == sector {
            if let Some(is_valid) = self.ended {
                let change = word(payload, self.address).and_then(Change::from_word);
                return Ok(Step::Judged(Judgement {
                    is_valid,
                    change: Some(change.ok_or(PlanDefect)?),
                }));
            }
            match digits.get(usize::from(self.num_walked)) {
                Some(digit) => {
                    let Some(target) = self.target(digit.wrapping_sub(b'0'), payload)? else {
                        return Ok(Step::Judged(Judgement::OUTSIDE));
                    };
                    self.go(target)?;
                    self.num_walked = self.num_walked.checked_add(1).ok_or(PlanDefect)?;
                }
                None => {
                    let end = word(payload, self.address).ok_or(PlanDefect)?;
                    if end & DIGITS_MASK != 0 {
                        return Ok(Step::Judged(Judgement::OUTSIDE));
                    }
                    let is_valid = end & IS_VALID != 0;
                    let change = end >> CHANGE_SHIFT;
                    if change == 0 {
                        return Ok(Step::Judged(Judgement {
                            is_valid,
                            change: None,
                        }));
                    }
                    self.go(change)?;
                    self.ended = Some(is_valid);
                }
            }
        }
        Ok(Step::Wants(self))
    }

    /// The node behind the edge for a digit; `None` if there is no such edge.
    fn target(self, digit: u8, payload: &Payload) -> Result<Option<u32>, PlanDefect> {
        let bit = 1_u32.checked_shl(u32::from(digit)).unwrap_or(0) & DIGITS_MASK;
        let mut address = self.address;
        loop {
            let edge = word(payload, address).ok_or(PlanDefect)?;
            if edge & bit != 0 {
                return Ok(Some(edge >> TARGET_SHIFT));
            }
            if edge & IS_LAST != 0 {
                return Ok(None);
            }
            address += 1;
        }
    }

    fn go(&mut self, address: u32) -> Result<(), PlanDefect> {
        if address <= self.address {
            return Err(PlanDefect);
        }
        self.address = address;
        Ok(())
    }
}

/// The word at an address of this sector; `None` behind the last.
fn word(payload: &Payload, address: u32) -> Option<u32> {
    let (words, _) = payload.as_chunks();
    let at = address & ((1 << WORD_BITS) - 1);
    words.get(at as usize).copied().map(u32::from_le_bytes)
}

/// A whole plan in memory.
#[derive(Clone, Copy, Debug)]
pub struct Plan<'a>(pub &'a [Payload]);

impl Plan<'_> {
    /// What the plan says of a number, given as ASCII digits with the calling code.
    ///
    /// # Errors
    /// [`PlanDefect`] if a builder did not write the plan. Never panics.
    pub fn judge(&self, digits: &[u8]) -> Result<Judgement, PlanDefect> {
        let mut walk = Walk::START;
        loop {
            match walk.step(digits, self.sector(walk.wants())?)? {
                Step::Wants(next) => walk = next,
                Step::Judged(judgement) => return Ok(judgement),
            }
        }
    }

    fn sector(&self, index: u32) -> Result<&Payload, PlanDefect> {
        let index = usize::try_from(index).map_err(|_| PlanDefect)?;
        self.0.get(index).ok_or(PlanDefect)
    }

    /// Is every number of so many digits that begins with `start` valid, and none of them
    /// has another form? `false` if there are no such numbers, and of a defective plan.
    #[cfg(feature = "std")]
    pub fn all_valid(&self, start: &[u8], num_digits_in_all: usize) -> bool {
        let mut walk = Walk::START;
        for digit in start {
            match self.after(walk, *digit) {
                Some(next) => walk = next,
                None => return false,
            }
        }
        let Some(num_open) = num_digits_in_all.checked_sub(start.len()) else {
            return false;
        };
        // All numbers of the same length: those nodes that some of them reach.
        let mut nodes = std::collections::BTreeSet::from([walk.address]);
        for _ in 0..num_open {
            let mut following = std::collections::BTreeSet::new();
            for address in nodes {
                let here = Walk {
                    address,
                    ..Walk::START
                };
                for digit in b'0'..=b'9' {
                    match self.after(here, digit) {
                        Some(next) => following.insert(next.address),
                        None => return false,
                    };
                }
            }
            nodes = following;
        }
        nodes.iter().all(|address| {
            let end = self.sector(address >> WORD_BITS).ok();
            let end = end.and_then(|payload| word(payload, *address));
            end.is_some_and(|end| end & !IS_LAST == IS_VALID)
        })
    }

    #[cfg(feature = "std")]
    fn after(&self, mut walk: Walk, digit: u8) -> Option<Walk> {
        let payload = self.sector(walk.wants()).ok()?;
        let target = walk.target(digit.wrapping_sub(b'0'), payload).ok()??;
        walk.go(target).ok()?;
        Some(walk)
    }
}

#[cfg(test)]
mod tests;
