//! Why a file, or a sector of it, is not believed.

use core::fmt;

use crate::trust::key::PublicKey;
use crate::units::{FORMAT_VERSION, MAX_DATASETS, MAX_HEADER_BYTES, SectorIndex};

/// Why there is no answer. None of these is ever "not exposed".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Error {
    /// The first sector does not begin with the magic bytes, or is not there whole.
    NotAFilter,
    /// A format that this code does not read.
    UnsupportedVersion {
        /// Version in the file.
        found: u16,
    },
    /// The checksum of a sector is wrong: it was changed, stands in another place,
    /// or belongs to another file.
    SectorDamaged {
        /// Where it was read.
        index: SectorIndex,
        /// CRC-32C in the sector.
        stored: u32,
        /// CRC-32C of what was read.
        computed: u32,
    },
    /// The file has fewer sectors than its header says.
    Truncated {
        /// Sectors that the header asks for.
        expected_sectors: u32,
        /// Whole sectors that there are.
        found_sectors: u32,
    },
    /// The header is longer than [`MAX_HEADER_BYTES`].
    HeaderTooLarge {
        /// Length that sector 0 states, or the header to be written needs; bytes.
        bytes: u32,
    },
    /// The header's checksum is right, but what it says cannot be.
    HeaderMalformed(HeaderDefect),
    /// The dataset's identifiers were normalised by other rules than this code's.
    NormalisationVersion {
        /// Version in the file.
        found: u8,
    },
    /// A verdict was asked for before every sector was supplied.
    Unfinished,
    /// Signed, and this code was built without what verifies signatures (the feature
    /// `signatures`).
    CannotVerify,
    /// Not signed, where only files of known signers are accepted.
    Unsigned,
    /// Signed by a key that is none of those that are accepted. The signature is right.
    UnknownSigner {
        /// The key that signed.
        key: PublicKey,
    },
    /// The header is not what the file's key signed.
    BadSignature,
    /// A page, or a tag sector above it, is not the one that was signed, though its
    /// checksum is right.
    NotAsSigned {
        /// The lowest sector whose tag does not agree with what is above it.
        index: SectorIndex,
    },
    /// An older publication than the oldest that is accepted.
    EpochTooLow {
        /// Epoch of the file.
        found: u32,
        /// Lowest that is accepted.
        lowest: u32,
    },
    /// So much newer than the oldest accepted publication that it cannot be the next.
    EpochTooHigh {
        /// Epoch of the file.
        found: u32,
        /// Highest that is accepted.
        highest: u32,
    },
    /// A page of a dataset's last layer sends a question to the next one.
    NoSuchLayer {
        /// The page's sector.
        index: SectorIndex,
    },
    /// A page of an exact set is whole, and what it says cannot be.
    PageMalformed {
        /// The page's sector.
        index: SectorIndex,
    },
    /// A sector of a numbering plan is whole, and what it says cannot be.
    PlanMalformed {
        /// The sector.
        index: SectorIndex,
    },
    /// The file is whole, and has more datasets than this build has room for:
    /// [`MAX_DATASETS`](crate::header::MAX_DATASETS).
    TooManyDatasets {
        /// Datasets of the file.
        found: u8,
    },
}

const CANNOT_VERIFY: &str =
    "signed, and this program was built without signatures: use one that was built with them";

/// What a header says that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum HeaderDefect {
    /// Bytes that are no header: cut short, a text over its limit, more datasets
    /// than the limit, or a kind, encoding or hash that this code does not know.
    Unreadable,
    /// Bytes behind the header's end.
    TrailingBytes,
    /// A reserved byte is not zero.
    ReservedBytes,
    /// Neither unsigned nor signed in a way that this code knows.
    Protection,
    /// No dataset.
    NoDataset,
    /// A dataset of no items.
    NoItems,
    /// A lowest count of 1, which leaves nothing out and is written 0.
    MinCount,
    /// Datasets that overlap, leave a gap, or do not end with the file.
    SectorRange,
    /// A number of probes outside 1 to [`MAX_HASHES`](crate::encoding::bloom::MAX_HASHES).
    NumHashes,
    /// A rate that is 0 or above 1.
    FalsePositiveRate,
    /// A month above 12, or a day above 31.
    Date,
    /// A control character, or an invisible one, in a name or note.
    ControlCharacter,
    /// A phone profile that no region can have.
    PhoneProfile,
    /// Telephone numbers without a numbering plan, or a plan of other identifiers.
    Plan,
    /// A number of columns outside 1 to [`MAX_COLUMNS`](crate::encoding::ribbon::MAX_COLUMNS).
    Columns,
    /// Layers that have more pages than the dataset, none behind others that have, or too
    /// many.
    Layers,
    /// An exact set of identifiers that are no numbers.
    Numbers,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // All numbers are of one type, so that a device has the code for one.
        match *self {
            Self::NotAFilter => {
                f.write_str("not a leaksieve file, or its first sector is damaged or cut off")
            }
            Self::UnsupportedVersion { found } => write!(
                f,
                "format version {}, but this program reads version {}: update the program",
                u32::from(found),
                u32::from(FORMAT_VERSION)
            ),
            Self::SectorDamaged {
                index,
                stored,
                computed,
            } => write!(
                f,
                "sector {index} is damaged or belongs to another file (checksum {stored:08x}, computed {computed:08x})"
            ),
            Self::Truncated {
                expected_sectors,
                found_sectors,
            } => write!(
                f,
                "cut short: {found_sectors} of {expected_sectors} sectors are there"
            ),
            Self::HeaderTooLarge { bytes } => {
                write!(
                    f,
                    "header of {bytes} bytes, over the limit of {MAX_HEADER_BYTES}"
                )
            }
            Self::HeaderMalformed(defect) => write!(f, "the header is not valid: {defect}"),
            Self::NormalisationVersion { found } => write!(
                f,
                "normalised by rules of version {}, which this program does not have: update the program, or build the file again",
                u32::from(found)
            ),
            Self::Unfinished => f.write_str("the lookup was not finished"),
            Self::CannotVerify => f.write_str(CANNOT_VERIFY),
            // No signature is looked at then.
            Self::Unsigned
            | Self::UnknownSigner { .. }
            | Self::BadSignature
            | Self::NotAsSigned { .. }
                if !cfg!(feature = "signatures") =>
            {
                f.write_str(CANNOT_VERIFY)
            }
            Self::Unsigned => {
                f.write_str("not signed, and only files that a trusted key signed are accepted")
            }
            Self::UnknownSigner { key } => {
                write!(f, "signed by {key}, which is not a trusted key")
            }
            Self::BadSignature => {
                f.write_str("the signature is wrong: the header was changed after it was signed")
            }
            Self::NotAsSigned { index } => {
                write!(
                    f,
                    "sector {index} is not the one that was signed: it was forged"
                )
            }
            Self::EpochTooLow { found, lowest } => write!(
                f,
                "epoch {found} is too old: at least {lowest} is accepted, because a newer file replaced this one"
            ),
            Self::PlanMalformed { index } => write!(
                f,
                "the numbering plan in sector {index} is not valid: the file was built wrong"
            ),
            Self::PageMalformed { index } => write!(
                f,
                "sector {index} holds impossible numbers: the file was built wrong"
            ),
            Self::NoSuchLayer { index } => write!(
                f,
                "sector {index} names a layer that is missing: the file was built wrong"
            ),
            Self::TooManyDatasets { found } => write!(
                f,
                "holds {} leaks, and this device has room for {MAX_DATASETS}: use a file with fewer",
                u32::from(found)
            ),
            Self::EpochTooHigh { found, highest } => write!(
                f,
                "epoch {found} is too far ahead: at most {highest} is accepted"
            ),
        }
    }
}

impl fmt::Display for HeaderDefect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "unreadable, or from a newer program",
            Self::TrailingBytes => "bytes after its end",
            Self::ReservedBytes => "a reserved byte is not zero",
            Self::Protection => "signed in a way that only a newer program knows",
            Self::NoDataset => "it has no dataset",
            Self::NoItems => "a dataset without items",
            Self::MinCount => "an impossible lowest count",
            Self::SectorRange => "datasets overlap, leave a gap or pass the file's end",
            Self::NumHashes => "an impossible number of probes",
            Self::FalsePositiveRate => "an impossible false-positive rate",
            Self::Date => "an impossible date",
            Self::ControlCharacter => "a control character in a text",
            Self::PhoneProfile => "impossible phone rules",
            Self::Plan => "phone numbers without a numbering plan, or a plan without phone numbers",
            Self::Columns => "an impossible number of columns",
            Self::Layers => "impossible layers",
            Self::Numbers => "an exact set of other than numbers",
        })
    }
}

impl core::error::Error for Error {}
impl core::error::Error for HeaderDefect {}

impl From<HeaderDefect> for Error {
    fn from(defect: HeaderDefect) -> Self {
        Self::HeaderMalformed(defect)
    }
}
