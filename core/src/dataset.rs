//! What a file says of each of the leaked sets in it.

use core::fmt;

use serde::Serialize;

use crate::arithmetic::divided;
use crate::bounded::Text;
use crate::encoding::{Encoding, bloom, exact};
use crate::error::{Error, HeaderDefect};
use crate::fields::Fields;
use crate::hash::HashFunction;
#[cfg(feature = "std")]
use crate::identifier::phone::ShortText;
use crate::identifier::{Item, MAX_READINGS, NORMALISATION_VERSION, Profile, is_invisible};
use crate::sector::SectorIndex;

/// Longest name of a breach: 64 bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 64;
/// Longest note on a source: 96 bytes of UTF-8.
pub const MAX_SOURCE_NOTE_BYTES: usize = 96;

/// One leaked set of identifiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Dataset {
    /// Name of the breach; no control characters.
    pub name: Text<MAX_NAME_BYTES>,
    /// When it happened.
    pub date: Date,
    /// Where the list came from; may be empty; no control characters.
    pub source_note: Text<MAX_SOURCE_NOTE_BYTES>,
    /// Version of the rules in [`crate::identifier`] that made the items.
    pub normalisation_version: u8,
    /// Kind of identifier, and its rules.
    pub profile: Profile,
    /// Distinct items of all readings; at least 1.
    #[serde(with = "postcard::fixint::le")]
    pub num_items: u64,
    /// Lines of the source that gave no item, or a telephone number that the plan does not have
    /// and that is known in one spelling only: the file says nothing sure about them.
    #[serde(with = "postcard::fixint::le")]
    pub num_rejected: u64,
    /// Lines that were stored in several readings: all but one of each never leaked. If it is 0,
    /// no item is marked.
    #[serde(with = "postcard::fixint::le")]
    pub num_extra: u64,
    /// The list counts its entries, and those with a lower count were left out: the file
    /// says nothing about them. 0 when nothing was left out; never 1.
    #[serde(with = "postcard::fixint::le")]
    pub min_count: u32,
    /// How items become bits.
    pub encoding: Encoding,
    /// How items are hashed.
    pub hash: HashFunction,
    /// The numbering plan, for telephone numbers. Its sectors lie before the pages.
    pub plan: PlanSectors,
    /// First sector of the pages.
    pub first_sector: SectorIndex,
    /// Number of pages, each a sector; at least 1.
    #[serde(with = "postcard::fixint::le")]
    pub num_sectors: u32,
    /// False-positive rate that the builder aimed at; of an exact set [`Rate::NONE`], as the next.
    pub designed: Rate,
    /// False-positive rate of the pages as they are, the hash collisions within a page
    /// included. Of a Bloom filter: the mean over all pages of `(ones / 4064) ^ num_hashes`.
    /// Of a ribbon: see "Rate" in [`format`](crate::format).
    pub measured: Rate,
}

impl Dataset {
    /// Of no leak: a place to read one into.
    pub(crate) const EMPTY: Self = Self {
        name: Text::new(),
        date: Date {
            year: 0,
            month: 0,
            day: 0,
        },
        source_note: Text::new(),
        normalisation_version: 0,
        profile: Profile::Email,
        num_items: 0,
        num_rejected: 0,
        num_extra: 0,
        min_count: 0,
        encoding: Encoding::Bloom { num_hashes: 0 },
        hash: HashFunction::Xxh3 { seed: 0 },
        plan: PlanSectors::NONE,
        first_sector: SectorIndex(0),
        num_sectors: 0,
        designed: Rate(0),
        measured: Rate(0),
    };

    pub(crate) fn read(&mut self, fields: &mut Fields<'_>) -> Result<(), HeaderDefect> {
        fields.text(&mut self.name)?;
        self.date = Date {
            year: fields.u16()?,
            month: fields.u8()?,
            day: fields.u8()?,
        };
        fields.text(&mut self.source_note)?;
        self.normalisation_version = fields.u8()?;
        self.profile.read(fields)?;
        self.num_items = fields.u64()?;
        self.num_rejected = fields.u64()?;
        self.num_extra = fields.u64()?;
        self.min_count = fields.u32()?;
        self.encoding = Encoding::read(fields)?;
        self.hash = HashFunction::read(fields)?;
        self.plan = PlanSectors {
            num_sectors: fields.u16()?,
            max_reads: fields.u8()?,
        };
        self.first_sector = SectorIndex(fields.u32()?);
        self.num_sectors = fields.u32()?;
        self.designed = Rate(fields.u64()?);
        self.measured = Rate(fields.u64()?);
        Ok(())
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.normalisation_version != NORMALISATION_VERSION {
            return Err(Error::NormalisationVersion {
                found: self.normalisation_version,
            });
        }
        let defect = if self.num_items == 0 {
            HeaderDefect::NoItems
        } else if self.min_count == 1 {
            HeaderDefect::MinCount
        } else if let Some(defect) = self.encoding_defect() {
            defect
        } else if ![self.designed, self.measured]
            .iter()
            .all(|rate| rate.is_possible(self.encoding == Encoding::Exact))
        {
            HeaderDefect::FalsePositiveRate
        } else if !self.date.is_possible() {
            HeaderDefect::Date
        } else if [self.name.as_str(), self.source_note.as_str()]
            .iter()
            .any(|text| text.chars().any(|c| c.is_control() || is_invisible(c)))
        {
            HeaderDefect::ControlCharacter
        } else if !self.profile.is_possible() {
            HeaderDefect::PhoneProfile
        } else if !self
            .plan
            .is_possible(matches!(self.profile, Profile::Phone(_)))
        {
            HeaderDefect::Plan
        } else {
            return Ok(());
        };
        Err(defect.into())
    }

    fn encoding_defect(&self) -> Option<HeaderDefect> {
        match &self.encoding {
            Encoding::Bloom { num_hashes } => {
                (!(1..=bloom::MAX_HASHES).contains(num_hashes)).then_some(HeaderDefect::NumHashes)
            }
            Encoding::Ribbon(ribbon) if !ribbon.has_possible_columns() => {
                Some(HeaderDefect::Columns)
            }
            Encoding::Ribbon(ribbon) => {
                (!ribbon.has_possible_layers(self.num_sectors)).then_some(HeaderDefect::Layers)
            }
            Encoding::Exact => {
                (!exact::number::has_numbers(&self.profile)).then_some(HeaderDefect::Numbers)
            }
        }
    }

    /// All sectors of the dataset, its plan first: the first of them, and how many.
    pub fn sectors(&self) -> (SectorIndex, u64) {
        let num_plan_sectors = self.plan.num_sectors;
        (
            SectorIndex(self.first_sector.0.saturating_sub(num_plan_sectors.into())),
            u64::from(num_plan_sectors) + u64::from(self.num_sectors),
        )
    }

    /// Questions that are put to the pages at most for one identifier, each of another reading.
    const fn max_readings(&self) -> u32 {
        match self.profile {
            Profile::Phone(_) | Profile::Password(..) => MAX_READINGS as u32,
            Profile::Email => 2,
            Profile::Username(_) | Profile::Id(_) => 1,
        }
    }

    /// Sectors that an identifier needs at most, tag sectors apart: for each reading the pages of
    /// a question, and of a telephone number those of the plan that say whether it is one.
    pub(crate) fn max_reads(&self) -> u32 {
        let pages = self.encoding.max_pages_read(self.num_sectors);
        // A number may be marked.
        let is_asked_twice = self.encoding == Encoding::Exact && self.num_extra > 0;
        let each = pages
            .saturating_mul(1 + u32::from(is_asked_twice))
            .saturating_add(self.plan.max_reads.into());
        self.max_readings().saturating_mul(each)
    }

    /// What the pages are asked for of an item: its hash; in an exact set its number, `None` if it
    /// has none and so cannot be there.
    pub fn key(&self, item: &Item) -> Option<u64> {
        match self.encoding {
            Encoding::Exact => exact::number(&self.profile, item.as_bytes()),
            Encoding::Bloom { .. } | Encoding::Ribbon(_) => Some(self.hash.hash(item)),
        }
    }

    /// As [`key`](Self::key), of an item without a mark.
    pub(crate) fn key_of_bytes(&self, item: &[u8]) -> Option<u64> {
        match self.encoding {
            Encoding::Exact => exact::number(&self.profile, item),
            Encoding::Bloom { .. } | Encoding::Ribbon(_) => Some(self.hash.hash_bytes(item)),
        }
    }

    /// As [`key`](Self::key), of an item that was found by a shortcut.
    #[cfg(feature = "std")]
    pub(crate) fn key_of_short(&self, item: ShortText) -> Option<u64> {
        self.key_of_bytes(item.encode(&mut [0; ShortText::MAX_BYTES]))
    }

    /// The chance that an identifier is called exposed that is not in the dataset, if so many
    /// readings are asked.
    pub fn false_alarm(&self, num_readings: u8) -> Rate {
        self.measured.of_any(num_readings)
    }

    /// A sector of the plan, from 0.
    pub(crate) fn plan_sector(&self, index: u32) -> Option<SectorIndex> {
        let before = u32::from(self.plan.num_sectors).checked_sub(index)?;
        (before > 0).then(|| SectorIndex(self.first_sector.0.saturating_sub(before)))
    }

    /// The sector of a page.
    pub(crate) const fn sector_of(&self, page: u32) -> SectorIndex {
        // The header's check keeps the sum below 2^32.
        SectorIndex(self.first_sector.0.saturating_add(page))
    }
}

/// The sectors of a numbering plan: see [`crate::identifier::phone::plan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct PlanSectors {
    /// How many: at least 1 for telephone numbers, 0 for all else.
    #[serde(with = "postcard::fixint::le")]
    pub num_sectors: u16,
    /// How many of them a number needs at most.
    pub max_reads: u8,
}

impl PlanSectors {
    /// Of what is no telephone number.
    pub const NONE: Self = Self {
        num_sectors: 0,
        max_reads: 0,
    };

    fn is_possible(self, is_phone: bool) -> bool {
        is_phone == (self.num_sectors > 0)
            && is_phone == (self.max_reads > 0)
            && u16::from(self.max_reads) <= self.num_sectors
    }
}

/// A day, a month or a year; what is unknown is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Date {
    /// Year of the common era, 0 when unknown.
    #[serde(with = "postcard::fixint::le")]
    pub year: u16,
    /// 1 to 12, 0 when unknown.
    pub month: u8,
    /// 1 to 31, 0 when unknown.
    pub day: u8,
}

impl Date {
    fn is_possible(self) -> bool {
        self.month <= 12
            && self.day <= 31
            && (self.year != 0 || self.month == 0)
            && (self.month != 0 || self.day == 0)
    }
}

/// `2021-06-11`, `2021-06`, `2021`, or `date unknown`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.year == 0 {
            return f.write_str("date unknown");
        }
        // All of one type, so that a device has the code for one.
        write!(f, "{:04}", u32::from(self.year))?;
        [self.month, self.day]
            .iter()
            .take_while(|part| **part != 0)
            .try_for_each(|part| write!(f, "-{:02}", u32::from(*part)))
    }
}

/// A false-positive rate, in units of 1e-18. An integer, so that a device without a
/// floating-point unit can say "1 in N".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[serde(transparent)]
pub struct Rate(#[serde(with = "postcard::fixint::le")] u64);

/// The square root of [`Rate::ONE`].
const HALF_UNITS: u64 = 1_000_000_000;

impl Rate {
    /// Units of the rate 1: 10^18.
    pub const ONE: u64 = 1_000_000_000_000_000_000;
    /// Of an exact set: there is no false alarm.
    pub const NONE: Self = Self(0);

    /// A rate of so many units of 1e-18, at least one unit and at most 1.
    pub const fn from_units(units: u64) -> Self {
        match units {
            0 => Self(1),
            Self::ONE.. => Self(Self::ONE),
            units => Self(units),
        }
    }

    /// The rate in units of 1e-18.
    pub const fn units(self) -> u64 {
        self.0
    }

    /// The chance of one or more false alarms in so many questions: `1 - (1 - e)^n`, to some
    /// units of 1e-9 of it.
    fn of_any(self, num_questions: u8) -> Self {
        if self == Self::NONE {
            return self;
        }
        let halved = |units| divided(units, HALF_UNITS).0;
        let mut any = self.0;
        for _ in 1..num_questions {
            let both = halved(any) * halved(self.0);
            any = any.saturating_add(self.0).saturating_sub(both);
        }
        Self::from_units(any)
    }

    /// N of "1 in N", rounded to the nearest; 0: there is no false alarm.
    pub const fn one_in(self) -> u64 {
        match self.0 {
            0 => 0,
            units => divided(Self::ONE + units / 2, units).0,
        }
    }

    const fn is_possible(self, is_exact: bool) -> bool {
        if is_exact {
            self.0 == 0
        } else {
            0 < self.0 && self.0 <= Self::ONE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    const fn date(year: u16, month: u8, day: u8) -> Date {
        Date { year, month, day }
    }

    #[test]
    fn dates_that_can_be_and_how_they_are_said() {
        for (date, text) in [
            (date(0, 0, 0), "date unknown"),
            (date(2021, 0, 0), "2021"),
            (date(2021, 6, 0), "2021-06"),
            (date(2021, 12, 31), "2021-12-31"),
            (date(7, 1, 2), "0007-01-02"),
        ] {
            assert!(date.is_possible(), "{date:?}");
            assert_eq!(date.to_string(), text);
        }
        for date in [
            date(0, 6, 0),
            date(0, 0, 5),
            date(0, 6, 5),
            date(2021, 0, 5),
            date(2021, 13, 1),
            date(2021, 12, 32),
        ] {
            assert!(!date.is_possible(), "{date:?}");
        }
    }

    #[test]
    fn a_rate_as_one_in_so_many() {
        for (units, one_in) in [
            (Rate::ONE, 1),
            (Rate::ONE / 2, 2),
            (Rate::ONE / 1000, 1000),
            (Rate::ONE / 3, 3),
            (1, Rate::ONE),
            // 1 in 1.5 is nearer to 2, and 1 in 2.4 to 2.
            (Rate::ONE / 3 * 2, 2),
            (Rate::ONE / 24 * 10, 2),
            (Rate::ONE / 26 * 10, 3),
        ] {
            assert_eq!(Rate::from_units(units).one_in(), one_in, "{units}");
            assert_eq!(Rate::from_units(units).units(), units);
        }
        assert_eq!(Rate::from_units(0).units(), 1);
        assert_eq!(Rate::from_units(u64::MAX).units(), Rate::ONE);
        assert_eq!(Rate::NONE.one_in(), 0);
        assert!(!Rate(0).is_possible(false) && !Rate(Rate::ONE + 1).is_possible(false));
        assert!(Rate::NONE.is_possible(true) && !Rate(1).is_possible(true));
        assert_eq!(Rate::NONE.of_any(4), Rate::NONE);
    }
}
