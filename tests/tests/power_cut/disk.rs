//! A disk that remembers each write, and the states that a power cut can leave it in.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::rc::Rc;

use testkit::sample::mix;

pub(crate) const BLOCK: usize = 512;
pub(crate) type Block = [u8; BLOCK];

/// What was done to a disk.
#[derive(Clone)]
enum Op {
    Write(u32, Box<Block>),
    /// All that was written before is on the medium.
    Sync,
}

/// A disk in memory.
struct Disk {
    bytes: Vec<u8>,
    at: u64,
    log: Vec<Op>,
}

impl Disk {
    fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            at: 0,
            log: Vec::new(),
        }
    }
}

impl Read for Disk {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let start = (self.at as usize).min(self.bytes.len());
        let num_bytes = (&self.bytes[start..]).read(buffer)?;
        self.at += num_bytes as u64;
        Ok(num_bytes)
    }
}

impl Write for Disk {
    /// A card writes whole blocks: the rest of each is what was there.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let start = self.at as usize;
        let end = start + bytes.len();
        let Some(place) = self.bytes.get_mut(start..end) else {
            return Err(io::ErrorKind::WriteZero.into());
        };
        place.copy_from_slice(bytes);
        self.at = end as u64;
        for block in start / BLOCK..end.div_ceil(BLOCK) {
            let content = self.bytes[block * BLOCK..].first_chunk().copied();
            let content = content.ok_or(io::ErrorKind::UnexpectedEof)?;
            self.log.push(Op::Write(block as u32, Box::new(content)));
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.log.push(Op::Sync);
        Ok(())
    }
}

impl Seek for Disk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(step) => self.at.checked_add_signed(step),
            SeekFrom::End(step) => (self.bytes.len() as u64).checked_add_signed(step),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// One disk, that a file system and the test share.
#[derive(Clone)]
pub(crate) struct Shared(Rc<RefCell<Disk>>);

impl Shared {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self(Rc::new(RefCell::new(Disk::new(bytes))))
    }

    /// What is on the disk now, and what was done since it was made.
    pub(crate) fn into_parts(self) -> (Vec<u8>, History) {
        let disk = self.0.replace(Disk::new(Vec::new()));
        (disk.bytes, History { ops: disk.log })
    }
}

impl Read for Shared {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().read(buffer)
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.borrow_mut().flush()
    }
}

impl Seek for Shared {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.borrow_mut().seek(to)
    }
}

/// A disk that the power was cut from: what it was before, and the blocks that changed.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) base: Rc<Vec<u8>>,
    pub(crate) changed: BTreeMap<u32, Box<Block>>,
}

impl State {
    pub(crate) fn new(base: &Rc<Vec<u8>>) -> Self {
        Self {
            base: base.clone(),
            changed: BTreeMap::new(),
        }
    }

    /// How many blocks it has.
    pub(crate) fn num_blocks(&self) -> u32 {
        (self.base.len() / BLOCK) as u32
    }

    pub(crate) fn block(&self, index: u32) -> Option<&Block> {
        match self.changed.get(&index) {
            Some(block) => Some(block),
            None => self.base.get(index as usize * BLOCK..)?.first_chunk(),
        }
    }

    /// The whole disk.
    pub(crate) fn image(&self) -> Vec<u8> {
        let mut image = self.base.to_vec();
        for (index, block) in &self.changed {
            image[*index as usize * BLOCK..][..BLOCK].copy_from_slice(&**block);
        }
        image
    }

    /// A write that ended early: the first or the last part of the block is new.
    fn tear(&mut self, index: u32, new: &Block, num_bytes: usize, is_start: bool) {
        let mut block = *self.block(index).unwrap_or(&[0; BLOCK]);
        let new_part = match is_start {
            true => 0..num_bytes,
            false => BLOCK - num_bytes..BLOCK,
        };
        block[new_part.clone()].copy_from_slice(&new[new_part]);
        self.changed.insert(index, Box::new(block));
    }

    fn apply(&mut self, (index, block): &(u32, Box<Block>)) {
        self.changed.insert(*index, block.clone());
    }
}

/// How the power was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cut {
    /// Between two writes.
    Whole,
    /// Within one.
    Torn,
    /// Some of the writes that were not synced did not happen.
    Dropped,
    /// Those that were not synced happened in another order, and not all.
    Reordered,
}

/// The writes of an update.
pub(crate) struct History {
    ops: Vec<Op>,
}

/// A row of choices.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = mix(self.0);
        (self.0 % bound as u64) as usize
    }
}

/// Parts of a block that are new after a torn write; bytes.
const TORN_BYTES: [usize; 3] = [8, 250, 508];

impl History {
    /// Every state of a disk after a cut before each write, in each of the four ways; of
    /// lost and reordered writes as many as are said for each write.
    pub(crate) fn states(
        &self,
        base: &Rc<Vec<u8>>,
        num_random: usize,
        random: &mut Random,
        mut visit: impl FnMut(Cut, State),
    ) {
        let mut synced = State::new(base);
        let mut pending: Vec<(u32, Box<Block>)> = Vec::new();
        for op in &self.ops {
            let Op::Write(index, new) = op else {
                for write in pending.drain(..) {
                    synced.apply(&write);
                }
                continue;
            };
            let mut before = synced.clone();
            for write in &pending {
                before.apply(write);
            }
            visit(Cut::Whole, before.clone());
            for num_bytes in TORN_BYTES {
                for is_start in [true, false] {
                    let mut torn = before.clone();
                    torn.tear(*index, new, num_bytes, is_start);
                    visit(Cut::Torn, torn);
                }
            }
            pending.push((*index, new.clone()));
            if pending.len() > 1 {
                // The last one happened, one before it did not.
                for _ in 0..num_random {
                    let mut state = synced.clone();
                    let lost = random.below(pending.len() - 1);
                    for (number, write) in pending.iter().enumerate() {
                        if number != lost && (number + 1 == pending.len() || random.below(4) > 0) {
                            state.apply(write);
                        }
                    }
                    visit(Cut::Dropped, state);
                }
                for _ in 0..num_random {
                    let mut state = synced.clone();
                    let mut order: Vec<usize> = (0..pending.len()).collect();
                    for last in (1..order.len()).rev() {
                        order.swap(last, random.below(last + 1));
                    }
                    let num_done = 1 + random.below(pending.len());
                    for number in &order[..num_done] {
                        state.apply(&pending[*number]);
                    }
                    visit(Cut::Reordered, state);
                }
            }
        }
        for write in &pending {
            synced.apply(write);
        }
        visit(Cut::Whole, synced);
    }

    pub(crate) fn num_writes(&self) -> usize {
        let is_write = |op: &&Op| matches!(op, Op::Write(..));
        self.ops.iter().filter(is_write).count()
    }
}
