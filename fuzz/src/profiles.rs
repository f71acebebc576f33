//! Profiles and kinds, chosen by a byte.

use std::sync::LazyLock;

use leaksieve::input::profile::{PhonePlan, phone_plan, phone_profile, phone_regions};
use leaksieve_core::identifier::{CaseRule, IdScheme, PasswordDigest, PasswordOrigin, Separators};
use leaksieve_core::{IdentifierKind, Profile};

use crate::input::Input;

/// How many bytes of [`profile`] are no phone profile.
const NUM_OTHERS: u8 = 12;
/// The regions that one byte chooses; all others take a second.
const COMMON_REGIONS: [&str; 6] = ["CN", "US", "world", "BR", "IT", "AR"];

static REGIONS: LazyLock<Vec<Profile>> = LazyLock::new(|| {
    COMMON_REGIONS
        .into_iter()
        .chain(phone_regions())
        .map(|region| Profile::Phone(phone_profile(region).expect("a region of ours")))
        .collect()
});

/// A phone profile, and its place among them.
pub(crate) fn phone(index: usize) -> (usize, &'static Profile) {
    let index = index % REGIONS.len();
    (index, &REGIONS[index])
}

/// A profile that a builder could choose; of a phone profile, its place.
pub(crate) fn profile(input: &mut Input<'_>) -> (Profile, Option<usize>) {
    let other = match input.byte() % (NUM_OTHERS + COMMON_REGIONS.len() as u8 + 1) {
        0 => Profile::Email,
        1 => Profile::Username(CaseRule::Fold),
        2 => Profile::Username(CaseRule::Exact),
        3 => Profile::Id(IdScheme::Plain(CaseRule::Fold, Separators::Ignore)),
        4 => Profile::Id(IdScheme::Plain(CaseRule::Exact, Separators::Ignore)),
        5 => Profile::Id(IdScheme::ChineseResident),
        6 => Profile::Password(PasswordDigest::Sha1, PasswordOrigin::Passwords),
        7 => Profile::Password(PasswordDigest::Ntlm, PasswordOrigin::Passwords),
        8 => Profile::Password(PasswordDigest::Ntlm, PasswordOrigin::Hashes),
        9 => Profile::Password(PasswordDigest::Sha1, PasswordOrigin::NotAllUtf8),
        10 => Profile::Password(PasswordDigest::Sha1, PasswordOrigin::Hashes),
        11 => Profile::Id(IdScheme::Plain(CaseRule::Fold, Separators::Keep)),
        common => {
            let index = usize::from(common - NUM_OTHERS);
            let index = if index < COMMON_REGIONS.len() {
                index
            } else {
                COMMON_REGIONS.len() + usize::from(input.byte())
            };
            let (index, profile) = phone(index);
            return (profile.clone(), Some(index));
        }
    };
    (other, None)
}

/// The numbering plan of a phone profile of ours.
pub(crate) fn plan(profile: &Profile) -> Option<&'static PhonePlan> {
    let Profile::Phone(phone) = profile else {
        return None;
    };
    let region = std::str::from_utf8(&phone.region).ok()?;
    phone_plan(region).ok()
}

/// A kind, or none.
pub(crate) const fn kind(byte: u8) -> Option<IdentifierKind> {
    Some(match byte % 8 {
        1 => IdentifierKind::Phone,
        2 => IdentifierKind::Email,
        3 => IdentifierKind::Username,
        4 => IdentifierKind::Id,
        5 => IdentifierKind::Password,
        6 => IdentifierKind::Sha1,
        7 => IdentifierKind::Ntlm,
        _ => return None,
    })
}
