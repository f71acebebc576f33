//! What boards share whatever their processor: how a stack is measured, and how a panic is
//! logged.

#![no_std]

use core::panic::PanicInfo;
use core::ptr;
use core::sync::atomic::{AtomicBool, Ordering};

use leaksieve_app::StackUse;

/// What free stack is filled with.
pub const PAINT: u32 = 0xCCCC_CCCC;

/// Left alone below the stack pointer, for what the measuring itself calls.
const MARGIN_BYTES: usize = 128;
const WORD_BYTES: usize = size_of::<u32>();

/// How deep a stack went since it was painted: what is no longer painted was used. Paints its
/// free part anew.
///
/// # Safety
/// The stack is the one that is in use, between its lowest word `bottom` and the address `top`,
/// and nothing else lies there. `pointer` is its pointer now.
pub unsafe fn high_water(bottom: *mut u32, top: usize, pointer: usize) -> StackUse {
    let size_bytes = top.saturating_sub(bottom.addr());
    let num_free = pointer
        .saturating_sub(bottom.addr())
        .saturating_sub(MARGIN_BYTES)
        / WORD_BYTES;
    let mut num_painted = 0;
    let mut any_used = false;
    for index in 0..num_free {
        // SAFETY: the word lies between the stack's end and the stack pointer, so it is
        // RAM that holds no live value: an interrupt's are gone when this goes on.
        unsafe {
            let word = bottom.add(index);
            any_used |= ptr::read_volatile(word) != PAINT;
            ptr::write_volatile(word, PAINT);
        }
        if !any_used {
            num_painted = index + 1;
        }
    }
    let used_bytes = size_bytes.saturating_sub(num_painted * WORD_BYTES);
    StackUse {
        used_bytes: u32::try_from(used_bytes).unwrap_or(u32::MAX),
        size_bytes: u32::try_from(size_bytes).unwrap_or(u32::MAX),
    }
}

/// Whether this end of the program is the first one, which is logged: the log itself may be
/// what fails. No interrupt may be taken any more.
pub fn is_first_end() -> bool {
    static ENDED: AtomicBool = AtomicBool::new(false);
    // In two steps, because the smallest cores cannot swap.
    let is_first = !ENDED.load(Ordering::Relaxed);
    ENDED.store(true, Ordering::Relaxed);
    is_first
}

/// Logs the place of a panic. The message is left out: it may hold values.
pub fn log_panic(info: &PanicInfo<'_>) {
    if let Some(place) = info.location()
        && is_first_end()
    {
        defmt::error!("panic at {=str}:{=u32}", place.file(), place.line());
    }
}
