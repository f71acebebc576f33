//! leaksieve on the nRF52840-DK: the console is the serial port of the interface chip, the
//! filters and the lowest epoch lie in the chip's own flash.

#![no_std]
#![no_main]

mod uart;

use core::cell::RefCell;

use defmt_rtt as _;
use embassy_executor::Spawner;
use embassy_nrf::config::{Config, HfclkSource};
use embassy_nrf::nvmc::Nvmc;
use embassy_time::Delay;
use leaksieve_app::epoch::TwoRecords;
use leaksieve_app::{FlashRecords, FlashSlots, Guard, PublicKey, Session, SharedFlash, Workspace};
use leaksieve_cortex_m::PaintedStack;
use leaksieve_link::boards::NRF52840_DK;

// `KEYS`, the public keys whose filters are accepted.
include!(concat!(env!("OUT_DIR"), "/keys.rs"));

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    let mut config = Config::default();
    // The inner one is not as exact as a serial line wants it.
    config.hfclk_source = HfclkSource::ExternalXtal;
    let chip = embassy_nrf::init(config);
    let (mut input, mut output) = uart::open(chip.UARTE0, chip.P0_08, chip.P0_06);
    let flash = RefCell::new(Nvmc::new(chip.NVMC));
    let storage = FlashSlots::of(&NRF52840_DK, SharedFlash(&flash));
    let records = FlashRecords::of(&NRF52840_DK, SharedFlash(&flash));
    let guard = Guard::new(KEYS, TwoRecords(records));
    let mut workspace = Workspace::new();
    let mut session = Session::new(
        NRF52840_DK.name,
        storage,
        guard,
        PaintedStack,
        &mut workspace,
    );
    loop {
        // It ends when the console cannot be written: begun anew.
        let _ = session.run_async(&mut input, &mut Delay, &mut output).await;
    }
}
