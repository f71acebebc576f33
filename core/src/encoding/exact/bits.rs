//! Bits of a page, the least significant of each byte first.

use crate::units::{PAYLOAD_BYTES, Payload};

/// Bits of a page: 4,064.
pub(super) const PAGE_BITS: u32 = (PAYLOAD_BYTES * 8) as u32;

/// The next 32 bits from a place on; behind the page's end they are 0.
// On the path of each value; small devices have it once.
#[cfg_attr(feature = "small", inline(never))]
#[cfg_attr(not(feature = "small"), inline(always))]
pub(super) fn peek(payload: &Payload, at: u32) -> u32 {
    let (words, _) = payload.as_chunks();
    let word = |index: u32| {
        let word = words.get(index as usize).copied();
        word.map_or(0, u32::from_le_bytes)
    };
    let (index, shift) = (at >> 5, at & 31);
    word(index) >> shift | word(index + 1) << 1 << (31 - shift)
}

/// The next 64.
pub(super) fn peek_long(payload: &Payload, at: u32) -> u64 {
    u64::from(peek(payload, at.saturating_add(32))) << 32 | u64::from(peek(payload, at))
}

/// A number of so many bits, 62 at most; behind the page's end they are 0.
pub(super) fn field(payload: &Payload, at: u32, num_bits: u32) -> u64 {
    peek_long(payload, at) & !(u64::MAX << num_bits.min(62))
}

/// Write the lowest bits of a number, 62 at most, to bits that are 0. `false`: there is no room,
/// and nothing is written.
pub(super) fn put(payload: &mut Payload, at: u32, num_bits: u32, number: u64) -> bool {
    if at.saturating_add(num_bits) > PAGE_BITS {
        return false;
    }
    let number = number & !(u64::MAX << num_bits.min(62));
    // Most numbers are short, and a word takes them.
    let word = payload.get_mut((at >> 3) as usize..);
    let word = word.and_then(|rest| rest.first_chunk_mut());
    if let (Some(word), ..=56) = (word, num_bits) {
        *word = (u64::from_le_bytes(*word) | number << (at & 7)).to_le_bytes();
        return true;
    }
    let shifted = u128::from(number) << (at & 7);
    let bytes = payload.iter_mut().skip((at >> 3) as usize);
    for (place, byte) in bytes.zip(shifted.to_le_bytes()) {
        *place |= byte;
    }
    true
}
