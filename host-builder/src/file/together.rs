//! Many questions at once, asked in the order of the pages.
//!
//! One by one, each question reads a sector and verifies it. Here all are hashed first and sorted by
//! the sector that each wants; then the file is read from its beginning to its end, neighbouring
//! sectors at once, and each sector is verified once, whatever number of questions want it. Those that
//! want another sector after that, as of a next layer or a numbering plan, go another round.

use std::io;
use std::ops::Range;

use leaksieve_core::file::byte_of;
use leaksieve_core::identifier::phone::Shortcuts;
use leaksieve_core::lookup::Waiting;
use leaksieve_core::sector::{SECTOR_BYTES, Sector, SectorIndex};
use leaksieve_core::verified::{ProvenTags, Verified};
use leaksieve_core::{
    Answers, Catalogue, Identifier, Lookup, ReadError, SectorSource, Verdict, answer,
};

use super::source::Sectors;
use super::{FileError, FilterFile};

/// Sectors that are read at once: 128 KiB, which stay in a core's cache until they were asked.
const GROUP_SECTORS: u32 = 256;
/// Sectors that nobody wants and that are read with their neighbours. The system reads pages of 8
/// sectors anyway, and to copy so many costs less than a call.
const GAP_SECTORS: u32 = 7;

/// Asks many questions of a file at once. Each thread has one of its own, and keeps it: its memory
/// is used again.
pub struct Together<'f> {
    file: &'f FilterFile,
    shortcuts: &'f [Option<Shortcuts>],
    /// Who wants a sector, in the order of the questions; and in the next round.
    waiting: Vec<Asker>,
    waiting_next: Vec<Asker>,
    /// Of each who waits, the sector (high 32 bits) and the place in `waiting`.
    order: Vec<u64>,
    sectors: Vec<Sector>,
    tags: ProvenTags,
    said: Said,
}

/// A question that wants a sector.
#[derive(Clone, Copy)]
struct Asker {
    waiting: Waiting,
    /// Index among the identifiers.
    question: u32,
    /// Index in [`Said::begun`].
    begun: u32,
}

// Fetched in the order of the sectors, so that each should be a cache line.
const _: () = assert!(size_of::<Asker>() <= 64);

/// What a file says of many identifiers. Equal verdicts are kept once.
#[derive(Debug, Default)]
pub struct Verdicts {
    distinct: Vec<Result<Verdict, FileError>>,
    places: Vec<u32>,
}

impl Verdicts {
    /// The verdicts that were given, no verdict twice, and the errors.
    pub fn distinct(&self) -> &[Result<Verdict, FileError>] {
        &self.distinct
    }

    /// Of each question, in the order in which they were asked, which of
    /// [`distinct`](Self::distinct) is its answer.
    pub fn places(&self) -> &[u32] {
        &self.places
    }

    /// The answer to each question, in the order in which they were asked.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Result<Verdict, FileError>> {
        let distinct = &self.distinct;
        self.places.iter().map(|place| &distinct[*place as usize])
    }
}

impl FilterFile {
    /// To ask many questions at once. `shortcuts` are [this file's](Self::shortcuts), or none;
    /// threads share them.
    pub fn together<'f>(&'f self, shortcuts: &'f [Option<Shortcuts>]) -> Together<'f> {
        Together {
            file: self,
            shortcuts,
            waiting: Vec::new(),
            waiting_next: Vec::new(),
            order: Vec::new(),
            sectors: Vec::new(),
            tags: ProvenTags::default(),
            said: Said::default(),
        }
    }
}

impl Together<'_> {
    /// Look identifiers up, fewer than 2^32: what [`FilterFile::check`] says of each. The more there
    /// are, the more have a sector in common; each takes about 100 bytes meanwhile. A sector that
    /// cannot be read, or is damaged, is an error of those questions alone that need it. As there, no
    /// verdict is [of a time](Verdict::at).
    pub fn check(&mut self, identifiers: &[Identifier<'_>]) -> &Verdicts {
        let catalogue = self.file.catalogue();
        self.said.begin(identifiers.len());
        self.waiting.clear();
        self.waiting.reserve(identifiers.len());
        for (question, identifier) in (0..).zip(identifiers) {
            let lookup = catalogue.lookup_by_shortcuts(*identifier, self.shortcuts);
            self.said
                .settle(self.file, question, lookup, &mut self.waiting);
        }
        while !self.waiting.is_empty() {
            self.round(identifiers);
            std::mem::swap(&mut self.waiting, &mut self.waiting_next);
        }
        &self.said.verdicts
    }

    /// Read each sector that somebody waits for, and ask it.
    fn round(&mut self, identifiers: &[Identifier<'_>]) {
        let Self {
            file,
            shortcuts,
            waiting,
            waiting_next,
            order,
            sectors,
            tags,
            said,
        } = self;
        let (catalogue, source) = (file.catalogue(), file.sectors());
        waiting_next.clear();
        order.clear();
        let wanted = waiting
            .iter()
            .map(|asker| u64::from(asker.waiting.wants().0));
        order.extend(
            (0..)
                .zip(wanted)
                .map(|(place, sector)| sector << 32 | place),
        );
        order.sort_unstable();

        let mut fetched = Default::default();
        let mut rest = order.as_slice();
        while let Some((range, num_askers)) = group(rest) {
            let (now, later) = rest.split_at(num_askers);
            rest = later;
            fetch(waiting, identifiers, now, &mut fetched);
            let mut fetched = fetched.0.iter().zip(&fetched.1);
            let is_read = read(source, range.clone(), sectors).is_ok();
            for same in now.chunk_by(|a, b| sector_of(*a) == sector_of(*b)) {
                let index = sector_of(same[0]);
                let sector = sectors.get((index - range.start) as usize);
                let verified = sector.filter(|_| is_read).and_then(|sector| {
                    verify(catalogue, source, SectorIndex(index), sector, tags).ok()
                });
                for (asker, identifier) in fetched.by_ref().take(same.len()) {
                    let answers = said.begun[asker.begun as usize].clone();
                    let lookup = asker
                        .waiting
                        .go_on(catalogue, *identifier, shortcuts, answers);
                    match supply(lookup, verified.as_ref()) {
                        Ok(lookup) => said.settle(file, asker.question, lookup, waiting_next),
                        // By itself, so that it is told what is wrong, and where.
                        Err(lookup) => {
                            let verdict = answer(lookup, &mut &*source, &mut [0; SECTOR_BYTES]);
                            said.verdict(
                                asker.question,
                                verdict.map_err(|error| file.error(error)),
                            );
                        }
                    }
                }
            }
        }
    }
}

/// Copy those who want sectors of a group, and what they ask, one beside the other. They lie all over
/// the memory: in a loop that does nothing else, a core waits for many of them at once.
fn fetch<'i>(
    waiting: &[Asker],
    identifiers: &[Identifier<'i>],
    order: &[u64],
    (askers, asked): &mut (Vec<Asker>, Vec<Identifier<'i>>),
) {
    askers.clear();
    askers.extend(order.iter().map(|key| waiting[*key as u32 as usize]));
    asked.clear();
    asked.extend(
        askers
            .iter()
            .map(|asker| identifiers[asker.question as usize]),
    );
}

fn sector_of(key: u64) -> u32 {
    (key >> 32) as u32
}

/// The sectors to read next, and how many want one of them.
fn group(order: &[u64]) -> Option<(Range<u32>, usize)> {
    let start = sector_of(*order.first()?);
    let mut end = start;
    let num_askers = order.iter().take_while(|key| {
        let sector = sector_of(**key);
        let is_near = sector - start < GROUP_SECTORS && sector <= end.saturating_add(GAP_SECTORS);
        if is_near {
            end = sector.saturating_add(1);
        }
        is_near
    });
    let num_askers = num_askers.count();
    Some((start..end, num_askers))
}

fn read(source: &Sectors, range: Range<u32>, sectors: &mut Vec<Sector>) -> io::Result<()> {
    if sectors.len() < range.len() {
        sectors.resize(range.len(), [0; SECTOR_BYTES]);
    }
    let bytes = sectors[..range.len()].as_flattened_mut();
    source
        .source()
        .read_exact_at(bytes, byte_of(SectorIndex(range.start)))
}

fn verify<'s>(
    catalogue: &'s Catalogue,
    mut source: &Sectors,
    index: SectorIndex,
    sector: &'s Sector,
    tags: &mut ProvenTags,
) -> Result<Verified<'s>, ReadError<io::Error>> {
    catalogue.verified(index, sector, tags, |above, buffer| {
        source.read_sector(above, buffer)
    })
}

/// Supply a sector to a lookup, until it wants another. `Err`: the sector is none, or nonsense.
#[expect(clippy::result_large_err, reason = "it goes on from there")]
fn supply<'a>(
    mut lookup: Lookup<'a>,
    verified: Option<&Verified<'_>>,
) -> Result<Lookup<'a>, Lookup<'a>> {
    let Some(verified) = verified else {
        return Err(lookup);
    };
    while lookup.wants() == Some(verified.index()) {
        if lookup.supply_verified(verified).is_err() {
            return Err(lookup);
        }
    }
    Ok(lookup)
}

/// The verdicts so far.
#[derive(Default)]
struct Said {
    verdicts: Verdicts,
    /// What datasets said to those who go on to another, each once.
    begun: Vec<Answers>,
}

impl Said {
    fn begin(&mut self, num_questions: usize) {
        self.begun.clear();
        self.verdicts.distinct.clear();
        self.verdicts.places.clear();
        // Each is overwritten.
        self.verdicts.places.resize(num_questions, u32::MAX);
    }

    /// Note the verdict of a lookup, or that it waits.
    fn settle(
        &mut self,
        file: &FilterFile,
        question: u32,
        lookup: Lookup<'_>,
        waiting: &mut Vec<Asker>,
    ) {
        match lookup.waiting() {
            Some(wants) => waiting.push(Asker {
                waiting: wants,
                question,
                begun: self.begun(lookup.answers()),
            }),
            None => {
                let verdict = lookup.verdict();
                self.verdict(question, verdict.map_err(|error| file.error(error.into())));
            }
        }
    }

    fn verdict(&mut self, question: u32, verdict: Result<Verdict, FileError>) {
        let distinct = &mut self.verdicts.distinct;
        let known = match &verdict {
            Ok(verdict) => distinct
                .iter()
                .position(|known| known.as_ref().is_ok_and(|known| known == verdict)),
            // Those who want the same sector come one after the other.
            Err(error) => distinct.len().checked_sub(1).filter(|last| {
                let last = distinct[*last].as_ref();
                last.is_err_and(|last| last.is_as(error))
            }),
        };
        self.verdicts.places[question as usize] = known.unwrap_or(distinct.len()) as u32;
        if known.is_none() {
            distinct.push(verdict);
        }
    }

    fn begun(&mut self, answers: &Answers) -> u32 {
        let known = self.begun.iter().position(|known| known == answers);
        known.unwrap_or_else(|| {
            self.begun.push(answers.clone());
            self.begun.len() - 1
        }) as u32
    }
}
