//! The core in this process, which all others are compared with.

use std::io;
use std::path::Path;

use anyhow::{Result, anyhow};
use leaksieve_core::file::FileSectors;
use leaksieve_core::header::Dataset;
use leaksieve_core::identifier::{CaseRule, IdScheme, PasswordDigest, Rule, Separators};
use leaksieve_core::sector::SECTOR_BYTES;
use leaksieve_core::sentence::{Covers, Phrase};
use leaksieve_core::verdict::system_clock;
use leaksieve_core::{
    Catalogue, Identifier, NormaliseError, Profile, PublicKey, ReadError, Trust, Verdict,
};

use super::why::{EXPIRED, rule_code};
use super::{Asker, Opened, Outcome, Question, Said, Terms, error_code, reason_code};

/// An open file.
pub struct Reference {
    catalogue: Catalogue,
    file: FileSectors,
    now_unix_s: Option<u64>,
    allow_expired: bool,
}

impl Reference {
    /// Open a file.
    ///
    /// # Errors
    /// When it is refused, or a key is none.
    pub fn open(path: &Path, terms: &Terms) -> Result<Self, ReadError<io::Error>> {
        let keys: Result<Vec<PublicKey>, _> = terms.keys.iter().map(|key| key.parse()).collect();
        let keys = keys.map_err(|error| ReadError::Source(io::Error::other(error)))?;
        let trust = Trust::in_keys(&keys).from_epoch(terms.min_epoch);
        let file = FileSectors::open(path).map_err(ReadError::Source)?;
        let catalogue = leaksieve_core::open(&mut &file, &mut [0; SECTOR_BYTES], &trust)?;
        Ok(Self {
            catalogue,
            file,
            now_unix_s: terms.now_unix_s.or_else(system_clock),
            allow_expired: terms.allow_expired,
        })
    }

    /// What it holds.
    pub const fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// What it says, with Unicode's tables or without.
    pub fn ask(&self, question: &Question, folds: bool) -> Answer<'_> {
        let mut identifier = Identifier::new(&question.text);
        if let Some(kind) = question.kind {
            identifier = identifier.of_kind(kind);
        }
        if !folds {
            identifier = identifier.without_tables();
        }
        let sector = &mut [0; SECTOR_BYTES];
        match leaksieve_core::check(&self.catalogue, identifier, &mut &self.file, sector) {
            Ok(verdict) => Answer::Verdict {
                reference: self,
                verdict: verdict.at(
                    self.catalogue.header(),
                    self.now_unix_s.filter(|_| !self.allow_expired),
                ),
            },
            Err(error) => Answer::refused(&error),
        }
    }

    /// All that an interface tells of the file, with tabs between: `open`, file id, bytes, bytes
    /// behind the last sector, created, expires, has expired, epoch, signer; then of each dataset
    /// name, date, note on the source, kind, what it covers, items, lines that were rejected,
    /// lowest count, odds of a false alarm. What is not there is empty.
    pub fn about(&self) -> String {
        let header = self.catalogue.header();
        let size = self.file.num_bytes();
        let sectors = u64::from(header.num_sectors) * SECTOR_BYTES as u64;
        let signer = self.catalogue.signer();
        let mut fields = vec![
            "open".to_owned(),
            self.catalogue.file_id().to_string(),
            size.to_string(),
            size.saturating_sub(sectors).to_string(),
            header.created_unix_s.to_string(),
            unless_zero(header.expires_unix_s),
            header.has_expired(self.now_unix_s).to_string(),
            header.epoch.to_string(),
            signer.map(|key| key.to_string()).unwrap_or_default(),
        ];
        for dataset in self.catalogue.datasets() {
            fields.extend([
                dataset.name.to_string(),
                date(dataset),
                dataset.source_note.to_string(),
                dataset.profile.kind().name().to_owned(),
                covers(&dataset.profile),
                dataset.num_items.to_string(),
                dataset.num_rejected.to_string(),
                unless_zero(dataset.min_count.into()),
                unless_zero(dataset.measured.one_in()),
            ]);
        }
        fields.join("\t")
    }
}

fn unless_zero(number: u64) -> String {
    match number {
        0 => String::new(),
        number => number.to_string(),
    }
}

/// Nothing if it is not known.
fn date(dataset: &Dataset) -> String {
    match dataset.date.year {
        0 => String::new(),
        _ => dataset.date.to_string(),
    }
}

fn covers(profile: &Profile) -> String {
    let rule = match profile {
        Profile::Username(case) | Profile::Id(IdScheme::Plain(case, _)) => match case {
            CaseRule::Exact => ", case exact",
            _ => ", case folded",
        },
        Profile::Id(_) => ", Chinese resident",
        Profile::Password(PasswordDigest::Sha1, _) => ", as SHA-1",
        Profile::Password(..) => ", as NTLM",
        _ => "",
    };
    let separators = match profile {
        Profile::Id(IdScheme::Plain(_, Separators::Keep)) => ", blanks and dashes count",
        _ => "",
    };
    format!("{}{rule}{separators}", Covers(profile))
}

/// What the core says of a question.
pub enum Answer<'a> {
    /// There is a verdict.
    Verdict {
        /// Of this file.
        reference: &'a Reference,
        /// With its expiry considered.
        verdict: Verdict,
    },
    /// There is none: why, in the table's word and in the core's.
    Error(&'static str, String),
}

/// What a dataset says.
#[derive(Clone, Debug)]
pub struct Part<'a> {
    /// Which one.
    pub dataset: &'a Dataset,
    /// Its place in the file.
    pub index: u8,
    /// When it happened, or nothing.
    pub date: String,
    /// As a sentence says it.
    pub phrase: String,
    /// What it says.
    pub what: What,
    /// The same, before the file's expiry is considered.
    pub said: leaksieve_core::Outcome,
}

/// What a dataset says.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// It has it: the odds of a false alarm, and how it was found.
    Exposed(u64, Option<Rule>),
    /// It lacks it.
    Absent,
    /// It cannot say.
    NotCovered(NormaliseError),
    /// It lacks it, and is too old to say so.
    Expired,
}

impl<'a> Answer<'a> {
    /// Of a file that was not opened.
    pub fn refused(error: &ReadError<io::Error>) -> Self {
        Self::Error(error_code(error), error.to_string())
    }

    /// Why there is no verdict.
    pub fn error(&self) -> Option<String> {
        match self {
            Self::Error(_, error) => Some(error.clone()),
            Self::Verdict { .. } => None,
        }
    }

    /// What each dataset says that was asked, in the file's order.
    pub fn parts(&self) -> Vec<Part<'_>> {
        let Self::Verdict { reference, verdict } = self else {
            return Vec::new();
        };
        let catalogue = reference.catalogue();
        let is_expired = matches!(verdict, Verdict::Expired(_));
        let answers = verdict.answers().iter().filter_map(|answer| {
            let dataset = catalogue.datasets().get(usize::from(answer.dataset))?;
            let odds = dataset.false_alarm(answer.num_readings).one_in();
            Some(Part {
                dataset,
                index: answer.dataset,
                date: date(dataset),
                phrase: Phrase::new(catalogue, answer)?.to_string(),
                said: answer.outcome,
                what: match answer.outcome {
                    leaksieve_core::Outcome::Exposed => What::Exposed(odds, answer.rule),
                    leaksieve_core::Outcome::Absent if is_expired => What::Expired,
                    leaksieve_core::Outcome::Absent => What::Absent,
                    leaksieve_core::Outcome::NotCovered(reason) => What::NotCovered(reason),
                },
            })
        });
        answers.collect()
    }

    /// The answer.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Error(..) => Outcome::Error,
            Self::Verdict { verdict, .. } => match verdict {
                Verdict::Exposed(_) => Outcome::Exposed,
                Verdict::NotExposed(_) => Outcome::NotExposed,
                Verdict::NotCovered(_) | Verdict::Expired(_) => Outcome::NotCovered,
            },
        }
    }

    /// Does the file lack it, and is too old to say so?
    pub const fn is_expired(&self) -> bool {
        matches!(
            self,
            Self::Verdict {
                verdict: Verdict::Expired(_),
                ..
            }
        )
    }

    /// How it was found, or why it cannot be said; that the file expired last, and once.
    pub fn why(&self) -> Vec<&'static str> {
        let parts = match self {
            Self::Error(code, _) => return vec![code],
            Self::Verdict { .. } => self.parts(),
        };
        let is_exposed = self.outcome() == Outcome::Exposed;
        let all = parts.iter().filter_map(|part| match part.what {
            What::Exposed(_, rule) => rule.map(rule_code),
            What::NotCovered(reason) if !is_exposed => Some(reason_code(reason)),
            _ => None,
        });
        let mut is_too_old = parts.iter().map(|part| matches!(part.what, What::Expired));
        let expired = (!is_exposed && is_too_old.any(|is_too_old| is_too_old)).then_some("expired");
        all.chain(expired).collect()
    }

    /// The phrases of what decides, and of what stands behind it, as consoles and the page say it.
    pub fn sentence(&self) -> String {
        let (parts, outcome) = (self.parts(), self.outcome());
        let of = |is_wanted: fn(What) -> bool| {
            let wanted = parts.iter().filter(move |part| is_wanted(part.what));
            wanted.map(|part| part.phrase.clone()).collect::<Vec<_>>()
        };
        let mut phrases = of(match outcome {
            Outcome::Exposed => |what| matches!(what, What::Exposed(..)),
            _ => |what| matches!(what, What::NotCovered(_)),
        });
        if outcome != Outcome::Exposed {
            let is_too_old = parts.iter().any(|part| matches!(part.what, What::Expired));
            phrases.extend(is_too_old.then(|| EXPIRED.to_owned()));
            phrases.extend(of(|what| matches!(what, What::Absent)));
        }
        phrases.join("; ")
    }
}

/// The core itself, for the table.
#[derive(Default)]
pub struct Core {
    /// With Unicode's tables.
    pub folds: bool,
    file: Option<Reference>,
}

impl Core {
    /// With Unicode's tables or without.
    pub const fn new(folds: bool) -> Self {
        Self { folds, file: None }
    }
}

impl Asker for Core {
    fn folds(&self) -> bool {
        self.folds
    }

    fn opens(&self, _: &Path, _: &Terms) -> bool {
        true
    }

    fn open(&mut self, file: &Path, terms: &Terms) -> Result<Opened> {
        self.file = None;
        Ok(match Reference::open(file, terms) {
            Ok(reference) => {
                let about = reference.about();
                self.file = Some(reference);
                Opened::Open(Some(about))
            }
            Err(error) => Opened::Refused(self.said(&Answer::refused(&error))),
        })
    }

    fn ask(&mut self, questions: &[Question]) -> Result<Vec<Said>> {
        let file = self.file.as_ref().ok_or_else(|| anyhow!("no open file"))?;
        let said = questions.iter();
        let said = said.map(|question| self.said(&file.ask(question, self.folds)));
        Ok(said.collect())
    }

    fn words(&self, answer: &Answer<'_>) -> String {
        answer.sentence()
    }
}

impl Core {
    fn said(&self, answer: &Answer<'_>) -> Said {
        Said {
            outcome: answer.outcome(),
            why: answer.why(),
            words: answer.error().unwrap_or_else(|| answer.sentence()),
        }
    }
}
