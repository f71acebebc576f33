//! `leaksieve device info`

use std::io::{self, Write};
use std::process::ExitCode;

use leaksieve::dates::day_of;
use leaksieve::deliver::device::Description;
use leaksieve::file::words::{covers, title};
use leaksieve::sizing::odds;
use leaksieve_core::Catalogue;
use serde::Serialize;

use super::port::PortArgs;
use crate::cli::arguments::Format;
use crate::cli::text::{count, one_in, size};

#[derive(clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    port: PortArgs,
    /// Output format
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Serialize)]
struct Report<'a> {
    board: &'a str,
    firmware: &'a str,
    num_keys: u8,
    lowest_epoch: u32,
    slot_bytes: u32,
    stack_used_bytes: Option<u32>,
    stack_bytes: Option<u32>,
    slot: Option<&'a str>,
    file_id: Option<String>,
    expires: Option<String>,
    trouble: Option<&'a str>,
    datasets: Vec<DatasetReport<'a>>,
}

#[derive(Serialize)]
struct DatasetReport<'a> {
    name: &'a str,
    covers: String,
    num_items: u64,
    /// `None`: none is possible.
    false_alarm_one_in: Option<u64>,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let mut device = self.port.open()?;
        let description = device.describe()?;
        let catalogue = match description.filter {
            Some(_) => Some(device.catalogue()?),
            None => None,
        };
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => {
                serde_json::to_writer_pretty(&mut out, &report(&description, catalogue.as_ref()))?;
                writeln!(out)?;
            }
            Format::Text => write(&description, catalogue.as_ref(), &mut out)?,
        }
        // As `check`: without a filter it can say nothing.
        Ok(match catalogue {
            Some(_) => ExitCode::SUCCESS,
            None => ExitCode::from(2),
        })
    }
}

fn report<'a>(description: &'a Description, catalogue: Option<&'a Catalogue>) -> Report<'a> {
    let datasets = catalogue.into_iter().flat_map(Catalogue::datasets);
    Report {
        board: &description.board,
        firmware: &description.version,
        num_keys: description.num_keys,
        lowest_epoch: description.lowest_epoch,
        slot_bytes: description.slot_bytes,
        stack_used_bytes: description.stack.map(|(used, _)| used),
        stack_bytes: description.stack.map(|(_, all)| all),
        slot: description.filter.as_ref().map(|(slot, ..)| &**slot),
        file_id: description.filter.as_ref().map(|(_, id, _)| id.to_string()),
        expires: catalogue
            .map(|catalogue| catalogue.header().expires_unix_s)
            .filter(|expires| *expires != 0)
            .map(day_of),
        trouble: Some(&*description.trouble).filter(|trouble| !trouble.is_empty()),
        datasets: datasets
            .map(|dataset| DatasetReport {
                name: &dataset.name,
                covers: covers(dataset),
                num_items: dataset.num_items,
                false_alarm_one_in: odds(dataset.measured),
            })
            .collect(),
    }
}

fn write(
    description: &Description,
    catalogue: Option<&Catalogue>,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(out, "{}, {}", description.board, description.version)?;
    match description.num_keys {
        0 => writeln!(out, "  keys      none: it accepts any filter")?,
        keys => writeln!(
            out,
            "  keys      {keys}; lowest epoch that it accepts: {}",
            description.lowest_epoch
        )?,
    }
    match description.slot_bytes {
        0 => writeln!(
            out,
            "  filters   on a card: `leaksieve install card` puts one there"
        )?,
        bytes => writeln!(
            out,
            "  filters   in its flash, at most {}: `leaksieve install device` sends one",
            size(bytes.into())
        )?,
    }
    if let Some((used, all)) = description.stack {
        writeln!(
            out,
            "  stack     {} of {} used at most",
            size(used.into()),
            size(all.into())
        )?;
    }
    if let (Some((slot, id, num_sectors)), Some(catalogue)) = (&description.filter, catalogue) {
        let header = catalogue.header();
        writeln!(
            out,
            "  uses      {slot}: {id}, {} sectors, created {}, epoch {}",
            count((*num_sectors).into()),
            day_of(header.created_unix_s),
            header.epoch
        )?;
        if header.expires_unix_s != 0 {
            writeln!(out, "            expires {}", day_of(header.expires_unix_s))?;
        }
        for dataset in catalogue.datasets() {
            writeln!(
                out,
                "            {}: {}, {} items, false alarm {}",
                title(dataset),
                covers(dataset),
                count(dataset.num_items),
                one_in(dataset.measured)
            )?;
        }
    }
    if !description.trouble.is_empty() {
        writeln!(out, "  trouble   {}", description.trouble)?;
    }
    Ok(())
}
