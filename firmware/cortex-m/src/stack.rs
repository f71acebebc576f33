//! How deep the stack went: its free part is painted, and what is no longer painted was used.

use core::ptr;

use cortex_m::register::msp;
use cortex_m_rt::STACK_PAINT_VALUE;
use leaksieve_app::{StackMeter, StackUse};

unsafe extern "C" {
    /// Lowest word of the stack, from cortex-m-rt's linker script.
    static mut _stack_end: u32;
    /// First word above the stack.
    static _stack_start: u32;
}

/// Left alone below the stack pointer, for what the measuring itself calls.
const MARGIN_BYTES: usize = 128;
const WORD_BYTES: usize = size_of::<u32>();

/// The one stack. cortex-m-rt paints it before `main` (its feature `paint-stack`).
pub struct PaintedStack;

impl StackMeter for PaintedStack {
    fn take_high_water(&mut self) -> Option<StackUse> {
        let bottom = &raw mut _stack_end;
        let size_bytes = (&raw const _stack_start).addr() - bottom.addr();
        let free_now = (msp::read() as usize)
            .saturating_sub(bottom.addr())
            .saturating_sub(MARGIN_BYTES)
            / WORD_BYTES;
        let mut num_painted = 0;
        let mut any_used = false;
        for index in 0..free_now {
            // SAFETY: the word lies between the stack's end and the stack pointer, so it is
            // RAM that holds no live value: an interrupt's are gone when this goes on.
            unsafe {
                let word = bottom.add(index);
                any_used |= ptr::read_volatile(word) != STACK_PAINT_VALUE;
                ptr::write_volatile(word, STACK_PAINT_VALUE);
            }
            if !any_used {
                num_painted = index + 1;
            }
        }
        let used_bytes = size_bytes - num_painted * WORD_BYTES;
        Some(StackUse {
            used_bytes: u32::try_from(used_bytes).unwrap_or(u32::MAX),
            size_bytes: u32::try_from(size_bytes).unwrap_or(u32::MAX),
        })
    }
}
