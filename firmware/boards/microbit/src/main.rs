//! leaksieve on the BBC micro:bit, version 1: an nRF51822, a Cortex-M0 with 256 KiB of flash
//! and 16 KiB of RAM.
//!
//! This package is drivers and wiring; what the device does is in `leaksieve-app`. The
//! filters lie in the chip's flash; the conversation goes over the USB serial port of the
//! board's interface chip. There is no room to verify signatures, and none for logs.

#![no_std]
#![no_main]

mod clock;
mod flash;
mod multiply;
#[cfg(feature = "count")]
#[path = "count.rs"]
mod session;
#[cfg(not(feature = "count"))]
mod session;
mod uart;

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, entry, exception};
use embedded_io::Write;
use leaksieve_app::{FlashSlots, Guard, PublicKey, Workspace};
use leaksieve_link::boards::MICROBIT;
use static_cell::ConstStaticCell;

use crate::flash::Flash;
use crate::uart::Uart;

// `KEYS`: none, because no signature can be verified here.
include!(concat!(env!("OUT_DIR"), "/keys.rs"));

/// Static, so that they are counted as RAM and not as stack.
static WORKSPACE: ConstStaticCell<Workspace> = ConstStaticCell::new(Workspace::new());

#[entry]
fn main() -> ! {
    // Interrupts only wake the processor; none is ever taken. See `uart`.
    cortex_m::interrupt::disable();
    session::run(&mut Uart::new());
    stop()
}

/// The filters' place.
const fn medium() -> FlashSlots<Flash> {
    FlashSlots::new(Flash::new(), MICROBIT.slot_offsets(), MICROBIT.slot_bytes())
}

/// Whose filters are accepted.
const fn guard() -> Guard<()> {
    Guard::new(KEYS, ())
}

/// Said, and not said why: it could hold what was typed.
fn stop() -> ! {
    let _ = Uart::new().write_all(b"\r\ndevice stopped: internal error\r\n");
    loop {
        cortex_m::asm::wfi();
    }
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    cortex_m::interrupt::disable();
    stop()
}

#[exception]
unsafe fn HardFault(_: &ExceptionFrame) -> ! {
    stop()
}
