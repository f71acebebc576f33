//! leaksieve on boards with an RP2040 or RP2350: what their packages share.
//!
//! The console is a serial port over USB ([`usb`]). The filters lie in the board's own flash, or
//! with the feature `sd-card` on a card at SPI0; the lowest epoch lies in the flash.

#![no_std]

#[cfg(feature = "sd-card")]
mod sd;
mod usb;

use core::cell::RefCell;

use embassy_rp::flash::{Blocking, Flash};
use embassy_rp::peripherals::FLASH;
use embassy_time::Delay;
#[cfg(not(feature = "sd-card"))]
use leaksieve_app::FlashSlots;
use leaksieve_app::epoch::TwoRecords;
use leaksieve_app::{FlashRecords, Guard, PublicKey, Session, SharedFlash, Workspace};
use leaksieve_cortex_m::PaintedStack;
use leaksieve_link::Board;

/// Talk to everybody who opens the serial port, one after the other. `FLASH_BYTES` is the
/// board's.
pub async fn run<const FLASH_BYTES: usize>(board: &'static Board, keys: &'static [PublicKey]) -> ! {
    let chip = embassy_rp::init(Default::default());
    usb::start(chip.USB);
    let flash = RefCell::new(Flash::<FLASH, Blocking, FLASH_BYTES>::new_blocking(
        chip.FLASH,
    ));
    #[cfg(not(feature = "sd-card"))]
    let storage = FlashSlots::of(board, SharedFlash(&flash));
    #[cfg(feature = "sd-card")]
    let storage = sd::card(
        chip.SPI0,
        chip.PIN_18,
        chip.PIN_19,
        chip.PIN_16,
        chip.PIN_17,
    );
    let guard = Guard::new(
        keys,
        TwoRecords(FlashRecords::of(board, SharedFlash(&flash))),
    );
    let mut workspace = Workspace::new();
    let mut session = Session::new(board.name, storage, guard, PaintedStack, &mut workspace);
    loop {
        usb::opened().await;
        let Ok(()) = session
            .run_async(&mut usb::Input, &mut Delay, &mut usb::Output)
            .await;
    }
}
