//! What the smallest processors (Cortex-M0) have no instructions for, and the compiler's own way
//! is long for; the feature `small` has other ways.

const HALF: u32 = 16;

const fn halves(number: u32) -> (u32, u32) {
    (number >> HALF, number & 0xFFFF)
}

/// All 64 bits of a product. `small`: of 16-bit halves, in half the instructions.
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

/// Quotient and rest; a division by 0 gives 0. `small`: bit by bit, without the compiler's 1 KB
/// of code.
pub const fn divided(dividend: u64, divisor: u64) -> (u64, u64) {
    if !cfg!(feature = "small") {
        return match (dividend.checked_div(divisor), dividend.checked_rem(divisor)) {
            (Some(quotient), Some(rest)) => (quotient, rest),
            _ => (0, 0),
        };
    }
    let (mut quotient, mut rest) = (0, 0_u64);
    let mut bit = 1 << 63;
    while bit != 0 && divisor != 0 {
        // The bit that is shifted out counts, too.
        let is_over = rest >> 63 == 1;
        rest = rest << 1 | (dividend & bit != 0) as u64;
        if is_over || rest >= divisor {
            rest = rest.wrapping_sub(divisor);
            quotient |= bit;
        }
        bit >>= 1;
    }
    (quotient, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn quotients(dividend in any::<u64>(), divisor in any::<u64>(), shift in 0..64_u32) {
            for divisor in [divisor >> shift, divisor | 1 << 63, 1, u64::MAX, 1_000] {
                if divisor != 0 {
                    for dividend in [dividend, u64::MAX, divisor, divisor - 1, 0] {
                        let expected = (dividend / divisor, dividend % divisor);
                        prop_assert_eq!(divided(dividend, divisor), expected);
                    }
                }
            }
            prop_assert_eq!(divided(dividend, 0), (0, 0));
        }

        #[test]
        fn products(a in any::<u32>(), b in any::<u32>()) {
            for (a, b) in [(a, b), (a | 0xFFFF_0000, b), (a | 0xFFFF, !0), (!0, !0), (a, 0)] {
                prop_assert_eq!(u128::from(wide(a, b)), u128::from(a) * u128::from(b));
            }
        }
    }
}
