//! How large filters of either encoding are, and what chips and cards hold, side by side.

use std::io::{self, Write};

use leaksieve::sizing::encoding;
use leaksieve::sizing::media::Medium;
use leaksieve::sizing::{
    Aim, FALSE_POSITIVE_RATES, Method, Shape, ShapeError, exact, most_items, shape,
};
use leaksieve_core::encoding::exact::PAGES_PER_QUESTION;
use leaksieve_core::sector::SECTOR_BYTES;
use serde::Serialize;

use super::text::{count, one_in_f64, size};

/// A header takes one sector, unless its texts are long; a builder knows, a guess need not.
const HEADER_SECTORS: u32 = 1;

/// The encoding of [`SizeRow::exact`].
const EXACT: &str = "exact";

/// The encodings that are compared; beside them exact sets, where it is known of which numbers.
pub(super) const METHODS: [Method; 2] = [Method::Bloom, Method::Ribbon];

/// A filter that could be built.
#[derive(Serialize)]
pub(super) struct SizeRow {
    row: &'static str,
    /// Of a file, if it is one of its datasets.
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset: Option<String>,
    encoding: &'static str,
    num_items: u64,
    false_positive_rate: f64,
    size_bytes: u64,
    bits_per_item: f64,
    num_hashes: Option<u8>,
    columns: Option<Vec<u8>>,
    mean_reads: f64,
    most_reads: u32,
}

impl SizeRow {
    /// Header and checksums included.
    pub(super) fn new(
        dataset: Option<&str>,
        num_items: u64,
        method: Method,
        aim: Aim,
    ) -> Result<Self, ShapeError> {
        let shape: Shape = shape(num_items, method, aim, HEADER_SECTORS)?;
        let num_sectors = u64::from(shape.num_pages) + u64::from(HEADER_SECTORS);
        let size_bytes = num_sectors * SECTOR_BYTES as u64;
        Ok(Self {
            row: "size",
            dataset: dataset.map(str::to_owned),
            encoding: method.name(),
            num_items,
            false_positive_rate: shape.false_positive_rate,
            size_bytes,
            bits_per_item: size_bytes as f64 * 8.0 / num_items as f64,
            num_hashes: encoding::num_hashes(&shape.encoding),
            columns: encoding::columns(&shape.encoding),
            mean_reads: shape.mean_reads,
            most_reads: shape.most_reads(),
        })
    }
}

impl SizeRow {
    /// An exact set of so many pages.
    pub(super) fn exact(dataset: Option<&str>, num_items: u64, num_pages: u32) -> Self {
        let num_sectors = u64::from(num_pages) + u64::from(HEADER_SECTORS);
        let size_bytes = num_sectors * SECTOR_BYTES as u64;
        Self {
            row: "size",
            dataset: dataset.map(str::to_owned),
            encoding: EXACT,
            num_items,
            false_positive_rate: 0.0,
            size_bytes,
            bits_per_item: size_bytes as f64 * 8.0 / num_items as f64,
            num_hashes: None,
            columns: None,
            mean_reads: PAGES_PER_QUESTION.into(),
            most_reads: PAGES_PER_QUESTION,
        }
    }

    pub(super) const fn fits(&self, room_bytes: u64) -> bool {
        self.size_bytes <= room_bytes
    }

    fn false_alarm(&self) -> String {
        match self.encoding {
            EXACT => "none".to_owned(),
            _ => one_in_f64(self.false_positive_rate),
        }
    }
}

/// Filters, a line each. `is_expected`: of exact sets the size is one that is expected.
pub(super) fn write_sizes(
    rows: &[SizeRow],
    is_expected: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    writeln!(
        out,
        "{:<8} {:>17}  {:>11}  {:>13}  sectors read",
        "encoding", "false alarm", "size", "bits per item"
    )?;
    for row in rows {
        let reads = match row.most_reads {
            most if row.mean_reads == f64::from(most) => most.to_string(),
            most => format!("{:.3}, at most {most}", row.mean_reads),
        };
        writeln!(
            out,
            "{:<8} {:>17}  {:>11}  {:>13.2}  {reads}",
            row.encoding,
            row.false_alarm(),
            size(row.size_bytes),
            row.bits_per_item,
        )?;
    }
    if is_expected && rows.iter().any(|row| row.encoding == EXACT) {
        writeln!(
            out,
            "exact: about so large if the numbers are evenly spread over the numbering plan, smaller where they cluster"
        )?;
    }
    Ok(())
}

/// What a chip or card holds.
#[derive(Serialize)]
pub(super) struct MediumRow {
    row: &'static str,
    /// Of a file, if it is one of its datasets.
    #[serde(skip_serializing_if = "Option::is_none")]
    dataset: Option<String>,
    medium: &'static str,
    board: Option<&'static str>,
    encoding: &'static str,
    capacity_bytes: u64,
    room_bytes: u64,
    num_items: u64,
    lowest_false_positive_rate: Option<f64>,
    false_positive_rate: f64,
    most_items: u64,
}

impl MediumRow {
    fn new(
        medium: &Medium,
        dataset: Option<&str>,
        method: Method,
        num_items: u64,
        rate: f64,
    ) -> Result<Self, ShapeError> {
        let aim = Aim::MaxBytes(medium.room_bytes);
        Ok(Self {
            row: "medium",
            dataset: dataset.map(str::to_owned),
            medium: medium.name,
            board: medium.board,
            encoding: method.name(),
            capacity_bytes: medium.capacity_bytes,
            room_bytes: medium.room_bytes,
            num_items,
            // None when no useful filter of them fits.
            lowest_false_positive_rate: shape(num_items, method, aim, HEADER_SECTORS)
                .ok()
                .map(|shape| shape.false_positive_rate),
            false_positive_rate: rate,
            most_items: most_items(medium.room_bytes, method, rate, HEADER_SECTORS)?,
        })
    }

    fn exact(medium: &Medium, dataset: Option<&str>, num_items: u64, num_possible: u64) -> Self {
        let room_pages = (medium.room_bytes / SECTOR_BYTES as u64) as u32 - HEADER_SECTORS;
        let pages = exact::expected_pages(num_items, num_possible);
        Self {
            row: "medium",
            dataset: dataset.map(str::to_owned),
            medium: medium.name,
            board: medium.board,
            encoding: EXACT,
            capacity_bytes: medium.capacity_bytes,
            room_bytes: medium.room_bytes,
            num_items,
            lowest_false_positive_rate: pages.filter(|pages| *pages <= room_pages).map(|_| 0.0),
            false_positive_rate: 0.0,
            most_items: exact::most_numbers(room_pages, num_possible),
        }
    }

    fn lowest(&self) -> String {
        match self.lowest_false_positive_rate {
            Some(lowest) if lowest <= *FALSE_POSITIVE_RATES.start() => {
                format!("under {}", one_in_f64(*FALSE_POSITIVE_RATES.start()))
            }
            Some(lowest) => one_in_f64(lowest),
            None => "does not fit".into(),
        }
    }
}

/// Each medium, in each encoding; as exact sets of so many possible numbers, if that is known.
pub(super) fn media(
    media: &[Medium],
    dataset: Option<&str>,
    num_items: u64,
    rate: f64,
    num_possible: Option<u64>,
) -> Result<Vec<Vec<MediumRow>>, ShapeError> {
    let of_medium = |medium: &Medium| {
        let filters =
            METHODS.map(|method| MediumRow::new(medium, dataset, method, num_items, rate));
        let mut rows = filters.into_iter().collect::<Result<Vec<_>, _>>()?;
        if let Some(num_possible) = num_possible {
            rows.push(MediumRow::exact(medium, dataset, num_items, num_possible));
        }
        Ok(rows)
    };
    media.iter().map(of_medium).collect()
}

/// Media, a line each.
pub(super) fn write_media(media: &[Vec<MediumRow>], out: &mut impl Write) -> io::Result<()> {
    let Some([first, _, rest @ ..]) = media.first().map(Vec::as_slice) else {
        return Ok(());
    };
    let exact = |text: String| match rest {
        [] => String::new(),
        _ => format!(" {text:>15}"),
    };
    let items = format!("items at {}", one_in_f64(first.false_positive_rate));
    writeln!(
        out,
        "\n{:<19} {:>10}  {:>41}  {:>32}{}",
        "",
        "",
        "false alarm there",
        items,
        exact("items".into())
    )?;
    writeln!(
        out,
        "{:<19} {:>10}  {:>20} {:>20}  {:>16} {:>15}{}",
        "where",
        "room",
        "bloom",
        "ribbon",
        "bloom",
        "ribbon",
        exact("exact".into())
    )?;
    for rows in media {
        let [bloom, ribbon, rest @ ..] = rows.as_slice() else {
            continue;
        };
        let of_exact = rest.first().map(|row| exact(count(row.most_items)));
        writeln!(
            out,
            "{:<19} {:>10}  {:>20} {:>20}  {:>16} {:>15}{}",
            bloom.medium,
            size(bloom.room_bytes),
            bloom.lowest(),
            ribbon.lowest(),
            count(bloom.most_items),
            count(ribbon.most_items),
            of_exact.unwrap_or_default(),
        )?;
    }
    Ok(())
}
