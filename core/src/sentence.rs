//! What is said to people, in English: one wording for consoles, command lines and the page, which
//! has the same words in a file of its own, and a test that compares them. The identifier is not
//! repeated.
//!
//! A sentence begins with `EXPOSED`, `not exposed` or `cannot say`, and its [`Phrase`]s follow,
//! with `; ` between them: first what decides.

use core::fmt::{self, Display};

use crate::arithmetic::divided;
use crate::catalogue::Catalogue;
use crate::header::{Dataset, Date, Rate};
use crate::identifier::{IdentifierKind, Profile, Rule};
use crate::verdict::{Answer, Outcome};

/// How the sentence of a verdict "exposed" begins.
pub const EXPOSED: &str = "EXPOSED ";
/// How the sentence of a verdict "not exposed" begins.
pub const NOT_EXPOSED: &str = "not exposed: ";
/// How all other sentences begin.
pub const CANNOT_SAY: &str = "cannot say: ";

/// What one dataset said:
///
/// - `in Taobao 2021 (2021-06), found without its extension: false alarm 1 in 500`
/// - `in Taobao 2021 (2021-06): certain`, of an exact set
/// - `not in Taobao 2021 (2021-06), 4 of whose lines could not be read`
/// - `Taobao 2021 (2021-06; phone, CN +86): too few digits for a phone number`
///
/// The first names the kind too, if the file has several.
#[derive(Clone, Copy)]
pub struct Phrase<'a> {
    dataset: &'a Dataset,
    answer: &'a Answer,
    has_several_kinds: bool,
}

impl<'a> Phrase<'a> {
    /// Of an answer of a file. `None`: it is of another file.
    pub fn new(catalogue: &'a Catalogue, answer: &'a Answer) -> Option<Self> {
        let dataset = catalogue.datasets().get(usize::from(answer.dataset))?;
        let kind = dataset.profile.kind();
        let mut all = catalogue.datasets().iter();
        Some(Self {
            dataset,
            answer,
            has_several_kinds: all.any(|other| other.profile.kind() != kind),
        })
    }

    fn exposed(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            dataset, answer, ..
        } = self;
        write!(f, "in {}", Title(dataset))?;
        if self.has_several_kinds {
            write!(f, ", as {}", Plain(noun(dataset.profile.kind())))?;
        }
        if let Some(rule) = answer.rule {
            write!(f, ", found {}", Plain(rule.text()))?;
        }
        match dataset.false_alarm(answer.num_readings) {
            // What was found says that there are two.
            Rate::NONE if answer.rule == Some(Rule::WrittenAlike) => Ok(()),
            Rate::NONE => f.write_str(": certain"),
            rate => write!(f, ": false alarm 1 in {}", Grouped(rate.one_in())),
        }
    }

    fn absent(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dataset = self.dataset;
        let title = Title(dataset);
        match dataset.min_count {
            0 => write!(f, "not in {title}")?,
            times => write!(
                f,
                "not among those of {title} that were seen {} times or more",
                Grouped(times.into())
            )?,
        }
        match dataset.num_rejected {
            0 => Ok(()),
            lines => write!(f, ", {} of whose lines could not be read", Grouped(lines)),
        }
    }
}

impl Display for Phrase<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.answer.outcome {
            Outcome::Exposed => self.exposed(f),
            Outcome::Absent => self.absent(f),
            Outcome::NotCovered(reason) => {
                let Dataset {
                    name,
                    date,
                    profile,
                    ..
                } = self.dataset;
                write!(f, "{} (", Plain(name))?;
                if date.year != 0 {
                    write!(f, "{date}; ")?;
                }
                write!(f, "{}): {reason}", Covers(profile))
            }
        }
    }
}

/// What a text is taken for, as `a phone number`.
const fn noun(kind: IdentifierKind) -> &'static str {
    match kind {
        IdentifierKind::Phone => "a phone number",
        IdentifierKind::Email => "an e-mail address",
        IdentifierKind::Username => "a user name",
        IdentifierKind::Id => "an id",
        IdentifierKind::Password => "a password",
        IdentifierKind::Sha1 | IdentifierKind::Ntlm => "a hash",
    }
}

/// A leak's name: `Taobao 2021 (2021-06)`, without a date if it is not known.
#[derive(Clone, Copy)]
pub struct Title<'a>(pub &'a Dataset);

impl Display for Title<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Dataset { name, date, .. } = self.0;
        match date {
            Date { year: 0, .. } => f.write_str(name),
            date => write!(f, "{} ({date})", Plain(name)),
        }
    }
}

/// A kind, with the region of telephone numbers: `phone, CN +86`.
#[derive(Clone, Copy)]
pub struct Covers<'a>(pub &'a Profile);

impl Display for Covers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.kind().name())?;
        match self.0 {
            Profile::Phone(profile) if profile.is_world() => f.write_str(", all countries"),
            Profile::Phone(profile) => {
                let region = core::str::from_utf8(&profile.region).unwrap_or("??");
                // The one way to write a number that is there anyway.
                let code = Grouped(profile.calling_code.into());
                write!(f, ", {} +{code}", Plain(region))
            }
            _ => Ok(()),
        }
    }
}

/// A text in a sentence. A `str` itself looks at how wide it is to be, which takes 700 bytes of a
/// small device's flash.
#[derive(Clone, Copy)]
pub struct Plain<'a>(pub &'a str);

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// A number with a comma before each three digits: `1,000`.
#[derive(Clone, Copy)]
pub struct Grouped(pub u64);

impl Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The lowest three digits first.
        let mut groups = [0; 7];
        let mut rest = self.0;
        let mut num_groups = 0;
        for group in &mut groups {
            let (higher, lowest) = divided(rest, 1000);
            *group = lowest as u32;
            rest = higher;
            num_groups += 1;
            if rest == 0 {
                break;
            }
        }
        let mut groups = groups.iter().take(num_groups).rev();
        if let Some(first) = groups.next() {
            write!(f, "{first}")?;
        }
        for group in groups {
            write!(f, ",{group:03}")?;
        }
        Ok(())
    }
}
