//! Libraries side by side: filters in memory, one thread, no program around them. Each runs
//! in a process of its own, `bench/benches/in_process.rs`.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use testkit::run::say;

use crate::generate::Kind;
use crate::measure::{Step, Usage, median};
use crate::report::{self, Table, figure, mebibytes, thousands, times};
use crate::{Options, in_process_program, leaksieve, list, work_folder};

/// What the program is called with, and how it stands in the table.
const CONTENDERS: [(&str, &str); 8] = [
    ("leaksieve-pages", "leaksieve-core: hash, page, bits"),
    (
        "leaksieve-file",
        "leaksieve: normalise, hash, `pread` a sector, verify, bits",
    ),
    (
        "leaksieve-together",
        "leaksieve: the same, 262,144 questions together",
    ),
    ("fastbloom", "fastbloom 0.17, its own hash (SipHash-1-3)"),
    ("fastbloom-xxh3", "fastbloom 0.17, XXH3"),
    ("bloomfilter", "bloomfilter 3 (SipHash-1-3 twice)"),
    ("binary-fuse-8", "xorf 0.13 BinaryFuse8, XXH3"),
    ("binary-fuse-16", "xorf 0.13 BinaryFuse16, XXH3"),
];

/// Run one, and give what it tells.
///
/// # Errors
/// When it fails.
pub(crate) fn told(step: Step, contender: &str, printed: &Path) -> Result<(Usage, Value)> {
    let used = step.run(printed)?;
    match serde_json::from_str(&fs::read_to_string(printed)?) {
        Ok(told) => Ok((used, told)),
        Err(_) => {
            let errors = fs::read_to_string(printed.with_extension("stderr"))?;
            bail!("{contender}: {}", errors.trim());
        }
    }
}

/// The median of what one thing took, by the seconds and the count that were told.
pub(crate) fn nanoseconds<'a>(
    told: impl Iterator<Item = &'a Value>,
    seconds: &str,
    count: &str,
) -> f64 {
    let each = told.filter_map(|told| Some(told[seconds].as_f64()? / told[count].as_f64()? * 1e9));
    median(each)
}

/// Measure and give the section.
///
/// # Errors
/// When a contender fails, or ours loses a member.
pub(crate) fn measure(options: &Options) -> Result<String> {
    let program = in_process_program()?;
    let leaksieve = leaksieve()?;
    let folder = work_folder()?;
    let folder = folder.path();
    say(format!("generating {} lines", thousands(options.items)));
    let members = list(folder, Kind::Phones, options.items, false, "members.txt")?;
    let strangers = list(folder, Kind::Phones, options.probes, true, "strangers.txt")?;
    let [filter, printed] = ["filter.lsv", "printed"].map(|name| folder.join(name));
    Step::new(&leaksieve)
        .args([Path::new("build"), &members, Path::new("-o"), &filter])
        .args(["--kind", "phone", "--region", "CN", "--fpr", "0.001"])
        .run(&printed)?;

    let mut runs: Vec<Vec<(Usage, Value)>> = CONTENDERS.iter().map(|_| Vec::new()).collect();
    for run in 1..=options.runs {
        say(format!("run {run}: {} libraries", CONTENDERS.len()));
        for ((contender, _), runs) in CONTENDERS.iter().zip(&mut runs) {
            let step = Step::new(&program).args([Path::new(contender), &members, &strangers]);
            runs.push(told(step.args([&filter]), contender, &printed)?);
        }
    }

    let mut table = Table::new(&[
        "filter in memory",
        "build ns an item",
        "to ours",
        "member asked, ns",
        "stranger asked, ns",
        "bits an item",
        "false alarms, 1 in",
        "lost",
    ]);
    let nanoseconds = |runs: &[(Usage, Value)], seconds: &str, count: &str| {
        nanoseconds(runs.iter().map(|(_, told)| told), seconds, count)
    };
    let ours = nanoseconds(&runs[0], "build_cpu_s", "num_items");
    for ((contender, name), runs) in CONTENDERS.iter().zip(&runs) {
        let (_, last) = runs.last().context("there is at least one run")?;
        let count = |name: &str| last[name].as_u64().unwrap_or_default();
        let is_ours = contender.starts_with("leaksieve");
        ensure!(
            !is_ours || count("num_lost") == 0,
            "{contender} lost {} members: this is a defect",
            count("num_lost")
        );
        let build = nanoseconds(runs, "build_cpu_s", "num_items");
        let (build, ratio) = if build > 0.0 {
            (figure(build), times(build / ours))
        } else {
            (String::new(), String::new())
        };
        table.row([
            (*name).into(),
            build,
            ratio,
            figure(nanoseconds(runs, "hits_cpu_s", "num_hits")),
            figure(nanoseconds(runs, "misses_cpu_s", "num_misses")),
            format!(
                "{:.2}",
                count("num_bytes") as f64 * 8.0 / options.items as f64
            ),
            match count("num_false_positives") {
                0 => format!("> {}", thousands(options.probes)),
                found => figure(options.probes as f64 / found as f64),
            },
            thousands(count("num_lost")),
        ]);
    }
    let peak = runs.iter().flatten().map(|(used, _)| used.peak_bytes).max();
    Ok(format!(
        "## Libraries in memory\n\n{}\n\n{} phone numbers that are in memory already, as lines of a text, in the list's \
         order; one thread; median of {} runs of CPU time. Members are asked in the list's order. BinaryFuse cannot choose its rate, needs all hashes at \
         once, and takes no further item. The line with `pread` is the whole question that `leaksieve check` asks of a file, in the \
         operating system's cache, and is not a filter in memory; nor is the next, which reads each sector once for many questions, as `check` does on standard input. No process took more than {} MiB, list included.\n\n{table}\n\
         ```sh\ncargo benchmark --only in-process --items {} --runs {}\n```\n",
        report::circumstances(),
        thousands(options.items),
        options.runs,
        mebibytes(peak.unwrap_or_default()),
        options.items,
        options.runs,
    ))
}
