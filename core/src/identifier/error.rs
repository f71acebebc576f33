//! Why a text has no item, or why the absence of its item proves nothing.

use core::fmt;

/// Why a text is not an item of a dataset's kind. The builder rejects such a
/// line, and a lookup answers "not covered".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "std", derive(serde::Serialize, serde::Deserialize))]
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
    /// A telephone number that its country's numbering plan does not have: a digit or the
    /// area code may be missing, or it is one of another country without its country code.
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
    /// Some of its characters are hidden, as in `a***n@example.com`.
    Masked,
    /// A number with a fraction, as spreadsheets write telephone numbers: `13800138000.0`.
    Fraction,
    /// A number with an exponent, which has lost digits: `1.38E+10`.
    Exponent,
    /// It can mean more than [`MAX_READINGS`](super::MAX_READINGS) items.
    TooManyReadings,
    /// The list has passwords that are not UTF-8 text, and this one has letters outside ASCII:
    /// it may be there in another encoding.
    ListNotUtf8,
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
            Self::OutsideNumberingPlan => {
                "no phone has this number: give all of it, with area code or country code"
            }
            Self::NeedsCountryCode => "needs its country code, as in +86 138...",
            Self::OtherCountry => "a phone number of a country that is not covered",
            Self::NotAnEmail => "not an e-mail address",
            Self::NotAnId => "not an id of this scheme",
            Self::CheckDigit => "the check digit is wrong",
            Self::NotAHash => "not a hexadecimal hash of this length",
            Self::LooksLikeAHash => "looks like a hash, not like a password",
            Self::Masked => "some of its characters are hidden",
            Self::Fraction => "a number with a fraction: leave out the .0 at its end",
            Self::Exponent => "a number with an exponent, which has lost digits",
            Self::TooManyReadings => "it can be read in too many ways",
            Self::ListNotUtf8 => {
                "the list has passwords that are not UTF-8 text, and this one may be among them"
            }
        })
    }
}

impl core::error::Error for NormaliseError {}
