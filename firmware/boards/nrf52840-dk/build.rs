//! The memory map, and what every board's build script does.

use leaksieve_board_build::{Region, boards::NRF52840_DK, cortex_m};

const RAM: Region = Region {
    origin: 0x2000_0000,
    bytes: 256 * 1024,
};

fn main() {
    cortex_m(Region::program_of(&NRF52840_DK), RAM, "");
}
