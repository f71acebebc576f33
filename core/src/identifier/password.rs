//! Passwords -> the digest that leak corpora publish.
//!
//! A dataset of passwords holds digests, so that the public `HASH:COUNT` lists
//! compile as they are and a typed password is asked in the same way.
//!
//! A text can stand for several passwords: programs that try passwords write
//! `$HEX[70613a7373]` for `pa:ss`; lists and people leave blanks at the ends of a line; and
//! keyboards differ in whether an accented letter is one character or two. Of a list of
//! passwords the builder stores all of these; of a list of hashes it cannot, so there the
//! question has them.

use md4::Md4;
use serde::Serialize;
use sha1::{Digest, Sha1};

use super::error::NormaliseError;
use super::folding::{Folded, Folding, Normalizer};
use super::item::{Coverage, Item, Rule, Side};
use super::kind::{Identifier, IdentifierKind, check_length};
use super::text::single_spelling;
use crate::error::HeaderDefect;
use crate::fields::Fields;
use crate::units::{MAX_IDENTIFIER_BYTES, MAX_READINGS};

/// The digest that a password dataset holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "std", derive(serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum PasswordDigest {
    /// SHA-1 of the password's bytes (FIPS 180-4), 20 bytes.
    Sha1,
    /// NTLM: MD4 (RFC 1320) of the password in UTF-16LE, 16 bytes.
    Ntlm,
}

/// Bytes of the longest.
const MAX_DIGEST_BYTES: usize = 20;

/// What a password dataset was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "std", derive(serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum PasswordOrigin {
    /// Passwords, all of them UTF-8 text.
    Passwords,
    /// Passwords, some of which are not UTF-8 text: those with letters outside ASCII may be
    /// there in an encoding that nobody knows.
    NotAllUtf8,
    /// Hashes of passwords: each is of one way to write its password.
    Hashes,
}

impl PasswordOrigin {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, HeaderDefect> {
        match fields.varint()? {
            0 => Ok(Self::Passwords),
            1 => Ok(Self::NotAllUtf8),
            2 => Ok(Self::Hashes),
            _ => Err(HeaderDefect::Unreadable),
        }
    }
}

impl PasswordDigest {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, HeaderDefect> {
        match fields.varint()? {
            0 => Ok(Self::Sha1),
            1 => Ok(Self::Ntlm),
            _ => Err(HeaderDefect::Unreadable),
        }
    }

    const fn num_bytes(self) -> usize {
        match self {
            Self::Sha1 => MAX_DIGEST_BYTES,
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

/// The digest of a reading of a typed password, or, when the kind says so, of hexadecimal digits.
pub(super) fn reading(
    (digest, origin): (PasswordDigest, PasswordOrigin),
    identifier: &Identifier<'_>,
    side: Side,
    index: u8,
    item: &mut Item,
) -> Result<bool, NormaliseError> {
    match identifier.kind {
        None | Some(IdentifierKind::Password) => {
            let question = Question {
                digest,
                origin,
                side,
                normalizer: identifier.normalizer(),
            };
            question.reading(identifier.text, index, item)
        }
        Some(_) if index > 0 => Ok(false),
        Some(kind) if kind == digest.hash_kind() => {
            let pairs = pairs(digest, identifier.text.trim_ascii())?;
            let mut bytes = [0; MAX_DIGEST_BYTES];
            for (place, pair) in bytes.iter_mut().zip(pairs) {
                *place = byte(pair).ok_or(NormaliseError::NotAHash)?;
            }
            item.extend(bytes.get(..pairs.len()).unwrap_or(&[]))?;
            Ok(true)
        }
        Some(_) => Err(NormaliseError::OtherKind),
    }
}

/// What decides which readings a password has.
struct Question {
    digest: PasswordDigest,
    origin: PasswordOrigin,
    side: Side,
    normalizer: Option<Normalizer>,
}

/// Counts down to the reading that is wanted.
struct Wanted<'a> {
    index: u8,
    item: &'a mut Item,
}

/// What is done with the readings before the one that is wanted: they are counted.
type Made = Result<bool, NormaliseError>;

impl Question {
    /// Not inlined: other kinds have no room on their stack for it.
    #[inline(never)]
    fn reading(&self, password: &[u8], index: u8, item: &mut Item) -> Made {
        if password.is_empty() {
            return Err(NormaliseError::Empty);
        }
        check_length(password.len())?;
        // No password can be typed with a NUL in it: such a line is damaged.
        if password.contains(&0) {
            return Err(NormaliseError::ControlCharacter);
        }
        let mut wanted = Wanted { index, item };
        let is_made = self.with_and_without_blanks(password, None, &mut wanted)?
            || self.decoded(password, &mut wanted)?;
        if is_made && index >= MAX_READINGS {
            return Err(NormaliseError::TooManyReadings);
        }
        if is_made && self.side == Side::Ask {
            item.coverage = self.coverage(password);
        }
        Ok(is_made)
    }

    /// Not inlined: only few texts have room on the stack for it.
    #[inline(never)]
    fn decoded(&self, password: &[u8], wanted: &mut Wanted<'_>) -> Made {
        let mut decoded = Decoded::new();
        match hex_notation(password, &mut decoded) {
            Some(()) => self.with_and_without_blanks(&decoded, Some(Rule::Decoded), wanted),
            None => Ok(false),
        }
    }

    /// A text as it is, and without the blanks at its ends.
    fn with_and_without_blanks(
        &self,
        text: &[u8],
        rule: Option<Rule>,
        wanted: &mut Wanted<'_>,
    ) -> Made {
        if self.composed_or_not(text, rule, false, wanted)? {
            return Ok(true);
        }
        let cut = without_blanks(text);
        if cut.len() < text.len() {
            // What a list derives is marked; a question without them asks what a list derived.
            let is_marked = self.side == Side::Store;
            return Ok(!cut.is_empty()
                && self.composed_or_not(cut, Some(Rule::WithoutBlanks), is_marked, wanted)?);
        }
        if self.side == Side::Ask && self.origin != PasswordOrigin::Hashes {
            return self.composed_or_not(text, Some(Rule::WithBlanks), true, wanted);
        }
        Ok(false)
    }

    /// A text as it is, composed and decomposed, as far as these differ.
    fn composed_or_not(
        &self,
        text: &[u8],
        rule: Option<Rule>,
        is_marked: bool,
        wanted: &mut Wanted<'_>,
    ) -> Made {
        if self.make(text, rule, is_marked, wanted)? {
            return Ok(true);
        }
        let forms: &[Folding] = match (self.side, self.origin) {
            _ if text.is_ascii() => &[],
            (Side::Store, _) | (Side::Ask, PasswordOrigin::Hashes) => {
                &[Folding::Composed, Folding::Decomposed]
            }
            // Both forms are there, and a mixture is not.
            (Side::Ask, _) if may_be_mixed(text) => &[Folding::Composed],
            (Side::Ask, _) => &[],
        };
        let (Some(normalizer), Ok(utf8)) = (self.normalizer, core::str::from_utf8(text)) else {
            return Ok(false);
        };
        for form in forms {
            if self.other_form(normalizer, *form, utf8, is_marked, wanted)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Not inlined, so that a device, which never comes here, has no room on its stack for it.
    #[inline(never)]
    fn other_form(
        &self,
        normalizer: Normalizer,
        form: Folding,
        text: &str,
        is_marked: bool,
        wanted: &mut Wanted<'_>,
    ) -> Made {
        let mut other = Folded::new();
        normalizer(form, text, &mut other)?;
        // Some characters are the same in both forms, and are another: U+F900.
        let mut composed = Folded::new();
        if form == Folding::Decomposed {
            normalizer(Folding::Composed, text, &mut composed)?;
        }
        Ok(other != text
            && other != composed
            && self.make(
                other.as_bytes(),
                Some(Rule::OtherComposition),
                is_marked,
                wanted,
            )?)
    }

    /// The item, if this reading is the one that is wanted.
    fn make(
        &self,
        password: &[u8],
        rule: Option<Rule>,
        is_marked: bool,
        wanted: &mut Wanted<'_>,
    ) -> Made {
        if let Some(before) = wanted.index.checked_sub(1) {
            wanted.index = before;
            return Ok(false);
        }
        let item = &mut *wanted.item;
        match self.digest {
            PasswordDigest::Sha1 => item.extend(&Sha1::digest(password))?,
            PasswordDigest::Ntlm => {
                let text = core::str::from_utf8(password).map_err(|_| NormaliseError::NotUtf8)?;
                let mut md4 = Md4::new();
                for unit in text.encode_utf16() {
                    md4.update(unit.to_le_bytes());
                }
                item.extend(&md4.finalize())?;
            }
        }
        item.rule = rule;
        item.is_marked = is_marked;
        Ok(true)
    }

    /// What it means when a question's items are not there.
    fn coverage(&self, password: &[u8]) -> Coverage {
        let reason = if looks_like_a_hash(password) {
            // A hash that is asked as a password is in no list of hashes.
            NormaliseError::LooksLikeAHash
        } else if password.is_ascii() {
            return Coverage::Complete;
        } else if core::str::from_utf8(password).is_err() {
            NormaliseError::NotUtf8
        } else {
            match self.origin {
                PasswordOrigin::NotAllUtf8 => NormaliseError::ListNotUtf8,
                PasswordOrigin::Hashes if self.normalizer.is_none() => NormaliseError::NeedsFolding,
                PasswordOrigin::Passwords
                    if self.normalizer.is_none() && may_be_mixed(password) =>
                {
                    NormaliseError::NeedsFolding
                }
                _ => return Coverage::Complete,
            }
        };
        Coverage::Incidental(reason)
    }
}

/// A password without the blanks at its ends, of which it is asked too: Unicode's white space, or of
/// bytes that are no text ASCII's.
#[inline(never)]
pub fn without_blanks(password: &[u8]) -> &[u8] {
    match core::str::from_utf8(password) {
        Ok(text) => text.trim().as_bytes(),
        Err(_) => password.trim_ascii(),
    }
}

/// Can a text be something between NFC and NFD, as far as one can tell without tables? Not if
/// all that is outside ASCII is accents of their own, or letters that are composed where they
/// can be: Latin, Greek and Cyrillic ones, ideographs, kana and Hangul syllables.
fn may_be_mixed(password: &[u8]) -> bool {
    let Ok(text) = core::str::from_utf8(password) else {
        return false;
    };
    let is_accent = |c: char| matches!(c, '\u{300}'..='\u{36F}');
    let is_composed = |c: char| {
        matches!(c, '\u{80}'..='\u{2FF}' | '\u{370}'..='\u{373}' | '\u{375}'..='\u{37D}'
            | '\u{37F}'..='\u{386}' | '\u{388}'..='\u{482}' | '\u{48A}'..='\u{52F}')
            || single_spelling(c) == Some(c)
    };
    let others = || text.chars().filter(|c| !c.is_ascii());
    !others().all(is_accent) && !others().all(is_composed)
}

/// What `$HEX[...]` stands for.
type Decoded = heapless::Vec<u8, { MAX_IDENTIFIER_BYTES / 2 }>;

/// Decode `$HEX[...]`; `None` where the text is all that can be typed.
fn hex_notation(password: &[u8], decoded: &mut Decoded) -> Option<()> {
    let digits = password.strip_prefix(b"$HEX[")?.strip_suffix(b"]")?;
    let (pairs, []) = digits.as_chunks() else {
        return None;
    };
    for pair in pairs {
        decoded.push(byte(pair).filter(|byte| *byte != 0)?).ok()?;
    }
    (!decoded.is_empty()).then_some(())
}

/// Is a line, or what it stands for, text in another encoding than UTF-8?
#[cfg(feature = "std")]
pub(super) fn is_other_encoding(line: &[u8]) -> bool {
    let is_other = |text: &[u8]| core::str::from_utf8(text).is_err();
    let mut decoded = Decoded::new();
    is_other(line) || hex_notation(line, &mut decoded).is_some() && is_other(&decoded)
}

/// Is it a hash of either digest, alone or as the lists have it, `HASH:COUNT`?
fn looks_like_a_hash(text: &[u8]) -> bool {
    let end = text.iter().position(|byte| *byte == b':');
    let hash = text.get(..end.unwrap_or(text.len())).unwrap_or(text);
    [PasswordDigest::Sha1, PasswordDigest::Ntlm]
        .iter()
        .any(|digest| {
            pairs(*digest, hash.trim_ascii())
                .is_ok_and(|pairs| pairs.iter().all(|pair| byte(pair).is_some()))
        })
}

/// Two characters for each byte of a digest, which [`byte`] reads.
fn pairs(digest: PasswordDigest, digits: &[u8]) -> Result<&[[u8; 2]], NormaliseError> {
    if digits.is_empty() {
        return Err(NormaliseError::Empty);
    }
    match digits.as_chunks() {
        (pairs, []) if pairs.len() == digest.num_bytes() => Ok(pairs),
        _ => Err(NormaliseError::NotAHash),
    }
}

/// The byte that two hexadecimal digits are.
fn byte(pair: &[u8; 2]) -> Option<u8> {
    let [high, low] = pair.map(|digit| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' | b'A'..=b'F' => Some((digit & 0xF) + 9),
        _ => None,
    });
    Some(high? << 4 | low?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::made;
    use IdentifierKind::{Ntlm as NtlmHex, Password, Sha1 as Sha1Hex};
    use PasswordDigest::{Ntlm, Sha1};

    fn normalise(
        digest: PasswordDigest,
        text: &[u8],
        kind: Option<IdentifierKind>,
    ) -> Result<Item, NormaliseError> {
        let mut identifier = Identifier::new(text);
        identifier.kind = kind;
        let what = (digest, PasswordOrigin::Passwords);
        made(|item| super::reading(what, &identifier, Side::Ask, 0, item).map(drop))
    }

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
