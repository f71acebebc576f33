//! Numbers in order -> pages of gaps.

use leaksieve_core::encoding::exact::BlockSize;
use leaksieve_core::encoding::exact::page::{PageWriter, Parameter};
use leaksieve_core::sector::{PAYLOAD_BYTES, Payload};

use crate::sizing::exact::Parameters;

/// Members that a parameter is chosen by, at most. A page of the densest has as many or more.
const LOOK_AHEAD: usize = 1_000;

/// A page, and its first value.
pub(crate) struct Page {
    pub(crate) first: u64,
    pub(crate) payload: Payload,
}

impl Page {
    /// Without a member.
    pub(crate) fn empty(first: u64, block: BlockSize) -> Self {
        Self {
            first,
            payload: *PageWriter::new(first, block).payload(),
        }
    }
}

/// The pages of a range.
pub(crate) struct PagesOfRange {
    pub(crate) pages: Vec<Page>,
    /// The range's end, if all values from there on would be members of its last page: another has
    /// to begin there.
    pub(crate) open_from: Option<u64>,
}

/// The pages of numbers in order, each once and below `end`. Behind the last number they have no
/// member.
pub(crate) fn pages(
    numbers: &[u64],
    end: u64,
    block: BlockSize,
    parameters: &Parameters,
) -> PagesOfRange {
    let mut made = PagesOfRange {
        pages: Vec::new(),
        open_from: None,
    };
    let Some(first) = numbers.first() else {
        return made;
    };
    let pages = &mut made.pages;
    let (mut begin, mut rest) = (*first, numbers);
    loop {
        let filled = fill(begin, rest, block, parameters);
        pages.push(Page {
            first: begin,
            payload: *filled.page.payload(),
        });
        rest = &rest[filled.num_members..];
        begin = match (filled.open_from, rest.first()) {
            (None, Some(next)) => *next,
            (None, None) => break,
            (Some(from), Some(_)) => from,
            (Some(first), None) => {
                // All that is behind would be a member. This page has none.
                if first < end {
                    pages.push(Page::empty(first, block));
                } else {
                    made.open_from = Some(end);
                }
                break;
            }
        };
    }
    made
}

/// Bytes that the pages of some numbers have in use.
pub(crate) fn num_bytes(numbers: &[u64], block: BlockSize, parameters: &Parameters) -> usize {
    let (mut num_bytes, mut rest) = (0, numbers);
    while let Some(first) = rest.first() {
        let filled = fill(*first, rest, block, parameters);
        rest = &rest[filled.num_members..];
        num_bytes += match rest {
            [] => filled
                .page
                .payload()
                .iter()
                .rposition(|byte| *byte != 0)
                .map_or(0, |last| last + 1),
            _ => PAYLOAD_BYTES,
        };
    }
    num_bytes
}

struct Filled {
    page: PageWriter,
    num_members: usize,
    /// From here on, values would be members: the next page begins here.
    open_from: Option<u64>,
}

/// As many numbers as a page has room for, from its first value on.
fn fill(first: u64, numbers: &[u64], block: BlockSize, parameters: &Parameters) -> Filled {
    let mut page = PageWriter::new(first, block);
    let mut is_inverted = false;
    let mut at = 0;
    while at < numbers.len() {
        if page.wants_parameter() {
            let block_end = page.next_block_end();
            let parameter = choose(page.next_value(), block_end, &numbers[at..], parameters);
            if !page.begin_block(parameter) {
                break;
            }
            is_inverted = parameter.is_inverted();
        }
        let (value, next) = if is_inverted {
            no_member(page.next_value(), numbers, at)
        } else {
            (numbers[at], at + 1)
        };
        if !page.code(value) {
            break;
        }
        at = next;
    }
    Filled {
        num_members: at,
        open_from: is_inverted.then(|| page.next_value()),
        page,
    }
}

/// The next value that is no member, and the place of the first member behind it.
fn no_member(mut value: u64, numbers: &[u64], mut at: usize) -> (u64, usize) {
    while numbers.get(at) == Some(&value) {
        at += 1;
        value += 1;
    }
    (value, at)
}

/// The parameter of the block from a value on, of which these are the next members.
fn choose(from: u64, block_end: u64, numbers: &[u64], parameters: &Parameters) -> Parameter {
    let ahead = &numbers[..numbers.len().min(LOOK_AHEAD)];
    let num_members = ahead.partition_point(|number| *number < block_end);
    match ahead[..num_members].last() {
        None => parameters.of_gap(numbers[0] - from),
        Some(last) => {
            // Of a block that is longer than the look, what was seen.
            let end = if num_members == LOOK_AHEAD || block_end == u64::MAX {
                last + 1
            } else {
                block_end
            };
            parameters.of_block(num_members as u64, end - from)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use leaksieve_core::encoding::exact::page::{Coded, Values};
    use std::collections::BTreeSet;

    /// Every page has the numbers that were put in, up to where the next begins, and no others.
    #[test]
    fn pages_have_the_numbers_and_no_others() {
        let parameters = Parameters::new();
        let mut state = 1_u64;
        let mut random = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as f64 / f64::from(1 << 31)
        };
        let mut dense = |shares: &[f64], begin: u64| {
            let mut numbers = BTreeSet::new();
            for (block, share) in shares.iter().enumerate() {
                let begin = begin + block as u64 * 10_000;
                numbers.extend((begin..begin + 10_000).filter(|_| random() < *share));
            }
            numbers
        };
        let mut far = dense(&[0.3], 1 << 40);
        far.extend([5, 1 << 50, (1 << 61) - 1]);
        for (numbers, end) in [
            (dense(&[0.2; 30], 1_000), u64::MAX),
            (
                dense(&[0.9, 0.0, 0.97, 0.01, 1.0, 1.0, 0.5], 70_000),
                u64::MAX,
            ),
            (dense(&[0.001; 400], 0), 4_000_000),
            // The next range goes on where this one ends.
            (dense(&[1.0; 3], 20_000), 50_000),
            (dense(&[0.99; 5], 12_345), 62_345),
            (far, u64::MAX),
            (BTreeSet::from([7]), 8),
            ((10..5_000_000).collect(), u64::MAX),
        ] {
            let list: Vec<u64> = numbers.iter().copied().collect();
            for exponent in [0, 2, 3, 4, 6, 9] {
                let block = BlockSize::new(exponent).unwrap();
                let PagesOfRange { pages, open_from } = pages(&list, end, block, &parameters);
                let mut found = Vec::new();
                for (index, page) in pages.iter().enumerate() {
                    let next = pages.get(index + 1).map_or(end, |next| next.first);
                    assert!(page.first < next);
                    let mut values = Values::new(&page.payload, page.first, block);
                    let mut begin = page.first;
                    let mut was_inverted = false;
                    while let Some(Coded { value, is_inverted }) = values.advance().unwrap() {
                        if is_inverted {
                            found.extend(begin..value.min(next));
                        } else {
                            found.push(value);
                        }
                        begin = value + 1;
                        was_inverted = is_inverted;
                    }
                    // Else a question for what lies behind would be a defect.
                    assert!(!was_inverted || begin >= next);
                }
                assert!(open_from.is_none() || open_from == Some(end));
                assert!(
                    found == list,
                    "blocks of 10^{exponent}, {} numbers",
                    list.len()
                );
            }
        }
    }
}
