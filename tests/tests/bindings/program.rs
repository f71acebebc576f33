//! Programs in other languages, each of which opens files and asks them through what an app in that
//! language has. They read a line for each file and question, and write a line for each.

use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use testkit::ask::cases::KINDS;
use testkit::ask::{Answer, Asker, Opened, Outcome, Question, Said, Terms, What, why};
use testkit::run;

/// How a program opens a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Path,
    Descriptor,
    /// By the descriptor of a larger file that it lies in.
    Region,
    Reader,
}

impl Way {
    /// Of a program in C, whose region is the descriptor's with two numbers more.
    pub(crate) const OF_C: [Self; 3] = [Self::Path, Self::Descriptor, Self::Reader];
    pub(crate) const ALL: [Self; 4] = [Self::Path, Self::Descriptor, Self::Region, Self::Reader];

    const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Descriptor => "descriptor",
            Self::Region => "region",
            Self::Reader => "reader",
        }
    }
}

/// A program that runs.
pub(crate) struct Program {
    child: Child,
    // `None` once it is to end.
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    stderr: std::fs::File,
    pub(crate) way: Way,
}

impl Program {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let stderr = tempfile::tempfile()?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone()?)
            .spawn()
            .with_context(|| run::line_of(command))?;
        Ok(Self {
            stdin: child.stdin.take(),
            stdout: BufReader::new(child.stdout.take().context("no stdout")?),
            stderr,
            child,
            way: Way::Path,
        })
    }

    /// A line for a line, in fields.
    fn answer(&mut self, line: &str) -> Result<Vec<String>> {
        let stdin = self.stdin.as_mut().context("it has ended")?;
        writeln!(stdin, "{line}")?;
        let mut answer = String::new();
        self.stdout.read_line(&mut answer)?;
        let answer = answer.strip_suffix('\n').context("it does not answer")?;
        Ok(answer.split('\t').map(str::to_owned).collect())
    }

    /// Let it end. It has said nothing more, and no sanitizer has found anything.
    pub(crate) fn end(mut self) -> Result<()> {
        self.stdin = None;
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest)?;
        let status = self.child.wait()?;
        self.stderr.rewind()?;
        self.stderr.read_to_string(&mut rest)?;
        ensure!(status.success() && rest.is_empty(), "{status}: {rest}");
        Ok(())
    }
}

impl Asker for Program {
    fn folds(&self) -> bool {
        true
    }

    fn opens(&self, _: &Path, terms: &Terms) -> bool {
        terms.now_unix_s.is_none()
    }

    fn open(&mut self, file: &Path, terms: &Terms) -> Result<Opened> {
        let (way, file, keys) = (self.way.name(), file.display(), terms.keys.join(","));
        let Terms {
            min_epoch,
            allow_expired,
            ..
        } = terms;
        let allow_expired = u8::from(*allow_expired);
        let fields = self.answer(&format!(
            "open\t{way}\t{file}\t{keys}\t{min_epoch}\t{allow_expired}"
        ))?;
        if fields.first().is_some_and(|word| word == "open") {
            return Ok(Opened::Open(Some(fields.join("\t"))));
        }
        let refused = said(&fields)?;
        ensure!(refused.outcome == Outcome::Error, "{fields:?}");
        let next = self.answer("ask\t0\t78")?;
        ensure!(next == ["closed"], "{next:?} of a file that was refused");
        Ok(Opened::Refused(refused))
    }

    fn ask(&mut self, questions: &[Question]) -> Result<Vec<Said>> {
        let mut all = Vec::new();
        for Question { kind, text } in questions {
            let kind = kind.map_or("", |kind| kind.name());
            let kind = KINDS.iter().position(|name| *name == kind);
            let kind = kind.context("a kind without a number")?;
            let text: String = text.iter().map(|byte| format!("{byte:02x}")).collect();
            let fields = self.answer(&format!("ask\t{kind}\t{text}"))?;
            all.push(said(&fields)?);
        }
        Ok(all)
    }

    fn words(&self, answer: &Answer<'_>) -> String {
        let (mut leaks, mut gaps, mut absences) = (Vec::new(), Vec::new(), Vec::new());
        for part in answer.parts() {
            let (name, date) = (part.dataset.name.as_str(), &part.date);
            let mut gap = |message: &str| gaps.push(format!("{name}\t{date}\t{message}"));
            match part.what {
                What::Exposed(odds, rule) => {
                    let found = rule.map_or("", |rule| rule.text());
                    let odds = match odds {
                        0 => String::new(),
                        odds => odds.to_string(),
                    };
                    leaks.push(format!("{name}\t{date}\t{odds}\t{found}"));
                }
                What::Absent => {
                    let rejected = part.dataset.num_rejected;
                    let count = match part.dataset.min_count {
                        0 => String::new(),
                        count => count.to_string(),
                    };
                    absences.push(format!("{name}\t{date}\t{rejected}\t{count}"));
                }
                What::NotCovered(reason) => gap(&reason.to_string()),
                What::Expired => {
                    gap("the file expired, and lacks what was leaked since: get a newer one");
                }
            }
        }
        let (word, rest) = match answer.outcome() {
            Outcome::Exposed => ("exposed".to_owned(), leaks),
            Outcome::NotExposed => ("not_exposed".to_owned(), absences),
            Outcome::NotCovered => (
                format!("not_covered\t{}", gaps.len()),
                [gaps, absences].concat(),
            ),
            Outcome::Error => ("error".to_owned(), Vec::new()),
        };
        [vec![word], rest].concat().join("\t")
    }
}

/// A line that answers a question; see `answer` in check.py.
fn said(fields: &[String]) -> Result<Said> {
    let all: Vec<&str> = fields.iter().map(String::as_str).collect();
    let (outcome, why) = match *all.as_slice() {
        ["exposed", ref leaks @ ..] => {
            let found = leaks.iter().skip(3).step_by(4);
            let found: String = found.map(|rule| format!("found {rule}; ")).collect();
            (Outcome::Exposed, why(Outcome::Exposed, &found))
        }
        ["not_exposed", ..] => (Outcome::NotExposed, Vec::new()),
        ["not_covered", num_gaps, ref rest @ ..] => {
            let gaps = rest.get(..3 * num_gaps.parse::<usize>()?).context("cut")?;
            let gaps = gaps.iter().skip(2).step_by(3);
            let gaps: Vec<String> = gaps.map(|message| format!(": {message}")).collect();
            (
                Outcome::NotCovered,
                why(Outcome::NotCovered, &gaps.join("; ")),
            )
        }
        ["error", class, message] => {
            let why = why(Outcome::Error, message);
            ensure!(
                why.iter().all(|code| class_of(code) == class),
                "{class}: {message}"
            );
            (Outcome::Error, why)
        }
        _ => bail!("{all:?}"),
    };
    Ok(Said {
        outcome,
        why,
        words: all.join("\t"),
    })
}

/// What an app is told of an error, beside its text.
fn class_of(code: &str) -> &'static str {
    match code {
        "unreadable" => "Unreadable",
        "not_a_filter" => "NotAFilter",
        "bad_signature" | "not_as_signed" => "Forged",
        "unsigned" | "unknown_signer" => "NotTrusted",
        "epoch_too_low" => "Outdated",
        "unsupported_version" | "normalisation_version" => "TooNew",
        _ => "Damaged",
    }
}
