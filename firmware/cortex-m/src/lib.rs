//! What boards with a Cortex-M share: how deep their stack went ([`PaintedStack`]), how long nothing
//! was typed ([`Clock`]), and what is logged when nothing can go on.

#![no_std]

mod clock;
#[cfg(feature = "count")]
pub mod count;
mod stack;
#[cfg(feature = "stop")]
mod stop;

pub use clock::Clock;
use cortex_m_rt::ExceptionFrame;
pub use leaksieve_chip::log_panic;
pub use stack::PaintedStack;

/// Logs the place of a hard fault.
pub fn log_hard_fault(frame: &ExceptionFrame) {
    if leaksieve_chip::is_first_end() {
        defmt::error!("hard fault at {=u32:#x}", frame.pc());
    }
}
