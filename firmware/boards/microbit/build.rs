//! The memory map, and what every board's build script does.

use leaksieve_board_build::{Region, boards::MICROBIT, cortex_m};

fn main() {
    cortex_m(Region::program_of(&MICROBIT), Region::ram_of(&MICROBIT), "");
    // Of functions that have become the same code one is kept.
    println!("cargo::rustc-link-arg-bins=--icf=all");
}
