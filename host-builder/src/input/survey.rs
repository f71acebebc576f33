//! The survey of a list: what its lines look like, what stands around the identifiers in them,
//! and whether they are identifiers at all.
//!
//! Taken for what it is not, a list would fill a filter with what nobody asks, and every member
//! would read "not exposed". So records are looked at once the layout has cut them out, whatever
//! they come from. Those of the first MiB decide, before anything is made of them. Of the rest a
//! sample is kept while it is read, and judged in the same way when the input ends: a list that
//! changes in its middle is refused, too. Each input is surveyed by itself, and a column that others
//! read, part by part, as one input (`column`).
//!
//! `look` decides. It asks the other modules, each of which knows one kind of fault, and
//! `document` before, which knows whole streams by their start. `refusal` is what they answer.

mod around;
mod beside;
mod choose;
pub mod column;
mod columns;
pub(super) mod compare;
mod contents;
mod counting;
mod course;
mod divided;
pub(super) mod document;
mod exports;
mod free;
mod front_number;
mod hash_lines;
mod hashes;
mod links;
mod look;
mod lost;
mod masks;
mod numbered;
mod parts;
mod phones;
mod refusal;
mod sample;
mod scraped;
mod separators;
pub(super) mod shape;
mod subject;
#[cfg(test)]
mod tests;
mod two_lists;
mod words;
mod wrap;
mod writing;

use leaksieve_core::{IdentifierKind, Profile};

pub(crate) use self::refusal::in_brackets;
pub use self::sample::Rest;
use self::sample::Sample;
use self::shape::Shapes;
pub use self::shape::{Shape, describe};
pub(crate) use self::subject::MAX_PEELS;
pub use self::subject::Manner;
use self::subject::{Place, Subject};
pub use self::wrap::Wrapper;
pub(crate) use self::wrap::{has_syntax, peel, without_apostrophe};
use crate::input::source::{Batch, Input, Layout, SourceError, range_prefix, read};

/// Fewest lines behind the first MiB that are judged by themselves.
const MIN_REST: usize = 20;

/// What a survey found.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Findings {
    /// The shapes that many lines have, the most frequent first.
    pub shapes: Vec<Shape>,
    /// All inputs are telephone numbers that begin with the region's calling code, without a
    /// plus sign.
    pub is_international: bool,
}

/// Surveys the inputs of a build.
pub(crate) struct Survey<'a> {
    kind: IdentifierKind,
    profile: &'a Profile,
    shapes: Shapes,
    num_inputs: usize,
    num_international: usize,
}

impl<'a> Survey<'a> {
    /// Of lists of this kind.
    pub(crate) fn new(kind: IdentifierKind, profile: &'a Profile) -> Self {
        Self {
            kind,
            profile,
            shapes: Shapes::default(),
            num_inputs: 0,
            num_international: 0,
        }
    }

    /// Read an input to its end, giving each batch to `take` with what is to be done with its
    /// records.
    ///
    /// # Errors
    /// [`SourceError`], or whatever `take` gives. After an error nothing that was taken may be
    /// used.
    pub(crate) fn read<E: From<SourceError>>(
        &mut self,
        index: usize,
        input: &Input,
        layout: &Layout,
        advance: &dyn Fn(u64),
        take: &mut dyn FnMut(Batch, Manner) -> Result<(), E>,
    ) -> Result<(), E> {
        let list = List::new(index, input, layout, self.kind, self.profile);
        let (mut first, mut rest) = (None::<First>, Rest::behind(0));
        read(index, input, layout, advance, &mut |batch| {
            let manner = match &first {
                Some(first) => {
                    rest.keep(&batch);
                    first.manner
                }
                None => {
                    first = list.first(&batch)?;
                    first.as_ref().map(|first| first.manner).unwrap_or_default()
                }
            };
            take(batch, manner)
        })?;
        if let Some(first) = first {
            self.end(&list, &first, &rest.sample())?;
        }
        Ok(())
    }

    /// Judge the rest of a list, and remember what was found in it.
    fn end(&mut self, list: &List<'_>, first: &First, rest: &Sample) -> Result<(), SourceError> {
        list.end(first, rest)?;
        self.num_inputs += 1;
        self.num_international += usize::from(first.manner.is_international);
        for sample in [&first.sample, rest] {
            self.shapes.add(sample.lines(), sample.weight());
        }
        Ok(())
    }

    /// What was found in all inputs.
    pub(crate) fn findings(&self) -> Findings {
        Findings {
            shapes: self.shapes.common(),
            is_international: self.num_inputs > 0 && self.num_international == self.num_inputs,
        }
    }
}

/// The records that decided, and what they decided.
struct First {
    sample: Sample,
    manner: Manner,
}

/// An input, and what it should be.
struct List<'a> {
    input: &'a Input,
    subject: Subject<'a>,
    /// The lines are taken as they are.
    is_insisted: bool,
    /// They would be, with `--as-lines`.
    is_lines: bool,
    /// How many records the first look is at.
    num_first: usize,
}

impl<'a> List<'a> {
    fn new(
        index: usize,
        input: &'a Input,
        layout: &Layout,
        kind: IdentifierKind,
        profile: &'a Profile,
    ) -> Self {
        let is_column = matches!(input, Input::Values(_));
        let place = match layout.parts().1 {
            _ if is_column => Place::Cells,
            Layout::Line | Layout::LineOf(_) | Layout::Encoded { .. } => Place::Lines,
            Layout::BeforeColon { min_count, .. } => Place::Hashes {
                is_range: input.path().and_then(range_prefix).is_some(),
                is_counted: *min_count > 0,
            },
            Layout::Table { .. } | Layout::Field { .. } => Place::Cells,
        };
        Self {
            input,
            is_insisted: *layout.parts().1 == Layout::Line,
            is_lines: !is_column && matches!(layout.parts().1, Layout::LineOf(_)),
            num_first: sample::num_first(index, place),
            subject: Subject {
                kind,
                profile,
                place,
            },
        }
    }

    /// Look at the first batch; `None`: there are but blanks, and the next is the first.
    fn first(&self, batch: &Batch) -> Result<Option<First>, SourceError> {
        let sample = Sample::first(batch, self.num_first);
        if sample.is_empty() {
            return Ok(None);
        }
        let manner = self.look(&sample)?;
        Ok(Some(First { sample, manner }))
    }

    fn look(&self, sample: &Sample) -> Result<Manner, SourceError> {
        let lines: Vec<&[u8]> = sample.lines().collect();
        match look::look(&self.subject, &lines) {
            Ok(manner) if self.is_insisted => Ok(Manner {
                take_off: None,
                ..manner
            }),
            Err(_) if self.is_insisted => Ok(Manner::default()),
            Ok(manner) => Ok(manner),
            Err(refusal) => {
                let mut shapes = Shapes::default();
                shapes.add(sample.lines(), 1.0);
                Err(refusal.of(self.input, &shapes.common(), self.is_lines))
            }
        }
    }

    /// Judge the rest.
    fn end(&self, first: &First, rest: &Sample) -> Result<(), SourceError> {
        if rest.len() < MIN_REST {
            return Ok(());
        }
        let manner = self.look(rest)?;
        if manner == first.manner {
            return Ok(());
        }
        let mut shapes = Shapes::default();
        shapes.add(rest.lines(), 1.0);
        Err(SourceError::Changes {
            input: self.input.clone(),
            difference: match (first.manner.take_off, manner.take_off) {
                (Some(_), None) => "has less around its lines than it has before",
                (None, Some(_)) => "has more around its lines than it has before",
                (first, second) if first != second => {
                    "has other things around its lines than it has before"
                }
                _ if first.manner.is_international => {
                    "has numbers without the calling code, and before it has none"
                }
                _ => "has numbers with the calling code alone, and before it has others",
            },
            shapes: in_brackets(&shapes.common()),
        })
    }
}
