//! Items <-> numbers. `007` and `7` are two items, and two numbers: 1007 and 17.

use crate::arithmetic::divided;
use crate::identifier::{IdScheme, Profile, check_character};

/// Most digits of an item that has a number: 18.
pub const MAX_DIGITS: usize = 18;

/// Of a Chinese resident id the digits before the check character count: 17.
const RESIDENT_DIGITS: usize = 17;

/// The number of an item: its decimal digits with a 1 before them, below [`MARK`](super::MARK). Of
/// a Chinese resident id the check character is left out: it follows from the others. `None`: the
/// item has more than [`MAX_DIGITS`] digits, or is none of digits, or of a kind that never is.
pub fn number(profile: &Profile, item: &[u8]) -> Option<u64> {
    let digits = match profile {
        Profile::Phone(_) | Profile::Id(IdScheme::Plain(..)) => item,
        Profile::Id(IdScheme::ChineseResident) => item.get(..RESIDENT_DIGITS)?,
        Profile::Email | Profile::Username(_) | Profile::Password(..) => return None,
    };
    if digits.is_empty() || digits.len() > MAX_DIGITS {
        return None;
    }
    let mut number = 1_u64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        // At most 2 * 10^18, below 2^61.
        number = number * 10 + u64::from(digit);
    }
    Some(number)
}

/// Can items of this kind be numbers?
pub const fn has_numbers(profile: &Profile) -> bool {
    matches!(profile, Profile::Phone(_) | Profile::Id(_))
}

/// The item of a number: the other way of [`number`], written into the caller's place. A mark does
/// not count. `None`: it is no number of an item.
pub fn item_of<'a>(
    profile: &Profile,
    number: u64,
    place: &'a mut [u8; MAX_DIGITS + 1],
) -> Option<&'a [u8]> {
    let mut rest = number & !super::MARK;
    let mut start = place.len();
    while rest > 9 {
        let (higher, digit) = divided(rest, 10);
        start = start.checked_sub(1)?;
        *place.get_mut(start)? = b'0' + digit as u8;
        rest = higher;
    }
    if rest != 1 {
        return None;
    }
    if matches!(profile, Profile::Id(IdScheme::ChineseResident)) {
        let check = check_character(place.get(start..)?);
        place.copy_within(start.., start.checked_sub(1)?);
        start -= 1;
        *place.last_mut()? = check;
    }
    let item = place.get(start..)?;
    (self::number(profile, item) == Some(number & !super::MARK)).then_some(item)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::{CaseRule, Separators};
    use proptest::prelude::*;

    const PLAIN: Profile = Profile::Id(IdScheme::Plain(CaseRule::Exact, Separators::Keep));
    const RESIDENT: Profile = Profile::Id(IdScheme::ChineseResident);

    #[test]
    fn numbers_of_items() {
        for (profile, item, expected) in [
            (PLAIN, "7", Some(17)),
            (PLAIN, "007", Some(1_007)),
            (PLAIN, "999999999999999999", Some(1_999_999_999_999_999_999)),
            (PLAIN, "1000000000000000000", None),
            (PLAIN, "", None),
            (PLAIN, "12a", None),
            (PLAIN, "١٢", None),
            (
                RESIDENT,
                "11010519491231002X",
                Some(111_010_519_491_231_002),
            ),
            (RESIDENT, "1101051949123100", None),
            (Profile::Email, "1", None),
        ] {
            assert_eq!(number(&profile, item.as_bytes()), expected, "{item}");
            if let Some(number) = expected {
                let mut place = [0; MAX_DIGITS + 1];
                let back = item_of(&profile, number | super::super::MARK, &mut place);
                assert_eq!(back, Some(item.as_bytes()));
            }
        }
        for none in [0, 1, 2, 29, 999, 2_000_000_000_000_000_000, u64::MAX] {
            assert_eq!(item_of(&PLAIN, none, &mut [0; MAX_DIGITS + 1]), None);
        }
    }

    proptest! {
        #[test]
        fn two_items_have_two_numbers(a in "[0-9]{1,18}", b in "[0-9]{1,18}") {
            let [first, second] = [&a, &b].map(|item| number(&PLAIN, item.as_bytes()).unwrap());
            prop_assert_eq!(a == b, first == second);
            prop_assert!(first < 1 << 61);
        }
    }
}
