//! Items of a ribbon's page -> its bits.
//!
//! Gaussian elimination on the fly (Dillinger, Walzer, arXiv 2103.02515, section 2), from the
//! highest priority down: a page is empty while most of its items come, so most find their
//! row at once. What is solved is found bottom up, with a table for each four slots of what
//! any of them add up to (the Method of Four Russians), all columns of a slot at once.

use std::slice;

use leaksieve_core::encoding::ribbon::{
    COLUMN_BITS, Equation, PRIORITIES, Page, WIDTH, rehash, set_threshold,
};
use leaksieve_core::sector::{PAYLOAD_BYTES, Payload};

/// Slots whose sums stand in one table.
const GROUP: usize = 4;
const SUMS: usize = 1 << GROUP;
/// Tables that an equation needs behind the group of its own first slot.
const GROUPS_BEHIND: usize = WIDTH as usize / GROUP;
/// Slots that are left when equations are eliminated one after the other.
const TIGHT_SLOTS: usize = 8;
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
    /// The same in the order of the hashes.
    unsorted: Vec<Equation>,
    /// By group, and which of its slots are added.
    sums: Vec<[u32; SUMS]>,
    solution: Vec<u32>,
}

impl Solver {
    pub(crate) fn new() -> Self {
        let slots = COLUMN_BITS as usize;
        Self {
            rows: Vec::with_capacity(slots),
            equations: Vec::new(),
            unsorted: Vec::new(),
            sums: vec![[0; SUMS]; slots.div_ceil(GROUP) + 1 + GROUPS_BEHIND],
            solution: Vec::with_capacity(slots),
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
            for (hash, equation) in hashes.iter().zip(&self.unsorted) {
                if equation.priority < threshold {
                    bump(rehash(*hash));
                }
            }
        }
        self.substitute();
        Ok(self.content(page, threshold))
    }

    /// By priority, from the highest down.
    fn sort(&mut self, page: &Page, hashes: &[u64]) {
        self.unsorted.clear();
        let equations = hashes.iter().map(|hash| page.equation(*hash));
        self.unsorted.extend(equations);
        let mut places = [0_u32; PRIORITIES as usize];
        for equation in &self.unsorted {
            places[usize::from(equation.priority)] += 1;
        }
        let mut begin = 0;
        for place in places.iter_mut().rev() {
            let count = *place;
            *place = begin;
            begin += count;
        }
        self.equations
            .resize(self.unsorted.len(), Equation::default());
        for equation in &self.unsorted {
            let place = &mut places[usize::from(equation.priority)];
            self.equations[*place as usize] = *equation;
            *place += 1;
        }
    }

    /// Make rows of the equations, as many as go; gives the threshold.
    fn eliminate(&mut self, page: &Page) -> Result<u8, Unsolvable> {
        let slots = page.slots as usize;
        self.rows.clear();
        self.rows.resize(slots, Row::default());
        // While there is room, some are on their way at once, because each waits for memory
        // at every step. Later an item could take the room of one of a higher priority.
        let roomy = self.equations.len().min(slots.saturating_sub(TIGHT_SLOTS));
        let mut elimination = Elimination {
            rows: &mut self.rows,
            waiting: self.equations[..roomy].iter(),
            threshold: 0,
        };
        let (mut a, mut b, mut c) = Default::default();
        while elimination.advance(&mut a)?
            && elimination.advance(&mut b)?
            && elimination.advance(&mut c)?
        {}
        for mut lane in [a, b, c] {
            elimination.finish(&mut lane)?;
        }
        for equation in &self.equations[roomy..] {
            if elimination.threshold > 0 {
                break;
            }
            elimination.finish(&mut { *equation })?;
        }
        Ok(elimination.threshold)
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

/// Equations on their way into rows.
struct Elimination<'a> {
    rows: &'a mut [Row],
    waiting: slice::Iter<'a, Equation>,
    /// Above all priorities of equations that contradicted the rows.
    threshold: u8,
}

impl Elimination<'_> {
    /// Put an equation into the row of its first slot, or, if that has one, subtract that;
    /// one that is done makes room for the next. Tells whether there was one.
    #[inline(always)]
    fn advance(&mut self, equation: &mut Equation) -> Result<bool, Unsolvable> {
        if self.step(equation)? {
            return Ok(true);
        }
        match self.waiting.next() {
            Some(next) => *equation = *next,
            None => return Ok(false),
        }
        Ok(true)
    }

    /// All steps of an equation.
    fn finish(&mut self, equation: &mut Equation) -> Result<(), Unsolvable> {
        while self.step(equation)? {}
        Ok(())
    }

    /// Tells whether there are further steps. An equation without coefficients is done.
    #[inline(always)]
    fn step(&mut self, equation: &mut Equation) -> Result<bool, Unsolvable> {
        if equation.coefficients == 0 {
            return Ok(false);
        }
        let row = &mut self.rows[equation.start as usize];
        if row.coefficients == 0 {
            *row = Row {
                coefficients: equation.coefficients,
                fingerprint: equation.fingerprint,
            };
            equation.coefficients = 0;
            return Ok(false);
        }
        equation.coefficients ^= row.coefficients;
        equation.fingerprint ^= row.fingerprint;
        if equation.coefficients == 0 {
            if equation.fingerprint != 0 {
                let above = equation.priority.checked_add(1).ok_or(Unsolvable)?;
                self.threshold = self.threshold.max(above);
            }
            return Ok(false);
        }
        let skipped = equation.coefficients.trailing_zeros();
        equation.coefficients >>= skipped;
        equation.start += skipped as u16;
        Ok(true)
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
        salted(columns, 0)
    }

    fn salted(columns: u8, salt: u8) -> Page {
        let encoding = Encoding::Ribbon(Ribbon {
            columns,
            salt,
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

    /// So many items that some of them are bumped with most salts, and none with others.
    #[test]
    fn another_salt_may_have_a_solution() {
        let mut solver = Solver::new();
        let hashes = hashes(401, 5);
        let num_bumped: Vec<usize> = (0..40)
            .map(|salt| {
                let mut num_bumped = 0;
                let page = salted(10, salt);
                solver.solve(&page, &hashes, |_| num_bumped += 1).unwrap();
                num_bumped
            })
            .collect();
        assert!(num_bumped.contains(&0), "{num_bumped:?}");
        assert!(
            num_bumped.iter().any(|bumped| *bumped > 0),
            "{num_bumped:?}"
        );
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
