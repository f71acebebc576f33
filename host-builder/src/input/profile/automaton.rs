//! A pattern -> a deterministic automaton -> the bytes of a rule.
//!
//! The languages are finite, so that the automaton has no loops. A state from
//! which only the number of digits matters becomes a tail, and ends the walk:
//! most numbers are decided by their first one to three digits.

use std::collections::{BTreeMap, BTreeSet};

use super::error::CompileError;
use super::expression::{ALL_DIGITS, Piece, Pieces, repeat};

/// Bit 15 of a tail stands for this many digits or more.
const MOST_TAIL: u32 = 15;
const MAX_TAILS: usize = 15;
const NUM_TARGETS: usize = 32;
/// More digits than ever follow a prefix.
const ANY_DIGITS: u32 = 24;

/// What may follow the pieces of a rule, and where its match ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Follow {
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
pub(super) struct Change {
    pub(super) num_dropped_first: usize,
    pub(super) num_dropped_last: usize,
    pub(super) inserted: String,
}

/// A deterministic automaton without loops; equal states are one.
pub(super) struct Automaton {
    states: Vec<State>,
    root: usize,
    /// For each state from which only the number of digits matters: bit n, n digits may follow.
    tails: Vec<Option<u32>>,
}

impl Automaton {
    pub(super) fn new(pieces: &[Piece], follow: Follow) -> Self {
        let mut pieces: Pieces = pieces
            .iter()
            .filter(|piece| **piece != Piece::End)
            .cloned()
            .collect();
        if follow == Follow::Anything {
            pieces.extend(repeat(&[Piece::Digit(ALL_DIGITS)], 0, ANY_DIGITS));
        }
        let mut automaton = Self {
            states: Vec::new(),
            root: 0,
            tails: Vec::new(),
        };
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
        let mut state = State {
            may_end: rests.contains(&Vec::new()),
            steps: BTreeMap::new(),
        };
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
    pub(super) fn rule(&self, follow: Follow, change: &Change) -> Result<Vec<u8>, CompileError> {
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
                    Some(tail) => tails
                        .iter()
                        .position(|known| *known == tail)
                        .unwrap_or_default(),
                    None => tails.len() + starts[target],
                };
                let is_last = u16::from(at + 1 == steps.len());
                bytes.extend((digits | is_last << 10 | (target as u16) << 11).to_le_bytes());
            }
        }
        Ok(bytes)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    may_end: bool,
    /// To which state, for which digits.
    steps: BTreeMap<usize, u16>,
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
pub(super) fn after_digit(rests: &BTreeSet<Pieces>, digit: u8) -> BTreeSet<Pieces> {
    closure(rests.iter().filter_map(|rest| match rest.split_first() {
        Some((Piece::Digit(digits), rest)) if digits >> digit & 1 == 1 => Some(rest.to_vec()),
        _ => None,
    }))
}

/// Sequences that begin with a digit, or are empty.
pub(super) fn closure(sequences: impl IntoIterator<Item = Pieces>) -> BTreeSet<Pieces> {
    let mut open: Vec<Pieces> = sequences.into_iter().collect();
    let mut closed = BTreeSet::new();
    while let Some(sequence) = open.pop() {
        match sequence.split_first() {
            Some((Piece::Choice(branches), rest)) => {
                open.extend(
                    branches
                        .iter()
                        .map(|branch| [branch.as_slice(), rest].concat()),
                );
            }
            _ => {
                closed.insert(sequence);
            }
        }
    }
    closed
}
