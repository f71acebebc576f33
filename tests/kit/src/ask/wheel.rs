//! The wheel for Python: texts one by one, and the same as columns.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use leaksieve_core::identifier::Rule;
use serde_json::{Value, json};

use super::cli::about;
use super::reference::What;
use super::why::EXPIRED;
use super::{Answer, Asker, Opened, Outcome, Question, Said, Terms, why};

/// What reads questions and writes answers, a line of JSON each.
const SCRIPT: &str = include_str!("wheel.py");

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By its path.
    Path,
    /// Its bytes are read before.
    Bytes,
    /// Python's object that reads it.
    Object,
}

/// A Python that has the wheel.
pub struct Wheel {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    /// How files are opened.
    pub way: Way,
}

impl Wheel {
    /// Of an interpreter.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(python: &Path) -> Result<Self> {
        let mut child = Command::new(python)
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Self {
            stdin: child.stdin.take().context("no stdin")?,
            stdout: BufReader::new(child.stdout.take().context("no stdout")?),
            child,
            way: Way::Path,
        })
    }

    fn answer(&mut self, question: &Value) -> Result<Value> {
        writeln!(self.stdin, "{question}")?;
        let mut answer = String::new();
        self.stdout.read_line(&mut answer)?;
        serde_json::from_str(&answer).context("Python ended; see what it wrote above")
    }
}

impl Drop for Wheel {
    fn drop(&mut self) {
        // It waits for the next question, which does not come.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer as the script writes it.
fn said(mut record: Value) -> Result<Said> {
    let outcome = match record["outcome"].as_str() {
        Some("exposed") => Outcome::Exposed,
        Some("not_exposed") => Outcome::NotExposed,
        Some("not_covered" | "expired") => Outcome::NotCovered,
        Some("error") => Outcome::Error,
        other => bail!("the outcome {other:?}"),
    };
    let reason = record["reason"].as_str().context("no reason")?;
    // When, and what to do about it, is worded for each.
    let end = reason.find(EXPIRED);
    let reason = reason[..end.map_or(reason.len(), |at| at + EXPIRED.len())].to_owned();
    Ok(Said {
        outcome,
        why: why(outcome, &reason),
        words: match outcome {
            Outcome::Error => reason,
            _ => {
                record["reason"] = reason.into();
                record.to_string()
            }
        },
    })
}

impl Asker for Wheel {
    fn folds(&self) -> bool {
        true
    }

    fn opens(&self, file: &Path, terms: &Terms) -> bool {
        // What is no file, Python says itself.
        terms.now_unix_s.is_none() && (self.way == Way::Path || file.is_file())
    }

    fn open(&mut self, file: &Path, terms: &Terms) -> Result<Opened> {
        let question = json!({
            "open": file,
            "way": format!("{:?}", self.way),
            "keys": terms.keys,
            "min_epoch": terms.min_epoch,
            "allow_expired": terms.allow_expired,
        });
        let answer = self.answer(&question)?;
        Ok(match answer.get("info") {
            Some(info) => Opened::Open(Some(about(info.clone())?)),
            None => Opened::Refused(said(answer)?),
        })
    }

    fn ask(&mut self, questions: &[Question]) -> Result<Vec<Said>> {
        let hex =
            |text: &[u8]| -> String { text.iter().map(|byte| format!("{byte:02x}")).collect() };
        let questions: Vec<Value> = questions
            .iter()
            .map(|Question { kind, text }| json!([kind.map(|kind| kind.name()), hex(text)]))
            .collect();
        let answers = self.answer(&json!({ "ask": questions }))?;
        let answers = answers.as_array().context("no answers")?;
        answers.iter().cloned().map(said).collect()
    }

    fn words(&self, answer: &Answer<'_>) -> String {
        let date = |date: &str| match date {
            "" => Value::Null,
            date => date.into(),
        };
        let (mut leaks, mut caveats) = (Vec::new(), Vec::new());
        for part in answer.parts() {
            let (name, dataset) = (part.dataset.name.as_str(), part.dataset);
            match part.what {
                What::Exposed(odds, rule) => leaks.push(json!([
                    name,
                    date(&part.date),
                    (odds > 0).then_some(odds),
                    rule.map(Rule::text)
                ])),
                What::Absent if dataset.num_rejected > 0 || dataset.min_count > 0 => {
                    caveats.push(json!([
                        name,
                        date(&part.date),
                        dataset.num_rejected,
                        (dataset.min_count > 0).then_some(dataset.min_count)
                    ]));
                }
                What::Absent | What::Expired | What::NotCovered(_) => {}
            }
        }
        let outcome = match answer.outcome() {
            Outcome::Exposed => "exposed",
            Outcome::NotExposed => "not_exposed",
            Outcome::NotCovered if answer.is_expired() => "expired",
            Outcome::NotCovered => "not_covered",
            Outcome::Error => "error",
        };
        let record = json!({
            "outcome": outcome,
            "reason": answer.sentence(),
            "leaks": leaks,
            "caveats": caveats,
        });
        record.to_string()
    }
}
