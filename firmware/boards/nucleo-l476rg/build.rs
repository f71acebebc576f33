//! The memory map, and what every board's build script does.

use leaksieve_board_build::{Region, boards::NUCLEO_L476RG, cortex_m};

fn main() {
    cortex_m(
        Region::program_of(&NUCLEO_L476RG),
        Region::ram_of(&NUCLEO_L476RG),
        "",
    );
}
