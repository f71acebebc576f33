//! In place of the conversation: what a question costs. See [`leaksieve_cortex_m::count`].

use crate::uart::Uart;
use crate::{WORKSPACE, guard, medium};

/// The chip's one clock (nRF51 Series Reference Manual 3.0, chapter 13).
const CLOCK_HZ: u32 = 16_000_000;

/// Answer until the line ends, which it never does.
pub(crate) fn run(uart: &mut Uart) {
    leaksieve_cortex_m::count::count(uart, medium(), guard(), WORKSPACE.take(), CLOCK_HZ);
}
