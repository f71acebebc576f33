//! How time and memory grow with the list: ten times as long, again and again.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::measure::{Step, Usage};
use super::picture::{self, Line};
use super::report::{self, Table, figure, mebibytes, thousands};
use super::{Options, file_bytes, leaksieve, list, work_folder};
use crate::generate::Kind;
use testkit::run::{output, say};

/// What the build may take, where it can be told.
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

/// Measure, write data and picture, and give the section.
///
/// # Errors
/// When there is not enough room on the disk, or a build fails.
pub(super) fn measure(options: &Options) -> Result<String> {
    let program = leaksieve()?;
    let help = output(std::process::Command::new(&program).args(["build", "--help"]))?;
    let memory = if help.contains("--memory") {
        vec!["--memory", MEMORY]
    } else {
        say("this leaksieve has no --memory: measured without");
        Vec::new()
    };
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
        points.push(point(&program, folder.path(), num_items, runs, &memory)?);
    }
    fs::write(report::docs("growth.tsv"), to_tsv(&points))?;
    draw(&points)?;
    Ok(section(&points, &memory, options))
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

fn point(
    program: &Path,
    folder: &Path,
    num_items: u64,
    runs: u32,
    memory: &[&str],
) -> Result<Point> {
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
                .args(memory)
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

fn to_tsv(points: &[Point]) -> String {
    let mut text = String::from(
        "items\tlist_bytes\tfilter_bytes\tbuild_cpu_s\tbuild_wall_s\tbuild_peak_bytes\twc_cpu_s\twc_wall_s\n",
    );
    for point in points {
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "{}\t{}\t{}\t{:.4}\t{:.4}\t{}\t{:.4}\t{:.4}",
            point.num_items,
            point.list_bytes,
            point.filter_bytes,
            point.build.cpu_s,
            point.build.wall_s,
            point.build.peak_bytes,
            point.count_lines.cpu_s,
            point.count_lines.wall_s,
        );
    }
    text
}

fn draw(points: &[Point]) -> Result<()> {
    let curve = |value: fn(&Point) -> f64| -> Vec<(f64, f64)> {
        let curve = points
            .iter()
            .map(|point| (point.num_items as f64, value(point)));
        // A logarithm has no place for 0.
        curve.filter(|(_, value)| *value > 0.0).collect()
    };
    let linear = |from: &[(f64, f64)]| -> Vec<(f64, f64)> {
        // Through the longest list, where fixed costs count least.
        let Some(&(items, value)) = from.last() else {
            return Vec::new();
        };
        let shortest = points.first().map_or(items, |point| point.num_items as f64);
        vec![(shortest, value * shortest / items), (items, value)]
    };
    let cpu = curve(|point| point.build.cpu_s);
    let mebibyte = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let time = [
        Line::new("build, CPU s", &cpu),
        Line::new("build, wall s", &curve(|point| point.build.wall_s)),
        Line::new("wc -l, wall s", &curve(|point| point.count_lines.wall_s)),
        Line::reference("linear growth", &linear(&cpu)),
    ];
    let list = curve(|point| point.list_bytes as f64 / f64::from(1 << 20));
    let peak: Vec<(f64, f64)> = points
        .iter()
        .map(|point| (point.num_items as f64, mebibyte(point.build.peak_bytes)))
        .collect();
    let memory = [
        Line::new("build, peak MiB", &peak),
        Line::new(
            "filter, MiB",
            &curve(|point| point.filter_bytes as f64 / f64::from(1 << 20)),
        ),
        Line::reference("list, MiB", &list),
    ];
    picture::curves(
        &report::docs("growth.svg"),
        "Building a filter of phone numbers",
        &[
            ("seconds against items", &time),
            ("MiB against items", &memory),
        ],
    )
}

fn section(points: &[Point], memory: &[&str], options: &Options) -> String {
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
        "## Growth\n\n{}\n\n![Time and memory against items](growth.svg)\n\n\
         `leaksieve build --kind phone --region CN{}`, self-check included, on lists that are ten times as long each time; \
         median of {} runs up to {} items, one run above. The data are in [growth.tsv](growth.tsv).\n\n{table}\n\
         ```sh\ncargo xtask bench --only growth --max-items {} --runs {}\n```\n",
        report::circumstances(),
        if memory.is_empty() {
            String::new()
        } else {
            format!(" {}", memory.join(" "))
        },
        options.runs,
        thousands(MAX_REPEATED_ITEMS),
        options.max_items,
        options.runs,
    )
}
