//! Sectors that are verified once, for many questions: for a host, which asks millions.

use std::vec::Vec;

use crate::catalogue::Catalogue;
use crate::sector::{Payload, Sector, SectorIndex, verify};
use crate::source::ReadError;
use crate::trust::Step;

/// A sector of a page or a plan whose checksum is right, and which in a signed file is the one that
/// was signed. Only [`Catalogue::verified`] makes one.
#[derive(Clone, Copy, Debug)]
pub struct Verified<'s> {
    pub(crate) catalogue: &'s Catalogue,
    pub(crate) index: SectorIndex,
    pub(crate) payload: &'s Payload,
}

/// Of a signed file, the tag sectors that the last page was proven by, from the lowest up: most
/// pages have them in common with the page before. Of use with one catalogue alone.
#[derive(Debug, Default)]
pub struct ProvenTags(Vec<(SectorIndex, Payload)>);

impl Catalogue {
    /// Verify a sector of a page or a plan, and in a signed file prove it. `tags` are those of this
    /// file that were proven before, empty at first; `read` reads the tag sectors that are not
    /// among them. If sectors are verified in order, it reads none twice.
    ///
    /// # Errors
    /// [`Error::SectorDamaged`](crate::Error::SectorDamaged) and
    /// [`Error::NotAsSigned`](crate::Error::NotAsSigned), or that of `read`.
    pub fn verified<'s, E>(
        &'s self,
        index: SectorIndex,
        sector: &'s Sector,
        tags: &mut ProvenTags,
        mut read: impl FnMut(SectorIndex, &mut Sector) -> Result<(), E>,
    ) -> Result<Verified<'s>, ReadError<E>> {
        let verified = Verified {
            catalogue: self,
            index,
            payload: verify(self.file_id, index, sector)?,
        };
        let Some(signed) = &self.signed else {
            return Ok(verified);
        };
        let mut step = signed.prove(self.file_id, index, verified.payload, None)?;
        // Believed only when all above them was.
        let mut unproven: Vec<(SectorIndex, Payload)> = Vec::new();
        while let Step::Above(above, path) = step {
            let known = tags.0.get(unproven.len());
            if let Some((_, payload)) = known.filter(|(index, _)| *index == above) {
                signed.agrees(payload, &path)?;
                break;
            }
            let mut sector = [0; size_of::<Sector>()];
            read(above, &mut sector).map_err(ReadError::Source)?;
            let payload = verify(self.file_id, above, &sector)?;
            step = signed.prove(self.file_id, above, payload, Some(path))?;
            unproven.push((above, *payload));
        }
        for (level, proven) in unproven.into_iter().enumerate() {
            match tags.0.get_mut(level) {
                Some(place) => *place = proven,
                None => tags.0.push(proven),
            }
        }
        Ok(verified)
    }
}

impl Verified<'_> {
    /// Where it was read.
    pub const fn index(&self) -> SectorIndex {
        self.index
    }
}
