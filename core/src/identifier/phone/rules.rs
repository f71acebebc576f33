//! Rule lists: a small automaton over digits, as bytes in a profile.
//!
//! ```text
//! list   rule*                         the first rule that matches is taken
//! rule   length    u8                  bytes of this rule after this one
//!        drops     u8                  low half: digits dropped at the start of the match, 15 = all of it
//!                                      high half: digits dropped at its end
//!        counts    u8                  low half: num_inserted; high half: num_tails
//!        inserted  u8 * num_inserted   ASCII digits put in front
//!        tails     u16 * num_tails     bit n: n digits may follow the match; bit 15: 15 or more
//!        entries   u16 *               to the end of the rule
//! entry  bits 0-9    the digits that it is for
//!        bit 10      the last entry of its node
//!        bits 11-15  below num_tails: the match ends, with this tail;
//!                    else num_tails + index of the entry where the next node starts
//! ```
//!
//! A walk starts at entry 0. Each digit is looked up in its node; a digit that
//! no entry of the node is for, and the end of the digits, mean no match.

use super::digits::Digits;

/// In the low half of `drops`: the whole match is dropped.
const DROP_ALL: u8 = 15;
const DIGITS_MASK: u16 = 0x3FF;
const IS_LAST: u16 = 1 << 10;
const TARGET_SHIFT: u32 = 11;
const MOST_TAIL: usize = 15;

#[derive(Clone, Copy)]
struct Rule<'a> {
    num_dropped_first: u8,
    num_dropped_last: u8,
    inserted: &'a [u8],
    tails: &'a [u8],
    entries: &'a [u8],
}

/// A rule that matched, and how many digits.
#[derive(Clone, Copy)]
pub(super) struct Match<'a> {
    /// Digits that the rule consumed, at least 1.
    pub(super) num_matched: usize,
    rule: Rule<'a>,
}

/// Where a walk ends.
enum Walk {
    /// So many digits match, and what follows them may.
    Match(usize),
    NoMatch,
    /// The digits that are not there decide.
    Open,
}

impl<'a> Rule<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (&[drops, counts], rest) = bytes.split_first_chunk()?;
        let (inserted, rest) = rest.split_at_checked(usize::from(counts & 15))?;
        let (tails, entries) = rest.split_at_checked(2 * usize::from(counts >> 4))?;
        Some(Self {
            num_dropped_first: drops & 15,
            num_dropped_last: drops >> 4,
            inserted,
            tails,
            entries,
        })
    }

    fn num_tails(&self) -> usize {
        self.tails.len() / 2
    }

    /// Walk the first digits of a number that has so many in all.
    fn walk(&self, start: &[u8], num_digits: usize) -> Walk {
        let mut node = 0;
        for (index, digit) in start.iter().enumerate() {
            let Some(target) = self.target(node, digit.wrapping_sub(b'0')) else {
                return Walk::NoMatch;
            };
            if let Some(tail) = word(self.tails, target) {
                let num_following = num_digits.saturating_sub(index + 1);
                return if tail >> num_following.min(MOST_TAIL) & 1 == 1 {
                    Walk::Match(index + 1)
                } else {
                    Walk::NoMatch
                };
            }
            node = target - self.num_tails();
        }
        if start.len() < num_digits {
            Walk::Open
        } else {
            Walk::NoMatch
        }
    }

    fn target(&self, node: usize, digit: u8) -> Option<usize> {
        let bit = 1_u16.checked_shl(u32::from(digit))? & DIGITS_MASK;
        for index in node.. {
            let entry = word(self.entries, index)?;
            if entry & bit != 0 {
                return Some(usize::from(entry >> TARGET_SHIFT));
            }
            if entry & IS_LAST != 0 {
                return None;
            }
        }
        None
    }

    /// Does a walk never leave the rule?
    fn is_whole(&self) -> bool {
        let num_entries = self.entries.len() / 2;
        let entries = || (0..num_entries).filter_map(|index| word(self.entries, index));
        self.entries.len().is_multiple_of(2)
            && self.inserted.iter().all(u8::is_ascii_digit)
            && entries()
                .all(|entry| usize::from(entry >> TARGET_SHIFT) < self.num_tails() + num_entries)
            && entries()
                .next_back()
                .is_some_and(|entry| entry & IS_LAST != 0)
    }
}

impl Match<'_> {
    /// The digits after the rule was applied; `None` if they would be too many.
    pub(super) fn rewrite(&self, digits: &[u8]) -> Option<Digits> {
        let (matched, rest) = digits.split_at_checked(self.num_matched)?;
        let start = match self.rule.num_dropped_first {
            DROP_ALL => matched.len(),
            num_dropped => usize::from(num_dropped),
        };
        let end = matched
            .len()
            .saturating_sub(usize::from(self.rule.num_dropped_last));
        let mut rewritten = Digits::from_slice(self.rule.inserted)?;
        rewritten.extend(matched.get(start..end).unwrap_or(&[]))?;
        rewritten.extend(rest)?;
        Some(rewritten)
    }
}

/// The rules of a list, up to the first that is cut short.
fn rules(list: &[u8]) -> impl Iterator<Item = Option<Rule<'_>>> {
    let mut rest = list;
    core::iter::from_fn(move || {
        (!rest.is_empty()).then(|| {
            let rule = take_rule(&mut rest);
            if rule.is_none() {
                rest = &[];
            }
            Rule::parse(rule?)
        })
    })
}

/// The bytes of the rule that a list starts with; the list is what follows then.
fn take_rule<'a>(list: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (&length, tail) = list.split_first()?;
    let (rule, after) = tail.split_at_checked(usize::from(length))?;
    *list = after;
    Some(rule)
}

/// The first rule of a list that matches the start of the digits.
pub(super) fn first_match<'a>(mut list: &'a [u8], digits: &[u8]) -> Option<Match<'a>> {
    // A loop: as a chain of iterators it takes twice the stack.
    while let Some(rule) = take_rule(&mut list) {
        if let Some(rule) = Rule::parse(rule)
            && let Walk::Match(num_matched) = rule.walk(digits, digits.len())
        {
            return Some(Match { num_matched, rule });
        }
    }
    None
}

/// Does a rule of the list match the digits?
pub(super) fn is_match(list: &[u8], digits: &[u8]) -> bool {
    first_match(list, digits).is_some()
}

/// Does a rule of the list match the numbers of so many digits that begin so? `None`: some
/// of them.
#[cfg(feature = "std")]
pub(super) fn is_match_of_all(list: &[u8], start: &[u8], num_digits: usize) -> Option<bool> {
    let mut is_open = false;
    for rule in rules(list).flatten() {
        match rule.walk(start, num_digits) {
            Walk::Match(_) => return Some(true),
            Walk::NoMatch => {}
            Walk::Open => is_open = true,
        }
    }
    (!is_open).then_some(false)
}

/// Does the list end where its last rule does, and does no walk leave its rule?
pub(super) fn is_whole(list: &[u8]) -> bool {
    rules(list).all(|rule| rule.is_some_and(|rule| rule.is_whole()))
}

fn word(bytes: &[u8], index: usize) -> Option<u16> {
    let at = 2 * index;
    let pair = bytes.get(at..at + 2)?;
    Some(u16::from_le_bytes([pair[0], pair[1]]))
}
