//! Numbers whose item can be told from their length and first digits: what most lines
//! of a leak are, at a twentieth of the cost of [`reading`](super::reading).

use super::plan::Plan;
use super::rules::is_match_of_all;
use crate::identifier::kind::{Identifier, IdentifierKind};

use super::profile::{Length, PhoneProfile, calling_code_digits};

/// First digits of a national number that are looked up.
const START_DIGITS: usize = 4;
const NUM_STARTS: usize = 10_usize.pow(START_DIGITS as u32);
/// Longest national number that has a shortcut: bits of a table's entry.
const MAX_DIGITS: usize = u16::BITS as usize - 1;

/// Bit n of an entry: a national number of n digits that begins so is an item as it is.
type Table = [u16; NUM_STARTS];

/// For each start of a number, whether its item is the calling code and the number as it
/// stands, for every number that begins so. 60 KB: for a host that normalises millions.
///
/// # Invariant
/// What [`item`](Self::item) gives is the only [`reading`](crate::Profile::reading) of the same
/// text, and the numbering plan has it in this one form.
#[derive(Debug)]
pub struct Shortcuts {
    calling_code: ShortText,
    /// Without a calling code.
    national: Table,
    /// Behind the calling code.
    after_code: Table,
    /// Behind a plus sign and the calling code.
    after_plus: Table,
}

impl Shortcuts {
    /// The shortcuts of a profile with its numbering plan.
    pub fn new(profile: &PhoneProfile, plan: Plan<'_>) -> Self {
        let mut buffer = [0; 3];
        let code: &[u8] = if profile.is_world() {
            &[]
        } else {
            calling_code_digits(profile.calling_code, &mut buffer)
        };
        let mut shortcuts = Self {
            calling_code: ShortText::of_digits(code).unwrap_or(ShortText::EMPTY),
            national: [0; NUM_STARTS],
            after_code: [0; NUM_STARTS],
            after_plus: [0; NUM_STARTS],
        };
        let tables = shortcuts
            .national
            .iter_mut()
            .zip(&mut shortcuts.after_code)
            .zip(&mut shortcuts.after_plus);
        for (number, ((national, after_code), after_plus)) in (0_u16..).zip(tables) {
            let start = digits_of(number);
            let whole = [code, &start[..]].concat();
            for num_digits in START_DIGITS..=MAX_DIGITS {
                if profile.length(num_digits) == Length::Possible
                    && profile.is_as_it_stands(&start, num_digits)
                    && plan.all_valid(&whole, code.len() + num_digits)
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
    pub(crate) fn item_of(&self, identifier: &Identifier<'_>) -> Option<ShortText> {
        // Who asks for another kind is told so.
        if !matches!(identifier.kind, None | Some(IdentifierKind::Phone)) {
            return None;
        }
        match identifier.text.strip_prefix(b"+") {
            Some(digits) => self.item(digits, true),
            None => self.item(identifier.text, false),
        }
    }

    /// The item of a number that is written as digits alone, if there is a shortcut:
    /// without it, [`Profile::reading`](crate::Profile::reading) knows.
    #[inline(always)]
    pub fn item(&self, digits: &[u8], has_plus: bool) -> Option<ShortText> {
        let digits = ShortText::of_digits(digits)?;
        let code = self.calling_code;
        if let Some(number) = digits.strip_prefix(code) {
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
        code.followed_by(digits)
    }
}

/// `number` is made of digits.
fn is_in(table: &Table, number: ShortText) -> bool {
    START_DIGITS <= number.len
        && number.len <= MAX_DIGITS
        && table
            .get(number.start())
            .is_some_and(|lengths| lengths >> number.len & 1 == 1)
}

/// Up to 16 bytes, in registers: to look at them one by one would take most of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShortText {
    /// The first byte is the lowest; 0 behind the last.
    word: u128,
    len: usize,
}

impl ShortText {
    /// Longest.
    pub const MAX_BYTES: usize = 16;
    const EMPTY: Self = Self { word: 0, len: 0 };

    /// Digits, and nothing else.
    fn of_digits(text: &[u8]) -> Option<Self> {
        let len = text.len();
        match (text.first_chunk(), text.last_chunk()) {
            // The first and the last 8, which may have some in common.
            (Some(first), Some(last)) if len <= Self::MAX_BYTES => {
                let first = u64::from_le_bytes(*first);
                let last = u64::from_le_bytes(*last);
                let word = u128::from(first) | u128::from(last) << (8 * (len - 8));
                (are_digits(first) && are_digits(last)).then_some(Self { word, len })
            }
            (None, _) if text.iter().all(u8::is_ascii_digit) => {
                let bytes = text.iter().rev();
                let word = bytes.fold(0, |word, byte| word << 8 | u128::from(*byte));
                Some(Self { word, len })
            }
            _ => None,
        }
    }

    /// What is behind a prefix of 3 bytes at most.
    fn strip_prefix(self, prefix: Self) -> Option<Self> {
        let len = self.len.checked_sub(prefix.len)?;
        let mask = (1_u32 << (8 * prefix.len)) - 1;
        let differs = (self.word as u32 ^ prefix.word as u32) & mask;
        let word = self.word >> (8 * prefix.len);
        (differs == 0).then_some(Self { word, len })
    }

    fn followed_by(self, rest: Self) -> Option<Self> {
        let len = self.len + rest.len;
        let word = self.word | rest.word.checked_shl(8 * self.len as u32)?;
        (len <= Self::MAX_BYTES).then_some(Self { word, len })
    }

    /// The number that the first [`START_DIGITS`] digits are.
    const fn start(self) -> usize {
        let digits = self.word as u32 & 0x0F0F_0F0F;
        let pairs = (digits * 10 + (digits >> 8)) & 0x00FF_00FF;
        ((pairs & 0xFF) * 100 + (pairs >> 16)) as usize
    }

    /// Its bytes, written into a buffer.
    pub fn encode(self, buffer: &mut [u8; Self::MAX_BYTES]) -> &[u8] {
        *buffer = self.word.to_le_bytes();
        buffer.get(..self.len).unwrap_or(&[])
    }
}

/// Are these 8 bytes digits?
const fn are_digits(bytes: u64) -> bool {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    // A digit is 0 to 9 then. With 0x76 added, what is more has its highest bit set.
    let values = bytes ^ (EACH * b'0' as u64);
    let over = ((values & (EACH * 0x7F)) + EACH * 0x76) | values;
    over & (EACH * 0x80) == 0
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
    /// It has no national prefix.
    fn is_as_it_stands(&self, start: &[u8], num_digits: usize) -> bool {
        is_match_of_all(self.national_prefixes(), start, num_digits) == Some(false)
    }

    /// By itself it is a national number.
    fn is_national(&self, code: &[u8], start: &[u8], num_digits: usize) -> bool {
        !self.is_world()
            && !start.starts_with(code)
            && !start.starts_with(b"0")
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
        // In North America the national prefix is the calling code: it leads to the same number.
        let has_no_prefix = code == b"1" || is_other(self.national_prefixes());
        // The plan may be of more regions than the profile's own numbers, which decide here.
        let is_number = is_match_of_all(self.numbers(), start, num_digits - code.len());
        !self.is_world()
            && is_other(self.international_prefixes())
            && has_no_prefix
            && (self.length(num_digits) == Length::TooMany
                || (is_other(self.numbers()) && is_number == Some(true)))
    }
}
