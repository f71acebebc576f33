//! How time and memory grow with the list: ten times as long, again and again.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use testkit::run::say;

use crate::generate::Kind;
use crate::measure::{Step, Usage};
use crate::report::{self, Table, figure, mebibytes, thousands};
use crate::{Options, file_bytes, leaksieve, list, work_folder};

/// What the build may take.
const MEMORY: &str = "768MiB";

/// The shortest list.
const MIN_ITEMS: u64 = 100_000;

/// Longest list that is measured more than once.
const MAX_REPEATED_ITEMS: u64 = 10_000_000;

/// Room on the disk for an item: its line, the filter twice, and hashes that are spooled.
const DISK_BYTES_AN_ITEM: u64 = 12 + 4 + 16;

/// One list.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    num_items: u64,
    list_bytes: u64,
    filter_bytes: u64,
    count_lines: Usage,
    build: Usage,
}

/// Measure and give the section.
///
/// # Errors
/// When there is not enough room on the disk, or a build fails.
pub(crate) fn measure(options: &Options) -> Result<String> {
    let program = leaksieve()?;
    let folder = work_folder()?;
    let sizes: Vec<u64> = std::iter::successors(Some(MIN_ITEMS), |size| size.checked_mul(10))
        .take_while(|size| *size <= options.max_items)
        .collect();
    let longest = sizes
        .last()
        .with_context(|| format!("--max-items is at least {MIN_ITEMS}"))?;
    enough_room(folder.path(), longest * DISK_BYTES_AN_ITEM)?;
    let mut points = Vec::new();
    for num_items in sizes {
        let runs = if num_items > MAX_REPEATED_ITEMS {
            1
        } else {
            options.runs
        };
        points.push(point(&program, folder.path(), num_items, runs)?);
    }
    Ok(section(&points, options))
}

/// # Errors
/// When the disk's free room is less, with both figures.
fn enough_room(folder: &Path, needed_bytes: u64) -> Result<()> {
    let disk = rustix::fs::statvfs(folder)?;
    let free_bytes = disk.f_bavail * disk.f_frsize;
    ensure!(
        needed_bytes <= free_bytes,
        "the longest list needs {} MiB of disk in target/bench, and {} MiB are free: choose a smaller --max-items",
        needed_bytes >> 20,
        free_bytes >> 20
    );
    Ok(())
}

fn point(program: &Path, folder: &Path, num_items: u64, runs: u32) -> Result<Point> {
    say(format!("{} items", thousands(num_items)));
    let path = list(folder, Kind::Phones, num_items, false, "list.txt")?;
    let [filter, printed] = ["filter.lsv", "printed"].map(|name| folder.join(name));
    let mut count_lines = Vec::new();
    let mut builds = Vec::new();
    for _ in 0..runs {
        count_lines.push(
            Step::new(Path::new("wc"))
                .args([Path::new("-l"), &path])
                .run(&printed)?,
        );
        builds.push(
            Step::new(program)
                .args([Path::new("build"), &path, Path::new("-o"), &filter])
                .args(["--kind", "phone", "--region", "CN", "--force"])
                .args(["--memory", MEMORY])
                .run(&printed)?,
        );
    }
    let point = Point {
        num_items,
        list_bytes: file_bytes(&path)?,
        filter_bytes: file_bytes(&filter)?,
        count_lines: Usage::median(&count_lines),
        build: Usage::median(&builds),
    };
    for file in [path, filter] {
        fs::remove_file(file)?;
    }
    Ok(point)
}

fn section(points: &[Point], options: &Options) -> String {
    let mut table = Table::new(&[
        "items",
        "list MiB",
        "build CPU s",
        "ns an item",
        "wall s",
        "`wc -l` wall s",
        "peak MiB",
        "filter MiB",
    ]);
    for point in points {
        table.row([
            thousands(point.num_items),
            mebibytes(point.list_bytes),
            figure(point.build.cpu_s),
            figure(point.build.cpu_s / point.num_items as f64 * 1e9),
            figure(point.build.wall_s),
            figure(point.count_lines.wall_s),
            mebibytes(point.build.peak_bytes),
            mebibytes(point.filter_bytes),
        ]);
    }
    format!(
        "## Growth\n\n{}\n\n\
         `leaksieve build --kind phone --region CN --memory {MEMORY}`, self-check included, on lists that are ten times as long each time; \
         median of {} runs up to {} items, one run above.\n\n{table}\n\
         ```sh\ncargo benchmark --only growth --max-items {} --runs {}\n```\n",
        report::circumstances(),
        options.runs,
        thousands(MAX_REPEATED_ITEMS),
        options.max_items,
        options.runs,
    )
}
