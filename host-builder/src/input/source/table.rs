//! Tables in CSV and TSV, and lists with several columns -> the cells of one column.
//!
//! The first lines tell how the table is written ([`look`]); then whole rows are given in
//! batches, and taken apart where they are normalised, on all cores.

mod look;
mod read;
mod row;
mod rows;
mod sample;

pub(super) use self::read::read;
pub(crate) use self::rows::Table;
pub(super) use self::sample::{MIN_DIGITS, is_usual_name};

#[cfg(test)]
mod tests;
