//! In place of the conversation: what a mount and a question cost, in instructions.
//!
//! For `cargo xtask bench --only device`, and for QEMU with `-icount shift=0` only: there
//! an instruction takes a nanosecond, and SysTick counts nanoseconds in fives. A line is
//! asked as a device asks it, and answered with three figures and a word: instructions,
//! those of them in the card's driver and the file system, sectors read, and what was said.
//! An empty line mounts.

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::{SYST, syst::SystClkSource};
use embedded_io::{Read, Write};
use leaksieve_app::filter::{Filter, Findings};
use leaksieve_app::{Storage, StorageError};
use leaksieve_core::{Sector, SectorIndex, SectorSource, Verdict};

use crate::uart::Uart;
use crate::{WORKSPACE, guard, medium, registers};

/// SysTick counts down from here: 84 million instructions.
const FULL: u32 = 0xFF_FFFF;
/// One tick of a clock of 200 MHz, which the chip itself does not have.
const INSTRUCTIONS_PER_TICK: u32 = 5;
const LONGEST_LINE: usize = 256;

static MEDIUM_TICKS: AtomicU32 = AtomicU32::new(0);
static SECTORS: AtomicU32 = AtomicU32::new(0);

/// Answer until the input ends; gives how it did.
pub(crate) fn run(uart: &mut Uart) -> &'static str {
    registers::run_at_full_clock();
    // SAFETY: nothing else of this program uses SysTick.
    let mut timer = unsafe { cortex_m::Peripherals::steal() }.SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(FULL);
    timer.clear_current();
    timer.enable_counter();
    let mut filter = Filter::new(Metered(medium::new()), guard(), WORKSPACE.take());
    let mut line = heapless::Vec::<u8, LONGEST_LINE>::new();
    loop {
        if uart.write_all(b"\r\n> ").is_err() {
            return "the console failed";
        }
        line.clear();
        loop {
            let mut byte = [0];
            match uart.read(&mut byte) {
                Ok(1) if byte != *b"\r" => {
                    // What is too long is not what was meant, and is not found.
                    let _ = line.extend_from_slice(&byte);
                }
                Ok(1) => break,
                _ => return "the console ended",
            }
        }
        MEDIUM_TICKS.store(0, Ordering::Relaxed);
        SECTORS.store(0, Ordering::Relaxed);
        let start = SYST::get_current();
        let said = if line.is_empty() {
            filter.mount().map_or("refused", |_| "mounted")
        } else {
            filter
                .ask(&line)
                .map_or("refused", |reply| word_for(&reply.findings))
        };
        let ticks = since(start);
        let medium = MEDIUM_TICKS.load(Ordering::Relaxed);
        let sectors = SECTORS.load(Ordering::Relaxed);
        let _ = write!(
            uart,
            "\r\n{} {} {sectors} {said}",
            ticks * INSTRUCTIONS_PER_TICK,
            medium * INSTRUCTIONS_PER_TICK
        );
    }
}

fn word_for(findings: &Findings) -> &'static str {
    match findings.first() {
        Some((_, Ok(Verdict::Exposed(_)))) => "exposed",
        Some((_, Ok(Verdict::NotExposed(_)))) => "absent",
        _ => "unanswered",
    }
}

fn since(start: u32) -> u32 {
    start.wrapping_sub(SYST::get_current()) & FULL
}

/// A storage whose own instructions are counted apart.
struct Metered<S>(S);

fn metered<T>(work: impl FnOnce() -> T) -> T {
    let start = SYST::get_current();
    let result = work();
    MEDIUM_TICKS.fetch_add(since(start), Ordering::Relaxed);
    result
}

impl<S: Storage> SectorSource for Metered<S> {
    type Error = StorageError;

    fn num_sectors(&mut self) -> Result<u32, StorageError> {
        self.0.num_sectors()
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> Result<(), StorageError> {
        SECTORS.fetch_add(1, Ordering::Relaxed);
        metered(|| self.0.read_sector(index, buffer))
    }
}

impl<S: Storage> Storage for Metered<S> {
    const REMEDY: &'static str = S::REMEDY;
    const SLOTS: &'static [&'static str] = S::SLOTS;

    fn mount(&mut self, slot: usize) -> Result<(), StorageError> {
        metered(|| self.0.mount(slot))
    }
}
