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

use core::fmt;
use core::ops::Range;

use serde::Serialize;

use crate::arithmetic::divided;
pub use crate::encoding::Encoding;
use crate::encoding::bloom;
use crate::error::{Error, HeaderDefect};
use crate::fields::Fields;
use crate::hash::HashFunction;
use crate::identifier::{NORMALISATION_VERSION, Profile, is_invisible};
use crate::sector::{FileId, PAYLOAD_BYTES, Payload, Sector, SectorIndex, seal};
use crate::trust::{TAG_BYTES, Tag, Tree};

/// The first eight bytes of a file. As in PNG, the first is no ASCII, and the line
/// ends show a copy that was mangled as text.
pub const MAGIC: [u8; 8] = *b"\x93LSV\r\n\x1a\n";
/// The format that this code reads and writes.
pub const FORMAT_VERSION: u16 = 1;

const MAGIC_FIELD: Range<usize> = 0..8;
const VERSION_FIELD: Range<usize> = 8..10;
const LENGTH_FIELD: Range<usize> = 10..12;
const PROTECTION_FIELD: Range<usize> = 12..13;
const RESERVED_FIELD: Range<usize> = 13..16;
const FILE_ID_FIELD: Range<usize> = 16..32;
/// The protection byte of a file that has checksums only.
const UNSIGNED: u8 = 0;
/// The protection byte of a file with a hash tree and a signature.
const SIGNED: u8 = 1;
/// Bytes of sector 0 before the postcard header: 32.
pub const FIXED_BYTES: usize = FILE_ID_FIELD.end;

/// Most sectors that a header may take: 4.
pub const MAX_HEADER_SECTORS: u32 = 4;
/// Longest postcard header: 2,000 bytes.
pub const MAX_HEADER_BYTES: usize = MAX_HEADER_SECTORS as usize * PAYLOAD_BYTES - FIXED_BYTES;
/// Most datasets of a file: 8.
pub const MAX_DATASETS_OF_A_FILE: usize = 8;
/// Most datasets of a file that this build reads: 8, or 2 with the feature `two-datasets`, which
/// is for devices that have no RAM for more.
pub const MAX_DATASETS: usize = if cfg!(feature = "two-datasets") {
    2
} else {
    MAX_DATASETS_OF_A_FILE
};
/// Sectors of a signature, behind the tags: 1.
const SIGNATURE_SECTORS: u64 = 1;
/// Longest name of a breach: 64 bytes of UTF-8.
pub const MAX_NAME_BYTES: usize = 64;
/// Longest note on a source: 96 bytes of UTF-8.
pub const MAX_SOURCE_NOTE_BYTES: usize = 96;

/// A text of a header: at most `N` bytes of UTF-8, no control characters.
pub type Text<const N: usize> = heapless::String<N>;

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
    pub datasets: heapless::Vec<Dataset, MAX_DATASETS>,
    /// Root of the hash tree of a signed file. It stands behind the datasets.
    #[serde(skip)]
    pub root: Option<Tag>,
}

/// One leaked set of identifiers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Dataset {
    /// Name of the breach.
    pub name: Text<MAX_NAME_BYTES>,
    /// When it happened.
    pub date: Date,
    /// Where the list came from; may be empty.
    pub source_note: Text<MAX_SOURCE_NOTE_BYTES>,
    /// Version of the rules in [`crate::identifier`] that made the items.
    pub normalisation_version: u8,
    /// Kind of identifier, and its rules.
    pub profile: Profile,
    /// Distinct items; at least 1.
    #[serde(with = "postcard::fixint::le")]
    pub num_items: u64,
    /// Lines of the source that gave no item: the file says nothing about them.
    #[serde(with = "postcard::fixint::le")]
    pub num_rejected: u64,
    /// The list counts its entries, and those with a lower count were left out: the file
    /// says nothing about them. 0 when nothing was left out; never 1.
    #[serde(with = "postcard::fixint::le")]
    pub min_count: u32,
    /// How items become bits.
    pub encoding: Encoding,
    /// How items are hashed.
    pub hash: HashFunction,
    /// First sector of the pages.
    pub first_sector: SectorIndex,
    /// Number of pages, each a sector; at least 1.
    #[serde(with = "postcard::fixint::le")]
    pub num_sectors: u32,
    /// False-positive rate that the builder aimed at.
    pub designed: Rate,
    /// False-positive rate of the pages as they are, the hash collisions within a page
    /// included. Of a Bloom filter: the mean over all pages of `(ones / 4064) ^ num_hashes`.
    /// Of a ribbon: see "Rate" in [`format`](crate::format).
    pub measured: Rate,
}

/// A day, a month or a year; what is unknown is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Date {
    /// Year of the common era, 0 when unknown.
    #[serde(with = "postcard::fixint::le")]
    pub year: u16,
    /// 1 to 12, 0 when unknown.
    pub month: u8,
    /// 1 to 31, 0 when unknown.
    pub day: u8,
}

impl Date {
    fn is_possible(self) -> bool {
        self.month <= 12
            && self.day <= 31
            && (self.year != 0 || self.month == 0)
            && (self.month != 0 || self.day == 0)
    }
}

/// `2021-06-11`, `2021-06`, `2021`, or `date unknown`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.year == 0 {
            return f.write_str("date unknown");
        }
        // All of one type, so that a device has the code for one.
        write!(f, "{:04}", u32::from(self.year))?;
        [self.month, self.day]
            .iter()
            .take_while(|part| **part != 0)
            .try_for_each(|part| write!(f, "-{:02}", u32::from(*part)))
    }
}

/// A false-positive rate, in units of 1e-18. An integer, so that a device without a
/// floating-point unit can say "1 in N".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[serde(transparent)]
pub struct Rate(#[serde(with = "postcard::fixint::le")] u64);

impl Rate {
    /// Units of the rate 1: 10^18.
    pub const ONE: u64 = 1_000_000_000_000_000_000;

    /// A rate of so many units of 1e-18, at least one unit and at most 1.
    pub const fn from_units(units: u64) -> Self {
        match units {
            0 => Self(1),
            Self::ONE.. => Self(Self::ONE),
            units => Self(units),
        }
    }

    /// The rate in units of 1e-18.
    pub const fn units(self) -> u64 {
        self.0
    }

    /// N of "1 in N", rounded to the nearest.
    pub const fn one_in(self) -> u64 {
        match self.0 {
            0 => u64::MAX,
            units => divided(Self::ONE + units / 2, units).0,
        }
    }

    const fn is_possible(self) -> bool {
        0 < self.0 && self.0 <= Self::ONE
    }
}

impl Header {
    /// A header that nothing was read into: no dataset, which no file has.
    pub(crate) const EMPTY: Self = Self {
        num_sectors: 0,
        created_unix_s: 0,
        epoch: 0,
        expires_unix_s: 0,
        datasets: heapless::Vec::new(),
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

    /// Is the file past the day on which a newer one should be there? What was leaked since
    /// is not in it, so who has a clock takes its "not exposed" for none.
    pub const fn has_expired(&self, now_unix_s: u64) -> bool {
        self.expires_unix_s != 0 && self.expires_unix_s <= now_unix_s
    }

    /// The layout of a signed file's tree, over the pages of all datasets. `None` when
    /// there is no page, or there are 2^32 or more.
    pub fn tree(&self) -> Option<Tree> {
        let first = self.datasets.first()?.first_sector;
        let num_pages = self
            .datasets
            .iter()
            .map(|dataset| u64::from(dataset.num_sectors));
        Some(Tree::new(
            first,
            u32::try_from(num_pages.sum::<u64>()).ok()?,
        ))
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
            if u64::from(dataset.first_sector.0) != next || dataset.num_sectors == 0 {
                return Err(HeaderDefect::SectorRange.into());
            }
            next += u64::from(dataset.num_sectors);
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

impl Dataset {
    /// Of no leak: a place to read one into.
    const EMPTY: Self = Self {
        name: Text::new(),
        date: Date {
            year: 0,
            month: 0,
            day: 0,
        },
        source_note: Text::new(),
        normalisation_version: 0,
        profile: Profile::Email,
        num_items: 0,
        num_rejected: 0,
        min_count: 0,
        encoding: Encoding::Bloom { num_hashes: 0 },
        hash: HashFunction::Xxh3 { seed: 0 },
        first_sector: SectorIndex(0),
        num_sectors: 0,
        designed: Rate(0),
        measured: Rate(0),
    };

    fn read(&mut self, fields: &mut Fields<'_>) -> Result<(), HeaderDefect> {
        fields.text(&mut self.name)?;
        self.date = Date {
            year: fields.u16()?,
            month: fields.u8()?,
            day: fields.u8()?,
        };
        fields.text(&mut self.source_note)?;
        self.normalisation_version = fields.u8()?;
        self.profile.read(fields)?;
        self.num_items = fields.u64()?;
        self.num_rejected = fields.u64()?;
        self.min_count = fields.u32()?;
        self.encoding = Encoding::read(fields)?;
        self.hash = HashFunction::read(fields)?;
        self.first_sector = SectorIndex(fields.u32()?);
        self.num_sectors = fields.u32()?;
        self.designed = Rate(fields.u64()?);
        self.measured = Rate(fields.u64()?);
        Ok(())
    }

    fn check(&self) -> Result<(), Error> {
        if self.normalisation_version != NORMALISATION_VERSION {
            return Err(Error::NormalisationVersion {
                found: self.normalisation_version,
            });
        }
        let defect = if self.num_items == 0 {
            HeaderDefect::NoItems
        } else if self.min_count == 1 {
            HeaderDefect::MinCount
        } else if let Some(defect) = self.encoding_defect() {
            defect
        } else if !(self.designed.is_possible() && self.measured.is_possible()) {
            HeaderDefect::FalsePositiveRate
        } else if !self.date.is_possible() {
            HeaderDefect::Date
        } else if [self.name.as_str(), self.source_note.as_str()]
            .iter()
            .any(|text| text.chars().any(|c| c.is_control() || is_invisible(c)))
        {
            HeaderDefect::ControlCharacter
        } else if !self.profile.is_possible() {
            HeaderDefect::PhoneProfile
        } else {
            return Ok(());
        };
        Err(defect.into())
    }

    fn encoding_defect(&self) -> Option<HeaderDefect> {
        match &self.encoding {
            Encoding::Bloom { num_hashes } => {
                (!(1..=bloom::MAX_HASHES).contains(num_hashes)).then_some(HeaderDefect::NumHashes)
            }
            Encoding::Ribbon(ribbon) if !ribbon.has_possible_columns() => {
                Some(HeaderDefect::Columns)
            }
            Encoding::Ribbon(ribbon) => {
                (!ribbon.has_possible_layers(self.num_sectors)).then_some(HeaderDefect::Layers)
            }
        }
    }

    /// The sector of a page.
    pub(crate) const fn sector_of(&self, page: u32) -> SectorIndex {
        // The header's check keeps the sum below 2^32.
        SectorIndex(self.first_sector.0.saturating_add(page))
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    const fn date(year: u16, month: u8, day: u8) -> Date {
        Date { year, month, day }
    }

    #[test]
    fn dates_that_can_be_and_how_they_are_said() {
        for (date, text) in [
            (date(0, 0, 0), "date unknown"),
            (date(2021, 0, 0), "2021"),
            (date(2021, 6, 0), "2021-06"),
            (date(2021, 12, 31), "2021-12-31"),
            (date(7, 1, 2), "0007-01-02"),
        ] {
            assert!(date.is_possible(), "{date:?}");
            assert_eq!(date.to_string(), text);
        }
        for date in [
            date(0, 6, 0),
            date(0, 0, 5),
            date(0, 6, 5),
            date(2021, 0, 5),
            date(2021, 13, 1),
            date(2021, 12, 32),
        ] {
            assert!(!date.is_possible(), "{date:?}");
        }
    }

    #[test]
    fn a_rate_as_one_in_so_many() {
        for (units, one_in) in [
            (Rate::ONE, 1),
            (Rate::ONE / 2, 2),
            (Rate::ONE / 1000, 1000),
            (Rate::ONE / 3, 3),
            (1, Rate::ONE),
            // 1 in 1.5 is nearer to 2, and 1 in 2.4 to 2.
            (Rate::ONE / 3 * 2, 2),
            (Rate::ONE / 24 * 10, 2),
            (Rate::ONE / 26 * 10, 3),
        ] {
            assert_eq!(Rate::from_units(units).one_in(), one_in, "{units}");
            assert_eq!(Rate::from_units(units).units(), units);
        }
        assert_eq!(Rate::from_units(0).units(), 1);
        assert_eq!(Rate::from_units(u64::MAX).units(), Rate::ONE);
        assert_eq!(Rate(0).one_in(), u64::MAX);
        assert!(!Rate(0).is_possible() && !Rate(Rate::ONE + 1).is_possible());
    }
}
