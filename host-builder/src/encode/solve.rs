//! Items of a ribbon's page -> its bits.
//!
//! Gaussian elimination on the fly (Dillinger, Walzer, arXiv 2103.02515, section 2), from the
//! highest priority down: a page is empty while most of its items come, so most find their
//! row at once. What is solved is found bottom up, with a table for each four slots of what
//! any of them add up to (the Method of Four Russians), all columns of a slot at once.

use leaksieve_core::encoding::ribbon::{
    COLUMN_BITS, Equation, PRIORITIES, Page, WIDTH, rehash, set_threshold,
};
use leaksieve_core::sector::{PAYLOAD_BYTES, Payload};

/// Slots whose sums stand in one table.
const GROUP: usize = 4;
const SUMS: usize = 1 << GROUP;
/// Tables that an equation needs behind the group of its own first slot.
const GROUPS_BEHIND: usize = WIDTH as usize / GROUP;
/// Slots whose bits are sorted into columns at once.
const BLOCK: usize = u32::BITS as usize;

/// A page that has no solution, whatever it bumps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unsolvable;

/// An equation whose first slot is that of its row; without coefficients, none.
#[derive(Clone, Copy, Default)]
struct Row {
    coefficients: u64,
    fingerprint: u32,
}

/// What solving needs beside a page's items; of no use before or after.
pub(crate) struct Solver {
    rows: Vec<Row>,
    /// The items' equations, from the highest priority down.
    equations: Vec<Equation>,
    /// Where each priority ends among them.
    ends: [u32; PRIORITIES as usize],
    /// By group, and which of its slots are added.
    sums: Vec<[u32; SUMS]>,
    solution: Vec<u32>,
    items: Vec<(u8, Equation)>,
}

impl Solver {
    pub(crate) fn new() -> Self {
        let slots = COLUMN_BITS as usize;
        Self {
            rows: Vec::with_capacity(slots),
            equations: Vec::new(),
            ends: [0; PRIORITIES as usize],
            sums: vec![[0; SUMS]; slots.div_ceil(GROUP) + 1 + GROUPS_BEHIND],
            solution: Vec::with_capacity(slots),
            items: Vec::new(),
        }
    }

    /// The content of a page, of all of its hashes; `bump` is given those that did not fit,
    /// as the next layer hashes them.
    pub(crate) fn solve(
        &mut self,
        page: &Page,
        hashes: &[u64],
        mut bump: impl FnMut(u64),
    ) -> Result<Payload, Unsolvable> {
        self.sort(page, hashes);
        let threshold = self.eliminate(page)?;
        if threshold > 0 {
            for (hash, (priority, _)) in hashes.iter().zip(&self.items) {
                if *priority < threshold {
                    bump(rehash(*hash));
                }
            }
        }
        self.substitute();
        Ok(self.content(page, threshold))
    }

    /// By priority, from the highest down.
    fn sort(&mut self, page: &Page, hashes: &[u64]) {
        self.items.clear();
        self.items
            .extend(hashes.iter().map(|hash| page.equation(*hash)));
        self.ends.fill(0);
        for (priority, _) in &self.items {
            self.ends[usize::from(*priority)] += 1;
        }
        let mut begin = 0;
        for end in self.ends.iter_mut().rev() {
            let count = *end;
            *end = begin;
            begin += count;
        }
        self.equations.resize(self.items.len(), Equation::default());
        for (priority, equation) in &self.items {
            let place = &mut self.ends[usize::from(*priority)];
            self.equations[*place as usize] = *equation;
            *place += 1;
        }
    }

    /// Make rows of the equations, as many as go; gives the threshold.
    fn eliminate(&mut self, page: &Page) -> Result<u8, Unsolvable> {
        self.rows.clear();
        self.rows.resize(page.slots as usize, Row::default());
        for (index, equation) in (0..).zip(&self.equations) {
            if !add(&mut self.rows, equation) {
                // The first that ends behind it is its own.
                let priority = (0..=u8::MAX)
                    .rev()
                    .zip(self.ends.iter().rev())
                    .find(|(_, end)| index < **end)
                    .map_or(0, |(priority, _)| priority);
                return priority.checked_add(1).ok_or(Unsolvable);
            }
        }
        Ok(0)
    }

    /// The bits of each slot, from the last to the first.
    fn substitute(&mut self) {
        self.solution.clear();
        self.solution
            .resize(self.rows.len().next_multiple_of(BLOCK), 0);
        for group in (0..self.rows.len().div_ceil(GROUP)).rev() {
            let first = group * GROUP;
            for place in (0..GROUP).rev() {
                let Some(row) = self.rows.get(first + place) else {
                    continue;
                };
                if row.coefficients == 0 {
                    continue;
                }
                let mut sum = row.fingerprint;
                // Those of its own group one by one, all behind it by tables.
                for behind in 1..GROUP - place {
                    let is_named = (row.coefficients >> behind & 1) as u32;
                    sum ^= self.solution[first + place + behind] & is_named.wrapping_neg();
                }
                let mut named = row.coefficients >> (GROUP - place);
                let tables: &[[u32; SUMS]; GROUPS_BEHIND] = self.sums[group + 1..]
                    .first_chunk()
                    .expect("so many are kept behind the last group");
                for table in tables {
                    sum ^= table[named as usize % SUMS];
                    named >>= GROUP;
                }
                self.solution[first + place] = sum;
            }
            let sums = &mut self.sums[group];
            for place in 0..GROUP {
                let slot = self.solution[first + place];
                for others in 0..1 << place {
                    sums[1 << place | others] = sums[others] ^ slot;
                }
            }
        }
    }

    /// The solution, column by column.
    fn content(&self, page: &Page, threshold: u8) -> Payload {
        // Longer than a payload, so that eight bytes can be taken anywhere.
        let mut bytes = [0; PAYLOAD_BYTES + 8];
        let (blocks, _) = self.solution.as_chunks::<BLOCK>();
        for (block, slots) in blocks.iter().enumerate() {
            let columns = transpose(*slots);
            for (column, bits) in (0..page.columns).zip(columns) {
                let bit = page.column(column) as usize + block * BLOCK;
                let place = bytes[bit / 8..].first_chunk_mut::<8>();
                let place = place.expect("a column lies within the payload");
                let sum = u64::from_le_bytes(*place) | u64::from(bits) << (bit % 8);
                *place = sum.to_le_bytes();
            }
        }
        let mut content = [0; PAYLOAD_BYTES];
        content.copy_from_slice(&bytes[..PAYLOAD_BYTES]);
        set_threshold(&mut content, threshold);
        content
    }
}

/// Add an equation; `false` if it contradicts those that are there.
fn add(rows: &mut [Row], equation: &Equation) -> bool {
    let mut slot = equation.start as usize;
    let mut coefficients = equation.coefficients;
    let mut fingerprint = equation.fingerprint;
    loop {
        let row = &mut rows[slot];
        if row.coefficients == 0 {
            *row = Row {
                coefficients,
                fingerprint,
            };
            return true;
        }
        coefficients ^= row.coefficients;
        fingerprint ^= row.fingerprint;
        if coefficients == 0 {
            return fingerprint == 0;
        }
        let skipped = coefficients.trailing_zeros();
        coefficients >>= skipped;
        slot += skipped as usize;
    }
}

/// Bit j of word i to bit i of word j (Warren, "Hacker's Delight", section 7-3).
fn transpose(mut words: [u32; BLOCK]) -> [u32; BLOCK] {
    let mut distance = BLOCK / 2;
    let mut mask = u32::MAX >> distance;
    while distance > 0 {
        for pair in (0..BLOCK).filter(|index| index & distance == 0) {
            let moved = (words[pair] >> distance ^ words[pair + distance]) & mask;
            words[pair + distance] ^= moved;
            words[pair] ^= moved << distance;
        }
        distance /= 2;
        mask ^= mask << distance;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use leaksieve_core::encoding::ribbon::{MAX_COLUMNS, NumPages, Ribbon};
    use leaksieve_core::encoding::{Encoding, Match, Rules};

    fn page(columns: u8) -> Page {
        let encoding = Encoding::Ribbon(Ribbon {
            columns,
            salt: 0,
            wide_share: 0,
            overflow: [NumPages(0); 3],
        });
        match encoding.layer(1, 0).unwrap().rules {
            Rules::Ribbon(columns) => columns.page(0),
            Rules::Bloom { .. } => unreachable!(),
        }
    }

    fn hashes(count: u64, seed: u64) -> Vec<u64> {
        (0..count)
            .map(|i| {
                let mixed = (i + seed * 1_000_003).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                (mixed ^ mixed >> 29)
                    .wrapping_mul(0xBF58_476D_1CE4_E5B9)
                    .rotate_left(31)
            })
            .collect()
    }

    /// Whatever is put in is hit or bumped, at every number of columns and every load; the
    /// same solver serves all pages.
    #[test]
    fn every_item_is_hit_or_bumped() {
        let mut solver = Solver::new();
        for columns in 1..=MAX_COLUMNS {
            let page = page(columns);
            for load in [0, 1, 50, 90, 98, 105, 130] {
                let hashes = hashes(u64::from(page.slots) * load / 100, u64::from(columns));
                let mut bumped = Vec::new();
                let content = solver
                    .solve(&page, &hashes, |hash| bumped.push(hash))
                    .unwrap();
                let mut expected = Vec::new();
                for hash in &hashes {
                    match page.query(&content, *hash) {
                        Match::Hit => {}
                        Match::Miss => panic!("{columns} columns, load {load}: lost"),
                        Match::Bumped => expected.push(rehash(*hash)),
                    }
                }
                assert_eq!(bumped, expected);
                if load <= 90 {
                    assert!(bumped.is_empty(), "{columns} columns, load {load}");
                }
                if load == 130 && columns > 4 {
                    // What is bumped is what does not fit, and little more.
                    let kept = (hashes.len() - bumped.len()) as f64 / f64::from(page.slots);
                    assert!((0.95..=1.0).contains(&kept), "{columns}: {kept}");
                }
            }
        }
    }

    #[test]
    fn duplicates_are_one_item() {
        let page = page(10);
        let once = hashes(300, 7);
        let twice: Vec<u64> = once.iter().chain(&once).copied().collect();
        let mut solver = Solver::new();
        let content = solver.solve(&page, &twice, |_| panic!("bumped"));
        assert_eq!(content, solver.solve(&page, &once, |_| panic!("bumped")));
    }

    #[test]
    fn too_many_that_may_not_be_bumped() {
        let page = page(10);
        let mut solver = Solver::new();
        let solved = solver.solve(&page, &hashes(2_000, 3), |_| {});
        assert_eq!(solved, Err(Unsolvable));
    }

    #[test]
    fn a_transposed_matrix_bit_by_bit() {
        let mut words = [0_u32; BLOCK];
        for (index, word) in (1..).zip(&mut words) {
            *word = 0x9E37_79B1_u32.wrapping_mul(index).rotate_left(index);
        }
        let transposed = transpose(words);
        for (i, word) in words.iter().enumerate() {
            for (j, transposed) in transposed.iter().enumerate() {
                assert_eq!(transposed >> i & 1, word >> j & 1);
            }
        }
    }
}
