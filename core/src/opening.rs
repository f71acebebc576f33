//! A file's first sectors -> what can be asked of it.

use crate::catalogue::Catalogue;
use crate::error::Error;
use crate::header::{self, FIXED_BYTES, Fixed, MAX_HEADER_SECTORS};
use crate::sector::{PAYLOAD_BYTES, Payload, Sector, SectorIndex, split, verify};
use crate::trust::{Signed, Trust};

/// Reads what a file begins with. Needs 1 to [`MAX_HEADER_SECTORS`] sectors, in order; of a
/// signed file then its last sector, and at most 4 tag sectors above the tags that are kept.
///
/// About 7 KiB, most of which is the [`Catalogue`] that it makes.
#[derive(Debug)]
pub struct Opening {
    available_sectors: u32,
    stage: Stage,
    fixed: Option<Fixed>,
    /// The header's sectors, their checksums left out.
    payloads: heapless::Vec<u8, { MAX_HEADER_SECTORS as usize * PAYLOAD_BYTES }>,
    catalogue: Catalogue,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// A sector of the header.
    Header { next: u32 },
    /// The signature.
    Signature,
    /// The tag sectors that [`Signed`] wants.
    Tags,
    /// Nothing: all is verified.
    Finished,
}

impl Opening {
    /// Of no file yet.
    pub const fn new() -> Self {
        Self {
            available_sectors: 0,
            stage: Stage::Header { next: 0 },
            fixed: None,
            payloads: heapless::Vec::new(),
            catalogue: Catalogue::EMPTY,
        }
    }

    /// Begin with a file of so many whole sectors. What was read before is forgotten.
    pub fn begin(&mut self, available_sectors: u32) {
        self.available_sectors = available_sectors;
        self.stage = Stage::Header { next: 0 };
        self.fixed = None;
        self.payloads.clear();
        self.forget();
    }

    /// Nothing can be asked of what was not verified.
    fn forget(&mut self) {
        self.catalogue.header.datasets.clear();
        self.catalogue.header.root = None;
        self.catalogue.signed = None;
    }

    /// The sector to supply next, or `None` when all is verified, or the file ends before.
    pub fn wants(&self) -> Option<SectorIndex> {
        let wanted = match self.stage {
            Stage::Header { next } => SectorIndex(next),
            Stage::Signature => self.catalogue.header.signature_sector(),
            Stage::Tags => self.catalogue.signed.as_ref()?.wants()?,
            Stage::Finished => return None,
        };
        (wanted.0 < self.available_sectors).then_some(wanted)
    }

    /// Take the sector that [`wants`](Self::wants) named.
    ///
    /// # Errors
    /// [`Error::NotAFilter`], [`Error::SectorDamaged`], [`Error::UnsupportedVersion`],
    /// [`Error::HeaderTooLarge`], [`Error::HeaderMalformed`],
    /// [`Error::NormalisationVersion`], [`Error::Truncated`] when the file is shorter than
    /// its header says; what [`Trust`] does not accept; of a signed file
    /// [`Error::BadSignature`], [`Error::NotAsSigned`] or [`Error::CannotVerify`]. The same
    /// sector may then be read and supplied again.
    pub fn supply(&mut self, sector: &Sector, trust: &Trust<'_>) -> Result<(), Error> {
        let Some(index) = self.wants() else {
            return Ok(());
        };
        let fixed = match self.fixed {
            Some(fixed) => fixed,
            None => {
                let (fixed, version) = Fixed::parse(split(sector).0)?;
                verify(fixed.file_id, index, sector)?;
                fixed.check(version)?;
                fixed
            }
        };
        let payload = verify(fixed.file_id, index, sector)?;
        match self.stage {
            Stage::Header { next } => self.supply_header(next, fixed, payload, trust),
            Stage::Signature => self.supply_signature(payload, trust),
            Stage::Tags => self.supply_tags(fixed, payload),
            Stage::Finished => Ok(()),
        }
    }

    fn supply_header(
        &mut self,
        next: u32,
        fixed: Fixed,
        payload: &Payload,
        trust: &Trust<'_>,
    ) -> Result<(), Error> {
        // What a sector that was refused has left here is written over.
        self.payloads.truncate(next as usize * PAYLOAD_BYTES);
        self.payloads
            .extend_from_slice(payload)
            .map_err(|_| Error::HeaderTooLarge {
                bytes: fixed.header_bytes.into(),
            })?;
        let num_header_sectors = fixed.num_header_sectors();
        if num_header_sectors > self.available_sectors {
            return Err(self.truncated(num_header_sectors));
        }
        self.fixed = Some(fixed);
        let next = next.saturating_add(1);
        if next < num_header_sectors {
            self.stage = Stage::Header { next };
            return Ok(());
        }
        let stage = self.read_header(fixed, trust);
        match stage {
            Ok(stage) => self.stage = stage,
            Err(_) => {
                self.forget();
                if next == 1 {
                    // Another first sector may say another length.
                    self.fixed = None;
                }
            }
        }
        stage.map(drop)
    }

    fn read_header(&mut self, fixed: Fixed, trust: &Trust<'_>) -> Result<Stage, Error> {
        let body = self.payloads.get(FIXED_BYTES..).unwrap_or(&[]);
        self.catalogue.file_id = fixed.file_id;
        header::parse_into(&mut self.catalogue.header, body, fixed)?;
        let header = &self.catalogue.header;
        if self.available_sectors < header.num_sectors {
            return Err(self.truncated(header.num_sectors));
        }
        if header.root.is_some() {
            return Ok(Stage::Signature);
        }
        trust.judge(None, header.epoch)?;
        Ok(Stage::Finished)
    }

    /// Not inlined: what verifies a signature leaves the stack with it.
    #[inline(never)]
    fn supply_signature(&mut self, payload: &Payload, trust: &Trust<'_>) -> Result<(), Error> {
        let header = &self.catalogue.header;
        let (Some(tree), Some(root)) = (header.tree(), header.root) else {
            return Err(Error::Unfinished);
        };
        let signed = Signed::verify(
            self.catalogue.file_id,
            self.payloads.as_chunks().0,
            payload,
            tree,
            root,
        )?;
        trust.judge(Some(signed.signer()), header.epoch)?;
        self.catalogue.signed = Some(signed);
        self.stage = Stage::Tags;
        self.settle();
        Ok(())
    }

    fn supply_tags(&mut self, fixed: Fixed, payload: &Payload) -> Result<(), Error> {
        if let Some(signed) = &mut self.catalogue.signed {
            signed.supply(fixed.file_id, payload)?;
        }
        self.settle();
        Ok(())
    }

    /// Are all tags there that are kept?
    fn settle(&mut self) {
        let signed = self.catalogue.signed.as_ref();
        if signed.is_some_and(|signed| signed.wants().is_none()) {
            self.stage = Stage::Finished;
        }
    }

    /// What was read, once [`wants`](Self::wants) is `None`.
    ///
    /// # Errors
    /// [`Error::Unfinished`], or [`Error::NotAFilter`] when the file has not one sector: then
    /// nothing tells a filter that was cut from another file.
    pub fn finish(&self) -> Result<&Catalogue, Error> {
        match self.stage {
            Stage::Finished => Ok(&self.catalogue),
            _ if self.available_sectors == 0 => Err(Error::NotAFilter),
            _ => Err(Error::Unfinished),
        }
    }

    const fn truncated(&self, expected_sectors: u32) -> Error {
        Error::Truncated {
            expected_sectors,
            found_sectors: self.available_sectors,
        }
    }
}

impl Default for Opening {
    fn default() -> Self {
        Self::new()
    }
}
