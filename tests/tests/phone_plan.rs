//! Plans say of every number what libphonenumber says, through its Rust port.

use std::collections::BTreeMap;

use leaksieve::input::profile::{PhonePlan, phone_plan};
use leaksieve_core::identifier::phone::plan::Plan;
use rlibphonenumber::{PhoneNumber, PhoneNumberUtil};

const EXAMPLES: &str = include_str!("../data/phone_examples.tsv");
const REGIONS: &str = include_str!("../../host-builder/src/input/profile/regions.tsv");
const PLANS: &str = include_str!("../../host-builder/src/input/profile/plans.tsv");

/// The Rust port holds metadata 9.0.42, the plans 9.0.43; these calling codes changed: those of
/// Benin, Laos, Romania, Zimbabwe, Germany, Ecuador and Georgia.
const CHANGED: [&str; 7] = ["229", "856", "40", "263", "49", "593", "995"];

fn data_lines(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.split('\t').collect())
}

fn is_valid(plan: &PhonePlan, digits: &str) -> bool {
    let judgement = Plan(&plan.payloads).judge(digits.as_bytes());
    judgement.unwrap().is_valid
}

#[test]
fn every_example_is_valid() {
    let world = phone_plan("world").unwrap();
    let mut num_examples = 0;
    for fields in data_lines(EXAMPLES) {
        let (region, e164) = (fields[0], fields[1]);
        assert!(
            is_valid(phone_plan(region).unwrap(), e164),
            "{region} {e164}"
        );
        assert!(is_valid(world, e164), "world {e164}");
        num_examples += 1;
    }
    assert_eq!(num_examples, 1374);
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

    fn digit(&mut self) -> char {
        char::from(b'0' + self.below(10) as u8)
    }

    /// A number that the pattern matches, but for what is random in this: a choice is made of
    /// its alternatives, a digit of its classes, a count of its repetitions.
    fn matching(&mut self, pattern: &mut std::iter::Peekable<std::str::Chars<'_>>) -> String {
        let mut alternatives = vec![String::new()];
        let mut last_start = 0;
        while let Some(c) = pattern.next() {
            let text = alternatives.last_mut().unwrap();
            match c {
                ')' => break,
                '|' => {
                    alternatives.push(String::new());
                    continue;
                }
                '(' => {
                    pattern.nth(1);
                    last_start = text.len();
                    *text += &self.matching(pattern);
                }
                '[' => {
                    let class: String = pattern.by_ref().take_while(|c| *c != ']').collect();
                    let class: Vec<char> = class.chars().collect();
                    let mut digits = Vec::new();
                    for (at, c) in class.iter().enumerate() {
                        match c {
                            '-' => digits.extend(class[at - 1]..=class[at + 1]),
                            c => digits.push(*c),
                        }
                    }
                    last_start = text.len();
                    text.push(digits[self.below(digits.len())]);
                }
                '\\' => {
                    pattern.next();
                    last_start = text.len();
                    text.push(self.digit());
                }
                '?' => {
                    if self.below(2) == 0 {
                        text.truncate(last_start);
                    }
                }
                '{' => {
                    let counts: String = pattern.by_ref().take_while(|c| *c != '}').collect();
                    let (min, max) = counts
                        .split_once(',')
                        .unwrap_or((counts.as_str(), counts.as_str()));
                    let (min, max): (usize, usize) = (min.parse().unwrap(), max.parse().unwrap());
                    let count = min + self.below(max - min + 1);
                    let one = text.split_off(last_start);
                    for _ in 0..count {
                        // Classes are drawn anew for plain digits only; others repeat.
                        let again = if one.len() == 1 {
                            self.digit().to_string()
                        } else {
                            one.clone()
                        };
                        *text += &again;
                    }
                }
                digit => {
                    last_start = text.len();
                    text.push(digit);
                }
            }
        }
        let at = self.below(alternatives.len());
        alternatives.swap_remove(at)
    }
}

/// A number as libphonenumber has it: leading zeros counted apart.
fn number(calling_code: &str, national: &str) -> PhoneNumber {
    let num_zeros = national.len() - national.trim_start_matches('0').len();
    let num_zeros = num_zeros.min(national.len() - 1);
    PhoneNumber {
        country_code: calling_code.parse().unwrap(),
        national_number: national.parse().unwrap(),
        italian_leading_zero: (num_zeros > 0).then_some(true),
        number_of_leading_zeros: (num_zeros > 0).then_some(num_zeros as i32),
        ..PhoneNumber::default()
    }
}

#[test]
fn random_numbers() {
    let util = PhoneNumberUtil::new().unwrap();
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let world = phone_plan("world").unwrap();
    let regions: BTreeMap<&str, &str> = data_lines(REGIONS).map(|f| (f[1], f[0])).collect();
    let (mut num_valid, mut num_asked) = (0, 0);
    let mut differences: BTreeMap<(&str, bool), (u32, String)> = BTreeMap::new();
    for fields in data_lines(PLANS) {
        let (calling_code, pattern) = (fields[0], fields[3]);
        let plan = regions
            .get(calling_code)
            .map(|region| phone_plan(region).unwrap());
        let num_numbers = 200 + 2 * pattern.len().min(1000);
        for _ in 0..num_numbers {
            let mut national = random.matching(&mut pattern.chars().peekable());
            // Every other one with a slip: a digit wrong, left out, or too many.
            let at = random.below(national.len());
            match random.below(6) {
                0 => national.replace_range(at..at + 1, &random.digit().to_string()),
                1 => national.insert(at, random.digit()),
                2 if national.len() > 2 => _ = national.remove(at),
                _ => {}
            }
            let theirs = util.is_valid_number(&number(calling_code, &national));
            let digits = format!("{calling_code}{national}");
            let ours = is_valid(world, &digits);
            if let Some(plan) = plan {
                assert_eq!(is_valid(plan, &digits), ours, "{digits}");
            }
            num_asked += 1;
            num_valid += u32::from(theirs);
            if ours != theirs && !CHANGED.contains(&calling_code) {
                let entry = differences.entry((fields[1], ours)).or_default();
                entry.0 += 1;
                entry.1 = digits;
            }
        }
    }
    println!("{num_asked} numbers, {num_valid} valid; {differences:#?}");
    assert!(num_valid > 50_000);
    assert!(differences.is_empty(), "{differences:#?}");
}
