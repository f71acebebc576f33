//! What a verdict is called, in words and in JSON. The identifier is not repeated.

use leaksieve_core::header::Dataset;
use leaksieve_core::identifier::{CaseRule, IdScheme, PasswordDigest};
use leaksieve_core::{Answer, Catalogue, Outcome, Profile, Verdict};
use serde::Serialize;

use super::one_in;

/// A verdict as `check --format json` writes it.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    pub(super) line: u64,
    pub(super) verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) datasets: Vec<Finding<'a>>,
}

/// A dataset that says "exposed".
#[derive(Serialize)]
pub(super) struct Finding<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    false_alarm_one_in: u64,
}

/// The verdict's word in JSON.
pub(super) const fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Exposed(_) => "exposed",
        Verdict::NotExposed(_) => "not_exposed",
        Verdict::NotCovered(_) => "not_covered",
    }
}

/// The datasets that say "exposed".
pub(super) fn findings<'a>(catalogue: &'a Catalogue, verdict: &'a Verdict) -> Vec<Finding<'a>> {
    datasets(catalogue, verdict)
        .filter(|(_, answer)| answer.outcome == Outcome::Exposed)
        .map(|(dataset, _)| Finding {
            name: &dataset.name,
            date: (dataset.date.year != 0).then(|| dataset.date.to_string()),
            false_alarm_one_in: dataset.measured.one_in(),
        })
        .collect()
}

/// Why some datasets cannot say.
pub(super) fn reason(catalogue: &Catalogue, verdict: &Verdict) -> Option<String> {
    let reasons: Vec<String> = datasets(catalogue, verdict)
        .filter_map(|(dataset, answer)| match answer.outcome {
            Outcome::NotCovered(reason) => Some(format!("{}: {reason}", title_and_covers(dataset))),
            _ => None,
        })
        .collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// The verdict as a sentence.
pub(super) fn sentence(catalogue: &Catalogue, verdict: &Verdict) -> String {
    let of = |wanted: Outcome, say: fn(&Dataset) -> String| {
        let parts: Vec<String> = datasets(catalogue, verdict)
            .filter(|(_, answer)| answer.outcome == wanted)
            .map(|(dataset, _)| say(dataset))
            .collect();
        parts.join("; ")
    };
    match verdict {
        Verdict::Exposed(_) => format!(
            "EXPOSED in {}",
            of(Outcome::Exposed, |dataset| format!(
                "{}: false alarm {}",
                title(dataset),
                one_in(dataset.measured)
            ))
        ),
        Verdict::NotExposed(_) => {
            format!("not exposed: not in {}", of(Outcome::Absent, title))
        }
        Verdict::NotCovered(_) => {
            let reason = reason(catalogue, verdict).unwrap_or_default();
            match of(Outcome::Absent, title) {
                absent if absent.is_empty() => format!("cannot say: {reason}"),
                absent => format!("cannot say: {reason}; not in {absent}"),
            }
        }
    }
}

fn datasets<'a>(
    catalogue: &'a Catalogue,
    verdict: &'a Verdict,
) -> impl Iterator<Item = (&'a Dataset, Answer)> {
    verdict.answers().iter().filter_map(|answer| {
        let dataset = catalogue.datasets().get(usize::from(answer.dataset))?;
        Some((dataset, *answer))
    })
}

/// `Taobao 2021 (2021-06)`.
pub(super) fn title(dataset: &Dataset) -> String {
    if dataset.date.year == 0 {
        dataset.name.to_string()
    } else {
        format!("{} ({})", dataset.name, dataset.date)
    }
}

/// `Taobao 2021 (2021-06; phone, CN +86)`.
fn title_and_covers(dataset: &Dataset) -> String {
    let covers = covers(dataset);
    if dataset.date.year == 0 {
        format!("{} ({covers})", dataset.name)
    } else {
        format!("{} ({}; {covers})", dataset.name, dataset.date)
    }
}

/// What a dataset can be asked about: `phone, CN +86`.
pub(super) fn covers(dataset: &Dataset) -> String {
    let kind = dataset.profile.kind().name();
    match &dataset.profile {
        Profile::Phone(phone) if phone.calling_code == 0 => format!("{kind}, all countries"),
        Profile::Phone(phone) => format!(
            "{kind}, {} +{}",
            String::from_utf8_lossy(&phone.region),
            phone.calling_code
        ),
        Profile::Username(case) => format!("{kind}, case {}", case_word(*case)),
        Profile::Id(IdScheme::Plain(case)) => format!("{kind}, case {}", case_word(*case)),
        Profile::Id(IdScheme::ChineseResident) => format!("{kind}, Chinese resident"),
        Profile::Password(PasswordDigest::Sha1) => format!("{kind}, as SHA-1"),
        Profile::Password(PasswordDigest::Ntlm) => format!("{kind}, as NTLM"),
        _ => kind.to_owned(),
    }
}

fn case_word(case: CaseRule) -> &'static str {
    match case {
        CaseRule::Fold => "folded",
        _ => "exact",
    }
}
