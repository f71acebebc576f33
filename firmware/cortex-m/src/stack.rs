//! How deep the stack went.

use cortex_m::register::msp;
use cortex_m_rt::STACK_PAINT_VALUE;
use leaksieve_app::{StackMeter, StackUse};
use leaksieve_chip::{PAINT, high_water};

unsafe extern "C" {
    /// Lowest word of the stack, from cortex-m-rt's linker script.
    static mut _stack_end: u32;
    /// First word above the stack.
    static _stack_start: u32;
}

const _: () = assert!(STACK_PAINT_VALUE == PAINT);

/// The one stack. cortex-m-rt paints it before `main` (its feature `paint-stack`).
pub struct PaintedStack;

impl StackMeter for PaintedStack {
    fn take_high_water(&mut self) -> Option<StackUse> {
        let top = (&raw const _stack_start).addr();
        // SAFETY: the linker keeps all that is between them for this stack, which is the main
        // one, of threads and interrupts alike.
        Some(unsafe { high_water(&raw mut _stack_end, top, msp::read() as usize) })
    }
}
