//! XXH3 in loops, for items: at most [`MAX_IDENTIFIER_BYTES`] bytes, so no more than a block of
//! the specification's long inputs. The library's way unrolls all, which is 3 KB more code on a
//! processor that has no wide products.
//!
//! Names, numbers and order are those of the xxHash specification, "XXH3 algorithm overview".

use core::array;

use xxhash_rust::const_xxh3::const_custom_default_secret;

use crate::arithmetic::wide;
#[cfg(doc)]
use crate::identifier::MAX_IDENTIFIER_BYTES;

const SECRET_BYTES: usize = 192;
/// Bytes of the secret that the middle lengths count from its end.
const SECRET_USED: usize = 136;
const SECRET: [u8; SECRET_BYTES] = const_custom_default_secret(0);

const PRIME32_1: u64 = 0x9E37_79B1;
const PRIME32_2: u64 = 0x85EB_CA77;
const PRIME32_3: u64 = 0xC2B2_AE3D;
const PRIME64_1: u64 = 0x9E37_79B1_85EB_CA87;
const PRIME64_2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const PRIME64_3: u64 = 0x1656_67B1_9E37_79F9;
const PRIME64_4: u64 = 0x85EB_CA77_C2B2_AE63;
const PRIME64_5: u64 = 0x27D4_EB2F_1656_67C5;
const PRIME_MX1: u64 = 0x1656_6791_9E37_79F9;
const PRIME_MX2: u64 = 0x9FB2_1C65_1E98_DF25;

const STRIPE_BYTES: usize = 64;
const LANES: usize = 8;
/// How far the secret moves on with each stripe.
const STRIPE_SECRET: usize = 8;

/// The hash of at most 1,024 bytes.
pub(super) fn xxh3_64_with_seed(input: &[u8], seed: u64) -> u64 {
    match input.len() {
        9..=16 => of_9_to_16(input, seed),
        0..=8 => of_0_to_8(input, seed),
        17..=128 => of_17_to_128(input, seed),
        129..=240 => of_129_to_240(input, seed),
        _ => of_long(input, seed),
    }
}

/// Eight bytes from this one on, all of which must be there.
#[inline(never)]
fn word(bytes: &[u8], at: usize) -> u64 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.map_or(0, |word| u64::from_le_bytes(*word))
}

fn half_word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.map_or(0, |word| u32::from_le_bytes(*word))
}

/// The exclusive or of two neighbouring words of the secret.
const fn secret_pair(at: usize) -> u64 {
    let mut pair = 0;
    let mut byte = 8;
    while byte > 0 {
        byte -= 1;
        pair = pair << 8 | (SECRET[at + byte] ^ SECRET[at + 8 + byte]) as u64;
    }
    pair
}

/// Both halves of a product of 128 bits, exclusive or.
#[inline(never)]
const fn fold(a: u64, b: u64) -> u64 {
    let (a_high, a_low) = ((a >> 32) as u32, a as u32);
    let (b_high, b_low) = ((b >> 32) as u32, b as u32);
    let lowest = wide(a_low, b_low);
    let crossed = wide(a_low, b_high);
    // No sum is over 64 bits.
    let middle = wide(a_high, b_low) + (crossed & 0xFFFF_FFFF) + (lowest >> 32);
    let high = wide(a_high, b_high) + (crossed >> 32) + (middle >> 32);
    high ^ (middle << 32 | lowest & 0xFFFF_FFFF)
}

/// The lower half of the same product.
const fn product(a: u64, b: u64) -> u64 {
    let crossed = ((a >> 32) as u32)
        .wrapping_mul(b as u32)
        .wrapping_add((a as u32).wrapping_mul((b >> 32) as u32));
    wide(a as u32, b as u32).wrapping_add((crossed as u64) << 32)
}

const fn avalanche(mut hash: u64) -> u64 {
    hash ^= hash >> 37;
    hash = product(hash, PRIME_MX1);
    hash ^ hash >> 32
}

const fn avalanche_of_xxh64(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(PRIME64_2);
    hash ^= hash >> 29;
    hash = hash.wrapping_mul(PRIME64_3);
    hash ^ hash >> 32
}

fn of_0_to_8(input: &[u8], seed: u64) -> u64 {
    let length = input.len();
    match input {
        [] => avalanche_of_xxh64(seed ^ const { secret_pair(56) }),
        [first, .., last] if length < 4 => {
            let middle = input.get(length / 2).unwrap_or(last);
            of_1_to_3(*first, *middle, *last, length, seed)
        }
        [only] => of_1_to_3(*only, *only, *only, length, seed),
        _ => {
            let seed = seed ^ u64::from((seed as u32).swap_bytes()) << 32;
            let first = half_word(input, 0);
            let last = half_word(input, length - 4);
            let keyed = (u64::from(first) << 32 | u64::from(last))
                ^ const { secret_pair(8) }.wrapping_sub(seed);
            let mut hash = keyed ^ keyed.rotate_left(49) ^ keyed.rotate_left(24);
            hash = hash.wrapping_mul(PRIME_MX2);
            hash ^= (hash >> 35).wrapping_add(length as u64);
            hash = hash.wrapping_mul(PRIME_MX2);
            hash ^ hash >> 28
        }
    }
}

fn of_1_to_3(first: u8, middle: u8, last: u8, length: usize, seed: u64) -> u64 {
    let combined = u32::from_le_bytes([last, length as u8, first, middle]);
    let pair = half_word(&SECRET, 0) ^ half_word(&SECRET, 4);
    avalanche_of_xxh64(u64::from(combined) ^ u64::from(pair).wrapping_add(seed))
}

fn of_9_to_16(input: &[u8], seed: u64) -> u64 {
    // Not by `word`: phone numbers come here.
    let first = input
        .first_chunk()
        .map_or(0, |word| u64::from_le_bytes(*word));
    let last = input
        .last_chunk()
        .map_or(0, |word| u64::from_le_bytes(*word));
    let low = first ^ const { secret_pair(24) }.wrapping_add(seed);
    let high = last ^ const { secret_pair(40) }.wrapping_sub(seed);
    let sum = (input.len() as u64)
        .wrapping_add(low.swap_bytes())
        .wrapping_add(high)
        .wrapping_add(fold(low, high));
    avalanche(sum)
}

/// 16 bytes of the input with 16 of the secret.
#[inline(never)]
fn mix(input: &[u8], at: usize, secret_at: usize, seed: u64) -> u64 {
    let low = word(input, at) ^ word(&SECRET, secret_at).wrapping_add(seed);
    let high = word(input, at + 8) ^ word(&SECRET, secret_at + 8).wrapping_sub(seed);
    fold(low, high)
}

fn of_17_to_128(input: &[u8], seed: u64) -> u64 {
    let length = input.len();
    let mut sum = (length as u64).wrapping_mul(PRIME64_1);
    // From both ends to the middle.
    for round in 0..length.div_ceil(32) {
        let end = length.saturating_sub(16 * (round + 1));
        sum = sum.wrapping_add(mix(input, 16 * round, 32 * round, seed));
        sum = sum.wrapping_add(mix(input, end, 32 * round + 16, seed));
    }
    avalanche(sum)
}

fn of_129_to_240(input: &[u8], seed: u64) -> u64 {
    let length = input.len();
    let mut sum = (length as u64).wrapping_mul(PRIME64_1);
    for round in 0..length / 16 {
        // The secret begins anew, a little behind its start.
        let secret_at = if round < 8 {
            16 * round
        } else {
            16 * (round - 8) + 3
        };
        sum = sum.wrapping_add(mix(input, 16 * round, secret_at, seed));
        if round == 7 {
            sum = avalanche(sum);
        }
    }
    let last = mix(input, length - 16, SECRET_USED - 17, seed);
    avalanche(sum.wrapping_add(last))
}

/// Not inlined: its copy of the secret leaves the stack with it.
#[inline(never)]
fn of_long(input: &[u8], seed: u64) -> u64 {
    let mut secret = SECRET;
    for (index, place) in secret.as_chunks_mut().0.iter_mut().enumerate() {
        let word = u64::from_le_bytes(*place);
        let word = match index % 2 {
            0 => word.wrapping_add(seed),
            _ => word.wrapping_sub(seed),
        };
        *place = word.to_le_bytes();
    }
    let mut lanes = [
        PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1,
    ];
    let length = input.len();
    for stripe in 0..(length - 1) / STRIPE_BYTES {
        let at = stripe * STRIPE_BYTES;
        accumulate(&mut lanes, input, at, &secret, stripe * STRIPE_SECRET);
    }
    let last_secret = SECRET_BYTES - STRIPE_BYTES - 7;
    accumulate(
        &mut lanes,
        input,
        length - STRIPE_BYTES,
        &secret,
        last_secret,
    );
    let mut sum = (length as u64).wrapping_mul(PRIME64_1);
    let (pairs, _) = lanes.as_chunks();
    for (index, [low, high]) in pairs.iter().enumerate() {
        let at = 11 + 16 * index;
        let (low, high) = (low ^ word(&secret, at), high ^ word(&secret, at + 8));
        sum = sum.wrapping_add(fold(low, high));
    }
    avalanche(sum)
}

#[inline(never)]
fn accumulate(
    lanes: &mut [u64; LANES],
    input: &[u8],
    at: usize,
    secret: &[u8; SECRET_BYTES],
    secret_at: usize,
) {
    let words: [u64; LANES] = array::from_fn(|lane| word(input, at + 8 * lane));
    // Each lane takes its neighbour's word as it is.
    let (pairs, _) = lanes.as_chunks_mut();
    let (words_of_pairs, _) = words.as_chunks();
    for ([even, odd], [even_word, odd_word]) in pairs.iter_mut().zip(words_of_pairs) {
        *even = even.wrapping_add(*odd_word);
        *odd = odd.wrapping_add(*even_word);
    }
    for (index, (lane, word_of_lane)) in lanes.iter_mut().zip(&words).enumerate() {
        let keyed = word_of_lane ^ word(secret, secret_at + 8 * index);
        *lane = lane.wrapping_add(wide(keyed as u32, (keyed >> 32) as u32));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identifier::MAX_IDENTIFIER_BYTES;
    use proptest::prelude::*;
    use xxhash_rust::xxh3;

    proptest! {
        #[test]
        fn every_length_as_the_library(
            bytes in proptest::collection::vec(any::<u8>(), MAX_IDENTIFIER_BYTES),
            seed in any::<u64>(),
        ) {
            for length in 0..=bytes.len() {
                let bytes = &bytes[..length];
                for seed in [seed, 0, u64::MAX] {
                    prop_assert_eq!(
                        xxh3_64_with_seed(bytes, seed),
                        xxh3::xxh3_64_with_seed(bytes, seed),
                        "{} bytes", length
                    );
                }
            }
        }
    }
}
