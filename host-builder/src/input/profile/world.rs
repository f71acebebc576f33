//! The profile without a default region: every number carries its country code.
//!
//! What people leave between country code and number (a trunk prefix, as in `+44 (0)20`) is
//! taken out for a second reading wherever no number of that code begins so; which of the two is
//! a number, the numbering plan says.

use std::collections::BTreeMap;

use leaksieve_core::identifier::PhoneProfile;
use leaksieve_core::identifier::phone::WORLD;

use super::compile::{self, RuleLists};
use super::error::CompileError;
use super::regions::{Region, regions};

/// Any digits may follow.
const ANY_TAIL: u16 = 0xFFFF;

/// Fewest and most digits of an international number, calling code included (Iran has numbers of four;
/// ITU-T E.164, 6.1, has 15 at most, and some services have more).
const MIN_DIGITS: u32 = 6;
const MAX_DIGITS: u32 = 17;

/// Calling codes with a trunk prefix other than 0: code and prefix, the digits
/// of the prefix, and the digits of a full number after it.
const TRUNK_PREFIXES: [(&str, usize, &[u32]); 4] = [
    // +52 1 marked a mobile until 2019; it is left out in the same way.
    ("11|521|78", 1, &[10]),
    ("3606", 2, &[8, 9]),
    ("3708|9938", 1, &[8]),
    ("3758", 1, &[9]),
];

/// ITU-T E.164 assigns calling codes by zones: these have one or two digits, all others three.
const SHORT_CALLING_CODES: &str = "[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]";
const LONG_CALLING_CODES: &str =
    "2[1-689]\\d|3[578]\\d|42\\d|5[09]\\d|6[7-9]\\d|8[035789]\\d|9[679]\\d";

/// The rules of the world.
pub(super) fn profile() -> Result<PhoneProfile, CompileError> {
    let lists = RuleLists {
        international_prefixes: compile::prefixes("00", "")?,
        national_prefixes: national_prefixes()?,
        // The plan knows them.
        numbers: Vec::new(),
    };
    let num_digits = (MIN_DIGITS..=MAX_DIGITS).map(|n| 1 << n).sum();
    lists.into_profile(WORLD, 0, num_digits)
}

fn national_prefixes() -> Result<Vec<u8>, CompileError> {
    let mut list = Vec::new();
    // Where nothing is dialled before numbers that begin with 0, as in Italy, the 0 stays.
    let significant: Vec<String> = calling_codes()
        .into_iter()
        .filter(|(_, regions)| {
            regions
                .iter()
                .all(|region| region.national_prefix.is_empty())
                && regions
                    .iter()
                    .any(|region| compile::begin_with_zero(region.numbers))
        })
        .map(|(calling_code, _)| format!("{calling_code}0"))
        .collect();
    compile::prefix_before_tail(&mut list, &significant.join("|"), 0, ANY_TAIL)?;
    for (prefix, num_dropped, num_digits) in TRUNK_PREFIXES {
        let tail = num_digits.iter().map(|n| 1 << n).sum();
        compile::prefix_before_tail(&mut list, prefix, num_dropped, tail)?;
    }
    let all = format!("(?:{SHORT_CALLING_CODES}|{LONG_CALLING_CODES})0");
    compile::prefix_before_tail(&mut list, &all, 1, ANY_TAIL)?;
    Ok(list)
}

fn calling_codes() -> BTreeMap<u16, Vec<Region<'static>>> {
    let mut by_code: BTreeMap<u16, Vec<Region<'static>>> = BTreeMap::new();
    for region in regions() {
        by_code.entry(region.calling_code).or_default().push(region);
    }
    by_code
}
