//! The UART to the board's interface chip, which makes a USB serial port of it: 115200 baud,
//! 8 data bits, no parity, 1 stop bit (nRF51 Series Reference Manual 3.0, chapter 29).

use cortex_m::peripheral::NVIC;
use embedded_io::{ErrorType, Write};
use leaksieve_app::{Garbled, Heard, Input};
use nrf_pac::uart::{regs, vals};
use nrf_pac::{Interrupt, UART0};

use crate::clock;

/// P0.24 and P0.25 (micro:bit v1 schematic: TGT_TX, TGT_RX).
const SEND_PIN: u32 = 24;
const RECEIVE_PIN: u32 = 25;

/// The console.
pub(crate) struct Uart(());

impl Uart {
    /// Set the UART up. Interrupts must be off: they wake the processor from its sleep and are never
    /// taken.
    pub(crate) fn new() -> Self {
        UART0.pseltxd().write_value(SEND_PIN);
        UART0.pselrxd().write_value(RECEIVE_PIN);
        UART0
            .baudrate()
            .write(|w| w.set_baudrate(vals::Baudrate::Baud115200));
        UART0
            .enable()
            .write(|w| w.set_enable(vals::Enable::Enabled));
        UART0.intenset().write(|w| w.set_rxdrdy(true));
        UART0.tasks_startrx().write_value(1);
        UART0.tasks_starttx().write_value(1);
        // SAFETY: `PRIMASK` is set and stays so, hence the handler is never called, and no
        // critical section relies on this interrupt being masked.
        unsafe { NVIC::unmask(Interrupt::UART0) };
        Self(())
    }
}

/// The character that the event told of.
fn take() -> Result<u8, Garbled> {
    // The event first: with the next character in the queue it comes again.
    UART0.events_rxdrdy().write_value(0);
    let byte = UART0.rxd().read().rxd();
    let errors = UART0.errorsrc().read();
    if errors != regs::Errorsrc(0) {
        // A one clears its bit.
        UART0.errorsrc().write_value(errors);
        return Err(Garbled);
    }
    Ok(byte)
}

impl ErrorType for Uart {
    type Error = Garbled;
}

impl Input for Uart {
    fn listen(&mut self, longest_ms: u32) -> Heard {
        clock::start(longest_ms);
        loop {
            // Before the look at the events: what comes after it pends an interrupt again, and the
            // sleep ends at once.
            NVIC::unpend(Interrupt::UART0);
            NVIC::unpend(Interrupt::TIMER0);
            if UART0.events_rxdrdy().read() != 0 {
                return take().map_or(Heard::Lost, Heard::Byte);
            }
            if clock::is_over() {
                return Heard::Silence;
            }
            cortex_m::asm::wfi();
        }
    }
}

/// For a program that counts: waits for one character.
#[cfg(feature = "count")]
impl embedded_io::Read for Uart {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Garbled> {
        let Some(first) = buffer.first_mut() else {
            return Ok(0);
        };
        while UART0.events_rxdrdy().read() == 0 {}
        *first = take()?;
        Ok(1)
    }
}

/// Never fails.
impl Write for Uart {
    fn write(&mut self, buffer: &[u8]) -> Result<usize, Garbled> {
        for byte in buffer {
            UART0.events_txdrdy().write_value(0);
            UART0.txd().write(|w| w.set_txd(*byte));
            while UART0.events_txdrdy().read() == 0 {}
        }
        Ok(buffer.len())
    }

    fn flush(&mut self) -> Result<(), Garbled> {
        Ok(())
    }
}

/// What is typed, awaited: the receive interrupt is taken, and wakes who waits.
#[cfg(feature = "embassy")]
pub(crate) struct Keys;

#[cfg(feature = "embassy")]
mod awaited {
    use core::future::poll_fn;
    use core::task::Poll;

    use embassy_sync::waitqueue::AtomicWaker;
    use embedded_io::ErrorType;
    use embedded_io_async::Read;
    use leaksieve_app::Garbled;
    use nrf_pac::{UART0, interrupt};

    use super::{Keys, take};

    static WAITING: AtomicWaker = AtomicWaker::new();

    #[interrupt]
    fn UART0() {
        // The event stays until the character is taken: it would come again at once.
        nrf_pac::UART0.intenclr().write(|w| w.set_rxdrdy(true));
        WAITING.wake();
    }

    impl ErrorType for Keys {
        type Error = Garbled;
    }

    impl Read for Keys {
        /// Waits for one character.
        async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Garbled> {
            let Some(first) = buffer.first_mut() else {
                return Ok(0);
            };
            *first = poll_fn(|context| {
                WAITING.register(context.waker());
                if UART0.events_rxdrdy().read() != 0 {
                    return Poll::Ready(take());
                }
                // A character that has come since raises it now.
                UART0.intenset().write(|w| w.set_rxdrdy(true));
                Poll::Pending
            })
            .await?;
            Ok(1)
        }
    }
}
