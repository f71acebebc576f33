//! Sorted, distinct hashes <-> bytes.
//!
//! ```text
//! count (LEB128) | first hash, 8 bytes | k, 1 byte | gaps, bit by bit from the lowest of each byte
//! gap to the next hash: (gap - 1) >> k zeros, a one, then the k low bits of gap - 1
//! ```
//!
//! A Rice code (Rice, Plaunt, IEEE Trans. Commun. 19, 1971): hashes are as good as random, so their gaps
//! are distributed geometrically. A few thousand hashes of one segment take 5 to 6 bytes each. Whatever
//! the bytes are, decoding gives increasing hashes or an error.

/// Most low bits of a gap: with 7 bits of a byte that is begun they fit a word.
const MAX_LOW_BITS: u32 = 56;
const FIRST_BYTES: usize = size_of::<u64>();

/// Bytes that are no blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Damaged;

/// Write sorted, distinct hashes behind what is in `bytes`.
pub(crate) fn encode(hashes: &[u64], bytes: &mut Vec<u8>) {
    put_count(hashes.len() as u64, bytes);
    let (Some(first), Some(last)) = (hashes.first(), hashes.last()) else {
        return;
    };
    let num_gaps = hashes.len() as u64 - 1;
    // 9 / 13 is about ln 2, by which the best parameter follows from the mean.
    let mean = (last - first).checked_div(num_gaps).unwrap_or(0);
    let low_bits = (mean / 13 * 9).checked_ilog2().unwrap_or(0);
    let low_bits = low_bits.min(MAX_LOW_BITS);
    bytes.extend_from_slice(&first.to_le_bytes());
    bytes.push(low_bits as u8);
    let mut bits = Writer {
        bytes,
        word: 0,
        num_bits: 0,
    };
    let low_mask = (1 << low_bits) - 1;
    for pair in hashes.windows(2) {
        let gap = pair[1] - pair[0] - 1;
        bits.put_zeros(gap >> low_bits);
        bits.put(1, 1);
        bits.put(gap & low_mask, low_bits);
    }
    bits.finish();
}

struct Writer<'b> {
    bytes: &'b mut Vec<u8>,
    word: u64,
    /// Of the word, below 64.
    num_bits: u32,
}

impl Writer<'_> {
    /// `value` has at most `num_bits` bits, which are at most [`MAX_LOW_BITS`].
    #[inline]
    fn put(&mut self, value: u64, num_bits: u32) {
        self.word |= value << self.num_bits;
        let all = self.num_bits + num_bits;
        if all < u64::BITS {
            self.num_bits = all;
            return;
        }
        self.bytes.extend_from_slice(&self.word.to_le_bytes());
        self.word = value >> (u64::BITS - self.num_bits);
        self.num_bits = all - u64::BITS;
    }

    #[inline]
    fn put_zeros(&mut self, mut count: u64) {
        while count > 0 {
            let now = count.min(MAX_LOW_BITS.into());
            self.put(0, now as u32);
            count -= now;
        }
    }

    fn finish(self) {
        let num_bytes = self.num_bits.div_ceil(8) as usize;
        let bytes = self.word.to_le_bytes();
        self.bytes.extend_from_slice(&bytes[..num_bytes]);
    }
}

/// The hashes of a blob, one after the other.
pub(crate) struct Decoder<'b> {
    bytes: &'b [u8],
    /// The next bit of them.
    at: usize,
    low_bits: u32,
    next: Option<u64>,
    /// Hashes behind the next.
    num_behind: u64,
}

impl<'b> Decoder<'b> {
    pub(crate) fn new(blob: &'b [u8]) -> Result<Self, Damaged> {
        let (count, rest) = take_count(blob)?;
        let Some(num_behind) = count.checked_sub(1) else {
            return match rest {
                [] => Ok(Self {
                    bytes: rest,
                    at: 0,
                    low_bits: 0,
                    next: None,
                    num_behind: 0,
                }),
                _ => Err(Damaged),
            };
        };
        let (first, rest) = rest.split_first_chunk::<FIRST_BYTES>().ok_or(Damaged)?;
        let (low_bits, bytes) = rest.split_first().ok_or(Damaged)?;
        let low_bits = u32::from(*low_bits);
        // Each takes a bit at least.
        if low_bits > MAX_LOW_BITS || num_behind > bytes.len() as u64 * 8 {
            return Err(Damaged);
        }
        Ok(Self {
            bytes,
            at: 0,
            low_bits,
            next: Some(u64::from_le_bytes(*first)),
            num_behind,
        })
    }

    /// The hash that comes next.
    pub(crate) const fn next(&self) -> Option<u64> {
        self.next
    }

    /// How many are left.
    pub(crate) fn num_left(&self) -> u64 {
        self.next.map_or(0, |_| self.num_behind + 1)
    }

    /// Append all hashes up to and including `last`.
    pub(crate) fn take_up_to(&mut self, last: u64, hashes: &mut Vec<u64>) -> Result<(), Damaged> {
        while let Some(hash) = self.next.filter(|hash| *hash <= last) {
            hashes.push(hash);
            self.next = match self.num_behind.checked_sub(1) {
                None => None,
                Some(behind) => {
                    self.num_behind = behind;
                    let gap = self.gap()?;
                    Some(hash.checked_add(gap).ok_or(Damaged)?)
                }
            };
        }
        Ok(())
    }

    #[inline]
    fn gap(&mut self) -> Result<u64, Damaged> {
        let mut high = 0_u64;
        loop {
            let (word, num_bits) = self.window();
            if word != 0 {
                let zeros = word.trailing_zeros();
                high += u64::from(zeros);
                self.at += zeros as usize + 1;
                break;
            }
            if num_bits == 0 {
                return Err(Damaged);
            }
            high += u64::from(num_bits);
            self.at += num_bits as usize;
        }
        let (word, num_bits) = self.window();
        if num_bits < self.low_bits {
            return Err(Damaged);
        }
        self.at += self.low_bits as usize;
        let low = word & ((1 << self.low_bits) - 1);
        let high = high.checked_mul(1 << self.low_bits).ok_or(Damaged)?;
        // Low bits are lower than all of the high.
        (high | low).checked_add(1).ok_or(Damaged)
    }

    /// The next bits, and how many they are: at least 57, but at the end.
    #[inline]
    fn window(&self) -> (u64, u32) {
        let (byte, bit) = (self.at / 8, (self.at % 8) as u32);
        let rest = self.bytes.get(byte..).unwrap_or_default();
        if let Some(word) = rest.first_chunk() {
            return (u64::from_le_bytes(*word) >> bit, u64::BITS - bit);
        }
        let mut word = [0; size_of::<u64>()];
        word[..rest.len()].copy_from_slice(rest);
        let num_bits = (rest.len() as u32 * 8).saturating_sub(bit);
        (u64::from_le_bytes(word) >> bit, num_bits)
    }
}

fn put_count(mut count: u64, bytes: &mut Vec<u8>) {
    while count >= 0x80 {
        bytes.push(count as u8 | 0x80);
        count >>= 7;
    }
    bytes.push(count as u8);
}

fn take_count(bytes: &[u8]) -> Result<(u64, &[u8]), Damaged> {
    let mut count = 0;
    for (index, byte) in bytes.iter().enumerate().take(9) {
        count |= u64::from(byte & 0x7F) << (7 * index);
        if byte & 0x80 == 0 {
            return Ok((count, &bytes[index + 1..]));
        }
    }
    Err(Damaged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decoded(blob: &[u8]) -> Result<Vec<u64>, Damaged> {
        let mut hashes = Vec::new();
        Decoder::new(blob)?.take_up_to(u64::MAX, &mut hashes)?;
        Ok(hashes)
    }

    fn encoded(hashes: &[u64]) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode(hashes, &mut bytes);
        bytes
    }

    fn mixed(number: u64) -> u64 {
        number.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(17)
    }

    proptest! {
        #[test]
        fn what_was_put_in_comes_out(
            mut hashes in proptest::collection::vec(any::<u64>(), 0..300),
            shift in 0..64_u32,
        ) {
            hashes.iter_mut().for_each(|hash| *hash >>= shift);
            hashes.extend([0, u64::MAX].iter().take(shift as usize % 3));
            hashes.sort_unstable();
            hashes.dedup();
            let blob = encoded(&hashes);
            prop_assert_eq!(decoded(&blob), Ok(hashes.clone()));
            // In two parts, too.
            let mut parts = Vec::new();
            let mut decoder = Decoder::new(&blob).unwrap();
            decoder.take_up_to(u64::MAX >> shift >> 1, &mut parts).unwrap();
            prop_assert!(decoder.next().is_none_or(|next| next > u64::MAX >> shift >> 1));
            decoder.take_up_to(u64::MAX, &mut parts).unwrap();
            prop_assert_eq!(parts, hashes);
        }

        #[test]
        fn any_bytes_give_increasing_hashes_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(hashes) = decoded(&bytes) {
                prop_assert!(hashes.windows(2).all(|pair| pair[0] < pair[1]));
            }
        }
    }

    #[test]
    fn a_blob_that_ends_early_is_none() {
        let hashes: Vec<u64> = (0..1_000).collect();
        let blob = encoded(&hashes.iter().map(|hash| hash << 40).collect::<Vec<_>>());
        for length in [0, 1, 5, 11, blob.len() - 1] {
            assert_eq!(decoded(&blob[..length]), Err(Damaged), "{length}");
        }
    }

    /// 2,400 hashes a blob are those of 10^7 in 64 tasks and 64 segments.
    #[test]
    fn a_hash_takes_six_bytes() {
        let mut hashes: Vec<u64> = (0..2_400).map(|number| mixed(number) >> 6).collect();
        hashes.sort_unstable();
        let num_bytes = encoded(&hashes).len() as f64 / hashes.len() as f64;
        assert!(num_bytes < 6.2, "{num_bytes}");
    }
}
