//! The console: USART2, 115200 baud, 8 data bits, no parity, 1 stop bit.

use core::slice;

use embassy_stm32::Peri;
use embassy_stm32::mode::Blocking;
use embassy_stm32::pac;
use embassy_stm32::peripherals::{PA2, PA3, USART2};
use embassy_stm32::usart::{Config, ConfigError, Error, Uart};
use embedded_io::{ErrorType, Write};
use leaksieve_app::{Heard, Input};
use leaksieve_cortex_m::Clock;

use crate::CLOCK_HZ;

/// What is typed and answered. A character that was lost or damaged is an error.
pub(crate) struct Console(Uart<'static, Blocking>);

impl Console {
    pub(crate) fn open(
        uart: Peri<'static, USART2>,
        receive: Peri<'static, PA3>,
        send: Peri<'static, PA2>,
    ) -> Result<Self, ConfigError> {
        Uart::new_blocking(uart, receive, send, Config::default()).map(Self)
    }
}

impl ErrorType for Console {
    type Error = Error;
}

impl Input for Console {
    fn listen(&mut self, longest_ms: u32) -> Heard {
        let mut clock = Clock::start(CLOCK_HZ, longest_ms);
        loop {
            let flags = pac::USART2.isr().read();
            // An overrun is an error of the read.
            if flags.rxne() || flags.ore() {
                break;
            }
            if clock.is_over() {
                return Heard::Silence;
            }
        }
        let mut byte = 0;
        let read = self.0.blocking_read(slice::from_mut(&mut byte));
        read.map_or(Heard::Lost, |()| Heard::Byte(byte))
    }
}

impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        Write::write(&mut self.0, bytes)
    }

    fn flush(&mut self) -> Result<(), Error> {
        Write::flush(&mut self.0)
    }
}
