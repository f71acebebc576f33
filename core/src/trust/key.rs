//! Public keys, and how they are written.

use core::fmt;
use core::str::FromStr;

/// An Ed25519 public key: 32 bytes (RFC 8032 section 5.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PublicKey(pub [u8; PUBLIC_KEY_BYTES]);

/// Bytes of a public key: 32.
pub const PUBLIC_KEY_BYTES: usize = 32;

/// 64 hexadecimal digits.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// 64 hexadecimal digits, and nothing else.
impl FromStr for PublicKey {
    type Err = NotAPublicKey;

    fn from_str(text: &str) -> Result<Self, NotAPublicKey> {
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
            return Err(NotAPublicKey);
        };
        let mut key = [0; PUBLIC_KEY_BYTES];
        if pairs.len() != key.len() {
            return Err(NotAPublicKey);
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).ok_or(NotAPublicKey);
        for (place, [high, low]) in key.iter_mut().zip(pairs) {
            *place = (digit(*high)? << 4 | digit(*low)?) as u8;
        }
        Ok(Self(key))
    }
}

/// A text that is not the 64 hexadecimal digits of a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct NotAPublicKey;

impl fmt::Display for NotAPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no public key: give its 64 hexadecimal digits")
    }
}

impl core::error::Error for NotAPublicKey {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_key_is_said_in_64_digits() {
        let key = PublicKey(core::array::from_fn(|index| index as u8 * 8));
        assert_eq!(
            key.to_string(),
            "0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8"
        );
    }

    #[test]
    fn the_digits_of_a_key_are_the_key() {
        let mut key = PublicKey([0; PUBLIC_KEY_BYTES]);
        for (place, byte) in key.0.iter_mut().zip((0..).step_by(37)) {
            *place = byte as u8;
        }
        let digits = key.to_string();
        assert_eq!(digits.parse(), Ok(key));
        assert_eq!(digits.to_uppercase().parse(), Ok(key));
    }

    #[test]
    fn nothing_else_is_a_key() {
        let digits = PublicKey([0xA5; PUBLIC_KEY_BYTES]).to_string();
        let longer = digits.clone() + "00";
        let other = digits.replacen('a', "g", 1);
        let spaced = std::format!(" {}", &digits[1..]);
        for text in [
            "",
            "a5",
            &digits[1..],
            &digits[2..],
            &longer,
            &other,
            &spaced,
        ] {
            assert_eq!(text.parse::<PublicKey>(), Err(NotAPublicKey), "{text:?}");
        }
    }
}
