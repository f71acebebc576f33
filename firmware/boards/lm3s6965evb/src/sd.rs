//! The filter on an SD card.

use cortex_m::delay::Delay;
use cortex_m::peripheral::SYST;
use embedded_hal_bus::spi::{ExclusiveDevice, NoDelay};
use embedded_sdmmc::SdCard;
use embedded_sdmmc::sdcard::spi::AcquireOpts;
use leaksieve_app::CardFile;

use crate::registers::CLOCK_HZ;
use crate::spi::{CardSelect, Cmd58Quirk, Ssi};

type Bus = ExclusiveDevice<Cmd58Quirk<Ssi>, CardSelect, NoDelay>;

/// What the filter lies on.
pub(crate) type Medium = CardFile<SdCard<Bus, Delay>>;

/// The card is not touched before the filter is mounted.
pub(crate) fn new(timer: SYST) -> Medium {
    let Ok(bus) = ExclusiveDevice::new_no_delay(Cmd58Quirk::new(Ssi::new()), CardSelect::new());
    let options = AcquireOpts {
        use_crc: true,
        // Each of these takes 100 ms with an empty socket: a person waits for them.
        acquire_retries: 5,
    };
    CardFile::new(SdCard::new_with_options(
        bus,
        Delay::new(timer, CLOCK_HZ),
        options,
    ))
}
