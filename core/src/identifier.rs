//! What a person types -> the canonical bytes that are hashed.
//!
//! Builder and device call the same functions, so that every spelling of one
//! identifier is one item. Nothing here allocates, and nothing here prints or
//! stores an identifier: the `Debug` forms of [`Identifier`] and [`Item`] show
//! lengths only.
//!
//! Vocabulary: an *identifier* is a text that a person types or that stands in
//! a leak; a *reading* is one thing that it can mean; an *item* is the canonical bytes
//! of a reading. Most identifiers have one reading, none has more than [`MAX_READINGS`].

mod characters;
mod email;
mod error;
#[cfg(feature = "std")]
mod fold;
mod folding;
mod item;
mod kind;
mod password;
pub mod phone;
#[cfg(feature = "std")]
pub mod store;
mod text;

use serde::Serialize;

use crate::error::HeaderDefect;
use crate::fields::Fields;
pub use crate::units::{MAX_IDENTIFIER_BYTES, MAX_READINGS};
pub(crate) use characters::is_invisible;
pub use error::NormaliseError;
pub use folding::CaseRule;
pub use item::{Coverage, Item, Rule, Side};
pub use kind::{Identifier, IdentifierKind};
pub use password::{PasswordDigest, PasswordOrigin, without_blanks};
pub use phone::PhoneProfile;
pub(crate) use text::check_character;
pub use text::{IdScheme, Separators};

/// Version of the rules in this module. A dataset built with other rules is
/// refused, because its items could not be found again.
pub const NORMALISATION_VERSION: u8 = 2;

/// A dataset's kind, with the rules that make its items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "std", derive(serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "phone rules are the largest, and there is no allocator to put them apart"
)]
pub enum Profile {
    /// Telephone numbers: E.164 digits.
    Phone(PhoneProfile),
    /// E-mail addresses, in lower case.
    Email,
    /// User names.
    Username(CaseRule),
    /// Ids of one scheme.
    Id(IdScheme),
    /// Passwords, as a digest of each; and what the list had.
    Password(PasswordDigest, PasswordOrigin),
}

impl Profile {
    pub(crate) fn read(&mut self, fields: &mut Fields<'_>) -> Result<(), HeaderDefect> {
        *self = match fields.varint()? {
            0 => Self::Phone(PhoneProfile::EMPTY),
            1 => Self::Email,
            2 => Self::Username(CaseRule::read(fields)?),
            3 => Self::Id(IdScheme::read(fields)?),
            4 => Self::Password(PasswordDigest::read(fields)?, PasswordOrigin::read(fields)?),
            _ => return Err(HeaderDefect::Unreadable),
        };
        match self {
            Self::Phone(profile) => profile.read(fields),
            _ => Ok(()),
        }
    }

    /// The kind of identifier that a person types for this dataset.
    pub const fn kind(&self) -> IdentifierKind {
        match self {
            Self::Phone(_) => IdentifierKind::Phone,
            Self::Email => IdentifierKind::Email,
            Self::Username(_) => IdentifierKind::Username,
            Self::Id(_) => IdentifierKind::Id,
            Self::Password(..) => IdentifierKind::Password,
        }
    }

    /// Is a text of this kind a question that this dataset is there for? True for
    /// its own kind, and for both hash kinds of a password dataset.
    pub const fn answers(&self, kind: IdentifierKind) -> bool {
        match (self, kind) {
            (Self::Password(..), kind) => kind.is_secret(),
            (own, kind) => own.kind() as u8 == kind as u8,
        }
    }

    /// Can a file hold this profile?
    pub(crate) fn is_possible(&self) -> bool {
        match self {
            Self::Phone(profile) => profile.is_possible(),
            Self::Email | Self::Username(_) | Self::Id(_) | Self::Password(..) => true,
        }
    }

    /// The first reading of a question.
    ///
    /// # Errors
    /// Why the text has no item here. Never panics.
    pub fn normalise(&self, identifier: &Identifier<'_>) -> Result<Item, NormaliseError> {
        let mut item = Item::empty();
        self.reading(identifier, Side::Ask, 0, &mut item)?;
        Ok(item)
    }

    /// The item of a text's reading, the first of which is 0. Says whether there is such a
    /// reading; there is always the first, and never one more than [`MAX_READINGS`]. The place
    /// for it is the caller's, and means nothing after an error or where there is no reading.
    ///
    /// A line and a question meet if one item is among the readings of both, marked in both or
    /// in neither. Which of a telephone number's readings are numbers, the numbering plan says,
    /// see [`phone::plan`]; a list stores those alone, if there is one.
    ///
    /// # Errors
    /// Why the text has no item here, or more than that. Never panics.
    pub fn reading(
        &self,
        identifier: &Identifier<'_>,
        side: Side,
        index: u8,
        item: &mut Item,
    ) -> Result<bool, NormaliseError> {
        item.clear();
        if identifier.kind.is_some_and(|kind| !self.answers(kind)) {
            return Err(NormaliseError::OtherKind);
        }
        match self {
            Self::Phone(profile) => {
                phone::reading(profile, identifier.trimmed()?, side, index, item)
            }
            Self::Email => email::reading(
                identifier.trimmed()?,
                identifier.normalizer(),
                side,
                index,
                item,
            ),
            Self::Username(_) | Self::Id(_) if index > 0 => Ok(false),
            Self::Username(case) => {
                text::normalise_name(*case, identifier.trimmed()?, identifier.normalizer(), item)?;
                Ok(true)
            }
            Self::Id(scheme) => {
                text::normalise_id(
                    *scheme,
                    identifier.trimmed()?,
                    identifier.normalizer(),
                    item,
                )?;
                Ok(true)
            }
            Self::Password(digest, origin) => {
                password::reading((*digest, *origin), identifier, side, index, item)
            }
        }
    }
}

/// What a kind's `normalise` makes, in a place of its own.
#[cfg(test)]
fn made(
    make: impl FnOnce(&mut Item) -> Result<(), NormaliseError>,
) -> Result<Item, NormaliseError> {
    let mut item = Item::empty();
    make(&mut item).map(|()| item)
}
