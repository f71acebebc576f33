//! leaksieve on the LM3S6965 evaluation board, as QEMU emulates it: a Cortex-M3 with
//! 256 KiB of flash and 64 KiB of RAM.
//!
//! This package is drivers and wiring; what the device does is in `leaksieve-app`. Logs go
//! to the emulator over semihosting, the conversation over UART0. The public keys that the
//! device trusts are built in: see `build.rs`.

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
mod stack;
mod stop;
mod uart;

use cortex_m_rt::entry;
use defmt_semihosting as _;
#[cfg(feature = "internal-flash")]
use flash as medium;
use leaksieve_app::{Guard, PublicKey, Session, Workspace};
#[cfg(all(feature = "sd-card", not(feature = "internal-flash")))]
use sd as medium;
use static_cell::{ConstStaticCell, StaticCell};

use crate::stack::PaintedStack;
use crate::uart::Uart;

#[cfg(not(any(feature = "sd-card", feature = "internal-flash")))]
compile_error!("choose where the filter lies: feature `sd-card` or `internal-flash`");

include!(concat!(env!("OUT_DIR"), "/keys.rs"));

#[cfg(feature = "signatures")]
type Epochs = epoch::Epochs;
#[cfg(not(feature = "signatures"))]
type Epochs = ();

type Device = Session<'static, medium::Medium, Epochs, PaintedStack>;

/// Static, so that these are counted as RAM and not as stack.
static WORKSPACE: ConstStaticCell<Workspace> = ConstStaticCell::new(Workspace::new());
static DEVICE: StaticCell<Device> = StaticCell::new();

#[entry]
fn main() -> ! {
    // Interrupts only wake the processor; none is ever taken. See `uart`.
    cortex_m::interrupt::disable();
    registers::enable_clocks();
    let mut uart = Uart::new();
    match device().run(&mut uart) {
        Ok(()) => stop::stop("the console ended"),
        Err(_) => stop::stop("the console failed"),
    }
}

/// Not inlined: a device is built on the stack before it gets its place.
#[inline(never)]
fn device() -> &'static mut Device {
    #[cfg(feature = "signatures")]
    let epochs = epoch::new();
    #[cfg(not(feature = "signatures"))]
    let epochs = ();
    DEVICE.init_with(|| {
        Session::new(
            medium::new(),
            Guard::new(KEYS, epochs),
            PaintedStack,
            WORKSPACE.take(),
        )
    })
}
