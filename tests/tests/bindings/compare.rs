//! What a program answered, beside what the command line says.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::cases::Case;
use crate::questions::{KINDS, Way};

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

/// Compare all that was answered, in each way of opening the files; gives what each comparison found,
/// which is the same.
pub(crate) fn compare(cli: &Path, cases: &[Case], answers: &[(Way, String)]) -> Result<Compared> {
    let mut ways: Vec<_> = answers
        .iter()
        .map(|(way, answers)| (way, Lines(answers.lines()), Compared::default()))
        .collect();
    for case in cases {
        // Once: it takes the longest.
        let host = Host::ask(cli, case).with_context(|| format!("{:?}", case.path))?;
        for (way, lines, compared) in &mut ways {
            compare_case(&host, case, lines, compared)
                .with_context(|| format!("{way:?}, {:?}", case.path))?;
        }
    }
    for (way, lines, _) in &mut ways {
        ensure!(
            lines.0.next().is_none(),
            "{way:?}: it answered more than it was asked"
        );
    }
    let (_, _, compared) = ways.first().context("nothing was compared")?;
    ensure!(ways.iter().all(|(_, _, other)| other == compared));
    Ok(*compared)
}

/// What the command line says of a file.
enum Host {
    /// It is not opened, and why.
    Refused(String),
    /// What it is, and a record of each text, for each kind that is asked.
    Opened {
        info: Value,
        records: Vec<Vec<Value>>,
    },
}

impl Host {
    fn ask(cli: &Path, case: &Case) -> Result<Self> {
        let inspected = host(cli, case, &["inspect"], &[])?;
        if !inspected.status.success() {
            return Ok(Self::Refused(String::from_utf8(inspected.stderr)?));
        }
        let mut records = Vec::new();
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
            let of_kind = said.lines().map(serde_json::from_str);
            let of_kind: Vec<Value> = of_kind.collect::<Result<_, _>>()?;
            ensure!(of_kind.len() == case.texts().len(), "{}", of_kind.len());
            records.push(of_kind);
        }
        Ok(Self::Opened {
            info: serde_json::from_slice(&inspected.stdout)?,
            records,
        })
    }
}

fn compare_case(
    host: &Host,
    case: &Case,
    lines: &mut Lines<'_>,
    compared: &mut Compared,
) -> Result<()> {
    let opened = lines.next()?;
    let (info, records) = match host {
        Host::Refused(said) => {
            compared.refused += 1;
            same_error(&opened, said)?;
            for _ in case.questions() {
                let answer = lines.next()?;
                ensure!(
                    answer == ["closed"],
                    "{answer:?} of a file that was refused"
                );
            }
            return Ok(());
        }
        Host::Opened { info, records } => (info, records),
    };
    compared.opened += 1;
    same_info(&opened, info)?;
    for (kind, records) in case.kinds.iter().zip(records) {
        for (text, record) in case.texts().iter().zip(records) {
            let answer = lines.next()?;
            let asked = Asked {
                info,
                kind: KINDS[*kind],
                allow_expired: case.allow_expired,
            };
            asked.same(&answer, record, compared).with_context(|| {
                let text = String::from_utf8_lossy(text);
                format!(
                    "{text:?} as {:?}: {answer:?}, and the host: {record}",
                    asked.kind
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

/// A field of the host's as a program prints it.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

/// `open FILE_ID ... `, then 9 fields for each dataset.
fn same_info(answer: &[&str], info: &Value) -> Result<()> {
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
    for dataset in datasets(info)? {
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

fn datasets(info: &Value) -> Result<&Vec<Value>> {
    info["datasets"].as_array().context("no datasets")
}

/// A file, as the host describes it, and on what terms it is asked.
struct Asked<'a> {
    info: &'a Value,
    kind: &'a str,
    allow_expired: bool,
}

impl Asked<'_> {
    /// `WORD ...`, beside the host's record; see `answer` in check.py.
    fn same(&self, answer: &[&str], record: &Value, compared: &mut Compared) -> Result<()> {
        let list = |name: &str| record[name].as_array().cloned().unwrap_or_default();
        let reason = record["reason"].as_str().unwrap_or_default();
        match (record["verdict"].as_str(), answer) {
            (Some("exposed"), ["exposed", leaks @ ..]) => {
                compared.exposed += 1;
                let expected = list("datasets");
                let expected = expected.iter().flat_map(|leak| {
                    ["name", "date", "false_alarm_one_in", "found"].map(|key| text(&leak[key]))
                });
                ensure!(expected.eq(leaks.iter().copied()) && !leaks.is_empty());
            }
            (Some("not_exposed"), ["not_exposed", absences @ ..]) => {
                compared.not_exposed += 1;
                self.are_all(&[], absences)?;
                ensure!(caveats(absences)? == list("caveats"));
            }
            (Some("not_covered"), ["not_covered", num_gaps, rest @ ..]) => {
                compared.not_covered += 1;
                let (gaps, absences) = rest
                    .split_at_checked(3 * num_gaps.parse::<usize>()?)
                    .context("cut")?;
                let gaps = gaps.as_chunks::<3>().0;
                ensure!(!gaps.is_empty());
                self.are_all(gaps, absences)?;
                // Of an expired file the host names what it lacks, and an app does not.
                let (expired, gaps): (Vec<_>, Vec<_>) = gaps
                    .iter()
                    .partition(|gap| gap[2].starts_with("the file expired"));
                let is_too_old = self.info["has_expired"] == true && !self.allow_expired;
                ensure!(if is_too_old {
                    absences.is_empty()
                } else {
                    expired.is_empty()
                });
                // It does so in one sentence, behind what cannot say.
                let (reason, says_expired) = match reason.find("the file expired") {
                    Some(at) => (reason[..at].trim_end_matches("; "), true),
                    None => (reason, false),
                };
                ensure!(says_expired != expired.is_empty());
                let said = gaps.iter().map(|gap| self.in_hosts_words(gap));
                let said: Vec<String> = said.collect::<Result<_>>()?;
                ensure!(said.join("; ") == reason, "{said:?}");
                ensure!(is_too_old || caveats(absences)? == list("caveats"));
            }
            (Some("error"), ["error", ..]) => {
                compared.errors += 1;
                same_error(answer, reason)?;
            }
            _ => anyhow::bail!("another verdict"),
        }
        Ok(())
    }

    /// Those that cannot say, of 3 fields each, and those that lack it, of 4: each dataset that was asked
    /// is one of them, once.
    fn are_all(&self, gaps: &[[&str; 3]], absences: &[&str]) -> Result<()> {
        let all = datasets(self.info)?;
        // Hashes are asked of what holds passwords.
        let kind = match self.kind {
            "sha1" | "ntlm" => "password",
            kind => kind,
        };
        let is_of_kind = |dataset: &&Value| dataset["kind"] == kind;
        // Where nothing is of the kind, or none is stated, all are asked.
        let is_any = !all.iter().any(|dataset| is_of_kind(&dataset));
        let (mut gaps, mut absences) = (gaps.iter(), absences.chunks(4));
        let (mut gap, mut absence) = (gaps.next(), absences.next());
        for dataset in all.iter().filter(|dataset| is_any || is_of_kind(dataset)) {
            let of = |keys: &[&str]| -> Vec<String> {
                keys.iter().map(|key| text(&dataset[*key])).collect()
            };
            if absence
                .is_some_and(|fields| fields == of(&["name", "date", "num_rejected", "min_count"]))
            {
                absence = absences.next();
            } else if gap.is_some_and(|fields| fields[..2] == of(&["name", "date"])) {
                gap = gaps.next();
            } else {
                anyhow::bail!("{} was asked, and is not there", dataset["name"]);
            }
        }
        ensure!(gap.is_none() && absence.is_none(), "{gap:?}, {absence:?}");
        Ok(())
    }

    /// `NAME (DATE; KIND): MESSAGE`.
    fn in_hosts_words(&self, gap: &[&str; 3]) -> Result<String> {
        let [name, date, message] = gap;
        let datasets = datasets(self.info)?;
        let dataset = datasets.iter().find(|dataset| dataset["name"] == **name);
        let dataset = dataset.with_context(|| format!("the file has no {name}"))?;
        // Of telephone numbers the region too.
        let said = match dataset["kind"].as_str() {
            Some("phone") => "covers",
            _ => "kind",
        };
        let covers = dataset[said].as_str().context("no text")?;
        Ok(match *date {
            "" => format!("{name} ({covers}): {message}"),
            date => format!("{name} ({date}; {covers}): {message}"),
        })
    }
}

/// Absences, of 4 fields each, as the host's caveats: those that have one.
fn caveats(absences: &[&str]) -> Result<Vec<Value>> {
    let (absences, rest) = absences.as_chunks::<4>();
    ensure!(rest.is_empty());
    let mut caveats = Vec::new();
    for [name, date, num_rejected, min_count] in absences {
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

/// An answer that leaves a dataset out, or says another's, is another answer.
#[test]
fn what_is_left_out_is_noticed() -> Result<()> {
    let info = serde_json::json!({"has_expired": true, "datasets": [
        {"name": "A", "kind": "phone", "date": "2021", "num_rejected": 0, "min_count": null},
        {"name": "B", "kind": "email", "date": null, "num_rejected": 2, "min_count": 3},
    ]});
    let same = |answer: &str, kind, allow_expired, record: &Value| {
        let asked = Asked {
            info: &info,
            kind,
            allow_expired,
        };
        let answer: Vec<&str> = answer.split('\t').collect();
        asked
            .same(&answer, record, &mut Compared::default())
            .is_ok()
    };
    let (a, b) = ("A\t2021\t0\t", "B\t\t2\t3");
    let lacks = |caveats| serde_json::json!({"verdict": "not_exposed", "caveats": caveats});
    let (none, of_b) = (
        lacks(vec![]),
        lacks(vec![
            serde_json::json!({"name": "B", "num_rejected": 2, "min_count": 3}),
        ]),
    );
    ensure!(same(&format!("not_exposed\t{a}"), "phone", true, &none));
    ensure!(same(&format!("not_exposed\t{a}\t{b}"), "", true, &of_b));
    for (answer, kind, record) in [
        ("not_exposed".to_owned(), "phone", &none),
        (format!("not_exposed\t{a}\t{a}"), "phone", &none),
        (format!("not_exposed\t{b}"), "", &of_b),
        (format!("not_exposed\t{a}\t{b}"), "email", &of_b),
    ] {
        ensure!(!same(&answer, kind, true, record), "{answer}");
    }
    let expired =
        serde_json::json!({"verdict": "not_covered", "reason": "the file expired on a day"});
    let (a, b) = ("A\t2021\tthe file expired", "B\t\tthe file expired");
    ensure!(same(
        &format!("not_covered\t2\t{a}\t{b}"),
        "",
        false,
        &expired
    ));
    for answer in [
        format!("not_covered\t1\t{a}"),
        format!("not_covered\t2\t{a}\t{a}"),
    ] {
        ensure!(!same(&answer, "", false, &expired), "{answer}");
    }
    Ok(())
}
