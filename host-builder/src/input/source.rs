//! Files, streams and columns in memory -> raw identifiers, in batches with their line numbers.
//!
//! Memory is bounded whatever an input holds: a batch is about 1 MiB, and what is
//! longer than [`MAX_RECORD_BYTES`] is cut there, to be rejected later.

pub(crate) mod batch;
mod charset;
mod column;
mod compression;
mod error;
mod files;
mod gather;
pub(crate) mod hash_count;
mod input;
pub(crate) mod json;
mod layout;
pub(crate) mod lines;
#[cfg(feature = "parquet")]
mod parquet;
mod read;
pub(crate) mod record;
mod start;
mod table;
mod values;

pub use self::batch::Batch;
pub use self::charset::{Charset, UnknownCharset};
pub use self::column::{Column, Delimiter, NameIsIdentifier, NoDelimiter, called};
pub use self::error::{Remedy, SourceError};
pub(crate) use self::files::range_prefix;
pub use self::files::{Found, check_ranges, find};
pub(crate) use self::gather::BATCH_VALUES as LOOK_VALUES;
pub use self::gather::Gather;
pub use self::input::{Input, MAX_RECORD_BYTES};
pub use self::layout::{Form, Layout, NEGATIVE_NUMBER, may_be_numbers};
pub use self::lines::{LineBatches, split as split_lines};
pub use self::read::{content, read};
pub use self::record::{Fault, Record};
pub use self::values::{ValueSource, Values};
