//! The numbering plan of a region, or of the world: what `core::identifier::phone::plan` reads.
//!
//! `plans.tsv` has the numbers that libphonenumber calls valid, `changes.tsv` the plans that
//! changed. A region's plan is that of its calling code, with all regions that share it:
//! whoever is called with `+` need not live in the default region.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use leaksieve_core::identifier::phone::WORLD;

use super::error::{CompileError, PhoneProfileError};
use super::expression::{fixed_length, parse};
use super::numbers::{Mark, NONE, Numbers, Set};
use super::regions::regions;
use super::sectors::{self, PhonePlan};

const PLANS: &str = include_str!("plans.tsv");
const CHANGES: &str = include_str!("changes.tsv");

/// One row of `changes.tsv`.
struct ChangeRow {
    old: &'static str,
    num_kept: u32,
    num_removed: u32,
    inserted: &'static str,
    is_both: bool,
}

impl ChangeRow {
    fn parse(line: &'static str) -> Option<Self> {
        let mut fields = line
            .split('\t')
            .map(|field| if field == "-" { "" } else { field });
        Some(Self {
            old: fields.next()?,
            num_kept: fields.next()?.parse().ok()?,
            num_removed: fields.next()?.parse().ok()?,
            inserted: fields.next()?,
            is_both: fields.next()? == "both",
        })
    }

    /// The word that says this in a plan.
    fn word(&self) -> u32 {
        let inserted = self.inserted.bytes().rev();
        let inserted = inserted.fold(0, |all, digit| all << 4 | u32::from(digit - b'0'));
        self.num_kept | self.num_removed << 4 | (self.inserted.len() as u32) << 8 | inserted << 11
    }
}

fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#'))
}

fn change_rows() -> impl Iterator<Item = ChangeRow> {
    lines(CHANGES).filter_map(ChangeRow::parse)
}

/// The numbers that a pattern matches, of those lengths (bit n: n digits).
fn matching(numbers: &mut Numbers, pattern: &str, lengths: u32) -> Result<Set, CompileError> {
    let matching = numbers.matching(&parse(pattern)?);
    Ok(numbers.with_lengths(matching, lengths))
}

/// Bit n: an old form of a number of this calling code has n digits behind it.
pub(super) fn old_num_digits(calling_code: u16) -> u32 {
    let code = calling_code.to_string();
    change_rows()
        .filter(|row| row.old.starts_with(&code))
        .filter_map(|row| fixed_length(&parse(row.old).ok()?))
        .filter_map(|num_digits| num_digits.checked_sub(code.len()))
        .fold(0, |all, num_digits| all | 1 << num_digits)
}

/// The valid numbers of a calling code, which they begin with.
fn numbers_of(numbers: &mut Numbers, calling_code: u16) -> Result<Set, CompileError> {
    let code = calling_code.to_string();
    let mut all = NONE;
    for line in lines(PLANS) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [line_code, region, num_digits, pattern] = fields[..] else {
            continue;
        };
        if line_code != code {
            continue;
        }
        let lengths = num_digits
            .split(',')
            .filter_map(|n| n.parse::<u32>().ok())
            .fold(0_u32, |mask, n| mask | 1 << n);
        let mut valid = matching(numbers, pattern, lengths)?;
        // A number of a type must also be one of its region, which says more in Austria.
        if let Some(region) = regions().find(|each| each.name == region) {
            let possible = matching(numbers, region.numbers, region.num_digits)?;
            valid = numbers.both(valid, possible);
        }
        all = numbers.union(all, valid);
    }
    Ok(numbers.after(&code, all))
}

/// Adds the old forms of numbers that are in the set, and marks those of its own that have
/// another form under another calling code.
fn with_changes(numbers: &mut Numbers, valid: Set) -> Result<Set, CompileError> {
    let mut all = valid;
    for row in change_rows() {
        let old = numbers.matching(&parse(row.old)?);
        let elsewhere = match (row.num_kept, row.inserted.parse()) {
            (0, Ok(calling_code)) => numbers_of(numbers, calling_code)?,
            _ => NONE,
        };
        let valid = numbers.union(valid, elsewhere);
        let mark = Mark {
            num_kept: row.num_kept,
            num_removed: row.num_removed,
            inserted: row.inserted,
            word: row.word(),
        };
        let marked = numbers.marked(old, valid, &mark);
        all = numbers.with_marked(all, marked, row.is_both);
    }
    Ok(all)
}

fn compile(calling_codes: impl Iterator<Item = u16>) -> Result<PhonePlan, CompileError> {
    let mut numbers = Numbers::new();
    let mut valid = NONE;
    for calling_code in calling_codes {
        let each = numbers_of(&mut numbers, calling_code)?;
        valid = numbers.union(valid, each);
    }
    let all = with_changes(&mut numbers, valid)?;
    sectors::lay_out(&numbers, all)
}

/// All calling codes, in their order, with those of no region.
fn calling_codes() -> impl Iterator<Item = u16> {
    let mut codes: Vec<u16> = lines(PLANS)
        .filter_map(|line| line.split('\t').next()?.parse().ok())
        .collect();
    codes.dedup();
    codes.into_iter()
}

/// The numbering plan of a region: an ISO 3166-1 alpha-2 code in either case, or `world`
/// (`ZZ`) for that of all calling codes. It is made once in a process.
///
/// # Errors
/// [`PhoneProfileError::UnknownRegion`] if libphonenumber has no such region.
pub fn phone_plan(region: &str) -> Result<&'static PhonePlan, PhoneProfileError> {
    static PLANS: OnceLock<BTreeMap<u16, OnceLock<Result<PhonePlan, CompileError>>>> =
        OnceLock::new();
    let name = region.trim().to_ascii_uppercase();
    let calling_code = if name == "WORLD" || name.as_bytes() == WORLD {
        0
    } else {
        regions()
            .find(|each| each.name == name)
            .ok_or_else(|| PhoneProfileError::UnknownRegion {
                region: region.to_owned(),
            })?
            .calling_code
    };
    let plans = PLANS.get_or_init(|| {
        let codes = calling_codes().chain([0]);
        codes.map(|code| (code, OnceLock::new())).collect()
    });
    let error = |source| PhoneProfileError::Rules {
        region: name.clone(),
        source,
    };
    let plan = plans
        .get(&calling_code)
        .ok_or_else(|| error(CompileError::TooLarge))?;
    let plan = plan.get_or_init(|| match calling_code {
        0 => compile(calling_codes()),
        code => compile([code].into_iter()),
    });
    plan.as_ref().map_err(|source| error(source.clone()))
}

#[cfg(test)]
mod tests;
