//! Pages made by hand: of few items, in files that no build makes, and asked by a walk of
//! their own.

use std::collections::BTreeMap;

use leaksieve_core::encoding::ribbon::{self, NumPages, Ribbon};
use leaksieve_core::encoding::{Encoding, Layer, Match, Rules, bloom};
use leaksieve_core::sector::{PAYLOAD_BYTES, Payload};

/// A Bloom filter.
pub const BLOOM: Encoding = Encoding::Bloom { num_hashes: 10 };
/// Columns of [`ribbon()`]: one false alarm in 65,536.
pub const COLUMNS: u8 = 16;

/// A ribbon of three layers, the second and third a third of `num_pages` each.
pub fn ribbon(num_pages: u32, salt: u8) -> Encoding {
    let layer = num_pages / 3;
    Encoding::Ribbon(Ribbon {
        columns: COLUMNS,
        salt,
        wide_share: 0,
        overflow: [layer, layer, 0].map(NumPages),
    })
}

/// What a dataset's pages say of a hash, and which were asked.
pub fn ask<'a>(
    encoding: &Encoding,
    num_pages: u32,
    mut hash: u64,
    page: impl Fn(u32) -> &'a Payload,
) -> (Match, Vec<u32>) {
    let mut asked = Vec::new();
    for layer in encoding.layers(num_pages) {
        let of_layer = layer.page_of(hash);
        let of_dataset = layer.first_page + of_layer;
        asked.push(of_dataset);
        match layer.query(of_layer, page(of_dataset), hash) {
            Match::Bumped => hash = ribbon::rehash(hash),
            said => return (said, asked),
        }
    }
    (Match::Bumped, asked)
}

/// A dataset's pages, as far as they are there. Those of a ribbon bump all that can be, but
/// those of its last layer: half of all questions go on from each.
#[derive(Clone, Debug)]
pub struct Pages {
    encoding: Encoding,
    num_pages: u32,
    /// By page, counted from the dataset's first.
    pub there: BTreeMap<u32, Payload>,
}

impl Pages {
    /// None is there.
    pub fn new(encoding: Encoding, num_pages: u32) -> Self {
        Self {
            encoding,
            num_pages,
            there: BTreeMap::new(),
        }
    }

    /// Let a page be there, empty if nothing is in it.
    pub fn touch(&mut self, page: u32) {
        let empty = self.empty(page);
        self.there.entry(page).or_insert(empty);
    }

    fn empty(&self, page: u32) -> Payload {
        let mut empty = [0; PAYLOAD_BYTES];
        let is_bumping = self
            .encoding
            .layers(self.num_pages)
            .skip(1)
            .any(|layer| page < layer.first_page);
        if is_bumping {
            ribbon::set_threshold(&mut empty, u8::MAX);
        }
        empty
    }

    /// The pages that a question reads, in order.
    pub fn path(&self, mut hash: u64) -> Vec<u32> {
        let mut path = Vec::new();
        for layer in self.encoding.layers(self.num_pages) {
            let of_layer = layer.page_of(hash);
            let page = layer.first_page + of_layer;
            path.push(page);
            if layer.query(of_layer, &self.empty(page), hash) != Match::Bumped {
                break;
            }
            hash = ribbon::rehash(hash);
        }
        path
    }

    /// Put items in; all that a question for them reads is there then. Once, and of a ribbon
    /// so few that hardly two of a page have one start.
    ///
    /// # Panics
    /// When two have.
    pub fn insert(&mut self, hashes: &[u64]) {
        let mut members: Vec<(u32, Layer, u64)> = Vec::new();
        for hash in hashes {
            let path = self.path(*hash);
            path.iter().for_each(|page| self.touch(*page));
            let layers = self.encoding.layers(self.num_pages);
            let mut of_layer = *hash;
            for (index, (page, layer)) in path.iter().zip(layers).enumerate() {
                if index + 1 == path.len() {
                    members.push((*page, layer, of_layer));
                }
                of_layer = ribbon::rehash(of_layer);
            }
        }
        // An equation's first slot is in no equation that begins behind it: so, from the last
        // to the first, each is set right by that slot alone.
        members.sort_by_key(|(page, layer, hash)| (*page, std::cmp::Reverse(start(layer, *hash))));
        for pair in members.windows(2) {
            let [one, other] = [&pair[0], &pair[1]];
            let start = |(page, layer, hash): &(u32, Layer, u64)| (*page, start(layer, *hash));
            assert!(
                start(one) != start(other) || start(one).1.is_none() || one.2 == other.2,
                "two items of one start"
            );
        }
        for (page, layer, hash) in members {
            let empty = self.empty(page);
            let content = self.there.entry(page).or_insert(empty);
            match &layer.rules {
                Rules::Bloom { num_hashes } => bloom::insert(content, hash, *num_hashes),
                Rules::Ribbon(columns) => {
                    set_right(&columns.page(page - layer.first_page), content, hash);
                }
            }
        }
    }
}

fn start(layer: &Layer, hash: u64) -> Option<u16> {
    match &layer.rules {
        Rules::Bloom { .. } => None,
        Rules::Ribbon(columns) => {
            let page = columns.page(layer.page_of(hash));
            Some(page.equation(hash).start)
        }
    }
}

/// By an equation's first slot, let each column have the sum that it says.
fn set_right(page: &ribbon::Page, content: &mut Payload, hash: u64) {
    let equation = page.equation(hash);
    for column in 0..page.columns {
        let first = page.column(column) + u32::from(equation.start);
        let sum = (0..ribbon::WIDTH)
            .filter(|slot| equation.coefficients >> slot & 1 == 1)
            .filter(|slot| {
                let bit = first + slot;
                content[bit as usize / 8] >> (bit % 8) & 1 == 1
            })
            .count() as u32;
        if (sum ^ equation.fingerprint >> column) & 1 == 1 {
            content[first as usize / 8] ^= 1 << (first % 8);
        }
    }
}
