//! The console: the chip's USB serial port.

use core::convert::Infallible;

use embedded_io::{ErrorType, Write};
use esp_hal::Blocking;
use esp_hal::time::{Duration, Instant};
use esp_hal::usb::usb_serial_jtag::UsbSerialJtag;
use leaksieve_app::{Heard, Input};

/// What is typed and answered. Nothing is lost on USB.
pub(crate) struct Console(pub(crate) UsbSerialJtag<'static, Blocking>);

impl Input for Console {
    fn listen(&mut self, longest_ms: u32) -> Heard {
        let (start, longest) = (Instant::now(), Duration::from_millis(longest_ms.into()));
        loop {
            if let Ok(byte) = self.0.read_byte() {
                return Heard::Byte(byte);
            }
            if start.elapsed() >= longest {
                return Heard::Silence;
            }
        }
    }
}

impl ErrorType for Console {
    type Error = Infallible;
}

/// Waits until somebody reads.
impl Write for Console {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Infallible> {
        Write::write(&mut self.0, bytes)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Write::flush(&mut self.0)
    }
}
