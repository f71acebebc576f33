//! `leaksieve estimate`

use std::io::{self, Write};
use std::process::ExitCode;

use leaksieve::media::{MEDIA, Medium};
use leaksieve::size::{Aim, FALSE_POSITIVE_RATES, Shape, most_items, shape};
use leaksieve_core::sector::SECTOR_BYTES;

use super::{Format, count, one_in_f64, size};

/// A header takes one sector, unless its texts are long; a builder knows, a guess need not.
const HEADER_SECTORS: u32 = 1;
/// The rates of the table when none is asked for.
const RATES: [f64; 5] = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];
/// The rate that `build` aims at when none is asked for.
const DEFAULT_RATE: f64 = 1e-3;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Distinct identifiers
    #[arg(long, value_name = "N", value_parser = parse_items)]
    items: u64,
    /// False-positive rate: 0.001, 1e-3, 0.1% or 1/1000 [default: a table of several, and 0.001 for
    /// what chips and cards hold]
    #[arg(long, value_name = "RATE", value_parser = super::parse_rate, conflicts_with = "max_size")]
    fpr: Option<f64>,
    /// The lowest false-positive rate that fits, such as 900KiB; fat32 is the largest file of a
    /// FAT32 card
    #[arg(long, value_name = "SIZE", value_parser = super::parse_max_size)]
    max_size: Option<u64>,
    /// How it is written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// `200000`, `200_000` or `1e9`.
fn parse_items(text: &str) -> Result<u64, String> {
    let plain = text.replace(['_', ','], "");
    plain
        .parse()
        .ok()
        .or_else(|| {
            let number: f64 = plain.parse().ok()?;
            (number.fract() == 0.0 && (1.0..1e15).contains(&number)).then_some(number as u64)
        })
        .filter(|items| *items > 0)
        .ok_or_else(|| "give a whole number from 1, such as 200000 or 1e9".into())
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let aims: Vec<Aim> = match (self.fpr, self.max_size) {
            (_, Some(max_size)) => vec![Aim::MaxBytes(max_size)],
            (Some(fpr), None) => vec![Aim::FalsePositiveRate(fpr)],
            (None, None) => RATES.map(Aim::FalsePositiveRate).to_vec(),
        };
        let shapes = aims
            .into_iter()
            .map(|aim| shape(self.items, aim, HEADER_SECTORS))
            .collect::<Result<Vec<_>, _>>()?;
        // A size that is given is the only one that is asked about.
        let media = match self.max_size {
            Some(_) => &[][..],
            None => &MEDIA,
        };
        let rate = self.fpr.unwrap_or(DEFAULT_RATE);
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => {
                for shape in &shapes {
                    let line = serde_json::json!({
                        "row": "size",
                        "num_items": self.items,
                        "false_positive_rate": shape.false_positive_rate,
                        "size_bytes": num_bytes(shape),
                        "bits_per_item": bits_per_item(shape, self.items),
                        "num_hashes": shape.num_hashes,
                    });
                    writeln!(out, "{line}")?;
                }
                for medium in media {
                    let line = serde_json::json!({
                        "row": "medium",
                        "medium": medium.name,
                        "capacity_bytes": medium.capacity_bytes,
                        "room_bytes": medium.room_bytes,
                        "num_items": self.items,
                        "lowest_false_positive_rate": self.lowest_rate(medium),
                        "false_positive_rate": rate,
                        "most_items": most_items(medium.room_bytes, rate, HEADER_SECTORS)?,
                    });
                    writeln!(out, "{line}")?;
                }
            }
            Format::Text => {
                writeln!(out, "{} items", count(self.items))?;
                writeln!(
                    out,
                    "{:>17}  {:>11}  {:>13}  {:>6}",
                    "false alarm", "size", "bits an item", "probes"
                )?;
                for shape in &shapes {
                    writeln!(
                        out,
                        "{:>17}  {:>11}  {:>13.2}  {:>6}",
                        one_in_f64(shape.false_positive_rate),
                        size(num_bytes(shape)),
                        bits_per_item(shape, self.items),
                        shape.num_hashes,
                    )?;
                }
                if !media.is_empty() {
                    writeln!(
                        out,
                        "\n{:<20} {:>11}  {:>19}  {:>24}",
                        "where",
                        "room",
                        "false alarm there",
                        format!("items at {}", one_in_f64(rate))
                    )?;
                }
                for medium in media {
                    let lowest = match self.lowest_rate(medium) {
                        Some(lowest) if lowest < *FALSE_POSITIVE_RATES.start() => {
                            format!("under {}", one_in_f64(*FALSE_POSITIVE_RATES.start()))
                        }
                        Some(lowest) => one_in_f64(lowest),
                        None => "does not fit".into(),
                    };
                    writeln!(
                        out,
                        "{:<20} {:>11}  {lowest:>19}  {:>24}",
                        medium.name,
                        size(medium.room_bytes),
                        count(most_items(medium.room_bytes, rate, HEADER_SECTORS)?),
                    )?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The lowest rate at which the items fit; `None` when no useful filter of them does.
    fn lowest_rate(&self, medium: &Medium) -> Option<f64> {
        shape(self.items, Aim::MaxBytes(medium.room_bytes), HEADER_SECTORS)
            .ok()
            .map(|shape| shape.false_positive_rate)
    }
}

/// Header and checksums included.
fn num_bytes(shape: &Shape) -> u64 {
    (u64::from(shape.num_pages) + u64::from(HEADER_SECTORS)) * SECTOR_BYTES as u64
}

fn bits_per_item(shape: &Shape, num_items: u64) -> f64 {
    num_bytes(shape) as f64 * 8.0 / num_items as f64
}
