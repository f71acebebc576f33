//! The memory map, and what every board's build script does.

use leaksieve_board_build::{Region, boards::NUCLEO_L476RG, cortex_m};

/// The larger of the two.
const RAM: Region = Region {
    origin: 0x2000_0000,
    bytes: 96 * 1024,
};

fn main() {
    cortex_m(Region::program_of(&NUCLEO_L476RG), RAM, "");
}
