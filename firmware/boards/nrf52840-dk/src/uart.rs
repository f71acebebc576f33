//! The console: UARTE0, 115200 baud, 8 data bits, no parity, 1 stop bit.

use core::slice;

use embassy_nrf::peripherals::{P0_06, P0_08, UARTE0};
use embassy_nrf::uarte::{Config, Error, InterruptHandler, Uarte, UarteRx, UarteTx};
use embassy_nrf::{Peri, bind_interrupts};

/// The chip sends from RAM only, and the HAL copies no more than 512 bytes there.
const MOST_AT_ONCE: usize = 64;

bind_interrupts!(struct Interrupts {
    UARTE0 => InterruptHandler<UARTE0>;
});

/// Both ways of the console.
pub(crate) fn open(
    uart: Peri<'static, UARTE0>,
    receive: Peri<'static, P0_08>,
    send: Peri<'static, P0_06>,
) -> (Input, Output) {
    let uart = Uarte::new(uart, receive, send, Interrupts, Config::default());
    let (sender, receiver) = uart.split();
    (Input(receiver), Output(sender))
}

/// What is typed. A character that was lost or damaged is an error.
pub(crate) struct Input(UarteRx<'static>);

impl embedded_io_async::ErrorType for Input {
    type Error = Error;
}

impl embedded_io_async::Read for Input {
    /// Waits for one character.
    async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let Some(first) = buffer.first_mut() else {
            return Ok(0);
        };
        self.0.read(slice::from_mut(first)).await?;
        Ok(1)
    }
}

/// What is answered.
pub(crate) struct Output(UarteTx<'static>);

impl embedded_io::ErrorType for Output {
    type Error = Error;
}

impl embedded_io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let bytes = bytes.get(..MOST_AT_ONCE).unwrap_or(bytes);
        self.0.blocking_write(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
