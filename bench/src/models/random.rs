//! Numbers that look random and are the same each time, of some distributions.

use testkit::sample::mix;

/// A generator.
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    /// Above 0, and below 1.
    pub(super) fn unit(&mut self) -> f64 {
        self.0 = mix(self.0);
        ((self.0 >> 12) as f64 + 0.5) / 2_f64.powi(52)
    }

    /// From this number on, and below that.
    pub(super) fn between(&mut self, from: u64, to: u64) -> u64 {
        from + (self.unit() * (to - from) as f64) as u64
    }

    /// Numbers that are left out before the next, if each is taken with this chance.
    pub(super) fn gap(&mut self, share: f64) -> u64 {
        // More than any list has, so that sums do not overflow.
        (self.unit().ln() / (-share).ln_1p()).min(1e15) as u64
    }

    /// Beta(a, b): the share of one gamma variate of two.
    pub(super) fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (first, second) = (self.gamma(a), self.gamma(b));
        first / (first + second)
    }

    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Marsaglia and Tsang, "A Simple Method for Generating Gamma Variables", 2000.
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.gamma(shape + 1.0) * self.unit().powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let normal = self.normal();
            let v = (1.0 + c * normal).powi(3);
            if v > 0.0 && self.unit().ln() < normal * normal / 2.0 + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_their_mean_and_spread() {
        let mut random = Random::new(1);
        for (a, b) in [(2.0, 7.0), (0.5, 1.5), (14.0, 26.0)] {
            let shares: Vec<f64> = (0..100_000).map(|_| random.beta(a, b)).collect();
            let mean = shares.iter().sum::<f64>() / 1e5;
            let variance = shares
                .iter()
                .map(|share| (share - mean).powi(2))
                .sum::<f64>()
                / 1e5;
            let sum: f64 = a + b;
            assert!((mean - a / sum).abs() < 0.005);
            assert!((variance / (a * b / (sum * sum * (sum + 1.0))) - 1.0).abs() < 0.03);
        }
    }
}
