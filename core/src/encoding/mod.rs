//! 64 bits of hash -> which page, which bits of it, and whether they match.
//!
//! A *page* is one sector's payload. Every encoding places all that it knows of
//! an item in one page of [`page_of`].

pub mod bloom;

/// What a page says of an item. Never a verdict by itself: see [`crate::Verdict`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Match {
    /// Every probe hit: the item is there, or it is a false alarm.
    Hit,
    /// The item is not in the page.
    Miss,
}

/// The page of an item, `0..num_pages`: the hash's high 32 bits, scaled. It grows
/// with the hash, so that sorted hashes fill the pages in order.
pub const fn page_of(hash: u64, num_pages: u32) -> u32 {
    (((hash >> 32) * num_pages as u64) >> 32) as u32
}

/// The smallest hash of a page: `page_of(h, num_pages) >= page` exactly when
/// `h >= first_hash_of(page, num_pages)`. For `page == num_pages` it is 2^64, so
/// the result has 128 bits.
pub const fn first_hash_of(page: u32, num_pages: u32) -> u128 {
    let high = ((page as u64) << 32).div_ceil(num_pages as u64);
    (high as u128) << 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_their_first_hashes_agree() {
        for num_pages in [1u32, 2, 3, 7, 4064, 3_700_001, u32::MAX] {
            for page in [0, 1, num_pages / 2, num_pages - 1] {
                if page >= num_pages {
                    continue;
                }
                let first = first_hash_of(page, num_pages);
                assert_eq!(page_of(first as u64, num_pages), page);
                if first > 0 {
                    assert_eq!(page_of((first - 1) as u64, num_pages), page - 1);
                }
            }
            assert_eq!(first_hash_of(num_pages, num_pages), 1 << 64);
            assert_eq!(page_of(u64::MAX, num_pages), num_pages - 1);
        }
    }
}
