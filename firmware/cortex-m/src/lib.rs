//! What boards with a Cortex-M share: how deep their stack went ([`PaintedStack`]), and what
//! is logged when nothing can go on.

#![no_std]

#[cfg(feature = "count")]
pub mod count;
mod stack;
#[cfg(feature = "stop")]
mod stop;

use core::panic::PanicInfo;

use cortex_m_rt::ExceptionFrame;

pub use stack::PaintedStack;

/// Logs the place of a panic. The message is left out: it may hold values.
pub fn log_panic(info: &PanicInfo<'_>) {
    if let Some(place) = info.location() {
        defmt::error!("panic at {=str}:{=u32}", place.file(), place.line());
    }
}

/// Logs the place of a hard fault.
pub fn log_hard_fault(frame: &ExceptionFrame) {
    defmt::error!("hard fault at {=u32:#x}", frame.pc());
}
