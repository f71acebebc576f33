//! The memory map, and what every board's build script does.

use leaksieve_board_build::{Region, boards, cortex_m};

const RAM: Region = Region {
    origin: 0x2000_0000,
    bytes: 16 * 1024,
};

fn main() {
    cortex_m(Region::program_of(&boards::MICROBIT), RAM, "");
}
