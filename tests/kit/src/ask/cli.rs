//! The command line: `inspect` and `check`, as JSON.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use leaksieve_core::IdentifierKind;
use leaksieve_core::identifier::Rule;
use serde_json::{Map, Value, json};

use super::reference::What;
use super::why::EXPIRED;
use super::{Answer, Asker, Opened, Outcome, Question, Said, Terms, why};
use crate::host;

/// `leaksieve`, run once for each file and kind.
pub struct CommandLine {
    cli: PathBuf,
    file: PathBuf,
    terms: Terms,
}

impl CommandLine {
    /// Built before, or now.
    ///
    /// # Errors
    /// When it does not compile.
    pub fn new() -> Result<Self> {
        Ok(Self {
            cli: host::cli()?,
            file: PathBuf::new(),
            terms: Terms::default(),
        })
    }

    fn run(&self, options: &[&str], input: Option<Vec<u8>>) -> Result<Output> {
        let mut child = Command::new(&self.cli)
            .args(options)
            .args(["--format=json", "--min-epoch"])
            .arg(self.terms.min_epoch.to_string())
            .args(self.terms.keys.iter().flat_map(|key| ["--key", key]))
            .arg(&self.file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut stdin = child.stdin.take().context("no stdin")?;
        let writer = std::thread::spawn(move || {
            // One that refuses its file does not read on.
            input.map(|input| stdin.write_all(&input))
        });
        let output = child.wait_with_output()?;
        ensure!(writer.join().is_ok(), "{options:?} did not read on");
        Ok(output)
    }

    /// The answers to neighbouring questions of one kind.
    fn records(&self, kind: Option<IdentifierKind>, questions: &[Question]) -> Result<Vec<Said>> {
        let mut options = vec!["check"];
        if let Some(kind) = kind {
            options.extend(["--kind", kind.name()]);
        }
        if self.terms.allow_expired {
            options.push("--allow-expired");
        }
        let lines = questions.iter();
        let lines = lines.flat_map(|question| [&*question.text, b"\n"].concat());
        // Its status says what was found, not whether it worked.
        let checked = self.run(&options, Some(lines.collect()))?;
        String::from_utf8(checked.stdout)?
            .lines()
            .map(said)
            .collect()
    }
}

/// A record, but for the number of its line.
fn said(line: &str) -> Result<Said> {
    let mut record: Map<String, Value> = serde_json::from_str(line)?;
    record.remove("line").context("no line")?;
    let outcome = match record.get("verdict").and_then(Value::as_str) {
        Some("exposed") => Outcome::Exposed,
        Some("not_exposed") => Outcome::NotExposed,
        Some("not_covered") => Outcome::NotCovered,
        Some("error") => Outcome::Error,
        other => bail!("the verdict {other:?}"),
    };
    let mut reason = String::new();
    if let Some(Value::String(text)) = record.get_mut("reason") {
        // When, and what to do about it, is worded for each.
        text.truncate(
            text.find(EXPIRED)
                .map_or(text.len(), |at| at + EXPIRED.len()),
        );
        reason.clone_from(text);
    }
    for dataset in record
        .get("datasets")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        if let Some(found) = dataset["found"].as_str() {
            reason.push_str(&format!("found {found}; "));
        }
    }
    Ok(Said {
        outcome,
        why: why(outcome, &reason),
        words: Value::Object(record).to_string(),
    })
}

/// What `inspect` says, as [`Reference::about`](super::Reference::about).
pub(super) fn about(info: Value) -> Result<String> {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    let size = info["size_bytes"].as_u64().context("no size")?;
    let sectors = info["num_sectors"].as_u64().context("no sectors")?;
    let trailing = (size - sectors * 512).to_string();
    let mut fields = vec![
        "open".to_owned(),
        text(&info["file_id"]),
        size.to_string(),
        trailing,
    ];
    let of_file = [
        "created_unix_s",
        "expires_unix_s",
        "has_expired",
        "epoch",
        "signer",
    ];
    fields.extend(of_file.map(|key| text(&info[key])));
    for dataset in info["datasets"].as_array().context("no datasets")? {
        let of_dataset = [
            "name",
            "date",
            "source_note",
            "kind",
            "covers",
            "num_items",
            "num_rejected",
            "min_count",
        ];
        fields.extend(of_dataset.map(|key| text(&dataset[key])));
        let rate = dataset["false_positive_rate"]["measured"].as_f64();
        fields.push(match rate.context("no rate")? {
            0.0 => String::new(),
            rate => format!("{:.0}", 1.0 / rate),
        });
    }
    Ok(fields.join("\t"))
}

impl Asker for CommandLine {
    fn folds(&self) -> bool {
        true
    }

    fn opens(&self, _: &Path, terms: &Terms) -> bool {
        terms.now_unix_s.is_none()
    }

    fn open(&mut self, file: &Path, terms: &Terms) -> Result<Opened> {
        self.file = file.to_owned();
        self.terms = terms.clone();
        let inspected = self.run(&["inspect"], None)?;
        if inspected.status.success() {
            return Ok(Opened::Open(Some(about(serde_json::from_slice(
                &inspected.stdout,
            )?)?)));
        }
        let words = String::from_utf8(inspected.stderr)?;
        let checked = self.run(&["check"], Some(b"x\n".to_vec()))?;
        ensure!(checked.stdout.is_empty(), "{file:?} is refused, and asked");
        Ok(Opened::Refused(Said {
            outcome: Outcome::Error,
            why: why(Outcome::Error, &words),
            words,
        }))
    }

    fn ask(&mut self, questions: &[Question]) -> Result<Vec<Said>> {
        let mut said = Vec::new();
        for of_kind in questions.chunk_by(|a, b| a.kind == b.kind) {
            let kind = of_kind.first().and_then(|question| question.kind);
            said.extend(self.records(kind, of_kind)?);
        }
        Ok(said)
    }

    fn words(&self, answer: &Answer<'_>) -> String {
        let (parts, outcome) = (answer.parts(), answer.outcome());
        let (mut datasets, mut caveats, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
        for part in &parts {
            let mut entry = json!({"name": part.dataset.name.as_str()});
            if !part.date.is_empty() {
                entry["date"] = part.date.clone().into();
            }
            match part.what {
                What::Exposed(odds, rule) => {
                    // An exact set has none.
                    entry["false_alarm_one_in"] = (odds > 0).then_some(odds).into();
                    if let Some(found) = rule.map(Rule::text) {
                        entry["found"] = found.into();
                    }
                    datasets.push(entry);
                }
                What::Expired if outcome != Outcome::Exposed => {}
                What::Absent | What::Expired => {
                    let [rejected, count] =
                        [part.dataset.num_rejected, part.dataset.min_count.into()];
                    for (key, number) in [("num_rejected", rejected), ("min_count", count)] {
                        if number > 0 {
                            entry[key] = number.into();
                        }
                    }
                    if rejected > 0 || count > 0 {
                        caveats.push(entry);
                    }
                }
                What::NotCovered(_) => reasons.push(part.phrase.clone()),
            }
        }
        if outcome != Outcome::Exposed && answer.why().contains(&"expired") {
            reasons.push(EXPIRED.to_owned());
        }
        let mut record = Map::new();
        let verdict = match outcome {
            Outcome::Exposed => "exposed",
            Outcome::NotExposed => "not_exposed",
            Outcome::NotCovered => "not_covered",
            Outcome::Error => "error",
        };
        record.insert("verdict".into(), verdict.into());
        if !reasons.is_empty() {
            record.insert("reason".into(), reasons.join("; ").into());
        }
        for (key, list) in [("datasets", datasets), ("caveats", caveats)] {
            if !list.is_empty() {
                record.insert(key.into(), list.into());
            }
        }
        Value::Object(record).to_string()
    }
}
