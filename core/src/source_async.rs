//! The helpers of [`crate::source`] for sources that are awaited, such as an SD or flash
//! driver of an async runtime.
//!
//! Like the blocking ones they carry sectors to [`Opening`] and [`Lookup`], and know nothing
//! themselves. Any executor will do.

use crate::catalogue::Catalogue;
use crate::identifier::Identifier;
use crate::lookup::Lookup;
use crate::opening::Opening;
use crate::sector::{Sector, SectorIndex};
use crate::source::ReadError;
use crate::trust::Trust;
use crate::verdict::Verdict;

/// As [`SectorSource`](crate::SectorSource), awaited.
#[allow(
    async_fn_in_trait,
    reason = "whether a future may go to another thread is for the source to say"
)]
pub trait AsyncSectorSource {
    /// Why a read failed.
    type Error;

    /// Number of whole sectors that can be read. More than the file has is no harm.
    ///
    /// # Errors
    /// When the medium cannot be asked.
    async fn num_sectors(&mut self) -> Result<u32, Self::Error>;

    /// Read one sector into the buffer.
    ///
    /// # Errors
    /// When not all 512 bytes could be read.
    async fn read_sector(
        &mut self,
        index: SectorIndex,
        buffer: &mut Sector,
    ) -> Result<(), Self::Error>;
}

/// As [`crate::source::open_in`].
///
/// # Errors
/// As there.
pub async fn open_in<'o, S: AsyncSectorSource>(
    opening: &'o mut Opening,
    source: &mut S,
    buffer: &mut Sector,
    trust: &Trust<'_>,
) -> Result<&'o Catalogue, ReadError<S::Error>> {
    // Of what was opened before nothing stays, whatever fails, or if this is never finished.
    opening.begin(0);
    opening.begin(source.num_sectors().await.map_err(ReadError::Source)?);
    while let Some(index) = opening.wants() {
        let read = source.read_sector(index, buffer).await;
        read.map_err(ReadError::Source)?;
        opening.supply(buffer, trust)?;
    }
    Ok(opening.finish()?)
}

/// As [`crate::source::check`].
///
/// # Errors
/// As there.
pub async fn check<S: AsyncSectorSource>(
    catalogue: &Catalogue,
    identifier: Identifier<'_>,
    source: &mut S,
    buffer: &mut Sector,
) -> Result<Verdict, ReadError<S::Error>> {
    answer(catalogue.lookup(identifier), source, buffer).await
}

/// As [`crate::source::answer`].
///
/// # Errors
/// As there.
pub async fn answer<S: AsyncSectorSource>(
    mut lookup: Lookup<'_>,
    source: &mut S,
    buffer: &mut Sector,
) -> Result<Verdict, ReadError<S::Error>> {
    while let Some(index) = lookup.wants() {
        let read = source.read_sector(index, buffer).await;
        read.map_err(ReadError::Source)?;
        lookup.supply(buffer)?;
    }
    Ok(lookup.verdict()?)
}
