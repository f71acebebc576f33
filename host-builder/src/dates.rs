//! How days and times are written and read.

use std::time::SystemTime;

use leaksieve_core::header::Date;

/// Why a text is no day or time, or none is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DateError {
    /// Not the day of a leak.
    #[error("give a date such as 2021-06-11, 2021-06 or 2021")]
    Date,
    /// Not a time.
    #[error("give a date such as 2027-01-31, or seconds since 1970-01-01 UTC")]
    Time,
    /// A year alone, which could be a time of 1970.
    #[error("give the day too, such as {0}-01-31")]
    YearAlone(u64),
    /// The environment's time.
    #[error("SOURCE_DATE_EPOCH is not a number of seconds")]
    Environment,
    /// The clock's time.
    #[error("the clock is before 1970: give the time at which the file is made")]
    Clock,
}

/// When a breach happened: `2021-06-11`, `2021-06` or `2021`.
///
/// # Errors
/// [`DateError::Date`].
pub fn parse_date(text: &str) -> Result<Date, DateError> {
    let error = DateError::Date;
    let mut parts = text.split('-').map(|part| part.parse::<u16>().ok());
    let date = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(Some(year)), None, None, None) => (year, 0, 0),
        (Some(Some(year)), Some(Some(month @ 1..=12)), None, None) => (year, month, 0),
        (Some(Some(year)), Some(Some(month)), Some(Some(day)), None) => {
            // The calendar knows which days there are.
            jiff::civil::Date::new(year as i16, month as i8, day as i8).map_err(|_| error)?;
            (year, month, day)
        }
        _ => return Err(error),
    };
    match date {
        (year @ 1..=9999, month, day) => Ok(Date {
            year,
            month: month as u8,
            day: day as u8,
        }),
        _ => Err(error),
    }
}

/// `2027-01-31`, or seconds since 1970-01-01 UTC; gives seconds.
///
/// # Errors
/// [`DateError::Time`], [`DateError::YearAlone`].
pub fn parse_time(text: &str) -> Result<u64, DateError> {
    match text.parse() {
        // A year, and no time of 1970.
        Ok(year @ 1..=9999_u64) => return Err(DateError::YearAlone(year)),
        Ok(seconds) => return Ok(seconds),
        Err(_) => {}
    }
    text.parse::<jiff::civil::Date>()
        .ok()
        .and_then(|date| jiff::tz::Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok())
        .and_then(|time| u64::try_from(time.as_second()).ok())
        .ok_or(DateError::Time)
}

/// When a file is made: now, or what the environment says for builds that can be repeated
/// (`SOURCE_DATE_EPOCH`, <https://reproducible-builds.org/specs/source-date-epoch/>). Seconds since
/// 1970-01-01 UTC.
///
/// # Errors
/// [`DateError::Environment`], [`DateError::Clock`].
pub fn created_now() -> Result<u64, DateError> {
    if let Ok(epoch) = std::env::var("SOURCE_DATE_EPOCH") {
        return epoch.parse().map_err(|_| DateError::Environment);
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    Ok(now.map_err(|_| DateError::Clock)?.as_secs())
}

/// A time as a day. Seconds since 1970-01-01 UTC.
pub fn day_of(unix_s: u64) -> String {
    i64::try_from(unix_s)
        .ok()
        .and_then(|second| jiff::Timestamp::from_second(second).ok())
        .map_or_else(
            || "a day out of range".into(),
            |time| time.strftime("%Y-%m-%d").to_string(),
        )
}
