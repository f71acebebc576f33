//! Where sectors come from, and the blocking helpers over it.

use core::fmt;

use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::header::Header;
use crate::identifier::Identifier;
use crate::lookup::Lookup;
use crate::opening::Opening;
use crate::sector::{SECTOR_BYTES, Sector, SectorIndex};
use crate::trust::{Step, Trust};
use crate::verdict::Verdict;

/// The files that a card may hold a filter in, in its top folder. There are two, so that one
/// can be replaced while the other is whole.
pub const CARD_FILE_NAMES: [&str; 2] = ["LEAKS.LSV", "LEAKS2.LSV"];

/// What makes one of two valid files the newer one: its epoch, then when it was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Age {
    /// [`Header::epoch`].
    pub epoch: u32,
    /// [`Header::created_unix_s`].
    pub created_unix_s: u64,
}

impl Age {
    /// Of a file.
    pub const fn of(header: &Header) -> Self {
        Self {
            epoch: header.epoch,
            created_unix_s: header.created_unix_s,
        }
    }
}

/// Which of several valid files a reader takes, by their ages (`None`: not valid): the
/// newest, and the first of equals.
pub fn newest(ages: &[Option<Age>]) -> Option<usize> {
    let mut newest: Option<(usize, Age)> = None;
    for (index, age) in ages.iter().enumerate() {
        match (*age, newest) {
            (Some(age), Some((_, highest))) if age <= highest => {}
            (Some(age), _) => newest = Some((index, age)),
            (None, _) => {}
        }
    }
    newest.map(|(index, _)| index)
}

/// Something that sectors are read from: a card, a file, flash in the address space.
pub trait SectorSource {
    /// Why a read failed.
    type Error;

    /// Number of whole sectors that can be read. More than the file has is no harm.
    ///
    /// # Errors
    /// When the medium cannot be asked.
    fn num_sectors(&mut self) -> Result<u32, Self::Error>;

    /// Read one sector into the buffer.
    ///
    /// # Errors
    /// When not all 512 bytes could be read.
    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> Result<(), Self::Error>;
}

/// The sector is past the end of a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct NoSuchSector(pub SectorIndex);

impl fmt::Display for NoSuchSector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no sector {}", self.0)
    }
}

impl core::error::Error for NoSuchSector {}

/// A file in memory, or in flash that is part of the address space.
impl SectorSource for &[u8] {
    type Error = NoSuchSector;

    fn num_sectors(&mut self) -> Result<u32, NoSuchSector> {
        Ok(u32::try_from(self.len() / SECTOR_BYTES).unwrap_or(u32::MAX))
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> Result<(), NoSuchSector> {
        let sectors: &[Sector] = self.as_chunks().0;
        let sector = usize::try_from(index.0)
            .ok()
            .and_then(|index| sectors.get(index))
            .ok_or(NoSuchSector(index))?;
        *buffer = *sector;
        Ok(())
    }
}

/// Why a blocking helper has no result. There is no third reason, so a `match` needs no other arm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum ReadError<E> {
    /// The source could not be read.
    Source(E),
    /// What was read is not believed, or does not fit.
    Filter(Error),
}

impl<E> From<Error> for ReadError<E> {
    fn from(error: Error) -> Self {
        Self::Filter(error)
    }
}

impl<E: fmt::Display> fmt::Display for ReadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) => error.fmt(f),
            Self::Filter(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for ReadError<E> {
    /// The cause of the error that is held. [`Display`](fmt::Display) writes that error itself.
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Source(error) => error.source(),
            Self::Filter(error) => error.source(),
        }
    }
}

/// Read and verify a file's header: 1 to 4 sectors; of a signed file also its signature,
/// and the tags that are kept.
///
/// # Errors
/// As [`Opening`], or the source's own.
pub fn open<S: SectorSource>(
    source: &mut S,
    buffer: &mut Sector,
    trust: &Trust<'_>,
) -> Result<Catalogue, ReadError<S::Error>> {
    let mut opening = Opening::new();
    open_in(&mut opening, source, buffer, trust)?;
    Ok(opening.finish()?.clone())
}

/// As [`open`], in a place of the caller's: for devices, whose stack has no room for it.
///
/// # Errors
/// As [`open`].
pub fn open_in<'o, S: SectorSource>(
    opening: &'o mut Opening,
    source: &mut S,
    buffer: &mut Sector,
    trust: &Trust<'_>,
) -> Result<&'o Catalogue, ReadError<S::Error>> {
    // Of what was opened before nothing stays, whatever fails.
    opening.begin(0);
    opening.begin(source.num_sectors().map_err(ReadError::Source)?);
    while let Some(index) = opening.wants() {
        source
            .read_sector(index, buffer)
            .map_err(ReadError::Source)?;
        opening.supply(buffer, trust)?;
    }
    Ok(opening.finish()?)
}

/// Look an identifier up: up to [`Catalogue::sectors_per_dataset`] are read for each dataset
/// that covers it.
///
/// # Errors
/// [`Error::SectorDamaged`], [`Error::NotAsSigned`], [`Error::NoSuchLayer`], or the source's own.
pub fn check<S: SectorSource>(
    catalogue: &Catalogue,
    identifier: Identifier<'_>,
    source: &mut S,
    buffer: &mut Sector,
) -> Result<Verdict, ReadError<S::Error>> {
    answer(catalogue.lookup(identifier), source, buffer)
}

/// Bring a lookup to its end.
///
/// # Errors
/// As [`check`].
pub fn answer<S: SectorSource>(
    mut lookup: Lookup<'_>,
    source: &mut S,
    buffer: &mut Sector,
) -> Result<Verdict, ReadError<S::Error>> {
    while let Some(index) = lookup.wants() {
        source
            .read_sector(index, buffer)
            .map_err(ReadError::Source)?;
        lookup.supply(buffer)?;
    }
    Ok(lookup.verdict()?)
}

/// Read every page and plan of a file, and in a signed file prove each: what [`check`] would find
/// of any identifier is then no error.
///
/// # Errors
/// [`Error::SectorDamaged`], [`Error::NotAsSigned`], or the source's own.
pub fn verify_pages<S: SectorSource>(
    catalogue: &Catalogue,
    source: &mut S,
    buffer: &mut Sector,
) -> Result<(), ReadError<S::Error>> {
    let (first, num_sectors) = catalogue.header().sectors_of_datasets();
    // The header's check keeps the sum below 2^32.
    for index in first.0..first.0.saturating_add(num_sectors as u32) {
        read_proven(catalogue, source, SectorIndex(index), buffer, |_| ())?;
    }
    Ok(())
}

/// Read one sector of a page or a plan, and in a signed file prove it, up to the root. `take` is
/// given the sector before it is proven, and the buffer then holds those above it: after an error
/// nothing that was taken may be used.
///
/// # Errors
/// As [`verify_pages`].
pub fn read_proven<S: SectorSource>(
    catalogue: &Catalogue,
    source: &mut S,
    index: SectorIndex,
    buffer: &mut Sector,
    take: impl FnOnce(&Sector),
) -> Result<(), ReadError<S::Error>> {
    source
        .read_sector(index, buffer)
        .map_err(ReadError::Source)?;
    take(buffer);
    let mut step = catalogue.prove(index, buffer, None)?;
    while let Step::Above(above, path) = step {
        source
            .read_sector(above, buffer)
            .map_err(ReadError::Source)?;
        step = catalogue.prove(above, buffer, Some(path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn errors_are_said_in_the_words_of_what_failed() {
        let source = NoSuchSector(SectorIndex(70));
        assert_eq!(source.to_string(), "there is no sector 70");
        assert_eq!(
            ReadError::Source(source).to_string(),
            "there is no sector 70"
        );
        let error = Error::NotAFilter;
        assert_eq!(
            ReadError::<NoSuchSector>::Filter(error).to_string(),
            error.to_string()
        );
        assert!(!error.to_string().is_empty());
    }

    #[test]
    fn the_newest_valid_file_and_the_first_of_equals() {
        let age = |epoch, created_unix_s| {
            Some(Age {
                epoch,
                created_unix_s,
            })
        };
        for (ages, index) in [
            ([None, None], None),
            ([age(0, 9), None], Some(0)),
            ([None, age(0, 9)], Some(1)),
            ([age(3, 9), age(3, 9)], Some(0)),
            ([age(3, 9), age(3, 10)], Some(1)),
            ([age(3, 10), age(3, 9)], Some(0)),
            ([age(3, 10), age(4, 9)], Some(1)),
            ([age(4, 9), age(3, 10)], Some(0)),
        ] {
            assert_eq!(newest(&ages), index);
        }
    }
}
