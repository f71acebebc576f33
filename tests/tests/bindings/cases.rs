//! The files that are asked: good, damaged, forged, foreign, too old.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use leaksieve::file::key::SecretKey;
use leaksieve::file::sign;
use testkit::run;
use testkit::sign::forge;

use crate::golden;
use crate::questions::{KINDS, texts};

/// A file, on what terms it is opened, and what is asked.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) path: PathBuf,
    pub(crate) keys: Vec<String>,
    pub(crate) min_epoch: u32,
    pub(crate) allow_expired: bool,
    /// Numbers of [`KINDS`].
    pub(crate) kinds: Vec<usize>,
    texts: Vec<Vec<u8>>,
}

impl Case {
    /// Asked everything, as every kind.
    fn new(path: PathBuf) -> Result<Self> {
        Ok(Self {
            path,
            keys: Vec::new(),
            min_epoch: 0,
            allow_expired: false,
            kinds: (0..KINDS.len()).collect(),
            texts: texts()?,
        })
    }

    /// Asked everything once.
    fn briefly(path: PathBuf) -> Result<Self> {
        Ok(Self::new(path)?.of_any_kind())
    }

    /// Asked as no kind in particular.
    pub(crate) fn of_any_kind(mut self) -> Self {
        self.kinds.truncate(1);
        self
    }

    fn signed_by(mut self, keys: &[&SecretKey]) -> Self {
        self.keys = keys.iter().map(|key| key.public().to_string()).collect();
        self
    }

    /// The questions, each with its kind.
    pub(crate) fn questions(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let of_kind = |kind| self.texts.iter().map(move |text| (kind, text.as_slice()));
        self.kinds.iter().flat_map(move |kind| of_kind(*kind))
    }

    pub(crate) fn texts(&self) -> &[Vec<u8>] {
        &self.texts
    }
}

const NAMES: [&str; 11] = [
    "phone",
    "world",
    "email",
    "username",
    "id",
    "password",
    "ntlm",
    "bundle",
    "signed",
    "ribbon",
    "signed-ribbon",
];

/// Golden files, as they are.
pub(crate) fn good() -> Result<Vec<Case>> {
    NAMES
        .iter()
        .map(|name| Case::new(golden(&format!("{name}.lsv"))))
        .collect()
}

/// Files that say less than "not exposed" where they lack something: expired ones, and those whose
/// list was not all read or taken.
pub(crate) fn with_caveats(cli: &Path, folder: &Path) -> Result<Vec<Case>> {
    let build = |name: &str, kind: &[&str], list: &str| {
        let (path, text) = (folder.join(name), folder.join("list.txt"));
        fs::write(&text, list)?;
        let mut command = Command::new(cli);
        command.args([
            "build",
            "--quiet",
            "--force",
            "--seed=3",
            "--created=1000000000",
        ]);
        command.args(kind).arg("--output").args([&path, &text]);
        run::output(&mut command)?;
        anyhow::Ok(path)
    };
    let phones = ["--kind=phone", "--region=CN", "--max-rejected=0.9"];
    let list = fs::read_to_string(golden("phone.txt"))? + "\nno number\nnor this\n";
    let expired = [&phones[..], &["--expires=1100000000", "--name=Old"]].concat();
    let expired = build("expired.lsv", &expired, &list)?;
    let counted = [
        "--kind=ntlm",
        "--min-count=100000",
        "--date=2019",
        "--name=Counted",
    ];
    let counted = build(
        "counted.lsv",
        &counted,
        &fs::read_to_string(golden("ntlm.txt"))?,
    )?;
    let unread = build(
        "unread.lsv",
        &[&phones[..], &["--name=Unread"]].concat(),
        &list,
    )?;
    let joined = folder.join("joined.lsv");
    run::output(
        Command::new(cli)
            .args(["bundle", "--quiet", "--force"])
            .args([&counted, &unread, &expired])
            .arg("--output")
            .arg(&joined),
    )?;
    let mut trailing = fs::read(golden("email.lsv"))?;
    trailing.extend([7; 700]);
    let trailing = write(folder, "trailing", &trailing)?;
    let mut allowed = Case::new(expired.clone())?;
    allowed.allow_expired = true;
    let mut cases = vec![allowed];
    for path in [expired, counted, unread, joined, trailing] {
        cases.push(Case::new(path)?);
    }
    Ok(cases)
}

/// Files that are trusted, or not.
pub(crate) fn trusted(folder: &Path) -> Result<Vec<Case>> {
    let [ours, other] = [[7; 32], [8; 32]].map(|seed| SecretKey::from_seed(&seed));
    let (ours, other) = ours.zip(other).context("no keys of these seeds")?;
    let (by_ours, by_other) = (golden("signed.lsv"), folder.join("by_other.lsv"));
    let options = sign::Options {
        epoch: Some(9),
        ..sign::Options::default()
    };
    sign::sign(&golden("phone.lsv"), &other, options, &by_other, &())?;
    let mut cases = vec![
        Case::briefly(by_ours.clone())?.signed_by(&[&ours]),
        Case::briefly(by_ours.clone())?.signed_by(&[&other]),
        Case::briefly(by_ours.clone())?.signed_by(&[&other, &ours]),
        Case::briefly(by_other.clone())?.signed_by(&[&ours]),
        Case::briefly(by_other.clone())?.signed_by(&[&other]),
        Case::briefly(golden("phone.lsv"))?.signed_by(&[&ours]),
    ];
    for (path, min_epoch) in [(&by_other, 9), (&by_other, 10), (&golden("email.lsv"), 8)] {
        let mut case = Case::briefly(path.clone())?;
        case.min_epoch = min_epoch;
        cases.push(case);
    }
    let mut digits = Case::briefly(by_ours)?.signed_by(&[&ours, &other]);
    for key in &mut digits.keys {
        key.make_ascii_uppercase();
    }
    cases.push(digits);
    Ok(cases)
}

/// Files that are cut, changed, forged, mixed up or no filters, and what is no file.
pub(crate) fn bad(folder: &Path) -> Result<Vec<Case>> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for name in ["signed", "bundle", "email"] {
        let good = fs::read(golden(&format!("{name}.lsv")))?;
        for length in [0, 1, 7, 8, 511, 512, good.len() - 512, good.len() - 1] {
            files.push((format!("{name}_cut_{length}"), good[..length].to_vec()));
        }
        for sector in 0..good.len() / 512 {
            for at in [0, 9, 40, 300, 511] {
                let mut file = good.clone();
                file[sector * 512 + at] ^= 1 << (at % 8);
                files.push((format!("{name}_flipped_{sector}_{at}"), file));
            }
        }
        let mut swapped = good.clone();
        let last = good.len() - 512;
        swapped[512..1024].copy_from_slice(&good[last..]);
        files.push((format!("{name}_swapped"), swapped));
        let mut zeroed = good;
        zeroed[512..1024].fill(0);
        files.push((format!("{name}_zeroed"), zeroed));
    }
    let signed = fs::read(golden("signed.lsv"))?;
    for sector in 0..(signed.len() / 512) as u32 {
        for at in [20, 60, 200] {
            let mut forged = signed.clone();
            forge(&mut forged, sector, at, 1)?;
            files.push((format!("forged_{sector}_{at}"), forged));
        }
    }
    files.push(("text".into(), fs::read(golden("phone.txt"))?));
    files.push(("list".into(), b"milk, bread, a dozen eggs\n".to_vec()));
    files.push((
        "random".into(),
        (0..9000_u32).map(|i| ((i * i) >> 3) as u8).collect(),
    ));
    let mut cases = Vec::new();
    for (name, bytes) in files {
        cases.push(Case::briefly(write(folder, &name, &bytes)?)?);
    }
    cases.push(Case::briefly(folder.join("missing.lsv"))?);
    cases.push(Case::briefly(folder.to_path_buf())?);
    Ok(cases)
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let path = folder.join(format!("{name}.lsv"));
    fs::write(&path, bytes)?;
    Ok(path)
}
