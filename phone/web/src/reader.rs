//! One file, opened and asked by sectors that somebody else reads.

use leaksieve_core::sector::SECTOR_BYTES;
use leaksieve_core::{
    Error, Identifier, IdentifierKind, Lookup, Opening, PublicKey, Sector, SectorIndex, Trust,
};

use crate::report;

/// Room for an identifier. More than the core takes, so that it is the core which says
/// that one is too long.
pub const TEXT_BYTES: usize = 4096;
/// Room for what [`report`] writes: eight datasets with the longest texts are 6 KiB.
pub const JSON_BYTES: usize = 8 << 10;
/// Most sectors that one question reads, each once. Eight signed datasets of telephone numbers
/// read 640 for a number of four readings that no plan has. A file that needs more gives no
/// answer.
const MAX_SECTORS: usize = 1024;

/// Reads one file. About 550 KiB, all zero at first: so it takes no room in the module.
pub struct Reader {
    /// The sector to be supplied.
    pub sector: Sector,
    /// The identifier to ask about.
    pub text: [u8; TEXT_BYTES],
    /// The only key whose files are accepted, if one is pinned.
    pub key: PublicKey,
    /// What [`result`](Self::result) wrote.
    pub json: [u8; JSON_BYTES],
    size_bytes: u64,
    is_pinned: bool,
    opening: Opening,
    stage: Stage,
    /// The sectors that were read for the question. A [`Lookup`] borrows its catalogue, so
    /// that none is kept between calls: each call goes through it anew, with these.
    supplied: heapless::Vec<(SectorIndex, Sector), MAX_SECTORS>,
}

/// What is going on. With the discriminant in a byte of its own, the first is all zero.
#[repr(u8)]
#[derive(Clone, Copy)]
enum Stage {
    /// The file is opened, or open.
    File,
    /// It is asked about the first bytes of [`Reader::text`].
    Question {
        num_bytes: usize,
        kind: IdentifierKind,
    },
    /// There is no answer.
    Failed(Error),
}

impl Reader {
    /// Of no file yet.
    pub const fn new() -> Self {
        Self {
            sector: [0; SECTOR_BYTES],
            text: [0; TEXT_BYTES],
            key: PublicKey([0; 32]),
            json: [0; JSON_BYTES],
            size_bytes: 0,
            is_pinned: false,
            opening: Opening::new(),
            stage: Stage::File,
            supplied: heapless::Vec::new(),
        }
    }

    /// Begin to open a file of so many bytes. If the key is pinned, only what it signed is
    /// accepted.
    pub fn open(&mut self, size_bytes: u64, is_pinned: bool) {
        self.forget_question();
        self.size_bytes = size_bytes;
        self.is_pinned = is_pinned;
        let num_sectors = size_bytes / SECTOR_BYTES as u64;
        self.opening
            .begin(u32::try_from(num_sectors).unwrap_or(u32::MAX));
    }

    /// Begin to ask about the first bytes of [`text`](Self::text), as the kind of that index
    /// in the file's [`kinds`](report::kinds).
    pub fn ask(&mut self, num_bytes: usize, kind: usize) {
        self.supplied.clear();
        self.stage = match (self.opening.finish(), self.stage) {
            (Ok(catalogue), _) => match report::kinds(catalogue).nth(kind) {
                Some(kind) => Stage::Question { num_bytes, kind },
                None => Stage::Failed(Error::Unfinished),
            },
            (Err(_), Stage::Failed(why)) | (Err(why), _) => Stage::Failed(why),
        };
    }

    /// The sector to supply next; `None` when [`result`](Self::result) is ready.
    pub fn wants(&self) -> Option<SectorIndex> {
        match self.stage {
            Stage::File => self.opening.wants(),
            Stage::Question { num_bytes, kind } => self.lookup(num_bytes, kind).ok()?.wants(),
            Stage::Failed(_) => None,
        }
    }

    /// Take the sector that was wanted. What is wrong with it is told by
    /// [`result`](Self::result).
    pub fn supply(&mut self) {
        let Some(index) = self.wants() else {
            return;
        };
        let supplied = match self.stage {
            Stage::File => {
                let keys = [self.key];
                let keys: &[PublicKey] = if self.is_pinned { &keys } else { &[] };
                self.opening.supply(&self.sector, &Trust::in_keys(keys))
            }
            Stage::Question { num_bytes, kind } => match self.supplied.push((index, self.sector)) {
                Ok(()) => self.lookup(num_bytes, kind).map(drop),
                Err(_) => Err(Error::Unfinished),
            },
            Stage::Failed(why) => Err(why),
        };
        if let Err(why) = supplied {
            self.stage = Stage::Failed(why);
        }
    }

    /// Write what came of it as JSON: of an opening what the file holds, of a question the
    /// verdict, else why there is none. Gives its bytes in [`json`](Self::json): 0 if it did
    /// not fit, which no file's does. A verdict is told once.
    pub fn result(&mut self, now_unix_s: u64) -> usize {
        let mut json = [0; JSON_BYTES];
        let written = match self.write(&mut json, now_unix_s) {
            Ok(written) => written,
            Err(error) => {
                self.stage = Stage::Failed(error);
                report::error(&mut json, error)
            }
        };
        self.json = json;
        // Of a file that was not opened, the reason stays.
        if self.opening.finish().is_ok() {
            self.forget_question();
        }
        written.unwrap_or(0)
    }

    fn write(&self, json: &mut [u8], now_unix_s: u64) -> Result<Option<usize>, Error> {
        match self.stage {
            Stage::File => {
                let catalogue = self.opening.finish()?;
                Ok(report::file(json, catalogue, self.size_bytes, now_unix_s))
            }
            Stage::Question { num_bytes, kind } => {
                let verdict = self.lookup(num_bytes, kind)?.verdict()?;
                let catalogue = self.opening.finish()?;
                Ok(report::verdict(json, catalogue, verdict, now_unix_s))
            }
            Stage::Failed(why) => Err(why),
        }
    }

    /// The question, as far as sectors were supplied.
    fn lookup(&self, num_bytes: usize, kind: IdentifierKind) -> Result<Lookup<'_>, Error> {
        let catalogue = self.opening.finish()?;
        let text = self.text.get(..num_bytes).ok_or(Error::Unfinished)?;
        let mut lookup = catalogue.lookup(Identifier::new(text).of_kind(kind).without_tables());
        // Readings have sectors in common: those of the numbering plan, and of the tags.
        while let Some(wanted) = lookup.wants() {
            let mut supplied = self.supplied.iter();
            let Some((_, sector)) = supplied.find(|(index, _)| *index == wanted) else {
                break;
            };
            lookup.supply(sector)?;
        }
        Ok(lookup)
    }

    fn forget_question(&mut self) {
        self.stage = Stage::File;
        self.supplied.clear();
        self.text.fill(0);
    }
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
