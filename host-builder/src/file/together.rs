//! Many questions at once, asked in the order of the pages.

use leaksieve_core::identifier::phone::Shortcuts;
use leaksieve_core::sector::{SECTOR_BYTES, Sector};
use leaksieve_core::{Identifier, Verdict};

use super::{FileError, FilterFile};

/// Asks many questions of a file at once. Each thread has one of its own, and keeps it: its memory
/// is used again.
#[derive(Debug)]
pub struct Together<'f> {
    file: &'f FilterFile,
    shortcuts: &'f [Option<Shortcuts>],
    sector: Sector,
    verdicts: Verdicts,
}

/// What a file says of many identifiers. Equal verdicts are kept once.
#[derive(Debug, Default)]
pub struct Verdicts {
    distinct: Vec<Result<Verdict, FileError>>,
    places: Vec<u32>,
}

impl Verdicts {
    /// The verdicts that were given, and the errors; no verdict is there twice.
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
    pub const fn together<'f>(&'f self, shortcuts: &'f [Option<Shortcuts>]) -> Together<'f> {
        Together {
            file: self,
            shortcuts,
            sector: [0; SECTOR_BYTES],
            verdicts: Verdicts {
                distinct: Vec::new(),
                places: Vec::new(),
            },
        }
    }
}

impl Together<'_> {
    /// Look identifiers up, fewer than 2^32: what [`FilterFile::check`] says of each. A sector that
    /// cannot be read, or is damaged, is an error of those questions alone that need it. As there,
    /// no verdict is [of a time](Verdict::at).
    pub fn check(&mut self, identifiers: &[Identifier<'_>]) -> &Verdicts {
        let Verdicts { distinct, places } = &mut self.verdicts;
        distinct.clear();
        places.clear();
        for identifier in identifiers {
            let verdict =
                self.file
                    .check_by_shortcuts(*identifier, self.shortcuts, &mut self.sector);
            let known = distinct.iter().position(|known| match (known, &verdict) {
                (Ok(known), Ok(verdict)) => known == verdict,
                _ => false,
            });
            places.push(known.unwrap_or(distinct.len()) as u32);
            if known.is_none() {
                distinct.push(verdict);
            }
        }
        &self.verdicts
    }
}
