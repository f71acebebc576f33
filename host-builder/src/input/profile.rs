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
mod description;
mod error;
mod expression;
mod numbers;
mod plan;
mod regions;
mod sectors;
mod world;

use leaksieve_core::identifier::PhoneProfile;
use leaksieve_core::identifier::phone::WORLD;

use compile::RuleLists;
pub use description::{Description, DescriptionError, Setting};
pub use error::{CompileError, PhoneProfileError};
pub use plan::phone_plan;
use regions::{Region, regions};
pub use sectors::PhonePlan;

/// The rules of a region.
fn profile_of(region: &Region<'_>) -> Result<PhoneProfile, CompileError> {
    // Regions that share a calling code share its numbers: whoever is called with
    // `+` need not live in the default region.
    let num_digits = regions()
        .filter(|other| other.calling_code == region.calling_code)
        .fold(plan::old_num_digits(region.calling_code), |all, other| {
            all | other.num_digits
        });
    let lists = RuleLists {
        international_prefixes: compile::prefixes(region.international_prefix, "")?,
        national_prefixes: compile::prefixes(
            region.national_prefix,
            region.national_prefix_transform,
        )?,
        numbers: compile::numbers(region.numbers)?,
    };
    let name = region.name.as_bytes().first_chunk().copied();
    lists.into_profile(name.unwrap_or(WORLD), region.calling_code, num_digits)
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
        let found = regions().find(|region| region.name == name);
        profile_of(&found.ok_or_else(|| PhoneProfileError::UnknownRegion {
            region: region.to_owned(),
        })?)
    };
    profile.map_err(|source| PhoneProfileError::Rules {
        region: name,
        source,
    })
}

#[cfg(test)]
mod tests;
