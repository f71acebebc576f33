//! Sorts hashes of a partition.

/// Most buckets: as many places as a core's caches can follow. What is in one is sorted by
/// comparisons, which 30 hashes, or 1, take less long than 10.
const MAX_BUCKET_BITS: u32 = 15;

/// Sort hashes that have their first `num_common_bits` bits in common, each once. Hashes are
/// as good as random, so that their next bits share them out into buckets of few: one pass
/// does most of what a sort by comparisons needs many for. Whatever they are, the order is
/// right. `scratch` is of no use before or after.
pub(crate) fn sort_and_dedup(hashes: &mut Vec<u64>, scratch: &mut Vec<u64>, num_common_bits: u32) {
    if num_common_bits == u64::BITS || hashes.len() < 2 {
        hashes.dedup();
        return;
    }
    let num_bits = (hashes.len().ilog2() + 1).min(MAX_BUCKET_BITS);
    // The bits that differ may be few.
    let num_bits = num_bits.min(u64::BITS - num_common_bits);
    let shift = u64::BITS - num_common_bits - num_bits;
    let bucket_of = |hash: u64| (hash << num_common_bits >> num_common_bits >> shift) as usize;

    // Where each bucket begins; while it is filled, where its next hash goes; then its end.
    let mut places = vec![0_usize; (1 << num_bits) + 1];
    for hash in &*hashes {
        places[bucket_of(*hash) + 1] += 1;
    }
    let mut begin = 0;
    for place in &mut places {
        begin += *place;
        *place = begin;
    }
    scratch.resize(hashes.len(), 0);
    for hash in &*hashes {
        let place = &mut places[bucket_of(*hash)];
        scratch[*place] = *hash;
        *place += 1;
    }
    std::mem::swap(hashes, scratch);
    let mut begin = 0;
    for end in places {
        if end - begin > 1 {
            hashes[begin..end].sort_unstable();
        }
        begin = end;
    }
    hashes.dedup();
}

/// Sort keys of any kind, each once. `scratch` is of no use before or after.
pub(crate) fn sort_and_dedup_keys(keys: &mut Vec<u64>, scratch: &mut Vec<u64>) {
    let least = keys.iter().copied().min().unwrap_or(0);
    keys.iter_mut().for_each(|key| *key -= least);
    let most = keys.iter().copied().max().unwrap_or(0);
    // Bits that take no more room than the keys.
    if most / u64::from(u64::BITS) <= keys.len() as u64 {
        sort_and_dedup_dense(keys, scratch, most);
    } else {
        sort_and_dedup(keys, scratch, most.leading_zeros());
    }
    keys.iter_mut().for_each(|key| *key += least);
}

/// Sort keys of at most `most`, each once, by a bit for each that there can be: quick where they are
/// dense. `scratch` is of no use before or after.
fn sort_and_dedup_dense(keys: &mut Vec<u64>, scratch: &mut Vec<u64>, most: u64) {
    const BITS: u64 = u64::BITS as u64;
    scratch.clear();
    scratch.resize((most / BITS) as usize + 1, 0);
    for key in &*keys {
        scratch[(key / BITS) as usize] |= 1 << (key % BITS);
    }
    keys.clear();
    for (index, word) in (0..).zip(&*scratch) {
        let mut word = *word;
        while word != 0 {
            keys.push(index * BITS + u64::from(word.trailing_zeros()));
            word &= word - 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_sort_of_the_standard_library() {
        let mut state = 1_u64;
        let mut random = |num_bits: u32| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state.rotate_left(29) >> (u64::BITS - num_bits)
        };
        let mut scratch = vec![7; 3];
        for num_common_bits in [0, 1, 11, 40] {
            for num_hashes in [0, 1, 2, 3, 100, 5_000, 40_000] {
                // Of few bits, that many are duplicates; of all, that none is.
                for num_bits in [1, 9, u64::BITS - num_common_bits] {
                    let common =
                        (0x5A5A << 48) & !(u64::MAX.checked_shr(num_common_bits).unwrap_or(0));
                    let hashes: Vec<u64> =
                        (0..num_hashes).map(|_| common | random(num_bits)).collect();
                    let mut expected = hashes.clone();
                    expected.sort_unstable();
                    expected.dedup();
                    let mut sorted = hashes;
                    sort_and_dedup(&mut sorted, &mut scratch, num_common_bits);
                    assert!(sorted == expected, "{num_hashes} of {num_bits} bits");
                    sorted.reverse();
                    sorted.extend(&expected);
                    sort_and_dedup_keys(&mut sorted, &mut scratch);
                    assert!(sorted == expected, "{num_hashes} keys of {num_bits} bits");
                }
            }
        }
    }
}
