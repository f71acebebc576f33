//! The console: USART2, 115200 baud, 8 data bits, no parity, 1 stop bit.

use core::slice;

use embassy_stm32::Peri;
use embassy_stm32::mode::Blocking;
use embassy_stm32::peripherals::{PA2, PA3, USART2};
use embassy_stm32::usart::{Config, ConfigError, Error, Uart};
use embedded_io::{ErrorType, Read, Write};

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

impl Read for Console {
    /// Waits for one character.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let Some(first) = buffer.first_mut() else {
            return Ok(0);
        };
        self.0.blocking_read(slice::from_mut(first))?;
        Ok(1)
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
