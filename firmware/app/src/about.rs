//! What a filter holds and covers, in words: at the start, and after `?`.

use core::fmt::{self, Display};

use leaksieve_core::arithmetic::divided;
use leaksieve_core::header::{Date, Rate};
use leaksieve_core::sector::SECTOR_BYTES;
use leaksieve_core::sentence::{Covers, Grouped, Plain, Title};
use leaksieve_core::{Catalogue, Dataset, PublicKey, Trust};

use crate::guard::CAN_VERIFY;
use crate::stack::StackUse;

/// One line a dataset: name, date, kind, items and odds.
pub struct Summary<'a>(pub &'a Catalogue);

impl Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for dataset in self.0.datasets() {
            write!(
                f,
                "  {}: {}, {} items, {}\r\n",
                Title(dataset),
                Covers(&dataset.profile),
                Grouped(dataset.num_items),
                Odds(dataset.measured)
            )?;
        }
        Ok(())
    }
}

/// All that a person may want to know of a filter.
pub struct About<'a> {
    /// The filter.
    pub catalogue: &'a Catalogue,
    /// The name of its slot.
    pub slot: &'static str,
    /// What the device accepts.
    pub trust: &'a Trust<'a>,
    /// The most stack that a question took so far.
    pub stack: Option<StackUse>,
}

impl Display for About<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = self.catalogue.header();
        let num_bytes = u64::from(header.num_sectors) * SECTOR_BYTES as u64;
        write!(
            f,
            "Filter {} in {}: {} sectors, {} bytes\r\n",
            self.catalogue.file_id(),
            Plain(self.slot),
            Grouped(header.num_sectors.into()),
            Grouped(num_bytes)
        )?;
        write!(
            f,
            "  created {}, epoch {}, to be replaced {}\r\n",
            Day(header.created_unix_s),
            header.epoch,
            Expiry(header.expires_unix_s)
        )?;
        self.signature(f)?;
        for dataset in self.catalogue.datasets() {
            self.dataset(f, dataset)?;
        }
        write!(
            f,
            "Verdicts: EXPOSED is true but for a false alarm at the odds shown; \"not exposed\" is\r\n\
             certain for the breaches named and says nothing of others; all else is no answer.\r\n"
        )?;
        if let Some(stack) = self.stack {
            write!(
                f,
                "Stack: at most {} of {} bytes used\r\n",
                Grouped(stack.used_bytes.into()),
                Grouped(stack.size_bytes.into())
            )?;
        }
        Ok(())
    }
}

impl About<'_> {
    fn signature(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !CAN_VERIFY {
            return Ok(());
        }
        let Trust { keys, epochs, .. } = self.trust;
        match (self.catalogue.signer(), keys) {
            (None, _) => write!(f, "  not signed\r\n")?,
            (Some(key), []) => write!(
                f,
                "  signed by {}, whom this device cannot know\r\n",
                Short(key)
            )?,
            (Some(key), _) => write!(f, "  signed by {}\r\n", Short(key))?,
        }
        match keys.len() {
            0 => write!(f, "{}", Accepts(self.trust)),
            number => write!(
                f,
                "Trusted keys: {number}; lowest epoch accepted: {}\r\n",
                epochs.start()
            ),
        }
    }

    fn dataset(&self, f: &mut fmt::Formatter<'_>, dataset: &Dataset) -> fmt::Result {
        write!(f, "Breach {}, {}\r\n", Plain(&dataset.name), dataset.date)?;
        write!(f, "  covers: {}\r\n", Covers(&dataset.profile))?;
        if !dataset.source_note.is_empty() {
            write!(f, "  source: {}\r\n", Plain(&dataset.source_note))?;
        }
        write!(
            f,
            "  items: {}; lines left out: {}\r\n",
            Grouped(dataset.num_items),
            Grouped(dataset.num_rejected)
        )?;
        if dataset.min_count > 0 {
            write!(
                f,
                "  only entries that were seen {} times or more\r\n",
                Grouped(dataset.min_count.into())
            )?;
        }
        if dataset.measured == Rate::NONE {
            return write!(f, "  {}\r\n", Odds(Rate::NONE));
        }
        write!(
            f,
            "  false alarm: 1 in {} as designed, 1 in {} as measured\r\n",
            Grouped(dataset.designed.one_in()),
            Grouped(dataset.measured.one_in())
        )
    }
}

/// Whose filters a device accepts.
pub struct Accepts<'a>(pub &'a Trust<'a>);

impl Display for Accepts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !CAN_VERIFY {
            return write!(
                f,
                "This device was built without signatures: it accepts filters that are not signed.\r\n"
            );
        }
        let Some((first, others)) = self.0.keys.split_first() else {
            return write!(
                f,
                "This device has no key: it accepts any filter, signed or not.\r\n"
            );
        };
        write!(f, "Accepts only filters signed by {}", Short(*first))?;
        for key in others {
            write!(f, " or {}", Short(*key))?;
        }
        write!(f, ".\r\n")
    }
}

/// The first 16 hexadecimal digits of a key.
struct Short(PublicKey);

impl Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.0.0.iter().take(8);
        bytes.try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// `false alarm 1 in 1,000`, or `no false alarm`.
struct Odds(Rate);

impl Display for Odds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Rate::NONE => f.write_str("no false alarm"),
            rate => write!(f, "false alarm 1 in {}", Grouped(rate.one_in())),
        }
    }
}

/// `2026-11-23`, UTC.
struct Day(u64);

impl Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match u32::try_from(divided(self.0, SECONDS_OF_A_DAY).0) {
            Ok(days) if days <= LAST_DAY => date_of(days).fmt(f),
            _ => f.write_str("on an impossible day"),
        }
    }
}

const SECONDS_OF_A_DAY: u64 = 86_400;
/// 9999-12-31, counted from 1970-01-01.
const LAST_DAY: u32 = 2_932_896;

/// The date of a day that is counted from 1970-01-01, in the proleptic Gregorian calendar
/// (Hinnant, "chrono-Compatible Low-Level Date Algorithms"): years begin in March, so that the
/// day that not all have is their last.
const fn date_of(days: u32) -> Date {
    const DAYS_OF_400_YEARS: u32 = 146_097;
    let days = days + 719_468;
    let (era, day_of_era) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let is_next_year = month >= 10;
    Date {
        year: (400 * era + year_of_era + is_next_year as u32) as u16,
        month: (if is_next_year { month - 9 } else { month + 3 }) as u8,
        day: (day_of_year - (153 * month + 2) / 5 + 1) as u8,
    }
}

/// When a filter should be replaced; 0 stands for never.
struct Expiry(u64);

impl Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("never"),
            seconds => write!(
                f,
                "on {} (shown, not judged: the device has no clock)",
                Day(seconds)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn numbers_are_grouped_by_three_digits() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_000_050, "1,000,050"),
            (u64::MAX, "18,446,744,073,709,551,615"),
        ] {
            assert_eq!(Grouped(number).to_string(), text);
        }
    }

    #[test]
    fn days() {
        for (seconds, text) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_763_927_999, "2025-11-23"),
            (253_402_300_799, "9999-12-31"),
            (253_402_300_800, "on an impossible day"),
            (u64::MAX, "on an impossible day"),
        ] {
            assert_eq!(Day(seconds).to_string(), text);
        }
        // Every day is the one after the day before.
        let mut last = date_of(0);
        for days in 1..=LAST_DAY {
            let date = date_of(days);
            let is_next = match (date.month, date.day) {
                (1, 1) => (last.month, last.day) == (12, 31) && date.year == last.year + 1,
                (month, 1) => {
                    let is_leap = date.year.is_multiple_of(4)
                        && (!date.year.is_multiple_of(100) || date.year.is_multiple_of(400));
                    let length = match last.month {
                        2 => 28 + u8::from(is_leap),
                        4 | 6 | 9 | 11 => 30,
                        _ => 31,
                    };
                    date.year == last.year && month == last.month + 1 && last.day == length
                }
                (month, day) => (last.year, last.month, last.day + 1) == (date.year, month, day),
            };
            assert!(is_next, "{date:?} after {last:?}");
            last = date;
        }
        assert_eq!(Expiry(0).to_string(), "never");
        assert!(Expiry(86_400).to_string().starts_with("on 1970-01-02 "));
    }
}
