//! leaksieve on the Nucleo-L476RG: the console is the serial port of the ST-Link, the filters
//! and the lowest epoch lie in the chip's own flash.

#![no_std]
#![no_main]

mod uart;

use core::cell::RefCell;

use cortex_m_rt::{entry, exception};
use defmt_rtt as _;
use embassy_stm32::Config;
use embassy_stm32::flash::Flash;
use embassy_stm32::pac::FLASH;
use embassy_stm32::rcc::{Pll, PllMul, PllPreDiv, PllRDiv, PllSource, Sysclk};
use leaksieve_app::epoch::TwoRecords;
use leaksieve_app::{FlashRecords, FlashSlots, Guard, PublicKey, Session, SharedFlash, Workspace};
use leaksieve_cortex_m::PaintedStack;
use leaksieve_link::boards::NUCLEO_L476RG;

use crate::uart::Console;

// `KEYS`, the public keys whose filters are accepted.
include!(concat!(env!("OUT_DIR"), "/keys.rs"));

#[entry]
fn main() -> ! {
    // Static, so that it is counted as RAM and not as stack.
    static mut WORKSPACE: Workspace = Workspace::new();

    let chip = embassy_stm32::init(clocks());
    let Ok(mut console) = Console::open(chip.USART2, chip.PA3, chip.PA2) else {
        unreachable!("that clock can be divided to this baud rate")
    };
    let flash = RefCell::new(Flash::new_blocking(chip.FLASH));
    let storage = FlashSlots::of(&NUCLEO_L476RG, SharedFlash(&flash));
    let records = FlashRecords::of(&NUCLEO_L476RG, SharedFlash(&flash));
    let guard = Guard::new(KEYS, TwoRecords(records));
    let mut session = Session::new(NUCLEO_L476RG.name, storage, guard, PaintedStack, WORKSPACE);
    loop {
        // It ends when the console cannot be written: begun anew.
        let _ = session.run(&mut console);
    }
}

/// The processor's clock.
const CLOCK_HZ: u32 = 80_000_000;

/// The processor at [`CLOCK_HZ`], from the oscillator that is exact enough for a serial line.
fn clocks() -> Config {
    let mut config = Config::default();
    config.rcc.hsi = true;
    config.rcc.pll = Some(Pll {
        source: PllSource::HSI,
        prediv: PllPreDiv::DIV1,
        mul: PllMul::MUL10,
        divp: None,
        divq: None,
        divr: Some(PllRDiv::DIV2),
    });
    config.rcc.sys = Sysclk::PLL1_R;
    config
}

/// A word of flash that was being written when the power failed: its reader is told by the
/// word's own check, as of any other damage. Without this it would end the program at each start.
#[exception]
unsafe fn NonMaskableInt() {
    FLASH.eccr().modify(|register| register.set_eccd(true));
}
