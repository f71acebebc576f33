//! The filter in the chip's own flash, behind the program: the upper 128 KiB.

use core::slice;

use leaksieve_app::Memory;

unsafe extern "C" {
    /// First byte of the filter's region, from `memory.x`.
    static __filter_start: u8;
    /// First byte behind it.
    static __filter_end: u8;
}

/// What the filter lies on.
pub(crate) type Medium = Memory<'static>;

/// The region is read as it is; whether a filter lies there is for core to say.
pub(crate) fn new() -> Medium {
    let start = &raw const __filter_start;
    let num_bytes = (&raw const __filter_end).addr() - start.addr();
    // SAFETY: the region lies in this chip's flash, behind all that the linker places, and
    // nothing writes to flash while the program runs. It is readable whether or not a
    // filter was loaded.
    let region = unsafe { slice::from_raw_parts(start, num_bytes) };
    Memory(region)
}
