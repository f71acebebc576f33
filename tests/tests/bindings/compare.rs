//! What a program answered, beside what the command line says.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::cases::Case;
use crate::questions::KINDS;

/// How many answers of each sort were compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Compared {
    pub(crate) exposed: usize,
    pub(crate) not_exposed: usize,
    pub(crate) not_covered: usize,
    pub(crate) errors: usize,
    pub(crate) opened: usize,
    pub(crate) refused: usize,
}

/// A program's lines, each of fields.
struct Lines<'a>(std::str::Lines<'a>);

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<Vec<&'a str>> {
        let line = self
            .0
            .next()
            .context("it answered less than it was asked")?;
        Ok(line.split('\t').collect())
    }
}

/// Compare all that was answered.
pub(crate) fn compare(cli: &Path, cases: &[Case], answers: &str) -> Result<Compared> {
    let mut compared = Compared::default();
    let mut lines = Lines(answers.lines());
    for case in cases {
        compare_case(cli, case, &mut lines, &mut compared)
            .with_context(|| format!("{case:?}", case = case.path))?;
    }
    ensure!(
        lines.0.next().is_none(),
        "it answered more than it was asked"
    );
    Ok(compared)
}

fn compare_case(
    cli: &Path,
    case: &Case,
    lines: &mut Lines<'_>,
    compared: &mut Compared,
) -> Result<()> {
    let opened = lines.next()?;
    let inspected = host(cli, case, &["inspect"], &[])?;
    if !inspected.status.success() {
        compared.refused += 1;
        let said = String::from_utf8(inspected.stderr)?;
        same_error(&opened, &said)?;
        for _ in case.questions() {
            let answer = lines.next()?;
            ensure!(
                answer == ["closed"],
                "{answer:?} of a file that was refused"
            );
        }
        return Ok(());
    }
    compared.opened += 1;
    let info: Value = serde_json::from_slice(&inspected.stdout)?;
    same_info(&opened, &info)?;
    for kind in &case.kinds {
        let mut options = vec!["check"];
        if *kind != 0 {
            options.extend(["--kind", KINDS[*kind]]);
        }
        if case.allow_expired {
            options.push("--allow-expired");
        }
        let checked = host(cli, case, &options, case.texts())?;
        let said = String::from_utf8(checked.stdout)?;
        let records = said.lines().map(serde_json::from_str::<Value>);
        let records = records.collect::<Result<Vec<_>, _>>()?;
        ensure!(records.len() == case.texts().len(), "{}", records.len());
        for (text, record) in case.texts().iter().zip(&records) {
            let answer = lines.next()?;
            same_verdict(&answer, record, &info, compared).with_context(|| {
                let text = String::from_utf8_lossy(text);
                format!(
                    "{text:?} as {:?}: {answer:?}, and the host: {record}",
                    KINDS[*kind]
                )
            })?;
        }
    }
    Ok(())
}

/// Ask the command line, which is tested by itself.
fn host(
    cli: &Path,
    case: &Case,
    options: &[&str],
    texts: &[Vec<u8>],
) -> Result<std::process::Output> {
    let mut child = Command::new(cli)
        .args(options)
        .args(["--format=json", "--min-epoch", &case.min_epoch.to_string()])
        .args(case.keys.iter().flat_map(|key| ["--key", key]))
        .arg(&case.path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut stdin = child.stdin.take().context("no stdin")?;
    let mut bytes = texts.join(&b'\n');
    bytes.push(b'\n');
    let is_asked = !texts.is_empty();
    let writer = std::thread::spawn(move || is_asked.then(|| stdin.write_all(&bytes)));
    let output = child.wait_with_output()?;
    ensure!(writer.join().is_ok(), "the host did not read on");
    Ok(output)
}

/// `error CODE MESSAGE`, of the same reason.
fn same_error(answer: &[&str], host: &str) -> Result<()> {
    let [word, code, message] = answer else {
        anyhow::bail!("{answer:?}, and the host: {host}");
    };
    ensure!(*word == "error", "{answer:?}, and the host: {host}");
    // What to do about it is worded for each.
    let reason = message.split("; ").next().unwrap_or_default();
    let reason = reason.trim_start_matches("the file cannot be read: ");
    ensure!(
        !reason.is_empty() && host.contains(reason),
        "{reason:?}, and the host: {host}"
    );
    let expected = [
        ("os error", "Unreadable"),
        ("Is a directory", "Unreadable"),
        ("is a directory", "Unreadable"),
        ("not a leaksieve file", "NotAFilter"),
        ("damaged", "Damaged"),
        ("cut short", "Damaged"),
        ("makes no sense", "Damaged"),
        ("header of", "Damaged"),
        ("signature is wrong", "Forged"),
        ("it was forged", "Forged"),
        ("not signed, and only", "NotTrusted"),
        ("which is no trusted key", "NotTrusted"),
        ("was seen before", "Outdated"),
        ("format version", "TooNew"),
    ];
    let expected = expected.iter().find(|(words, _)| reason.contains(words));
    let (_, expected) = expected.with_context(|| format!("an unknown reason: {reason}"))?;
    ensure!(code == expected, "{code}, of {reason}");
    Ok(())
}

/// `open FILE_ID ... `, then 11 fields for each dataset.
fn same_info(answer: &[&str], info: &Value) -> Result<()> {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let datasets = info["datasets"].as_array().context("no datasets")?;
    let size = info["size_bytes"].as_u64().context("no size")?;
    let sectors = info["num_sectors"].as_u64().context("no sectors")?;
    let mut expected = vec![
        "open".to_owned(),
        text(&info["file_id"]),
        size.to_string(),
        (size - sectors * 512).to_string(),
        text(&info["created_unix_s"]),
        text(&info["expires_unix_s"]),
        text(&info["has_expired"]),
        text(&info["epoch"]),
        text(&info["signer"]),
    ];
    for dataset in datasets {
        let rate = dataset["false_positive_rate"]["measured"].as_f64();
        let one_in = 1.0 / rate.context("no rate")?;
        expected.extend([
            text(&dataset["name"]),
            text(&dataset["date"]),
            text(&dataset["source_note"]),
            text(&dataset["kind"]),
            text(&dataset["covers"]),
            text(&dataset["num_items"]),
            text(&dataset["num_rejected"]),
            text(&dataset["min_count"]),
            format!("{one_in:.0}"),
        ]);
    }
    ensure!(answer == expected, "{answer:?}, and the host: {expected:?}");
    Ok(())
}

/// `WORD ...`; see `answer` in check.py.
fn same_verdict(
    answer: &[&str],
    record: &Value,
    info: &Value,
    compared: &mut Compared,
) -> Result<()> {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let list = |name: &str| record[name].as_array().cloned().unwrap_or_default();
    let reason = record["reason"].as_str().unwrap_or_default();
    match (record["verdict"].as_str(), answer) {
        (Some("exposed"), ["exposed", leaks @ ..]) => {
            compared.exposed += 1;
            let expected = list("datasets");
            let expected = expected.iter().flat_map(|leak| {
                ["name", "date", "false_alarm_one_in"].map(|key| text(&leak[key]))
            });
            ensure!(expected.eq(leaks.iter().copied()) && !leaks.is_empty());
        }
        (Some("not_exposed"), ["not_exposed", absences @ ..]) => {
            compared.not_exposed += 1;
            ensure!(caveats(absences, info)? == list("caveats"));
        }
        (Some("not_covered"), ["not_covered", num_gaps, rest @ ..]) => {
            compared.not_covered += 1;
            let (gaps, absences) = rest
                .split_at_checked(3 * num_gaps.parse::<usize>()?)
                .context("cut")?;
            let gaps = gaps.as_chunks::<3>().0;
            ensure!(!gaps.is_empty());
            if reason.starts_with("the file expired") {
                let is_expiry = |gap: &[&str; 3]| gap[2].starts_with("the file expired");
                ensure!(gaps.iter().all(is_expiry) && absences.is_empty());
                return Ok(());
            }
            // Of an expired file the host names what it lacks, and an app does not.
            let has_expired = info["has_expired"] == Value::Bool(true);
            let gaps = gaps
                .iter()
                .filter(|gap| !has_expired || !gap[2].starts_with("the file expired"));
            let said: Vec<String> = gaps
                .map(|gap| in_hosts_words(gap, info))
                .collect::<Result<_>>()?;
            ensure!(said.join("; ") == reason, "{said:?}");
            ensure!(has_expired || caveats(absences, info)? == list("caveats"));
        }
        (Some("error"), ["error", ..]) => {
            compared.errors += 1;
            same_error(answer, reason)?;
        }
        _ => anyhow::bail!("another verdict"),
    }
    Ok(())
}

/// `NAME (DATE; COVERS): MESSAGE`.
fn in_hosts_words(gap: &[&str; 3], info: &Value) -> Result<String> {
    let [name, date, message] = gap;
    let datasets = info["datasets"].as_array().context("no datasets")?;
    let dataset = datasets.iter().find(|dataset| dataset["name"] == **name);
    let covers = dataset.and_then(|dataset| dataset["covers"].as_str());
    let covers = covers.with_context(|| format!("the file has no {name}"))?;
    Ok(match *date {
        "" => format!("{name} ({covers}): {message}"),
        date => format!("{name} ({date}; {covers}): {message}"),
    })
}

/// Absences, of 4 fields each, as the host's caveats: those that have one.
fn caveats(absences: &[&str], info: &Value) -> Result<Vec<Value>> {
    let (absences, rest) = absences.as_chunks::<4>();
    ensure!(rest.is_empty());
    let mut caveats = Vec::new();
    for [name, date, num_rejected, min_count] in absences {
        let datasets = info["datasets"].as_array().context("no datasets")?;
        ensure!(datasets.iter().any(|dataset| dataset["name"] == *name));
        let mut caveat = serde_json::Map::new();
        caveat.insert("name".into(), (*name).into());
        if !date.is_empty() {
            caveat.insert("date".into(), (*date).into());
        }
        let num_rejected: u64 = num_rejected.parse()?;
        if num_rejected > 0 {
            caveat.insert("num_rejected".into(), num_rejected.into());
        }
        if !min_count.is_empty() {
            caveat.insert("min_count".into(), min_count.parse::<u64>()?.into());
        }
        if num_rejected > 0 || !min_count.is_empty() {
            caveats.push(caveat.into());
        }
    }
    Ok(caveats)
}
