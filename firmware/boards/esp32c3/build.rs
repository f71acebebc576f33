//! The linker scripts, which the HAL brings, what every board's build script does, and whether
//! the partition table says what the table of boards says.

use leaksieve_board_build::{boards::ESP32C3, public_keys};

fn main() {
    for script in ["-Tdefmt.x", "-Tlinkall.x"] {
        println!("cargo::rustc-link-arg-bins={script}");
    }
    public_keys();
    println!("cargo::rerun-if-changed=partitions.csv");
    let mut wanted = vec![("factory", ESP32C3.program_offset, ESP32C3.program_bytes())];
    wanted.push(("records", ESP32C3.records_offset(), 2 * ESP32C3.erase_bytes));
    let [slot1, slot2] = ESP32C3.slot_offsets();
    wanted.push(("slot1", slot1, ESP32C3.slot_bytes()));
    wanted.push(("slot2", slot2, ESP32C3.slot_bytes()));
    let wanted = wanted
        .iter()
        .map(|(name, offset, bytes)| format!("{name} {offset:#x} {bytes:#x}"));
    let there = include_str!("partitions.csv").lines();
    let there = there.filter(|line| !line.starts_with('#')).map(|line| {
        let words: Vec<_> = line.split(',').map(str::trim).collect();
        format!("{} {} {}", words[0], words[3], words[4])
    });
    if !wanted.eq(there) {
        println!("cargo::error=partitions.csv is not the table of boards");
    }
}
