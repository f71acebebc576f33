//! What a verdict is called, in words and in JSON. The identifier is not repeated.

use anstyle::AnsiColor;
use leaksieve::file::FileError;
use leaksieve_core::header::Dataset;
use leaksieve_core::identifier::Rule;
use leaksieve_core::identifier::{CaseRule, IdScheme, PasswordDigest, Separators};
use leaksieve_core::sentence::{CANNOT_SAY, Covers, EXPOSED, NOT_EXPOSED, Phrase, Title};
use leaksieve_core::{Answer, Catalogue, Outcome, Profile, Verdict};
use serde::Serialize;

use super::arguments::Format;
use super::text::{day_of, odds};

/// A verdict without its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Exposed,
    NotExposed,
    NotCovered,
    /// The file expired, and what it lacks it cannot say.
    Expired,
}

impl From<&Verdict> for Class {
    fn from(verdict: &Verdict) -> Self {
        match verdict {
            Verdict::Exposed(_) => Self::Exposed,
            Verdict::NotExposed(_) => Self::NotExposed,
            Verdict::NotCovered(_) => Self::NotCovered,
            Verdict::Expired(_) => Self::Expired,
        }
    }
}

/// How `check` words its answers: all of a line but its number, with the line's end.
#[derive(Clone, Copy)]
pub(super) struct Wording {
    pub(super) format: Format,
    /// With the terminal's colours.
    pub(super) is_styled: bool,
}

impl Wording {
    /// What stands before the line's number.
    pub(super) const fn before_line(self) -> &'static str {
        match self.format {
            Format::Text => "",
            Format::Json => "{\"line\":",
        }
    }

    /// What stands behind it when the file has an answer.
    pub(super) fn of_verdict(self, catalogue: &Catalogue, verdict: &Verdict) -> String {
        let answers: Vec<Answer> = verdict.answers().iter().copied().collect();
        self.of_answers(catalogue, verdict.into(), &answers)
    }

    /// The same, of the answers themselves.
    pub(super) fn of_answers(
        self,
        catalogue: &Catalogue,
        class: Class,
        answers: &[Answer],
    ) -> String {
        match self.format {
            Format::Text => {
                let style = match class {
                    Class::Exposed => AnsiColor::Red.on_default().bold(),
                    Class::NotExposed => AnsiColor::Green.on_default(),
                    Class::NotCovered | Class::Expired => AnsiColor::Yellow.on_default(),
                };
                let sentence = sentence(catalogue, class, answers);
                if self.is_styled {
                    format!(": {style}{sentence}{style:#}\n")
                } else {
                    format!(": {sentence}\n")
                }
            }
            Format::Json => fields(&Record {
                verdict: match class {
                    Class::Exposed => "exposed",
                    Class::NotExposed => "not_exposed",
                    Class::NotCovered | Class::Expired => "not_covered",
                },
                reason: reason(catalogue, class, answers),
                datasets: findings(catalogue, answers),
                caveats: match class {
                    Class::Expired => Vec::new(),
                    _ => caveats(catalogue, answers),
                },
            }),
        }
    }

    /// What stands behind it when the file cannot be read there.
    pub(super) fn of_error(self, error: &FileError) -> String {
        self.of_reason(&error.to_string())
    }

    /// What stands behind it when there is no answer, and why.
    pub(super) fn of_reason(self, reason: &str) -> String {
        match self.format {
            Format::Text => format!(": {CANNOT_SAY}{reason}\n"),
            Format::Json => fields(&Record {
                verdict: "error",
                reason: Some(reason.to_owned()),
                datasets: Vec::new(),
                caveats: Vec::new(),
            }),
        }
    }
}

/// An answer as `check --format json` writes it, but for its first field, the line.
#[derive(Serialize)]
struct Record<'a> {
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    datasets: Vec<Finding<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    caveats: Vec<Caveat<'a>>,
}

/// A record's fields, to go on behind another field.
fn fields(record: &Record<'_>) -> String {
    serde_json::to_string(record).map_or_else(
        // Texts and numbers can always be written; were it not so, this is no "not exposed".
        |_| ",\"verdict\":\"error\"}\n".to_owned(),
        |object| object.replacen('{', ",", 1) + "\n",
    )
}

/// A dataset that says "exposed".
#[derive(Serialize)]
struct Finding<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    /// `None`: none is possible.
    false_alarm_one_in: Option<u64>,
    /// How it was found, if not as it was typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    found: Option<&'static str>,
}

/// A dataset that lacks the identifier, and does not know all of its list.
#[derive(Serialize)]
struct Caveat<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    num_rejected: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min_count: Option<u32>,
}

/// The datasets that say "exposed".
fn findings<'a>(catalogue: &'a Catalogue, answers: &[Answer]) -> Vec<Finding<'a>> {
    datasets(catalogue, answers)
        .filter(|(_, answer)| answer.outcome == Outcome::Exposed)
        .map(|(dataset, answer)| Finding {
            name: &dataset.name,
            date: date(dataset),
            false_alarm_one_in: odds(dataset.false_alarm(answer.num_readings)),
            found: answer.rule.map(Rule::text),
        })
        .collect()
}

/// The datasets that lack it, where that does not mean that their list lacks it.
fn caveats<'a>(catalogue: &'a Catalogue, answers: &[Answer]) -> Vec<Caveat<'a>> {
    datasets(catalogue, answers)
        .filter(|(dataset, answer)| {
            answer.outcome == Outcome::Absent && (dataset.num_rejected > 0 || dataset.min_count > 0)
        })
        .map(|(dataset, _)| Caveat {
            name: &dataset.name,
            date: date(dataset),
            num_rejected: (dataset.num_rejected > 0).then_some(dataset.num_rejected),
            min_count: (dataset.min_count > 0).then_some(dataset.min_count),
        })
        .collect()
}

fn date(dataset: &Dataset) -> Option<String> {
    (dataset.date.year != 0).then(|| dataset.date.to_string())
}

/// Why some datasets cannot say; of an expired file also why those that lack it cannot.
fn reason(catalogue: &Catalogue, class: Class, answers: &[Answer]) -> Option<String> {
    let mut reasons = phrases(catalogue, answers, |outcome| {
        matches!(outcome, Outcome::NotCovered(_))
    });
    let is_absent = |answer: &Answer| answer.outcome == Outcome::Absent;
    if class == Class::Expired && answers.iter().any(is_absent) {
        let day = day_of(catalogue.header().expires_unix_s);
        let gap = if reasons.is_empty() { "" } else { "; " };
        reasons += &format!(
            "{gap}the file expired on {day}, and newer leaks are not in it: get a newer file, or give --allow-expired"
        );
    }
    (!reasons.is_empty()).then_some(reasons)
}

/// The phrases of the answers of some outcome.
fn phrases(
    catalogue: &Catalogue,
    answers: &[Answer],
    is_wanted: impl Fn(Outcome) -> bool,
) -> String {
    let phrases: Vec<String> = answers
        .iter()
        .filter(|answer| is_wanted(answer.outcome))
        .filter_map(|answer| Some(Phrase::new(catalogue, answer)?.to_string()))
        .collect();
    phrases.join("; ")
}

/// The verdict as a sentence.
fn sentence(catalogue: &Catalogue, class: Class, answers: &[Answer]) -> String {
    let of = |wanted| phrases(catalogue, answers, |outcome| outcome == wanted);
    match class {
        Class::Exposed => format!("{EXPOSED}{}", of(Outcome::Exposed)),
        Class::NotExposed => format!("{NOT_EXPOSED}{}", of(Outcome::Absent)),
        Class::NotCovered => {
            let mut parts: Vec<String> = reason(catalogue, class, answers).into_iter().collect();
            parts.push(of(Outcome::Absent));
            parts.retain(|part| !part.is_empty());
            format!("{CANNOT_SAY}{}", parts.join("; "))
        }
        Class::Expired => {
            let reason = reason(catalogue, class, answers).unwrap_or_default();
            format!("{CANNOT_SAY}{reason}")
        }
    }
}

fn datasets<'a>(
    catalogue: &'a Catalogue,
    answers: &[Answer],
) -> impl Iterator<Item = (&'a Dataset, Answer)> {
    answers.iter().filter_map(|answer| {
        let dataset = catalogue.datasets().get(usize::from(answer.dataset))?;
        Some((dataset, *answer))
    })
}

/// `Taobao 2021 (2021-06)`.
pub(super) fn title(dataset: &Dataset) -> String {
    Title(dataset).to_string()
}

/// `Taobao 2021 (2021-06; phone, CN +86)`.
pub(super) fn title_and_covers(dataset: &Dataset) -> String {
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
        Profile::Username(case) => format!("{kind}, case {}", case_word(*case)),
        Profile::Id(IdScheme::Plain(case, separators)) => format!(
            "{kind}, case {}{}",
            case_word(*case),
            match separators {
                Separators::Keep => ", blanks and dashes count",
                _ => "",
            }
        ),
        Profile::Id(IdScheme::ChineseResident) => format!("{kind}, Chinese resident"),
        Profile::Password(PasswordDigest::Sha1, _) => format!("{kind}, as SHA-1"),
        Profile::Password(PasswordDigest::Ntlm, _) => format!("{kind}, as NTLM"),
        profile => Covers(profile).to_string(),
    }
}

fn case_word(case: CaseRule) -> &'static str {
    match case {
        CaseRule::Fold => "folded",
        _ => "exact",
    }
}
