//! Spellings, refusals and hostile profiles. What the rules of every region
//! give is compared with libphonenumber in `tests/tests/phone_libphonenumber.rs`.

use std::string::{String, ToString};
use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::fields::Fields;
use crate::identifier::made;

fn normalise(profile: &PhoneProfile, text: &str) -> Result<Item, NormaliseError> {
    made(|item| super::reading(profile, text, Side::Ask, 0, item).map(drop))
}

/// The profiles of China, the United States and the world as the builder writes
/// them, in hexadecimal, without the lengths that postcard puts before lists.
const CN: [&str; 3] = [
    "180f10ffff0118022401040630803cff470046ff4fff57011c",
    "140f10ffff0100021c06288034ff3f003eff47ff07",
    "220070c00ac007c00360076003e003600002600400b80a40100075791b8624bf2b4034",
];
const US: [&str; 3] = [
    "0a0f10ffff0114021c0204",
    "060f10ffff0204",
    "0a002000024002f403080c",
];
const WORLD_RULES: [&str; 3] = [
    "080f10ffff01140104",
    "1e0010ffff042808381040004e0450105c00668064006ee06484640104046410101000040220202880340204042400\
     050c201000030814401c01244004121010000108180026802c0036013c083c00050c101000020814801c2024000534\
     1010ffff82480450086010702080409000a100b6010481487ec75f4aa0c5fb4b04c4fe4901c67f4880c75648a9c73f\
     49c0c6ff4f",
    "3000500004e007e00fe03fe003020004500870108820a483087410081800260210a11b5c2410094e1aa12404000118\
     02243000500004e007e00fe03fe0032050406880000089009e0809f010001e11082011ce1800261008661d20094012\
     87181824",
];

fn unhex(text: &str) -> Vec<u8> {
    let digit = |b: u8| char::from(b).to_digit(16).unwrap() as u8;
    text.as_bytes()
        .chunks(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]))
        .collect()
}

fn profile(region: [u8; 2], calling_code: u16, num_digits: u32, lists: [&str; 3]) -> PhoneProfile {
    let lists = lists.map(unhex);
    PhoneProfile {
        region,
        calling_code,
        num_digits,
        has_calling_codes: false,
        num_international_bytes: lists[0].len() as u8,
        num_national_bytes: lists[1].len() as u8,
        rules: lists.concat().as_slice().try_into().unwrap(),
    }
}

fn china() -> PhoneProfile {
    profile(*b"CN", 86, 0x1F80, CN)
}

fn usa() -> PhoneProfile {
    profile(*b"US", 1, 1 << 10, US)
}

fn world() -> PhoneProfile {
    profile(WORLD, 0, 0xFF80, WORLD_RULES)
}

/// The digits of all readings of a question.
fn readings(profile: &PhoneProfile, text: &str) -> Result<Vec<String>, NormaliseError> {
    let mut all = Vec::new();
    let mut item = Item::empty();
    for index in 0..=MAX_READINGS {
        if !super::reading(profile, text, Side::Ask, index, &mut item)? {
            return Ok(all);
        }
        assert!(index < MAX_READINGS);
        all.push(String::from_utf8(item.as_bytes().to_vec()).unwrap());
    }
    panic!("too many readings, and no error");
}

/// The digits of a complete item.
fn complete(profile: &PhoneProfile, text: &str) -> Result<String, NormaliseError> {
    let item = normalise(profile, text)?;
    match item.coverage() {
        Coverage::Complete => Ok(String::from_utf8(item.as_bytes().to_vec()).unwrap()),
        Coverage::Incidental(reason) => panic!("{text:?} is incidental: {reason}"),
    }
}

fn incidental(profile: &PhoneProfile, text: &str) -> (String, NormaliseError) {
    let item = normalise(profile, text).unwrap();
    let digits = core::str::from_utf8(item.as_bytes()).unwrap().to_string();
    match item.coverage() {
        Coverage::Complete => panic!("{text:?} is complete: {digits}"),
        Coverage::Incidental(reason) => (digits, reason),
    }
}

#[test]
fn spellings_of_one_number() {
    for text in [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "(138)0013.8000",
        "\u{FF08}138\u{FF09}0013\u{FF0D}8000",
        "138\u{A0}0013\u{202F}8000",
        "138\u{2011}0013\u{2013}8000",
        "138\u{200B}0013\u{AD}8000",
        "138~0013-8000",
        "\u{202D}13800138000\u{202C}",
        "'13800138000",
        "\"13800138000\",",
        "+8613800138000",
        "+86 138 0013 8000",
        "(+86) 138-0013-8000",
        "\u{FF0B}\u{FF18}\u{FF16} \u{FF11}\u{FF13}\u{FF18}00138000",
        "\u{661}\u{663}\u{668}\u{660}\u{660}\u{661}\u{663}\u{668}\u{660}\u{660}\u{660}",
        "\u{1D7CF}3800138000",
        "8613800138000",
        "86-138-0013-8000",
        "0086 13800138000",
        "+0086 13800138000",
        "17951 13800138000",
        "013800138000",
        "tel:+86-138-0013-8000",
        "TEL:138-0013-8000",
        "tel:138-0013-8000;phone-context=+86",
        "tel:138-0013-8000;ext=12;phone-context=+86",
        "tel:13800138000;phone-context=example.com",
        "tel:+8613800138000;isub=1",
    ] {
        assert_eq!(
            complete(&china(), text),
            Ok("8613800138000".into()),
            "{text:?}"
        );
    }
}

#[test]
fn extensions_are_left_out() {
    for text in [
        "650 253 0000 ext. 12",
        "650 253 0000 ext 12",
        "650 253 0000 EXT:12",
        "650 253 0000, extension 12",
        "650 253 0000 extensi\u{F3}n 12",
        "650 253 0000x12",
        "650 253 0000 #12",
        "650 253 0000~12",
        "650 253 0000,,12#",
        "650 253 0000;12",
        "650 253 0000;123456",
        "650 253 0000, 123456",
        "650 253 0000;ext=12",
        "650 253 0000 - 12#",
        "650 253 0000 int 12",
        "650 253 0000 \u{434}\u{43E}\u{431}. 12",
    ] {
        assert_eq!(complete(&usa(), text), Ok("16502530000".into()), "{text:?}");
    }
}

#[test]
fn what_cannot_be_a_number_is_refused() {
    use NormaliseError as E;
    for (text, error) in [
        ("1-800-FLOWERS", E::UnexpectedCharacter),
        ("abc", E::UnexpectedCharacter),
        ("-", E::TooFewDigits),
        ("+", E::TooFewDigits),
        ("12", E::TooFewDigits),
        ("253 0000", E::TooFewDigits),
        ("650 253 00000 0", E::TooManyDigits),
        ("1234567890123456789012345678901234567890", E::TooManyDigits),
        ("650 253 0000\t1", E::ControlCharacter),
        // Not an extension, but perhaps a second number.
        ("650 253 0000;650 253 0001", E::UnexpectedCharacter),
        ("6502530000;6502530001", E::UnexpectedCharacter),
        ("6502530000;2530001", E::UnexpectedCharacter),
        ("6502530000,,6502530001", E::UnexpectedCharacter),
        ("6502530000,2530001", E::UnexpectedCharacter),
        ("650+253 0000", E::UnexpectedCharacter),
        ("650 253 0000 650 253 0001, x", E::UnexpectedCharacter),
        ("*67 650 253 0000", E::Masked),
        ("650****0000", E::Masked),
        ("6502530000#", E::UnexpectedCharacter),
        // 0000 is an extension.
        ("650 253 0000#", E::TooFewDigits),
        ("650 253 0000 \u{4E00}", E::UnexpectedCharacter),
        ("6.5e9", E::Exponent),
        ("6.50253E+09", E::Exponent),
        ("6502530000.0", E::Fraction),
        ("+6502530000.00", E::Fraction),
        ("tel:650;phone-context=", E::UnexpectedCharacter),
        ("+44 20", E::TooFewDigits),
        ("+44 20 7946 0000 0000 00", E::TooManyDigits),
    ] {
        assert_eq!(normalise(&usa(), text), Err(error), "{text:?}");
    }
    assert_eq!(
        normalise(&world(), "020 7946 0000"),
        Err(E::NeedsCountryCode)
    );
}

#[test]
fn numbers_of_other_countries_are_incidental() {
    let london = ("442079460000".to_string(), NormaliseError::OtherCountry);
    for text in [
        "+44 20 7946 0000",
        "0044 20 7946 0000",
        "+44 (0)20 7946 0000",
        "00 44 (0) 20 7946 0000",
    ] {
        assert_eq!(incidental(&china(), text), london, "{text:?}");
    }
}

/// Which of these are numbers, the plan says.
#[test]
fn digits_that_can_mean_several_numbers() {
    let zeros_within = "0062-812-3456-7890";
    for (profile, text, expected) in [
        // As many digits as a Chinese number may have, but those of a British one.
        (china(), "447911123456", &["86447911123456"][..]),
        (china(), "8613800138000", &["8613800138000"]),
        (china(), "13800138000", &["8613800138000"]),
        // 00 is not what is dialled in the United States to go abroad.
        (usa(), "001 650 253 0000", &["16502530000"]),
        (usa(), "011 1 650 253 0000", &["16502530000"]),
        (
            china(),
            "0371-6712345-80",
            &["86371671234580", "863716712345"],
        ),
        (
            china(),
            "0755-26012345/6",
            &["86755260123456", "8675526012345"],
        ),
        (china(), "138-0013-8000", &["8613800138000", "861380013"]),
        (usa(), zeros_within, &[][..]),
        (world(), "8613800138000", &["8613800138000"]),
        (
            world(),
            "+44 (0)20 7946 0000",
            &["4402079460000", "442079460000"],
        ),
    ] {
        let found = readings(&profile, text).unwrap_or_default();
        assert_eq!(found, expected, "{text}");
    }
    // Nobody knows the country, so its absence proves nothing; a list's line has it.
    let (_, reason) = incidental(&world(), "8613800138000");
    assert_eq!(reason, NormaliseError::NeedsCountryCode);
    let line =
        made(|item| super::reading(&world(), "8613800138000", Side::Store, 0, item).map(drop));
    assert_eq!(line.unwrap().coverage(), Coverage::Complete);
}

#[test]
fn the_world_takes_out_what_is_dialled_only_at_home() {
    for (text, digits) in [
        ("+86 138 0013 8000", "8613800138000"),
        ("0086 138 0013 8000", "8613800138000"),
        ("+44 20 7946 0000", "442079460000"),
        ("+44 (0)20 7946 0000", "442079460000"),
        ("+44 020 7946 0000", "442079460000"),
        ("+353 (0)1 234 5678", "35312345678"),
        ("+1 650 253 0000", "16502530000"),
        ("+1 1 650 253 0000", "16502530000"),
        ("+7 8 301 123 45 67", "73011234567"),
        ("+36 06 1 234 5678", "3612345678"),
        ("+52 1 200 123 4567", "522001234567"),
        // In Italy the 0 belongs to the number.
        ("+39 06 1234 5678", "390612345678"),
        ("+39 (0)6 1234 5678", "390612345678"),
    ] {
        let readings = readings(&world(), text).unwrap();
        assert!(readings.contains(&digits.to_string()), "{text:?}");
    }
}

#[test]
fn built_profiles_are_possible() {
    for profile in [china(), usa(), world()] {
        assert!(profile.is_possible());
    }
}

#[test]
fn damaged_profiles_are_impossible() {
    type Damage = fn(&mut PhoneProfile);
    let damages: [(&str, Damage); 8] = [
        ("lower_case_region", |p| p.region = *b"cn"),
        ("world_with_calling_code", |p| p.region = WORLD),
        ("region_without_calling_code", |p| p.calling_code = 0),
        ("calling_code_of_four_digits", |p| p.calling_code = 1000),
        ("no_length", |p| p.num_digits = 0),
        ("length_of_18_digits", |p| p.num_digits = 1 << 18),
        ("rules_cut_short", |p| {
            p.rules.0.pop();
        }),
        ("lists_longer_than_rules", |p| p.num_national_bytes = 250),
    ];
    for (name, damage) in damages {
        let mut profile = china();
        damage(&mut profile);
        assert!(!profile.is_possible(), "{name}");
    }
    // Each target in turn outside its rule.
    let mut profile = china();
    let last = profile.rules.len() - 1;
    profile.rules[last] |= 0xF8;
    assert!(!profile.is_possible());
}

#[test]
fn profile_bytes() {
    let mut buffer = [0; 128];
    let bytes = postcard::to_slice(&china(), &mut buffer).unwrap();
    let expected = ["434e5600801f000000191551", CN[0], CN[1], CN[2]].concat();
    assert_eq!(bytes, unhex(&expected));
    let mut fields = Fields::new(bytes);
    let mut read = PhoneProfile::EMPTY;
    assert_eq!(read.read(&mut fields), Ok(()));
    assert!(fields.is_empty() && read == china());
}

proptest! {
    #[test]
    fn any_profile_and_any_text_do_not_panic(
        region in any::<[u8; 2]>(),
        calling_code in any::<u16>(),
        num_digits in any::<u32>(),
        num_international_bytes in any::<u8>(),
        num_national_bytes in any::<u8>(),
        rules in proptest::collection::vec(any::<u8>(), 0..=MAX_RULE_BYTES),
        text in "[+0-9 ;,x#()~\u{FF10}-\u{FF19}]{1,40}|\\PC{1,40}",
    ) {
        let rules = rules.as_slice().try_into().unwrap();
        let profile = PhoneProfile {
            region, calling_code, num_digits, has_calling_codes: false, num_international_bytes,
            num_national_bytes, rules,
        };
        let _ = profile.is_possible();
        let _ = readings(&profile, &text);
    }

    #[test]
    fn any_damage_to_a_profile_does_not_panic(
        at in 0..78_usize,
        value in any::<u8>(),
        digits in "(\\+|00|86|0)?[0-9]{5,18}",
    ) {
        let mut profile = china();
        profile.rules[at] = value;
        let _ = profile.is_possible();
        let _ = readings(&profile, &digits);
    }

    /// But for those that an extension may follow.
    #[test]
    fn separators_never_matter(digits in "[0-9]{3,15}", at in 0..15_usize, separator in "[ ()\u{A0}\u{3000}]") {
        let at = at.min(digits.len());
        let written = [&digits[..at], separator.as_str(), &digits[at..]].concat();
        prop_assert_eq!(normalise(&china(), &written), normalise(&china(), &digits));
    }
}
