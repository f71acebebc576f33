//! What is said of a list's identifiers -> the profile that makes items of them.

use std::fmt;

use leaksieve_core::identifier::{CaseRule, IdScheme, PasswordDigest, PasswordOrigin, Separators};
use leaksieve_core::{IdentifierKind, Profile};

use super::{PhoneProfileError, phone_profile};

/// What is said of a list's identifiers, beside their kind; `None`: nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Description<'a> {
    /// Of telephone numbers: the country of those without a country code, or `world`.
    pub region: Option<&'a str>,
    /// Of user names and ids: does case matter? If nothing is said, it does not.
    pub case: Option<CaseRule>,
    /// Of ids: are they resident ids of China? If nothing is said, they are of any form.
    pub is_chinese_resident: Option<bool>,
    /// Of ids: do blanks and dashes matter? If nothing is said, they do not.
    pub separators: Option<Separators>,
    /// Of passwords: the hash that the filter holds. If nothing is said, SHA-1.
    pub digest: Option<PasswordDigest>,
}

/// A part of a [`Description`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The country.
    Region,
    /// Whether case matters.
    Case,
    /// The format of ids.
    IdScheme,
    /// Whether blanks and dashes matter.
    Separators,
    /// The hash.
    Digest,
}

/// Its name, with `-` between words.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Region => "region",
            Self::Case => "case",
            Self::IdScheme => "id-scheme",
            Self::Separators => "separators",
            Self::Digest => "digest",
        })
    }
}

/// Why a description describes nothing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DescriptionError {
    /// Something is said that this kind does not have.
    #[error("{setting} has no effect with the kind {}: leave it out", kind.name())]
    NoEffect {
        /// What.
        setting: Setting,
        /// The kind.
        kind: IdentifierKind,
    },
    /// Case or separators of resident ids.
    #[error("case and separators have no effect on resident ids: leave them out")]
    ResidentIds,
    /// Telephone numbers without a region.
    #[error("phone numbers need a region")]
    NoRegion,
    /// The region.
    #[error(transparent)]
    Region(#[from] PhoneProfileError),
    /// A kind that this version has no profile of.
    #[error("no list can be of the kind {}", .0.name())]
    Kind(IdentifierKind),
}

impl Description<'_> {
    /// The profile of identifiers of a kind.
    ///
    /// # Errors
    /// [`DescriptionError`].
    pub fn profile(&self, kind: IdentifierKind) -> Result<Profile, DescriptionError> {
        use IdentifierKind::{Email, Id, Ntlm, Password, Phone, Sha1, Username};
        for (is_given, belongs_to, setting) in [
            (self.region.is_some(), &[Phone][..], Setting::Region),
            (self.case.is_some(), &[Username, Id], Setting::Case),
            (self.is_chinese_resident.is_some(), &[Id], Setting::IdScheme),
            (self.separators.is_some(), &[Id], Setting::Separators),
            (self.digest.is_some(), &[Password], Setting::Digest),
        ] {
            if is_given && !belongs_to.contains(&kind) {
                return Err(DescriptionError::NoEffect { setting, kind });
            }
        }
        let case = self.case.unwrap_or(CaseRule::Fold);
        let separators = self.separators.unwrap_or(Separators::Ignore);
        Ok(match kind {
            Phone => {
                let region = self.region.ok_or(DescriptionError::NoRegion)?;
                Profile::Phone(phone_profile(region)?)
            }
            Email => Profile::Email,
            Username => Profile::Username(case),
            Id if self.is_chinese_resident == Some(true) => {
                if self.case.is_some() || self.separators.is_some() {
                    return Err(DescriptionError::ResidentIds);
                }
                Profile::Id(IdScheme::ChineseResident)
            }
            Id => Profile::Id(IdScheme::Plain(case, separators)),
            Password => Profile::Password(
                self.digest.unwrap_or(PasswordDigest::Sha1),
                PasswordOrigin::Passwords,
            ),
            Sha1 => Profile::Password(PasswordDigest::Sha1, PasswordOrigin::Hashes),
            Ntlm => Profile::Password(PasswordDigest::Ntlm, PasswordOrigin::Hashes),
            kind => return Err(DescriptionError::Kind(kind)),
        })
    }
}
