//! Browser and host agree on the golden files.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use leaksieve::file::FilterFile;
use leaksieve_core::{Identifier, IdentifierKind, NormaliseError, Outcome, Verdict};
use serde_json::Value;

use crate::golden;
use crate::page::{Page, Said};

const KINDS: [IdentifierKind; 7] = [
    IdentifierKind::Phone,
    IdentifierKind::Email,
    IdentifierKind::Username,
    IdentifierKind::Id,
    IdentifierKind::Password,
    IdentifierKind::Sha1,
    IdentifierKind::Ntlm,
];

/// Every line of every list, and texts that are in none or that some file does not cover.
fn texts() -> Result<Vec<String>> {
    let mut texts = BTreeSet::new();
    for list in [
        "phone", "world", "email", "username", "id", "password", "ntlm",
    ] {
        for line in std::fs::read_to_string(golden(&format!("{list}.txt")))?.lines() {
            texts.insert(line.to_owned());
            if let Some((hash, _)) = line.split_once(':') {
                texts.insert(hash.to_owned());
            }
        }
    }
    // It is a long list.
    let ribbon = std::fs::read_to_string(golden("ribbon.txt"))?;
    texts.extend(ribbon.lines().step_by(31).map(str::to_owned));
    for text in [
        "",
        " ",
        "13900139999",
        "+86 139 0013 9999",
        "tel:+86-139-0013-9999",
        "+44 20 7946 9999",
        "139",
        "1390013999912345",
        "stranger@example.com",
        "STRANGER@EXAMPLE.COM",
        "x@bücher.example",
        "@example.com",
        "nobody",
        "JOSÉ",
        "Ñandú",
        "ａｌｉｃｅ",
        "\u{FEFF}alice",
        "11010519491231002x",
        "110105194912310021",
        "no such password",
        "\"quoted\\\"",
        "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "31d6cfe0d16ae931b73c59d7e0c089c0",
        "🦀",
    ] {
        texts.insert(text.to_owned());
    }
    for i in 0..12 {
        texts.insert(format!("1390000{i:04}"));
        texts.insert(format!("stranger{i}@example.com"));
    }
    texts.insert("x".repeat(300));
    Ok(texts.into_iter().collect())
}

#[test]
fn on_every_golden_file() -> Result<()> {
    let page = Page::open()?;
    let texts = texts()?;
    let words = page.browser.run_async(
        "return (await import('./texts.js')).texts.en;",
        &Value::Null,
    )?;
    let words: BTreeMap<String, String> = serde_json::from_value(words)?;
    let mut counts = [0; 3];
    for name in [
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
    ] {
        let path = golden(&format!("{name}.lsv"));
        page.choose_good(&path)?;
        let file = FilterFile::open(&path)?;
        let offered = page.kinds()?;
        for kind in KINDS {
            let datasets = file.catalogue().datasets();
            let answered = datasets.iter().any(|dataset| dataset.profile.answers(kind));
            let is_offered = offered.iter().any(|offer| offer == kind.name());
            ensure!(answered || !is_offered, "{name} offers {}", kind.name());
            // Of two sorts of digests a file holds one.
            ensure!(
                is_offered || !answered || kind.is_secret(),
                "{name} lacks {}",
                kind.name()
            );
        }
        for kind in KINDS
            .into_iter()
            .filter(|kind| offered.iter().any(|offer| offer == kind.name()))
        {
            let questions: Vec<_> = texts
                .iter()
                .map(|text| (kind.name(), text.as_str()))
                .collect();
            for (text, said) in texts.iter().zip(page.ask_all(&questions)?) {
                let case = format!("{name}, {}, {text:?}: {said:?}", kind.name());
                counts[compare(&file, kind, text, &said, &words).context(case)?] += 1;
            }
        }
    }
    println!("exposed, not exposed, cannot say: {counts:?}");
    ensure!(counts.iter().all(|count| *count > 100), "{counts:?}");
    Ok(())
}

/// The name of the text that says why a dataset cannot say.
fn reason(why: NormaliseError) -> Result<&'static str> {
    Ok(match why {
        NormaliseError::OtherKind => "reason_other_kind",
        NormaliseError::Empty => "reason_empty",
        NormaliseError::TooLong { .. } => "reason_too_long",
        NormaliseError::ControlCharacter => "reason_control_character",
        NormaliseError::UnexpectedCharacter => "reason_unexpected_character",
        NormaliseError::NeedsFolding => "reason_needs_folding",
        NormaliseError::TooFewDigits => "reason_too_few_digits",
        NormaliseError::TooManyDigits => "reason_too_many_digits",
        NormaliseError::ImpossibleLength => "reason_impossible_length",
        NormaliseError::OutsideNumberingPlan => "reason_outside_numbering_plan",
        NormaliseError::NeedsCountryCode => "reason_needs_country_code",
        NormaliseError::OtherCountry => "reason_other_country",
        NormaliseError::NotAnEmail => "reason_not_an_email",
        NormaliseError::NotAnId => "reason_not_an_id",
        NormaliseError::CheckDigit => "reason_check_digit",
        NormaliseError::NotAHash => "reason_not_a_hash",
        NormaliseError::LooksLikeAHash => "reason_looks_like_a_hash",
        NormaliseError::Masked => "reason_masked",
        NormaliseError::Fraction => "reason_fraction",
        NormaliseError::Exponent => "reason_exponent",
        NormaliseError::TooManyReadings => "reason_too_many_readings",
        NormaliseError::ListNotUtf8 => "reason_list_not_utf8",
        _ => bail!("no text says {why}"),
    })
}

/// Gives 0 for exposed, 1 for not exposed, 2 for cannot say. `words` are the page's.
fn compare(
    file: &FilterFile,
    kind: IdentifierKind,
    text: &str,
    said: &Said,
    words: &BTreeMap<String, String>,
) -> Result<usize> {
    let identifier = Identifier::new(text.as_bytes()).of_kind(kind);
    let verdict = file.check(identifier, &mut [0; 512])?;
    let (word, index) = match verdict {
        Verdict::Exposed(_) => ("exposed", 0),
        Verdict::NotExposed(_) => ("not_exposed", 1),
        Verdict::NotCovered(_) => ("not_covered", 2),
    };
    ensure!(said.verdict == word, "the host says {word}");
    // Every dataset that has a say is named, by its name and in its place.
    for (wanted, outcome) in [("exposed", Outcome::Exposed), ("absent", Outcome::Absent)] {
        let answers = verdict.answers().iter();
        let names: Vec<_> = answers
            .filter(|answer| answer.outcome == outcome)
            .map(|answer| &file.catalogue().datasets()[usize::from(answer.dataset)].name)
            .collect();
        let sentences: Vec<_> = said.of(wanted).collect();
        ensure!(sentences.len() == names.len(), "{wanted}: {names:?}");
        for (sentence, name) in sentences.iter().zip(names) {
            ensure!(sentence.contains(name.as_str()), "{name} is not named");
        }
    }
    // Every dataset that cannot say, and why.
    let gaps: Vec<_> = verdict
        .answers()
        .iter()
        .filter_map(|answer| match answer.outcome {
            Outcome::NotCovered(why) if index == 2 => Some((answer.dataset, why)),
            _ => None,
        })
        .collect();
    let sentences: Vec<_> = said.of("not_covered").collect();
    ensure!(sentences.len() == gaps.len(), "cannot say: {gaps:?}");
    for (sentence, (dataset, why)) in sentences.iter().zip(gaps) {
        let name = &file.catalogue().datasets()[usize::from(dataset)].name;
        let why = words.get(reason(why)?).context("no such text")?;
        ensure!(
            sentence.starts_with(name.as_str()) && sentence.ends_with(why.as_str()),
            "{name}: {why}"
        );
    }
    // A host that folds knows more, but never the contrary.
    let folded = file.check(
        identifier.folded_by(leaksieve_core::fold::fold),
        &mut [0; 512],
    )?;
    match verdict {
        Verdict::Exposed(_) => ensure!(matches!(folded, Verdict::Exposed(_)), "{folded:?}"),
        Verdict::NotExposed(_) => ensure!(matches!(folded, Verdict::NotExposed(_)), "{folded:?}"),
        Verdict::NotCovered(_) => {}
    }
    Ok(index)
}
