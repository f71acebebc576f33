//! leaksieve on boards with the ESP32-C3: the console is the chip's own USB serial port, the
//! filters and the lowest epoch lie in the board's flash.

#![no_std]
#![no_main]

mod console;
mod stack;

use core::cell::RefCell;
use core::panic::PanicInfo;

use defmt_rtt as _;
use esp_hal::Config;
use esp_hal::clock::CpuClock;
use esp_hal::usb::usb_serial_jtag::UsbSerialJtag;
use esp_storage::FlashStorage;
use leaksieve_app::epoch::TwoRecords;
use leaksieve_app::{FlashRecords, FlashSlots, Guard, PublicKey, Session, SharedFlash, Workspace};
use leaksieve_link::boards::ESP32C3;
use static_cell::ConstStaticCell;

use crate::console::Console;
use crate::stack::PaintedStack;

// `KEYS`, the public keys whose filters are accepted.
include!(concat!(env!("OUT_DIR"), "/keys.rs"));

// What the boot loader, and the programs that flash, want to be told.
esp_bootloader_esp_idf::esp_app_desc!();

/// Static, so that it is counted as RAM and not as stack.
static WORKSPACE: ConstStaticCell<Workspace> = ConstStaticCell::new(Workspace::new());

#[esp_hal::main]
fn main() -> ! {
    let chip = esp_hal::init(Config::default().with_cpu_clock(CpuClock::max()));
    let mut console = Console(UsbSerialJtag::new(chip.USB_DEVICE));
    let flash = RefCell::new(FlashStorage::new(chip.FLASH));
    let storage = FlashSlots::of(&ESP32C3, SharedFlash(&flash));
    let records = FlashRecords::of(&ESP32C3, SharedFlash(&flash));
    let guard = Guard::new(KEYS, TwoRecords(records));
    let meter = PaintedStack::paint();
    let mut session = Session::new(ESP32C3.name, storage, guard, meter, WORKSPACE.take());
    loop {
        // The port does not end, and cannot fail.
        let Ok(()) = session.run(&mut console);
    }
}

/// Exceptions end here, too.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    leaksieve_chip::log_panic(info);
    loop {}
}
