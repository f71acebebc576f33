//! Browser and core agree on what they find, and in English on how they say it.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use leaksieve_core::sentence::{CANNOT_SAY, EXPOSED, NOT_EXPOSED};
use leaksieve_tests::is_exhaustive;
use serde_json::Value;
use testkit::ask::cases;
use testkit::ask::vectors::judge;
use testkit::ask::{
    Answer, Asker, EXPIRED, Opened, Outcome, Question, REASONS, RULES, Reference, Said, Terms,
    compare, why,
};

use crate::page::{self, Page};

/// The page, and the kinds that it offers for the open file.
struct Browser {
    page: Page,
    kinds: Vec<String>,
}

impl Browser {
    fn refused(error: &str, detail: String) -> Result<Said> {
        let why = why(Outcome::Error, &detail);
        let word = match why.first().copied() {
            Some("bad_signature" | "not_as_signed") => "forged",
            Some("no_such_layer" | "plan_malformed") => "sector_damaged",
            other => other.unwrap_or("other"),
        };
        ensure!(word == error, "{error}: {detail}");
        Ok(Said {
            outcome: Outcome::Error,
            why,
            words: detail,
        })
    }
}

/// Word by word what consoles and command lines say: of each dataset that has a say, first what
/// decides.
fn said(said: &page::Said) -> Result<Said> {
    let (outcome, word) = match said.verdict.as_str() {
        "exposed" => (Outcome::Exposed, EXPOSED),
        "not_exposed" => (Outcome::NotExposed, NOT_EXPOSED),
        "not_covered" | "expired" => (Outcome::NotCovered, CANNOT_SAY),
        other => bail!("the verdict {other:?}"),
    };
    let word = word.trim_end_matches([':', ' ']).to_lowercase();
    ensure!(said.word.to_lowercase() == word, "{said:?}");
    let sentences = said.sentences.iter();
    let sentences = sentences.filter(|(of, _)| !["advice", "meaning"].contains(&of.as_str()));
    let sentences: Vec<_> = sentences.map(|(_, sentence)| sentence.as_str()).collect();
    // When it did is the page's to say.
    let sentences = sentences
        .iter()
        .map(|sentence| match sentence.starts_with(EXPIRED) {
            true => EXPIRED,
            false => sentence,
        });
    let words = sentences.collect::<Vec<_>>().join("; ");
    Ok(Said {
        outcome,
        why: why(outcome, &words),
        words,
    })
}

impl Asker for Browser {
    fn folds(&self) -> bool {
        false
    }

    fn takes(&self, question: &Question) -> bool {
        let kind = question.kind.map(leaksieve_core::IdentifierKind::name);
        // In one line, as what the page offers.
        let text = str::from_utf8(&question.text);
        text.is_ok_and(|text| !text.contains(['\n', '\r', '\0']))
            && self
                .kinds
                .iter()
                .any(|offered| Some(offered.as_str()) == kind)
    }

    fn open(&mut self, file: &Path, terms: &Terms) -> Result<Opened> {
        if let Some(error) = self.page.choose(file)? {
            let detail = self.page.text("#file-status .detail")?;
            let sentence = self.page.text("#file-status [data-outcome=error]")?;
            ensure!(sentence.len() > 30, "{file:?} has no sentence: {sentence}");
            // Nor what a file before it said.
            let left = "return !document.getElementById('question').hidden
                || document.getElementById('verdict').innerText !== '';";
            ensure!(
                self.page.browser.run(left)? == false,
                "{file:?} can be asked"
            );
            return Ok(Opened::Refused(Self::refused(&error, detail)?));
        }
        self.kinds = self.page.kinds()?;
        let reference = Reference::open(file, terms);
        let reference = reference.map_err(|error| anyhow::anyhow!("{error}"))?;
        for kind in cases::KINDS
            .into_iter()
            .filter_map(testkit::ask::vectors::kind)
        {
            let mut datasets = reference.catalogue().datasets().iter();
            let answered = datasets.any(|dataset| dataset.profile.answers(kind));
            let is_offered = self.kinds.iter().any(|offered| offered == kind.name());
            ensure!(answered || !is_offered, "{file:?} offers {}", kind.name());
            // Of two sorts of digests a file holds one.
            let may_lack = kind.is_secret();
            ensure!(
                is_offered || !answered || may_lack,
                "{file:?} lacks {}",
                kind.name()
            );
        }
        Ok(Opened::Open(None))
    }

    fn ask(&mut self, questions: &[Question]) -> Result<Vec<Said>> {
        let pairs: Result<Vec<_>> = questions
            .iter()
            .map(|Question { kind, text }| {
                let kind = kind.context("the page asks of a kind")?;
                Ok((kind.name(), str::from_utf8(text)?))
            })
            .collect();
        let mut all = Vec::new();
        for answer in self.page.ask_all(&pairs?)? {
            all.push(match answer.error.as_str() {
                "" => said(&answer)?,
                error => Self::refused(error, answer.detail.clone())?,
            });
        }
        Ok(all)
    }

    fn words(&self, answer: &Answer<'_>) -> String {
        answer.sentence()
    }
}

#[test]
fn by_the_table_and_beside_the_core() -> Result<()> {
    let mut browser = Browser {
        page: Page::open()?,
        kinds: Vec::new(),
    };
    let stride = |stride| if is_exhaustive() { 1 } else { stride };
    judge(&mut browser, stride(3))?;
    let folder = tempfile::tempdir()?;
    let mut files = cases::good()?;
    files.extend(cases::with_caveats(folder.path())?);
    let compared = compare(&mut browser, &files, stride(3))?;
    ensure!(compared.exposed > 100 && compared.not_exposed > 100 && compared.not_covered > 100);
    Ok(())
}

/// Also what no golden file gives rise to is said as the core says it.
#[test]
fn reasons_and_rules_have_the_cores_words() -> Result<()> {
    let sources = testkit::web::sources()?;
    let texts: Value = serde_json::from_slice(sources.get("en.json").context("no en.json")?)?;
    // A page has text alone.
    let reasons = REASONS.into_iter().filter(|(word, _)| *word != "not_utf8");
    let reasons = reasons.map(|(word, reason)| (format!("reason_{word}"), reason.to_string()));
    let rules = RULES.map(|(word, rule)| (format!("found_{word}"), rule.text().to_owned()));
    for (key, wanted) in reasons.chain(rules) {
        let text = texts[&key].as_str().with_context(|| format!("no {key}"))?;
        let text = text.replace("{limit}", "256");
        ensure!(text == wanted, "{key}: {text}, and the core says {wanted}");
    }
    Ok(())
}
