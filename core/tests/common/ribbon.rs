//! Ribbon pages read and solved plainly, from FORMAT.md's words alone: no function of the
//! crate's is used.

/// Bytes of a page.
pub type Payload = [u8; 508];

const TWO_32: u64 = 1 << 32;
const GOLDEN: u64 = 0x9E37_79B9;

/// The fields of a header's Ribbon.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainRibbon {
    pub columns: u64,
    pub salt: u64,
    pub wide_share: u64,
    pub overflow: [u64; 3],
}

/// What an item says of its page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlainEquation {
    pub priority: u64,
    pub start: u64,
    pub coefficients: u64,
    pub fingerprint: u64,
}

/// What a dataset says of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainAnswer {
    Member,
    NoMember,
    /// Its last layer sends on to another.
    NoSuchLayer,
}

fn mix(mut x: u64) -> u64 {
    x ^= x / (1 << 16);
    x = x * 0x85EB_CA6B % TWO_32;
    x ^= x / (1 << 13);
    x = x * 0xC2B2_AE35 % TWO_32;
    x ^ (x / (1 << 16))
}

/// The hash that the next layer is asked for.
pub fn next_hash(hash: u64) -> u64 {
    let (high, low) = (hash / TWO_32, hash % TWO_32);
    let rotated = low * (1 << 13) % TWO_32 + low / (1 << 19);
    mix(((high + GOLDEN) % TWO_32) ^ rotated) * TWO_32 + low
}

/// Slots of a page of so many columns.
pub fn num_slots(num_columns: u64) -> u64 {
    4056 / num_columns
}

/// The equation of a hash in a page of so many columns.
pub fn equation(hash: u64, num_columns: u64, salt: u64) -> PlainEquation {
    let (high, low) = (hash / TWO_32, hash % TWO_32);
    let seed = low ^ ((high + salt) % TWO_32 * GOLDEN % TWO_32);
    let place = mix((seed + 0xA54F_F53A) % TWO_32);
    let slots = num_slots(num_columns);
    let start = (place / (1 << 16) * slots / (1 << 16)).max(32) - 32;
    let upper = mix(seed ^ 0x1B87_3593);
    let lower = mix((seed + 0x3C6E_F372) % TWO_32);
    PlainEquation {
        priority: (place % 512).min(255),
        start: start.min(slots - 64),
        coefficients: (upper * TWO_32 + lower) | 1,
        fingerprint: mix(seed ^ 0x510E_527F) % (1 << num_columns),
    }
}

impl PlainEquation {
    /// The slots that add up.
    pub fn slots(&self) -> impl Iterator<Item = u64> {
        let (start, coefficients) = (self.start, self.coefficients);
        (0..64)
            .filter(move |place| coefficients / (1 << place) % 2 == 1)
            .map(move |place| start + place)
    }

    /// Does it hold in all columns of a page?
    fn holds(&self, page: &Payload, num_columns: u64) -> bool {
        (0..num_columns).all(|column| {
            let sum: u64 = self
                .slots()
                .map(|slot| {
                    let bit = bit_of(column, slot, num_columns);
                    u64::from(page[(bit / 8) as usize]) / (1 << (bit % 8)) % 2
                })
                .sum();
            sum % 2 == self.fingerprint / (1 << column) % 2
        })
    }
}

/// The bit of a page where a slot is.
pub fn bit_of(column: u64, slot: u64, num_columns: u64) -> u64 {
    8 + column * num_slots(num_columns) + slot
}

impl PlainRibbon {
    /// The layers of a dataset of so many pages: the first page of each, and how many.
    pub fn layers(&self, num_pages: u64) -> Vec<(u64, u64)> {
        let mut layers = vec![(0, num_pages - self.overflow.iter().sum::<u64>())];
        for pages in self.overflow.into_iter().take_while(|pages| *pages > 0) {
            let (first, before) = layers[layers.len() - 1];
            layers.push((first + before, pages));
        }
        layers
    }

    /// The wide pages of a layer, which are its last.
    fn num_wide(&self, num_pages: u64) -> u64 {
        (num_pages * self.wide_share).div_ceil(TWO_32)
    }

    /// The columns of a page of a layer of so many.
    pub fn columns_of(&self, page: u64, num_pages: u64) -> u64 {
        self.columns + u64::from(page >= num_pages - self.num_wide(num_pages))
    }

    /// The page of a hash in a layer of so many.
    pub fn page_of(&self, hash: u64, num_pages: u64) -> u64 {
        let wide = self.num_wide(num_pages);
        let narrow_shares = (num_pages - wide) * (self.columns + 1);
        let shares = narrow_shares + wide * self.columns;
        let place = hash / TWO_32 * shares / TWO_32;
        if place < narrow_shares {
            place / (self.columns + 1)
        } else {
            num_pages - wide + (place - narrow_shares) / self.columns
        }
    }

    /// What a dataset of so many pages says of a hash, and the pages that are read for it.
    pub fn ask(
        &self,
        mut hash: u64,
        num_pages: u64,
        payload: impl Fn(u64) -> Payload,
    ) -> (PlainAnswer, Vec<u64>) {
        let mut read = Vec::new();
        for (first, layer_pages) in self.layers(num_pages) {
            let page = self.page_of(hash, layer_pages);
            let num_columns = self.columns_of(page, layer_pages);
            read.push(first + page);
            let content = payload(first + page);
            let equation = equation(hash, num_columns, self.salt);
            if equation.priority >= u64::from(content[0]) {
                return match equation.holds(&content, num_columns) {
                    true => (PlainAnswer::Member, read),
                    false => (PlainAnswer::NoMember, read),
                };
            }
            hash = next_hash(hash);
        }
        (PlainAnswer::NoSuchLayer, read)
    }

    /// Pages that hold these hashes.
    pub fn solve(&self, hashes: &[u64], num_pages: u64) -> Vec<Payload> {
        let mut pages = Vec::new();
        let mut of_layer = hashes.to_vec();
        for (_, layer_pages) in self.layers(num_pages) {
            let mut bumped = Vec::new();
            for page in 0..layer_pages {
                let its: Vec<u64> = of_layer
                    .iter()
                    .copied()
                    .filter(|hash| self.page_of(*hash, layer_pages) == page)
                    .collect();
                let num_columns = self.columns_of(page, layer_pages);
                let content = self.solve_page(&its, num_columns);
                bumped.extend(its.into_iter().filter(|hash| {
                    equation(*hash, num_columns, self.salt).priority < u64::from(content[0])
                }));
                pages.push(content);
            }
            of_layer = bumped.into_iter().map(next_hash).collect();
        }
        assert!(of_layer.is_empty(), "more than the layers hold");
        pages
    }

    /// A page by Gaussian elimination; the items of one priority are all in it, or none is.
    fn solve_page(&self, hashes: &[u64], num_columns: u64) -> Payload {
        let mut rows = Rows(vec![None; num_slots(num_columns) as usize]);
        let mut threshold = 0;
        for priority in (0..256).rev() {
            let mut its = hashes
                .iter()
                .map(|hash| equation(*hash, num_columns, self.salt))
                .filter(|equation| equation.priority == priority)
                .peekable();
            if its.peek().is_none() {
                continue;
            }
            let mut with = rows.clone();
            if !its.all(|equation| with.add(&equation)) {
                threshold = priority + 1;
                break;
            }
            rows = with;
        }
        let mut page = [0; 508];
        page[0] = u8::try_from(threshold).expect("more than may not be bumped");
        for (slot, bits) in (0..).zip(rows.solution()) {
            for column in (0..num_columns).filter(|column| bits / (1 << column) % 2 == 1) {
                let bit = bit_of(column, slot, num_columns);
                page[(bit / 8) as usize] |= 1 << (bit % 8);
            }
        }
        page
    }
}

/// For each slot an equation that has it as its first: all of its slots, and their sum.
#[derive(Clone)]
struct Rows(Vec<Option<(Vec<bool>, u64)>>);

impl Rows {
    /// Add an equation; `false` if it contradicts those that are there.
    fn add(&mut self, equation: &PlainEquation) -> bool {
        let mut slots = vec![false; self.0.len()];
        for slot in equation.slots() {
            slots[slot as usize] = true;
        }
        let mut sum = equation.fingerprint;
        for slot in 0..slots.len() {
            if !slots[slot] {
                continue;
            }
            let Some((other, other_sum)) = &self.0[slot] else {
                self.0[slot] = Some((slots, sum));
                return true;
            };
            for (own, other) in slots.iter_mut().zip(other) {
                *own ^= other;
            }
            sum ^= other_sum;
        }
        sum == 0
    }

    /// The bits of each slot, from the last one back. What no equation is about is anything.
    fn solution(&self) -> Vec<u64> {
        let mut solution = vec![0; self.0.len()];
        for (slot, row) in self.0.iter().enumerate().rev() {
            solution[slot] = match row {
                None => mix(slot as u64),
                Some((slots, sum)) => (slot + 1..slots.len())
                    .filter(|other| slots[*other])
                    .fold(*sum, |sum, other| sum ^ solution[other]),
            };
        }
        solution
    }
}
