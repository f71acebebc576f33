use super::*;
use std::fs;
use std::path::Path;
use std::string::{String, ToString as _};
use std::vec::Vec;

use anyhow::{Context as _, Result, bail, ensure};
use leaksieve_core::NormaliseError;
use serde_json::{Value, json};
use testkit::ask::cases;
use testkit::ask::vectors::{self, judge};
use testkit::ask::{
    Answer, Asker, Opened, Outcome, Question, REASONS, RULES, Said, Terms, What, compare, why,
};

/// Sectors of a golden file.
fn golden(name: &str) -> Vec<u8> {
    fs::read(vectors::golden(name)).unwrap()
}

/// What the script does.
fn finish(reader: &mut Reader, file: &[u8], now_unix_s: u64) -> String {
    while let Some(index) = reader.wants() {
        let start = index.0 as usize * SECTOR_BYTES;
        reader
            .sector
            .copy_from_slice(&file[start..start + SECTOR_BYTES]);
        reader.supply();
    }
    let length = reader.result(now_unix_s);
    String::from_utf8(reader.json[..length].to_vec()).unwrap()
}

fn open(reader: &mut Reader, file: &[u8]) -> String {
    reader.open(file.len() as u64, false);
    finish(reader, file, 1_700_000_000)
}

fn ask(reader: &mut Reader, file: &[u8], text: &str) -> String {
    reader.text[..text.len()].copy_from_slice(text.as_bytes());
    reader.ask(text.len(), 0);
    finish(reader, file, 1_700_000_000)
}

/// The reader, and the file that it is given sector by sector.
struct Page {
    reader: Box<Reader>,
    file: Vec<u8>,
    kinds: Vec<IdentifierKind>,
    now_unix_s: u64,
}

impl Page {
    /// What it answers, and how it says so; the words of its errors are fewer than the core's.
    fn said(said: &str) -> Result<Said> {
        let json: Value = serde_json::from_str(said)?;
        if let (Some(error), Some(detail)) = (json["error"].as_str(), json["detail"].as_str()) {
            let why = why(Outcome::Error, detail);
            let word = match why.first().copied() {
                Some("bad_signature" | "not_as_signed") => "forged",
                Some("no_such_layer" | "plan_malformed") => "sector_damaged",
                other => other.unwrap_or("other"),
            };
            ensure!(word == error, "{said}");
            return Ok(Said {
                outcome: Outcome::Error,
                why,
                words: detail.to_owned(),
            });
        }
        let outcome = match json["verdict"].as_str() {
            Some("exposed") => Outcome::Exposed,
            Some("not_exposed") => Outcome::NotExposed,
            Some("not_covered" | "expired") => Outcome::NotCovered,
            _ => bail!("{said}"),
        };
        let answers = json["answers"].as_array().context("no answers")?;
        let key = match outcome {
            Outcome::Exposed => "found",
            _ => "reason",
        };
        let why = answers.iter().filter_map(|answer| answer[key].as_str());
        let mut why: Vec<_> = why.map(known).collect();
        // Once, and last.
        let (expired, mut all): (Vec<_>, Vec<_>) = why.drain(..).partition(|why| *why == "expired");
        all.extend(expired.first());
        Ok(Said {
            outcome,
            why: all,
            words: json["answers"].to_string(),
        })
    }
}

/// The table's word.
fn known(word: &str) -> &'static str {
    let reasons = REASONS.iter().map(|(reason, _)| *reason);
    let rules = RULES.iter().map(|(rule, _)| *rule);
    let mut all = reasons.chain(rules).chain(["expired"]);
    all.find(|known| *known == word).unwrap_or("not_utf8")
}

impl Asker for Page {
    fn folds(&self) -> bool {
        false
    }

    fn opens(&self, _: &Path, terms: &Terms) -> bool {
        terms.keys.len() <= 1 && terms.min_epoch == 0 && !terms.allow_expired
    }

    fn takes(&self, question: &Question) -> bool {
        self.kinds.iter().any(|kind| question.kind == Some(*kind))
    }

    fn open(&mut self, file: &Path, terms: &Terms) -> Result<Opened> {
        self.file = fs::read(file).unwrap_or_default();
        self.now_unix_s = terms.now_unix_s.unwrap_or(1_700_000_000);
        if let Some(key) = terms.keys.first() {
            self.reader.key = key.parse()?;
        }
        let size = self.file.len() as u64;
        self.reader.open(size, !terms.keys.is_empty());
        let said = finish(&mut self.reader, &self.file, self.now_unix_s);
        let catalogue = self.reader.opening.finish();
        self.kinds = catalogue.map_or_else(|_| Vec::new(), |open| report::kinds(open).collect());
        Ok(match said.starts_with("{\"file_id\"") {
            true => Opened::Open(None),
            false => Opened::Refused(Self::said(&said)?),
        })
    }

    fn ask(&mut self, questions: &[Question]) -> Result<Vec<Said>> {
        let mut all = Vec::new();
        for Question { kind, text } in questions {
            let mut kinds = self.kinds.iter();
            let kind = kinds.position(|own| Some(*own) == *kind);
            let kind = kind.context("no such kind")?;
            self.reader.text[..text.len()].copy_from_slice(text);
            self.reader.ask(text.len(), kind);
            all.push(Self::said(&finish(
                &mut self.reader,
                &self.file,
                self.now_unix_s,
            ))?);
            let mut rest = self.reader.text.iter();
            ensure!(rest.all(|byte| *byte == 0), "the text is kept");
        }
        Ok(all)
    }

    fn words(&self, answer: &Answer<'_>) -> String {
        let parts = answer.parts();
        let answers = parts.iter().map(|part| {
            let word = |reason| REASONS.iter().find(|(_, other)| *other == reason);
            let (mut found, mut odds, mut limit) = (Value::Null, Value::Null, Value::Null);
            let (outcome, reason) = match part.what {
                What::Exposed(one_in, rule) => {
                    let rule = RULES.iter().find(|(_, other)| Some(*other) == rule);
                    found = rule.map_or(Value::Null, |(rule, _)| (*rule).into());
                    odds = one_in.into();
                    ("exposed", Value::Null)
                }
                What::Absent => ("absent", Value::Null),
                What::Expired => ("not_covered", "expired".into()),
                What::NotCovered(NormaliseError::NotUtf8) => ("not_covered", "other".into()),
                What::NotCovered(reason) => {
                    if let NormaliseError::TooLong { limit_bytes } = reason {
                        limit = limit_bytes.into();
                    }
                    (
                        "not_covered",
                        word(reason).map_or(Value::Null, |(word, _)| (*word).into()),
                    )
                }
            };
            json!({
                "dataset": part.index,
                "outcome": outcome,
                "reason": reason,
                "limit_bytes": limit,
                "found": found,
                "false_alarm_one_in": odds,
            })
        });
        Value::Array(answers.collect()).to_string()
    }
}

/// The table, and the core beside it: of good, bad and untrusted files, and of files past their
/// expiry, which lack a number and do not say so.
#[test]
fn it_says_what_the_core_says() -> Result<()> {
    let mut page = Page {
        reader: Box::new(Reader::new()),
        file: Vec::new(),
        kinds: Vec::new(),
        now_unix_s: 0,
    };
    judge(&mut page, 1)?;
    let folder = tempfile::tempdir()?;
    let mut cases = cases::good()?;
    let mut expired = cases.clone();
    for case in &mut expired {
        case.terms.now_unix_s = Some(4_102_444_800);
    }
    cases.extend(expired);
    // What is no file is not read here.
    let bad = cases::bad(folder.path())?.into_iter();
    cases.extend(bad.filter(|case| case.path.is_file()).map(|mut case| {
        let of_kind = |question: Question| {
            let kind = Some(IdentifierKind::Phone);
            Question { kind, ..question }
        };
        case.questions = case.questions.into_iter().map(of_kind).collect();
        case
    }));
    let compared = compare(&mut page, &cases, 1)?;
    ensure!(compared.refused > 50 && compared.errors > 500 && compared.not_covered > 500);
    Ok(())
}

#[test]
fn what_can_be_asked_of_a_file() {
    let mut reader = Reader::new();
    for name in ["phone.lsv", "signed.lsv", "bundle.lsv"] {
        let about = open(&mut reader, &golden(name));
        assert!(about.contains("\"kinds\":[\"phone\""), "{about}");
    }
}

#[test]
fn no_verdict_of_a_file_that_was_not_opened() {
    let mut reader = Reader::new();
    let good = golden("phone.lsv");
    let mut bad = good.clone();
    bad[100] ^= 1;
    // Of nothing, of a damaged file, of one that is damaged after a good one, of half a header.
    for before in [None, Some(&good)] {
        if let Some(before) = before {
            open(&mut reader, before);
        } else {
            assert!(ask(&mut reader, &good, "13900139999").contains("\"error\""));
        }
        assert!(open(&mut reader, &bad).contains("sector_damaged"));
        for _ in 0..2 {
            assert!(ask(&mut reader, &good, "13900139999").contains("sector_damaged"));
        }
        reader.open(good.len() as u64, false);
        assert!(ask(&mut reader, &good, "13900139999").contains("\"error\""));
    }
}

#[test]
fn after_an_error_there_is_a_verdict_of_the_next_question_only() {
    let mut reader = Reader::new();
    let good = golden("phone.lsv");
    open(&mut reader, &good);
    let mut bad = good.clone();
    for sector in bad.chunks_mut(SECTOR_BYTES).skip(1) {
        sector[7] ^= 0x10;
    }
    assert!(ask(&mut reader, &bad, "13900139999").contains("sector_damaged"));
    // Told once: what is told then is what the file holds.
    let length = reader.result(0);
    assert!(
        !reader.json[..length]
            .windows(7)
            .any(|window| window == b"verdict")
    );
    assert!(ask(&mut reader, &good, "13900139999").contains("not_exposed"));
    // Before all sectors were supplied; of a kind that the file does not have; of no text.
    reader.ask(3, 0);
    let length = reader.result(0);
    assert!(
        reader.json[..length].starts_with(b"{\"verdict\":\"not_covered\""),
        "three NULs"
    );
    reader.text[..11].copy_from_slice(b"13900139999");
    reader.ask(11, 0);
    let length = reader.result(0);
    assert!(reader.json[..length].starts_with(b"{\"error\""));
    for (num_bytes, kind) in [(11, 1), (TEXT_BYTES + 1, 0)] {
        reader.ask(num_bytes, kind);
        assert_eq!(reader.wants(), None);
        let length = reader.result(0);
        assert!(
            reader.json[..length].starts_with(b"{\"error\""),
            "{num_bytes}, {kind}"
        );
    }
}

#[test]
fn the_longest_description_fits() {
    use leaksieve_core::Catalogue;
    let mut reader = Reader::new();
    open(&mut reader, &golden("bundle.lsv"));
    let bundle: &Catalogue = reader.opening.finish().unwrap();
    // The longest texts, of characters that JSON writes with two bytes.
    let mut header = bundle.header().clone();
    let mut dataset = header.datasets[0].clone();
    dataset.name = "\"".repeat(64).as_str().try_into().unwrap();
    dataset.source_note = "\\".repeat(96).as_str().try_into().unwrap();
    (dataset.num_items, dataset.num_rejected) = (u64::MAX, u64::MAX);
    dataset.num_extra = u64::MAX;
    dataset.num_sectors = 1;
    header.datasets.clear();
    let fits = |header: &leaksieve_core::Header| header.num_header_sectors().is_ok();
    while header.datasets.push(dataset.clone()).is_ok() && fits(&header) {}
    if !fits(&header) {
        let num_kept = header.datasets.len() - 1;
        header.datasets = header.datasets[..num_kept].try_into().unwrap();
    }
    let first = header.num_header_sectors().unwrap();
    header.num_sectors = header.place_datasets(first).unwrap();
    header.root = None;
    let encoded = header.encode(bundle.file_id()).unwrap();
    let mut file: Vec<u8> = encoded.sectors().flatten().collect();
    file.resize(header.num_sectors as usize * SECTOR_BYTES, 0);
    let about = open(&mut reader, &file);
    assert!(about.starts_with("{\"file_id\""), "{about}");
}
