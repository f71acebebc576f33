//! SSI0, a PL022: the SPI bus that the SD card hangs on, and its chip select.

use core::convert::Infallible;

use embedded_hal::digital::{ErrorType as PinErrorType, OutputPin};
use embedded_hal::spi::{ErrorType as SpiErrorType, SpiBus};

use crate::registers::Register;

const CONTROL_0: Register = Register(0x4000_8000);
const CONTROL_1: Register = Register(0x4000_8004);
const DATA: Register = Register(0x4000_8008);
const STATUS: Register = Register(0x4000_800C);
const PRESCALE: Register = Register(0x4000_8010);
const PORT_A_FUNCTION: Register = Register(0x4000_4420);
const PORT_A_DIGITAL: Register = Register(0x4000_451C);
/// Only bit 0 of port D, through the address mask.
const PORT_D_BIT_0: Register = Register(0x4000_7004);
const PORT_D_DIRECTION: Register = Register(0x4000_7400);
const PORT_D_DIGITAL: Register = Register(0x4000_751C);

/// PA2 is the clock, PA4 receives, PA5 sends. PA3 would be the bus's own select.
const PINS: u32 = 1 << 5 | 1 << 4 | 1 << 2;
const EIGHT_BITS: u32 = 7;
const ENABLE: u32 = 1 << 1;
const RECEIVED: u32 = 1 << 2;
const BUSY: u32 = 1 << 4;
/// 12 MHz / 32 = 375 kHz, below the 400 kHz at which a card wants to be addressed first
/// (SD Physical Layer Specification, 4.2.1). A sector then takes 11 ms.
const DIVISOR: u32 = 32;

/// The bus: SPI mode 0, most significant bit first.
pub(crate) struct Ssi(());

impl Ssi {
    /// Set the bus up. Its clock must be on.
    pub(crate) fn new() -> Self {
        PORT_A_FUNCTION.set(PINS);
        PORT_A_DIGITAL.set(PINS);
        CONTROL_1.write(0);
        CONTROL_0.write(EIGHT_BITS);
        PRESCALE.write(DIVISOR);
        CONTROL_1.write(ENABLE);
        Self(())
    }

    fn exchange(&mut self, out: u8) -> u8 {
        DATA.write(out.into());
        while STATUS.read() & RECEIVED == 0 {}
        let [byte, ..] = DATA.read().to_le_bytes();
        byte
    }
}

impl SpiErrorType for Ssi {
    type Error = Infallible;
}

impl SpiBus for Ssi {
    fn read(&mut self, words: &mut [u8]) -> Result<(), Infallible> {
        for word in words {
            *word = self.exchange(0xFF);
        }
        Ok(())
    }

    fn write(&mut self, words: &[u8]) -> Result<(), Infallible> {
        for &word in words {
            self.exchange(word);
        }
        Ok(())
    }

    fn transfer(&mut self, read: &mut [u8], write: &[u8]) -> Result<(), Infallible> {
        for at in 0..read.len().max(write.len()) {
            let received = self.exchange(write.get(at).copied().unwrap_or(0xFF));
            if let Some(word) = read.get_mut(at) {
                *word = received;
            }
        }
        Ok(())
    }

    fn transfer_in_place(&mut self, words: &mut [u8]) -> Result<(), Infallible> {
        for word in words {
            *word = self.exchange(*word);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        while STATUS.read() & BUSY != 0 {}
        Ok(())
    }
}

/// A bus that mends one answer of QEMU's card.
///
/// To CMD58 (read the operating conditions) QEMU 7.2 answers "idle" where the SD
/// specification (Physical Layer, 7.3.2.1) has a zero once the card is initialised, and
/// the SD driver rightly refuses it. The driver sends CMD58 to initialised cards only, so
/// "idle" in answer to it is never news.
pub(crate) struct Cmd58Quirk<B> {
    bus: B,
    awaits_answer: bool,
}

const CMD58_FRAME_START: u8 = 0x40 | 58;
const IDLE: u8 = 0x01;
const READY: u8 = 0x00;
/// The first byte of an answer has this bit clear; a card that has none yet sends ones.
const NO_ANSWER_YET: u8 = 0x80;

impl<B: SpiBus> Cmd58Quirk<B> {
    pub(crate) const fn new(bus: B) -> Self {
        Self {
            bus,
            awaits_answer: false,
        }
    }

    fn mend(&mut self, received: &mut [u8]) {
        if !self.awaits_answer {
            return;
        }
        let answer = received.iter_mut().find(|byte| **byte & NO_ANSWER_YET == 0);
        if let Some(answer) = answer {
            self.awaits_answer = false;
            if *answer == IDLE {
                *answer = READY;
            }
        }
    }
}

impl<B: SpiBus> SpiErrorType for Cmd58Quirk<B> {
    type Error = B::Error;
}

impl<B: SpiBus> SpiBus for Cmd58Quirk<B> {
    fn read(&mut self, words: &mut [u8]) -> Result<(), B::Error> {
        self.bus.read(words)?;
        self.mend(words);
        Ok(())
    }

    fn write(&mut self, words: &[u8]) -> Result<(), B::Error> {
        self.awaits_answer = words.first() == Some(&CMD58_FRAME_START);
        self.bus.write(words)
    }

    fn transfer(&mut self, read: &mut [u8], write: &[u8]) -> Result<(), B::Error> {
        self.bus.transfer(read, write)?;
        self.mend(read);
        Ok(())
    }

    fn transfer_in_place(&mut self, words: &mut [u8]) -> Result<(), B::Error> {
        self.bus.transfer_in_place(words)?;
        self.mend(words);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), B::Error> {
        self.bus.flush()
    }
}

/// D0: low selects the card, high the display of the board.
pub(crate) struct CardSelect(());

impl CardSelect {
    /// The display selected. The port's clock must be on.
    pub(crate) fn new() -> Self {
        const BIT_0: u32 = 1;
        PORT_D_DIRECTION.set(BIT_0);
        PORT_D_DIGITAL.set(BIT_0);
        PORT_D_BIT_0.write(BIT_0);
        Self(())
    }
}

impl PinErrorType for CardSelect {
    type Error = Infallible;
}

impl OutputPin for CardSelect {
    fn set_low(&mut self) -> Result<(), Infallible> {
        PORT_D_BIT_0.write(0);
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        PORT_D_BIT_0.write(1);
        Ok(())
    }
}
