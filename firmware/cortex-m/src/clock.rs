//! How long nothing was typed, by SysTick (ARMv7-M Architecture Reference Manual, B3.3).

use cortex_m::peripheral::{SYST, syst::SystClkSource};

/// SysTick counts 24 bits: enough at up to 300 MHz.
const TICK_MS: u32 = 50;

/// A time that runs.
pub struct Clock {
    timer: SYST,
    ticks_left: u32,
}

impl Clock {
    /// Begin to wait for so many milliseconds, or a tick longer. The processor's clock is that of
    /// SysTick, which nothing else may use.
    pub fn start(clock_hz: u32, wait_ms: u32) -> Self {
        // SAFETY: nothing else of a program that talks uses SysTick, and of two clocks the later one
        // is the one that is asked.
        let mut timer = unsafe { cortex_m::Peripherals::steal() }.SYST;
        timer.disable_interrupt();
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(clock_hz / 1_000 * TICK_MS);
        timer.clear_current();
        timer.enable_counter();
        Self {
            timer,
            ticks_left: wait_ms.div_ceil(TICK_MS),
        }
    }

    /// Raise an exception at each tick: for a program that takes none, and sleeps until one comes.
    #[must_use]
    pub fn waking(mut self) -> Self {
        self.timer.enable_interrupt();
        self
    }

    /// Is the time over? To be asked at least once a tick.
    pub fn is_over(&mut self) -> bool {
        if self.timer.has_wrapped() {
            self.ticks_left = self.ticks_left.saturating_sub(1);
        }
        self.ticks_left == 0
    }
}
