//! Telephone numbers come out as libphonenumber has them: its own example
//! numbers in four spellings, and random ones through its Rust port.

use std::collections::BTreeMap;

use leaksieve::profile::phone_profile;
use leaksieve_core::identifier::{Coverage, Identifier, NormaliseError, Profile};
use rlibphonenumber::{PhoneNumberFormat, PhoneNumberUtil, Region};

const EXAMPLES: &str = include_str!("../data/phone_examples.tsv");
const REGIONS: &str = include_str!("../../host-builder/src/profile/regions.tsv");

/// Most of the world's telephones; more random numbers go to these.
const MAIN_REGIONS: &str =
    "CN HK TW US GB DE FR IN BR AR MX RU JP KR ID IT ES AU NG PK BD VN TR IR EG ZA";

/// The Rust port holds metadata 9.0.42, `regions.tsv` 9.0.43; these regions changed.
const CHANGED_REGIONS: [&str; 4] = ["BJ", "LA", "RO", "ZW"];

/// Regions that share a calling code with a larger one whose numbers begin with
/// its digits. Numbers of the larger region are incidental here.
const SHARING_REGIONS: [&str; 6] = ["AX", "EH", "KZ", "SJ", "VA", "YT"];

fn data_lines(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split('\t').collect())
}

fn profile(region: &str) -> Profile {
    Profile::Phone(phone_profile(region).unwrap())
}

fn read(profile: &Profile, text: &str) -> Result<(String, Coverage), NormaliseError> {
    let item = profile.normalise(&Identifier::new(text.as_bytes()))?;
    Ok((
        String::from_utf8(item.as_bytes().to_vec()).unwrap(),
        item.coverage(),
    ))
}

#[test]
fn every_example_in_every_spelling() {
    let mut num_spellings = 0;
    let mut differences = Vec::new();
    for fields in data_lines(EXAMPLES) {
        let (region, e164) = (fields[0], fields[1]);
        let profile = profile(region);
        for spelling in &fields[2..] {
            num_spellings += 1;
            let ours = read(&profile, spelling);
            if ours != Ok((e164.to_owned(), Coverage::Complete)) {
                differences.push(format!("{region} {spelling}: {e164}, not {ours:?}"));
            }
        }
    }
    assert_eq!(num_spellings, 5496);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn every_example_in_a_world_dataset() {
    let world = profile("world");
    let mut differences: BTreeMap<String, u32> = BTreeMap::new();
    for fields in data_lines(EXAMPLES) {
        let [e164, international, uri] = [2, 3, 5].map(|at| read(&world, fields[at]));
        // One number is one item, and is found by all who spell it out.
        assert_eq!(e164, international, "{fields:?}");
        assert_eq!(e164, uri, "{fields:?}");
        if e164 != Ok((fields[1].to_owned(), Coverage::Complete)) {
            let what = match e164 {
                Ok((_, Coverage::Complete)) => "other item",
                Ok((_, Coverage::Incidental(_))) => "incidental",
                Err(_) => "refused",
            };
            *differences
                .entry(format!("{what} {}", fields[0]))
                .or_default() += 1;
        }
    }
    // A 0 after the country code is taken for a trunk prefix. Where some or all
    // numbers begin with one after all, it is left out of all of their spellings.
    // Incidental: 7 digits after +1. Refused: 6 digits with the country code.
    let expected = [
        ("incidental CA", 1),
        ("other item BJ", 3),
        ("other item BW", 1),
        ("other item BY", 1),
        ("other item BZ", 1),
        ("other item FJ", 1),
        ("other item GA", 3),
        ("other item MO", 1),
        ("other item NC", 1),
        ("other item SM", 2),
        ("other item SZ", 1),
        ("other item TO", 1),
        ("refused IR", 1),
    ];
    let differences: Vec<_> = differences
        .iter()
        .map(|(what, count)| (what.as_str(), *count))
        .collect();
    assert_eq!(differences, expected);
}

/// xorshift64: the same numbers on every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 16) % n as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn digit(&mut self) -> char {
        char::from(b'0' + self.below(10) as u8)
    }
}

const SEPARATORS: [&str; 14] = [
    "", "", "", "", " ", "-", ".", "\u{A0}", "\u{2011}", " - ", "/", "\u{3000}", "(", ")",
];

/// A national number of a possible length; every other one begins like an example.
fn random_national(random: &mut Random, lengths: &[usize], examples: &[&str]) -> String {
    if random.below(2) == 0 {
        let example = random.pick(examples);
        let num_kept = random.below(example.len());
        let mut digits = example[..num_kept].to_owned();
        digits.extend((num_kept..example.len()).map(|_| random.digit()));
        return digits;
    }
    (0..random.pick(lengths)).map(|_| random.digit()).collect()
}

/// The number with prefixes that a person may put before it, right or wrong, and separators.
fn random_spelling(random: &mut Random, region: &[&str], national: &str) -> String {
    let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'+');
    let mut text = String::new();
    match random.below(4) {
        0 => {
            let prefix = random.pick(&["+", "+", "00", "011", region[4]]);
            text += if is_plain(prefix) { prefix } else { "+" };
            text += region[1];
        }
        1 => text += region[1],
        _ => {}
    }
    text += random.pick(&SEPARATORS);
    let trunk = random.pick(&["", "", "", "0", "1", "8", "06", region[5]]);
    text += if is_plain(trunk) { trunk } else { "" };
    let is_wide = random.below(8) == 0;
    let is_separated = random.below(2) == 0;
    for digit in national.chars() {
        let wide = char::from_u32(digit as u32 - '0' as u32 + 0xFF10);
        text.push(if is_wide { wide.unwrap() } else { digit });
        if is_separated {
            text += random.pick(&SEPARATORS);
        }
    }
    text
}

#[test]
fn random_spellings() {
    let util = PhoneNumberUtil::new().unwrap();
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let mut num_valid = 0;
    let mut differences: BTreeMap<(&str, &str), (u32, String)> = BTreeMap::new();
    for region in data_lines(REGIONS) {
        let name = region[0];
        let code = Region::from_code(name).unwrap();
        let profile = profile(name);
        let lengths: Vec<usize> = region[3].split(',').map(|n| n.parse().unwrap()).collect();
        let examples: Vec<&str> = data_lines(EXAMPLES)
            .filter(|fields| fields[0] == name)
            .map(|fields| &fields[1][region[1].len()..])
            .collect();
        let num_spellings = if MAIN_REGIONS.contains(name) {
            2000
        } else {
            300
        };
        for _ in 0..num_spellings {
            let national = random_national(&mut random, &lengths, &examples);
            let text = random_spelling(&mut random, &region, &national);
            let Ok(theirs) = util.parse(&text, Some(code)) else {
                continue;
            };
            if !util.is_valid_number(&theirs) {
                continue;
            }
            num_valid += 1;
            let e164 = util.format(&theirs, PhoneNumberFormat::E164)[1..].to_owned();
            let difference = match read(&profile, &text) {
                // Without that country's rules the item may be another; nothing is claimed of it.
                Ok((_, Coverage::Incidental(NormaliseError::OtherCountry))) => {
                    assert!(!e164.starts_with(region[1]), "{name} {text}");
                    continue;
                }
                Ok((ours, _)) if ours != e164 => "other item",
                Ok((_, Coverage::Complete)) => continue,
                Ok((_, Coverage::Incidental(_))) => "incidental",
                Err(_) => "refused",
            };
            let entry = differences.entry((name, difference)).or_default();
            entry.0 += 1;
            entry.1 = format!("{text} -> {e164}");
        }
    }
    println!("{num_valid} valid numbers; {differences:#?}");
    assert!(num_valid > 20_000);
    differences.retain(|(name, difference), _| {
        let is_known = CHANGED_REGIONS.contains(name)
            || *difference == "incidental" && SHARING_REGIONS.contains(name);
        !is_known
    });
    assert!(differences.is_empty(), "{differences:#?}");
}
