//! Questions from Python, one by one and as a column, beside Python's own filters.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use testkit::run::say;
use testkit::{venv, wheel, workspace};

use crate::generate::Kind;
use crate::measure::{Step, median};
use crate::report::{self, Table, figure, thousands};
use crate::{Options, leaksieve, list, work_folder};

/// The script that measures one contender.
const SCRIPT: &str = include_str!("python.py");

/// What the script calls it, its package and version, and what it does for an answer.
const CONTENDERS: [(&str, Option<&str>, &str); 3] = [
    (
        "leaksieve",
        None,
        "normalise, `pread` a sector, verify it, make a verdict that names the leak",
    ),
    (
        "rbloom",
        Some("rbloom==1.5.4"),
        "Python's `hash` of the text as it is, bits in memory, a bool",
    ),
    (
        "pybloomfiltermmap3",
        Some("pybloomfiltermmap3==0.6.3"),
        "hash of the text as it is, bits in memory, a bool",
    ),
];

/// Measure and give the section.
///
/// # Errors
/// When ours fails or loses a member. A peer that cannot be got is said and left out.
pub(crate) fn measure(options: &Options) -> Result<String> {
    let leaksieve = leaksieve()?;
    let wheel = wheel::build("release", &workspace::target_folder("bench/wheel")?)?;
    let python = venv::environment("bench")?;
    wheel::install(&python, &wheel)?;
    let folder = work_folder()?;
    let folder = folder.path();
    say(format!("generating {} lines", thousands(options.items)));
    let members = list(folder, Kind::Phones, options.items, false, "members.txt")?;
    let strangers = list(folder, Kind::Phones, options.items, true, "strangers.txt")?;
    let [filter, printed, script] =
        ["filter.lsv", "printed", "python.py"].map(|name| folder.join(name));
    fs::write(&script, SCRIPT)?;
    Step::new(&leaksieve)
        .args([Path::new("build"), &members, Path::new("-o"), &filter])
        .args(["--kind", "phone", "--region", "CN", "--fpr", "0.001"])
        .run(&printed)?;

    let mut table = Table::new(&[
        "asked from Python",
        "members a second, one a call",
        "strangers",
        "members a second, all at once",
        "strangers",
        "on all cores",
        "false alarms, 1 in",
        "lost",
    ]);
    let mut contenders = Vec::new();
    for (name, package, what) in CONTENDERS {
        match package.map_or(Ok(()), |package| venv::install(&python, &[package])) {
            Ok(()) => contenders.push((name, package.unwrap_or(name), what, Vec::new())),
            Err(error) => say(format!("{name} is left out: {error:#}")),
        }
    }
    for run in 1..=options.runs {
        say(format!("run {run}: {} contenders", contenders.len()));
        for (name, .., results) in &mut contenders {
            let step = Step::new(&python)
                .args([script.as_path(), name.as_ref(), &members, &strangers])
                .args([options.probes.to_string()])
                .args([&filter]);
            step.run(&printed)?;
            let Ok(result) = serde_json::from_str::<Value>(&fs::read_to_string(&printed)?) else {
                let errors = fs::read_to_string(printed.with_extension("stderr"))?;
                bail!("{name}: {}", errors.trim());
            };
            results.push(result);
        }
    }
    for (name, package, what, results) in &contenders {
        let last = results.last().context("there is at least one run")?;
        let count = |field: &str| last[field].as_u64().unwrap_or_default();
        let rate = |field| median(results.iter().filter_map(|result| result[field].as_f64()));
        ensure!(
            *name != "leaksieve" || count("num_lost") == 0,
            "leaksieve lost {} members: this is a defect",
            count("num_lost")
        );
        table.row([
            format!("{}: {what}", package.replace("==", " ")),
            thousands(rate("one_hits_per_s").round() as u64),
            thousands(rate("one_misses_per_s").round() as u64),
            thousands(rate("many_hits_per_s").round() as u64),
            thousands(rate("many_misses_per_s").round() as u64),
            thousands(rate("many_misses_per_s_of_all_cores").round() as u64),
            match count("num_false_positives") {
                0 => format!("> {}", thousands(count("num_strangers"))),
                found => figure(count("num_strangers") as f64 / found as f64),
            },
            thousands(count("num_lost")),
        ]);
    }
    Ok(format!(
        "## From Python\n\n{}\n\n{} phone numbers in the filter; {} members and as many strangers are asked, one a call; then {} members and as many strangers at \
         once, a column of strings. All is read before; medians of {} runs; questions a second of CPU time, but for the column of all cores. \
         leaksieve asks the file, which the operating system keeps in memory, and one a call answers with an object (leak, date, odds); the \
         others answer with a bool about the exact text, of a filter in the process's memory. They have no column, and are asked in a list \
         comprehension.\n\n{table}\n\
         ```sh\ncargo benchmark --only python --items {} --runs {}\n```\n",
        report::circumstances(),
        thousands(options.items),
        thousands(options.probes),
        thousands(options.items),
        options.runs,
        options.items,
        options.runs,
    ))
}
