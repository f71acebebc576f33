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

mod email;
mod error;
mod item;
mod password;
pub mod phone;
#[cfg(feature = "std")]
pub mod store;
mod text;

use core::fmt;

use serde::Serialize;

use crate::error::HeaderDefect;
use crate::fields::Fields;
pub use error::NormaliseError;
pub use item::{Coverage, Item, MAX_READINGS, Rule, Side};
pub use password::{PasswordDigest, PasswordOrigin};
pub use phone::PhoneProfile;
pub(crate) use text::is_invisible;
pub use text::{CaseRule, IdScheme, Separators};

/// Longest identifier, after trimming, and longest item: 256 bytes.
pub const MAX_IDENTIFIER_BYTES: usize = 256;

/// Version of the rules in this module. A dataset built with other rules is
/// refused, because its items could not be found again.
pub const NORMALISATION_VERSION: u8 = 2;

/// What a person says that a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum IdentifierKind {
    /// A telephone number.
    Phone,
    /// An e-mail address.
    Email,
    /// A login or display name.
    Username,
    /// A number or code that an authority or a service gave to a person.
    Id,
    /// A password as it is typed.
    Password,
    /// The SHA-1 of a password, 40 hexadecimal digits.
    Sha1,
    /// The NTLM hash of a password, 32 hexadecimal digits.
    Ntlm,
}

impl IdentifierKind {
    /// The kind's name, as `--kind` takes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
            Self::Username => "username",
            Self::Id => "id",
            Self::Password => "password",
            Self::Sha1 => "sha1",
            Self::Ntlm => "ntlm",
        }
    }

    /// Is a text of this kind a secret, that must not stand on a command line?
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Password | Self::Sha1 | Self::Ntlm)
    }
}

/// A text to look up, and what is known of it.
#[derive(Clone, Copy)]
pub struct Identifier<'a> {
    text: &'a [u8],
    kind: Option<IdentifierKind>,
    folder: Option<Folder>,
}

/// Writes the folded form of a text that has characters of several spellings. It needs
/// Unicode's tables, some 100 KB, so a host has one and a device has none.
///
/// # Errors
/// Why the text has no folded form.
pub type Folder = fn(Folding, &str, &mut Folded) -> Result<(), NormaliseError>;

/// What a [`Folder`] writes into.
pub type Folded = heapless::String<MAX_IDENTIFIER_BYTES>;

/// What a [`Folder`] is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folding {
    /// NFKC (UAX #15), and with [`CaseRule::Fold`] full case folding (Unicode section 3.13), all
    /// kinds of i as one, then NFKC again.
    Text(CaseRule),
    /// A domain name's A-labels (RFC 5890), by UTS #46.
    Domain,
    /// NFC (UAX #15).
    Composed,
    /// NFD (UAX #15).
    Decomposed,
}

impl<'a> Identifier<'a> {
    /// A text as it was typed, of no stated kind: every dataset of a file is
    /// asked. Bytes, because a leaked password need not be UTF-8.
    pub const fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            kind: None,
            folder: None,
        }
    }

    /// Ask only the datasets that hold this kind.
    #[must_use]
    pub const fn of_kind(mut self, kind: IdentifierKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Fold what has several spellings with this. Without it, and always without an operating
    /// system, such a text is [`NormaliseError::NeedsFolding`].
    #[must_use]
    pub const fn folded_by(mut self, folder: Folder) -> Self {
        self.folder = Some(folder);
        self
    }

    /// A device has no tables, and no room for the code that would ask for them.
    fn folder(&self) -> Option<Folder> {
        self.folder.filter(|_| !cfg!(target_os = "none"))
    }

    /// The stated kind.
    pub const fn kind(&self) -> Option<IdentifierKind> {
        self.kind
    }

    /// The text, with white space (Unicode's) and what is invisible cut off at both ends.
    fn trimmed(&self) -> Result<&'a str, NormaliseError> {
        let text = core::str::from_utf8(self.text).map_err(|_| NormaliseError::NotUtf8)?;
        let text = trim(text);
        if text.is_empty() {
            return Err(NormaliseError::Empty);
        }
        check_length(text.len())?;
        Ok(text)
    }
}

impl fmt::Debug for Identifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identifier")
            .field("kind", &self.kind)
            .field("num_bytes", &self.text.len())
            .finish()
    }
}

/// A dataset's kind, with the rules that make its items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
                identifier.folder(),
                side,
                index,
                item,
            ),
            Self::Username(_) | Self::Id(_) if index > 0 => Ok(false),
            Self::Username(case) => {
                text::normalise_name(*case, identifier.trimmed()?, identifier.folder(), item)?;
                Ok(true)
            }
            Self::Id(scheme) => {
                text::normalise_id(*scheme, identifier.trimmed()?, identifier.folder(), item)?;
                Ok(true)
            }
            Self::Password(digest, origin) => {
                password::reading((*digest, *origin), identifier, side, index, item)
            }
        }
    }
}

/// White space (Unicode's) and what is invisible is cut off at both ends.
#[inline(never)]
fn trim(text: &str) -> &str {
    text.trim_matches(is_blank)
}

/// Each byte takes its neighbour's place, from the end: `copy_within` has panic paths.
fn drop_first(bytes: &mut [u8]) {
    let mut after = 0;
    for byte in bytes.iter_mut().rev() {
        core::mem::swap(byte, &mut after);
    }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// What a kind's `normalise` makes, in a place of its own.
#[cfg(test)]
fn made(
    make: impl FnOnce(&mut Item) -> Result<(), NormaliseError>,
) -> Result<Item, NormaliseError> {
    let mut item = Item::empty();
    make(&mut item).map(|()| item)
}

fn check_length(num_bytes: usize) -> Result<(), NormaliseError> {
    if num_bytes > MAX_IDENTIFIER_BYTES {
        return Err(NormaliseError::TooLong {
            limit_bytes: MAX_IDENTIFIER_BYTES as u16,
        });
    }
    Ok(())
}
