//! In place of the conversation: what a question costs. See [`leaksieve_cortex_m::count`].

use crate::uart::Uart;
use crate::{WORKSPACE, guard, medium, registers};

/// Answer until the input ends; gives how it did.
pub(crate) fn run(uart: &mut Uart) -> &'static str {
    registers::run_at_full_clock();
    leaksieve_cortex_m::count::count(
        uart,
        medium::new(),
        guard(),
        WORKSPACE.take(),
        registers::FULL_CLOCK_HZ,
    )
}
