//! Products of two 32-bit numbers, whole. A processor has an instruction for them, but for the
//! smallest (Cortex-M0), for which the feature `small` makes them of 16-bit halves: the
//! compiler's own way takes twice as many instructions.

const HALF: u32 = 16;

const fn halves(number: u32) -> (u32, u32) {
    (number >> HALF, number & 0xFFFF)
}

/// All 64 bits of a product.
#[inline(always)]
pub(crate) const fn wide(a: u32, b: u32) -> u64 {
    if !cfg!(feature = "small") {
        return a as u64 * b as u64;
    }
    let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
    let low = a_low * b_low;
    // Neither sum is over 32 bits.
    let cross = a_high * b_low + (low >> HALF);
    let cross_low = a_low * b_high + (cross & 0xFFFF);
    let high = a_high * b_high + (cross >> HALF) + (cross_low >> HALF);
    (high as u64) << 32 | (cross_low << HALF | low & 0xFFFF) as u64
}

/// The higher 32 of them: a random `a` scaled to what is below `b`.
#[inline(always)]
pub(crate) const fn scaled(a: u32, b: u32) -> u32 {
    (wide(a, b) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn products(a in any::<u32>(), b in any::<u32>()) {
            for (a, b) in [(a, b), (a | 0xFFFF_0000, b), (a | 0xFFFF, !0), (!0, !0), (a, 0)] {
                prop_assert_eq!(u128::from(wide(a, b)), u128::from(a) * u128::from(b));
            }
        }
    }
}
