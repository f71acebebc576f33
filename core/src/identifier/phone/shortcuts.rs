//! Numbers whose item can be told from their length and first digits: what most lines
//! of a leak are, at a twentieth of the cost of [`normalise`](super::normalise).

use super::rules::is_match_of_all;
use crate::identifier::{Identifier, IdentifierKind};

use super::{Length, PhoneProfile, calling_code_digits};

/// First digits of a national number that are looked up.
const START_DIGITS: usize = 4;
const NUM_STARTS: usize = 10_usize.pow(START_DIGITS as u32);
/// Longest national number that has a shortcut: bits of a table's entry.
const MAX_DIGITS: usize = u16::BITS as usize - 1;
/// Longest item of a shortcut: calling code and national number.
pub const MAX_SHORTCUT_BYTES: usize = 3 + MAX_DIGITS;

/// Bit n of an entry: a national number of n digits that begins so is an item as it is.
type Table = [u16; NUM_STARTS];

/// For each start of a number, whether its item is the calling code and the number as it
/// stands, for every number that begins so. 60 KB: for a host that normalises millions.
///
/// # Invariant
/// What [`item`](Self::item) gives, [`Profile::normalise`](crate::Profile::normalise) gives
/// for the same text, with [`Coverage::Complete`](crate::identifier::Coverage).
#[derive(Debug)]
pub struct Shortcuts {
    calling_code: [u8; 3],
    num_code_digits: usize,
    /// Without a calling code.
    national: Table,
    /// Behind the calling code.
    after_code: Table,
    /// Behind a plus sign and the calling code.
    after_plus: Table,
}

impl Shortcuts {
    /// The shortcuts of a profile.
    pub fn new(profile: &PhoneProfile) -> Self {
        let mut buffer = [0; 3];
        let code: &[u8] = if profile.is_world() {
            &[]
        } else {
            calling_code_digits(profile.calling_code, &mut buffer)
        };
        let mut shortcuts = Self {
            calling_code: [0; 3],
            num_code_digits: code.len(),
            national: [0; NUM_STARTS],
            after_code: [0; NUM_STARTS],
            after_plus: [0; NUM_STARTS],
        };
        for (own, digit) in shortcuts.calling_code.iter_mut().zip(code) {
            *own = *digit;
        }
        let tables = shortcuts
            .national
            .iter_mut()
            .zip(&mut shortcuts.after_code)
            .zip(&mut shortcuts.after_plus);
        for (number, ((national, after_code), after_plus)) in (0_u16..).zip(tables) {
            let start = digits_of(number);
            for num_digits in START_DIGITS..=MAX_DIGITS {
                if profile.length(num_digits) == Length::Possible
                    && profile.is_as_it_stands(&start, num_digits)
                {
                    let bit = 1 << num_digits;
                    *national |= bit * u16::from(profile.is_national(code, &start, num_digits));
                    *after_code |= bit * u16::from(profile.is_after(code, &start, num_digits));
                    // A plus sign before a 0 is a slip for something else.
                    let is_slip = code.first().or(start.first()) == Some(&b'0');
                    *after_plus |= bit * u16::from(!is_slip);
                }
            }
        }
        shortcuts
    }

    /// The item of an identifier, as [`item`](Self::item).
    pub(crate) fn item_of<'a>(
        &self,
        identifier: &Identifier<'a>,
        buffer: &'a mut [u8; MAX_SHORTCUT_BYTES],
    ) -> Option<&'a [u8]> {
        // Who asks for another kind is told so.
        if !matches!(identifier.kind, None | Some(IdentifierKind::Phone)) {
            return None;
        }
        match identifier.text.strip_prefix(b"+") {
            Some(digits) => self.item(digits, true, buffer),
            None => self.item(identifier.text, false, buffer),
        }
    }

    /// The item of a number that is written as digits alone, if there is a shortcut:
    /// without it, [`Profile::normalise`](crate::Profile::normalise) knows.
    pub fn item<'a>(
        &self,
        digits: &'a [u8],
        has_plus: bool,
        buffer: &'a mut [u8; MAX_SHORTCUT_BYTES],
    ) -> Option<&'a [u8]> {
        // Not `all`: without a branch for each byte it takes half as long.
        let is_digits = digits
            .iter()
            .fold(true, |is, byte| is & byte.is_ascii_digit());
        if !is_digits {
            return None;
        }
        let code = self.calling_code.get(..self.num_code_digits)?;
        let may_have_code = code
            .first()
            .is_none_or(|first| digits.first() == Some(first));
        if may_have_code && let Some(number) = digits.strip_prefix(code) {
            let table = if has_plus {
                &self.after_plus
            } else {
                &self.after_code
            };
            if is_in(table, number) {
                return Some(digits);
            }
        }
        if has_plus || !is_in(&self.national, digits) {
            return None;
        }
        let item = buffer.get_mut(..code.len() + digits.len())?;
        let (start, rest) = item.split_at_mut(code.len());
        start.copy_from_slice(code);
        rest.copy_from_slice(digits);
        Some(item)
    }
}

/// `number` is made of digits.
fn is_in(table: &Table, number: &[u8]) -> bool {
    let start = number.iter().take(START_DIGITS);
    let index = start.fold(0, |index, digit| index * 10 + usize::from(digit - b'0'));
    START_DIGITS <= number.len()
        && number.len() <= MAX_DIGITS
        && table
            .get(index)
            .is_some_and(|lengths| lengths >> number.len() & 1 == 1)
}

fn digits_of(mut number: u16) -> [u8; START_DIGITS] {
    let mut digits = [b'0'; START_DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    digits
}

/// What holds for every number of so many digits that begins so. Where the digits behind
/// the start decide, nothing does.
impl PhoneProfile {
    /// It has no national prefix, and is in the numbering plan.
    fn is_as_it_stands(&self, start: &[u8], num_digits: usize) -> bool {
        is_match_of_all(self.national_prefixes(), start, num_digits) == Some(false)
            && is_match_of_all(self.numbers(), start, num_digits) == Some(true)
    }

    /// By itself it is a national number.
    fn is_national(&self, code: &[u8], start: &[u8], num_digits: usize) -> bool {
        !self.is_world()
            && !start.starts_with(code)
            && is_match_of_all(self.international_prefixes(), start, num_digits) == Some(false)
    }

    /// Behind the digits of the calling code, without a plus sign, it is that number.
    fn is_after(&self, code: &[u8], start: &[u8], num_digits: usize) -> bool {
        let mut whole = [0; 3 + START_DIGITS];
        for (own, digit) in whole.iter_mut().zip(code.iter().chain(start)) {
            *own = *digit;
        }
        let whole = whole.get(..code.len() + start.len()).unwrap_or(&[]);
        let num_digits = code.len() + num_digits;
        let is_other = |list| is_match_of_all(list, whole, num_digits) == Some(false);
        !self.is_world()
            && is_other(self.international_prefixes())
            && (self.length(num_digits) == Length::TooMany || is_other(self.numbers()))
    }
}
