//! One card that fails in every way, at every read of a whole conversation: the verdict is
//! the right one, or it cannot be said.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;

use embedded_sdmmc::{Block, BlockCount, BlockDevice, BlockIdx};
use leaksieve_app::epoch::EpochError;
use leaksieve_app::{Card, EpochStore, PublicKey, StorageError};
use leaksieve_core::Profile;

use crate::common::{
    Format, Listed, MemoryCard, MemoryCardError, Plan, Script, card, run_with, verdicts,
};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// One read fails.
    Once,
    /// Every read fails from then on.
    FromThenOn,
    /// One read ends early, and says that it did not: so many bytes are new, and the rest
    /// is what the buffer held before.
    Short(usize),
    /// One read gives another block: so many further on.
    Elsewhere(u32),
    /// From then on, what is read for the second time has a bit changed.
    Fickle,
    /// Another card is there from then on.
    Swapped,
    /// Another card is there for one read.
    SwappedOnce,
}

const FAULTS: [Fault; 10] = [
    Fault::Once,
    Fault::FromThenOn,
    Fault::Short(0),
    Fault::Short(20),
    Fault::Short(500),
    Fault::Elsewhere(1),
    Fault::Elsewhere(2),
    Fault::Fickle,
    Fault::Swapped,
    Fault::SwappedOnce,
];

/// A card, and another one that it may be exchanged for.
#[derive(Clone)]
struct FaultyCard {
    cards: [MemoryCard; 2],
    fault: Option<(Fault, u32)>,
    num_reads: Rc<Cell<u32>>,
    was_read: RefCell<HashSet<u32>>,
}

impl FaultyCard {
    fn new(images: [&Rc<RefCell<Option<Vec<u8>>>>; 2], fault: Option<(Fault, u32)>) -> Self {
        Self {
            cards: images.map(|image| MemoryCard {
                slot: image.clone(),
                ..MemoryCard::default()
            }),
            fault,
            num_reads: Rc::default(),
            was_read: RefCell::default(),
        }
    }
}

impl BlockDevice for FaultyCard {
    type Error = MemoryCardError;

    fn read(&self, blocks: &mut [Block], start: BlockIdx) -> Result<(), MemoryCardError> {
        let now = self.num_reads.replace(self.num_reads.get() + 1);
        let is_second = !self.was_read.borrow_mut().insert(start.0);
        let [card, other] = &self.cards;
        let Some((fault, at)) = self.fault else {
            return card.read(blocks, start);
        };
        match fault {
            Fault::Once if now == at => Err(MemoryCardError::PastEnd),
            Fault::FromThenOn if now >= at => Err(MemoryCardError::Empty),
            Fault::Short(bytes) if now == at => {
                let before = blocks[0].contents;
                card.read(blocks, start)?;
                blocks[0].contents[bytes..].copy_from_slice(&before[bytes..]);
                Ok(())
            }
            Fault::Elsewhere(further) if now == at => {
                card.read(blocks, BlockIdx(start.0 + further))
            }
            Fault::Fickle if now >= at && is_second => {
                card.read(blocks, start)?;
                blocks[0].contents[(now as usize * 37) % 512] ^= 0x10;
                Ok(())
            }
            Fault::Swapped if now >= at => other.read(blocks, start),
            Fault::SwappedOnce if now == at => other.read(blocks, start),
            _ => card.read(blocks, start),
        }
    }

    fn write(&self, blocks: &[Block], start: BlockIdx) -> Result<(), MemoryCardError> {
        self.cards[0].write(blocks, start)
    }

    fn num_blocks(&self) -> Result<BlockCount, MemoryCardError> {
        self.cards[0].num_blocks()
    }
}

impl Card for FaultyCard {
    fn forget(&self) {}

    fn explain(error: &MemoryCardError) -> StorageError {
        MemoryCard::explain(error)
    }
}

/// Keeps the epoch in memory, and fails when it is told to.
#[derive(Clone, Default)]
pub(crate) struct MemoryEpoch {
    pub(crate) epoch: Rc<Cell<u32>>,
    pub(crate) cannot_read: bool,
    pub(crate) cannot_write: bool,
}

impl EpochStore for MemoryEpoch {
    fn lowest(&mut self) -> Result<u32, EpochError> {
        (!self.cannot_read)
            .then(|| self.epoch.get())
            .ok_or(EpochError)
    }

    fn raise(&mut self, epoch: u32) -> Result<(), EpochError> {
        assert!(epoch > self.epoch.get(), "it is raised, never lowered");
        if self.cannot_write {
            return Err(EpochError);
        }
        self.epoch.set(epoch);
        Ok(())
    }
}

/// One conversation that is had with every fault.
struct Case {
    keys: &'static [PublicKey],
    /// The card's files, and those of the one that it is exchanged for. All have another name.
    files: [Vec<(&'static str, Vec<u8>)>; 2],
}

const QUESTIONS: [&str; 4] = [
    "a@example.com",
    "z@example.com",
    "stranger@example.com",
    "no address",
];

/// As a Bloom filter, and as a ribbon of which all three layers are read for each question.
pub(crate) const METHODS: [fn(Plan) -> Plan; 2] = [
    |plan| plan,
    |plan| plan.deep(&Profile::Email, &QUESTIONS[..3]),
];

/// Of the first card's files the first and then the newer second, and the other card's.
const OLD: Listed<'_> = ("Old", Profile::Email, &["b@example.com"]);
const NEW: Listed<'_> = ("New", Profile::Email, &["a@example.com", "b@example.com"]);
const OTHER: Listed<'_> = ("Other", Profile::Email, &["z@example.com"]);

/// What is said of the questions, by the file that is asked.
const RIGHT: [(&str, [&str; 3]); 3] = [
    ("Old", ["not exposed", "not exposed", "not exposed"]),
    ("New", ["EXPOSED", "not exposed", "not exposed"]),
    ("Other", ["not exposed", "EXPOSED", "not exposed"]),
];

impl Case {
    /// Every fault at every read.
    fn run(&self, newest: &str) {
        let [card, other] = self.files.each_ref().map(|files| {
            let files: Vec<(&str, &[u8])> = files
                .iter()
                .map(|(name, file)| (*name, file.as_slice()))
                .collect();
            Rc::new(RefCell::new(Some(card_of(&files))))
        });
        let cards = [&card, &other];
        let (lines, num_reads) = self.talk(FaultyCard::new(cards, None));
        assert!(
            verdicts(&lines)[0].contains(newest),
            "without a fault: {lines:#?}"
        );
        for fault in FAULTS {
            // The reads of the conversation as it is without a fault; one makes more.
            for at in 0..num_reads {
                let (lines, _) = self.talk(FaultyCard::new(cards, Some((fault, at))));
                self.judge(&lines, fault, newest, &format!("{fault:?} at read {at}"));
            }
        }
    }

    fn talk(&self, card: FaultyCard) -> (Vec<String>, u32) {
        let num_reads = card.num_reads.clone();
        let script = QUESTIONS
            .iter()
            .fold(Script::new(), |script, text| script.line(text));
        let lines = run_with(card, self.keys, MemoryEpoch::default(), script);
        (lines, num_reads.get())
    }

    fn judge(&self, lines: &[String], fault: Fault, newest: &str, when: &str) {
        let verdicts = verdicts(lines);
        assert_eq!(verdicts.len(), QUESTIONS.len(), "{when}: {lines:#?}");
        let is_swapped = matches!(fault, Fault::Swapped | Fault::SwappedOnce);
        let mut newest_was_asked = false;
        for (question, verdict) in verdicts.iter().enumerate() {
            if verdict.starts_with("cannot say") {
                continue;
            }
            let right = RIGHT.iter().find(|(name, _)| verdict.contains(name));
            let Some((name, starts)) = right else {
                panic!("{when}: {verdict}");
            };
            // Who is in no filter's domain is told so, whatever is asked.
            let start = starts.get(question).copied().unwrap_or("cannot say");
            assert!(verdict.starts_with(start), "{when}: {lines:#?}");
            assert!(*name != "Other" || is_swapped, "{when}: {lines:#?}");
            newest_was_asked |= *name == newest;
            // With a key, no older file is asked once the newest was.
            assert!(
                self.keys.is_empty() || *name != "Old" || newest == "Old" || !newest_was_asked,
                "{when}: {lines:#?}"
            );
            // One read that goes wrong does not hide the newer file: it is looked for again.
            // (Another card's folder, for one read, can name the older file as the newer.)
            let is_one_read = matches!(fault, Fault::Once | Fault::Short(_) | Fault::Elsewhere(_));
            assert!(
                *name != "Old" || newest == "Old" || !is_one_read,
                "{when}: {lines:#?}"
            );
        }
    }
}

fn card_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    card(Format::Fat16, files, 1 << 20)
}

#[test]
fn unsigned_in_one_place() {
    for of in METHODS {
        Case {
            keys: &[],
            files: [
                vec![("LEAKS.LSV", of(Plan::new(1)).file(&[NEW]))],
                vec![("LEAKS.LSV", of(Plan::new(2)).file(&[OTHER]))],
            ],
        }
        .run("New");
    }
}

#[test]
fn unsigned_in_two_places() {
    for of in METHODS {
        let of_epoch = |id, epoch| {
            of(Plan {
                epoch,
                ..Plan::new(id)
            })
        };
        Case {
            keys: &[],
            files: [
                vec![
                    ("LEAKS.LSV", of_epoch(1, 7).file(&[OLD])),
                    ("LEAKS2.LSV", of_epoch(2, 8).file(&[NEW])),
                ],
                vec![("LEAKS.LSV", of_epoch(3, 9).file(&[OTHER]))],
            ],
        }
        .run("New");
    }
}

#[cfg(feature = "signatures")]
mod signed {
    use super::*;
    use crate::common::key;

    /// More pages than tags are kept: a question reads one tag sector for each page.
    const NUM_PAGES: u32 = 100;

    /// One case for each encoding, of signed files that hold a list each: id, epoch and list.
    fn run(files: [&[(&'static str, u8, u32, Listed<'_>)]; 2]) {
        let keys: &'static [PublicKey] = Box::leak(Box::new([key(7)]));
        for of in METHODS {
            let files = files.map(|files| {
                let signed = files.iter().map(|(name, id, epoch, listed)| {
                    let plan = Plan {
                        epoch: *epoch,
                        num_pages: NUM_PAGES,
                        ..Plan::new(*id)
                    };
                    (*name, of(plan).signed(7, std::slice::from_ref(listed)))
                });
                signed.collect()
            });
            Case { keys, files }.run("New");
        }
    }

    #[test]
    fn in_one_place() {
        run([&[("LEAKS.LSV", 1, 7, NEW)], &[("LEAKS.LSV", 2, 7, OTHER)]]);
    }

    /// The exchanged card's file has the id and the place of the first one's, so that no
    /// checksum tells them apart, and is signed by the same key.
    #[test]
    fn in_one_place_exchanged_for_its_like() {
        run([&[("LEAKS.LSV", 1, 7, NEW)], &[("LEAKS.LSV", 1, 8, OTHER)]]);
    }

    #[test]
    fn in_two_places() {
        run([
            &[("LEAKS.LSV", 1, 7, OLD), ("LEAKS2.LSV", 2, 8, NEW)],
            &[("LEAKS2.LSV", 3, 9, OTHER)],
        ]);
    }

    /// Of one id, in two places.
    #[test]
    fn in_two_places_of_one_id() {
        run([
            &[("LEAKS.LSV", 1, 7, OLD), ("LEAKS2.LSV", 1, 8, NEW)],
            &[("LEAKS.LSV", 1, 9, OTHER), ("LEAKS2.LSV", 1, 7, OTHER)],
        ]);
    }
}
