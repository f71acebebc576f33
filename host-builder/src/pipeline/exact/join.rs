//! The pages of ranges -> the pages of a set: what each range has to tell, and what is put between.

use std::ops::Range;

use leaksieve_core::encoding::exact::BlockSize;
use leaksieve_core::sector::Payload;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::index;
use super::pages::{self, Page, PagesOfRange};
use crate::sizing::exact::Parameters;

/// Numbers that are given out together: who looks for members sees in which of these blocks there are
/// more than false alarms alone would give.
const REACH: u64 = 10_000;

/// What is written of an exact set.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) num_items: u64,
    /// The index and the directory included.
    pub(crate) num_pages: u32,
    /// Pages of each range.
    pub(crate) pages_of_ranges: Vec<u32>,
    /// Values of the blocks of 10^4 of which some are members.
    pub(crate) num_reached: u64,
}

impl Written {
    /// The pages of each range.
    pub(crate) fn pages_in_order(&self) -> impl Iterator<Item = Range<u32>> {
        self.pages_of_ranges.iter().scan(0, |end, num_pages| {
            let begin = *end;
            *end += num_pages;
            Some(begin..*end)
        })
    }
}

/// What the pages of a range say of themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfRange {
    pub(crate) num_items: u64,
    /// The first and the last block that there are numbers of, and how many blocks.
    reached: Option<(u64, u64, u64)>,
    /// The first value of each page.
    #[serde(serialize_with = "send_gaps", deserialize_with = "take_gaps")]
    pub(crate) firsts: Vec<u64>,
    open_from: Option<u64>,
}

/// The pages of a range.
pub(crate) struct Made {
    pub(crate) of: OfRange,
    pub(crate) payloads: Vec<Payload>,
}

impl Made {
    /// Of numbers in order, each once; the next range begins at `end`.
    pub(crate) fn of(numbers: &[u64], end: u64, block: BlockSize, parameters: &Parameters) -> Self {
        let PagesOfRange { pages, open_from } = pages::pages(numbers, end, block, parameters);
        Self {
            of: OfRange {
                num_items: numbers.len() as u64,
                reached: reached(numbers),
                firsts: pages.iter().map(|page| page.first).collect(),
                open_from,
            },
            payloads: pages.into_iter().map(|page| page.payload).collect(),
        }
    }
}

/// Joins the ranges of a set, one after the other.
pub(crate) struct Join {
    block: BlockSize,
    written: Written,
    /// The first value of each page.
    firsts: Vec<u64>,
    last_reached: Option<u64>,
    is_open_from: Option<u64>,
}

impl Join {
    pub(crate) fn new(block: BlockSize) -> Self {
        Self {
            block,
            written: Written::default(),
            firsts: Vec::new(),
            last_reached: None,
            is_open_from: None,
        }
    }

    /// The next range. Gives the page that stands before its own, if there has to be one.
    pub(crate) fn range(&mut self, range: &OfRange) -> Option<Page> {
        let first = range.firsts.first();
        // Where a page is open, another begins.
        let between = match (self.is_open_from, first) {
            (Some(open_from), Some(first)) if open_from != *first => {
                Some(Page::empty(open_from, self.block))
            }
            _ => None,
        };
        if first.is_some() {
            self.is_open_from = range.open_from;
        }
        let before = self.firsts.len();
        self.firsts.extend(between.as_ref().map(|page| page.first));
        self.firsts.extend_from_slice(&range.firsts);
        let num_pages = (self.firsts.len() - before) as u32;
        self.written.pages_of_ranges.push(num_pages);
        self.written.num_items += range.num_items;
        if let Some((first, last, mut num_blocks)) = range.reached {
            num_blocks -= u64::from(self.last_reached == Some(first));
            self.last_reached = Some(last);
            self.written.num_reached += num_blocks * REACH;
        }
        between
    }

    /// There is no other range. Gives the page that stands behind all, if there has to be one; it
    /// belongs to the last range.
    pub(crate) fn end(&mut self) -> Option<Page> {
        let last = self.written.pages_of_ranges.last_mut()?;
        let page = Page::empty(self.is_open_from.take()?, self.block);
        self.firsts.push(page.first);
        *last += 1;
        Some(page)
    }

    /// The index and the directory behind the pages. `None`: they are too many for a file.
    pub(crate) fn index(mut self) -> Option<(Written, Vec<Payload>)> {
        let index = index::index(&self.firsts, self.block)?;
        let num_pages = self.firsts.len().checked_add(index.len())?;
        self.written.num_pages = u32::try_from(num_pages).ok()?;
        Some((self.written, index))
    }
}

/// The first and the last block that some numbers are in, and how many blocks.
fn reached(numbers: &[u64]) -> Option<(u64, u64, u64)> {
    let first = numbers.first()? / REACH;
    let (mut last, mut end, mut count) = (first, (first + 1) * REACH, 1);
    for number in numbers {
        if *number >= end {
            last = number / REACH;
            end = (last + 1) * REACH;
            count += 1;
        }
    }
    Some((first, last, count))
}

/// Values in order as what lies between them, which takes less room.
fn send_gaps<S: Serializer>(values: &[u64], serializer: S) -> Result<S::Ok, S::Error> {
    let mut before = 0;
    serializer.collect_seq(values.iter().map(|value| {
        let gap = value - before;
        before = *value;
        gap
    }))
}

fn take_gaps<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    let mut values = Vec::<u64>::deserialize(deserializer)?;
    let mut before = 0_u64;
    for value in &mut values {
        before = before
            .checked_add(*value)
            .ok_or_else(|| serde::de::Error::custom("values that do not fit"))?;
        *value = before;
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_arrives() {
        let block = BlockSize::PAGE;
        let numbers: Vec<u64> = (0..40_000).map(|i| (1 << 40) + i * i * 7).collect();
        for numbers in [&numbers[..], &[]] {
            let made = Made::of(numbers, u64::MAX, block, &Parameters::new());
            let sent = postcard::to_stdvec(&made.of).unwrap();
            assert_eq!(postcard::from_bytes(&sent), Ok(made.of.clone()));
            assert!(sent.len() < 20 + made.of.firsts.len() * 5);
        }
    }
}
