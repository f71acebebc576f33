//! What a person types -> the canonical bytes that are hashed.
//!
//! Builder and device call the same functions, so that every spelling of one
//! identifier is one item. Nothing here allocates, and nothing here prints or
//! stores an identifier: the `Debug` forms of [`Identifier`] and [`Item`] show
//! lengths only.
//!
//! Vocabulary: an *identifier* is a text that a person types or that stands in
//! a leak; an *item* is its canonical bytes.

mod email;
mod password;
pub mod phone;
mod text;

use core::fmt;

use serde::Serialize;

use crate::error::HeaderDefect;
use crate::fields::Fields;
pub use password::PasswordDigest;
pub use phone::PhoneProfile;
pub(crate) use text::is_invisible;
pub use text::{CaseRule, IdScheme};

/// Longest identifier, after trimming, and longest item: 256 bytes.
pub const MAX_IDENTIFIER_BYTES: usize = 256;

/// Version of the rules in this module. A dataset built with other rules is
/// refused, because its items could not be found again.
pub const NORMALISATION_VERSION: u8 = 1;

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
    /// NFKC (UAX #15), and with [`CaseRule::Fold`] lower case, then NFKC again.
    Text(CaseRule),
    /// A domain name's A-labels (RFC 5890), by UTS #46.
    Domain,
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
    bytes: heapless::Vec<u8, MAX_IDENTIFIER_BYTES>,
    coverage: Coverage,
}

impl Item {
    /// Of no identifier yet: a place for [`Profile::normalise_into`].
    pub const fn empty() -> Self {
        Self {
            bytes: heapless::Vec::new(),
            coverage: Coverage::Complete,
        }
    }

    fn push(&mut self, byte: u8) -> Result<(), NormaliseError> {
        self.extend(&[byte])
    }

    fn extend(&mut self, bytes: &[u8]) -> Result<(), NormaliseError> {
        self.bytes
            .extend_from_slice(bytes)
            .map_err(|_| NormaliseError::TooLong {
                limit_bytes: MAX_IDENTIFIER_BYTES as u16,
            })
    }

    /// As [`Identifier::trimmed`] has it.
    fn trim(&mut self) -> Result<(), NormaliseError> {
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
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("num_bytes", &self.bytes.len())
            .field("coverage", &self.coverage)
            .finish()
    }
}

/// Why a text is not an item of a dataset's kind. The builder rejects such a
/// line, and a lookup answers "not covered".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum NormaliseError {
    /// The dataset holds another kind of identifier than was asked for.
    OtherKind,
    /// Nothing but white space.
    Empty,
    /// Longer than the limit, after trimming.
    TooLong {
        /// The limit, bytes.
        limit_bytes: u16,
    },
    /// Not UTF-8, where this kind needs it.
    NotUtf8,
    /// A NUL or another control character.
    ControlCharacter,
    /// A letter or sign that this kind cannot have.
    UnexpectedCharacter,
    /// Letters outside ASCII that have several spellings, which only a host can fold.
    NeedsFolding,
    /// A telephone number with fewer digits than any number of its country has.
    TooFewDigits,
    /// A telephone number with more digits than any number of its country has.
    TooManyDigits,
    /// A telephone number whose count of digits lies between two that are possible.
    ImpossibleLength,
    /// A telephone number that its country's numbering plan does not have; it may be one
    /// of another country without its country code.
    OutsideNumberingPlan,
    /// A telephone number without a country code, where the dataset has no default country.
    NeedsCountryCode,
    /// A telephone number of another country than the dataset covers.
    OtherCountry,
    /// Not of the form `local@domain`.
    NotAnEmail,
    /// Not of the length and characters of its id scheme.
    NotAnId,
    /// The check digit is wrong: mistyped, or not such an id.
    CheckDigit,
    /// Not hexadecimal, or not of this hash's length.
    NotAHash,
    /// Typed as a password, but it looks like a password's hash.
    LooksLikeAHash,
}

impl fmt::Display for NormaliseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherKind => "it holds another kind of identifier",
            Self::Empty => "empty",
            Self::TooLong { limit_bytes } => {
                return write!(f, "longer than {} bytes", u32::from(*limit_bytes));
            }
            Self::NotUtf8 => "not UTF-8 text",
            Self::ControlCharacter => "has a control character",
            Self::UnexpectedCharacter => "has a character that this kind cannot have",
            Self::NeedsFolding => "has letters outside ASCII that only the host tool can fold",
            Self::TooFewDigits => "too few digits for a phone number",
            Self::TooManyDigits => "too many digits for a phone number",
            Self::ImpossibleLength => "no phone number has this many digits there",
            Self::OutsideNumberingPlan => "no number of the country begins like this",
            Self::NeedsCountryCode => "needs its country code, as in +86 138...",
            Self::OtherCountry => "a phone number of a country that is not covered",
            Self::NotAnEmail => "not an e-mail address",
            Self::NotAnId => "not an id of this scheme",
            Self::CheckDigit => "the check digit is wrong",
            Self::NotAHash => "not a hexadecimal hash of this length",
            Self::LooksLikeAHash => "looks like a hash, and was asked as a password",
        })
    }
}

impl core::error::Error for NormaliseError {}

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
    /// Passwords, as a digest of each.
    Password(PasswordDigest),
}

impl Profile {
    pub(crate) fn read(&mut self, fields: &mut Fields<'_>) -> Result<(), HeaderDefect> {
        *self = match fields.varint()? {
            0 => Self::Phone(PhoneProfile::EMPTY),
            1 => Self::Email,
            2 => Self::Username(CaseRule::read(fields)?),
            3 => Self::Id(IdScheme::read(fields)?),
            4 => Self::Password(PasswordDigest::read(fields)?),
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
            Self::Password(_) => IdentifierKind::Password,
        }
    }

    /// Is a text of this kind a question that this dataset is there for? True for
    /// its own kind, and for both hash kinds of a password dataset.
    pub const fn answers(&self, kind: IdentifierKind) -> bool {
        match (self, kind) {
            (Self::Password(_), kind) => kind.is_secret(),
            (own, kind) => own.kind() as u8 == kind as u8,
        }
    }

    /// Can a file hold this profile?
    pub(crate) fn is_possible(&self) -> bool {
        match self {
            Self::Phone(profile) => profile.is_possible(),
            Self::Email | Self::Username(_) | Self::Id(_) | Self::Password(_) => true,
        }
    }

    /// The item of an identifier.
    ///
    /// # Errors
    /// Why the text has no item here. Never panics.
    pub fn normalise(&self, identifier: &Identifier<'_>) -> Result<Item, NormaliseError> {
        let mut item = Item::empty();
        self.normalise_into(identifier, &mut item)?;
        Ok(item)
    }

    /// As [`normalise`](Self::normalise), in a place of the caller's, which means nothing after
    /// an error: for devices, whose stack has no room for several.
    ///
    /// # Errors
    /// As [`normalise`](Self::normalise).
    pub fn normalise_into(
        &self,
        identifier: &Identifier<'_>,
        item: &mut Item,
    ) -> Result<(), NormaliseError> {
        item.bytes.clear();
        item.coverage = Coverage::Complete;
        if identifier.kind.is_some_and(|kind| !self.answers(kind)) {
            return Err(NormaliseError::OtherKind);
        }
        match self {
            Self::Phone(profile) => phone::normalise(profile, identifier.trimmed()?, item),
            Self::Email => email::normalise(identifier.trimmed()?, identifier.folder(), item),
            Self::Username(case) => {
                text::normalise(*case, identifier.trimmed()?, identifier.folder(), item)
            }
            Self::Id(scheme) => {
                text::normalise_id(*scheme, identifier.trimmed()?, identifier.folder(), item)
            }
            Self::Password(digest) => {
                password::normalise(*digest, identifier.text, identifier.kind, item)
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
