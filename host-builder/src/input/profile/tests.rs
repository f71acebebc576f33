//! What must hold for every region; that the rules are right is tested against
//! libphonenumber in `tests/tests/phone_libphonenumber.rs`.

use leaksieve_core::identifier::Profile;

use super::*;

/// Bytes of a profile in a header, without those of its rules.
const NUM_FIXED_BYTES: usize = 11;

#[test]
fn every_line_is_a_region() {
    let num_lines = regions::REGIONS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .count();
    assert_eq!((num_lines, phone_regions().count()), (245, 245));
}

#[test]
fn every_region_has_a_small_profile() {
    let sizes = phone_regions().map(|region| {
        let profile = phone_profile(region).unwrap();
        assert_eq!(profile.region, region.as_bytes());
        assert_ne!(profile.num_digits, 0);
        profile.rules.len() + NUM_FIXED_BYTES
    });
    let mut sizes: Vec<usize> = sizes.collect();
    sizes.sort_unstable();
    let median = sizes[sizes.len() / 2];
    assert!(median <= 48, "median {median}");
    assert!(sizes.last() <= Some(&128), "largest {sizes:?}");
}

#[test]
fn region_names() {
    assert_eq!(phone_profile("cn").unwrap(), phone_profile(" CN ").unwrap());
    assert_eq!(
        phone_profile("world").unwrap(),
        phone_profile("zz").unwrap()
    );
    assert!(phone_profile("World").unwrap().is_world());
    for unknown in ["", "C", "XX", "CHN", "+86", "UK"] {
        let message = phone_profile(unknown).unwrap_err().to_string();
        assert!(message.contains("such as CN"), "{message}");
    }
}

/// The bytes that `core/src/identifier/phone/tests.rs` uses.
#[test]
fn profile_of_china() {
    let profile = phone_profile("CN").unwrap();
    let rules: String = profile
        .rules
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        rules,
        "180f10ffff0118022401040630803cff470046ff4fff57011c\
         140f10ffff0100021c06288034ff3f003eff47ff07\
         220070c00ac007c00360076003e003600002600400b80a40100075791b8624bf2b4034"
    );
    assert_eq!(
        (profile.calling_code, profile.num_digits),
        (86, 0b1_1111_1000_0000)
    );
    assert_eq!(
        (profile.num_international_bytes, profile.num_national_bytes),
        (25, 21)
    );
}

#[test]
fn overrides() {
    for (region, text, expected) in [
        // Argentina: 15 after an area code of any length, with and without 0.
        ("AR", "011 15 2345-6789", "5491123456789"),
        ("AR", "0223 15 123-4567", "5492231234567"),
        ("AR", "02982 15 123456", "5492982123456"),
        ("AR", "11 15 2345 6789", "5491123456789"),
        // Mexico: the mobile forms of before 2019.
        ("MX", "+52 1 200 123 4567", "522001234567"),
        ("MX", "044 200 123 4567", "522001234567"),
        ("MX", "01 200 123 4567", "522001234567"),
    ] {
        let profile = Profile::Phone(phone_profile(region).unwrap());
        let item = profile
            .normalise(&leaksieve_core::identifier::Identifier::new(
                text.as_bytes(),
            ))
            .unwrap();
        assert_eq!(item.as_bytes(), expected.as_bytes(), "{region} {text}");
    }
}
