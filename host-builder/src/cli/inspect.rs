//! `leaksieve inspect`

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use leaksieve::sizing::expected_reads;
use leaksieve_core::header::Rate;
use leaksieve_core::identifier::{IdScheme, PasswordOrigin, Separators};
use leaksieve_core::sector::SECTOR_BYTES;
use leaksieve_core::{Dataset, Profile};
use serde::Serialize;

use super::arguments::Format;
use super::sentence::covers;
use super::text::{as_f64, count, day_of, one_in, several, size};
use super::{encoding, trust};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Filter file
    file: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    #[command(flatten)]
    trust: trust::TrustArgs,
}

#[derive(Serialize)]
struct Report {
    file_id: String,
    format_version: u16,
    size_bytes: u64,
    num_sectors: u32,
    created_unix_s: u64,
    epoch: u32,
    expires: Option<String>,
    expires_unix_s: Option<u64>,
    has_expired: bool,
    signer: Option<String>,
    /// What a question reads at most of each dataset, those that prove the others included.
    sectors_per_dataset: u32,
    datasets: Vec<DatasetReport>,
}

#[derive(Serialize)]
struct DatasetReport {
    name: String,
    date: Option<String>,
    source_note: String,
    kind: &'static str,
    covers: String,
    normalisation_version: u8,
    encoding: &'static str,
    num_hashes: Option<u8>,
    columns: Option<Vec<u8>>,
    mean_reads: f64,
    most_reads: u32,
    num_items: u64,
    num_rejected: u64,
    /// Lines that were stored in several readings.
    num_extra: u64,
    min_count: Option<u32>,
    /// Of passwords: `passwords`, `not_all_utf8` or `hashes`.
    origin: Option<&'static str>,
    /// Of telephone numbers: did the list's lines without a plus begin with the calling code?
    has_calling_codes: Option<bool>,
    /// Of plain ids: do blanks and dashes count?
    separators: Option<&'static str>,
    /// Of telephone numbers: the numbering plan.
    plan_sectors: Option<u16>,
    plan_most_reads: Option<u8>,
    first_sector: u32,
    num_sectors: u32,
    bits_per_item: f64,
    false_positive_rate: Rates,
}

#[derive(Serialize)]
struct Rates {
    designed: f64,
    measured: f64,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let file = self.trust.open(&self.file)?;
        let header = file.catalogue().header();
        let signer = file.catalogue().signer();
        trust::warn_if_expired(&file);
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => {
                let report = Report {
                    file_id: file.catalogue().file_id().to_string(),
                    format_version: leaksieve_core::header::FORMAT_VERSION,
                    size_bytes: file.num_bytes(),
                    num_sectors: header.num_sectors,
                    created_unix_s: header.created_unix_s,
                    epoch: header.epoch,
                    expires: (header.expires_unix_s != 0).then(|| day_of(header.expires_unix_s)),
                    has_expired: trust::expired(header).is_some(),
                    sectors_per_dataset: file.catalogue().sectors_per_dataset(),
                    signer: signer.map(|key| key.to_string()),
                    expires_unix_s: (header.expires_unix_s != 0).then_some(header.expires_unix_s),
                    datasets: header.datasets.iter().map(DatasetReport::new).collect(),
                };
                serde_json::to_writer_pretty(&mut out, &report)?;
                writeln!(out)?;
            }
            Format::Text => {
                writeln!(out, "{}", self.file.display())?;
                writeln!(
                    out,
                    "  size      {} in {} sectors",
                    size(file.num_bytes()),
                    count(header.num_sectors.into())
                )?;
                writeln!(out, "  file id   {}", file.catalogue().file_id())?;
                writeln!(out, "  created   {}", day_of(header.created_unix_s))?;
                if header.expires_unix_s != 0 {
                    writeln!(out, "  expires   {}", day_of(header.expires_unix_s))?;
                }
                if header.epoch != 0 {
                    writeln!(out, "  epoch     {}", header.epoch)?;
                }
                match signer {
                    Some(key) if self.trust.has_keys() => {
                        writeln!(out, "  signed    by {key}, which you trust")?;
                    }
                    Some(key) => writeln!(
                        out,
                        "  signed    by {key}; give --key to compare it with a key that you trust"
                    )?,
                    None => writeln!(out, "  signed    no: anyone could have made it")?,
                }
                writeln!(
                    out,
                    "  reads     at most {} per leak for each lookup",
                    several(file.catalogue().sectors_per_dataset().into(), "sector")
                )?;
                for dataset in &header.datasets {
                    describe(dataset, &mut out)?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Sectors of the pages, checksums included, for each item.
fn bits_per_item(dataset: &Dataset) -> f64 {
    f64::from(dataset.num_sectors) * SECTOR_BYTES as f64 * 8.0 / dataset.num_items as f64
}

impl DatasetReport {
    fn new(dataset: &Dataset) -> Self {
        let has_plan = dataset.plan.num_sectors > 0;
        Self {
            name: dataset.name.to_string(),
            date: (dataset.date.year != 0).then(|| dataset.date.to_string()),
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

fn describe(dataset: &Dataset, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{}", dataset.name)?;
    if dataset.date.year != 0 {
        writeln!(out, "  date         {}", dataset.date)?;
    }
    if !dataset.source_note.is_empty() {
        writeln!(out, "  source       {}", dataset.source_note)?;
    }
    writeln!(out, "  covers       {}", covers(dataset))?;
    let read_as = read_as(dataset);
    if !read_as.is_empty() {
        writeln!(out, "  read as      {read_as}")?;
    }
    if dataset.plan.num_sectors > 0 {
        writeln!(
            out,
            "  plan         {}; a number that is not found reads at most {} of them",
            several(dataset.plan.num_sectors.into(), "sector"),
            dataset.plan.max_reads
        )?;
    }
    writeln!(out, "  items        {}", count(dataset.num_items))?;
    if dataset.num_extra > 0 {
        writeln!(
            out,
            "  readings     {} stored in several readings; only one of each is known to have leaked",
            several(dataset.num_extra, "line")
        )?;
    }
    if dataset.num_rejected > 0 {
        let or_no_phone = match dataset.profile {
            Profile::Phone(_) => ", or are numbers that no phone has",
            _ => "",
        };
        writeln!(
            out,
            "  rejected     {} could not be read{or_no_phone}: \"not exposed\" says nothing of them",
            several(dataset.num_rejected, "line")
        )?;
    }
    if dataset.min_count > 0 {
        writeln!(
            out,
            "  min count    {}: hashes that were seen less often are not in the file",
            count(dataset.min_count.into())
        )?;
    }
    writeln!(
        out,
        "  encoding     {}; {:.2} bits per item without the header",
        encoding::describe(
            &dataset.encoding,
            dataset.num_sectors,
            expected_reads(dataset),
            dataset.num_extra
        ),
        bits_per_item(dataset)
    )?;
    match dataset.measured {
        Rate::NONE => writeln!(
            out,
            "  false alarm  none: the numbers themselves are in the file, and anyone can list them"
        ),
        measured => writeln!(
            out,
            "  false alarm  {} measured, {} designed",
            one_in(measured),
            one_in(dataset.designed)
        ),
    }
}

/// How the list's lines were read, where there is a choice.
const fn read_as(dataset: &Dataset) -> &'static str {
    match &dataset.profile {
        Profile::Phone(phone) if phone.is_world() => {
            "numbers with a country code, with + or without"
        }
        Profile::Phone(phone) if phone.has_calling_codes => {
            "numbers that all have a country code, with + or without"
        }
        Profile::Phone(_) => "numbers as they are dialled in the region, or with a country code",
        Profile::Password(_, PasswordOrigin::Passwords) => "passwords",
        Profile::Password(_, PasswordOrigin::NotAllUtf8) => {
            "passwords, some of which are not UTF-8: it cannot say \"not exposed\" of others with letters outside ASCII"
        }
        Profile::Password(_, PasswordOrigin::Hashes) => "hashes of passwords",
        _ => "",
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
