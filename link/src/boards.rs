//! Where each board keeps its program, its lowest epoch and its filters: said once, for the
//! linker, for the firmware, and for the host that makes images for it.
//!
//! A flash is divided thus:
//!
//! ```text
//! 0             program_offset          filter_offset                        flash_bytes
//! | what the    | program     | records | slot 1          | slot 2           | rest, less
//! | chip needs  |             | 2 erase blocks            |                  | than a block
//! ```
//!
//! There are two slots, so that a filter can be replaced while the other one is whole.

/// A board that there is firmware for. Offsets and lengths are bytes, whole erase blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board {
    /// What it is called in commands, and its package's folder.
    pub name: &'static str,
    /// What its maker calls it.
    pub title: &'static str,
    /// The address of the flash's first byte; 0 where images are placed by offset.
    pub flash_address: u32,
    /// All of the flash.
    pub flash_bytes: u32,
    /// The least that is erased at once.
    pub erase_bytes: u32,
    /// Where the program begins.
    pub program_offset: u32,
    /// Where the first slot begins.
    pub filter_offset: u32,
    /// The address of the RAM that the program's variables and stack are in.
    pub ram_address: u32,
    /// All of that RAM.
    pub ram_bytes: u32,
    /// How probe-rs names its chip.
    pub chip: &'static str,
    /// How the board's boot loader names its chip in UF2 files, if it takes such.
    pub uf2_family: Option<u32>,
    /// Its firmware verifies no signatures, and reads files of at most
    /// `leaksieve_core::header::MAX_DATASETS_OF_A_SMALL_DEVICE` leaks.
    pub is_small: bool,
}

/// By the size of their flash. Sizes of flash, erase blocks and RAM are those of the makers'
/// datasheets: Nordic "nRF51822 Product Specification" (variant QFAA) and "nRF52840 Product
/// Specification"; ST "STM32L476xx" (RM0351, section 3.3.1); Raspberry Pi "Pico Datasheet" and
/// "Pico 2 Datasheet" (Winbond W25Q16JV and W25Q32RV, sectors of 4 KiB); Espressif "ESP32-C3
/// Series Datasheet" (variant FH4). UF2 families: Microsoft, "uf2families.json".
pub const BOARDS: [Board; 6] = [MICROBIT, NRF52840_DK, NUCLEO_L476RG, PICO, PICO2, ESP32C3];

/// Version 1, with the nRF51822.
pub const MICROBIT: Board = Board {
    name: "microbit",
    title: "BBC micro:bit v1",
    flash_address: 0,
    flash_bytes: 256 << 10,
    erase_bytes: 1 << 10,
    program_offset: 0,
    filter_offset: 64 << 10,
    ram_address: 0x2000_0000,
    ram_bytes: 16 << 10,
    chip: "nRF51822_xxAA",
    uf2_family: None,
    is_small: true,
};

/// Nordic's development kit.
pub const NRF52840_DK: Board = Board {
    name: "nrf52840-dk",
    title: "nRF52840-DK",
    flash_address: 0,
    flash_bytes: 1 << 20,
    erase_bytes: 4 << 10,
    program_offset: 0,
    filter_offset: 256 << 10,
    ram_address: 0x2000_0000,
    ram_bytes: 256 << 10,
    chip: "nRF52840_xxAA",
    uf2_family: None,
    is_small: false,
};

/// ST's board with the STM32L476RG. The larger one of its two RAMs is used.
pub const NUCLEO_L476RG: Board = Board {
    name: "nucleo-l476rg",
    title: "Nucleo-L476RG",
    flash_address: 0x0800_0000,
    flash_bytes: 1 << 20,
    erase_bytes: 2 << 10,
    program_offset: 0,
    filter_offset: 256 << 10,
    ram_address: 0x2000_0000,
    ram_bytes: 96 << 10,
    chip: "STM32L476RGTx",
    uf2_family: None,
    is_small: false,
};

/// With the RP2040.
pub const PICO: Board = Board {
    name: "pico",
    title: "Raspberry Pi Pico",
    flash_address: 0x1000_0000,
    flash_bytes: 2 << 20,
    erase_bytes: 4 << 10,
    program_offset: 0,
    filter_offset: 256 << 10,
    ram_address: 0x2000_0000,
    ram_bytes: 264 << 10,
    chip: "RP2040",
    uf2_family: Some(0xE48B_FF56),
    is_small: false,
};

/// With the RP2350, its Arm cores.
pub const PICO2: Board = Board {
    name: "pico2",
    title: "Raspberry Pi Pico 2",
    flash_address: 0x1000_0000,
    flash_bytes: 4 << 20,
    erase_bytes: 4 << 10,
    program_offset: 0,
    filter_offset: 256 << 10,
    ram_address: 0x2000_0000,
    ram_bytes: 512 << 10,
    chip: "RP235x",
    uf2_family: Some(0xE48B_FF59),
    is_small: false,
};

/// Any board with the ESP32-C3 and 4 MiB of flash. The boot loader and the partition table
/// lie before the program; images are placed by their offset. The RAM is what esp-hal's linker
/// script leaves a program of it.
pub const ESP32C3: Board = Board {
    name: "esp32c3",
    title: "ESP32-C3",
    flash_address: 0,
    flash_bytes: 4 << 20,
    erase_bytes: 4 << 10,
    program_offset: 0x1_0000,
    filter_offset: 1 << 20,
    ram_address: 0x3FC8_0000,
    ram_bytes: 313 << 10,
    chip: "esp32c3",
    uf2_family: None,
    is_small: false,
};

impl Board {
    /// The board of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        BOARDS
            .iter()
            .find(|board| board.name.eq_ignore_ascii_case(name))
    }

    /// The most that the program may take, bytes.
    pub const fn program_bytes(&self) -> u32 {
        self.records_offset() - self.program_offset
    }

    /// Where the two erase blocks begin that keep the lowest epoch.
    pub const fn records_offset(&self) -> u32 {
        self.filter_offset - 2 * self.erase_bytes
    }

    /// The largest filter, bytes: a slot.
    pub const fn slot_bytes(&self) -> u32 {
        let bytes = (self.flash_bytes - self.filter_offset) / 2;
        bytes - bytes % self.erase_bytes
    }

    /// Where each slot begins.
    pub const fn slot_offsets(&self) -> [u32; 2] {
        [self.filter_offset, self.filter_offset + self.slot_bytes()]
    }

    /// The address of the first slot: where an exported filter is flashed.
    pub const fn filter_address(&self) -> u32 {
        self.flash_address + self.filter_offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_flash_are_whole_blocks_and_do_not_overlap() {
        for board in BOARDS {
            let offsets = [
                board.program_offset,
                board.records_offset(),
                board.filter_offset,
                board.slot_offsets()[1],
                board.flash_bytes,
            ];
            assert!(offsets.is_sorted(), "{}", board.name);
            assert!(offsets.iter().all(|offset| offset % board.erase_bytes == 0));
            assert!(board.slot_offsets()[1] + board.slot_bytes() <= board.flash_bytes);
            assert_eq!(Board::named(board.name), Some(&board));
        }
    }
}
