//! The metadata's regular expressions -> rule lists.
//!
//! The expressions are few-worded: digits, classes, counted repetitions,
//! alternatives, and a group that a transform refers to. The languages are
//! finite, so that each becomes a deterministic automaton without loops. A
//! state from which only the number of digits matters becomes a tail, and ends
//! the walk: most numbers are decided by their first one to three digits.

use std::collections::{BTreeMap, BTreeSet};

use leaksieve_core::identifier::PhoneProfile;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};
use thiserror::Error;

const ALL_DIGITS: u16 = 0x3FF;
/// In a rule: the whole match is dropped.
const DROP_ALL: usize = 15;
/// Of a tail: any number of digits may follow.
const ANY_TAIL: u16 = 0xFFFF;
/// Bit 15 of a tail stands for this many digits or more.
const MOST_TAIL: u32 = 15;
const MAX_TAILS: usize = 15;
const NUM_TARGETS: usize = 32;
/// More digits than ever follow a prefix.
const ANY_DIGITS: u32 = 24;

/// What a rule list cannot express.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CompileError {
    /// Not a regular expression of the metadata's kind.
    #[error("pattern {pattern:?} is not understood")]
    Pattern {
        /// The whole pattern.
        pattern: String,
    },
    /// A transform is not digits and one group.
    #[error("transform {transform:?} is not understood")]
    Transform {
        /// The transform.
        transform: String,
    },
    /// A match could end at two places, and the choice cannot be made by the order of rules.
    #[error("a pattern has matches of which one begins the other")]
    Ambiguous,
    /// Too many states or tails for one rule.
    #[error("a pattern is too large for one rule")]
    TooLarge,
    /// The rule lists do not fit into the header.
    #[error("the rule lists have {num_bytes} bytes")]
    TooLong {
        /// Bytes of the three lists.
        num_bytes: usize,
    },
}

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
        let rules = [&self.international_prefixes[..], &self.national_prefixes, &self.numbers].concat();
        let too_long = || CompileError::TooLong { num_bytes: rules.len() };
        let num_bytes = |list: &[u8]| u8::try_from(list.len()).map_err(|_| too_long());
        Ok(PhoneProfile {
            region,
            calling_code,
            num_digits,
            num_international_bytes: num_bytes(&self.international_prefixes)?,
            num_national_bytes: num_bytes(&self.national_prefixes)?,
            rules: rules.as_slice().try_into().map_err(|_| too_long())?,
        })
    }
}

/// A part of an expression.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    /// One digit of these (bit d: digit d).
    Digit(u16),
    /// The first that fits.
    Choice(Vec<Vec<Piece>>),
    /// A numbered group.
    Group(u32, Vec<Piece>),
    /// Nothing may follow.
    End,
}

/// A sequence of pieces.
type Pieces = Vec<Piece>;

/// What may follow the pieces of a rule, and where its match ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follow {
    /// The match ends after the last piece; this tail follows.
    Tail(u16),
    /// The match ends as soon as only the number of digits matters, of those
    /// of the pieces and any more.
    Anything,
    /// The same, without any more.
    Nothing,
}

/// What becomes of a match.
#[derive(Clone, Default)]
struct Change {
    num_dropped_first: usize,
    num_dropped_last: usize,
    inserted: String,
}

/// A prefix pattern with its transform (empty: the match is dropped) as a rule list.
pub(super) fn prefixes(pattern: &str, transform: &str) -> Result<Vec<u8>, CompileError> {
    let pieces = parse(pattern)?;
    let mut list = Vec::new();
    let Some((inserted, kept)) = parse_transform(transform)? else {
        let change = Change { num_dropped_first: DROP_ALL, ..Change::default() };
        push_rules(&mut list, &without_groups(&pieces), Follow::Tail(ANY_TAIL), &change)?;
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
        let mut change = Change { num_dropped_first: DROP_ALL, ..Change::default() };
        let mut follow = Follow::Tail(if is_end { 1 } else { ANY_TAIL });
        let at = pieces.iter().position(|piece| matches!(piece, Piece::Group(index, _) if *index == kept));
        if let Some(at) = at {
            let before = without_groups(&pieces[..at]);
            let after = without_groups(&pieces[at + 1..]);
            let is_any = without_groups(&pieces[at..=at]).iter().all(is_any_digit);
            change.inserted.clone_from(&inserted);
            // Before a group of any digits the match ends, so all of it is dropped.
            if !is_any || !after.is_empty() {
                let Some(length) = fixed_length(&before) else {
                    open.extend(halve_first_choice(&pieces, |_| true).into_iter().flatten().rev());
                    continue;
                };
                change.num_dropped_first = length;
                change.num_dropped_last = fixed_length(&after).ok_or(CompileError::Ambiguous)?;
            }
            if after.iter().all(|piece| *piece == Piece::End) {
                follow = if is_end { Follow::Nothing } else { Follow::Anything };
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

/// Does a number of the pattern begin with these digits?
pub(super) fn begin_with(pattern: &str, start: &str) -> bool {
    let Ok(pieces) = parse(pattern) else { return false };
    let rests = start.bytes().fold(closure([without_groups(&pieces)]), |rests, digit| {
        after_digit(&rests, digit.wrapping_sub(b'0'))
    });
    !rests.is_empty()
}

/// One rule: after the digits of the pattern, `num_dropped` of which are dropped
/// from its end, this tail may follow.
pub(super) fn prefix_before_tail(
    list: &mut Vec<u8>,
    pattern: &str,
    num_dropped: usize,
    tail: u16,
) -> Result<(), CompileError> {
    let change = Change { num_dropped_last: num_dropped, ..Change::default() };
    push_rules(list, &without_groups(&parse(pattern)?), Follow::Tail(tail), &change)
}

/// Adds the rule of the pieces; where one rule cannot hold them, several, in their order.
fn push_rules(list: &mut Vec<u8>, pieces: &[Piece], follow: Follow, change: &Change) -> Result<(), CompileError> {
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

/// The same with the earlier and with the later half of the first choice of this kind.
fn halve_first_choice(pieces: &[Piece], is_split: impl Fn(&Piece) -> bool) -> Option<[Pieces; 2]> {
    let (at, branches) = pieces.iter().enumerate().find_map(|(at, piece)| match piece {
        Piece::Choice(branches) if is_split(piece) => Some((at, branches)),
        _ => None,
    })?;
    let (earlier, later) = branches.split_at(branches.len() / 2);
    let with = |half: &[Pieces]| {
        let choice = match half {
            [branch] => branch.clone(),
            half => vec![Piece::Choice(half.to_vec())],
        };
        [&pieces[..at], &choice, &pieces[at + 1..]].concat()
    };
    Some([with(earlier), with(later)])
}

/// A deterministic automaton without loops; equal states are one.
struct Automaton {
    states: Vec<State>,
    root: usize,
    /// For each state from which only the number of digits matters: bit n, n digits may follow.
    tails: Vec<Option<u32>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    may_end: bool,
    /// To which state, for which digits.
    steps: BTreeMap<usize, u16>,
}

impl Automaton {
    fn new(pieces: &[Piece], follow: Follow) -> Self {
        let mut pieces: Pieces = pieces.iter().filter(|piece| **piece != Piece::End).cloned().collect();
        if follow == Follow::Anything {
            pieces.extend(repeat(&[Piece::Digit(ALL_DIGITS)], 0, ANY_DIGITS));
        }
        let mut automaton = Self { states: Vec::new(), root: 0, tails: Vec::new() };
        let start = closure([pieces]);
        automaton.root = automaton.build(start, &mut BTreeMap::new(), &mut BTreeMap::new());
        automaton
    }

    fn build(
        &mut self,
        rests: BTreeSet<Pieces>,
        by_rests: &mut BTreeMap<BTreeSet<Pieces>, usize>,
        by_state: &mut BTreeMap<State, usize>,
    ) -> usize {
        if let Some(&id) = by_rests.get(&rests) {
            return id;
        }
        let mut state = State { may_end: rests.contains(&Vec::new()), steps: BTreeMap::new() };
        for digit in 0..10 {
            let next = after_digit(&rests, digit);
            if !next.is_empty() {
                let target = self.build(next, by_rests, by_state);
                *state.steps.entry(target).or_default() |= 1 << digit;
            }
        }
        let id = *by_state.entry(state.clone()).or_insert_with(|| {
            self.tails.push(tail(&state, &self.tails));
            self.states.push(state);
            self.states.len() - 1
        });
        by_rests.insert(rests, id);
        id
    }

    /// The tail with which a walk ends in this state, if it does.
    fn end(&self, id: usize, follow: Follow) -> Result<Option<u16>, CompileError> {
        let state = &self.states[id];
        match (follow, self.tails[id]) {
            (Follow::Tail(tail), _) if state.steps.is_empty() => return Ok(Some(tail)),
            (Follow::Anything | Follow::Nothing, Some(lengths)) => {
                let more = lengths >> MOST_TAIL;
                if more != 0 && follow == Follow::Nothing {
                    return Err(CompileError::TooLarge);
                }
                return Ok(Some(lengths as u16 | u16::from(more != 0) << MOST_TAIL));
            }
            _ if state.may_end => return Err(CompileError::Ambiguous),
            _ => {}
        }
        Ok(None)
    }

    /// The bytes of the rule, without its length.
    fn rule(&self, follow: Follow, change: &Change) -> Result<Vec<u8>, CompileError> {
        // In the order in which a walk meets them.
        let mut nodes = vec![self.root];
        let mut tails = Vec::new();
        let mut starts = BTreeMap::new();
        let mut num_entries = 0;
        let mut index = 0;
        while let Some(&id) = nodes.get(index) {
            starts.insert(id, num_entries);
            let steps = &self.states[id].steps;
            num_entries += steps.len();
            for target in steps.keys() {
                match self.end(*target, follow)? {
                    Some(tail) if !tails.contains(&tail) => tails.push(tail),
                    None if !nodes.contains(target) => nodes.push(*target),
                    _ => {}
                }
            }
            index += 1;
        }
        if tails.len() > MAX_TAILS || tails.len() + num_entries > NUM_TARGETS {
            return Err(CompileError::TooLarge);
        }

        let mut bytes = vec![
            (change.num_dropped_first | change.num_dropped_last << 4) as u8,
            (change.inserted.len() | tails.len() << 4) as u8,
        ];
        bytes.extend(change.inserted.bytes());
        bytes.extend(tails.iter().flat_map(|tail| tail.to_le_bytes()));
        for id in &nodes {
            let steps = &self.states[*id].steps;
            for (at, (target, digits)) in steps.iter().enumerate() {
                let target = match self.end(*target, follow)? {
                    Some(tail) => tails.iter().position(|known| *known == tail).unwrap_or_default(),
                    None => tails.len() + starts[target],
                };
                let is_last = u16::from(at + 1 == steps.len());
                bytes.extend((digits | is_last << 10 | (target as u16) << 11).to_le_bytes());
            }
        }
        Ok(bytes)
    }
}

/// How many digits may follow a state, if it matters not which.
fn tail(state: &State, tails: &[Option<u32>]) -> Option<u32> {
    let here = u32::from(state.may_end);
    match state.steps.iter().next() {
        None => Some(here),
        Some((next, &ALL_DIGITS)) => Some(tails[*next]? << 1 | here),
        Some(_) => None,
    }
}

/// What is left of the sequences that begin with this digit, after it.
fn after_digit(rests: &BTreeSet<Pieces>, digit: u8) -> BTreeSet<Pieces> {
    closure(rests.iter().filter_map(|rest| match rest.split_first() {
        Some((Piece::Digit(digits), rest)) if digits >> digit & 1 == 1 => Some(rest.to_vec()),
        _ => None,
    }))
}

/// Sequences that begin with a digit, or are empty.
fn closure(sequences: impl IntoIterator<Item = Pieces>) -> BTreeSet<Pieces> {
    let mut open: Vec<Pieces> = sequences.into_iter().collect();
    let mut closed = BTreeSet::new();
    while let Some(sequence) = open.pop() {
        match sequence.split_first() {
            Some((Piece::Choice(branches), rest)) => {
                open.extend(branches.iter().map(|branch| [branch.as_slice(), rest].concat()));
            }
            _ => {
                closed.insert(sequence);
            }
        }
    }
    closed
}

fn parse(pattern: &str) -> Result<Pieces, CompileError> {
    let error = || CompileError::Pattern { pattern: pattern.to_owned() };
    let hir = ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
    pieces(&hir.map_err(|_| error())?).ok_or_else(error)
}

fn pieces(hir: &Hir) -> Option<Pieces> {
    Some(match hir.kind() {
        HirKind::Empty => Vec::new(),
        HirKind::Literal(literal) => {
            let each = literal.0.iter().map(|byte| digits(*byte, *byte).map(Piece::Digit));
            each.collect::<Option<_>>()?
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut ranges = class.iter().map(|range| digits(range.start(), range.end()));
            vec![Piece::Digit(ranges.try_fold(0, |all, range| Some(all | range?))?)]
        }
        HirKind::Look(Look::End) => vec![Piece::End],
        HirKind::Repetition(repetition) => {
            repeat(&pieces(&repetition.sub)?, repetition.min, repetition.max?)
        }
        HirKind::Capture(capture) => vec![Piece::Group(capture.index, pieces(&capture.sub)?)],
        HirKind::Concat(parts) => {
            parts.iter().map(pieces).collect::<Option<Vec<_>>>()?.concat()
        }
        HirKind::Alternation(branches) => {
            vec![Piece::Choice(branches.iter().map(pieces).collect::<Option<_>>()?)]
        }
        _ => return None,
    })
}

fn digits(first: u8, last: u8) -> Option<u16> {
    let (first, last) = (first.checked_sub(b'0')?, last.checked_sub(b'0')?);
    (last < 10).then(|| (first..=last).map(|digit| 1 << digit).sum())
}

/// At least `min` times, at most `max`; as often as it goes.
fn repeat(part: &[Piece], min: u32, max: u32) -> Pieces {
    let optional = (min..max).fold(Vec::new(), |inner: Pieces, _| {
        vec![Piece::Choice(vec![[part, &inner].concat(), Vec::new()])]
    });
    let mut all = vec![part; min as usize].concat();
    all.extend(optional);
    all
}

fn has_group(piece: &Piece) -> bool {
    match piece {
        Piece::Group(..) => true,
        Piece::Choice(branches) => branches.iter().flatten().any(has_group),
        Piece::Digit(_) | Piece::End => false,
    }
}

fn without_groups(pieces: &[Piece]) -> Pieces {
    let each = |piece: &Piece| match piece {
        Piece::Group(_, inner) => without_groups(inner),
        Piece::Choice(branches) => vec![Piece::Choice(branches.iter().map(|b| without_groups(b)).collect())],
        piece => vec![piece.clone()],
    };
    pieces.iter().flat_map(each).collect()
}

fn is_any_digit(piece: &Piece) -> bool {
    match piece {
        Piece::Digit(digits) => *digits == ALL_DIGITS,
        Piece::Choice(branches) => branches.iter().flatten().all(is_any_digit),
        Piece::Group(_, inner) => inner.iter().all(is_any_digit),
        Piece::End => false,
    }
}

/// The number of digits, if it is always the same.
fn fixed_length(pieces: &[Piece]) -> Option<usize> {
    pieces.iter().try_fold(0, |length, piece| {
        let more = match piece {
            Piece::Digit(_) => 1,
            Piece::End => 0,
            Piece::Group(_, inner) => fixed_length(inner)?,
            Piece::Choice(branches) => {
                let mut lengths = branches.iter().map(|branch| fixed_length(branch));
                let first = lengths.next()??;
                lengths.all(|length| length == Some(first)).then_some(first)?
            }
        };
        Some(length + more)
    })
}

/// The digits before the group, and the group's number; `None` of an empty transform.
fn parse_transform(transform: &str) -> Result<Option<(String, u32)>, CompileError> {
    if transform.is_empty() {
        return Ok(None);
    }
    let parts = transform.split_once('\\').and_then(|(inserted, group)| Some((inserted, group.parse().ok()?)));
    match parts {
        Some((inserted, group)) if inserted.bytes().all(|b| b.is_ascii_digit()) && inserted.len() <= 15 => {
            Ok(Some((inserted.to_owned(), group)))
        }
        _ => Err(CompileError::Transform { transform: transform.to_owned() }),
    }
}
