//! Why a leak cannot say: the core's reasons, and the file's age.

use leaksieve_core::NormaliseError;

/// Why a leak cannot say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
#[repr(i32)]
pub enum Reason {
    /// It lacks the text, but the file expired: what was leaked since is not in it.
    Expired = 1,
    /// It holds another kind of identifier than was asked for.
    OtherKind = 2,
    /// Nothing but white space.
    Empty = 3,
    /// Longer than an identifier can be.
    TooLong = 4,
    /// Not UTF-8, where this kind needs it.
    NotUtf8 = 5,
    /// A control character.
    ControlCharacter = 6,
    /// A letter or sign that this kind cannot have.
    UnexpectedCharacter = 7,
    /// Letters that could not be brought to one spelling.
    NeedsFolding = 8,
    /// Fewer digits than any telephone number of its country has.
    TooFewDigits = 9,
    /// More digits than any telephone number of its country has.
    TooManyDigits = 10,
    /// A count of digits between two that are possible.
    ImpossibleLength = 11,
    /// A telephone number that its country's numbering plan does not have: the area code or a
    /// digit may be missing, or it is one of another country without its country code.
    OutsideNumberingPlan = 12,
    /// A telephone number without the country code that this file needs.
    NeedsCountryCode = 13,
    /// A telephone number of another country than the leak covers.
    OtherCountry = 14,
    /// Not an e-mail address.
    NotAnEmail = 15,
    /// Not an id of this scheme.
    NotAnId = 16,
    /// The check digit is wrong: mistyped, or not such an id.
    CheckDigit = 17,
    /// Not hexadecimal, or not of this hash's length.
    NotAHash = 18,
    /// Asked as a password, but it looks like the hash of one.
    LooksLikeAHash = 19,
    /// What a newer core knows; the message says it.
    Other = 20,
    /// Some of its characters are hidden, as in `a***n@example.com`.
    Masked = 21,
    /// A telephone number with a fraction, as spreadsheets write it: `13800138000.0`.
    Fraction = 22,
    /// A telephone number with an exponent, which has lost digits: `1.38E+10`.
    Exponent = 23,
    /// It can mean too many things.
    TooManyReadings = 24,
    /// A password with letters outside ASCII: the list has some that are not UTF-8 text, and
    /// this one may be among them.
    ListNotUtf8 = 25,
}

impl From<NormaliseError> for Reason {
    fn from(error: NormaliseError) -> Self {
        match error {
            NormaliseError::OtherKind => Self::OtherKind,
            NormaliseError::Empty => Self::Empty,
            NormaliseError::TooLong { .. } => Self::TooLong,
            NormaliseError::NotUtf8 => Self::NotUtf8,
            NormaliseError::ControlCharacter => Self::ControlCharacter,
            NormaliseError::UnexpectedCharacter => Self::UnexpectedCharacter,
            NormaliseError::NeedsFolding => Self::NeedsFolding,
            NormaliseError::TooFewDigits => Self::TooFewDigits,
            NormaliseError::TooManyDigits => Self::TooManyDigits,
            NormaliseError::ImpossibleLength => Self::ImpossibleLength,
            NormaliseError::OutsideNumberingPlan => Self::OutsideNumberingPlan,
            NormaliseError::NeedsCountryCode => Self::NeedsCountryCode,
            NormaliseError::OtherCountry => Self::OtherCountry,
            NormaliseError::NotAnEmail => Self::NotAnEmail,
            NormaliseError::NotAnId => Self::NotAnId,
            NormaliseError::CheckDigit => Self::CheckDigit,
            NormaliseError::NotAHash => Self::NotAHash,
            NormaliseError::LooksLikeAHash => Self::LooksLikeAHash,
            NormaliseError::Masked => Self::Masked,
            NormaliseError::Fraction => Self::Fraction,
            NormaliseError::Exponent => Self::Exponent,
            NormaliseError::TooManyReadings => Self::TooManyReadings,
            NormaliseError::ListNotUtf8 => Self::ListNotUtf8,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_of_the_core_is_one_of_its_own() {
        let reasons = [
            NormaliseError::OtherKind,
            NormaliseError::Empty,
            NormaliseError::TooLong { limit_bytes: 256 },
            NormaliseError::NotUtf8,
            NormaliseError::ControlCharacter,
            NormaliseError::UnexpectedCharacter,
            NormaliseError::NeedsFolding,
            NormaliseError::TooFewDigits,
            NormaliseError::TooManyDigits,
            NormaliseError::ImpossibleLength,
            NormaliseError::OutsideNumberingPlan,
            NormaliseError::NeedsCountryCode,
            NormaliseError::OtherCountry,
            NormaliseError::NotAnEmail,
            NormaliseError::NotAnId,
            NormaliseError::CheckDigit,
            NormaliseError::NotAHash,
            NormaliseError::LooksLikeAHash,
            NormaliseError::Masked,
            NormaliseError::Fraction,
            NormaliseError::Exponent,
            NormaliseError::TooManyReadings,
            NormaliseError::ListNotUtf8,
        ];
        let names = reasons.map(|reason| format!("{:?}", Reason::from(reason)));
        for (reason, name) in reasons.iter().zip(names) {
            // `TooLong { limit_bytes: 256 }` is `TooLong`.
            let expected = format!("{reason:?}");
            assert_eq!(expected.split(' ').next(), Some(name.as_str()));
        }
    }
}
