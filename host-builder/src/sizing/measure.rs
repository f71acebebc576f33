//! The false-positive rate as it is: from the pages, and by asking for hashes that are no
//! items.

use leaksieve_core::encoding::bloom::{self, PAGE_BITS};
use leaksieve_core::encoding::ribbon::{self, Columns, PRIORITIES, PRIORITY_SCALE};
use leaksieve_core::encoding::{Layer, Rules};
use leaksieve_core::sector::Payload;

use crate::sizing::with_collisions;

/// What the pages of a layer are like: how many have how many bits set, or bump how much.
/// Integers, so that threads may count in any order and the sum is the same.
#[derive(Clone, Debug)]
pub struct Fill {
    layer: Layer,
    /// By [`Fill::place`].
    pages: Vec<u64>,
}

impl Fill {
    /// No page yet.
    pub fn new(layer: &Layer) -> Self {
        let num_places = match &layer.rules {
            Rules::Bloom { .. } => PAGE_BITS as usize + 1,
            Rules::Ribbon(_) => 2 * PRIORITIES as usize,
        };
        Self {
            layer: *layer,
            pages: vec![0; num_places],
        }
    }

    /// Count a page of the layer.
    pub fn add(&mut self, page: u32, content: &Payload) {
        let place = match &self.layer.rules {
            Rules::Bloom { .. } => bloom::count_ones(content) as usize,
            // Those of the wide form behind those of the narrow.
            Rules::Ribbon(columns) => {
                usize::from(columns.is_wide(page)) * PRIORITIES as usize
                    + usize::from(ribbon::threshold(content))
            }
        };
        self.pages[place] += 1;
    }

    /// The numbers of pages that are alike, where there are any, with their place: to be sent.
    pub fn counts(&self) -> impl Iterator<Item = (u32, u64)> {
        let counts = (0..).zip(self.pages.iter().copied());
        counts.filter(|(_, pages)| *pages > 0)
    }

    /// Count what was sent of the same layer; `None`: a place that it has not.
    #[must_use]
    pub fn add_counts(&mut self, counts: impl IntoIterator<Item = (u32, u64)>) -> Option<()> {
        for (place, pages) in counts {
            let own = self.pages.get_mut(place as usize)?;
            *own = own.checked_add(pages)?;
        }
        Some(())
    }

    /// Take over what another thread counted of the same layer.
    pub fn merge(&mut self, other: &Self) {
        for (own, other) in self.pages.iter_mut().zip(&other.pages) {
            *own += other;
        }
    }

    /// The share of questions that the layer sends on to the next, 0 to 1.
    pub fn bumped_share(&self) -> f64 {
        match &self.layer.rules {
            Rules::Bloom { .. } => 0.0,
            Rules::Ribbon(columns) => self.mean(columns, |_, bumped| bumped),
        }
    }

    /// False-positive rate, where the next layer has rate `next`.
    fn false_positive_rate(&self, next: f64) -> f64 {
        match &self.layer.rules {
            Rules::Bloom { num_hashes } => {
                let num_pages: u64 = self.pages.iter().sum();
                let sum: f64 = (0u32..)
                    .zip(&self.pages)
                    .map(|(num_ones, pages)| *pages as f64 * rate_of_ones(num_ones, *num_hashes))
                    .sum();
                sum / num_pages as f64
            }
            Rules::Ribbon(columns) => self.mean(columns, |page, bumped| {
                (1.0 - bumped) * 0.5_f64.powi(page.columns.into()) + bumped * next
            }),
        }
    }

    /// The mean of something over the pages of a ribbon's layer, weighted by the share of
    /// the questions that ask a page, given the share of these that it bumps.
    fn mean(&self, columns: &Columns, of: impl Fn(&ribbon::Page, f64) -> f64) -> f64 {
        let forms = columns.forms();
        let mut sum = 0.0;
        for ((page, _, share), pages) in forms.iter().zip(self.pages.chunks(PRIORITIES as usize)) {
            for (threshold, pages) in (0u32..).zip(pages).filter(|(_, pages)| **pages > 0) {
                let bumped = f64::from(threshold) / f64::from(PRIORITY_SCALE);
                sum += *pages as f64 * share * of(page, bumped);
            }
        }
        sum
    }
}

/// False-positive rate of a dataset of such layers, collisions of its items within their
/// pages included.
pub fn false_positive_rate<'a>(
    layers: impl DoubleEndedIterator<Item = &'a Fill>,
    num_items: u64,
    num_pages: u32,
) -> f64 {
    // What the last layer bumps is an error, and no answer.
    let rate = layers
        .rev()
        .fold(0.0, |next, layer| layer.false_positive_rate(next));
    with_collisions(rate, num_items as f64 / f64::from(num_pages))
}

/// Sectors that a question reads of a dataset of such layers, on average.
pub fn mean_reads<'a>(layers: impl DoubleEndedIterator<Item = &'a Fill>) -> f64 {
    layers
        .rev()
        .fold(0.0, |behind, layer| 1.0 + layer.bumped_share() * behind)
}

/// False-positive rate of a Bloom filter's page in which so many bits are set.
fn rate_of_ones(num_ones: u32, num_hashes: u8) -> f64 {
    (f64::from(num_ones) / f64::from(PAGE_BITS)).powi(num_hashes.into())
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
    use leaksieve_core::encoding::Encoding;
    use leaksieve_core::sector::PAYLOAD_BYTES;

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
        let encoding = Encoding::Bloom { num_hashes: 10 };
        let mut fill = Fill::new(&encoding.layer(2, 0).unwrap());
        fill.add(0, &[0; PAYLOAD_BYTES]);
        fill.add(1, &[0xFF; PAYLOAD_BYTES]);
        let rate = false_positive_rate([&fill].into_iter(), 2, 2);
        assert!((rate - 0.5).abs() < 1e-9);
        assert_eq!(mean_reads([&fill].into_iter()), 1.0);
    }

    /// Two layers: a narrow and a wide page, and one that catches what they bump.
    #[test]
    fn what_is_bumped_has_the_rate_of_the_next_layer() {
        let encoding = Encoding::Ribbon(ribbon::Ribbon {
            columns: 3,
            salt: 0,
            wide_share: 1 << 31,
            overflow: [1, 0, 0].map(ribbon::NumPages),
        });
        let mut fills: Vec<Fill> = encoding.layers(3).map(|layer| Fill::new(&layer)).collect();
        let content = |threshold| {
            let mut content = [0; PAYLOAD_BYTES];
            ribbon::set_threshold(&mut content, threshold);
            content
        };
        fills[0].add(0, &content(0));
        fills[0].add(1, &content(128));
        fills[1].add(0, &content(0));
        // 4 of 7 questions ask the narrow page, 3 the wide one, which bumps a quarter to a
        // page that is wide too.
        let expected = 4.0 / 7.0 / 8.0 + 3.0 / 7.0 / 16.0;
        let rate = false_positive_rate(fills.iter(), 100, 3);
        assert!((rate - expected).abs() < 1e-7, "{rate} {expected}");
        assert!((mean_reads(fills.iter()) - (1.0 + 3.0 / 7.0 / 4.0)).abs() < 1e-12);
        // The same of what was sent.
        let mut sent = Fill::new(&encoding.layer(3, 0).unwrap());
        sent.add_counts(fills[0].counts()).unwrap();
        assert_eq!(sent.bumped_share(), fills[0].bumped_share());
        assert!(sent.add_counts([(2 * PRIORITIES, 1)]).is_none());
    }
}
