//! What well-known chips and cards hold: the room for a filter.

use leaksieve_core::sector::SECTOR_BYTES;

/// The firmware's image: it takes no more than this of a chip's flash; bytes.
pub const FIRMWARE_BYTES: u64 = 64 << 10;

/// The largest file of a FAT32 volume, one byte less than 4 GiB: its size has 32 bits
/// (Microsoft, "FAT: General Overview of On-Disk Format", version 1.03, `DIR_FileSize`).
pub const FAT32_MAX_BYTES: u64 = u32::MAX as u64;

/// The largest filter on a FAT32 volume: 4 GiB less a sector; bytes.
pub const FAT32_MAX_FILTER_BYTES: u64 = FAT32_MAX_BYTES / SECTOR_BYTES as u64 * SECTOR_BYTES as u64;

/// The `build --max-size` of a filter that fits such a volume when it is signed, too: a
/// sector in 31 is a tag sector then.
pub const FAT32_MAX_TO_BE_SIGNED: &str = "3960MiB";

/// Something that a filter is put into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Medium {
    /// What it is called.
    pub name: &'static str,
    /// Bytes of its flash, or of the largest file.
    pub capacity_bytes: u64,
    /// Bytes of them that are left for a filter.
    pub room_bytes: u64,
}

impl Medium {
    /// Flash that the firmware lies in as well.
    const fn chip(name: &'static str, capacity_bytes: u64) -> Self {
        Self {
            name,
            capacity_bytes,
            room_bytes: capacity_bytes - FIRMWARE_BYTES,
        }
    }

    const fn store(name: &'static str, capacity_bytes: u64) -> Self {
        Self {
            name,
            capacity_bytes,
            room_bytes: capacity_bytes,
        }
    }
}

/// By size. Capacities are those of the makers' datasheets: Nordic "nRF51822 Product
/// Specification" (variant QFAA, as on the micro:bit v1) and "nRF52840 Product
/// Specification"; ST "STM32F411xC STM32F411xE" (variant E); Raspberry Pi "Pico
/// Datasheet" and "Pico 2 Datasheet"; Espressif "ESP32-C3 Series Datasheet" (variant
/// FH4); Winbond "W25Q128JV", 128 Mbit.
pub const MEDIA: [Medium; 9] = [
    Medium::chip("micro:bit v1", 256 << 10),
    Medium::chip("STM32F411xE", 512 << 10),
    Medium::chip("nRF52840", 1 << 20),
    Medium::chip("Raspberry Pi Pico", 2 << 20),
    Medium::chip("Raspberry Pi Pico 2", 4 << 20),
    Medium::chip("ESP32-C3FH4", 4 << 20),
    Medium::store("SPI flash W25Q128JV", 16 << 20),
    Medium::store("1 GiB of a card", 1 << 30),
    Medium::store("largest FAT32 file", FAT32_MAX_BYTES),
];

#[cfg(test)]
mod tests {
    use super::*;
    use leaksieve_core::sector::SectorIndex;
    use leaksieve_core::trust::Tree;

    #[test]
    fn the_largest_filter_is_the_last_whole_sector() {
        assert_eq!(FAT32_MAX_FILTER_BYTES, (1 << 32) - 512);
    }

    #[test]
    fn a_filter_that_is_to_be_signed_has_room_for_its_tags() {
        let mib: u64 = FAT32_MAX_TO_BE_SIGNED
            .strip_suffix("MiB")
            .and_then(|mib| mib.parse().ok())
            .unwrap();
        let sectors_of = |mib: u64| {
            let unsigned = (mib << 20) / SECTOR_BYTES as u64;
            let tree = Tree::new(SectorIndex(1), unsigned as u32);
            // A signature, and one more sector of the header.
            unsigned + u64::from(tree.num_tag_sectors()) + 2
        };
        let room = FAT32_MAX_BYTES / SECTOR_BYTES as u64;
        assert!(sectors_of(mib) <= room);
        assert!(sectors_of(mib + 10) > room);
    }
}
