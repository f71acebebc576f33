//! `leaksieve estimate`

use std::io::{self, Write};
use std::process::ExitCode;

use leaksieve::size::{Aim, Shape, shape};
use leaksieve_core::sector::SECTOR_BYTES;

use super::{Format, count, one_in_f64, size};

/// A header takes one sector, unless its texts are long; a builder knows, a guess need not.
const HEADER_SECTORS: u32 = 1;
/// The rates of the table when none is asked for.
const RATES: [f64; 5] = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Distinct identifiers
    #[arg(long, value_name = "N", value_parser = parse_items)]
    items: u64,
    /// False-positive rate: 0.001, 1e-3, 0.1% or 1/1000 [default: a table of several]
    #[arg(long, value_name = "RATE", value_parser = super::parse_share, conflicts_with = "max_size")]
    fpr: Option<f64>,
    /// The lowest false-positive rate that fits, such as 900KiB
    #[arg(long, value_name = "SIZE", value_parser = super::parse_size)]
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
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => {
                for shape in &shapes {
                    let line = serde_json::json!({
                        "num_items": self.items,
                        "false_positive_rate": shape.false_positive_rate,
                        "size_bytes": num_bytes(shape),
                        "bits_per_item": bits_per_item(shape, self.items),
                        "num_hashes": shape.num_hashes,
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
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Header and checksums included.
fn num_bytes(shape: &Shape) -> u64 {
    (u64::from(shape.num_pages) + u64::from(HEADER_SECTORS)) * SECTOR_BYTES as u64
}

fn bits_per_item(shape: &Shape, num_items: u64) -> f64 {
    num_bytes(shape) as f64 * 8.0 / num_items as f64
}
