//! The memory map, and what every board's build script does.

use std::env;

use leaksieve_board_build::{Region, cortex_m};

/// The filter's place in the flash-only build; the program ends before it.
const FILTER_ORIGIN: u32 = 0x0002_0000;
const FLASH_BYTES: u32 = 256 * 1024;
const RAM: Region = Region {
    origin: 0x2000_0000,
    bytes: 64 * 1024,
};

fn main() {
    let filter_in_flash = env::var_os("CARGO_FEATURE_INTERNAL_FLASH").is_some();
    let program = Region {
        origin: 0,
        bytes: if filter_in_flash {
            FILTER_ORIGIN
        } else {
            FLASH_BYTES
        },
    };
    let filter =
        format!("__filter_start = {FILTER_ORIGIN:#x};\n__filter_end = {FLASH_BYTES:#x};\n");
    cortex_m(program, RAM, &filter);
}
