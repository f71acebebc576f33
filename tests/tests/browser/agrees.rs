//! Browser and host agree on what they find, and in English on how they say it.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use leaksieve::file::FilterFile;
use leaksieve_core::identifier::Rule;
use leaksieve_core::sentence::{CANNOT_SAY, EXPOSED, NOT_EXPOSED, Phrase};
use leaksieve_core::{Identifier, IdentifierKind, NormaliseError, Outcome, Verdict};
use serde_json::Value;
use testkit::run;

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
                counts[compare(&file, kind, text, &said).context(case)?] += 1;
            }
        }
    }
    println!("exposed, not exposed, cannot say: {counts:?}");
    ensure!(counts.iter().all(|count| *count > 100), "{counts:?}");
    Ok(())
}

/// Of a list that counts, and that has lines which could not be read, beside one of another kind.
#[test]
fn on_a_list_that_is_not_whole() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    let hash = |i: usize| format!("{:040X}:{}\n", i * 0x9E37_79B9, i % 7 + 1);
    let lines: String = (1..=100).map(hash).collect();
    std::fs::write(path("list.txt"), format!("{lines}no hash:7\nnor this:7\n"))?;
    let cli = testkit::host::cli()?;
    run::output(
        Command::new(&cli)
            .args(["build", "--quiet", "--kind=sha1", "--min-count=3"])
            .args(["--max-rejected=0.5", "--name=Counted", "--output"])
            .args([&path("counted.lsv"), &path("list.txt")]),
    )?;
    run::output(
        Command::new(&cli)
            .args(["bundle", "--quiet", "--output"])
            .args([
                &path("both.lsv"),
                &path("counted.lsv"),
                &golden("phone.lsv"),
            ]),
    )?;
    let page = Page::open()?;
    let kinds = [
        IdentifierKind::Phone,
        IdentifierKind::Password,
        IdentifierKind::Sha1,
    ];
    let texts = [
        "13800138000",
        "13900139999",
        "nobody",
        &hash(4)[..40],
        &hash(7)[..40],
    ];
    let mut all = BTreeSet::new();
    for (name, kinds) in [("counted", &kinds[1..]), ("both", &kinds[..])] {
        let path = path(name).with_extension("lsv");
        page.choose_good(&path)?;
        let file = FilterFile::open(&path)?;
        for kind in kinds {
            for text in texts {
                let said = page.ask_all(&[(kind.name(), text)])?;
                let said = said.first().context("no answer")?;
                let case = format!("{name}, {}, {text:?}: {said:?}", kind.name());
                compare(&file, *kind, text, said).context(case)?;
                all.extend(said.sentences.iter().map(|(_, sentence)| sentence.clone()));
            }
        }
    }
    let partly = "not among those of Counted that were seen 3 times or more, 2 of whose lines could not be read";
    ensure!(all.contains(partly), "{all:?}");
    ensure!(
        all.iter()
            .any(|sentence| sentence.starts_with("in Counted, as a password: ")),
        "{all:?}"
    );
    Ok(())
}

/// Also what no golden file gives rise to is said as the core says it.
#[test]
fn reasons_and_rules_have_the_cores_words() -> Result<()> {
    use NormaliseError as E;
    let sources = testkit::web::sources()?;
    let texts: Value = serde_json::from_slice(sources.get("en.json").context("no en.json")?)?;
    let reasons = [
        ("other_kind", E::OtherKind),
        ("empty", E::Empty),
        ("too_long", E::TooLong { limit_bytes: 7 }),
        ("control_character", E::ControlCharacter),
        ("unexpected_character", E::UnexpectedCharacter),
        ("needs_folding", E::NeedsFolding),
        ("too_few_digits", E::TooFewDigits),
        ("too_many_digits", E::TooManyDigits),
        ("impossible_length", E::ImpossibleLength),
        ("outside_numbering_plan", E::OutsideNumberingPlan),
        ("needs_country_code", E::NeedsCountryCode),
        ("other_country", E::OtherCountry),
        ("not_an_email", E::NotAnEmail),
        ("not_an_id", E::NotAnId),
        ("check_digit", E::CheckDigit),
        ("not_a_hash", E::NotAHash),
        ("looks_like_a_hash", E::LooksLikeAHash),
        ("masked", E::Masked),
        ("fraction", E::Fraction),
        ("exponent", E::Exponent),
        ("too_many_readings", E::TooManyReadings),
        ("list_not_utf8", E::ListNotUtf8),
    ];
    let rules = [
        ("without_tag", Rule::WithoutTag),
        ("with_tag", Rule::WithTag),
        ("without_blanks", Rule::WithoutBlanks),
        ("with_blanks", Rule::WithBlanks),
        ("other_composition", Rule::OtherComposition),
        ("decoded", Rule::Decoded),
        ("other_country_code", Rule::OtherCountryCode),
        ("without_extension", Rule::WithoutExtension),
        ("changed_plan", Rule::ChangedPlan),
    ];
    let reasons = reasons.map(|(word, reason)| (format!("reason_{word}"), reason.to_string()));
    let rules = rules.map(|(word, rule)| (format!("found_{word}"), rule.text().to_owned()));
    for (key, wanted) in reasons.into_iter().chain(rules) {
        let text = texts[&key].as_str().with_context(|| format!("no {key}"))?;
        let text = text.replace("{limit}", "7");
        ensure!(text == wanted, "{key}: {text}, and the core says {wanted}");
    }
    Ok(())
}

/// Gives 0 for exposed, 1 for not exposed, 2 for cannot say.
fn compare(file: &FilterFile, kind: IdentifierKind, text: &str, said: &Said) -> Result<usize> {
    let identifier = Identifier::new(text.as_bytes())
        .of_kind(kind)
        .without_tables();
    let verdict = file.check(identifier, &mut [0; 512])?;
    let (name, word, index) = match verdict {
        Verdict::Exposed(_) => ("exposed", EXPOSED, 0),
        Verdict::NotExposed(_) => ("not_exposed", NOT_EXPOSED, 1),
        Verdict::NotCovered(_) | Verdict::Expired(_) => ("not_covered", CANNOT_SAY, 2),
    };
    ensure!(said.verdict == name, "the host says {name}");
    // Word by word what consoles and command lines say: of each dataset that has a say, first what
    // decides.
    let word = word.trim_end_matches([':', ' ']).to_lowercase();
    ensure!(said.word.to_lowercase() == word, "the host says {word}");
    let phrases = |is_wanted: fn(Outcome) -> bool| -> Result<Vec<String>> {
        let answers = verdict.answers().iter();
        answers
            .filter(|answer| is_wanted(answer.outcome))
            .map(|answer| {
                let phrase = Phrase::new(file.catalogue(), answer);
                Ok(phrase.context("of another file")?.to_string())
            })
            .collect()
    };
    let expected = if index == 0 {
        phrases(|outcome| outcome == Outcome::Exposed)?
    } else {
        let gaps = phrases(|outcome| matches!(outcome, Outcome::NotCovered(_)))?;
        [gaps, phrases(|outcome| outcome == Outcome::Absent)?].concat()
    };
    let sentences = said.sentences.iter();
    let sentences: Vec<_> = sentences
        .filter(|(of, _)| !["advice", "meaning"].contains(&of.as_str()))
        .map(|(_, sentence)| sentence)
        .collect();
    ensure!(
        sentences == expected.iter().collect::<Vec<_>>(),
        "the host says {expected:?}"
    );
    // A host that folds knows more, but never the contrary.
    let folded = file.check(
        Identifier::new(text.as_bytes()).of_kind(kind),
        &mut [0; 512],
    )?;
    match verdict {
        Verdict::Exposed(_) => ensure!(matches!(folded, Verdict::Exposed(_)), "{folded:?}"),
        Verdict::NotExposed(_) => ensure!(matches!(folded, Verdict::NotExposed(_)), "{folded:?}"),
        Verdict::NotCovered(_) | Verdict::Expired(_) => {}
    }
    Ok(index)
}
