//! User names and ids -> text of one spelling.
//!
//! Unicode spells many words in several ways (case, width, composed or not). A host
//! folds a text with tables of some 100 KB; a device has none. What is the same with
//! and without those tables is taken everywhere, the rest only where there is a
//! [`Normalizer`].

use serde::Serialize;

use super::characters::{decimal_digit, drop_first, is_dash, is_invisible};
use super::error::NormaliseError;
use super::folding::{CaseRule, Folded, Folding, Normalizer};
use super::item::Item;
use crate::error::HeaderDefect;
use crate::fields::Fields;
use crate::units::MAX_IDENTIFIER_BYTES;

/// What an id looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "std", derive(serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum IdScheme {
    /// Any text, under two rules.
    Plain(CaseRule, Separators),
    /// Resident id of the People's Republic of China (GB 11643-1999): 17 digits and a
    /// check digit by ISO 7064 MOD 11-2; the 15 digits of before 1999 are brought to
    /// the 18 of today.
    ChineseResident,
}

/// Do blanks and dashes make another id?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "std", derive(serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Separators {
    /// `123-45-6789` and `123 456789` are one item.
    Ignore,
    /// They are two.
    Keep,
}

impl Separators {
    fn read(fields: &mut Fields<'_>) -> Result<Self, HeaderDefect> {
        match fields.varint()? {
            0 => Ok(Self::Ignore),
            1 => Ok(Self::Keep),
            _ => Err(HeaderDefect::Unreadable),
        }
    }
}

impl IdScheme {
    pub(super) fn read(fields: &mut Fields<'_>) -> Result<Self, HeaderDefect> {
        match fields.varint()? {
            0 => Ok(Self::Plain(
                CaseRule::read(fields)?,
                Separators::read(fields)?,
            )),
            1 => Ok(Self::ChineseResident),
            _ => Err(HeaderDefect::Unreadable),
        }
    }
}

/// The one spelling of a character, or `None` when only tables can tell.
///
/// ASCII is itself, full-width ASCII is ASCII, and ideographs, kana and Hangul
/// syllables have no case and no other spelling under NFKC.
pub(super) fn single_spelling(c: char) -> Option<char> {
    match c {
        '\0'..='\x7F' => Some(c),
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0),
        '\u{3041}'..='\u{3096}'
        | '\u{30A1}'..='\u{30FA}'
        | '\u{30FC}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7A3}' => Some(c),
        _ => None,
    }
}

/// The character that stands for one; `None`: it is left out.
type Spell = fn(char) -> Option<char>;

/// Without what is invisible.
pub(super) fn visible(c: char) -> Option<char> {
    (!is_invisible(c)).then_some(c)
}

/// Without what people put into an id to read it better.
fn without_separators(c: char) -> Option<char> {
    with_separators(c).filter(|c| !matches!(c, '-' | ' '))
}

/// With one kind of dash, of blank and of digits.
fn with_separators(c: char) -> Option<char> {
    match visible(c)? {
        c if is_dash(c) => Some('-'),
        c if c.is_whitespace() => Some(' '),
        c => Some(decimal_digit(c).map_or(c, char::from)),
    }
}

/// Append the one spelling of a text, each of its characters spelled so.
pub(super) fn push_folded(
    item: &mut Item,
    text: &str,
    folding: Folding,
    normalizer: Option<Normalizer>,
    spell: Spell,
) -> Result<(), NormaliseError> {
    // What most texts are. No letter or digit is left out, and no other is changed.
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(NormaliseError::ControlCharacter);
        }
        let is_kept =
            |byte: &u8| byte.is_ascii_alphanumeric() || spell(char::from(*byte)).is_some();
        for byte in text.bytes().filter(is_kept) {
            item.push(match folding {
                Folding::Text(CaseRule::Exact) => byte,
                _ => byte.to_ascii_lowercase(),
            })?;
        }
        return Ok(());
    }
    if text.chars().any(char::is_control) {
        return Err(NormaliseError::ControlCharacter);
    }
    // An ideograph has one spelling, but not in a domain name.
    let is_single = |c| match folding {
        Folding::Text(_) | Folding::Composed | Folding::Decomposed => single_spelling(c).is_some(),
        Folding::Domain => single_spelling(c).is_some_and(|c| c.is_ascii()),
    };
    if !text.chars().filter_map(spell).all(is_single) {
        let normalizer = normalizer.ok_or(NormaliseError::NeedsFolding)?;
        return push_by_tables(item, text, folding, normalizer, spell);
    }
    for c in text.chars().filter_map(spell) {
        let c = match (single_spelling(c), folding) {
            (Some(c), Folding::Text(CaseRule::Exact)) => c,
            (Some(c), _) => c.to_ascii_lowercase(),
            (None, _) => return Err(NormaliseError::NeedsFolding),
        };
        item.extend(c.encode_utf8(&mut [0; 4]).as_bytes())?;
    }
    Ok(())
}

/// Not inlined, so that a device, which never comes here, has no room on its stack for it.
#[inline(never)]
fn push_by_tables(
    item: &mut Item,
    text: &str,
    folding: Folding,
    normalizer: Normalizer,
    spell: Spell,
) -> Result<(), NormaliseError> {
    let too_long = |_| NormaliseError::TooLong {
        limit_bytes: MAX_IDENTIFIER_BYTES as u16,
    };
    // What is invisible goes first: it would keep a letter and its mark apart.
    let mut spelled = Folded::new();
    for c in text.chars().filter_map(spell) {
        spelled.push(c).map_err(too_long)?;
    }
    let mut folded = Folded::new();
    normalizer(folding, &spelled, &mut folded)?;
    folded
        .chars()
        .filter_map(spell)
        .try_for_each(|c| item.extend(c.encode_utf8(&mut [0; 4]).as_bytes()))
}

/// A name; an `@` before it is how some services write that it is one.
pub(super) fn normalise_name(
    case: CaseRule,
    text: &str,
    normalizer: Option<Normalizer>,
    item: &mut Item,
) -> Result<(), NormaliseError> {
    push_folded(item, text, Folding::Text(case), normalizer, visible)?;
    item.trim()?;
    // Behind the folding: it gives more signs than one character for this.
    while item.as_bytes().first() == Some(&b'@') {
        drop_first(&mut item.bytes);
        let length = item.bytes.len();
        item.bytes.truncate(length.saturating_sub(1));
        item.trim()?;
    }
    Ok(())
}

#[inline(never)]
fn normalise(
    case: CaseRule,
    text: &str,
    normalizer: Option<Normalizer>,
    spell: Spell,
    item: &mut Item,
) -> Result<(), NormaliseError> {
    push_folded(item, text, Folding::Text(case), normalizer, spell)?;
    // Folding can bring white space to an end: U+00A8 becomes a space and a mark.
    item.trim()
}

pub(super) fn normalise_id(
    scheme: IdScheme,
    text: &str,
    normalizer: Option<Normalizer>,
    item: &mut Item,
) -> Result<(), NormaliseError> {
    match scheme {
        IdScheme::Plain(case, Separators::Keep) => {
            normalise(case, text, normalizer, with_separators, item)
        }
        IdScheme::Plain(case, Separators::Ignore) => {
            normalise(case, text, normalizer, without_separators, item)
        }
        IdScheme::ChineseResident => chinese_resident(text, item),
    }
}

/// Years before 2000 are all that an id of 15 digits can mean.
const CENTURY: [u8; 2] = *b"19";
/// Where the year stands: behind six digits of a district.
const DISTRICT_DIGITS: usize = 6;
/// All of an id, its check digit included.
const RESIDENT_CHARACTERS: usize = 18;

fn chinese_resident(text: &str, item: &mut Item) -> Result<(), NormaliseError> {
    let mut typed = heapless::Vec::<u8, RESIDENT_CHARACTERS>::new();
    for c in text.chars().filter_map(without_separators) {
        let character = match c {
            // The Roman numeral, which the standard means.
            '\u{2169}' | '\u{2179}' => 'X',
            c => single_spelling(c).unwrap_or(c),
        };
        match character {
            c @ ('0'..='9' | 'x' | 'X') => typed
                .push(c.to_ascii_uppercase() as u8)
                .map_err(|_| NormaliseError::NotAnId)?,
            _ => return Err(NormaliseError::NotAnId),
        }
    }
    let (body, check) = match typed.len() {
        RESIDENT_CHARACTERS => typed.split_last().map(|(check, body)| (body, Some(*check))),
        15 => Some((typed.as_slice(), None)),
        _ => None,
    }
    .filter(|(body, _)| body.iter().all(u8::is_ascii_digit))
    .ok_or(NormaliseError::NotAnId)?;
    if let (None, Some((district, rest))) = (check, body.split_at_checked(DISTRICT_DIGITS)) {
        item.extend(district)?;
        item.extend(&CENTURY)?;
        item.extend(rest)?;
    } else {
        item.extend(body)?;
    }
    let computed = check_character(item.as_bytes());
    if check.is_some_and(|check| check != computed) {
        return Err(NormaliseError::CheckDigit);
    }
    item.push(computed)
}

/// ISO 7064 MOD 11-2 over the digits.
pub(crate) fn check_character(digits: &[u8]) -> u8 {
    let sum = digits.iter().fold(0u32, |sum, digit| {
        (sum + u32::from(digit.wrapping_sub(b'0'))) * 2 % 11
    });
    match (12 - sum) % 11 {
        10 => b'X',
        digit => b'0' + digit as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::made;
    use proptest::prelude::*;
    use std::string::String;
    use unicode_normalization::UnicodeNormalization;

    fn name(text: &str) -> Result<String, NormaliseError> {
        made(|item| normalise_name(CaseRule::Fold, text, None, item))
            .map(|item| String::from_utf8(item.as_bytes().to_vec()).unwrap())
    }

    #[test]
    fn names() {
        assert_eq!(name("Alice_42"), Ok("alice_42".into()));
        assert_eq!(name("ＡＬＩＣＥ"), Ok("alice".into()));
        assert_eq!(name("小明Abc"), Ok("小明abc".into()));
        assert_eq!(name("a\u{200B}li\u{AD}ce\u{FEFF}"), Ok("alice".into()));
        assert_eq!(name("José"), Err(NormaliseError::NeedsFolding));
        assert_eq!(name("a\tb"), Err(NormaliseError::ControlCharacter));
        let normalizer: Normalizer = |folding, text, folded| {
            assert_eq!(folding, Folding::Text(CaseRule::Fold));
            folded
                .push_str(&text.to_lowercase())
                .map_err(|_| NormaliseError::NeedsFolding)
        };
        let folded =
            made(|item| normalise_name(CaseRule::Fold, "José", Some(normalizer), item)).unwrap();
        assert_eq!(folded.as_bytes(), "josé".as_bytes());
        let exact = made(|item| normalise_name(CaseRule::Exact, "Alice", None, item)).unwrap();
        assert_eq!(exact.as_bytes(), b"Alice");
        for text in ["@alice", "＠alice", "@ @Alice", "@\u{200B}@alice"] {
            assert_eq!(name(text), Ok("alice".into()), "{text}");
        }
        assert_eq!(name("@"), Err(NormaliseError::Empty));
        // As typed text has none, an item has no blank at its ends.
        let spaced: Normalizer = |_, text, folded| {
            folded
                .push_str(&text.replace('\u{A8}', " \u{308}"))
                .map_err(|_| NormaliseError::NeedsFolding)
        };
        let folded =
            made(|item| normalise_name(CaseRule::Fold, "\u{A8}x", Some(spaced), item)).unwrap();
        assert_eq!(folded.as_bytes(), "\u{308}x".as_bytes());
    }

    proptest! {
        /// What a device accepts is what a host's tables make of it.
        #[test]
        fn accepted_without_tables_is_folded_with_them(text in "[ -~！-～ぁ-ゖァ-ヺー㐀-䶿一-鿿가-힣\u{80}-\u{24F}\u{300}-\u{36F}]{1,24}") {
            if let Ok(item) = made(|item| normalise_name(CaseRule::Fold, &text, None, item)) {
                let folded: String = text.nfkc().collect::<String>().to_lowercase().nfkc().collect();
                let visible: String = folded.chars().filter_map(visible).collect();
                let folded = visible.trim_start_matches('@');
                prop_assert_eq!(item.as_bytes(), crate::identifier::characters::trim(folded).as_bytes());
            }
        }
    }

    #[cfg(feature = "std")]
    #[test]
    fn dashes_and_blanks_of_ids() {
        let id = |separators, text| {
            let scheme = IdScheme::Plain(CaseRule::Fold, separators);
            let made =
                made(|item| normalise_id(scheme, text, Some(crate::identifier::fold::fold), item));
            String::from_utf8(made.unwrap().as_bytes().to_vec()).unwrap()
        };
        for text in [
            "78-9 B",
            "78\u{2013}9\u{A0}B",
            "７８－９　Ｂ",
            "78\u{2212}9\u{FE0F} b",
        ] {
            assert_eq!(id(Separators::Keep, text), "78-9 b", "{text}");
            assert_eq!(id(Separators::Ignore, text), "789b", "{text}");
        }
        for text in ["0084575948", "۰۰۸۴۵۷۵۹۴۸", "٠٠٨٤٥٧٥٩٤٨", "००८४५७५९४८"]
        {
            assert_eq!(id(Separators::Ignore, text), "0084575948", "{text}");
        }
    }

    #[test]
    fn invisible_is_what_unicode_calls_default_ignorable() {
        use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};
        let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>();
        for c in (0..=0x10_FFFF).filter_map(char::from_u32) {
            assert_eq!(
                is_invisible(c),
                ignorable.contains(c),
                "U+{:04X}",
                u32::from(c)
            );
        }
    }

    #[test]
    fn every_single_spelling_is_its_own_nfkc() {
        for c in (0..=0x10_FFFF).filter_map(char::from_u32) {
            if let Some(spelling) = single_spelling(c) {
                let nfkc: String = [c].iter().copied().nfkc().collect();
                assert_eq!(nfkc, String::from(spelling));
            }
        }
    }

    #[test]
    fn chinese_resident_ids() {
        let id = |text| made(|item| normalise_id(IdScheme::ChineseResident, text, None, item));
        // The two examples of GB 11643-1999.
        for text in ["11010519491231002X", "440524188001010014"] {
            assert_eq!(id(text).unwrap().as_bytes(), text.as_bytes());
        }
        assert_eq!(id("11010519491231002x"), id("11010519491231002X"));
        assert_eq!(id("１１０１０５19491231002X"), id("11010519491231002X"));
        assert_eq!(id("110105491231002"), id("11010519491231002X"));
        assert_eq!(id("110105194912310021"), Err(NormaliseError::CheckDigit));
        assert_eq!(id("11010519491231X02X"), Err(NormaliseError::NotAnId));
        assert_eq!(id("1101051949123100"), Err(NormaliseError::NotAnId));
        assert_eq!(id("11010519491231002é"), Err(NormaliseError::NotAnId));
    }
}
