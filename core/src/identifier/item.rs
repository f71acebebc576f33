//! Items, which are hashed, and how an identifier came to have several.

use core::fmt;

use super::characters::{drop_first, trim};
use super::error::NormaliseError;
use crate::units::MAX_IDENTIFIER_BYTES;

/// Whether a text stands in a list or is asked for. The builder stores all readings of a line,
/// a question asks all of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// A line of a list.
    Store,
    /// A question.
    Ask,
}

/// How an item came from a text, where it is not the text's own. A person is told, if it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Rule {
    /// An address without its `+tag`.
    WithoutTag,
    /// An address that the list has with a `+tag`.
    WithTag,
    /// A password without the blanks at its ends.
    WithoutBlanks,
    /// A password that the list has with blanks at its ends.
    WithBlanks,
    /// A password whose letters and accents are composed or not, the other way (UAX #15).
    OtherComposition,
    /// What `$HEX[...]` stands for.
    Decoded,
    /// Digits without a plus sign, read with their country code, or without.
    OtherCountryCode,
    /// A telephone number without what may be an extension behind its last hyphen or slash.
    WithoutExtension,
    /// The other form of a number whose numbering plan changed.
    ChangedPlan,
    /// A number of an exact set that a list has in a line which can be read in several ways: the line
    /// meant this number, or another one that is written alike.
    WrittenAlike,
}

impl Rule {
    /// How it is said behind "found".
    pub const fn text(self) -> &'static str {
        match self {
            Self::WithoutTag => "without its +tag",
            Self::WithTag => "with a +tag",
            Self::WithoutBlanks => "without the blanks at its ends",
            Self::WithBlanks => "with blanks at its ends",
            Self::OtherComposition => "with its accents written in another way",
            Self::Decoded => "as what $HEX[...] stands for",
            Self::OtherCountryCode => "with its first digits read in another way",
            Self::WithoutExtension => "without its extension",
            Self::ChangedPlan => "in its old or new form",
            Self::WrittenAlike => "as this number, or one that is written alike",
        }
    }
}

/// Does "the filter lacks this item" mean that the leak lacks the identifier?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Coverage {
    /// Yes: every spelling of the identifier gives this item.
    Complete,
    /// No: the dataset may hold the item, but may also hold the identifier in
    /// another spelling. Absence is then "not covered", for this reason.
    Incidental(NormaliseError),
}

/// The canonical bytes of an identifier: what is hashed.
#[derive(Clone, PartialEq, Eq)]
pub struct Item {
    pub(super) bytes: heapless::Vec<u8, MAX_IDENTIFIER_BYTES>,
    pub(super) coverage: Coverage,
    pub(super) rule: Option<Rule>,
    pub(super) is_marked: bool,
}

impl Item {
    /// Of no identifier yet: a place for [`Profile::reading`](super::Profile::reading).
    pub const fn empty() -> Self {
        Self {
            bytes: heapless::Vec::new(),
            coverage: Coverage::Complete,
            rule: None,
            is_marked: false,
        }
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.coverage = Coverage::Complete;
        self.rule = None;
        self.is_marked = false;
    }

    pub(super) fn push(&mut self, byte: u8) -> Result<(), NormaliseError> {
        self.extend(&[byte])
    }

    pub(super) fn extend(&mut self, bytes: &[u8]) -> Result<(), NormaliseError> {
        self.bytes
            .extend_from_slice(bytes)
            .map_err(|_| NormaliseError::TooLong {
                limit_bytes: MAX_IDENTIFIER_BYTES as u16,
            })
    }

    /// Without white space and what is invisible at both ends.
    pub(super) fn trim(&mut self) -> Result<(), NormaliseError> {
        let text = core::str::from_utf8(&self.bytes).map_err(|_| NormaliseError::NotUtf8)?;
        let trimmed = trim(text);
        let length = trimmed.len();
        for _ in text.as_ptr().addr()..trimmed.as_ptr().addr() {
            drop_first(&mut self.bytes);
        }
        self.bytes.truncate(length);
        match length {
            0 => Err(NormaliseError::Empty),
            _ => Ok(()),
        }
    }

    /// The bytes that are hashed, 1 to [`MAX_IDENTIFIER_BYTES`].
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it means when a filter lacks this item.
    pub const fn coverage(&self) -> Coverage {
        self.coverage
    }

    /// How it came from the text; `None`: it is the text's own.
    pub const fn rule(&self) -> Option<Rule> {
        self.rule
    }

    /// A marked item has a hash of its own. Lists mark what they derive, so that two lines with
    /// the same derived item do not meet in it.
    pub const fn is_marked(&self) -> bool {
        self.is_marked
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("num_bytes", &self.bytes.len())
            .field("coverage", &self.coverage)
            .field("rule", &self.rule)
            .field("is_marked", &self.is_marked)
            .finish()
    }
}
