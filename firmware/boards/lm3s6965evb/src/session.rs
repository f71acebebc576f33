//! The device in its place, and its conversation.

use leaksieve_app::Session;
use leaksieve_cortex_m::PaintedStack;
use static_cell::StaticCell;

use crate::epoch::Epochs;
use crate::medium::{self, Medium};
use crate::uart::Uart;
use crate::{WORKSPACE, guard};

type Device = Session<'static, Medium, Epochs, PaintedStack>;

/// Static, so that it is counted as RAM and not as stack.
static DEVICE: StaticCell<Device> = StaticCell::new();

/// Talk until the console ends; gives how it did.
pub(crate) fn run(uart: &mut Uart) -> &'static str {
    match device().run(uart) {
        Ok(()) => "the console ended",
        Err(_) => "the console failed",
    }
}

/// Not inlined: a device is built on the stack before it gets its place.
#[inline(never)]
fn device() -> &'static mut Device {
    DEVICE.init_with(|| {
        Session::new(
            "lm3s6965evb",
            medium::new(),
            guard(),
            PaintedStack,
            WORKSPACE.take(),
        )
    })
}
