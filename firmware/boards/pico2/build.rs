//! The memory map, and what every board's build script does.

use leaksieve_board_build::{Region, boards::PICO2, cortex_m};

/// What the chip's boot ROM looks for in the first 4 KiB, which the HAL brings.
const START_BLOCK: &str = "
SECTIONS {
  .start_block : ALIGN(4) { KEEP(*(.start_block)); } > FLASH
} INSERT AFTER .vector_table;
_stext = ADDR(.start_block) + SIZEOF(.start_block);
";

fn main() {
    cortex_m(
        Region::program_of(&PICO2),
        Region::ram_of(&PICO2),
        START_BLOCK,
    );
}
