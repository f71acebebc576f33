//! Sector-blocked Bloom filter: all probes of an item lie in one page, so a query
//! reads exactly one sector.
//!
//! Blocked Bloom filters: Putze, Sanders, Singler, "Cache-, Hash- and
//! Space-Efficient Bloom Filters", WEA 2007, section 3. With a block of 4,064
//! bits the price over one large filter is 1 % of size at a rate of 1e-3.
//!
//! The probes are a walk of multiplications and shifts of the hash's low 32 bits.
//! They do not depend on the number of pages: neighbouring pages of a file may be
//! OR-ed into a smaller one, and files of one shape and seed may be OR-ed together.

use bitvec::prelude::{BitSlice, Lsb0};
use bitvec::view::BitView;

use super::matching::Match;
use crate::arithmetic::wide;
use crate::units::{PAYLOAD_BYTES, Payload};

/// Bits of a page: 4,064.
pub const PAGE_BITS: u32 = (PAYLOAD_BYTES * 8) as u32;
/// Most probes an item may have: 32, enough for a rate of 1e-9.
pub const MAX_HASHES: u8 = 32;

/// 2^32 divided by the golden ratio, odd (Knuth, TAOCP volume 3, section 6.4).
const MULTIPLIER: u32 = 0x9E37_79B1;

/// The bits of a page that an item's hash sets, `num_hashes` of them, each below
/// [`PAGE_BITS`]; two may coincide.
pub fn probes(hash: u64, num_hashes: u8) -> impl Iterator<Item = usize> {
    let mut state = hash as u32;
    (0..num_hashes).map(move |_| (step(&mut state) >> BIT_SHIFT) as usize)
}

/// Bits of a [`step`]'s result below those that count the bits of a page, from its first.
const BIT_SHIFT: u32 = BYTE_SHIFT - u8::BITS.ilog2();
/// The same for its bytes.
const BYTE_SHIFT: u32 = u32::BITS;

/// Where in the page the next bit is.
#[inline]
fn step(state: &mut u32) -> u64 {
    *state = state.wrapping_mul(MULTIPLIER);
    let place = wide(*state, PAYLOAD_BYTES as u32);
    *state ^= *state >> 15;
    place
}

/// Set an item's bits.
pub fn insert(page: &mut Payload, hash: u64, num_hashes: u8) {
    let bits = BitSlice::<u8, Lsb0>::from_slice_mut(page.as_mut_slice());
    for bit in probes(hash, num_hashes) {
        if let Some(mut bit) = bits.get_mut(bit) {
            *bit = true;
        }
    }
}

/// A page that is being filled, with a byte for each bit. To set one reads nothing, so
/// many items go in at half the cost of [`insert`]; that is worth it where pages are made.
#[derive(Clone, Debug)]
pub struct UnpackedPage([u8; PAGE_BITS as usize]);

impl UnpackedPage {
    /// No bit is set.
    pub const EMPTY: Self = Self([0; PAGE_BITS as usize]);

    /// Set an item's bits.
    pub fn insert(&mut self, hash: u64, num_hashes: u8) {
        for bit in probes(hash, num_hashes) {
            if let Some(bit) = self.0.get_mut(bit) {
                *bit = 1;
            }
        }
    }

    /// The page as [`insert`] makes it.
    pub fn pack(&self) -> Payload {
        // Byte i to bit i: the multiplication adds each byte to the highest, shifted by
        // its index, and no two sums meet.
        const GATHER: u64 = 0x0102_0408_1020_4080;
        let mut page = [0; PAYLOAD_BYTES];
        let (bits, _) = self.0.as_chunks();
        for (byte, bits) in page.iter_mut().zip(bits) {
            *byte = (u64::from_le_bytes(*bits).wrapping_mul(GATHER) >> 56) as u8;
        }
        page
    }
}

/// Are all of an item's bits set?
pub fn query(page: &Payload, hash: u64, num_hashes: u8) -> Match {
    let mut state = hash as u32;
    for _ in 0..u32::from(num_hashes) {
        let place = step(&mut state);
        let (byte, bit) = (place >> BYTE_SHIFT, place as u32 >> BIT_SHIFT);
        // A byte outside the page cannot be; were it so, it would not be a miss.
        let byte = page.get(byte as usize).copied().unwrap_or(u8::MAX);
        let bits = byte.view_bits::<Lsb0>();
        if let Some(false) = bits.get(bit as usize).as_deref() {
            return Match::Miss;
        }
    }
    Match::Hit
}

/// Number of bits that are set in a page, 0 to [`PAGE_BITS`].
pub fn count_ones(page: &Payload) -> u32 {
    page.iter().map(|byte| byte.count_ones()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inserted_items_hit_and_an_empty_page_misses() {
        let mut page = [0; PAYLOAD_BYTES];
        for hash in (0..280u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15)) {
            assert_eq!(query(&[0; PAYLOAD_BYTES], hash, 10), Match::Miss);
            insert(&mut page, hash, 10);
            assert_eq!(query(&page, hash, 10), Match::Hit);
        }
        assert!((1900..2200).contains(&count_ones(&page)));
    }

    #[test]
    fn an_unpacked_page_is_the_same_page() {
        let mut page = [0; PAYLOAD_BYTES];
        let mut unpacked = UnpackedPage::EMPTY;
        for hash in (0..500u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15)) {
            insert(&mut page, hash, 11);
            unpacked.insert(hash, 11);
            assert_eq!(unpacked.pack(), page);
        }
    }

    #[test]
    fn each_bit_counts() {
        let hash = 0x0123_4567_89AB_CDEF;
        let mut page = [0; PAYLOAD_BYTES];
        insert(&mut page, hash, 12);
        for bit in probes(hash, 12) {
            let mut cleared = page;
            cleared[bit / 8] &= !(1 << (bit % 8));
            assert_eq!(query(&cleared, hash, 12), Match::Miss);
        }
    }

    #[test]
    fn golden_probes() {
        let bits: heapless::Vec<usize, 8> = probes(0x89AB_CDEF, 8).collect();
        // From an independent implementation.
        assert_eq!(bits, [578, 2236, 3753, 278, 2798, 1795, 2728, 1628]);
    }

    #[test]
    fn probes_are_those_of_the_fewer_probes_first() {
        let few: heapless::Vec<usize, 32> = probes(77, 5).collect();
        let many: heapless::Vec<usize, 32> = probes(77, 32).collect();
        assert_eq!(few, many[..5]);
        assert!(many.iter().all(|bit| *bit < PAGE_BITS as usize));
    }
}
