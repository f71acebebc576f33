//! UART0, a PL011: the console, 115200 baud, 8 data bits, no parity, 1 stop bit.

use cortex_m::interrupt::InterruptNumber;
use cortex_m::peripheral::{NVIC, SCB};
use embedded_io::{ErrorType, Write};
use leaksieve_app::{Garbled, Heard, Input};
use leaksieve_cortex_m::Clock;

use crate::registers::{CLOCK_HZ, Register};

const BAUD: u32 = 115_200;

const DATA: Register = Register(0x4000_C000);
const FLAGS: Register = Register(0x4000_C018);
const INTEGER_DIVISOR: Register = Register(0x4000_C024);
const FRACTIONAL_DIVISOR: Register = Register(0x4000_C028);
const LINE_CONTROL: Register = Register(0x4000_C02C);
const CONTROL: Register = Register(0x4000_C030);
const INTERRUPT_MASK: Register = Register(0x4000_C038);
const INTERRUPT_CLEAR: Register = Register(0x4000_C044);
const PORT_A_FUNCTION: Register = Register(0x4000_4420);
const PORT_A_DIGITAL: Register = Register(0x4000_451C);

/// PA0 receives, PA1 sends.
const PINS: u32 = 0b11;
const EIGHT_BITS: u32 = 0b11 << 5;
const FIFO: u32 = 1 << 4;
const ENABLE_BOTH_WAYS: u32 = 1 << 9 | 1 << 8 | 1;
/// A full receive FIFO, and a character that waits in one.
const RECEIVE_INTERRUPTS: u32 = 1 << 6 | 1 << 4;
const RECEIVE_EMPTY: u32 = 1 << 4;
const SEND_FULL: u32 = 1 << 5;
const SENDING: u32 = 1 << 3;
/// Overrun, break, parity and framing error of the character read.
const RECEIVE_ERRORS: u32 = 0xF << 8;

#[derive(Clone, Copy)]
struct UartInterrupt;

// SAFETY: 5 is UART0's fixed place in this chip's vector table.
unsafe impl InterruptNumber for UartInterrupt {
    fn number(self) -> u16 {
        5
    }
}

/// The console.
pub(crate) struct Uart(());

impl Uart {
    /// Set the UART up. Its clock must be on, and interrupts off: they wake the processor from its
    /// sleep and are never taken.
    pub(crate) fn new() -> Self {
        // In 64ths, rounded to the nearest.
        let divisor = (CLOCK_HZ * 4 + BAUD / 2) / BAUD;
        PORT_A_FUNCTION.set(PINS);
        PORT_A_DIGITAL.set(PINS);
        CONTROL.write(0);
        INTEGER_DIVISOR.write(divisor / 64);
        FRACTIONAL_DIVISOR.write(divisor % 64);
        LINE_CONTROL.write(EIGHT_BITS | FIFO);
        INTERRUPT_MASK.write(RECEIVE_INTERRUPTS);
        CONTROL.write(ENABLE_BOTH_WAYS);
        // SAFETY: `PRIMASK` is set and stays so, hence the missing handler is never called,
        // and no critical section relies on this interrupt being masked.
        unsafe { NVIC::unmask(UartInterrupt) };
        Self(())
    }

    fn send(&mut self, byte: u8) {
        while FLAGS.read() & SEND_FULL != 0 {}
        DATA.write(byte.into());
    }
}

impl ErrorType for Uart {
    type Error = Garbled;
}

impl Input for Uart {
    fn listen(&mut self, longest_ms: u32) -> Heard {
        let mut clock = Clock::start(CLOCK_HZ, longest_ms).waking();
        loop {
            // Cleared before the look at the flag: what comes after it pends an interrupt again, and
            // the sleep ends at once.
            INTERRUPT_CLEAR.write(RECEIVE_INTERRUPTS);
            NVIC::unpend(UartInterrupt);
            SCB::clear_pendst();
            if FLAGS.read() & RECEIVE_EMPTY == 0 {
                break;
            }
            if clock.is_over() {
                return Heard::Silence;
            }
            cortex_m::asm::wfi();
        }
        let character = DATA.read();
        if character & RECEIVE_ERRORS != 0 {
            return Heard::Lost;
        }
        let [byte, ..] = character.to_le_bytes();
        Heard::Byte(byte)
    }
}

/// For a program that counts, with SysTick: waits for one character.
#[cfg(feature = "count")]
impl embedded_io::Read for Uart {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Garbled> {
        let Some(first) = buffer.first_mut() else {
            return Ok(0);
        };
        while FLAGS.read() & RECEIVE_EMPTY != 0 {}
        [*first, ..] = DATA.read().to_le_bytes();
        Ok(1)
    }
}

/// Never fails.
impl Write for Uart {
    fn write(&mut self, buffer: &[u8]) -> Result<usize, Garbled> {
        for &byte in buffer {
            self.send(byte);
        }
        Ok(buffer.len())
    }

    fn flush(&mut self) -> Result<(), Garbled> {
        while FLAGS.read() & SENDING != 0 {}
        Ok(())
    }
}
