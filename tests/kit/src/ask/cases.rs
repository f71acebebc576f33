//! Many questions, of files that are good, damaged, forged, foreign, too old, or not to be
//! trusted.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use leaksieve_core::IdentifierKind;

use super::vectors::{golden, kind, table};
use super::{Question, Reference, Terms};
use crate::sign::{self, Signer, forge};
use crate::{host, run};

/// What `--kind` takes, in the order of the numbers of the C interface; the first asks all.
pub const KINDS: [&str; 8] = [
    "", "phone", "email", "username", "id", "password", "sha1", "ntlm",
];

/// The golden files.
pub const NAMES: [&str; 14] = [
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
    "exact",
    "exact-world",
    "exact-id",
];

/// A file, on what terms it is opened, and what is asked.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file.
    pub path: PathBuf,
    /// On what terms.
    pub terms: Terms,
    /// What is asked.
    pub questions: Vec<Question>,
}

impl Case {
    /// Asked everything, as every kind.
    ///
    /// # Errors
    /// When there are no lists.
    pub fn new(path: PathBuf) -> Result<Self> {
        let texts = texts()?;
        let of_kind = |name: &&str| {
            let kind = kind(name);
            let texts = texts.iter().cloned();
            texts.map(move |text| Question { kind, text })
        };
        Ok(Self {
            path,
            terms: Terms::default(),
            questions: KINDS.iter().flat_map(of_kind).collect(),
        })
    }

    /// Asked everything once.
    fn briefly(path: PathBuf) -> Result<Self> {
        Ok(Self::new(path)?.of_kinds(&[None]))
    }

    /// Asked as these kinds alone.
    #[must_use]
    pub fn of_kinds(mut self, kinds: &[Option<IdentifierKind>]) -> Self {
        self.questions
            .retain(|question| kinds.contains(&question.kind));
        self
    }

    fn on(mut self, keys: &[&str], min_epoch: u32) -> Self {
        self.terms.keys = keys.iter().map(|key| (*key).to_owned()).collect();
        self.terms.min_epoch = min_epoch;
        self
    }
}

/// What the table has: members of every golden file, and what is in none, or in no form that one
/// covers.
fn texts() -> Result<Vec<Vec<u8>>> {
    let vectors = table()?.into_iter();
    let asked = vectors.filter(|vector| vector.question.kind.is_none());
    let texts: BTreeSet<_> = asked.map(|vector| vector.question.text).collect();
    Ok(texts.into_iter().collect())
}

/// Golden files, as they are.
///
/// # Errors
/// When there are no lists.
pub fn good() -> Result<Vec<Case>> {
    let files = NAMES.iter().map(|name| golden(&format!("{name}.lsv")));
    files.map(Case::new).collect()
}

/// Files that say less than "not exposed" where they lack something: expired ones, and those whose
/// list was not all read or taken.
///
/// # Errors
/// When one cannot be made.
pub fn with_caveats(folder: &Path) -> Result<Vec<Case>> {
    let cli = host::cli()?;
    let build = |name: &str, arguments: &[&str], list: &str| {
        let (path, text) = (folder.join(name), folder.join("list.txt"));
        fs::write(&text, list)?;
        run::output(
            Command::new(&cli)
                .args([
                    "build",
                    "--quiet",
                    "--force",
                    "--seed=3",
                    "--created=1000000000",
                ])
                .args(arguments)
                .arg("--output")
                .args([&path, &text]),
        )?;
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
    let hashes = fs::read_to_string(golden("ntlm.txt"))?;
    let counted = build("counted.lsv", &counted, &hashes)?;
    let unread = [&phones[..], &["--name=Unread"]].concat();
    let unread = build("unread.lsv", &unread, &list)?;
    // Of hashes that can be asked as passwords, some of which were counted too seldom.
    let hash = |i: usize| format!("{:040X}:{}\n", i * 0x9E37_79B9, i % 7 + 1);
    let lines: String = (1..=100).map(hash).collect();
    let seldom = [
        "--kind=sha1",
        "--min-count=3",
        "--max-rejected=0.5",
        "--name=Seldom",
    ];
    let seldom = build("seldom.lsv", &seldom, &(lines + "no hash:7\nnor this:7\n"))?;
    let bundle = |name: &str, parts: &[&Path]| {
        let path = folder.join(name);
        let mut command = Command::new(&cli);
        command
            .args(["bundle", "--quiet", "--force", "--output"])
            .arg(&path);
        run::output(command.args(parts))?;
        anyhow::Ok(path)
    };
    let joined = bundle("joined.lsv", &[&counted, &unread, &expired])?;
    let both = bundle("both.lsv", &[&seldom, &golden("phone.lsv")])?;
    let mut trailing = fs::read(golden("email.lsv"))?;
    trailing.extend([7; 700]);
    let trailing = write(folder, "trailing", &trailing)?;
    let mut allowed = Case::new(expired.clone())?;
    allowed.terms.allow_expired = true;
    let mut cases = vec![allowed];
    for path in [expired, counted, unread, seldom, joined, both, trailing] {
        let mut case = Case::new(path)?;
        let hashes = [4, 7].map(|i| hash(i).as_bytes()[..40].to_vec());
        let asked = [None, kind("password"), kind("sha1")];
        let asked = asked.into_iter().flat_map(|kind| {
            let hashes = hashes.clone().into_iter();
            hashes.map(move |text| Question { kind, text })
        });
        case.questions.extend(asked);
        cases.push(case);
    }
    Ok(cases)
}

/// Files that are trusted, or not.
///
/// # Errors
/// When one cannot be made.
pub fn trusted(folder: &Path) -> Result<Vec<Case>> {
    let (by_ours, by_other) = (golden("signed.lsv"), folder.join("by_other.lsv"));
    let phone = golden("phone.lsv");
    sign::sign(&host::cli()?, &phone, Signer::Stranger, 9, &by_other)?;
    let signer = |path: &Path| {
        let file = Reference::open(path, &Terms::default());
        let file = file.map_err(|error| anyhow::anyhow!("{error}"))?;
        let key = file.catalogue().signer().context("not signed")?;
        anyhow::Ok(key.to_string())
    };
    let (ours, other) = (&*signer(&by_ours)?, &*signer(&by_other)?);
    let [upper_ours, upper_other] = [ours, other].map(str::to_uppercase);
    let cases = [
        (&by_ours, &[ours][..], 0),
        (&by_ours, &[other], 0),
        (&by_ours, &[other, ours], 0),
        (&by_other, &[ours], 0),
        (&by_other, &[other], 0),
        (&phone, &[ours], 0),
        (&by_other, &[], 9),
        (&by_other, &[], 10),
        (&golden("email.lsv"), &[], 8),
        (&by_ours, &[&upper_ours, &upper_other], 0),
    ];
    let cases = cases.into_iter();
    cases
        .map(|(path, keys, min_epoch)| Ok(Case::briefly(path.clone())?.on(keys, min_epoch)))
        .collect()
}

/// Files that are cut, changed, forged, mixed up or no filters, and what is no file.
///
/// # Errors
/// When one cannot be made.
pub fn bad(folder: &Path) -> Result<Vec<Case>> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    for name in ["signed", "bundle", "email", "exact"] {
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
    let random = (0..9000_u32).map(|i| ((i * i) >> 3) as u8);
    files.push(("random".into(), random.collect()));
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
