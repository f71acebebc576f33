//! The metadata's regular expressions -> rule lists.

use leaksieve_core::identifier::PhoneProfile;

use super::automaton::{Automaton, Change, Follow, closure};
use super::error::CompileError;
use super::expression::{
    ALL_DIGITS, Piece, fixed_length, halve_first_choice, has_group, is_any_digit, parse,
    without_groups,
};

/// In a rule: the whole match is dropped.
const DROP_ALL: usize = 15;
/// Of a tail: any number of digits may follow.
const ANY_TAIL: u16 = 0xFFFF;

/// The three rule lists of a profile.
pub(super) struct RuleLists {
    pub(super) international_prefixes: Vec<u8>,
    pub(super) national_prefixes: Vec<u8>,
    pub(super) numbers: Vec<u8>,
}

impl RuleLists {
    pub(super) fn into_profile(
        self,
        region: [u8; 2],
        calling_code: u16,
        num_digits: u32,
    ) -> Result<PhoneProfile, CompileError> {
        let rules = [
            &self.international_prefixes[..],
            &self.national_prefixes,
            &self.numbers,
        ]
        .concat();
        let too_long = || CompileError::TooLong {
            num_bytes: rules.len(),
        };
        let num_bytes = |list: &[u8]| u8::try_from(list.len()).map_err(|_| too_long());
        Ok(PhoneProfile {
            region,
            calling_code,
            num_digits,
            has_calling_codes: false,
            num_international_bytes: num_bytes(&self.international_prefixes)?,
            num_national_bytes: num_bytes(&self.national_prefixes)?,
            rules: rules.as_slice().try_into().map_err(|_| too_long())?,
        })
    }
}

/// A prefix pattern with its transform (empty: the match is dropped) as a rule list.
pub(super) fn prefixes(pattern: &str, transform: &str) -> Result<Vec<u8>, CompileError> {
    let pieces = parse(pattern)?;
    let mut list = Vec::new();
    let Some((inserted, kept)) = parse_transform(transform)? else {
        let change = Change {
            num_dropped_first: DROP_ALL,
            ..Change::default()
        };
        push_rules(
            &mut list,
            &without_groups(&pieces),
            Follow::Tail(ANY_TAIL),
            &change,
        )?;
        return Ok(list);
    };
    // Alternatives still to do, the next one last.
    let mut open = vec![pieces];
    while let Some(pieces) = open.pop() {
        let is_split = |piece: &Piece| matches!(piece, Piece::Choice(_)) && has_group(piece);
        if let Some([earlier, later]) = halve_first_choice(&pieces, is_split) {
            open.extend([later, earlier]);
            continue;
        }
        let is_end = pieces.last() == Some(&Piece::End);
        let mut change = Change {
            num_dropped_first: DROP_ALL,
            ..Change::default()
        };
        let mut follow = Follow::Tail(if is_end { 1 } else { ANY_TAIL });
        let at = pieces
            .iter()
            .position(|piece| matches!(piece, Piece::Group(index, _) if *index == kept));
        if let Some(at) = at {
            let before = without_groups(&pieces[..at]);
            let after = without_groups(&pieces[at + 1..]);
            let is_any = without_groups(&pieces[at..=at]).iter().all(is_any_digit);
            change.inserted.clone_from(&inserted);
            // Before a group of any digits the match ends, so all of it is dropped.
            if !is_any || !after.is_empty() {
                let Some(length) = fixed_length(&before) else {
                    open.extend(
                        halve_first_choice(&pieces, |_| true)
                            .into_iter()
                            .flatten()
                            .rev(),
                    );
                    continue;
                };
                change.num_dropped_first = length;
                change.num_dropped_last = fixed_length(&after).ok_or(CompileError::Ambiguous)?;
            }
            if after.iter().all(|piece| *piece == Piece::End) {
                follow = if is_end {
                    Follow::Nothing
                } else {
                    Follow::Anything
                };
            }
        }
        push_rules(&mut list, &without_groups(&pieces), follow, &change)?;
    }
    Ok(list)
}

/// A pattern of whole numbers as a rule list.
pub(super) fn numbers(pattern: &str) -> Result<Vec<u8>, CompileError> {
    let mut list = Vec::new();
    let pieces = without_groups(&parse(pattern)?);
    push_rules(&mut list, &pieces, Follow::Nothing, &Change::default())?;
    Ok(list)
}

/// Do whole areas of the numbers of the pattern begin with 0, not just some services?
pub(super) fn begin_with_zero(pattern: &str) -> bool {
    parse(pattern).is_ok_and(|pieces| {
        closure([without_groups(&pieces)]).iter().any(|rest| {
            matches!(rest.as_slice(), [Piece::Digit(first), Piece::Digit(ALL_DIGITS), ..] if first & 1 == 1)
        })
    })
}

/// One rule: after the digits of the pattern, `num_dropped` of which are dropped
/// from its end, this tail may follow.
pub(super) fn prefix_before_tail(
    list: &mut Vec<u8>,
    pattern: &str,
    num_dropped: usize,
    tail: u16,
) -> Result<(), CompileError> {
    let change = Change {
        num_dropped_last: num_dropped,
        ..Change::default()
    };
    push_rules(
        list,
        &without_groups(&parse(pattern)?),
        Follow::Tail(tail),
        &change,
    )
}

/// Adds the rule of the pieces; where one rule cannot hold them, several, in their order.
fn push_rules(
    list: &mut Vec<u8>,
    pieces: &[Piece],
    follow: Follow,
    change: &Change,
) -> Result<(), CompileError> {
    if pieces.is_empty() {
        return Ok(());
    }
    match Automaton::new(pieces, follow).rule(follow, change) {
        Err(error @ (CompileError::Ambiguous | CompileError::TooLarge)) => {
            for half in halve_first_choice(pieces, |_| true).ok_or(error)? {
                push_rules(list, &half, follow, change)?;
            }
        }
        Err(error) => return Err(error),
        Ok(rule) => {
            list.push(u8::try_from(rule.len()).map_err(|_| CompileError::TooLarge)?);
            list.extend(rule);
        }
    }
    Ok(())
}

/// The digits before the group, and the group's number; `None` of an empty transform.
fn parse_transform(transform: &str) -> Result<Option<(String, u32)>, CompileError> {
    if transform.is_empty() {
        return Ok(None);
    }
    let parts = transform
        .split_once('\\')
        .and_then(|(inserted, group)| Some((inserted, group.parse().ok()?)));
    match parts {
        Some((inserted, group))
            if inserted.bytes().all(|b| b.is_ascii_digit()) && inserted.len() <= 15 =>
        {
            Ok(Some((inserted.to_owned(), group)))
        }
        _ => Err(CompileError::Transform {
            transform: transform.to_owned(),
        }),
    }
}
