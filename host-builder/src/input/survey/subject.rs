//! What the lines of a list should be, and what is done with them.

use leaksieve_core::{Identifier, IdentifierKind, Profile};

use super::wrap::{self, Wrapper};

/// How often a line is peeled: `"Ann" <mailto:ann@example.com>,` takes four.
pub(crate) const MAX_PEELS: usize = 6;

/// What the lines should be.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) kind: IdentifierKind,
    pub(super) profile: &'a Profile,
    pub(super) place: Place,
}

/// Where the lines come from, which decides what reads them better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Whole lines.
    Lines,
    /// Whole lines of `HASH:COUNT`.
    Hashes {
        /// In a file that is named after the first five digits.
        is_range: bool,
        /// The counts were asked for.
        is_counted: bool,
    },
    /// Cells of a column, or fields.
    Cells,
}

/// What is done with the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Manner {
    /// What comes off each line that has it; kinds without a syntax.
    pub take_off: Option<Wrapper>,
    /// Nearly all are telephone numbers of the region that begin with its calling code, without
    /// a plus sign.
    pub is_international: bool,
}

impl Subject<'_> {
    /// Is this text an identifier as it stands?
    pub(super) fn is_identifier(&self, text: &[u8]) -> bool {
        let identifier = Identifier::new(text).of_kind(self.kind);
        self.profile.normalise(&identifier).is_ok()
    }

    /// Is it one, or one with something around it?
    pub(super) fn holds_identifier(&self, text: &[u8]) -> bool {
        self.is_identifier(text) || self.peeled(text).is_some()
    }

    /// The identifier in a text that has something around it, or the text.
    pub(super) fn bare(&self, text: &[u8]) -> Vec<u8> {
        // The core reads tel: itself.
        let is_labelled = matches!(wrap::peel(self.kind, text), Some((Wrapper::Label, _)));
        let is_bare = !is_labelled && self.is_identifier(text);
        let peeled = (!is_bare).then(|| self.peeled(text)).flatten();
        peeled.unwrap_or_else(|| text.to_vec())
    }

    fn peeled(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut text = text.to_vec();
        for _ in 0..MAX_PEELS {
            text = wrap::peel(self.kind, &text)?.1.into_owned();
            if self.is_identifier(&text) {
                return Some(text);
            }
        }
        None
    }
}
