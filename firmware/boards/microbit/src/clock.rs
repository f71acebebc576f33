//! How long nothing was typed: TIMER0 (nRF51 Series Reference Manual 3.0, chapter 18).

use cortex_m::peripheral::NVIC;
use nrf_pac::timer::vals::Bitmode;
use nrf_pac::{Interrupt, TIMER0};

/// 16 MHz divided by 512: 31,250 ticks a second.
const PRESCALER: u8 = 9;
/// A little longer than a millisecond.
const TICKS_PER_MS: u32 = 32;

/// Begin to wait for so many milliseconds. At their end an interrupt is raised.
pub(crate) fn start(wait_ms: u32) {
    TIMER0.tasks_stop().write_value(1);
    TIMER0.tasks_clear().write_value(1);
    TIMER0.bitmode().write(|w| w.set_bitmode(Bitmode::_32bit));
    TIMER0.prescaler().write(|w| w.set_prescaler(PRESCALER));
    TIMER0
        .cc(0)
        .write_value(wait_ms.saturating_mul(TICKS_PER_MS));
    TIMER0.events_compare(0).write_value(0);
    TIMER0.intenset().write(|w| w.set_compare(0, true));
    // SAFETY: where interrupts are taken, this one has a handler; and no critical section relies on
    // this interrupt being masked.
    unsafe { NVIC::unmask(Interrupt::TIMER0) };
    TIMER0.tasks_start().write_value(1);
}

/// Is the time over?
pub(crate) fn is_over() -> bool {
    TIMER0.events_compare(0).read() != 0
}

/// The same, awaited: the interrupt is taken, and wakes who waits.
#[cfg(feature = "embassy")]
pub(crate) struct Clock;

#[cfg(feature = "embassy")]
mod awaited {
    use core::future::poll_fn;
    use core::task::Poll;

    use embassy_sync::waitqueue::AtomicWaker;
    use embedded_hal_async::delay::DelayNs;
    use nrf_pac::{TIMER0, interrupt};

    use super::{Clock, is_over, start};

    static WAITING: AtomicWaker = AtomicWaker::new();

    #[interrupt]
    fn TIMER0() {
        // The event stays until the next wait begins: it would come again at once.
        nrf_pac::TIMER0.intenclr().write(|w| w.set_compare(0, true));
        WAITING.wake();
    }

    impl DelayNs for Clock {
        /// Not needed: to the next millisecond.
        async fn delay_ns(&mut self, ns: u32) {
            self.delay_ms(ns.div_ceil(1_000_000)).await;
        }

        async fn delay_ms(&mut self, ms: u32) {
            start(ms);
            poll_fn(|context| {
                WAITING.register(context.waker());
                if is_over() {
                    return Poll::Ready(());
                }
                // Had it come since, it comes again.
                TIMER0.intenset().write(|w| w.set_compare(0, true));
                Poll::Pending
            })
            .await;
        }
    }
}
