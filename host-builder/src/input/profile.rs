//! A region's telephone rules, from libphonenumber's metadata, as the profile
//! that a filter file carries.
//!
//! `profile/regions.tsv` holds the metadata's patterns; `compile` turns them
//! into rule lists. Where a rule here departs from the metadata, it stands in
//! `OVERRIDES` with its reason.
//!
//! Which numbers are valid, and which of them have another form, is the numbering
//! plan: `plan` makes it, from `profile/plans.tsv` and `profile/changes.tsv`.

mod automaton;
mod compile;
mod expression;
mod numbers;
mod plan;
mod sectors;
mod world;

use leaksieve_core::identifier::PhoneProfile;
use leaksieve_core::identifier::phone::WORLD;
use thiserror::Error;

use compile::{CompileError, RuleLists};
pub use plan::{PhonePlan, phone_plan};

const REGIONS: &str = include_str!("profile/regions.tsv");

/// Regions whose national prefixes are taken as this pattern and transform.
const OVERRIDES: [(&str, &str, &str); 2] = [
    // The metadata lists 200 area codes to find the mobile mark 15 after one.
    // Their lengths do: 15 cannot stand at two of these places at once, and a
    // number that is one without the change is left alone.
    ("AR", r"0?(?:(11|[23]\d\d\d?)15)?", r"9\1"),
    // Until 2019 mobiles were written +52 1 and dialled 044, 045 or 01; leaks
    // keep these forms. No national number begins with 0 or 1.
    ("MX", r"0(?:[12]|4[45])|1", "-"),
];

/// Why there is no profile.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PhoneProfileError {
    /// No region has this name.
    #[error(
        "unknown region {region:?}: use an ISO 3166-1 alpha-2 code such as CN, IN, BR, GB or US, \
         or \"world\" if every number carries its country code"
    )]
    UnknownRegion {
        /// As it was given.
        region: String,
    },
    /// The metadata has a pattern that the rule lists cannot express. A defect of this program.
    #[error("the telephone rules of {region} cannot be stored: {source}")]
    Rules {
        /// The region.
        region: String,
        /// What is wrong with its patterns.
        source: CompileError,
    },
}

/// What `regions.tsv` says of one region; empty where nothing is said.
#[derive(Clone, Copy)]
struct Region<'a> {
    name: &'a str,
    calling_code: u16,
    /// Bit n: a national number may have n digits.
    num_digits: u32,
    international_prefix: &'a str,
    national_prefix: &'a str,
    national_prefix_transform: &'a str,
    numbers: &'a str,
}

impl<'a> Region<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut fields = line
            .split('\t')
            .map(|field| if field == "-" { "" } else { field });
        let mut region = Self {
            name: fields.next()?,
            calling_code: fields.next()?.parse().ok()?,
            num_digits: fields
                .next()?
                .split(',')
                .map(|n| n.parse::<u32>().ok().and_then(|n| 1_u32.checked_shl(n)))
                .try_fold(0, |mask, bit| Some(mask | bit?))?,
            international_prefix: fields.next()?,
            national_prefix: fields.next()?,
            national_prefix_transform: fields.next()?,
            numbers: fields.next()?,
        };
        for (name, prefix, transform) in OVERRIDES {
            if name == region.name {
                region.national_prefix = prefix;
                region.national_prefix_transform = if transform == "-" { "" } else { transform };
            }
        }
        Some(region)
    }

    fn profile(&self) -> Result<PhoneProfile, CompileError> {
        // Regions that share a calling code share its numbers: whoever is called with
        // `+` need not live in the default region.
        let num_digits = regions()
            .filter(|other| other.calling_code == self.calling_code)
            .fold(plan::old_num_digits(self.calling_code), |all, other| {
                all | other.num_digits
            });
        let lists = RuleLists {
            international_prefixes: compile::prefixes(self.international_prefix, "")?,
            national_prefixes: compile::prefixes(
                self.national_prefix,
                self.national_prefix_transform,
            )?,
            numbers: compile::numbers(self.numbers)?,
        };
        let name = self.name.as_bytes().first_chunk().copied();
        lists.into_profile(name.unwrap_or(WORLD), self.calling_code, num_digits)
    }
}

fn regions() -> impl Iterator<Item = Region<'static>> {
    REGIONS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(Region::parse)
}

/// The codes of all regions that have rules, in alphabetical order, without the world.
pub fn phone_regions() -> impl Iterator<Item = &'static str> {
    regions().map(|region| region.name)
}

/// The telephone rules of a region: an ISO 3166-1 alpha-2 code in either case,
/// or `world` (`ZZ`) for numbers that all carry their country code.
///
/// # Errors
/// [`PhoneProfileError::UnknownRegion`] if libphonenumber has no such region.
pub fn phone_profile(region: &str) -> Result<PhoneProfile, PhoneProfileError> {
    let name = region.trim().to_ascii_uppercase();
    let profile = if name == "WORLD" || name.as_bytes() == WORLD {
        world::profile()
    } else {
        regions()
            .find(|region| region.name == name)
            .ok_or_else(|| PhoneProfileError::UnknownRegion {
                region: region.to_owned(),
            })?
            .profile()
    };
    profile.map_err(|source| PhoneProfileError::Rules {
        region: name,
        source,
    })
}

#[cfg(test)]
mod tests;
