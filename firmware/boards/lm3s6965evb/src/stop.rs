//! What happens when nothing can go on: said on the console, logged, and the emulator
//! ends with a failure, so that no test takes it for a verdict.

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, exception};
use embedded_io::Write;
use semihosting::process::ExitCode;

use crate::uart::Uart;

/// End with a reason, which must not hold anything that was typed.
pub(crate) fn stop(reason: &'static str) -> ! {
    defmt::error!("stopped: {=str}", reason);
    // Set up anew: it may have been in the middle of a line.
    let _ = Uart::new().write_all(b"\r\ndevice stopped: internal error\r\n");
    ExitCode::FAILURE.exit_process()
}

/// Logs the place. The message is left out: it may hold values.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    cortex_m::interrupt::disable();
    if let Some(place) = info.location() {
        defmt::error!("panic at {=str}:{=u32}", place.file(), place.line());
    }
    stop("panic")
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    defmt::error!("hard fault at {=u32:#x}", frame.pc());
    stop("hard fault")
}
