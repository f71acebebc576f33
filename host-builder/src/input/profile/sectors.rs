//! An automaton -> the words of plan sectors.
//!
//! A part of the automaton that fits into one sector lies in one sector, with all that follows
//! it. Such parts have their own copies of nodes, so that a walk that has come to one of them
//! reads nothing else. The nodes above them stand first.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use leaksieve_core::identifier::phone::plan::WORDS_PER_SECTOR;
use leaksieve_core::sector::{PAYLOAD_BYTES, Payload};

use super::error::CompileError;
use super::numbers::{NONE, Numbers, Set};

/// A numbering plan, as it lies in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhonePlan {
    /// The contents of the plan sectors, in their order.
    pub payloads: Vec<Payload>,
    /// Most plan sectors that the question about one number reads.
    pub max_reads: u8,
}

impl PhonePlan {
    /// How many numbers are valid.
    pub fn num_numbers(&self) -> u64 {
        self.num_behind(0, &mut HashMap::new())
    }

    /// Those whose walk goes through the node at an address.
    fn num_behind(&self, address: u32, known: &mut HashMap<u32, u64>) -> u64 {
        if let Some(count) = known.get(&address) {
            return *count;
        }
        let mut count = 0;
        for address in address.. {
            let (sector, word) = (address / ADDRESSES, address % ADDRESSES);
            let payload = self.payloads.get(sector as usize);
            let (words, _) = payload.map_or(&[][..], |payload| payload).as_chunks();
            let Some(word) = words.get(word as usize).copied().map(u32::from_le_bytes) else {
                break;
            };
            let digits = word & (IS_LAST - 1);
            count += match digits {
                0 => u64::from(word & IS_VALID != 0),
                _ => u64::from(digits.count_ones()) * self.num_behind(word >> TARGET_SHIFT, known),
            };
            if word & IS_LAST != 0 {
                break;
            }
        }
        known.insert(address, count);
        count
    }
}

const IS_LAST: u32 = 1 << 10;
const IS_VALID: u32 = 1 << 11;
const TARGET_SHIFT: u32 = 11;
const CHANGE_SHIFT: u32 = 12;
/// Addresses in a sector, of which [`WORDS_PER_SECTOR`] are used.
const ADDRESSES: u32 = 128;
/// One more than the greatest address of a change.
const MAX_ADDRESS: u32 = 1 << (32 - CHANGE_SHIFT);

/// What has an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    Node(Set),
    /// A change word.
    Change(u32),
}

/// The targets of a node with the digits that lead there.
fn edges(numbers: &Numbers, set: Set) -> BTreeMap<Set, u32> {
    let mut edges = BTreeMap::new();
    for (digit, next) in numbers.node(set).next.iter().enumerate() {
        if *next != NONE {
            *edges.entry(*next).or_default() |= 1 << digit;
        }
    }
    edges
}

fn following(numbers: &Numbers, part: Part) -> impl Iterator<Item = Part> {
    let set = match part {
        Part::Node(set) => set,
        Part::Change(_) => NONE,
    };
    let change = numbers.node(set).end.change.map(Part::Change);
    let next = numbers.node(set).next.iter();
    let nodes = next.filter(|next| **next != NONE).map(|n| Part::Node(*n));
    nodes.chain(change)
}

fn num_words(numbers: &Numbers, part: Part) -> u32 {
    match part {
        Part::Change(_) => 1,
        Part::Node(set) => {
            u32::from(numbers.node(set).end.is_any()) + edges(numbers, set).len() as u32
        }
    }
}

/// All that is reached from a part, each behind those that lead to it.
fn reached(numbers: &Numbers, root: Part) -> Vec<Part> {
    let mut order = Vec::new();
    visit(numbers, root, &mut BTreeSet::new(), &mut order);
    order.reverse();
    order
}

fn visit(numbers: &Numbers, part: Part, seen: &mut BTreeSet<Part>, order: &mut Vec<Part>) {
    if seen.insert(part) {
        for next in following(numbers, part) {
            visit(numbers, next, seen, order);
        }
        order.push(part);
    }
}

/// A sector of parts with all that follows them.
#[derive(Default)]
struct Bin {
    num_words: u32,
    parts: BTreeSet<Part>,
    addresses: HashMap<Part, u32>,
}

impl Bin {
    fn num_missing(&self, numbers: &Numbers, parts: &[Part]) -> u32 {
        let missing = parts.iter().filter(|part| !self.parts.contains(part));
        missing.map(|part| num_words(numbers, *part)).sum()
    }
}

/// A plan while it is laid out.
struct Layout<'a> {
    numbers: &'a Numbers,
    /// The addresses of the parts of which what follows does not fit into a sector.
    top: HashMap<Part, u32>,
    /// The parts that follow those, and their bin.
    heads: HashMap<Part, usize>,
    bins: Vec<Bin>,
    num_sectors: u32,
}

impl<'a> Layout<'a> {
    fn new(numbers: &'a Numbers, all: Set) -> Self {
        let order = reached(numbers, Part::Node(all));
        let num_words_from = |part: &Part| -> u32 {
            let parts = reached(numbers, *part);
            parts.iter().map(|part| num_words(numbers, *part)).sum()
        };
        let mut layout = Self {
            numbers,
            top: HashMap::new(),
            heads: HashMap::new(),
            bins: Vec::new(),
            num_sectors: 0,
        };
        let (mut sector, mut num_used) = (0, 0);
        let mut heads = BTreeSet::from([Part::Node(all)]);
        for part in &order {
            if num_words_from(part) <= WORDS_PER_SECTOR {
                continue;
            }
            let num_words = num_words(numbers, *part);
            if num_used + num_words > WORDS_PER_SECTOR {
                (sector, num_used) = (sector + 1, 0);
            }
            layout.top.insert(*part, sector * ADDRESSES + num_used);
            num_used += num_words;
            heads.extend(following(numbers, *part));
        }
        heads.retain(|head| !layout.top.contains_key(head));
        // What is left of the last sector of the top is the first bin.
        layout.bins.push(Bin {
            num_words: num_used,
            ..Bin::default()
        });
        layout.fill(heads);
        let ranks: HashMap<Part, usize> = order.iter().copied().zip(0..).collect();
        for (bin, sector) in layout.bins.iter_mut().zip(sector..) {
            let mut parts: Vec<Part> = bin.parts.iter().copied().collect();
            parts.sort_unstable_by_key(|part| ranks[part]);
            // Parts of the top may stand before these.
            let mut address = sector * ADDRESSES + bin.num_words;
            for part in parts.iter().rev() {
                address -= num_words(numbers, *part);
                bin.addresses.insert(*part, address);
            }
        }
        layout.num_sectors = sector + layout.bins.len() as u32;
        layout
    }

    /// Largest first, each into the bin that has most of it already.
    fn fill(&mut self, heads: BTreeSet<Part>) {
        let numbers = self.numbers;
        let empty = Bin::default();
        let mut heads: Vec<(u32, Part, Vec<Part>)> = heads
            .into_iter()
            .map(|head| (head, reached(numbers, head)))
            .map(|(head, parts)| (empty.num_missing(numbers, &parts), head, parts))
            .collect();
        heads.sort_by_key(|(num_words, head, _)| (std::cmp::Reverse(*num_words), *head));
        for (_, head, parts) in heads {
            let fits = self.bins.iter().enumerate().filter_map(|(at, bin)| {
                let num_missing = bin.num_missing(numbers, &parts);
                (bin.num_words + num_missing <= WORDS_PER_SECTOR).then_some((num_missing, at))
            });
            let (num_missing, at) = fits.min().unwrap_or_else(|| {
                self.bins.push(Bin::default());
                (empty.num_missing(numbers, &parts), self.bins.len() - 1)
            });
            self.bins[at].num_words += num_missing;
            self.bins[at].parts.extend(parts);
            self.heads.insert(head, at);
        }
    }

    /// The address of a part that follows one of the top.
    fn after_top(&self, part: Part) -> u32 {
        match self.top.get(&part) {
            Some(address) => *address,
            None => self.bins[self.heads[&part]].addresses[&part],
        }
    }

    /// The sectors that a walk reads from here on, if it stands in this one: those of the
    /// top on its way, and one of a bin.
    fn max_reads(&self, part: Part, sector: u32, known: &mut HashMap<Part, u32>) -> u32 {
        let address = self.after_top(part);
        let is_other = u32::from(address / ADDRESSES != sector);
        if !self.top.contains_key(&part) {
            return is_other;
        }
        if let Some(reads) = known.get(&part) {
            return reads + is_other;
        }
        let each = following(self.numbers, part)
            .map(|next| self.max_reads(next, address / ADDRESSES, known));
        let reads = each.max().unwrap_or(0);
        known.insert(part, reads);
        reads + is_other
    }

    fn words(&self, part: Part, address_of: impl Fn(Part) -> u32) -> Vec<u32> {
        let set = match part {
            Part::Change(word) => return vec![word],
            Part::Node(set) => set,
        };
        let end = self.numbers.node(set).end;
        let mut words = Vec::new();
        if end.is_any() {
            let change = end.change.map_or(0, |word| address_of(Part::Change(word)));
            let is_valid = if end.is_valid { IS_VALID } else { 0 };
            words.push(is_valid | change << CHANGE_SHIFT);
        }
        for (target, digits) in edges(self.numbers, set) {
            words.push(digits | address_of(Part::Node(target)) << TARGET_SHIFT);
        }
        if let Some(last) = words.last_mut() {
            *last |= IS_LAST;
        }
        words
    }

    fn payloads(&self) -> Vec<Payload> {
        let mut payloads = vec![[0; PAYLOAD_BYTES]; self.num_sectors as usize];
        let mut write = |address: u32, words: Vec<u32>| {
            let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
            let at = 4 * (address % ADDRESSES) as usize;
            let payload = &mut payloads[(address / ADDRESSES) as usize];
            payload[at..at + bytes.len()].copy_from_slice(&bytes);
        };
        for (part, address) in &self.top {
            write(*address, self.words(*part, |next| self.after_top(next)));
        }
        for bin in &self.bins {
            for (part, address) in &bin.addresses {
                write(*address, self.words(*part, |next| bin.addresses[&next]));
            }
        }
        payloads
    }
}

/// The set as a plan.
pub(super) fn lay_out(numbers: &Numbers, all: Set) -> Result<PhonePlan, CompileError> {
    let layout = Layout::new(numbers, all);
    if layout.num_sectors * ADDRESSES > MAX_ADDRESS {
        return Err(CompileError::TooLarge);
    }
    let max_reads = 1 + layout.max_reads(Part::Node(all), 0, &mut HashMap::new());
    Ok(PhonePlan {
        payloads: layout.payloads(),
        max_reads: u8::try_from(max_reads).map_err(|_| CompileError::TooLarge)?,
    })
}
