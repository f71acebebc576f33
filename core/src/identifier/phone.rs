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

mod digits;
pub mod plan;
mod profile;
mod rules;
#[cfg(feature = "std")]
mod shortcuts;
#[cfg(test)]
mod tests;
mod written;

use super::error::NormaliseError;
use super::item::{Coverage, Item, Rule, Side};
use crate::units::MAX_READINGS;
use digits::Digits;
pub use digits::MAX_DIGITS;
use profile::{Length, calling_code_digits};
pub use profile::{MAX_RULE_BYTES, PhoneProfile, WORLD};
use rules::{first_match, is_match};
#[cfg(feature = "std")]
pub use shortcuts::{ShortText, Shortcuts};
use written::Written;

/// The fewest digits that a number of another country is taken to have, country code included.
const MIN_INTERNATIONAL_DIGITS: usize = 7;

/// The most digits of an international number (ITU-T E.164, 6.1).
const MAX_INTERNATIONAL_DIGITS: usize = 15;

impl PhoneProfile {
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
