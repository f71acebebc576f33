//! The filter on an SD card at SPI0.

use embassy_rp::Peri;
use embassy_rp::gpio::{Level, Output};
use embassy_rp::peripherals::{PIN_16, PIN_17, PIN_18, PIN_19, SPI0};
use embassy_rp::spi::{Blocking, Config, Spi};
use embassy_time::Delay;
use embedded_hal_bus::spi::{ExclusiveDevice, NoDelay};
use embedded_sdmmc::SdCard;
use embedded_sdmmc::sdcard::spi::AcquireOpts;
use leaksieve_app::CardFile;

type Bus = ExclusiveDevice<Spi<'static, SPI0, Blocking>, Output<'static>, NoDelay>;

/// As fast as a card may be addressed first (SD Physical Layer Specification, 4.2.1).
const CLOCK_HZ: u32 = 400_000;

/// The card at these lines. It is not touched before the filter is mounted.
pub(crate) fn card(
    spi: Peri<'static, SPI0>,
    clock: Peri<'static, PIN_18>,
    to_card: Peri<'static, PIN_19>,
    from_card: Peri<'static, PIN_16>,
    select: Peri<'static, PIN_17>,
) -> CardFile<SdCard<Bus, Delay>> {
    let mut config = Config::default();
    config.frequency = CLOCK_HZ;
    let bus = Spi::new_blocking(spi, clock, to_card, from_card, config);
    let Ok(device) = ExclusiveDevice::new_no_delay(bus, Output::new(select, Level::High));
    let options = AcquireOpts {
        use_crc: true,
        // Each of these takes 100 ms with an empty socket: a person waits for them.
        acquire_retries: 5,
    };
    CardFile::new(SdCard::new_with_options(device, Delay, options))
}
