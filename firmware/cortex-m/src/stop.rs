//! What happens when nothing can go on: it is logged, and the processor stops where a probe
//! finds it.

use core::panic::PanicInfo;
use core::sync::atomic::{AtomicBool, Ordering};

use cortex_m_rt::{ExceptionFrame, exception};

/// The log itself may be what fails: each end is logged once.
static STOPPED: AtomicBool = AtomicBool::new(false);

fn is_first() -> bool {
    // Apart, because the smallest cores cannot swap; no other code runs any more.
    cortex_m::interrupt::disable();
    let first = !STOPPED.load(Ordering::Relaxed);
    STOPPED.store(true, Ordering::Relaxed);
    first
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    if is_first() {
        crate::log_panic(info);
    }
    // A hard fault: a probe catches it, and says where it came from.
    cortex_m::asm::udf()
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    if is_first() {
        crate::log_hard_fault(frame);
    }
    loop {
        cortex_m::asm::wfi();
    }
}
