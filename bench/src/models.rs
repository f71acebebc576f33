//! Generated lists of numbers in the shapes that leaks have: blocks that operators give out, with
//! more members or fewer. No real leak was looked at; each model says what it assumes.
//!
//! # Invariants
//! A model of so many items is the same list each time. Numbers are in order, each once.

use std::io::Write;

use anyhow::Result;
use clap::{Args, ValueEnum};

use crate::generate::parse_count;

mod random;
mod shapes;

use random::Random;

/// What the numbers are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Model {
    /// Any of the 5.2 * 10^9 valid Chinese mobile numbers
    Uniform,
    /// As a billion of these, 1 of 5.2: the first numbers of each network
    Dense,
    /// Chinese networks, some fuller than others; regions of 10 to 60 blocks, some empty
    Clustered,
    /// Shares of the blocks by Beta(2, 7)
    Beta,
    /// 30 % of the blocks empty, the others by Beta(0.5, 1.5)
    Heavy,
    /// 16 countries, of sizes as in the list of Facebook's users of 2019: a quarter of the blocks empty, the others by Beta
    Countries,
    /// As uniform, a fiftieth of the items: a small leak
    Sparse,
    /// Ids that were given one after the other: most stretches nearly full, some empty
    Sequential,
    /// 60 % of the blocks given out, of each the first 1 to 9 tenths; of these by Beta(6, 6)
    HalfUsed,
}

/// `cargo benchmark model`
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// What the numbers are like
    #[arg(value_enum)]
    model: Model,
    /// Number of lines, about
    #[arg(long, value_parser = parse_count)]
    items: u64,
}

impl Options {
    /// Print the list.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn run(&self) -> Result<()> {
        crate::generate::unless_closed(
            self.model
                .stretches(self.items)
                .write(&mut std::io::stdout().lock())
                .map(|_| ()),
        )
    }
}

/// Numbers that follow each other, and the share of them that is in the list.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    first: u64,
    num_values: u64,
    share: f64,
}

/// All numbers of a model that could be in the list.
#[derive(Debug)]
pub(crate) struct Stretches {
    /// What stands before each number.
    sign: &'static str,
    stretches: Vec<Stretch>,
}

impl Model {
    /// The numbers of so many members, about.
    pub(crate) fn stretches(self, num_items: u64) -> Stretches {
        let mut random = Random::new(self as u64);
        let mut stretches = shapes::of(self, num_items as f64, &mut random);
        stretches.sort_by_key(|stretch| stretch.first);
        Stretches {
            sign: if self == Self::Countries { "+" } else { "" },
            stretches,
        }
    }

    /// What `leaksieve build` is told of the list.
    pub(crate) const fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Sequential => &["--kind", "id"],
            Self::Countries => &["--kind", "phone", "--region", "world"],
            _ => &["--kind", "phone", "--region", "CN"],
        }
    }
}

impl Stretches {
    /// u: how many could be in the list.
    pub(crate) fn num_values(&self) -> u64 {
        self.stretches
            .iter()
            .map(|stretch| stretch.num_values)
            .sum()
    }

    /// Bits that say which of them are, to somebody who knows the shares.
    pub(crate) fn entropy_bits(&self) -> f64 {
        let bits = |share: f64| match share {
            share if share <= 0.0 || share >= 1.0 => 0.0,
            share => -share * share.log2() - (1.0 - share) * (-share).ln_1p() / 2_f64.ln(),
        };
        let all = self.stretches.iter();
        all.map(|stretch| stretch.num_values as f64 * bits(stretch.share))
            .sum()
    }

    /// Write the list, and give the number of its lines.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write(&self, to: &mut impl Write) -> Result<u64> {
        const CHUNK_BYTES: usize = 1 << 18;
        let mut chunk = Vec::with_capacity(CHUNK_BYTES + 64);
        let mut num_lines = 0;
        let mut random = Random::new(self.num_values());
        for stretch in self.stretches.iter().filter(|stretch| stretch.share > 0.0) {
            let end = stretch.first + stretch.num_values;
            let mut value = stretch.first + random.gap(stretch.share);
            while value < end {
                num_lines += 1;
                chunk.extend_from_slice(self.sign.as_bytes());
                push_digits(&mut chunk, value);
                if chunk.len() >= CHUNK_BYTES {
                    to.write_all(&chunk)?;
                    chunk.clear();
                }
                value += 1 + random.gap(stretch.share);
            }
        }
        to.write_all(&chunk)?;
        Ok(num_lines)
    }
}

fn push_digits(to: &mut Vec<u8>, mut number: u64) {
    let mut line = [b'\n'; 21];
    let mut start = line.len() - 1;
    loop {
        start -= 1;
        line[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    to.extend_from_slice(&line[start..]);
}

/// log2 of the number of sets of so many among so many (Stirling's series).
pub(crate) fn log2_of_sets(num_values: f64, num_items: f64) -> f64 {
    let log_factorial = |n: f64| {
        if n < 1.0 {
            0.0
        } else {
            n * n.ln() - n + 0.5 * (std::f64::consts::TAU * n).ln() + 1.0 / (12.0 * n)
        }
    };
    let rest = num_values - num_items;
    (log_factorial(num_values) - log_factorial(num_items) - log_factorial(rest)) / 2_f64.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_as_long_as_asked_in_order_and_always_the_same() -> Result<()> {
        for model in Model::value_variants() {
            let list = || -> Result<Vec<u8>> {
                let mut bytes = Vec::new();
                model.stretches(1_000_000).write(&mut bytes)?;
                Ok(bytes)
            };
            let bytes = list()?;
            assert_eq!(bytes, list()?, "{model:?}");
            let text = String::from_utf8(bytes)?;
            let numbers: Vec<u64> = text
                .lines()
                .map(|line| line.parse())
                .collect::<Result<_, _>>()?;
            assert!(numbers.is_sorted_by(|a, b| a < b), "{model:?}");
            let num_items = numbers.len() as f64;
            let asked = if *model == Model::Sparse {
                20_000.0
            } else {
                1e6
            };
            assert!(
                (0.75..1.25).contains(&(num_items / asked)),
                "{model:?}: {num_items}"
            );
            // Nobody can say more about a list than which of all sets it is.
            let stretches = model.stretches(1_000_000);
            let bits = log2_of_sets(stretches.num_values() as f64, num_items);
            assert!(stretches.entropy_bits() < 1.03 * bits, "{model:?}");
        }
        Ok(())
    }

    #[test]
    fn sets_are_counted() {
        assert!((log2_of_sets(10.0, 3.0) - 120_f64.log2()).abs() < 0.01);
        assert!((log2_of_sets(1000.0, 1.0) - 1000_f64.log2()).abs() < 0.15);
    }
}
