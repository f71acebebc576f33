//! What is done for exact sets.

mod check;
mod encode;
mod numbers;

pub(super) use check::Check;
pub(super) use encode::Encode;
pub(super) use numbers::Numbers;
