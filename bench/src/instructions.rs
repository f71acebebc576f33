//! Counted instructions of the hot functions, kept in `docs/instructions.tsv`, so that what
//! became slower shows in a change's diff.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use testkit::run::{self, say};
use testkit::workspace;

use crate::peers::cargo_install;
use crate::report::{self, Table, thousands};

/// The runner must have the version of the library, which the manifest pins.
const RUNNER: (&str, &str) = ("gungraun-runner", "0.20.0");

/// What passes: counts move a little with the compiler.
const TOLERANCE: f64 = 0.03;

/// Counts by function and case.
type Counts = BTreeMap<String, u64>;

/// Count. With `check`, compare with the committed counts and write nothing; otherwise write
/// them, and give the section.
///
/// # Errors
/// When there is no valgrind, a benchmark fails, or with `check` a count is out of tolerance.
pub(crate) fn measure(check: bool) -> Result<Option<String>> {
    let path = report::docs("instructions.tsv");
    let counts = count()?;
    if check {
        let text = fs::read_to_string(&path)
            .context("there is nothing to compare with; run this without --check first")?;
        let (compiler, committed) = from_tsv(&text);
        let ours = report::rustc_version();
        if compiler != ours {
            say(format!(
                "the committed counts are of {compiler}, these of {ours}"
            ));
        }
        compare(&committed, &counts)?;
        say(format!(
            "{} counts are within {:.0} % of docs/instructions.tsv",
            counts.len(),
            TOLERANCE * 100.0
        ));
        return Ok(None);
    }
    fs::write(&path, to_tsv(&counts))?;
    let mut table = Table::new(&["function", "instructions"]);
    for (name, count) in &counts {
        table.row([format!("`{name}`"), thousands(*count)]);
    }
    Ok(Some(format!(
        "## Instructions\n\n{}\n\nOne call of each on x86-64, counted by callgrind; the data are in \
         [instructions.tsv](instructions.tsv). The same compiler gives the same counts on every machine.\n\n{table}\n\
         ```sh\ncargo benchmark --only instructions           # count and write\n\
         cargo benchmark --only instructions --check   # fail if one differs by more than {:.0} %\n```\n",
        report::circumstances(),
        TOLERANCE * 100.0
    )))
}

/// Run `bench/benches/instructions.rs`.
fn count() -> Result<Counts> {
    let (package, version) = RUNNER;
    let runner = cargo_install(package, version, package, "dev")?;
    let mut command = run::cargo();
    if let Some(folder) = valgrind()? {
        // Debian's, unpacked: it looks for its tools where this says.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let bin = folder.join("usr/bin");
        let path = std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&path)))?;
        command
            .env("PATH", path)
            .env("VALGRIND_LIB", folder.join("usr/libexec/valgrind"))
            .env("GUNGRAUN_ENV_CLEAR", "no");
    }
    // With the results of a run before, a summary would compare.
    let home = tempfile::tempdir_in(workspace::target_folder("bench")?)?;
    say("counting instructions");
    command
        .args([
            "bench",
            "--quiet",
            "--bench",
            "instructions",
            "--target-dir",
        ])
        .arg(workspace::target())
        .args(["--", "--output-format=json"])
        .env("GUNGRAUN_RUNNER", runner)
        .env("GUNGRAUN_HOME", home.path())
        .current_dir(workspace::root().join("bench"))
        .stdin(Stdio::null())
        .stderr(Stdio::piped());
    let out = command
        .output()
        .with_context(|| format!("cannot start `{}`", run::line_of(&command)))?;
    if !out.status.success() {
        bail!(
            "`{}` failed ({}): {}",
            run::line_of(&command),
            out.status,
            String::from_utf8_lossy(&out.stderr).trim()
        );
    }
    let counts: Counts = String::from_utf8_lossy(&out.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter_map(|summary: Value| of_summary(&summary))
        .collect();
    ensure!(!counts.is_empty(), "the benchmarks told no count");
    Ok(counts)
}

/// Name and count of one benchmark, in gungraun's summary (its schema 7).
fn of_summary(summary: &Value) -> Option<(String, u64)> {
    let [function, case] = ["function_name", "id"].map(|name| summary[name].as_str());
    let metrics = summary.pointer("/profiles/0/data/parts/0/metrics")?;
    let count = metrics.pointer("/Ir/values/new")?.as_u64()?;
    Some((format!("{} {}", function?, case?), count))
}

/// The folder of an unpacked valgrind; none if the machine has one.
fn valgrind() -> Result<Option<PathBuf>> {
    if which::which("valgrind").is_ok() {
        return Ok(None);
    }
    let root = workspace::target_folder("bench")?.join("valgrind");
    if !root.exists() {
        say("downloading into target/bench: valgrind; nothing is installed on the machine");
        let partial = root.with_extension("partial");
        testkit::debian::unpack_packages(&["valgrind"], &partial).context(
            "valgrind is missing, and Debian's could not be got; install valgrind, then run this again",
        )?;
        fs::rename(&partial, &root)?;
    }
    Ok(Some(root))
}

fn to_tsv(counts: &Counts) -> String {
    let mut text = format!("# {}\nfunction\tinstructions\n", report::rustc_version());
    for (name, count) in counts {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{name}\t{count}");
    }
    text
}

/// The compiler, and the counts.
fn from_tsv(text: &str) -> (String, Counts) {
    let compiler = text.lines().next().unwrap_or_default();
    let counts = text.lines().filter_map(|line| {
        let (name, count) = line.split_once('\t')?;
        Some((name.to_owned(), count.parse().ok()?))
    });
    (
        compiler.trim_start_matches("# ").to_owned(),
        counts.collect(),
    )
}

/// # Errors
/// When a count is out of tolerance, in either direction, or one has no counterpart: then the
/// committed file is not of this code.
fn compare(committed: &Counts, now: &Counts) -> Result<()> {
    let mut differences = Vec::new();
    for (name, count) in now {
        match committed.get(name) {
            Some(before) if (*count as f64 / *before as f64 - 1.0).abs() <= TOLERANCE => {}
            Some(before) => differences.push(format!(
                "{name}: {before} -> {count} ({:+.1} %)",
                (*count as f64 / *before as f64 - 1.0) * 100.0
            )),
            None => differences.push(format!("{name}: is new, {count}")),
        }
    }
    let gone = committed.keys().filter(|name| !now.contains_key(*name));
    differences.extend(gone.map(|name| format!("{name}: is gone")));
    ensure!(
        differences.is_empty(),
        "not the counts of docs/instructions.tsv: {}. If this is meant, write them: cargo benchmark --only instructions",
        differences.join("; ")
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(counts: &[(&str, u64)]) -> Counts {
        let counts = counts.iter();
        counts
            .map(|(name, count)| ((*name).into(), *count))
            .collect()
    }

    #[test]
    fn what_is_written_is_read() {
        let counts = counts(&[("hash phone", 60), ("lookup exposed", 4000)]);
        let (compiler, read) = from_tsv(&to_tsv(&counts));
        assert_eq!(read, counts);
        assert!(compiler.starts_with("rustc "));
    }

    #[test]
    fn differences_are_told() {
        let committed = counts(&[("a", 1000), ("b", 1000)]);
        assert!(compare(&committed, &counts(&[("a", 1029), ("b", 971)])).is_ok());
        for (now, told) in [
            (
                counts(&[("a", 1031), ("b", 1000)]),
                "a: 1000 -> 1031 (+3.1 %)",
            ),
            (
                counts(&[("a", 1000), ("b", 900)]),
                "b: 1000 -> 900 (-10.0 %)",
            ),
            (counts(&[("a", 1000)]), "b: is gone"),
            (
                counts(&[("a", 1000), ("b", 1000), ("c", 1)]),
                "c: is new, 1",
            ),
        ] {
            let error = compare(&committed, &now).unwrap_err().to_string();
            assert!(error.contains(told), "{error}");
        }
    }
}
