//! A finished file -> a card, a board's flash, a device.

pub mod device;
pub mod export;
pub mod install;
