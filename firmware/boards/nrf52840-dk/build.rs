//! The memory map, and what every board's build script does.

use leaksieve_board_build::{Region, boards::NRF52840_DK, cortex_m};

fn main() {
    cortex_m(
        Region::program_of(&NRF52840_DK),
        Region::ram_of(&NRF52840_DK),
        "",
    );
}
