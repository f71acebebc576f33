//! `leaksieve estimate`

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use leaksieve::file::FilterFile;
use leaksieve::file::words::title;
use leaksieve::input::profile::{PhonePlan, phone_plan};
use leaksieve::sizing::media::{Medium, board_room, media};
use leaksieve::sizing::{Aim, ShapeError, exact, rate_to_build};
use leaksieve_core::Profile;
use leaksieve_core::encoding::Encoding;
use leaksieve_link::Board;

use super::arguments::Format;
use super::board;
use super::sizes::{self, METHODS, MediumRow, SizeRow};
use super::text::count;
use leaksieve::pipeline::DEFAULT_RATE;

/// The rates of the table when none is asked for.
const RATES: [f64; 5] = [1e-2, 1e-3, 1e-4, 1e-5, 1e-6];

/// What `--board` does besides.
const BOARD: &str = "Room for a signature is left where the board verifies signatures. With --fpr: \
    show how many items the board holds at that rate.";

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("subject").args(["items", "like"]).required(true), after_help = "\
Examples:
  leaksieve estimate --items 200000
  leaksieve estimate --items 1e9 --region CN --max-size fat32
  leaksieve estimate --like leaks.lsv --board pico2")]
pub(crate) struct Args {
    /// Number of distinct items
    ///
    /// `build` and `inspect` show it. Most lines of a list are one item; a line that can be read in
    /// several ways is several. Phone filters also hold a numbering plan of 1 to 8 sectors of 512
    /// bytes (120 with --region world), which is not counted here.
    #[arg(long, value_name = "N", value_parser = parse_items)]
    items: Option<u64>,
    /// The items are phone numbers of this region: show exact sets, too
    ///
    /// An ISO 3166 code such as CN, or world. How large an exact set is depends on the numbers: shown
    /// is what it takes if they are evenly spread over the numbering plan.
    #[arg(long, value_name = "CODE", conflicts_with = "like")]
    region: Option<String>,
    /// Take the number of items, the rate, and the region from this filter file
    #[arg(long, value_name = "FILE")]
    like: Option<PathBuf>,
    /// False-positive rate: 0.001, 1e-3, 0.1% or 1/1000
    ///
    /// Without it, the sizes are those for several rates, and the boards and cards those for 0.001.
    #[arg(long, value_name = "RATE", value_parser = super::arguments::parse_rate, conflicts_with = "max_size")]
    fpr: Option<f64>,
    /// Find the lowest rate that fits into this size, such as 900KiB or fat32
    ///
    /// fat32 is the largest file that a FAT32 card takes.
    #[arg(long, value_name = "SIZE", value_parser = super::arguments::parse_max_size)]
    max_size: Option<u64>,
    /// Find the lowest rate that fits this board's flash
    #[arg(long, value_name = "NAME", value_parser = board::parser(), hide_possible_values = true,
        long_help = board::help("Find the lowest rate that fits this board's flash", BOARD),
        ignore_case = true, conflicts_with = "max_size")]
    board: Option<&'static Board>,
    /// Output format
    #[arg(long, value_enum, default_value = "text", hide_short_help = true)]
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

/// What the tables are of.
struct Subject {
    /// The dataset, if it is one of a file.
    title: Option<String>,
    num_items: u64,
    /// The rate that the file was built for.
    rate: Option<f64>,
    /// Phone numbers that the plan has; of an exact set its size is known.
    num_possible: Option<u64>,
    /// Pages of an exact set.
    exact_pages: Option<u32>,
}

/// Pages of an exact set, if its numbers are evenly spread over the possible ones.
fn expected_pages(num_items: u64, num_possible: Option<u64>) -> Option<u32> {
    exact::expected_pages(num_items, num_possible?)
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let mut out = io::stdout().lock();
        for (index, subject) in self.subjects()?.iter().enumerate() {
            let (sizes, media) = self.tables(subject)?;
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
                    let gap = if index > 0 { "\n" } else { "" };
                    let items = count(subject.num_items);
                    match &subject.title {
                        Some(title) => writeln!(out, "{gap}{title}: {items} items")?,
                        None => writeln!(out, "{items} items (most lines of a list are one)")?,
                    }
                    sizes::write_sizes(&sizes, subject.num_possible.is_some(), &mut out)?;
                    sizes::write_media(&media, &mut out)?;
                }
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn subjects(&self) -> anyhow::Result<Vec<Subject>> {
        let Some(path) = &self.like else {
            let num_items = self.items.unwrap_or(1);
            let num_possible = match &self.region {
                Some(region) => Some(phone_plan(region)?.num_numbers()),
                None => None,
            };
            return Ok(vec![Subject {
                title: None,
                num_items,
                rate: None,
                num_possible,
                exact_pages: expected_pages(num_items, num_possible),
            }]);
        };
        let file = FilterFile::open(path)?;
        let datasets = file.catalogue().datasets().iter();
        Ok(datasets
            .map(|dataset| {
                let is_exact = dataset.encoding == Encoding::Exact;
                let num_possible = match &dataset.profile {
                    Profile::Phone(phone) if !is_exact => {
                        let plan = phone_plan(&String::from_utf8_lossy(&phone.region));
                        plan.ok().map(PhonePlan::num_numbers)
                    }
                    _ => None,
                };
                Subject {
                    title: Some(title(dataset)),
                    num_items: dataset.num_items,
                    rate: (!is_exact).then(|| rate_to_build(dataset.designed)),
                    num_possible,
                    exact_pages: match is_exact {
                        true => Some(dataset.num_sectors),
                        false => expected_pages(dataset.num_items, num_possible),
                    },
                }
            })
            .collect())
    }

    fn tables(&self, subject: &Subject) -> Result<(Vec<SizeRow>, Vec<Vec<MediumRow>>), ShapeError> {
        let num_items = subject.num_items;
        let dataset = subject.title.as_deref();
        let rate = self.fpr.or(subject.rate);
        let aims = match (
            super::arguments::aim(self.fpr, self.max_size, self.board),
            subject.rate,
        ) {
            (Some(aim), _) => vec![aim],
            (None, Some(rate)) => vec![Aim::FalsePositiveRate(rate)],
            (None, None) => RATES.map(Aim::FalsePositiveRate).to_vec(),
        };
        let mut sizes = Vec::new();
        for aim in aims {
            match METHODS.map(|method| SizeRow::new(dataset, num_items, method, aim)) {
                [Err(error), Err(_)] => return Err(error),
                // What one encoding cannot be, the other may.
                rows => sizes.extend(rows.into_iter().flatten()),
            }
        }
        let possible = subject.num_possible;
        let exact = subject
            .exact_pages
            .map(|num_pages| SizeRow::exact(dataset, num_items, num_pages));
        let room = self
            .max_size
            .or(self.board.map(board_room))
            .unwrap_or(u64::MAX);
        sizes.extend(exact.filter(|row| row.fits(room)));
        // Given a size or a board, the others do not matter.
        let media: Vec<Medium> = match (self.max_size, self.board) {
            (Some(_), _) => Vec::new(),
            (None, Some(board)) => vec![Medium::slot(board)],
            (None, None) => media().collect(),
        };
        let rate = rate.unwrap_or(DEFAULT_RATE);
        let media = sizes::media(&media, dataset, num_items, rate, possible)?;
        Ok((sizes, media))
    }
}
