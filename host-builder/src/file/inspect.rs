//! What a file says of itself.

use leaksieve_core::identifier::{IdScheme, PasswordOrigin, Separators};
use leaksieve_core::verdict::system_clock;
use leaksieve_core::{Dataset, Profile};
use serde::Serialize;

use super::FilterFile;
use super::words::{covers, date};
use crate::dates::day_of;
use crate::sizing::encoding::{self, as_f64, bits_per_item};
use crate::sizing::expected_reads;

/// What a file says of itself, as `leaksieve inspect` and Python tell it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The file's id, hexadecimal.
    pub file_id: String,
    /// Version of the format.
    pub format_version: u16,
    /// Length of the file; bytes.
    pub size_bytes: u64,
    /// Sectors that the header speaks of, itself included.
    pub num_sectors: u32,
    /// When it was made; seconds since 1970-01-01 UTC.
    pub created_unix_s: u64,
    /// Counter of publications; 0: not used.
    pub epoch: u32,
    /// Day on which a newer file should be got; `None`: never.
    pub expires: Option<String>,
    /// The same; seconds since 1970-01-01 UTC.
    pub expires_unix_s: Option<u64>,
    /// By the system's clock.
    pub has_expired: bool,
    /// The key that signed it, hexadecimal; `None`: nobody did.
    pub signer: Option<String>,
    /// What a question reads at most of each dataset, those that prove the others included.
    pub sectors_per_dataset: u32,
    /// The leaks in it.
    pub datasets: Vec<DatasetReport>,
}

/// A leak of a file.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DatasetReport {
    /// Name of the breach.
    pub name: String,
    /// When it happened; `None`: unknown.
    pub date: Option<String>,
    /// Where the list came from; may be empty.
    pub source_note: String,
    /// Kind of its identifiers.
    pub kind: &'static str,
    /// What it can be asked about.
    pub covers: String,
    /// Version of the rules that made its items.
    pub normalisation_version: u8,
    /// `bloom`, `ribbon` or `exact`.
    pub encoding: &'static str,
    /// Of a Bloom filter: probes an item.
    pub num_hashes: Option<u8>,
    /// Of a ribbon: columns of its pages, or the fewest and the most.
    pub columns: Option<Vec<u8>>,
    /// Sectors that a question reads on average; tag sectors apart.
    pub mean_reads: f64,
    /// Sectors that each reading of a question reads at most.
    pub most_reads: u32,
    /// Distinct items.
    pub num_items: u64,
    /// Lines that could not be read.
    pub num_rejected: u64,
    /// Lines that were stored in several readings.
    pub num_extra: u64,
    /// Hashes that were seen fewer times are not in it; `None`: all are.
    pub min_count: Option<u32>,
    /// Of passwords: `passwords`, `not_all_utf8` or `hashes`.
    pub origin: Option<&'static str>,
    /// Of telephone numbers: did the list's lines without a plus begin with the calling code?
    pub has_calling_codes: Option<bool>,
    /// Of plain ids: do blanks and dashes count?
    pub separators: Option<&'static str>,
    /// Of telephone numbers: sectors of the numbering plan.
    pub plan_sectors: Option<u16>,
    /// Sectors of it that a question reads at most.
    pub plan_most_reads: Option<u8>,
    /// First sector of its pages.
    pub first_sector: u32,
    /// Sectors of its pages.
    pub num_sectors: u32,
    /// Size of the pages, checksums included; bits.
    pub bits_per_item: f64,
    /// Rates, 0 to 1; 0: there is no false alarm.
    pub false_positive_rate: Rates,
}

/// False-positive rates, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Rates {
    /// What was aimed at.
    pub designed: f64,
    /// That of the pages as they are.
    pub measured: f64,
}

impl Report {
    /// Of an open file.
    pub fn new(file: &FilterFile) -> Self {
        let catalogue = file.catalogue();
        let header = catalogue.header();
        let expires_unix_s = (header.expires_unix_s != 0).then_some(header.expires_unix_s);
        Self {
            file_id: catalogue.file_id().to_string(),
            format_version: leaksieve_core::header::FORMAT_VERSION,
            size_bytes: file.num_bytes(),
            num_sectors: header.num_sectors,
            created_unix_s: header.created_unix_s,
            epoch: header.epoch,
            expires: expires_unix_s.map(day_of),
            has_expired: header.has_expired(system_clock()),
            sectors_per_dataset: catalogue.sectors_per_dataset(),
            signer: catalogue.signer().map(|key| key.to_string()),
            expires_unix_s,
            datasets: header.datasets.iter().map(DatasetReport::new).collect(),
        }
    }
}

impl DatasetReport {
    fn new(dataset: &Dataset) -> Self {
        let has_plan = dataset.plan.num_sectors > 0;
        Self {
            name: dataset.name.to_string(),
            date: date(dataset),
            source_note: dataset.source_note.to_string(),
            kind: dataset.profile.kind().name(),
            covers: covers(dataset),
            normalisation_version: dataset.normalisation_version,
            encoding: encoding::name(&dataset.encoding),
            num_hashes: encoding::num_hashes(&dataset.encoding),
            columns: encoding::columns(&dataset.encoding),
            mean_reads: expected_reads(dataset),
            most_reads: encoding::most_reads(
                &dataset.encoding,
                dataset.num_sectors,
                dataset.num_extra,
            ),
            num_items: dataset.num_items,
            num_rejected: dataset.num_rejected,
            num_extra: dataset.num_extra,
            min_count: (dataset.min_count != 0).then_some(dataset.min_count),
            origin: match dataset.profile {
                Profile::Password(_, origin) => origin_name(origin),
                _ => None,
            },
            has_calling_codes: match &dataset.profile {
                Profile::Phone(phone) => Some(phone.has_calling_codes),
                _ => None,
            },
            separators: match dataset.profile {
                Profile::Id(IdScheme::Plain(_, separators)) => separators_name(separators),
                _ => None,
            },
            plan_sectors: has_plan.then_some(dataset.plan.num_sectors),
            plan_most_reads: has_plan.then_some(dataset.plan.max_reads),
            first_sector: dataset.first_sector.0,
            num_sectors: dataset.num_sectors,
            bits_per_item: bits_per_item(dataset),
            false_positive_rate: Rates {
                designed: as_f64(dataset.designed),
                measured: as_f64(dataset.measured),
            },
        }
    }
}

const fn origin_name(origin: PasswordOrigin) -> Option<&'static str> {
    match origin {
        PasswordOrigin::Passwords => Some("passwords"),
        PasswordOrigin::NotAllUtf8 => Some("not_all_utf8"),
        PasswordOrigin::Hashes => Some("hashes"),
        _ => None,
    }
}

const fn separators_name(separators: Separators) -> Option<&'static str> {
    match separators {
        Separators::Ignore => Some("ignore"),
        Separators::Keep => Some("keep"),
        _ => None,
    }
}
