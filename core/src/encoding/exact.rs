//! Exact sets of numbers: the members themselves, in order, as gaps. There is no false alarm.
//!
//! Telephone numbers and ids of digits are numbers of a known range, and a leak has many of them:
//! then their gaps are small, and take fewer bits than a filter's fingerprints. A billion Chinese
//! mobile numbers take 3 to 4.3 bits each, and their ribbon at 1 in 1,000 takes 10.2.
//!
//! A dataset has three kinds of pages:
//!
//! ```text
//! pages of values | index | directory
//!   values in order, each page from a first value on                 (page)
//!                   where the pages begin, by shares of 2^s values    (index)
//!                           the last page: segments, each with a size of share (index)
//! ```
//!
//! so that a question reads three: the directory, one page of the index, and the one page that may
//! hold its number. Nothing is hashed, and there is no seed.
//!
//! Golomb, "Run-length encodings", IEEE Transactions on Information Theory 12, 1966; truncated
//! binary as in Gallager, Van Voorhis, "Optimal source codes for geometrically distributed integer
//! alphabets", 1975. What is ours: runs that double after the eighth, so that no gap is long; a
//! parameter for each block of numbers; and pages that end where a sector does.

mod bits;
pub mod index;
pub mod number;
pub mod page;

use super::matching::Match;
use crate::units::Payload;
pub use number::number;

#[cfg(test)]
mod tests;

/// Pages that a question reads: 3.
pub const PAGES_PER_QUESTION: u32 = 3;

/// Of a number that came from a line with several readings, all of which are stored: this bit is
/// set. It is above all other numbers.
pub const MARK: u64 = 1 << 62;

/// Above all numbers, marked ones too.
const LIMIT: u64 = MARK << 1;

/// The bytes are none that a builder writes. Their checksum is right, so they were written wrong:
/// nothing that they say is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PageDefect;

impl core::fmt::Display for PageDefect {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("the page is malformed")
    }
}

impl core::error::Error for PageDefect {}

/// Values that have a parameter in common: 10^exponent of them, as numbers are given out; 0: all
/// of a page.
// An enum leaves values of its byte unused, in which a `Step` keeps what it is: it is on the stack
// of small devices several times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum BlockSize {
    E0,
    E1,
    E2,
    E3,
    E4,
    E5,
    E6,
    E7,
    E8,
    E9,
}

impl BlockSize {
    const ALL: [Self; 10] = [
        Self::E0,
        Self::E1,
        Self::E2,
        Self::E3,
        Self::E4,
        Self::E5,
        Self::E6,
        Self::E7,
        Self::E8,
        Self::E9,
    ];
    /// All values of a page.
    pub const PAGE: Self = Self::E0;
    /// Largest exponent of 10: 9.
    pub const MAX_EXPONENT: u8 = 9;

    /// 10^exponent values; `None` above [`MAX_EXPONENT`](Self::MAX_EXPONENT).
    pub fn new(exponent: u8) -> Option<Self> {
        Self::ALL.get(usize::from(exponent)).copied()
    }

    /// The exponent of 10; 0: a block is all of a page.
    pub const fn exponent(self) -> u8 {
        self as u8
    }

    /// Values of a block; `None`: all of a page.
    pub fn num_values(self) -> Option<u32> {
        let exponent = self.exponent();
        (exponent > 0).then(|| (0..exponent).fold(1, |values: u32, _| values * 10))
    }
}

/// What a question reads next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The dataset's last page.
    Directory,
    /// A page of the index.
    Index(index::Share),
    /// The page that may have the number.
    Page(index::Place),
}

/// What comes after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A page more.
    Wants(Step),
    /// This is the answer.
    Said(Match),
}

impl Step {
    /// Which page, of a dataset of so many, the step reads; `None`: it has no such page.
    pub fn page(self, num_pages: u32) -> Option<u32> {
        let last = num_pages.checked_sub(1)?;
        let page = match self {
            Self::Directory => last,
            Self::Index(share) => share.page,
            Self::Page(place) => place.page,
        };
        (page <= last).then_some(page)
    }

    /// What that page says of a number.
    ///
    /// # Errors
    /// [`PageDefect`] if a builder did not write this. Never panics.
    // What it needs is not on a small device's stack with what reads an identifier.
    #[cfg_attr(feature = "small", inline(never))]
    pub fn take(self, number: u64, payload: &Payload, num_pages: u32) -> Result<Next, PageDefect> {
        match self {
            Self::Directory => {
                let share = index::share_of(payload, number, num_pages)?;
                Ok(match share {
                    Some(share) => Next::Wants(Self::Index(share)),
                    None => Next::Said(Match::Miss),
                })
            }
            Self::Index(share) => {
                let place = share.place_of(payload, number)?;
                Ok(Next::Wants(Self::Page(place)))
            }
            Self::Page(place) => page::query(payload, place, number).map(Next::Said),
        }
    }
}
