//! Long lists of people who do not exist, to measure with: any number of lines, made
//! at the speed of a disk, without memory.
//!
//! Unlike [`testkit::sample`], whose rows go into the demo and the tests, these lists have
//! room for 10^9 phone numbers. So their numbers are of blocks that operators have, and
//! some belong to somebody; nothing but the digits is in the list.
//!
//! # Invariants
//! Line i of a seed is the same on every machine. No line occurs twice in a list, and no
//! line of the strangers' list is in the members' list of the same seed.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use testkit::sample::mix;

/// What the lines are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Chinese mobile numbers of eleven digits
    Phones,
    /// HASH:COUNT, as lists of leaked passwords are published: 40 hexadecimal digits, a count
    Hashes,
    /// The hashes of `hashes` without their counts
    BareHashes,
}

impl Kind {
    /// Most lines that a list can have.
    pub(crate) const fn max_items(self) -> u64 {
        match self {
            Self::Phones => GRID[0] * GRID[1],
            Self::Hashes | Self::BareHashes => 1 << 48,
        }
    }
}

/// `cargo benchmark generate`
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// What the lines are
    #[arg(value_enum)]
    kind: Kind,
    /// Number of lines
    #[arg(long, value_parser = parse_count)]
    items: u64,
    /// Another number gives another list
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Lines that are in no list of the same seed made without this
    #[arg(long)]
    strangers: bool,
}

impl Options {
    /// Print the list.
    ///
    /// # Errors
    /// When there are not so many lines, or they cannot be written.
    pub(crate) fn run(&self) -> Result<()> {
        let list = List {
            kind: self.kind,
            num_items: self.items,
            seed: self.seed,
            strangers: self.strangers,
        };
        unless_closed(list.write(&mut io::stdout().lock()))
    }
}

/// Whoever read stdout and closed it has enough: that is no error.
pub(crate) fn unless_closed(result: Result<()>) -> Result<()> {
    let is_closed = |error: &anyhow::Error| {
        error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    match result {
        Err(error) if is_closed(&error) => Ok(()),
        result => result,
    }
}

/// A number such as `10_000_000`.
///
/// # Errors
/// When it is none, or 0.
pub(crate) fn parse_count(text: &str) -> Result<u64, String> {
    match text.replace('_', "").parse() {
        Ok(0) => Err("at least 1 is needed".into()),
        Ok(count) => Ok(count),
        Err(_) => Err("not a whole number, such as 10_000_000".into()),
    }
}

/// One list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct List {
    /// What the lines are.
    pub(crate) kind: Kind,
    /// Number of lines.
    pub num_items: u64,
    /// Another number gives another list.
    pub(crate) seed: u64,
    /// The other half of all lines.
    pub(crate) strangers: bool,
}

/// Bytes that are written at a time.
const CHUNK_BYTES: usize = 1 << 18;

impl List {
    /// Write the list to a file, which is replaced.
    ///
    /// # Errors
    /// When there are not so many lines, or it cannot be written.
    pub(crate) fn write_file(&self, path: &Path) -> Result<()> {
        let mut file =
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        self.write(&mut file)
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Write the list.
    ///
    /// # Errors
    /// When there are not so many lines, or they cannot be written.
    pub(crate) fn write(&self, to: &mut impl Write) -> Result<()> {
        ensure!(
            self.num_items <= self.kind.max_items(),
            "there are no more than {} different lines of this kind",
            self.kind.max_items()
        );
        let mut chunk = Vec::with_capacity(CHUNK_BYTES + 64);
        for index in 0..self.num_items {
            match self.kind {
                Kind::Phones => chunk.extend_from_slice(&phone_line(self, index)),
                Kind::Hashes => {
                    chunk.extend_from_slice(&hash_digits(self, index));
                    // Most passwords are rare, a few are not.
                    let count = 1 + (1 << (mix(index) % 64).leading_zeros().saturating_sub(58)) / 2;
                    writeln!(chunk, ":{count}")?;
                }
                Kind::BareHashes => {
                    chunk.extend_from_slice(&hash_digits(self, index));
                    chunk.push(b'\n');
                }
            }
            if chunk.len() >= CHUNK_BYTES {
                to.write_all(&chunk)?;
                chunk.clear();
            }
        }
        to.write_all(&chunk)?;
        Ok(())
    }

    const fn parity(&self) -> u64 {
        self.strangers as u64
    }
}

/// Blocks of 10^8 numbers that begin with 13, 15 and 18.
const BLOCKS: [u64; 3] = [13, 15, 18];
/// The one of these that no operator has, and what is taken in its place.
const NOT_GIVEN: [u64; 2] = [154, 199];

/// The numbers of one parity, 30 blocks of 50 million, as a grid.
const GRID: [u64; 2] = [30_000, 50_000];

/// Eleven digits and the line's end. Members are even, strangers odd.
fn phone_line(list: &List, index: u64) -> [u8; 12] {
    const BLOCK: u64 = 1_000_000_000;
    let place = 2 * scatter(index, list.seed, GRID) + list.parity();
    let mut number = BLOCKS[(place / BLOCK) as usize] * BLOCK + place % BLOCK;
    let [none, other] = NOT_GIVEN;
    if number / (BLOCK / 10) == none {
        number += (other - none) * (BLOCK / 10);
    }
    let mut line = [b'\n'; 12];
    let (high, low) = (number / 1_000_000, number % 1_000_000);
    // Below 10^6 each, and divisions of 32 bits are quicker.
    put_digits(&mut line[..5], high as u32);
    put_digits(&mut line[5..11], low as u32);
    line
}

fn put_digits(to: &mut [u8], mut number: u32) {
    for digit in to.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Another place of the grid for each index below its size, in no order: a Feistel
/// network of four rounds over two halves that are no powers of two (Black, Rogaway,
/// "Ciphers with Arbitrary Finite Domains", CT-RSA 2002, section 5).
fn scatter(index: u64, seed: u64, grid: [u64; 2]) -> u64 {
    let (mut left, mut right) = (index / grid[1], index % grid[1]);
    for round in 0..2 {
        let key = seed.wrapping_add(round << 32);
        left = (left + below(mix(key ^ right), grid[0])) % grid[0];
        right = (right + below(mix(!key ^ left), grid[1])) % grid[1];
    }
    left * grid[1] + right
}

/// A random number below the limit, which has at most 32 bits (Lemire, "Fast Random
/// Integer Generation in an Interval", 2019; the bias does not matter here).
const fn below(random: u64, limit: u64) -> u64 {
    ((random >> 32) * limit) >> 32
}

/// 40 hexadecimal digits. The first 16 are `mix` of a number that only this line has,
/// and `mix` is a bijection.
fn hash_digits(list: &List, index: u64) -> [u8; 40] {
    let first = mix(2 * index + list.parity() + (list.seed << 49));
    let second = mix(first);
    let third = mix(second);
    let mut digits = [0; 40];
    let words = [first, second, third].map(u64::to_be_bytes);
    for (pair, byte) in digits.chunks_exact_mut(2).zip(words.as_flattened()) {
        pair.copy_from_slice(&[hex(byte >> 4), hex(byte & 15)]);
    }
    digits
}

const fn hex(digit: u8) -> u8 {
    b"0123456789ABCDEF"[digit as usize]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn lines(kind: Kind, num_items: u64, seed: u64, strangers: bool) -> Vec<String> {
        let mut bytes = Vec::new();
        let list = List {
            kind,
            num_items,
            seed,
            strangers,
        };
        list.write(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn every_place_once() {
        for grid in [[30, 50], [7, 11], [1, 3]] {
            let places: HashSet<u64> = (0..grid[0] * grid[1])
                .map(|index| scatter(index, 77, grid))
                .collect();
            assert_eq!(places.len() as u64, grid[0] * grid[1]);
            assert!(places.iter().all(|place| *place < grid[0] * grid[1]));
        }
    }

    #[test]
    fn nobody_twice_and_nobody_in_both_lists() {
        for kind in [Kind::Phones, Kind::Hashes, Kind::BareHashes] {
            let members: HashSet<String> = lines(kind, 50_000, 3, false).into_iter().collect();
            let strangers: HashSet<String> = lines(kind, 50_000, 3, true).into_iter().collect();
            assert_eq!(members.len(), 50_000, "{kind:?}");
            assert_eq!(strangers.len(), 50_000, "{kind:?}");
            assert!(members.is_disjoint(&strangers), "{kind:?}");
        }
    }

    #[test]
    fn lines_have_their_shape_and_no_order() {
        let phones = lines(Kind::Phones, 10_000, 0, false);
        let is_mobile = |line: &String| {
            line.len() == 11
                && ["13", "15", "18"].contains(&&line[..2])
                && line.bytes().all(|digit| digit.is_ascii_digit())
        };
        assert!(phones.iter().all(is_mobile));
        assert!(!phones.is_sorted());
        let hashes = lines(Kind::Hashes, 10_000, 0, false);
        let bare = lines(Kind::BareHashes, 10_000, 0, false);
        for (line, bare) in hashes.iter().zip(&bare) {
            let (hash, count) = line.split_once(':').unwrap();
            assert_eq!(hash, bare);
            assert_eq!(hash.len(), 40);
            assert!(count.parse::<u64>().unwrap() > 0);
        }
        assert_ne!(
            lines(Kind::Phones, 9, 0, false),
            lines(Kind::Phones, 9, 1, false)
        );
    }

    #[test]
    fn always_the_same() {
        assert_eq!(
            lines(Kind::Phones, 2, 0, false),
            ["18176047632", "18145270962"]
        );
        assert_eq!(
            lines(Kind::BareHashes, 1, 0, true),
            ["910A2DEC89025CC15E41AB087439611EB18A02F4"]
        );
    }
}
