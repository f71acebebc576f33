//! `leaksieve inspect`

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use leaksieve::dates::day_of;
use leaksieve::file::inspect::Report;
use leaksieve::file::words::covers;
use leaksieve::sizing::encoding::bits_per_item;
use leaksieve::sizing::expected_reads;
use leaksieve_core::header::Rate;
use leaksieve_core::identifier::PasswordOrigin;
use leaksieve_core::{Dataset, Profile};

use super::arguments::Format;
use super::text::{count, one_in, several, size};
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

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let file = self.trust.open(&self.file)?;
        let header = file.catalogue().header();
        let signer = file.catalogue().signer();
        trust::warn_if_expired(&file);
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => {
                let report = Report::new(&file);
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
