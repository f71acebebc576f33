//! An automaton -> the words of plan sectors.
//!
//! A node lies in one sector, and behind all nodes that lead to it. Of several such orders
//! the one is taken whose walks read the fewest sectors.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use leaksieve_core::identifier::phone::plan::WORDS_PER_SECTOR;
use leaksieve_core::sector::{PAYLOAD_BYTES, Payload};

use super::compile::CompileError;
use super::numbers::{NONE, Numbers, Set};
use super::plan::PhonePlan;

const IS_LAST: u32 = 1 << 10;
const IS_VALID: u32 = 1 << 11;
const TARGET_SHIFT: u32 = 11;
const CHANGE_SHIFT: u32 = 12;
/// Addresses in a sector, of which [`WORDS_PER_SECTOR`] are used.
const ADDRESSES: u32 = 128;
/// One more than the greatest address of a change.
const MAX_ADDRESS: u32 = 1 << (32 - CHANGE_SHIFT);

/// What has an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Part {
    Node(Set),
    /// A change word.
    Change(u32),
}

/// The parts of a plan, and what leads where.
struct Parts<'a> {
    numbers: &'a Numbers,
    root: Part,
}

impl Parts<'_> {
    /// The targets of a node with the digits that lead there.
    fn edges(&self, set: Set) -> BTreeMap<Set, u32> {
        let mut edges = BTreeMap::new();
        for (digit, next) in self.numbers.node(set).next.iter().enumerate() {
            if *next != NONE {
                *edges.entry(*next).or_default() |= 1 << digit;
            }
        }
        edges
    }

    fn following(&self, part: Part) -> Vec<Part> {
        let Part::Node(set) = part else {
            return Vec::new();
        };
        let change = self.numbers.node(set).end.change.map(Part::Change);
        let nodes = self.numbers.node(set).next.iter();
        let nodes = nodes.filter(|next| **next != NONE).map(|n| Part::Node(*n));
        nodes.chain(change).collect()
    }

    fn num_words(&self, part: Part) -> u32 {
        match part {
            Part::Change(_) => 1,
            Part::Node(set) => {
                let has_end = self.numbers.node(set).end.is_any();
                u32::from(has_end) + self.edges(set).len() as u32
            }
        }
    }

    /// Each part behind those that lead to it, and near one of them.
    fn in_depth(&self) -> Vec<Part> {
        let mut order = Vec::new();
        self.visit(self.root, &mut BTreeSet::new(), &mut order);
        order.reverse();
        order
    }

    fn visit(&self, part: Part, seen: &mut BTreeSet<Part>, order: &mut Vec<Part>) {
        if seen.insert(part) {
            for following in self.following(part).into_iter().rev() {
                self.visit(following, seen, order);
            }
            order.push(part);
        }
    }

    /// The most digits that may follow.
    fn heights(&self, order: &[Part]) -> HashMap<Part, u32> {
        let mut heights = HashMap::new();
        for part in order.iter().rev() {
            let following = self.following(*part);
            let most = following.iter().map(|next| heights[next] + 1).max();
            heights.insert(*part, most.unwrap_or(0));
        }
        heights
    }
}

/// Addresses for the parts in this order: a node that does not fit into a sector begins the next.
struct Layout<'a> {
    parts: &'a Parts<'a>,
    order: Vec<Part>,
    addresses: HashMap<Part, u32>,
    num_sectors: u32,
}

impl<'a> Layout<'a> {
    fn new(parts: &'a Parts<'a>, order: Vec<Part>) -> Self {
        let mut addresses = HashMap::new();
        let (mut sector, mut num_used) = (0, 0);
        for part in &order {
            let num_words = parts.num_words(*part);
            if num_used + num_words > WORDS_PER_SECTOR {
                (sector, num_used) = (sector + 1, 0);
            }
            addresses.insert(*part, sector * ADDRESSES + num_used);
            num_used += num_words;
        }
        Self {
            parts,
            order,
            addresses,
            num_sectors: sector + 1,
        }
    }

    fn sector(&self, part: Part) -> u32 {
        self.addresses[&part] / ADDRESSES
    }

    /// The most sectors that a walk reads.
    fn max_reads(&self) -> u32 {
        let mut reads: HashMap<Part, u32> = HashMap::new();
        for part in self.order.iter().rev() {
            let following = self.parts.following(*part);
            let each = following.iter().map(|next| {
                let is_other = self.sector(*next) != self.sector(*part);
                reads[next] + u32::from(is_other)
            });
            reads.insert(*part, each.max().unwrap_or(1));
        }
        reads.get(&self.parts.root).copied().unwrap_or(1)
    }

    fn words(&self, part: Part) -> Vec<u32> {
        let set = match part {
            Part::Change(word) => return vec![word],
            Part::Node(set) => set,
        };
        let end = self.parts.numbers.node(set).end;
        let mut words = Vec::new();
        if end.is_any() {
            let change = end.change.map(|word| self.addresses[&Part::Change(word)]);
            let is_valid = if end.is_valid { IS_VALID } else { 0 };
            words.push(is_valid | change.unwrap_or(0) << CHANGE_SHIFT);
        }
        let edges = self.parts.edges(set).into_iter();
        words.extend(
            edges.map(|(target, digits)| {
                digits | self.addresses[&Part::Node(target)] << TARGET_SHIFT
            }),
        );
        if let Some(last) = words.last_mut() {
            *last |= IS_LAST;
        }
        words
    }

    fn payloads(&self) -> Vec<Payload> {
        let mut payloads = vec![[0; PAYLOAD_BYTES]; self.num_sectors as usize];
        for part in &self.order {
            let address = self.addresses[part];
            let words: Vec<u8> = self
                .words(*part)
                .into_iter()
                .flat_map(u32::to_le_bytes)
                .collect();
            let at = 4 * (address % ADDRESSES) as usize;
            payloads[(address / ADDRESSES) as usize][at..at + words.len()].copy_from_slice(&words);
        }
        payloads
    }
}

/// The set as a plan.
pub(super) fn lay_out(numbers: &Numbers, all: Set) -> Result<PhonePlan, CompileError> {
    let parts = Parts {
        numbers,
        root: Part::Node(all),
    };
    let in_depth = parts.in_depth();
    let heights = parts.heights(&in_depth);
    // What many share stands last, by its height: then a walk goes there once.
    let most = heights.values().max().copied().unwrap_or(0);
    let layouts = (0..=most).map(|height| {
        let mut order = in_depth.clone();
        order.sort_by_key(|part| {
            std::cmp::Reverse(if heights[part] < height {
                heights[part]
            } else {
                height
            })
        });
        Layout::new(&parts, order)
    });
    let best = layouts
        .min_by_key(|layout| (layout.max_reads(), layout.num_sectors))
        .ok_or(CompileError::TooLarge)?;
    if best.num_sectors * ADDRESSES > MAX_ADDRESS {
        return Err(CompileError::TooLarge);
    }
    Ok(PhonePlan {
        payloads: best.payloads(),
        max_reads: u8::try_from(best.max_reads()).map_err(|_| CompileError::TooLarge)?,
    })
}
