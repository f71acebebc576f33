//! The filter on an SD card.

use embedded_hal::delay::DelayNs;
use embedded_hal_bus::spi::{ExclusiveDevice, NoDelay};
use embedded_sdmmc::SdCard;
use embedded_sdmmc::sdcard::spi::AcquireOpts;
use leaksieve_app::CardFile;

use crate::registers::CLOCK_HZ;
use crate::spi::{CardSelect, Cmd58Quirk, Ssi};

type Bus = ExclusiveDevice<Cmd58Quirk<Ssi>, CardSelect, NoDelay>;

/// What the filter lies on.
pub(crate) type Medium = CardFile<SdCard<Bus, BusyDelay>>;

/// The card is not touched before the filter is mounted.
pub(crate) fn new() -> Medium {
    let Ok(bus) = ExclusiveDevice::new_no_delay(Cmd58Quirk::new(Ssi::new()), CardSelect::new());
    let options = AcquireOpts {
        use_crc: true,
        // Each of these takes 100 ms with an empty socket: a person waits for them.
        acquire_retries: 5,
    };
    CardFile::new(SdCard::new_with_options(bus, BusyDelay, options))
}

/// Waits by counting instructions. Not by SysTick: the emulator lets a timer of 10 us
/// take some hundred, and an empty socket is found by 50,000 of those.
pub(crate) struct BusyDelay;

impl DelayNs for BusyDelay {
    fn delay_ns(&mut self, ns: u32) {
        const CYCLES_PER_US: u32 = CLOCK_HZ / 1_000_000;
        cortex_m::asm::delay(ns.div_ceil(1000).saturating_mul(CYCLES_PER_US));
    }
}
