//! The conversation.

use leaksieve_app::{FlashSlots, Session};
use leaksieve_cortex_m::PaintedStack;
use leaksieve_link::boards::MICROBIT;
use static_cell::StaticCell;

use crate::flash::Flash;
use crate::uart::Uart;
use crate::{WORKSPACE, guard, medium};

type Device = Session<'static, FlashSlots<Flash>, (), PaintedStack>;

/// Static, so that it is counted as RAM and not as stack.
static DEVICE: StaticCell<Device> = StaticCell::new();

/// Talk until the line ends, which it never does.
#[cfg(not(feature = "embassy"))]
pub(crate) fn run(uart: &mut Uart) {
    // Neither end of a serial line ends.
    let _ = device().run(uart);
}

/// As one task of Embassy's executor.
#[cfg(feature = "embassy")]
pub(crate) fn run(_: &mut Uart) {
    use embassy_executor::Executor;
    static EXECUTOR: StaticCell<Executor> = StaticCell::new();
    let _chip = embassy_nrf::init(Default::default());
    // SAFETY: no critical section is under way, and every interrupt that is unmasked has a
    // handler.
    unsafe { cortex_m::interrupt::enable() };
    EXECUTOR.init(Executor::new()).run(|spawner| {
        if let Ok(task) = talk() {
            spawner.spawn(task);
        }
    })
}

#[cfg(feature = "embassy")]
#[embassy_executor::task]
async fn talk() {
    // Neither end of a serial line ends.
    let _ = device()
        .run_async(
            &mut crate::uart::Keys,
            &mut crate::clock::Clock,
            &mut Uart::new(),
        )
        .await;
}

/// Not inlined: a device is built on the stack before it gets its place.
#[inline(never)]
fn device() -> &'static mut Device {
    DEVICE.init_with(|| {
        let (work, name) = (WORKSPACE.take(), MICROBIT.name);
        Session::new(name, medium(), guard(), PaintedStack, work)
    })
}
