//! Passwords -> the digest that leak corpora publish.
//!
//! A dataset of passwords holds digests, so that the public `HASH:COUNT` lists
//! compile as they are and a typed password is asked in the same way.

use md4::Md4;
use serde::{Deserialize, Serialize};
use sha1::{Digest, Sha1};

use super::{Coverage, IdentifierKind, Item, NormaliseError, check_length};

/// The digest that a password dataset holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum PasswordDigest {
    /// SHA-1 of the password's bytes (FIPS 180-4), 20 bytes.
    Sha1,
    /// NTLM: MD4 (RFC 1320) of the password in UTF-16LE, 16 bytes.
    Ntlm,
}

impl PasswordDigest {
    const fn num_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Ntlm => 16,
        }
    }

    const fn hash_kind(self) -> IdentifierKind {
        match self {
            Self::Sha1 => IdentifierKind::Sha1,
            Self::Ntlm => IdentifierKind::Ntlm,
        }
    }
}

/// The digest of a typed password, or, when the kind says so, of hexadecimal digits.
/// A password is taken as it is: blanks and letter case are part of it.
pub(super) fn normalise(
    digest: PasswordDigest,
    text: &[u8],
    kind: Option<IdentifierKind>,
) -> Result<Item, NormaliseError> {
    match kind {
        None | Some(IdentifierKind::Password) => typed(digest, text),
        Some(kind) if kind == digest.hash_kind() => hexadecimal(digest, text.trim_ascii()),
        Some(_) => Err(NormaliseError::OtherKind),
    }
}

/// Not inlined: other kinds have no room on their stack for it.
#[inline(never)]
fn typed(digest: PasswordDigest, password: &[u8]) -> Result<Item, NormaliseError> {
    if password.is_empty() {
        return Err(NormaliseError::Empty);
    }
    check_length(password.len())?;
    // No password can be typed with a NUL in it: such a line is damaged.
    if password.contains(&0) {
        return Err(NormaliseError::ControlCharacter);
    }
    let mut item = match digest {
        PasswordDigest::Sha1 => Item::from_slice(&Sha1::digest(password))?,
        PasswordDigest::Ntlm => {
            let text = core::str::from_utf8(password).map_err(|_| NormaliseError::NotUtf8)?;
            let mut md4 = Md4::new();
            for unit in text.encode_utf16() {
                md4.update(unit.to_le_bytes());
            }
            Item::from_slice(&md4.finalize())?
        }
    };
    // A hash that is asked as a password is in no list of hashes, so silence is no answer.
    if looks_like_a_hash(password) {
        item.coverage = Coverage::Incidental(NormaliseError::LooksLikeAHash);
    }
    Ok(item)
}

/// Is it a hash of either digest, alone or as the lists have it, `HASH:COUNT`?
fn looks_like_a_hash(text: &[u8]) -> bool {
    let end = text.iter().position(|byte| *byte == b':');
    let hash = text.get(..end.unwrap_or(text.len())).unwrap_or(text);
    [PasswordDigest::Sha1, PasswordDigest::Ntlm]
        .iter()
        .any(|digest| hexadecimal(*digest, hash.trim_ascii()).is_ok())
}

fn hexadecimal(digest: PasswordDigest, digits: &[u8]) -> Result<Item, NormaliseError> {
    if digits.is_empty() {
        return Err(NormaliseError::Empty);
    }
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != digest.num_bytes() || !rest.is_empty() {
        return Err(NormaliseError::NotAHash);
    }
    let mut item = Item::empty();
    for pair in pairs {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        let (Some(high), Some(low)) = (high, low) else {
            return Err(NormaliseError::NotAHash);
        };
        item.push((high << 4 | low) as u8)?;
    }
    Ok(item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use IdentifierKind::{Ntlm as NtlmHex, Password, Sha1 as Sha1Hex};
    use PasswordDigest::{Ntlm, Sha1};

    fn hex(digits: &str) -> std::vec::Vec<u8> {
        (0..digits.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn published_digests() {
        // FIPS 180-4's example for "abc"; RFC 1320 has none in UTF-16, so the NTLM
        // ones are those that Microsoft's documentation and hash lists print.
        for (digest, password, expected) in [
            (Sha1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (Sha1, "password", "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8"),
            (Ntlm, "password", "8846f7eaee8fb117ad06bdd830b7586c"),
            (Ntlm, "Password", "a4f49c406510bdcab6824ee7c30fd852"),
        ] {
            let item = normalise(digest, password.as_bytes(), Some(Password)).unwrap();
            assert_eq!(item.as_bytes(), hex(expected));
            let kind = digest.hash_kind();
            let upper = expected.to_ascii_uppercase();
            for digits in [expected, &upper, &std::format!(" {expected}\r")] {
                assert_eq!(
                    normalise(digest, digits.as_bytes(), Some(kind)),
                    Ok(item.clone())
                );
            }
        }
    }

    #[test]
    fn a_hash_of_the_other_digest_is_not_an_item() {
        let ntlm = "8846f7eaee8fb117ad06bdd830b7586c".as_bytes();
        assert_eq!(
            normalise(Sha1, ntlm, Some(Sha1Hex)),
            Err(NormaliseError::NotAHash)
        );
        assert_eq!(
            normalise(Sha1, ntlm, Some(NtlmHex)),
            Err(NormaliseError::OtherKind)
        );
        for bad in [
            "8846f7eaee8fb117ad06bdd830b7586",
            "8846f7eaee8fb117ad06bdd830b7586g",
        ] {
            assert_eq!(
                normalise(Ntlm, bad.as_bytes(), Some(NtlmHex)),
                Err(NormaliseError::NotAHash)
            );
        }
    }

    #[test]
    fn a_hash_that_is_typed_as_a_password_proves_nothing() {
        let sha1 = "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8".as_bytes();
        let reason = NormaliseError::LooksLikeAHash;
        for kind in [None, Some(Password)] {
            let item = normalise(Sha1, sha1, kind).unwrap();
            assert_eq!(item.coverage(), Coverage::Incidental(reason));
            let other = normalise(Sha1, &sha1[..39], kind).unwrap();
            assert_eq!(other.coverage(), Coverage::Complete);
            // As the lists have it, with blanks, and of the other digest.
            for text in [
                "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:14",
                "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8:",
                " 5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8\t: 3",
                "8846f7eaee8fb117ad06bdd830b7586c",
                "8846F7EAEE8FB117AD06BDD830B7586C:9659365",
            ] {
                for digest in [Sha1, Ntlm] {
                    let item = normalise(digest, text.as_bytes(), kind).unwrap();
                    assert_eq!(item.coverage(), Coverage::Incidental(reason), "{text}");
                }
            }
            for text in [":5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "abc:14", ":"] {
                let item = normalise(Sha1, text.as_bytes(), kind).unwrap();
                assert_eq!(item.coverage(), Coverage::Complete, "{text}");
            }
        }
        assert_eq!(
            normalise(Sha1, sha1, Some(Sha1Hex)).unwrap().coverage(),
            Coverage::Complete
        );
    }

    #[test]
    fn a_password_is_taken_as_it_is() {
        let item = |text: &str| normalise(Sha1, text.as_bytes(), None).unwrap();
        assert_ne!(item("secret"), item("secret "));
        assert_ne!(item("secret"), item("Secret"));
        // Latin-1, as old leaks have it, is still a password for SHA-1.
        assert!(normalise(Sha1, b"caf\xe9", None).is_ok());
        assert_eq!(
            normalise(Ntlm, b"caf\xe9", None),
            Err(NormaliseError::NotUtf8)
        );
        assert_eq!(normalise(Sha1, b"", None), Err(NormaliseError::Empty));
        assert_eq!(
            normalise(Sha1, b"a\0b", None),
            Err(NormaliseError::ControlCharacter)
        );
        assert!(normalise(Sha1, &[b'a'; 256], None).is_ok());
        assert!(matches!(
            normalise(Sha1, &[b'a'; 257], None),
            Err(NormaliseError::TooLong { .. })
        ));
    }
}
