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

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    cortex_m::interrupt::disable();
    leaksieve_cortex_m::log_panic(info);
    stop("panic")
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    leaksieve_cortex_m::log_hard_fault(frame);
    stop("hard fault")
}
