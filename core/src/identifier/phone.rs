//! Telephone numbers -> E.164 digits, without phone tables on the device.
//!
//! The rules of a dataset's default region stand in its [`PhoneProfile`]; the
//! host makes them from libphonenumber's metadata. The order of the decisions,
//! and so the result, is that of libphonenumber's parser: a number means here
//! what it means to the telephones that most people carry.
//!
//! Three steps: the text becomes digits (`written`), prefixes are taken off
//! by the profile's rule lists (`rules`), and what is left must be of a
//! length that the region has.
//!
//! # Invariants
//! - Work is bounded: at most [`MAX_DIGITS`] digits are looked at, the rule lists
//!   have at most [`MAX_RULE_BYTES`] bytes, and none is walked more than a
//!   fixed number of times.
//! - No profile makes this code panic, however its bytes came about.

pub mod plan;
mod rules;
#[cfg(feature = "std")]
mod shortcuts;
#[cfg(test)]
mod tests;
mod written;

use serde::Serialize;

use super::{Coverage, Item, MAX_READINGS, NormaliseError, Rule, Side};
use crate::error::HeaderDefect;
use crate::fields::Fields;
use rules::{first_match, is_match};
#[cfg(feature = "std")]
pub use shortcuts::{ShortText, Shortcuts};
use written::{Digits, Written};

/// Most digits that a written telephone number may have, prefixes included.
pub const MAX_DIGITS: usize = 32;

/// Most bytes that the rule lists of a [`PhoneProfile`] may have together.
pub const MAX_RULE_BYTES: usize = 255;

/// The region of a profile without a default region: user-assigned in ISO 3166-1.
pub const WORLD: [u8; 2] = *b"ZZ";

/// The bits that [`PhoneProfile::num_digits`] may have: 2 to 17 digits.
const POSSIBLE_NUM_DIGITS: u32 = 0x3_FFFC;

/// The fewest digits that a number of another country is taken to have, country code included.
const MIN_INTERNATIONAL_DIGITS: usize = 7;

/// The most digits of an international number (ITU-T E.164, 6.1).
const MAX_INTERNATIONAL_DIGITS: usize = 15;

/// How the telephone numbers of one dataset become items: the rules of one
/// region, or of the world.
///
/// For CN: calling code 86; a number begins with `00` when it goes abroad, with
/// `0` or a carrier's code such as `17911` at home; 7 to 12 digits follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PhoneProfile {
    /// The default region: ISO 3166-1 alpha-2 in capitals, or `ZZ` for the
    /// world, where every number must carry its country code.
    pub region: [u8; 2],
    /// The calling code of the region, 1 to 999; 0 for the world.
    #[serde(with = "postcard::fixint::le")]
    pub calling_code: u16,
    /// Bit n: a number may have n digits after the calling code (for the world:
    /// n digits with the calling code). Bits 2 to 17; never all zero.
    #[serde(with = "postcard::fixint::le")]
    pub num_digits: u32,
    /// Did nearly all lines of the list that had no plus sign begin with the calling code? Then
    /// all of them do.
    pub has_calling_codes: bool,
    /// Bytes of the first list in `rules`: what is dialled before a country code in place of `+`.
    pub num_international_bytes: u8,
    /// Bytes of the second list in `rules`: what is dialled before a national number, and
    /// other local forms. For the world, what stands between country code and national number.
    pub num_national_bytes: u8,
    /// Three rule lists, one after the other: international prefixes, national prefixes, and
    /// the numbers of the numbering plan, by their first digits and length. The bytes are
    /// specified in FORMAT.md, "Telephone profile".
    pub rules: heapless::Vec<u8, MAX_RULE_BYTES>,
}

/// Where a count of digits lies among those that are possible.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Length {
    Possible,
    TooFew,
    TooMany,
    Between,
}

impl PhoneProfile {
    /// Of no region: a place to read one into.
    pub(crate) const EMPTY: Self = Self {
        region: [0; 2],
        calling_code: 0,
        num_digits: 0,
        has_calling_codes: false,
        num_international_bytes: 0,
        num_national_bytes: 0,
        rules: heapless::Vec::new(),
    };

    pub(crate) fn read(&mut self, fields: &mut Fields<'_>) -> Result<(), HeaderDefect> {
        self.region = fields.array()?;
        self.calling_code = fields.u16()?;
        self.num_digits = fields.u32()?;
        self.has_calling_codes = match fields.u8()? {
            0 => false,
            1 => true,
            _ => return Err(HeaderDefect::Unreadable),
        };
        self.num_international_bytes = fields.u8()?;
        self.num_national_bytes = fields.u8()?;
        fields.bytes(&mut self.rules)
    }

    /// Does every number have to carry its country code?
    pub const fn is_world(&self) -> bool {
        self.calling_code == 0
    }

    /// Could a builder have written this profile? [`normalise`] keeps its promises
    /// without this check; it tells a damaged profile from a working one.
    pub(crate) fn is_possible(&self) -> bool {
        let lists = [
            self.international_prefixes(),
            self.national_prefixes(),
            self.numbers(),
        ];
        let num_bytes: usize = lists.iter().map(|list| list.len()).sum();
        self.region.iter().all(u8::is_ascii_uppercase)
            && (self.region == WORLD) == self.is_world()
            && self.calling_code <= 999
            && self.num_digits != 0
            && self.num_digits & !POSSIBLE_NUM_DIGITS == 0
            && num_bytes == self.rules.len()
            && lists.iter().all(|list| rules::is_whole(list))
    }

    fn international_prefixes(&self) -> &[u8] {
        let end = usize::from(self.num_international_bytes);
        self.rules.get(..end).unwrap_or(&[])
    }

    fn national_prefixes(&self) -> &[u8] {
        let start = usize::from(self.num_international_bytes);
        let end = start + usize::from(self.num_national_bytes);
        self.rules.get(start..end).unwrap_or(&[])
    }

    fn numbers(&self) -> &[u8] {
        let start =
            usize::from(self.num_international_bytes) + usize::from(self.num_national_bytes);
        self.rules.get(start..).unwrap_or(&[])
    }

    fn length(&self, num_digits: usize) -> Length {
        let lengths = self.num_digits;
        // 31 lies above every possible length and inside the mask.
        let n = num_digits.min(31) as u32;
        if lengths >> n & 1 == 1 {
            Length::Possible
        } else if lengths >> n == 0 {
            Length::TooMany
        } else if lengths & ((1 << n) - 1) == 0 {
            Length::TooFew
        } else {
            Length::Between
        }
    }

    /// The digits after an international prefix, if there is one. A prefix that
    /// is followed by 0 is none: no country code begins so.
    fn after_international_prefix<'a>(&self, digits: &'a [u8]) -> Option<&'a [u8]> {
        let found = first_match(self.international_prefixes(), digits)?;
        let rest = digits.get(found.num_matched..)?;
        (rest.first() != Some(&b'0')).then_some(rest)
    }

    /// The number without its national prefix. `None` if it has none, or is a
    /// number of the plan only with it.
    fn without_national_prefix(&self, number: &[u8]) -> Option<Digits> {
        let stripped = first_match(self.national_prefixes(), number)?.rewrite(number)?;
        let is_worse =
            is_match(self.numbers(), number) && !is_match(self.numbers(), stripped.as_slice());
        (!is_worse).then_some(stripped)
    }

    /// The national number of digits that stand without `+` and international
    /// prefix, but with the region's own calling code, as in `8613800138000`.
    /// `None` if they are better taken for a national number.
    fn without_calling_code(&self, digits: &[u8], calling_code: &[u8]) -> Option<Digits> {
        let rest = digits.strip_prefix(calling_code)?;
        let stripped = match self.without_national_prefix(rest) {
            Some(stripped) => stripped,
            None => Digits::from_slice(rest)?,
        };
        let is_better =
            !is_match(self.numbers(), digits) && is_match(self.numbers(), stripped.as_slice());
        (is_better || self.length(digits.len()) == Length::TooMany).then_some(stripped)
    }

    fn item_of_region(
        &self,
        number: &[u8],
        calling_code: &[u8],
        item: &mut Item,
    ) -> Result<(), NormaliseError> {
        // What is too short without its prefix had none.
        let stripped = self.without_national_prefix(number).filter(|stripped| {
            matches!(
                self.length(stripped.len()),
                Length::Possible | Length::TooMany
            )
        });
        self.item(
            calling_code,
            stripped.as_ref().map_or(number, Digits::as_slice),
            item,
        )
    }

    fn item(
        &self,
        calling_code: &[u8],
        number: &[u8],
        item: &mut Item,
    ) -> Result<(), NormaliseError> {
        match self.length(number.len()) {
            Length::Possible => {}
            Length::TooFew => return Err(NormaliseError::TooFewDigits),
            Length::TooMany => return Err(NormaliseError::TooManyDigits),
            Length::Between => return Err(NormaliseError::ImpossibleLength),
        }
        item.extend(calling_code)?;
        item.extend(number)
    }

    /// The item of one way to read digits.
    fn candidate(
        &self,
        way: Way,
        digits: &[u8],
        written: &Written,
        side: Side,
        item: &mut Item,
    ) -> Result<(), NormaliseError> {
        const NONE: NormaliseError = NormaliseError::OutsideNumberingPlan;
        let mut buffer = [0; 3];
        let calling_code = calling_code_digits(self.calling_code, &mut buffer);
        if self.is_world() {
            return self.candidate_of_world(way, digits, written, side, item);
        }
        match way {
            Way::Parsed => self.parsed(digits, written, calling_code, item),
            // Whatever the digits were meant as, a plus sign says one thing.
            _ if written.has_plus && digits.first() != Some(&b'0') => Err(NONE),
            Way::National => {
                self.item_of_region(digits, calling_code, item)?;
                let number = item.as_bytes().get(calling_code.len()..).unwrap_or(&[]);
                is_match(self.numbers(), number).then_some(()).ok_or(NONE)
            }
            // Whatever else a national prefix may be.
            Way::Trunk => {
                let number = digits.strip_prefix(b"0").ok_or(NONE)?;
                self.item(calling_code, number, item)?;
                is_match(self.numbers(), number).then_some(()).ok_or(NONE)
            }
            Way::CallingCode => {
                let number = digits.strip_prefix(calling_code).ok_or(NONE)?;
                self.item_of_region(number, calling_code, item)
            }
            Way::Zeros => {
                let number = digits.strip_prefix(b"00").ok_or(NONE)?;
                let number = number.strip_prefix(calling_code).ok_or(NONE)?;
                self.item_of_region(number, calling_code, item)
            }
        }
    }

    /// As libphonenumber's parser reads digits.
    fn parsed(
        &self,
        digits: &[u8],
        written: &Written,
        calling_code: &[u8],
        item: &mut Item,
    ) -> Result<(), NormaliseError> {
        // `+0...` is a slip for the international prefix, as in `+0086...`.
        let international = if written.has_plus && digits.first() != Some(&b'0') {
            Some(digits)
        } else {
            self.after_international_prefix(digits)
        };
        match international {
            None if written.has_plus => Err(NormaliseError::NeedsCountryCode),
            None => match self.without_calling_code(digits, calling_code) {
                Some(number) => self.item_of_region(number.as_slice(), calling_code, item),
                None => self.item_of_region(digits, calling_code, item),
            },
            Some(number) => match number.strip_prefix(calling_code) {
                Some(national) => self.item_of_region(national, calling_code, item),
                None => {
                    let num_dropped = digits.len() - number.len();
                    let at = written
                        .zero_in_brackets
                        .and_then(|at| at.checked_sub(num_dropped));
                    item_of_other_country(number, at.filter(|at| *at > 0), item)
                }
            },
        }
    }

    /// With its country code; as it stands, and without what people leave between country code
    /// and number. Lists leave the plus sign out; of a question that leaves it out nobody knows
    /// the country.
    fn candidate_of_world(
        &self,
        way: Way,
        digits: &[u8],
        written: &Written,
        side: Side,
        item: &mut Item,
    ) -> Result<(), NormaliseError> {
        const NONE: NormaliseError = NormaliseError::OutsideNumberingPlan;
        let first = digits.first();
        let international = if written.has_plus && first != Some(&b'0') {
            Some(digits)
        } else {
            self.after_international_prefix(digits)
        };
        let (number, is_sure) = match international {
            Some(number) => (number, true),
            None if written.has_plus || first == Some(&b'0') => {
                return Err(NormaliseError::NeedsCountryCode);
            }
            None => (digits, side == Side::Store),
        };
        match way {
            Way::Parsed => self.item(&[], number, item)?,
            Way::National => {
                let stripped = first_match(self.national_prefixes(), number)
                    .and_then(|found| found.rewrite(number))
                    .ok_or(NONE)?;
                self.item(&[], stripped.as_slice(), item)?;
            }
            Way::Trunk | Way::CallingCode | Way::Zeros => return Err(NONE),
        }
        if !is_sure {
            item.coverage = Coverage::Incidental(NormaliseError::NeedsCountryCode);
        }
        Ok(())
    }
}

/// The ways to read the digits of a number, in their order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// As libphonenumber's parser does.
    Parsed,
    /// As a national number, with its national prefix or without.
    National,
    /// As a national number behind a 0.
    Trunk,
    /// Behind the region's own calling code, without a plus sign.
    CallingCode,
    /// Behind 00 and the region's own calling code, whatever is dialled there to go abroad.
    Zeros,
}

impl Way {
    const ALL: [Self; 5] = [
        Self::Parsed,
        Self::National,
        Self::Trunk,
        Self::CallingCode,
        Self::Zeros,
    ];
}

/// The item of a number of a country that the profile has no rules for. A lone 0
/// in brackets, at this index, is dialled only inside that country.
fn item_of_other_country(
    number: &[u8],
    zero_in_brackets: Option<usize>,
    item: &mut Item,
) -> Result<(), NormaliseError> {
    let mut number = Digits::from_slice(number).ok_or(NormaliseError::TooManyDigits)?;
    if let Some(at) = zero_in_brackets {
        number.remove(at);
    }
    if number.len() < MIN_INTERNATIONAL_DIGITS {
        return Err(NormaliseError::TooFewDigits);
    }
    if number.len() > MAX_INTERNATIONAL_DIGITS {
        return Err(NormaliseError::TooManyDigits);
    }
    item.extend(number.as_slice())?;
    item.coverage = Coverage::Incidental(NormaliseError::OtherCountry);
    Ok(())
}

/// The item of a reading of a telephone number: its E.164 digits without `+`. `text` is
/// trimmed and not empty. Readings that are equal are one. Which are numbers, the plan says;
/// the last may be without its extension.
///
/// # Errors
/// Why the text is not a number that can be dialled from the profile's region. Never panics.
#[inline(never)]
pub(super) fn reading(
    profile: &PhoneProfile,
    text: &str,
    side: Side,
    index: u8,
    item: &mut Item,
) -> Result<bool, NormaliseError> {
    let written = Written::read(text)?;
    if written.digits.len() == 0 {
        return Err(NormaliseError::TooFewDigits);
    }
    let mut first_error = None;
    // One more than there is room for is refused, and none is looked at behind it.
    let mut before = heapless::Vec::<u64, { MAX_READINGS as usize }>::new();
    for step in 0..=Way::ALL.len() {
        let (way, digits) = match (Way::ALL.get(step), written.without_extension()) {
            (Some(way), _) => (*way, written.digits.as_slice()),
            (None, Some(digits)) => (Way::Parsed, digits),
            (None, None) => break,
        };
        item.clear();
        if let Err(error) = profile.candidate(way, digits, &written, side, item) {
            first_error.get_or_insert(error);
            continue;
        }
        let number = number_of(item);
        if before.contains(&number) {
            continue;
        }
        if before.len() == usize::from(index) {
            item.rule = match way {
                _ if step == Way::ALL.len() => Some(Rule::WithoutExtension),
                Way::Parsed => None,
                _ => Some(Rule::OtherCountryCode),
            };
            return match index {
                MAX_READINGS.. => Err(NormaliseError::TooManyReadings),
                _ => Ok(true),
            };
        }
        let _ = before.push(number);
    }
    match first_error {
        Some(error) if before.is_empty() => Err(error),
        _ => Ok(false),
    }
}

/// The number that an item of up to 20 digits is: an E.164 number begins with no 0. A sum of
/// shifts, as the smallest processors have no wide product.
fn number_of(item: &Item) -> u64 {
    item.as_bytes().iter().fold(0_u64, |number, digit| {
        (number << 3)
            .wrapping_add(number << 1)
            .wrapping_add(u64::from(digit & 15))
    })
}

/// The decimal digits of a calling code, 1 to 3 of them; the last three of a greater number.
fn calling_code_digits(calling_code: u16, buffer: &mut [u8; 3]) -> &[u8] {
    let mut rest = calling_code;
    let mut start = buffer.len();
    for (index, digit) in buffer.iter_mut().enumerate().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        start = index;
        if rest == 0 {
            break;
        }
    }
    buffer.get(start..).unwrap_or(&[])
}
