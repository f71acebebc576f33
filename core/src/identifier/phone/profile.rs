//! The rules of one region, or of the world, as a dataset has them.

use serde::Serialize;

use super::rules;
use crate::bounded::List;
use crate::error::HeaderDefect;
use crate::fields::Fields;

/// Most bytes that the rule lists of a [`PhoneProfile`] may have together.
pub const MAX_RULE_BYTES: usize = 255;

/// The region of a profile without a default region: user-assigned in ISO 3166-1.
pub const WORLD: [u8; 2] = *b"ZZ";

/// The bits that [`PhoneProfile::num_digits`] may have: 2 to 17 digits.
const POSSIBLE_NUM_DIGITS: u32 = 0x3_FFFC;

/// How the telephone numbers of one dataset become items: the rules of one
/// region, or of the world.
///
/// For CN: calling code 86; a number begins with `00` when it goes abroad, with
/// `0` or a carrier's code such as `17911` at home; 7 to 12 digits follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "std", derive(serde::Deserialize))]
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
    pub rules: List<u8, MAX_RULE_BYTES>,
}

/// Where a count of digits lies among those that are possible.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
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
        rules: List::new(),
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

    pub(super) fn international_prefixes(&self) -> &[u8] {
        let end = usize::from(self.num_international_bytes);
        self.rules.get(..end).unwrap_or(&[])
    }

    pub(super) fn national_prefixes(&self) -> &[u8] {
        let start = usize::from(self.num_international_bytes);
        let end = start + usize::from(self.num_national_bytes);
        self.rules.get(start..end).unwrap_or(&[])
    }

    pub(super) fn numbers(&self) -> &[u8] {
        let start =
            usize::from(self.num_international_bytes) + usize::from(self.num_national_bytes);
        self.rules.get(start..).unwrap_or(&[])
    }

    pub(super) fn length(&self, num_digits: usize) -> Length {
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
}

/// The decimal digits of a calling code, 1 to 3 of them; the last three of a greater number.
pub(super) fn calling_code_digits(calling_code: u16, buffer: &mut [u8; 3]) -> &[u8] {
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
