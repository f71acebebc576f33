//! Unicode's tables, which a device does not have: how
//! [`Identifier`](crate::Identifier) folds what has several spellings.

use std::string::String;

use unicode_normalization::UnicodeNormalization;

use super::error::NormaliseError;
use super::folding::{CaseRule, Folded, Folding};
use crate::units::MAX_IDENTIFIER_BYTES;

/// Fold a text.
///
/// # Errors
/// [`NormaliseError::TooLong`], or [`NormaliseError::NotAnEmail`] for a domain that has
/// no A-labels.
pub(super) fn fold(
    folding: Folding,
    text: &str,
    folded: &mut Folded,
) -> Result<(), NormaliseError> {
    let result = match folding {
        // Folding can bring a text out of NFKC.
        Folding::Text(CaseRule::Fold) => fold_case(text.nfkc()).nfkc().collect(),
        Folding::Text(CaseRule::Exact) => text.nfkc().collect(),
        Folding::Composed => text.nfc().collect(),
        Folding::Decomposed => text.nfd().collect(),
        Folding::Domain => idna::domain_to_ascii(text).map_err(|_| NormaliseError::NotAnEmail)?,
    };
    folded
        .push_str(&result)
        .map_err(|_| NormaliseError::TooLong {
            limit_bytes: MAX_IDENTIFIER_BYTES as u16,
        })
}

/// Full case folding (Unicode section 3.13.3), by the mappings that the standard library has: what
/// is equal in small letters of its capital letters. The Turkish i with and without its dot is
/// one with the others: who types a name on another keyboard has no choice.
fn fold_case(text: impl Iterator<Item = char>) -> String {
    text.flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect::<String>()
        .replace("i\u{307}", "i")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::{Item, PasswordDigest, PasswordOrigin, Side};
    use crate::{Identifier, Profile};
    use std::vec::Vec;

    fn item(profile: &Profile, text: &str) -> Vec<u8> {
        let identifier = Identifier::new(text.as_bytes());
        profile.normalise(&identifier).unwrap().as_bytes().to_vec()
    }

    #[test]
    fn emails() {
        for (text, expected) in [
            ("X@BÜCHER.example", "x@xn--bcher-kva.example"),
            ("x@例子.example", "x@xn--fsqu00a.example"),
            ("JÖRG@example.com", "jörg@example.com"),
            ("jo\u{308}rg@example.com", "jörg@example.com"),
            ("ｘ＠example.com", "x@example.com"),
            ("jo\u{AD}\u{308}rg@example.com", "jörg@example.com"),
            ("x@bu\u{200E}\u{308}cher.example", "x@xn--bcher-kva.example"),
        ] {
            assert_eq!(item(&Profile::Email, text), expected.as_bytes());
        }
        let no_domain = Identifier::new("x@ü\u{FFFD}.example".as_bytes());
        assert_eq!(
            Profile::Email.normalise(&no_domain),
            Err(NormaliseError::NotAnEmail)
        );
    }

    #[test]
    fn names() {
        let folded = Profile::Username(CaseRule::Fold);
        let exact = Profile::Username(CaseRule::Exact);
        assert_eq!(item(&folded, "JOSÉ"), "josé".as_bytes());
        assert_eq!(item(&exact, "Jose\u{301}"), "José".as_bytes());
        assert_eq!(item(&folded, "ＡＢＣ小明"), "abc小明".as_bytes());
        // What is not seen keeps no letter from its mark.
        assert_eq!(item(&folded, "JO\u{200B}\u{308}RG"), "jörg".as_bytes());
        // NFKC has a space and a mark for each of these: no space is at an item's ends.
        for (text, expected) in [("¨x", "\u{308}x"), ("x´", "x \u{301}"), ("¨", "\u{308}")] {
            assert_eq!(item(&folded, text), expected.as_bytes());
            assert_eq!(item(&folded, expected), expected.as_bytes());
        }
        let long = Identifier::new("\u{FDFA}".repeat(80).leak().as_bytes());
        assert!(matches!(
            folded.normalise(&long),
            Err(NormaliseError::TooLong { .. })
        ));
    }

    #[test]
    fn no_reading_comes_twice() {
        let profile = Profile::Password(PasswordDigest::Sha1, PasswordOrigin::Passwords);
        let mut item = Item::empty();
        // U+F900 is U+8C48 in both normal forms.
        for (text, num_readings) in [("\u{F900}", 2), ("\u{E9}", 2), ("e\u{301}", 2)] {
            let line = Identifier::new(text.as_bytes());
            for index in 0..=num_readings {
                let made = profile.reading(&line, Side::Store, index, &mut item);
                assert_eq!(made, Ok(index < num_readings), "{text} {index}");
            }
        }
    }

    /// A list has all that a question may be typed as: composed, decomposed, or between the two.
    #[test]
    fn a_password_is_found_however_its_accents_are_typed() {
        use crate::identifier::store::{Stored, store};
        use crate::identifier::{Item, Side};
        let profile = Profile::Password(PasswordDigest::Sha1, PasswordOrigin::Passwords);
        for (line, question) in [
            ("caf\u{E9}", "cafe\u{301}"),
            ("cafe\u{301}", "caf\u{E9}"),
            (" \u{E9}が  ", "e\u{301}が"),
            ("각", "가\u{11A8}"),
            ("ắ", "ă\u{301}"),
            ("\u{212B}", "\u{C5}"),
            ("$HEX[c3a9]", "e\u{301}"),
        ] {
            let mut stored = Stored::new();
            let line = Identifier::new(line.as_bytes());
            store(&profile, &line, None, &mut stored).unwrap();
            let asked = Identifier::new(question.as_bytes());
            let mut item = Item::empty();
            let meet = (0..).map_while(|index| {
                let is_made = profile
                    .reading(&asked, Side::Ask, index, &mut item)
                    .unwrap();
                let key = |item: &Item| (item.as_bytes().to_vec(), item.is_marked());
                let is_stored = stored.items().iter().any(|own| key(own) == key(&item));
                is_made.then_some(is_stored)
            });
            assert!(meet.into_iter().any(|is_stored| is_stored), "{question}");
        }
    }

    #[test]
    fn passwords_stay_as_they_are() {
        let profile = Profile::Password(PasswordDigest::Sha1, PasswordOrigin::Passwords);
        assert_ne!(item(&profile, "É"), item(&profile, "é"));
    }
}
