//! How deep the stack went.

use core::arch::asm;

use leaksieve_app::{StackMeter, StackUse};
use leaksieve_chip::high_water;

unsafe extern "C" {
    /// A word near the stack's end that the HAL watches, from its linker script. Writing it
    /// ends the program.
    static mut __stack_chk_guard: u32;
    /// First word above the stack.
    static _stack_start: u32;
}

/// The one stack.
pub(crate) struct PaintedStack(());

impl PaintedStack {
    /// Nobody else paints it.
    pub(crate) fn paint() -> Self {
        let mut meter = Self(());
        meter.take_high_water();
        meter
    }
}

impl StackMeter for PaintedStack {
    fn take_high_water(&mut self) -> Option<StackUse> {
        let pointer: usize;
        // SAFETY: it reads a register.
        unsafe { asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
        let bottom = (&raw mut __stack_chk_guard).wrapping_add(1);
        let top = (&raw const _stack_start).addr();
        // SAFETY: the linker keeps all that is between them for this stack.
        Some(unsafe { high_water(bottom, top, pointer) })
    }
}
