//! How many people a board holds.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;
use testkit::run::say;
use testkit::sample::mix;

use crate::generate::Kind;
use crate::measure::Step;
use crate::report::{Table, thousands};
use crate::{file_bytes, list};

/// Boards, and what they are called in the table.
const BOARDS: [(&str, &str); 2] = [("pico2", "Pico 2"), ("microbit", "micro:bit")];

/// Members in 100 of a block of 10,000 numbers, 15 on average.
const PERCENTS: [u64; 6] = [0, 1, 2, 7, 20, 60];

/// A table of how many people a board holds in each encoding.
///
/// # Errors
/// When a filter cannot be built.
pub(super) fn people(cli: &Path, folder: &Path) -> Result<String> {
    let mut table = Table::new(&[
        "board",
        "room, KiB",
        "bloom",
        "ribbon",
        "exact, evenly spread",
        "exact, in blocks",
    ]);
    for (board, title) in BOARDS {
        say(format!("how many people a {title} holds"));
        let printed = folder.join("estimate.json");
        let estimate = Step::new(cli).args(["estimate", "--items", "1000", "--fpr", "0.001"]);
        let estimate = estimate.args(["--format", "json", "--board", board]);
        estimate.run(&printed)?;
        let rows = fs::read_to_string(&printed)?;
        let rows = rows.lines().map(serde_json::from_str::<Value>);
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        let of = |encoding: &str, field: &str| {
            let row = rows
                .iter()
                .find(|row| row["row"] == "medium" && row["encoding"] == encoding);
            let number = row.and_then(|row| row[field].as_u64());
            number.with_context(|| format!("{board}: no {field} of {encoding}"))
        };
        let room = of("bloom", "room_bytes")?;
        let [even, in_blocks] = [Spread::Even, Spread::InBlocks];
        table.row([
            title.to_owned(),
            thousands(room >> 10),
            thousands(of("bloom", "most_items")?),
            thousands(of("ribbon", "most_items")?),
            thousands(most_exact(cli, folder, room, even)?),
            thousands(most_exact(cli, folder, room, in_blocks)?),
        ]);
    }
    Ok(format!(
        "Phone numbers that a board has room for, in its own flash (without a signature on the micro:bit, with one on the Pico 2). Filters are at 1 \
         in 1,000, and hold as many of any kind; an exact set has no false alarm, and how many it holds depends on the numbers. Both lists are \
         generated: *evenly spread* over 3 · 10^9 Chinese mobile numbers; and *in blocks* of 10,000, one after the other, of which {} in 100 \
         are members, each as often, in no order. No real leak was measured. To one in a hundred:\n\n{table}",
        PERCENTS.map(|percent| percent.to_string()).join(", ")
    ))
}

/// How the numbers of a list lie.
#[derive(Clone, Copy)]
enum Spread {
    Even,
    InBlocks,
}

/// The most numbers whose exact set has room in so many bytes, to one in a hundred.
fn most_exact(cli: &Path, folder: &Path, room: u64, spread: Spread) -> Result<u64> {
    let filter = folder.join("exact.lsv");
    // No number takes less than two bits, or more than 40.
    let (mut fitting, mut too_many) = (room / 5, room * 4);
    while too_many - fitting > fitting / 100 {
        let middle = fitting.midpoint(too_many);
        let members = match spread {
            Spread::Even => list(folder, Kind::Phones, middle, false, "exact.txt")?,
            Spread::InBlocks => in_blocks(&folder.join("exact.txt"), middle)?,
        };
        Step::new(cli)
            .args([Path::new("build"), &members, Path::new("-o"), &filter])
            .args(["--kind", "phone", "--region", "CN", "--encoding", "exact"])
            .args(["--force", "--quiet"])
            .run(&folder.join("printed"))?;
        if file_bytes(&filter)? <= room {
            fitting = middle;
        } else {
            too_many = middle;
        }
    }
    Ok(fitting)
}

/// A list of numbers in blocks.
fn in_blocks(path: &Path, num_items: u64) -> Result<PathBuf> {
    let mut file = BufWriter::new(File::create(path)?);
    let members = (13_800_000_000_u64..).filter(|number| {
        let block = mix(number / 10_000) % PERCENTS.len() as u64;
        mix(*number) % 100 < PERCENTS[block as usize]
    });
    for number in members.take(usize::try_from(num_items)?) {
        writeln!(file, "{number}")?;
    }
    file.flush()?;
    Ok(path.to_path_buf())
}
