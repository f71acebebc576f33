//! Phone profiles of any bytes: nothing panics, and where a file can hold the profile,
//! the shortcuts (of one input in 32) give what the long way gives.
//!
//! Input: the profile (region, calling code u16, lengths u32, a flag, bytes of the first and of
//! the second list, the rules with their length before them), then lines to normalise.

use leaksieve_core::hash::HashFunction;
use leaksieve_core::header::{Encoding, PlanSectors, Rate};
use leaksieve_core::identifier::phone::plan::Plan;
use leaksieve_core::identifier::phone::{MAX_DIGITS, Shortcuts};
use leaksieve_core::identifier::{
    Coverage, Item, MAX_READINGS, NORMALISATION_VERSION, PhoneProfile, Side,
};
use leaksieve_core::sector::{FileId, PAYLOAD_BYTES, Payload, SectorIndex};
use leaksieve_core::{Dataset, Header, Identifier, List, NormaliseError, Profile};

use crate::input::{Input, is_one_in};

/// Longest item: a calling code and the most digits of a profile, or after a rule that
/// inserts digits.
const MAX_ITEM_BYTES: usize = 3 + 17;

/// Numbers that are asked of shortcuts beside the input's, which cost more to make.
const NUM_NUMBERS: u64 = 2_000;

/// Run one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let phone = profile(&mut input);
    let is_possible = is_possible(&phone);
    let profile = Profile::Phone(phone.clone());
    let lines: Vec<&[u8]> = input.rest().split(|byte| *byte == b'\n').take(16).collect();
    for line in &lines {
        for item in all_readings(&profile, &Identifier::new(line)).unwrap_or_default() {
            let item = item.as_bytes();
            let are_digits = item.iter().all(u8::is_ascii_digit);
            // Rules of any bytes may insert any bytes; a file's may not.
            assert!(!is_possible || (are_digits && item.len() <= MAX_ITEM_BYTES));
        }
    }
    // A file holds no other profile, and a builder makes none.
    if is_possible && is_one_in(data, 32) {
        let shortcuts = Shortcuts::new(&phone, Plan(&[all_numbers()]));
        for line in lines {
            agree(&profile, &shortcuts, line);
        }
        let mut state = u64::from(phone.num_digits);
        for _ in 0..NUM_NUMBERS {
            state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
            let digits = format!("{:018}", state >> 5);
            let code = phone.calling_code.to_string();
            let number = &digits[..4 + (state >> 60) as usize % 12];
            agree(&profile, &shortcuts, number.as_bytes());
            agree(&profile, &shortcuts, format!("{code}{number}").as_bytes());
        }
    }
}

/// The plan of which all digits are a number.
fn all_numbers() -> Payload {
    const NUM_NODES: u32 = MAX_DIGITS as u32 + 1;
    let mut payload = [0; PAYLOAD_BYTES];
    // Of each node an end, valid, and one edge for all digits to the next.
    let words = (0..NUM_NODES).flat_map(|node| [1 << 11, 0x3FF | 1 << 10 | (2 * node + 2) << 11]);
    for (place, word) in payload.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&u32::to_le_bytes(word));
    }
    payload
}

/// The readings of an identifier, in a list and in a question; those of the question are given.
pub(crate) fn all_readings(
    profile: &Profile,
    identifier: &Identifier<'_>,
) -> Result<Vec<Item>, NormaliseError> {
    let _ = readings(profile, identifier, Side::Store);
    readings(profile, identifier, Side::Ask)
}

/// The readings of an identifier; no two are the same.
pub(crate) fn readings(
    profile: &Profile,
    identifier: &Identifier<'_>,
    side: Side,
) -> Result<Vec<Item>, NormaliseError> {
    let mut all: Vec<Item> = Vec::new();
    let mut item = Item::empty();
    while profile.reading(identifier, side, all.len() as u8, &mut item)? {
        assert!(all.len() < MAX_READINGS.into());
        all.push(item.clone());
    }
    assert!(!all.is_empty());
    Ok(all)
}

/// What a shortcut gives is the only reading, and covered.
pub(crate) fn agree(profile: &Profile, shortcuts: &Shortcuts, digits: &[u8]) {
    for has_plus in [false, true] {
        let Some(short) = shortcuts.item(digits, has_plus) else {
            continue;
        };
        let mut text = digits.to_vec();
        if has_plus {
            text.insert(0, b'+');
        }
        for side in [Side::Store, Side::Ask] {
            let items = readings(profile, &Identifier::new(&text), side);
            let items = items.expect("a shortcut leads to an item");
            let [item] = items.as_slice() else {
                panic!("{text:?} {side:?} {profile:?}: {items:?}");
            };
            assert_eq!(short.encode(&mut [0; 16]), item.as_bytes());
            assert_eq!(item.coverage(), Coverage::Complete);
        }
    }
}

/// A profile of any bytes.
pub(crate) fn profile(input: &mut Input<'_>) -> PhoneProfile {
    PhoneProfile {
        region: input.array(),
        calling_code: input.u16(),
        num_digits: input.u32(),
        has_calling_codes: input.byte() & 1 == 1,
        num_international_bytes: input.byte(),
        num_national_bytes: input.byte(),
        rules: List::try_from(input.counted()).expect("a count is a byte"),
    }
}

/// Can a file hold this profile?
fn is_possible(phone: &PhoneProfile) -> bool {
    let rate = Rate::from_units(Rate::ONE);
    let dataset = Dataset {
        name: Default::default(),
        date: Default::default(),
        source_note: Default::default(),
        normalisation_version: NORMALISATION_VERSION,
        profile: Profile::Phone(phone.clone()),
        num_items: 1,
        num_rejected: 0,
        num_extra: 0,
        min_count: 0,
        encoding: Encoding::Bloom { num_hashes: 1 },
        hash: HashFunction::Xxh3 { seed: 0 },
        plan: PlanSectors {
            num_sectors: 1,
            max_reads: 1,
        },
        first_sector: SectorIndex(2),
        num_sectors: 1,
        designed: rate,
        measured: rate,
    };
    let header = Header {
        num_sectors: 3,
        created_unix_s: 0,
        epoch: 0,
        expires_unix_s: 0,
        datasets: List::try_from(&[dataset][..]).expect("there is room for one"),
        root: None,
    };
    header.encode(FileId([0; 16])).is_ok()
}
