//! What a file says of itself: its datasets, where they lie, and what they cover.
//!
//! Sector 0 starts with a fixed part, then comes the [`Header`] in postcard's wire
//! format, running on into as many sectors as it needs. Every integer of it has a
//! fixed width (`postcard::fixint`), so that a header's length depends on its texts
//! and phone rules alone: the builder knows where the first page goes before it has
//! counted anything.
//!
//! ```text
//! sector 0   0       8         10       12           13         16        32                  508  512
//!            | magic | version | length | protection | reserved | file id | postcard header .. | CRC |
//! sector 1   0                                                                                508  512
//!            | .. postcard header, root of a signed file, then zeros                            | CRC |
//! ```

use core::ops::Range;

use serde::Serialize;

use crate::bounded::List;
pub use crate::dataset::{Dataset, Date, MAX_NAME_BYTES, MAX_SOURCE_NOTE_BYTES, PlanSectors, Rate};
pub use crate::encoding::Encoding;
use crate::error::{Error, HeaderDefect};
use crate::fields::Fields;
use crate::sector::{FileId, PAYLOAD_BYTES, Payload, Sector, SectorIndex, seal};
use crate::trust::{TAG_BYTES, Tag, Tree};
pub use crate::units::{
    FIXED_BYTES, FORMAT_VERSION, MAX_DATASETS, MAX_DATASETS_OF_A_FILE,
    MAX_DATASETS_OF_A_SMALL_DEVICE, MAX_HEADER_BYTES, MAX_HEADER_SECTORS,
};

/// The first eight bytes of a file. As in PNG, the first is no ASCII, and the line
/// ends show a copy that was mangled as text.
pub const MAGIC: [u8; 8] = *b"\x93LSV\r\n\x1a\n";
const MAGIC_FIELD: Range<usize> = 0..8;
const VERSION_FIELD: Range<usize> = 8..10;
const LENGTH_FIELD: Range<usize> = 10..12;
const PROTECTION_FIELD: Range<usize> = 12..13;
const RESERVED_FIELD: Range<usize> = 13..16;
const FILE_ID_FIELD: Range<usize> = 16..FIXED_BYTES;
/// The protection byte of a file that has checksums only.
const UNSIGNED: u8 = 0;
/// The protection byte of a file with a hash tree and a signature.
const SIGNED: u8 = 1;
/// Sectors of a signature, behind the tags: 1.
const SIGNATURE_SECTORS: u64 = 1;

/// The header of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Header {
    /// Sectors of the whole file, header included.
    #[serde(with = "postcard::fixint::le")]
    pub num_sectors: u32,
    /// When the file was made; seconds since 1970-01-01 UTC.
    #[serde(with = "postcard::fixint::le")]
    pub created_unix_s: u64,
    /// Counter that grows with each publication, for roll-back protection; 0 when unused.
    #[serde(with = "postcard::fixint::le")]
    pub epoch: u32,
    /// When the file should be replaced; seconds since 1970-01-01 UTC, 0 for never.
    #[serde(with = "postcard::fixint::le")]
    pub expires_unix_s: u64,
    /// 1 to [`MAX_DATASETS_OF_A_FILE`], in the order of their sectors.
    pub datasets: List<Dataset, MAX_DATASETS>,
    /// Root of the hash tree of a signed file. It stands behind the datasets.
    #[serde(skip)]
    pub root: Option<Tag>,
}

impl Header {
    /// A header that nothing was read into: no dataset, which no file has.
    pub(crate) const EMPTY: Self = Self {
        num_sectors: 0,
        created_unix_s: 0,
        epoch: 0,
        expires_unix_s: 0,
        datasets: List::new(),
        root: None,
    };

    /// Sectors that the header itself takes, when its postcard form has so many bytes.
    const fn sectors_for(header_bytes: usize) -> u32 {
        (FIXED_BYTES + header_bytes).div_ceil(PAYLOAD_BYTES) as u32
    }

    /// The header's sectors, to be written at the start of file `file_id`.
    ///
    /// # Errors
    /// [`Error::HeaderTooLarge`], or the [`HeaderDefect`] that a reader would find.
    pub fn encode(&self, file_id: FileId) -> Result<EncodedHeader, Error> {
        let mut bytes = [0; MAX_HEADER_SECTORS as usize * PAYLOAD_BYTES];
        let (fixed, body) = bytes.split_at_mut(FIXED_BYTES);
        let encoded_sectors = self.num_header_sectors()?;
        self.check(encoded_sectors)?;
        let mut length = postcard::to_slice(self, body)
            .map_err(|_| HeaderDefect::Unreadable)?
            .len();
        if let (Some(root), Some(place)) = (self.root, body.get_mut(length..)) {
            for (place, byte) in place.iter_mut().zip(root.0) {
                *place = byte;
            }
            length += TAG_BYTES;
        }
        let protection = match self.root {
            None => UNSIGNED,
            Some(_) => SIGNED,
        };
        for (field, value) in [
            (MAGIC_FIELD, MAGIC.as_slice()),
            (VERSION_FIELD, &FORMAT_VERSION.to_le_bytes()),
            (LENGTH_FIELD, &(length as u16).to_le_bytes()),
            (PROTECTION_FIELD, &[protection]),
            (FILE_ID_FIELD, &file_id.0),
        ] {
            fixed[field].copy_from_slice(value);
        }
        Ok(EncodedHeader {
            file_id,
            bytes,
            num_sectors: encoded_sectors,
        })
    }

    /// Sectors that this header takes. It does not depend on counts, rates, seeds, sector
    /// numbers or an encoding's parameters, so it can be asked before those are known.
    ///
    /// # Errors
    /// [`Error::HeaderTooLarge`].
    pub fn num_header_sectors(&self) -> Result<u32, Error> {
        let length = postcard::experimental::serialized_size(self)
            .map_err(|_| HeaderDefect::Unreadable)?
            + self.root.map_or(0, |root| root.0.len());
        if length > MAX_HEADER_BYTES {
            return Err(Error::HeaderTooLarge {
                bytes: u32::try_from(length).unwrap_or(u32::MAX),
            });
        }
        Ok(Self::sectors_for(length))
    }

    /// Is the file past the day on which a newer one should be there? `now_unix_s` is the time in
    /// seconds since 1970-01-01 UTC, as of [`system_clock`](crate::verdict::system_clock); `None`:
    /// there is no clock, and nothing is known to have expired.
    pub const fn has_expired(&self, now_unix_s: Option<u64>) -> bool {
        match now_unix_s {
            Some(now_unix_s) => self.expires_unix_s != 0 && self.expires_unix_s <= now_unix_s,
            None => false,
        }
    }

    /// The sectors of all datasets, plans and pages: the first of them, and how many.
    pub fn sectors_of_datasets(&self) -> (SectorIndex, u64) {
        let first = self
            .datasets
            .first()
            .map_or(SectorIndex(0), |d| d.sectors().0);
        let each = self.datasets.iter().map(|dataset| dataset.sectors().1);
        (first, each.sum())
    }

    /// Set the datasets' places: they lie one behind the other from this sector on. Gives the
    /// sector behind the last; `None` if it were above 2^32.
    pub fn place_datasets(&mut self, first: u32) -> Option<u32> {
        let mut end = first;
        for dataset in &mut self.datasets {
            let first_page = end.checked_add(dataset.plan.num_sectors.into())?;
            dataset.first_sector = SectorIndex(first_page);
            end = first_page.checked_add(dataset.num_sectors)?;
        }
        Some(end)
    }

    /// The layout of a signed file's tree, over the sectors of all datasets. `None` when
    /// there is none, or there are 2^32 or more.
    pub fn tree(&self) -> Option<Tree> {
        let (first, num_sectors) = self.sectors_of_datasets();
        let num_sectors = u32::try_from(num_sectors).ok()?;
        (!self.datasets.is_empty()).then(|| Tree::new(first, num_sectors))
    }

    /// Where a signed file's signature is: its last sector.
    pub const fn signature_sector(&self) -> SectorIndex {
        SectorIndex(self.num_sectors.saturating_sub(1))
    }

    /// Can all of this be? `header_sectors` is the length of the header itself.
    fn check(&self, header_sectors: u32) -> Result<(), Error> {
        if self.datasets.is_empty() {
            return Err(HeaderDefect::NoDataset.into());
        }
        let mut next = u64::from(header_sectors);
        for dataset in &self.datasets {
            dataset.check()?;
            let first_page = next + u64::from(dataset.plan.num_sectors);
            if u64::from(dataset.first_sector.0) != first_page || dataset.num_sectors == 0 {
                return Err(HeaderDefect::SectorRange.into());
            }
            next = first_page + u64::from(dataset.num_sectors);
        }
        if self.root.is_some() {
            // A tree of that many pages would not fit a file, either.
            let num_tag_sectors = self
                .tree()
                .ok_or(HeaderDefect::SectorRange)?
                .num_tag_sectors();
            next += u64::from(num_tag_sectors) + SIGNATURE_SECTORS;
        }
        if next != u64::from(self.num_sectors) {
            return Err(HeaderDefect::SectorRange.into());
        }
        Ok(())
    }
}

/// A header as it is written.
#[derive(Clone)]
pub struct EncodedHeader {
    file_id: FileId,
    bytes: [u8; MAX_HEADER_SECTORS as usize * PAYLOAD_BYTES],
    num_sectors: u32,
}

impl EncodedHeader {
    /// The header's sectors, sealed, in order: 1 to [`MAX_HEADER_SECTORS`].
    pub fn sectors(&self) -> impl Iterator<Item = Sector> + '_ {
        let payloads: &[Payload] = self.bytes.as_chunks().0;
        (0..self.num_sectors)
            .zip(payloads)
            .map(|(index, payload)| seal(self.file_id, SectorIndex(index), payload))
    }

    /// What a signature is over.
    #[cfg(feature = "signatures")]
    pub fn signed_message(&self) -> crate::trust::SignedMessage {
        let payloads: &[Payload] = self.bytes.as_chunks().0;
        let payloads = payloads.get(..self.num_sectors as usize).unwrap_or(&[]);
        crate::trust::message_of(self.file_id, payloads)
    }
}

/// What sector 0 says before the postcard header begins. Its checksum is not checked
/// here: that needs the file id, which this gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fixed {
    pub(crate) file_id: FileId,
    pub(crate) header_bytes: u16,
    protection: u8,
    reserved: [u8; 3],
}

impl Fixed {
    /// # Errors
    /// [`Error::NotAFilter`].
    pub(crate) fn parse(payload: &Payload) -> Result<(Self, u16), Error> {
        if payload.get(MAGIC_FIELD) != Some(&MAGIC) {
            return Err(Error::NotAFilter);
        }
        let fixed = Self {
            file_id: FileId(field(payload, FILE_ID_FIELD)),
            header_bytes: u16::from_le_bytes(field(payload, LENGTH_FIELD)),
            protection: u8::from_le_bytes(field(payload, PROTECTION_FIELD)),
            reserved: field(payload, RESERVED_FIELD),
        };
        Ok((fixed, u16::from_le_bytes(field(payload, VERSION_FIELD))))
    }

    /// To be called once the checksum was found right.
    ///
    /// # Errors
    /// [`Error::UnsupportedVersion`], [`Error::HeaderTooLarge`], [`Error::CannotVerify`],
    /// [`HeaderDefect::ReservedBytes`] or [`HeaderDefect::Protection`].
    pub(crate) fn check(self, version: u16) -> Result<(), Error> {
        if version != FORMAT_VERSION {
            return Err(Error::UnsupportedVersion { found: version });
        }
        if self.reserved != [0; 3] {
            return Err(HeaderDefect::ReservedBytes.into());
        }
        match self.protection {
            UNSIGNED => {}
            SIGNED if cfg!(feature = "signatures") => {}
            SIGNED => return Err(Error::CannotVerify),
            _ => return Err(HeaderDefect::Protection.into()),
        }
        if usize::from(self.header_bytes) > MAX_HEADER_BYTES {
            return Err(Error::HeaderTooLarge {
                bytes: self.header_bytes.into(),
            });
        }
        Ok(())
    }

    pub(crate) const fn num_header_sectors(self) -> u32 {
        Header::sectors_for(self.header_bytes as usize)
    }
}

/// Read a header from all payload bytes of its sectors behind the fixed part. The place
/// for it is the caller's.
pub(crate) fn parse_into(header: &mut Header, bytes: &[u8], fixed: Fixed) -> Result<(), Error> {
    header.datasets.clear();
    let (body, padding) = bytes
        .split_at_checked(fixed.header_bytes.into())
        .ok_or(HeaderDefect::Unreadable)?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err(HeaderDefect::ReservedBytes.into());
    }
    let mut fields = Fields::new(body);
    header.num_sectors = fields.u32()?;
    header.created_unix_s = fields.u64()?;
    header.epoch = fields.u32()?;
    header.expires_unix_s = fields.u64()?;
    let num_datasets = fields.varint()? as usize;
    let has_room = num_datasets <= MAX_DATASETS;
    if !has_room && num_datasets <= MAX_DATASETS_OF_A_FILE {
        let found = u8::try_from(num_datasets).unwrap_or(u8::MAX);
        return Err(Error::TooManyDatasets { found });
    }
    for _ in 0..num_datasets {
        header
            .datasets
            .push(Dataset::EMPTY)
            .map_err(|_| HeaderDefect::Unreadable)?;
        if let Some(dataset) = header.datasets.last_mut() {
            dataset.read(&mut fields)?;
        }
    }
    header.root = None;
    if fixed.protection == SIGNED {
        header.root = Some(Tag(fields.array()?));
    }
    if !fields.is_empty() {
        return Err(HeaderDefect::TrailingBytes.into());
    }
    header.check(fixed.num_header_sectors())
}

/// A fixed-width field; its range is a constant within the payload.
fn field<const N: usize>(payload: &Payload, range: Range<usize>) -> [u8; N] {
    payload
        .get(range)
        .and_then(|bytes| bytes.try_into().ok())
        .unwrap_or([0; N])
}
