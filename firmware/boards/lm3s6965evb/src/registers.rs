//! Access to the chip's registers, and the clocks of the blocks that are used.
//!
//! Addresses and bits are those of the LM3S6965 data sheet (Texas Instruments,
//! DS-LM3S6965-12746).

use core::ptr;

const RCGC1: Register = Register(0x400F_E104);
const RCGC2: Register = Register(0x400F_E108);
const UART0_CLOCK: u32 = 1 << 0;
const SSI0_CLOCK: u32 = 1 << 4;
const PORT_A_CLOCK: u32 = 1 << 0;
const PORT_D_CLOCK: u32 = 1 << 3;

/// Frequency of the processor after reset, Hz: the internal oscillator.
pub(crate) const CLOCK_HZ: u32 = 12_000_000;

/// One 32-bit register of this chip. Made in constants only, from the data sheet.
#[derive(Clone, Copy)]
pub(crate) struct Register(pub(crate) u32);

impl Register {
    /// The register's value. May have effects, as a FIFO's end has.
    pub(crate) fn read(self) -> u32 {
        // SAFETY: `self` is the aligned address of a register of this chip whose clock is
        // on; reading it touches no memory that Rust owns.
        unsafe { ptr::read_volatile(self.0 as *const u32) }
    }

    /// Set the register.
    pub(crate) fn write(self, value: u32) {
        // SAFETY: as in `read`; no register used here makes the chip write to memory.
        unsafe { ptr::write_volatile(self.0 as *mut u32, value) }
    }

    /// Set bits, and leave the others.
    pub(crate) fn set(self, bits: u32) {
        self.write(self.read() | bits);
    }
}

/// What [`run_at_full_clock`] makes of it in the emulator, Hz; the chip itself does not have it.
#[cfg(feature = "count")]
pub(crate) const FULL_CLOCK_HZ: u32 = 200_000_000;

/// The processor's clock, divided as little as it can be. For counting only.
#[cfg(feature = "count")]
pub(crate) fn run_at_full_clock() {
    const RCC: Register = Register(0x400F_E060);
    const DIVISOR: u32 = 0xF << 23;
    RCC.write(RCC.read() & !DIVISOR);
}

/// A block's registers answer three clocks after its clock was turned on; the reads of
/// the second register take longer.
pub(crate) fn enable_clocks() {
    RCGC1.set(UART0_CLOCK | SSI0_CLOCK);
    RCGC2.set(PORT_A_CLOCK | PORT_D_CLOCK);
    RCGC2.read();
}
