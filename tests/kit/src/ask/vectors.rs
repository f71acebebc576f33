//! The table: `tests/data/vectors.tsv`, which `vectors.py` beside it makes and explains.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use leaksieve_core::{IdentifierKind, Trust};

use super::{Asker, Compared, Differences, Opened, Outcome, Question, Said, Terms, ask, share};
use crate::{sign, workspace};

const KINDS: [IdentifierKind; 7] = [
    IdentifierKind::Phone,
    IdentifierKind::Email,
    IdentifierKind::Username,
    IdentifierKind::Id,
    IdentifierKind::Password,
    IdentifierKind::Sha1,
    IdentifierKind::Ntlm,
];

/// A line of the table.
#[derive(Clone, Debug)]
pub struct Vector {
    /// A golden file, and how it was changed.
    pub file: String,
    /// On what terms it is opened.
    pub terms: Terms,
    /// What is asked.
    pub question: Question,
    /// What is to be answered.
    pub outcome: Outcome,
    /// Why: words with commas between. `*`: it is not known.
    pub why: String,
}

/// The kind of that name, as `--kind` takes it.
pub fn kind(name: &str) -> Option<IdentifierKind> {
    KINDS.into_iter().find(|kind| kind.name() == name)
}

/// A golden file, or a list of one.
pub fn golden(name: &str) -> PathBuf {
    workspace::root().join("core/tests/golden").join(name)
}

/// The table's file.
pub fn path() -> PathBuf {
    workspace::root().join("tests/data/vectors.tsv")
}

/// All lines of the table.
///
/// # Errors
/// When it cannot be read, or a line is none.
pub fn table() -> Result<Vec<Vector>> {
    let text = fs::read_to_string(path())?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let vectors: Result<Vec<_>> = lines
        .map(|line| vector(line).with_context(|| format!("no vector: {line}")))
        .collect();
    let vectors = vectors?;
    ensure!(vectors.len() > 3_000, "only {} vectors", vectors.len());
    Ok(vectors)
}

fn vector(line: &str) -> Result<Vector> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [file, keys, epoch, clock, of_kind, text, outcome, why] = fields[..] else {
        bail!("{} fields", fields.len());
    };
    let keys = keys.split(',').filter(|key| !key.is_empty());
    Ok(Vector {
        file: file.to_owned(),
        terms: Terms {
            keys: keys.map(str::to_owned).collect(),
            min_epoch: epoch.parse()?,
            allow_expired: false,
            now_unix_s: (!clock.is_empty()).then(|| clock.parse()).transpose()?,
        },
        question: Question {
            kind: match of_kind {
                "" => None,
                name => Some(kind(name).context("no kind")?),
            },
            text: unescaped(text)?,
        },
        outcome: match outcome {
            "exposed" => Outcome::Exposed,
            "not_exposed" => Outcome::NotExposed,
            "not_covered" => Outcome::NotCovered,
            "error" => Outcome::Error,
            _ => bail!("no outcome"),
        },
        why: why.to_owned(),
    })
}

/// With the bytes that `\xNN` stands for.
fn unescaped(text: &str) -> Result<Vec<u8>> {
    let mut parts = text.split("\\x");
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).context("half a byte")?;
        bytes.push(u8::from_str_radix(digits, 16)?);
        bytes.extend(rest.as_bytes());
    }
    Ok(bytes)
}

impl Vector {
    /// Is that what is to be said? Without Unicode's tables a text outside ASCII may need them.
    fn is(&self, said: &Said, folds: bool) -> bool {
        let may_need_tables = !folds && !self.question.text.is_ascii();
        let is_known = |why: &str| said.why.join(",") == why;
        if may_need_tables && said.outcome == Outcome::NotCovered {
            return said.why.contains(&"needs_folding") || self.outcome == said.outcome;
        }
        // What is not known of one dataset may be known of another.
        let of_each = || {
            let wanted: Vec<_> = self.why.split(',').collect();
            let mut pairs = wanted.iter().zip(&said.why);
            wanted.len() == said.why.len()
                && pairs.all(|(wanted, why)| wanted == why || *wanted == "*")
        };
        said.outcome == self.outcome && (self.why == "*" || is_known(&self.why) || of_each())
    }
}

/// The file that a line names, which is written into the folder if it is changed.
fn file(name: &str, folder: &Path) -> Result<PathBuf> {
    let Some((of, change)) = name.split_once(':') else {
        return Ok(golden(name));
    };
    let mut bytes = fs::read(golden(of))?;
    let (what, at) = change.split_once('=').unwrap_or((change, ""));
    match what {
        "cut" => bytes.truncate(at.parse()?),
        "flip" => *bytes.get_mut(at.parse::<usize>()?).context("no byte")? ^= 1,
        "forge" => {
            let (sector, at) = at.split_once('/').context("no sector")?;
            sign::forge(&mut bytes, sector.parse()?, at.parse()?, 1)?;
        }
        "damaged" | "forged" => {
            let catalogue = leaksieve_core::open(&mut &*bytes, &mut [0; 512], &Trust::ANY);
            let catalogue = catalogue.map_err(|error| anyhow::anyhow!("{error}"))?;
            let (first, count) = catalogue.header().sectors_of_datasets();
            for sector in first.0..first.0 + u32::try_from(count)? {
                match what {
                    "forged" => sign::forge(&mut bytes, sector, 7, 0x10)?,
                    _ => bytes[sector as usize * 512 + 7] ^= 0x10,
                }
            }
        }
        _ => bail!("{name}: no such change"),
    }
    let changed = folder.join(name.replace([':', '=', '/'], "_") + ".lsv");
    fs::write(&changed, bytes)?;
    Ok(changed)
}

/// Ask every `stride`-th line of the table that the asker takes, and compare with its answers.
///
/// # Errors
/// When the asker fails, or says something else.
pub fn judge(asker: &mut dyn Asker, stride: usize) -> Result<Compared> {
    let vectors: Vec<_> = table()?.into_iter().step_by(stride).collect();
    let folder = tempfile::tempdir()?;
    let mut compared = Compared::default();
    let mut differences = Differences::default();
    for group in vectors.chunk_by(|a, b| a.file == b.file && a.terms == b.terms) {
        let Some(Vector {
            file: name, terms, ..
        }) = group.first()
        else {
            continue;
        };
        let path = file(name, folder.path())?;
        if !asker.opens(&path, terms) {
            compared.left_out += group.len();
            continue;
        }
        let opened = asker.open(&path, terms).with_context(|| name.clone())?;
        if let Opened::Refused(said) = opened {
            compared.refused += 1;
            for vector in group {
                if !vector.is(&said, asker.folds()) {
                    differences.add(|| format!("{name} on {terms:?} is refused: {said:?}"));
                }
            }
            continue;
        }
        compared.opened += 1;
        let questions = group.iter().map(|vector| &vector.question);
        let questions = share(asker, questions, 1, &mut compared);
        let mut rest = group.iter();
        for (question, said) in questions.iter().zip(ask(asker, &questions)?) {
            compared.count(said.outcome);
            let vector = rest.find(|vector| vector.question == *question);
            let vector = vector.context("another question")?;
            if !vector.is(&said, asker.folds()) {
                differences.add(|| {
                    let Vector { outcome, why, .. } = vector;
                    format!("{name}, {question}: {said:?}, and not: {outcome:?} {why}")
                });
            }
        }
    }
    println!("by the table: {compared:?}");
    differences.none()?;
    Ok(compared)
}
