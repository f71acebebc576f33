//! The memory map, and what every board's build script does.

use leaksieve_board_build::{Region, boards::PICO, cortex_m};

/// The second stage of the chip's boot loader, which the HAL brings. It comes first.
const BOOT_BYTES: u32 = 256;

fn main() {
    let Region { origin, bytes } = Region::program_of(&PICO);
    let program = Region {
        origin: origin + BOOT_BYTES,
        bytes: bytes - BOOT_BYTES,
    };
    let boot = format!("MEMORY {{ BOOT2 : ORIGIN = {origin:#x}, LENGTH = {BOOT_BYTES:#x} }}\n");
    cortex_m(program, Region::ram_of(&PICO), &boot);
    println!("cargo::rustc-link-arg-bins=-Tlink-rp.x");
}
