//! Questions of a host, and what a device says to each.
//!
//! A host asks one thing at a time and waits for the answer. Whatever is asked may be asked
//! again when no answer came: asking twice does what asking once does.

use leaksieve_core::header::MAX_DATASETS;
use leaksieve_core::{List, Outcome};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Bytes of a filter that one message carries: 256, half a sector. Of flash that is written a
/// page at a time, a whole page.
pub const PIECE_BYTES: usize = 256;

/// Version of these messages: it goes up when one of them changes.
pub const LINK_VERSION: u8 = 2;

/// Longest text of a device: 160 bytes of UTF-8. What is longer is cut.
pub const MAX_TEXT_BYTES: usize = 160;

/// What a host asks. It has no `Debug`: one of them holds an identifier.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request<'a> {
    /// Which device is there, and which filter is asked? [`Response::Info`].
    Info,
    /// [`PIECE_BYTES`] of that filter's file, from this offset on, a multiple of them.
    /// [`Response::Bytes`].
    Read {
        /// From the file's start, bytes.
        offset: u32,
    },
    /// Was this text in a leak? [`Response::Verdict`].
    Check(&'a [u8]),
    /// Make the slot that is not asked ready for a file. [`Response::Done`].
    Begin {
        /// All of the file.
        num_sectors: u32,
    },
    /// The file's next bytes: [`PIECE_BYTES`]. [`Response::Done`].
    Write {
        /// From the file's start, bytes.
        offset: u32,
        /// What lies there.
        bytes: &'a [u8],
    },
    /// Verify the file, every sector; then use it, and give the other slot up.
    /// [`Response::Done`] means that it is asked from now on.
    Finish {
        /// The file's id.
        #[serde(serialize_with = "write_id", deserialize_with = "read_id")]
        file_id: [u8; 16],
    },
}

/// What a device says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response<'a> {
    /// To [`Request::Info`].
    Info(Info<'a>),
    /// To [`Request::Read`].
    Bytes(&'a [u8]),
    /// To [`Request::Check`].
    Verdict(Verdict),
    /// It was done.
    Done,
    /// It was not done: why, and what to do next, as the console says it.
    Refused(&'a str),
    /// What came was no message, or a damaged one: ask again.
    Garbled,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info<'a> {
    /// [`LINK_VERSION`] of the device; it stays the first field.
    pub link_version: u8,
    /// Of the firmware: `leaksieve 0.1.0`.
    pub version: &'a str,
    /// Name of the board.
    pub board: &'a str,
    /// The largest file that the device can take over this link, bytes. 0: its filters lie on
    /// a card, which it does not write.
    pub slot_bytes: u32,
    /// Keys that it trusts; with none it accepts any file.
    pub num_keys: u8,
    /// The lowest epoch that it accepts.
    pub lowest_epoch: u32,
    /// The deepest that its stack has been, and all that there is; bytes.
    pub stack: Option<(u32, u32)>,
    /// What is asked.
    pub filter: Option<Mounted<'a>>,
    /// Why nothing is, or which other file was passed over, and why.
    pub trouble: &'a str,
}

/// The filter that is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mounted<'a> {
    /// Name of the slot or file that it lies in.
    pub slot: &'a str,
    /// The file's id.
    #[serde(serialize_with = "write_id", deserialize_with = "read_id")]
    pub file_id: [u8; 16],
    /// Sectors of the file.
    pub num_sectors: u32,
}

/// What each dataset said. One that is not named was not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The file that was asked.
    #[serde(serialize_with = "write_id", deserialize_with = "read_id")]
    pub file_id: [u8; 16],
    /// In the file's order, kind by kind.
    pub answers: List<Answer, MAX_DATASETS>,
}

/// What one dataset said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its number in the file.
    pub dataset: u8,
    /// What it said.
    pub said: Said,
    /// Readings of the text that it was asked for.
    pub num_readings: u8,
}

/// An outcome without its reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Said {
    /// It has the text, or this is a false alarm.
    Exposed,
    /// It covers the text, and does not have it.
    NotExposed,
    /// It says nothing about such a text.
    NotCovered,
    /// It could not be read, nor could the others of its kind.
    Unreadable,
}

impl From<Outcome> for Said {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Exposed => Self::Exposed,
            Outcome::Absent => Self::NotExposed,
            Outcome::NotCovered(_) => Self::NotCovered,
        }
    }
}

/// An id is a text of 16 bytes: one by one, as serde has an array, they would take a quarter of
/// the link's code.
fn write_id<S: Serializer>(file_id: &[u8; 16], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(file_id)
}

fn read_id<'a, D: Deserializer<'a>>(deserializer: D) -> Result<[u8; 16], D::Error> {
    let bytes = <&[u8]>::deserialize(deserializer)?;
    bytes
        .try_into()
        .map_err(|_| D::Error::custom("not an id of 16 bytes"))
}
