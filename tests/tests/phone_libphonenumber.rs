//! What libphonenumber takes a telephone number for is among what a list stores of it, and among
//! what is asked: of its own example numbers in four spellings, and of random ones through its
//! Rust port.

use std::collections::BTreeMap;

use leaksieve::input::profile::{phone_plan, phone_profile};
use leaksieve_core::identifier::phone::MAX_DIGITS;
use leaksieve_core::identifier::phone::plan::{Judgement, Plan};
use leaksieve_core::identifier::store::{Stored, store};
use leaksieve_core::identifier::{
    Coverage, Identifier, Item, MAX_READINGS, NormaliseError, Profile, Side,
};
use rlibphonenumber::{PhoneNumberFormat, PhoneNumberUtil, Region};

const EXAMPLES: &str = include_str!("../data/phone_examples.tsv");
const REGIONS: &str = include_str!("../../host-builder/src/input/profile/regions.tsv");

/// Most of the world's telephones; more random numbers go to these.
const MAIN_REGIONS: &str =
    "CN HK TW US GB DE FR IN BR AR MX RU JP KR ID IT ES AU NG PK BD VN TR IR EG ZA";

/// The Rust port holds metadata 9.0.42, `regions.tsv` 9.0.43; these regions changed.
const CHANGED_REGIONS: [&str; 4] = ["BJ", "LA", "RO", "ZW"];

fn data_lines(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split('\t').collect())
}

/// A region's rules, and its numbering plan.
struct Rules {
    profile: Profile,
    plan: Plan<'static>,
}

/// What a text is asked as.
struct Asked {
    items: Vec<String>,
    /// The plan has one of them, so that "not exposed" may be said.
    is_covered: bool,
}

impl Rules {
    fn of(region: &str) -> Self {
        Self {
            profile: Profile::Phone(phone_profile(region).unwrap()),
            plan: Plan(&phone_plan(region).unwrap().payloads),
        }
    }

    /// What a list stores of a line.
    fn stored(&self, text: &str) -> Result<Vec<String>, NormaliseError> {
        let mut stored = Stored::new();
        let line = Identifier::new(text.as_bytes());
        store(&self.profile, &line, Some(self.plan), &mut stored)?;
        Ok(stored.items().iter().map(digits).collect())
    }

    /// All readings of a question, with the other forms of those that the plan changed.
    fn asked(&self, text: &str) -> Result<Asked, NormaliseError> {
        let question = Identifier::new(text.as_bytes());
        let mut asked = Asked {
            items: Vec::new(),
            is_covered: false,
        };
        let mut item = Item::empty();
        for index in 0..=MAX_READINGS {
            if !self
                .profile
                .reading(&question, Side::Ask, index, &mut item)?
            {
                return Ok(asked);
            }
            asked.items.push(digits(&item));
            if item.coverage() != Coverage::Complete {
                continue;
            }
            let judgement = self.plan.judge(item.as_bytes()).unwrap();
            asked.is_covered |= judgement != Judgement::OUTSIDE;
            let mut place = [0; MAX_DIGITS];
            let changed = judgement
                .change
                .and_then(|change| change.apply(item.as_bytes(), &mut place));
            asked
                .items
                .extend(changed.map(|digits| String::from_utf8(digits.to_vec()).unwrap()));
        }
        panic!("an identifier with more than {MAX_READINGS} readings");
    }

    /// What is wrong with how a number is stored and asked in this spelling.
    fn difference(&self, text: &str, e164: &str) -> Option<String> {
        let has = |items: &[String]| items.iter().any(|item| item == e164);
        match (self.stored(text), self.asked(text)) {
            (Err(error), _) | (_, Err(error)) => Some(format!("refused: {error}")),
            (Ok(stored), _) if !has(&stored) => Some("not stored".to_owned()),
            (_, Ok(asked)) if !has(&asked.items) => Some("not asked".to_owned()),
            (_, Ok(asked)) if !asked.is_covered => Some("not covered".to_owned()),
            _ => None,
        }
    }
}

fn digits(item: &Item) -> String {
    String::from_utf8(item.as_bytes().to_vec()).unwrap()
}

#[test]
fn every_example_in_every_spelling() {
    let mut num_spellings = 0;
    let mut differences = Vec::new();
    for fields in data_lines(EXAMPLES) {
        let (region, e164) = (fields[0], fields[1]);
        let rules = Rules::of(region);
        for spelling in &fields[2..] {
            num_spellings += 1;
            if let Some(difference) = rules.difference(spelling, e164) {
                differences.push(format!("{region} {spelling}: {difference}"));
            }
        }
    }
    assert_eq!(num_spellings, 5496);
    assert!(differences.is_empty(), "{differences:#?}");
}

#[test]
fn every_example_in_a_world_dataset() {
    let world = Rules::of("world");
    let mut differences = Vec::new();
    for fields in data_lines(EXAMPLES) {
        // All but the national form, which says no country.
        for at in [2, 3, 5] {
            if let Some(difference) = world.difference(fields[at], fields[1]) {
                differences.push(format!("{}: {difference}", fields[at]));
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
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
            let prefix = random.pick(&["+", "+", "00", "011", region[3]]);
            text += if is_plain(prefix) { prefix } else { "+" };
            text += region[1];
        }
        1 => text += region[1],
        _ => {}
    }
    text += random.pick(&SEPARATORS);
    let trunk = random.pick(&["", "", "", "0", "1", "8", "06", region[4]]);
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
    let mut differences: BTreeMap<(&str, String), (u32, String)> = BTreeMap::new();
    for region in data_lines(REGIONS) {
        let name = region[0];
        let code = Region::from_code(name).unwrap();
        let rules = Rules::of(name);
        let lengths: Vec<usize> = region[2].split(',').map(|n| n.parse().unwrap()).collect();
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
            let difference = if e164.starts_with(region[1]) {
                rules.difference(&text, &e164)
            } else {
                // Without that country's rules the item may be another; nothing is claimed of it.
                rules
                    .asked(&text)
                    .is_ok_and(|asked| asked.is_covered && !asked.items.contains(&e164))
                    .then(|| "claimed".to_owned())
            };
            let Some(difference) = difference else {
                continue;
            };
            let entry = differences.entry((name, difference)).or_default();
            entry.0 += 1;
            entry.1 = format!("{text} -> {e164}");
        }
    }
    println!("{num_valid} valid numbers; {differences:#?}");
    assert!(num_valid > 20_000);
    differences.retain(|(name, _), _| !CHANGED_REGIONS.contains(name));
    assert!(differences.is_empty(), "{differences:#?}");
}
