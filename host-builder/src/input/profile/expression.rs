//! A pattern of the metadata, as a tree of digits and choices.
//!
//! The expressions are few-worded: digits, classes, counted repetitions,
//! alternatives, and groups that a transform refers to.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::error::CompileError;

/// All ten digits.
pub(super) const ALL_DIGITS: u16 = 0x3FF;

/// A part of an expression.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Piece {
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
pub(super) type Pieces = Vec<Piece>;

pub(super) fn parse(pattern: &str) -> Result<Pieces, CompileError> {
    let error = || CompileError::Pattern {
        pattern: pattern.to_owned(),
    };
    let hir = ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(pattern);
    pieces(&hir.map_err(|_| error())?).ok_or_else(error)
}

fn pieces(hir: &Hir) -> Option<Pieces> {
    Some(match hir.kind() {
        HirKind::Empty => Vec::new(),
        HirKind::Literal(literal) => {
            let each = literal
                .0
                .iter()
                .map(|byte| digits(*byte, *byte).map(Piece::Digit));
            each.collect::<Option<_>>()?
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut ranges = class.iter().map(|range| digits(range.start(), range.end()));
            vec![Piece::Digit(
                ranges.try_fold(0, |all, range| Some(all | range?))?,
            )]
        }
        HirKind::Look(Look::End) => vec![Piece::End],
        HirKind::Repetition(repetition) => {
            repeat(&pieces(&repetition.sub)?, repetition.min, repetition.max?)
        }
        HirKind::Capture(capture) => vec![Piece::Group(capture.index, pieces(&capture.sub)?)],
        HirKind::Concat(parts) => parts
            .iter()
            .map(pieces)
            .collect::<Option<Vec<_>>>()?
            .concat(),
        HirKind::Alternation(branches) => {
            vec![Piece::Choice(
                branches.iter().map(pieces).collect::<Option<_>>()?,
            )]
        }
        _ => return None,
    })
}

fn digits(first: u8, last: u8) -> Option<u16> {
    let (first, last) = (first.checked_sub(b'0')?, last.checked_sub(b'0')?);
    (last < 10).then(|| (first..=last).map(|digit| 1 << digit).sum())
}

/// At least `min` times, at most `max`; as often as it goes.
pub(super) fn repeat(part: &[Piece], min: u32, max: u32) -> Pieces {
    let optional = (min..max).fold(Vec::new(), |inner: Pieces, _| {
        vec![Piece::Choice(vec![[part, &inner].concat(), Vec::new()])]
    });
    let mut all = vec![part; min as usize].concat();
    all.extend(optional);
    all
}

/// The same with the earlier and with the later half of the first choice of this kind.
pub(super) fn halve_first_choice(
    pieces: &[Piece],
    is_split: impl Fn(&Piece) -> bool,
) -> Option<[Pieces; 2]> {
    let (at, branches) = pieces
        .iter()
        .enumerate()
        .find_map(|(at, piece)| match piece {
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

pub(super) fn has_group(piece: &Piece) -> bool {
    match piece {
        Piece::Group(..) => true,
        Piece::Choice(branches) => branches.iter().flatten().any(has_group),
        Piece::Digit(_) | Piece::End => false,
    }
}

pub(super) fn without_groups(pieces: &[Piece]) -> Pieces {
    let each = |piece: &Piece| match piece {
        Piece::Group(_, inner) => without_groups(inner),
        Piece::Choice(branches) => vec![Piece::Choice(
            branches.iter().map(|b| without_groups(b)).collect(),
        )],
        piece => vec![piece.clone()],
    };
    pieces.iter().flat_map(each).collect()
}

pub(super) fn is_any_digit(piece: &Piece) -> bool {
    match piece {
        Piece::Digit(digits) => *digits == ALL_DIGITS,
        Piece::Choice(branches) => branches.iter().flatten().all(is_any_digit),
        Piece::Group(_, inner) => inner.iter().all(is_any_digit),
        Piece::End => false,
    }
}

/// The number of digits, if it is always the same.
pub(super) fn fixed_length(pieces: &[Piece]) -> Option<usize> {
    pieces.iter().try_fold(0, |length, piece| {
        let more = match piece {
            Piece::Digit(_) => 1,
            Piece::End => 0,
            Piece::Group(_, inner) => fixed_length(inner)?,
            Piece::Choice(branches) => {
                let mut lengths = branches.iter().map(|branch| fixed_length(branch));
                let first = lengths.next()??;
                lengths
                    .all(|length| length == Some(first))
                    .then_some(first)?
            }
        };
        Some(length + more)
    })
}
