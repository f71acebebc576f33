//! Canonical bytes -> 64 bits.

use serde::Serialize;
// The library's other way, in loops: 3 KB less on a processor that has no wide products.
#[cfg(feature = "small")]
use xxhash_rust::const_xxh3::xxh3_64_with_seed;
#[cfg(not(feature = "small"))]
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::error::HeaderDefect;
use crate::fields::Fields;
use crate::identifier::Item;
#[cfg(feature = "std")]
use crate::identifier::phone::ShortText;

/// How the items of a dataset are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "std", derive(serde::Deserialize))]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum HashFunction {
    /// XXH3, 64 bits, seeded (xxHash specification, "XXH3 algorithm overview").
    Xxh3 {
        /// Drawn after the input is known, so that nobody can choose items that collide.
        #[serde(with = "postcard::fixint::le")]
        seed: u64,
    },
}

impl HashFunction {
    pub(crate) fn read(fields: &mut Fields<'_>) -> Result<Self, HeaderDefect> {
        match fields.varint()? {
            0 => Ok(Self::Xxh3 {
                seed: fields.u64()?,
            }),
            _ => Err(HeaderDefect::Unreadable),
        }
    }

    /// The hash of an item. The high 32 bits choose its page, the low 32 bits its probes; of a
    /// marked item they have changed places.
    pub fn hash(self, item: &Item) -> u64 {
        let hash = self.hash_bytes(item.as_bytes());
        if item.is_marked() {
            hash.rotate_left(32)
        } else {
            hash
        }
    }

    /// As [`hash`](Self::hash), of an item that was found by a shortcut.
    #[cfg(feature = "std")]
    #[inline]
    pub fn hash_short(self, item: ShortText) -> u64 {
        self.hash_bytes(item.encode(&mut [0; ShortText::MAX_BYTES]))
    }

    /// As [`hash`](Self::hash), of the bytes of an item without a mark.
    #[inline]
    pub fn hash_bytes(self, bytes: &[u8]) -> u64 {
        match self {
            Self::Xxh3 { seed } => xxh3_64_with_seed(bytes, seed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_vectors() {
        // xxHash's own `sanity_test_vectors`: its buffer is the high byte of a
        // generator that starts at PRIME32 and is multiplied by PRIME64.
        const PRIME32: u64 = 2_654_435_761;
        const PRIME64: u64 = 11_400_714_785_074_694_797;
        let mut generator = PRIME32;
        let mut buffer = [0u8; 256];
        for byte in &mut buffer {
            *byte = (generator >> 56) as u8;
            generator = generator.wrapping_mul(PRIME64);
        }
        for (len, seed, expected) in [
            (0, 0, 0x2D06_8005_38D3_94C2),
            (0, PRIME64, 0xA8A6_B918_B2F0_364A),
            (1, 0, 0xC44B_DFF4_074E_ECDB),
            (1, PRIME64, 0x032B_E332_DD76_6EF8),
            (6, 0, 0x27B5_6A84_CD2D_7325),
            (6, PRIME64, 0x8458_9C11_6AB5_9AB9),
            (12, 0, 0xA713_DAF0_DFBB_77E7),
            (12, PRIME64, 0xE730_3E1B_2336_DE0E),
            (24, 0, 0xA3FE_70BF_9D35_10EB),
            (24, PRIME64, 0x850E_80FC_35BD_D690),
            (48, 0, 0x397D_A259_ECBA_1F11),
            (48, PRIME64, 0xADC2_CBAA_44AC_C616),
            (80, 0, 0xBCDE_FBBB_2C47_C90A),
            (80, PRIME64, 0xC6DD_0CB6_9953_2E73),
            (195, 0, 0xCD94_217E_E362_EC3A),
            (195, PRIME64, 0xBA68_003D_370C_B3D9),
        ] {
            let hash = HashFunction::Xxh3 { seed }.hash_bytes(&buffer[..len]);
            assert_eq!(hash, expected, "{len} bytes, seed {seed:x}");
        }
    }

    /// Both of the library's ways, at every length that an item may have.
    #[test]
    fn hash_in_loops_is_the_same() {
        let mut bytes = [0u8; crate::identifier::MAX_IDENTIFIER_BYTES];
        let mut state = 1u32;
        for byte in &mut bytes {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
        for length in 0..=bytes.len() {
            let bytes = &bytes[..length];
            for seed in [0, 1, 0x1EAC_51E7E, u64::MAX] {
                assert_eq!(
                    xxhash_rust::const_xxh3::xxh3_64_with_seed(bytes, seed),
                    xxhash_rust::xxh3::xxh3_64_with_seed(bytes, seed),
                    "{length} bytes, seed {seed:x}"
                );
            }
        }
    }
}
