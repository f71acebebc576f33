//! leaksieve on the BBC micro:bit, version 1: an nRF51822, a Cortex-M0 with 256 KiB of flash
//! and 16 KiB of RAM.
//!
//! This package is drivers and wiring; what the device does is in `leaksieve-app`. The
//! filters lie in the chip's flash; the conversation goes over the USB serial port of the
//! board's interface chip. There is no room to verify signatures, and none for logs.

#![no_std]
#![no_main]

mod flash;
mod uart;

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, entry, exception};
use embedded_io::Write;
use leaksieve_app::{FlashSlots, Guard, PublicKey, Session, Workspace};
use leaksieve_cortex_m::PaintedStack;
use leaksieve_link::boards::MICROBIT;
use static_cell::{ConstStaticCell, StaticCell};

use crate::flash::Flash;
use crate::uart::Uart;

// `KEYS`: none, because no signature can be verified here.
include!(concat!(env!("OUT_DIR"), "/keys.rs"));

type Device = Session<'static, FlashSlots<Flash>, (), PaintedStack>;

/// Static, so that they are counted as RAM and not as stack.
static WORKSPACE: ConstStaticCell<Workspace> = ConstStaticCell::new(Workspace::new());
static DEVICE: StaticCell<Device> = StaticCell::new();

#[entry]
fn main() -> ! {
    // Interrupts only wake the processor; none is ever taken. See `uart`.
    cortex_m::interrupt::disable();
    // Neither end of a serial line ends.
    let _ = device().run(&mut Uart::new());
    stop()
}

/// Not inlined: a device is built on the stack before it gets its place.
#[inline(never)]
fn device() -> &'static mut Device {
    DEVICE.init_with(|| {
        Session::new(
            MICROBIT.name,
            FlashSlots::new(Flash::new(), MICROBIT.slot_offsets(), MICROBIT.slot_bytes()),
            Guard::new(KEYS, ()),
            PaintedStack,
            WORKSPACE.take(),
        )
    })
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
