//! Generated leaks, in the shapes that leaks have, of people who do not exist.
//!
//! Phone numbers are of block 145, which was given to data cards that nobody calls: a block
//! that no operator was given is outside the numbering plan. The one exception is
//! 13800138000, China Mobile's service line, which stands in documentation everywhere. E-mail addresses are of the domains that RFC 2606 keeps
//! for examples.
//!
//! # Invariants
//! Row i is the same on every machine. Members and strangers never meet: members have
//! even subscriber numbers, strangers odd ones.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::read::MultiGzDecoder;

/// Rows of the demo's leak.
pub const NUM_ROWS: u64 = 200_000;

/// The row with [`SERVICE_LINE`].
pub const SERVICE_LINE_ROW: u64 = 138_000;

/// The one number in the leak that exists.
pub const SERVICE_LINE: &str = "13800138000";

/// Members, and as many strangers, that block 145 has room for.
const HALF_BLOCK: u64 = 50_000_000;

/// Vigna's splitmix64: one well-mixed number for each number.
pub const fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// A generator of choices for one row.
struct Choices(u64);

impl Choices {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = mix(self.0);
        // The rest is below `limit`, so it fits.
        (self.0 % limit as u64) as usize
    }

    fn of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// A number of block 145, another for each index below [`HALF_BLOCK`]: the factor has
/// no divisor in common with it.
fn block_145(index: u64, parity: u64) -> String {
    let scattered = (index % HALF_BLOCK * 48_271_003 + 12_345_679) % HALF_BLOCK;
    format!("145{:08}", 2 * scattered + parity)
}

/// The phone number of row `index`, as eleven digits.
pub fn phone(index: u64) -> String {
    if index == SERVICE_LINE_ROW {
        SERVICE_LINE.to_owned()
    } else {
        block_145(index, 0)
    }
}

/// A phone number that is in no row.
pub fn stranger_phone(index: u64) -> String {
    block_145(index, 1)
}

/// A number in its one international form, such as `+8613800138000`.
pub fn e164(national: &str) -> String {
    format!("+86{national}")
}

/// The forms in which people write a Chinese mobile number of eleven digits.
pub fn phone_spellings(national: &str) -> Vec<String> {
    let (a, rest) = national.split_at(3.min(national.len()));
    let (b, c) = rest.split_at(4.min(rest.len()));
    vec![
        national.to_owned(),
        format!("+86 {a}-{b}-{c}"),
        format!("0086 {a} {b} {c}"),
        full_width(national),
        format!("86-{a}-{b}-{c}"),
        format!("{a} {b} {c}"),
        format!("(+86){a}-{b}-{c}"),
        format!("+86 ({a}) {b}.{c}"),
        e164(national),
        full_width(&format!("+86 {a} {b} {c}")),
        format!("tel:+86-{a}-{b}-{c}"),
        format!("0086{national}"),
        format!("+86\u{a0}{a}\u{2013}{b}\u{2013}{c}"),
    ]
}

/// Digits, plus and space as wide as a Chinese character, as such keyboards give them.
fn full_width(text: &str) -> String {
    text.chars()
        .map(|letter| match letter {
            ' ' => '\u{3000}',
            '!'..='~' => char::from_u32(letter as u32 - 0x21 + 0xff01).unwrap_or(letter),
            other => other,
        })
        .collect()
}

/// Write the leak: a header line and `num_rows` rows of user id, phone number in one
/// of its forms, and nickname, as CSV.
///
/// # Errors
/// When it cannot be written.
pub fn write_leak(to: &mut impl Write, num_rows: u64) -> io::Result<()> {
    writeln!(to, "user_id,phone,nickname")?;
    for index in 0..num_rows {
        let mut choices = Choices(index);
        let user_id = 10_000_019 + index * 7_919;
        let mut forms = phone_spellings(&phone(index));
        // Two thirds of a leak are plain digits.
        let form = if choices.below(3) > 0 {
            0
        } else {
            choices.below(forms.len())
        };
        let phone = forms.swap_remove(form);
        writeln!(to, "{user_id},{phone},{}", nickname(&mut choices))?;
    }
    Ok(())
}

fn nickname(choices: &mut Choices) -> String {
    const FAMILY: [&str; 12] = [
        "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙",
    ];
    const GIVEN: [&str; 16] = [
        "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "洋", "艳", "勇", "杰", "涛", "明", "霞",
        "平",
    ];
    const WORDS: [&str; 12] = [
        "sunny", "moon", "tiger", "lily", "happy", "blue", "cat", "coco", "star", "rain", "lucky",
        "panda",
    ];
    const PHRASES: [&str; 6] = [
        "爱吃鱼的猫",
        "阳光小店",
        "风中的叶",
        "北方的海",
        "小小书虫",
        "慢慢走",
    ];
    match choices.below(5) {
        0 => format!("{}{}", choices.of(&FAMILY), choices.of(&GIVEN)),
        1 => format!(
            "{}{}{}",
            choices.of(&FAMILY),
            choices.of(&GIVEN),
            choices.of(&GIVEN)
        ),
        2 => format!(
            "{}_{}{}",
            choices.of(&WORDS),
            choices.of(&WORDS),
            choices.below(100)
        ),
        3 => format!("{}{:04}", choices.of(&PHRASES), choices.below(10_000)),
        // With a comma and quotes: such a field is quoted.
        _ => format!(
            "\"{}, \"\"{}\"\"\"",
            choices.of(&PHRASES),
            choices.of(&WORDS)
        ),
    }
}

/// The e-mail address of row `index`, lower-case.
pub fn email(index: u64) -> String {
    address(2 * index)
}

/// An e-mail address that is in no row.
pub fn stranger_email(index: u64) -> String {
    address(2 * index + 1)
}

/// The number in it makes it unlike every other.
fn address(number: u64) -> String {
    const GIVEN: [&str; 10] = [
        "anna", "wei", "lena", "tom", "yuki", "omar", "ines", "jan", "mei", "ivan",
    ];
    const SHAPES: [&str; 4] = [".", "_", "+shop", "-"];
    const TOP: [&str; 3] = ["com", "org", "net"];
    let mut choices = Choices(number ^ 0x6d61_696c);
    format!(
        "{}{}{number}@example.{}",
        choices.of(&GIVEN),
        choices.of(&SHAPES),
        choices.of(&TOP)
    )
}

/// The forms in which people write an e-mail address.
pub fn email_spellings(address: &str) -> Vec<String> {
    let mut capital = address.to_owned();
    if let Some(first) = capital.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let mixed = address
        .char_indices()
        .map(|(at, letter)| {
            if at % 2 == 1 {
                letter.to_ascii_uppercase()
            } else {
                letter
            }
        })
        .collect();
    vec![
        address.to_owned(),
        address.to_uppercase(),
        capital,
        mixed,
        format!("  {address} "),
    ]
}

/// The passwords of a list, one a line, gzipped, most common first.
///
/// # Errors
/// When it cannot be read, or is not UTF-8.
pub fn passwords(list: &Path) -> Result<Vec<String>> {
    let file = File::open(list).with_context(|| format!("cannot open {}", list.display()))?;
    BufReader::new(MultiGzDecoder::new(file))
        .lines()
        .filter(|line| !line.as_ref().is_ok_and(String::is_empty))
        .collect::<io::Result<_>>()
        .with_context(|| format!("cannot read {}", list.display()))
}

/// A password that nobody is known to have.
pub fn stranger_password(index: u64) -> String {
    format!("Xq{:016x}!", mix(index))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn nobody_meets() {
        let members: HashSet<String> = (0..NUM_ROWS).map(phone).collect();
        assert_eq!(members.len() as u64, NUM_ROWS);
        assert!((0..NUM_ROWS).all(|index| !members.contains(&stranger_phone(index))));
        let members: HashSet<String> = (0..10_000).map(email).collect();
        assert_eq!(members.len(), 10_000);
        assert!((0..10_000).all(|index| !members.contains(&stranger_email(index))));
    }

    #[test]
    fn only_the_service_line_exists() {
        let existing: Vec<u64> = (0..NUM_ROWS)
            .filter(|&index| !phone(index).starts_with("145"))
            .collect();
        assert_eq!(existing, [SERVICE_LINE_ROW]);
        assert!((0..NUM_ROWS).all(|index| phone(index).len() == 11));
    }

    #[test]
    fn the_leak_is_always_the_same() -> io::Result<()> {
        let mut leak = Vec::new();
        write_leak(&mut leak, 4)?;
        let text = String::from_utf8_lossy(&leak);
        assert_eq!(text.lines().count(), 5);
        assert!(text.starts_with("user_id,phone,nickname\n10000019,"));
        assert_eq!(
            leak.iter().fold(0, |sum, &byte| mix(sum ^ u64::from(byte))),
            EXPECTED
        );
        Ok(())
    }

    /// Of the first four rows.
    const EXPECTED: u64 = 10_991_657_790_812_399_544;

    #[test]
    fn full_width_digits() {
        assert_eq!(full_width("+8 6"), "＋８　６");
    }
}
