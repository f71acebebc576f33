//! What happens when nothing can go on: it is logged, and the processor stops where a probe
//! finds it.

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, exception};

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    cortex_m::interrupt::disable();
    crate::log_panic(info);
    // A hard fault: a probe catches it, and says where it came from.
    cortex_m::asm::udf()
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    cortex_m::interrupt::disable();
    crate::log_hard_fault(frame);
    loop {
        cortex_m::asm::wfi();
    }
}
