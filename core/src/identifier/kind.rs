//! A text that is looked up, and what is known of it.

use core::fmt;

use super::characters::trim;
use super::error::NormaliseError;
use super::folding::Normalizer;
use crate::units::MAX_IDENTIFIER_BYTES;

/// What a person says that a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
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
    pub(super) text: &'a [u8],
    pub(super) kind: Option<IdentifierKind>,
    /// Are Unicode's tables used?
    #[cfg(feature = "std")]
    has_tables: bool,
}

impl<'a> Identifier<'a> {
    /// A text as it was typed, of no stated kind: every dataset of a file is
    /// asked. Bytes, because a leaked password need not be UTF-8. Letters that have several
    /// spellings are folded where Unicode's tables are: with the feature `std`.
    pub const fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            kind: None,
            #[cfg(feature = "std")]
            has_tables: true,
        }
    }

    /// Ask only the datasets that hold this kind.
    #[must_use]
    pub const fn of_kind(mut self, kind: IdentifierKind) -> Self {
        self.kind = Some(kind);
        self
    }

    /// Read it as a device does, which has no tables of Unicode. With the feature `std` they are
    /// there, and fold what has several spellings; without them such a text is
    /// [`NormaliseError::NeedsFolding`].
    #[must_use]
    #[cfg_attr(not(feature = "std"), expect(unused_mut, reason = "there are none"))]
    pub const fn without_tables(mut self) -> Self {
        #[cfg(feature = "std")]
        {
            self.has_tables = false;
        }
        self
    }

    /// What folds it, where the tables are.
    #[cfg(feature = "std")]
    pub(super) fn normalizer(&self) -> Option<Normalizer> {
        self.has_tables.then_some(super::fold::fold)
    }

    /// There are no tables.
    #[cfg(not(feature = "std"))]
    pub(super) const fn normalizer(&self) -> Option<Normalizer> {
        None
    }

    /// The stated kind.
    pub const fn kind(&self) -> Option<IdentifierKind> {
        self.kind
    }

    /// The text, with white space (Unicode's) and what is invisible cut off at both ends.
    pub(super) fn trimmed(&self) -> Result<&'a str, NormaliseError> {
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

pub(super) fn check_length(num_bytes: usize) -> Result<(), NormaliseError> {
    if num_bytes > MAX_IDENTIFIER_BYTES {
        return Err(NormaliseError::TooLong {
            limit_bytes: MAX_IDENTIFIER_BYTES as u16,
        });
    }
    Ok(())
}
