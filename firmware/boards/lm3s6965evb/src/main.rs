//! leaksieve on the LM3S6965 evaluation board, as QEMU emulates it: a Cortex-M3 with
//! 256 KiB of flash and 64 KiB of RAM.
//!
//! This package is drivers and wiring; what the device does is in `leaksieve-app`. Logs go
//! to the emulator over semihosting, the conversation over UART0. The public keys that the
//! device trusts are built in: see `leaksieve-board-build`.

#![no_std]
#![no_main]

#[cfg(feature = "signatures")]
mod epoch;
#[cfg(feature = "internal-flash")]
mod flash;
#[cfg(all(feature = "sd-card", not(feature = "internal-flash")))]
mod sd;
#[cfg(all(feature = "sd-card", not(feature = "internal-flash")))]
mod spi;

mod registers;
#[cfg(not(feature = "count"))]
mod session;
#[cfg(feature = "count")]
#[path = "count.rs"]
mod session;
mod stop;
mod uart;

use cortex_m_rt::entry;
use defmt_semihosting as _;
#[cfg(feature = "internal-flash")]
use flash as medium;
use leaksieve_app::{Guard, PublicKey, Workspace};
#[cfg(all(feature = "sd-card", not(feature = "internal-flash")))]
use sd as medium;
use static_cell::ConstStaticCell;

use crate::uart::Uart;

#[cfg(not(any(feature = "sd-card", feature = "internal-flash")))]
compile_error!("choose where the filter lies: feature `sd-card` or `internal-flash`");

// `KEYS`, the public keys whose filters are accepted.
include!(concat!(env!("OUT_DIR"), "/keys.rs"));

/// Nothing is signed, and no epoch is kept.
#[cfg(not(feature = "signatures"))]
mod epoch {
    pub(crate) type Epochs = ();
    pub(crate) const EPOCHS: Epochs = ();
}

/// Static, so that it is counted as RAM and not as stack.
static WORKSPACE: ConstStaticCell<Workspace> = ConstStaticCell::new(Workspace::new());

#[entry]
fn main() -> ! {
    // Interrupts only wake the processor; none is ever taken. See `uart`.
    cortex_m::interrupt::disable();
    registers::enable_clocks();
    stop::stop(session::run(&mut Uart::new()))
}

/// Whose filters are accepted.
const fn guard() -> Guard<epoch::Epochs> {
    Guard::new(KEYS, epoch::EPOCHS)
}
