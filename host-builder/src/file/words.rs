//! What a verdict is called, in words and in JSON. The identifier is not repeated.

use leaksieve_core::header::Dataset;
use leaksieve_core::identifier::Rule;
use leaksieve_core::identifier::{CaseRule, IdScheme, PasswordDigest, Separators};
use leaksieve_core::sentence::{CANNOT_SAY, Covers, EXPOSED, NOT_EXPOSED, Phrase, Title};
use leaksieve_core::{Answer, Catalogue, Outcome, Profile, Verdict};
use serde::Serialize;

use crate::dates::day_of;
use crate::sizing::odds;

/// A verdict without its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// At least one dataset has the identifier, or gives a false alarm.
    Exposed,
    /// All that were asked cover it, and none has it.
    NotExposed,
    /// None has it, and at least one cannot say.
    NotCovered,
    /// The file expired, and what it lacks it cannot say.
    Expired,
}

impl Class {
    /// `exposed`, `not_exposed`, `not_covered` or `expired`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exposed => "exposed",
            Self::NotExposed => "not_exposed",
            Self::NotCovered => "not_covered",
            Self::Expired => "expired",
        }
    }

    /// How the sentence of such a verdict begins.
    const fn beginning(self) -> &'static str {
        match self {
            Self::Exposed => EXPOSED,
            Self::NotExposed => NOT_EXPOSED,
            Self::NotCovered | Self::Expired => CANNOT_SAY,
        }
    }
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

/// A dataset that says "exposed".
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding<'a> {
    /// Name of the breach.
    pub name: &'a str,
    /// When it happened; `None`: unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Of so many who are not in it one is told this too; `None`: nobody is.
    pub false_alarm_one_in: Option<u64>,
    /// How it was found, if not as it was typed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<&'static str>,
}

/// A dataset that lacks the identifier, and does not know all of its list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Caveat<'a> {
    /// Name of the breach.
    pub name: &'a str,
    /// When it happened; `None`: unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// Lines of the list that could not be read; `None`: there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub num_rejected: Option<u64>,
    /// What was seen fewer times was left out; `None`: nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_count: Option<u32>,
}

/// A verdict, to be told.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Of the file that was asked.
    pub catalogue: &'a Catalogue,
    /// The verdict.
    pub class: Class,
    /// What each dataset said.
    pub answers: &'a [Answer],
    /// What one does to take an expired file as of its day, such as `give --allow-expired`.
    pub accept: &'a str,
}

impl<'a> Told<'a> {
    /// As a sentence.
    pub fn sentence(&self) -> String {
        format!("{}{}", self.class.beginning(), self.words())
    }

    /// The sentence without its first words, which say the class.
    pub fn words(&self) -> String {
        let of = |wanted| self.phrases(|outcome| outcome == wanted);
        match self.class {
            Class::Exposed => of(Outcome::Exposed),
            Class::NotExposed => of(Outcome::Absent),
            Class::NotCovered => {
                let mut parts: Vec<String> = self.reason().into_iter().collect();
                parts.push(of(Outcome::Absent));
                parts.retain(|part| !part.is_empty());
                parts.join("; ")
            }
            Class::Expired => self.reason().unwrap_or_default(),
        }
    }

    /// Why some datasets cannot say; of an expired file also why those that lack it cannot.
    pub fn reason(&self) -> Option<String> {
        let mut reasons = self.phrases(|outcome| matches!(outcome, Outcome::NotCovered(_)));
        let is_absent = |answer: &Answer| answer.outcome == Outcome::Absent;
        if self.class == Class::Expired && self.answers.iter().any(is_absent) {
            let day = day_of(self.catalogue.header().expires_unix_s);
            let gap = if reasons.is_empty() { "" } else { "; " };
            reasons += &format!(
                "{gap}the file expired on {day}, and newer leaks are not in it: get a newer file, or {}",
                self.accept
            );
        }
        (!reasons.is_empty()).then_some(reasons)
    }

    /// The datasets that say "exposed".
    pub fn findings(&self) -> Vec<Finding<'a>> {
        self.datasets()
            .filter(|(_, answer)| answer.outcome == Outcome::Exposed)
            .map(|(dataset, answer)| Finding {
                name: &dataset.name,
                date: date(dataset),
                false_alarm_one_in: odds(dataset.false_alarm(answer.num_readings)),
                found: answer.rule.map(Rule::text),
            })
            .collect()
    }

    /// The datasets that lack it, where that does not mean that their list lacks it. Of an expired
    /// file none: it says nothing of what it lacks.
    pub fn caveats(&self) -> Vec<Caveat<'a>> {
        if self.class == Class::Expired {
            return Vec::new();
        }
        self.datasets()
            .filter(|(dataset, answer)| {
                answer.outcome == Outcome::Absent
                    && (dataset.num_rejected > 0 || dataset.min_count > 0)
            })
            .map(|(dataset, _)| Caveat {
                name: &dataset.name,
                date: date(dataset),
                num_rejected: (dataset.num_rejected > 0).then_some(dataset.num_rejected),
                min_count: (dataset.min_count > 0).then_some(dataset.min_count),
            })
            .collect()
    }

    /// The phrases of the answers of some outcome.
    fn phrases(&self, is_wanted: impl Fn(Outcome) -> bool) -> String {
        let phrases: Vec<String> = self
            .answers
            .iter()
            .filter(|answer| is_wanted(answer.outcome))
            .filter_map(|answer| Some(Phrase::new(self.catalogue, answer)?.to_string()))
            .collect();
        phrases.join("; ")
    }

    fn datasets(&self) -> impl Iterator<Item = (&'a Dataset, Answer)> {
        let catalogue = self.catalogue;
        self.answers.iter().filter_map(move |answer| {
            let dataset = catalogue.datasets().get(usize::from(answer.dataset))?;
            Some((dataset, *answer))
        })
    }
}

/// When a breach happened; `None`: unknown.
pub(crate) fn date(dataset: &Dataset) -> Option<String> {
    (dataset.date.year != 0).then(|| dataset.date.to_string())
}

/// `Taobao 2021 (2021-06)`.
pub fn title(dataset: &Dataset) -> String {
    Title(dataset).to_string()
}

/// `Taobao 2021 (2021-06; phone, CN +86)`.
pub fn title_and_covers(dataset: &Dataset) -> String {
    let covers = covers(dataset);
    if dataset.date.year == 0 {
        format!("{} ({covers})", dataset.name)
    } else {
        format!("{} ({}; {covers})", dataset.name, dataset.date)
    }
}

/// What a dataset can be asked about: `phone, CN +86`.
pub fn covers(dataset: &Dataset) -> String {
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

const fn case_word(case: CaseRule) -> &'static str {
    match case {
        CaseRule::Fold => "folded",
        _ => "exact",
    }
}
