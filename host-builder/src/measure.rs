//! The false-positive rate as it is: from the bits that are set, and by asking for
//! hashes that are no items.

use leaksieve_core::encoding::bloom::PAGE_BITS;

use crate::size::{rate_of_ones, with_collisions};

/// How many pages have how many bits set. Integers, so that threads may count in any
/// order and the sum is the same.
#[derive(Clone, Debug)]
pub struct Fill {
    pages_with_ones: Vec<u64>,
}

impl Default for Fill {
    fn default() -> Self {
        Self {
            pages_with_ones: vec![0; PAGE_BITS as usize + 1],
        }
    }
}

impl Fill {
    /// Count a page.
    pub fn add(&mut self, num_ones: u32) {
        self.pages_with_ones[num_ones as usize] += 1;
    }

    /// Take over what another thread counted.
    pub fn merge(&mut self, other: &Self) {
        for (own, other) in self.pages_with_ones.iter_mut().zip(&other.pages_with_ones) {
            *own += other;
        }
    }

    /// The mean over the pages of `(ones / bits) ^ num_hashes`, and the collisions of
    /// `num_items` items within their pages.
    pub fn false_positive_rate(&self, num_hashes: u8, num_items: u64) -> f64 {
        let num_pages: u64 = self.pages_with_ones.iter().sum();
        let sum: f64 = (0u32..)
            .zip(&self.pages_with_ones)
            .map(|(num_ones, pages)| *pages as f64 * rate_of_ones(num_ones, num_hashes))
            .sum();
        let num_pages = num_pages as f64;
        with_collisions(sum / num_pages, num_items as f64 / num_pages)
    }
}

/// Answers to questions for what is no item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trial {
    /// Questions.
    pub num_probes: u64,
    /// Those that were answered "exposed".
    pub num_false_alarms: u64,
}

impl Trial {
    /// Take over another thread's.
    pub fn merge(&mut self, other: Self) {
        self.num_probes += other.num_probes;
        self.num_false_alarms += other.num_false_alarms;
    }

    /// The share of false alarms.
    pub fn rate(self) -> f64 {
        self.num_false_alarms as f64 / self.num_probes.max(1) as f64
    }

    /// Could a filter of this rate have answered so? Where few false alarms are expected, as
    /// many as 13 come by chance less than once in 10^9 builds, and where many are, a
    /// difference of 6.1 standard deviations does.
    pub fn is_plausible(self, rate: f64) -> bool {
        let expected = rate * self.num_probes as f64;
        let difference = (self.num_false_alarms as f64 - expected).abs();
        difference <= 6.1 * expected.sqrt() + 13.0
    }

    /// The interval that holds the true rate, so many standard deviations wide: 1.96
    /// for 95 % (Wilson, "Probable Inference", JASA 22, 1927).
    pub fn interval(self, deviations: f64) -> std::ops::RangeInclusive<f64> {
        let probes = self.num_probes.max(1) as f64;
        let z2 = deviations * deviations;
        let rate = self.rate();
        let middle = (rate + z2 / (2.0 * probes)) / (1.0 + z2 / probes);
        let half = deviations / (1.0 + z2 / probes)
            * (rate * (1.0 - rate) / probes + z2 / (4.0 * probes * probes)).sqrt();
        (middle - half).max(0.0)..=middle + half
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_interval() {
        // Newcombe, Statistics in Medicine 17, 1998, table I: 81 of 263.
        let interval = Trial {
            num_probes: 263,
            num_false_alarms: 81,
        }
        .interval(1.959_964);
        assert!((interval.start() - 0.2553).abs() < 5e-5);
        assert!((interval.end() - 0.3662).abs() < 5e-5);
    }

    #[test]
    fn chance_is_no_defect_and_a_defect_is_no_chance() {
        let trial = |num_false_alarms| Trial {
            num_probes: 1_000_000,
            num_false_alarms,
        };
        // One or two false alarms where 0.02 are expected happen now and then.
        for num_false_alarms in 0..5 {
            assert!(trial(num_false_alarms).is_plausible(2e-8));
        }
        assert!(!trial(40).is_plausible(2e-8));
        assert!(trial(1100).is_plausible(1e-3));
        assert!(!trial(1300).is_plausible(1e-3));
        assert!(!trial(0).is_plausible(1e-3));
    }

    #[test]
    fn a_mean_of_pages_not_a_page_of_means() {
        let mut fill = Fill::default();
        fill.add(0);
        fill.add(PAGE_BITS);
        let rate = fill.false_positive_rate(10, 2);
        assert!((rate - 0.5).abs() < 1e-9);
    }
}
