//! The log macros: defmt's when the feature is on, else nothing.
//!
//! A log line never holds an identifier, an item or a hash of one, and no text from
//! which they could be told.

#[cfg(feature = "defmt")]
macro_rules! info {
    ($($part:tt)+) => { defmt::info!($($part)+) };
}
#[cfg(feature = "defmt")]
macro_rules! warning {
    ($($part:tt)+) => { defmt::warn!($($part)+) };
}

#[cfg(not(feature = "defmt"))]
macro_rules! info {
    ($text:literal $(, $value:expr)* $(,)?) => {{ $( let _ = &$value; )* }};
}
#[cfg(not(feature = "defmt"))]
macro_rules! warning {
    ($text:literal $(, $value:expr)* $(,)?) => {{ $( let _ = &$value; )* }};
}

pub(crate) use {info, warning};
