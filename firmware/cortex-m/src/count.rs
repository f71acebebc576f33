//! In place of the conversation: what a mount and a question cost, in instructions.
//!
//! For `cargo benchmark --only device`, and for QEMU with `-icount shift=0` only: there an
//! instruction takes a nanosecond, and SysTick counts the board's clock. A line is asked as a
//! device asks it, and answered with four figures and a word: instructions, those of them in the
//! medium's driver and the file system, sectors read, and what was said; the fourth are those of
//! hash and probe alone, once the item and its page are there, and of an exact set those of the
//! number and all of its pages. An empty line mounts.

use core::hint::black_box;
use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::{SYST, syst::SystClkSource};
use embedded_io::{Read, Write};
use leaksieve_app::filter::{Filter, Findings};
use leaksieve_app::{EpochStore, Guard, Storage, StorageError, Workspace};
use leaksieve_core::encoding::Encoding;
use leaksieve_core::encoding::exact::{self, Next};
use leaksieve_core::sector::{PAYLOAD_BYTES, Payload};
use leaksieve_core::{Identifier, Sector, SectorIndex, SectorSource, Verdict};

/// SysTick counts down from here: at 200 MHz 84 million instructions, at 16 MHz 1,048 million.
const FULL: u32 = 0xFF_FFFF;
/// Nanoseconds of a second, which are instructions.
const INSTRUCTIONS: u64 = 1_000_000_000;
const LONGEST_LINE: usize = 256;
/// Hash and probe take less than a tick of a slow clock: they are done this often.
const ROUNDS: u32 = 1_000;

// Apart, because the smallest cores cannot add to what is shared; nothing else runs.
static MEDIUM_TICKS: AtomicU32 = AtomicU32::new(0);
static SECTORS: AtomicU32 = AtomicU32::new(0);

fn add(to: &AtomicU32, number: u32) {
    to.store(
        to.load(Ordering::Relaxed).wrapping_add(number),
        Ordering::Relaxed,
    );
}

/// Answer until the input ends; gives how it did. The processor's clock is that of SysTick.
pub fn count<C: Read + Write, S: Storage, E: EpochStore>(
    console: &mut C,
    storage: S,
    guard: Guard<E>,
    workspace: &mut Workspace,
    clock_hz: u32,
) -> &'static str {
    // SAFETY: nothing else of a program that counts uses SysTick.
    let mut timer = unsafe { cortex_m::Peripherals::steal() }.SYST;
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(FULL);
    timer.clear_current();
    timer.enable_counter();
    let instructions = |ticks: u32| u64::from(ticks) * INSTRUCTIONS / u64::from(clock_hz.max(1));
    let mut filter = Filter::new(Metered(storage), guard, workspace);
    let mut line = heapless::Vec::<u8, LONGEST_LINE>::new();
    loop {
        if console.write_all(b"\r\n> ").is_err() {
            return "the console failed";
        }
        line.clear();
        loop {
            let mut byte = [0];
            match console.read(&mut byte) {
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
        let probe = probe(&mut filter, &line).unwrap_or(0);
        let _ = write!(
            console,
            "\r\n{} {} {sectors} {} {said}",
            instructions(ticks),
            instructions(medium),
            instructions(probe) / u64::from(ROUNDS)
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

/// The ticks of hashing the item of a text and asking its page of the first dataset's first
/// layer, [`ROUNDS`] times; of an exact set those of the number and of all its pages. The empty
/// text has none.
fn probe<S: Storage, E: EpochStore>(filter: &mut Filter<'_, S, E>, text: &[u8]) -> Option<u32> {
    let dataset = filter.catalogue()?.datasets().first()?;
    let item = dataset.profile.normalise(&Identifier::new(text)).ok()?;
    if dataset.encoding == Encoding::Exact {
        let (first, num_pages) = (dataset.first_sector.0, dataset.num_sectors);
        let number = dataset.key(&item)?;
        let mut ticks = rounds(|_| {
            let _ = black_box(dataset.key(black_box(&item)));
        });
        let mut step = exact::Step::Directory;
        loop {
            let sector = first.checked_add(step.page(num_pages)?)?;
            filter.read_sector(SectorIndex(sector)).ok()?;
            let payload: &Payload = filter.sector().first_chunk::<PAYLOAD_BYTES>()?;
            ticks += rounds(|_| {
                let _ = black_box(black_box(step).take(number, payload, num_pages));
            });
            match step.take(number, payload, num_pages).ok()? {
                Next::Wants(next) => step = next,
                Next::Said(_) => return Some(ticks),
            }
        }
    }
    let layer = dataset.encoding.layer(dataset.num_sectors, 0)?;
    let page = layer.page_of(dataset.hash.hash(&item));
    let hash = dataset.hash;
    let sector = dataset.first_sector.0.checked_add(page)?;
    filter.read_sector(SectorIndex(sector)).ok()?;
    let payload: &Payload = filter.sector().first_chunk::<PAYLOAD_BYTES>()?;
    // Hidden from the compiler, which would do it once; that takes its own instructions.
    let hidden = |_| (black_box(hash), black_box(&item), black_box(&layer));
    let apart = rounds(|round| {
        let _ = hidden(round);
    });
    let all = rounds(|round| {
        let (hash, item, layer) = hidden(round);
        let hash = hash.hash(item);
        let _ = black_box(layer.query(layer.page_of(hash), payload, hash));
    });
    Some(all.saturating_sub(apart))
}

fn rounds(work: impl Fn(u32)) -> u32 {
    let start = SYST::get_current();
    (0..ROUNDS).for_each(work);
    since(start)
}

fn since(start: u32) -> u32 {
    start.wrapping_sub(SYST::get_current()) & FULL
}

/// A storage whose own instructions are counted apart.
struct Metered<S>(S);

fn metered<T>(work: impl FnOnce() -> T) -> T {
    let start = SYST::get_current();
    let result = work();
    add(&MEDIUM_TICKS, since(start));
    result
}

impl<S: Storage> SectorSource for Metered<S> {
    type Error = StorageError;

    fn num_sectors(&mut self) -> Result<u32, StorageError> {
        self.0.num_sectors()
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> Result<(), StorageError> {
        add(&SECTORS, 1);
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
