//! `leaksieve estimate`

use std::io::{self, Write};
use std::process::ExitCode;

use leaksieve::sizing::Aim;
use leaksieve::sizing::media::{Medium, media};
use leaksieve_link::Board;

use super::encoding::PreferArgs;
use super::sizes::{self, SizeRow};
use super::{DEFAULT_RATE, Format, board, count};

/// The rates of the table when none is asked for.
const RATES: [f64; 5] = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Distinct items: the readings of all lines. Most lines have one; see the number of items that
    /// `build` tells. A numbering plan, 1 to 8 sectors of 512 bytes (world: 120), comes on top
    #[arg(long, value_name = "N", value_parser = parse_items)]
    items: u64,
    /// False-positive rate of one reading: 0.001, 1e-3, 0.1% or 1/1000 [default: a table of several,
    /// and 0.001 for what chips and cards hold]
    #[arg(long, value_name = "RATE", value_parser = super::parse_rate, conflicts_with = "max_size")]
    fpr: Option<f64>,
    /// The lowest false-positive rate that fits, such as 900KiB; fat32 is the largest file of a
    /// FAT32 card
    #[arg(long, value_name = "SIZE", value_parser = super::parse_max_size)]
    max_size: Option<u64>,
    /// The lowest false-positive rate that fits a board's flash, signed too where the board
    /// verifies that; with --fpr, what the board holds at that rate
    #[arg(long, value_name = "BOARD", value_parser = board::parser(), ignore_case = true, conflicts_with = "max_size")]
    fits: Option<&'static Board>,
    #[command(flatten)]
    prefer: PreferArgs,
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
        let aims = match super::aim(self.fpr, self.max_size, self.fits) {
            Some(aim) => vec![aim],
            None => RATES.map(Aim::FalsePositiveRate).to_vec(),
        };
        let prefer = self.prefer.prefer();
        let mut sizes = Vec::new();
        for aim in aims {
            let rows = sizes::methods(prefer).map(|method| SizeRow::new(self.items, method, aim));
            match rows {
                [Err(error), Err(_)] => return Err(error.into()),
                // What one encoding cannot be, the other may.
                rows => sizes.extend(rows.into_iter().flatten()),
            }
        }
        // A size or a board that is given is the only one that is asked about.
        let media: Vec<Medium> = match (self.max_size, self.fits) {
            (Some(_), _) => Vec::new(),
            (None, Some(board)) => vec![Medium::slot(board)],
            (None, None) => media().collect(),
        };
        let rate = self.fpr.unwrap_or(DEFAULT_RATE);
        let media = sizes::media(&media, self.items, rate, prefer)?;
        let mut out = io::stdout().lock();
        match self.format {
            Format::Json => {
                for row in &sizes {
                    writeln!(out, "{}", serde_json::to_string(row)?)?;
                }
                for row in media.iter().flatten() {
                    writeln!(out, "{}", serde_json::to_string(row)?)?;
                }
            }
            Format::Text => {
                writeln!(
                    out,
                    "{} items (readings; most lines have one)",
                    count(self.items)
                )?;
                sizes::write_sizes(&sizes, "", &mut out)?;
                sizes::write_media(&media, "", &mut out)?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
