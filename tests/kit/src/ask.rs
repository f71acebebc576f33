//! One harness for all that answers questions: the core, the command line, apps in several
//! languages, devices, the page. Each is an [`Asker`], and each is asked
//!
//! - [the table](vectors::judge), which an oracle made that shares no code with it;
//! - [many more questions](compare), of good, bad and untrusted [files](cases), beside the core.

pub mod cases;
mod cli;
mod reference;
pub mod vectors;
mod wheel;
mod why;

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use leaksieve_core::IdentifierKind;

use cases::Case;
pub use cli::CommandLine;
pub use reference::{Answer, Core, Part, Reference, What};
pub use wheel::{Way, Wheel};
pub use why::{EXPIRED, REASONS, RULES, error_code, reason_code, why};

/// On what terms a file is opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    /// The trusted keys, in hexadecimal digits; empty: every file is accepted.
    pub keys: Vec<String>,
    /// The lowest epoch that is accepted.
    pub min_epoch: u32,
    /// A file past its expiry may say "not exposed".
    pub allow_expired: bool,
    /// The time, seconds since 1970; `None`: that of the machine.
    pub now_unix_s: Option<u64>,
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What the text is said to be.
    pub kind: Option<IdentifierKind>,
    /// As it is typed.
    pub text: Vec<u8>,
}

/// As it is typed, said to be nothing.
impl From<&str> for Question {
    fn from(text: &str) -> Self {
        Self {
            kind: None,
            text: text.into(),
        }
    }
}

impl Question {
    /// Can it be typed at a console? A line of text that is not blank, no command, not too long,
    /// and has no character that does something else.
    pub fn is_line(&self) -> bool {
        const MAX_LINE_BYTES: usize = 256;
        str::from_utf8(&self.text).is_ok_and(|text| {
            self.kind.is_none()
                && text.len() <= MAX_LINE_BYTES
                && !text.trim().is_empty()
                && text != "?"
                && !text.contains(char::is_control)
        })
    }
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// In at least one dataset.
    Exposed,
    /// In none, and all cover it.
    NotExposed,
    /// At least one cannot say, and none has it.
    NotCovered,
    /// There is no answer.
    Error,
}

/// What was said of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The answer.
    pub outcome: Outcome,
    /// How it was found, why it cannot be said, or the error: the table's words, of each dataset.
    pub why: Vec<&'static str>,
    /// All that was said, as [`Asker::words`] has it; of an error, what the core says of it is a
    /// part.
    pub words: String,
}

/// What came of opening a file.
#[derive(Clone, Debug)]
pub enum Opened {
    /// It can be asked. What the asker says of it, if it says all, as [`Reference::about`].
    Open(Option<String>),
    /// It is refused, and why: an [`Outcome::Error`].
    Refused(Said),
}

/// Something that opens files and answers questions.
pub trait Asker {
    /// Has it Unicode's tables?
    fn folds(&self) -> bool;

    /// Can it be given this file, on these terms? By default: every file, on none.
    fn opens(&self, file: &Path, terms: &Terms) -> bool {
        let _ = file;
        *terms == Terms::default()
    }

    /// Can it be asked this of the file that is open? By default: everything.
    fn takes(&self, question: &Question) -> bool {
        let _ = question;
        true
    }

    /// Open a file, in place of the one before.
    ///
    /// # Errors
    /// When the asker itself fails, or says what makes no sense.
    fn open(&mut self, file: &Path, terms: &Terms) -> Result<Opened>;

    /// Ask the open file. An answer to each question.
    ///
    /// # Errors
    /// As of [`open`](Self::open).
    fn ask(&mut self, questions: &[Question]) -> Result<Vec<Said>>;

    /// The core's verdict as this asker says it.
    fn words(&self, answer: &Answer<'_>) -> String;

    /// Does it say that, and nothing else? By default word by word; of an error, for the same
    /// reason.
    fn agrees(&self, said: &Said, answer: &Answer<'_>) -> bool {
        let words = match answer.error() {
            Some(error) => said.words.contains(&error),
            None => said.words == self.words(answer),
        };
        words && said.outcome == answer.outcome() && said.why == answer.why()
    }
}

/// How many answers of each sort were compared.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Compared {
    /// Files that were opened.
    pub opened: usize,
    /// Files that were refused.
    pub refused: usize,
    /// Answers of each outcome.
    pub exposed: usize,
    /// As above.
    pub not_exposed: usize,
    /// As above.
    pub not_covered: usize,
    /// As above.
    pub errors: usize,
    /// Questions that cannot be put to this asker, or on such terms.
    pub left_out: usize,
}

impl Compared {
    const fn count(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Exposed => &mut self.exposed,
            Outcome::NotExposed => &mut self.not_exposed,
            Outcome::NotCovered => &mut self.not_covered,
            Outcome::Error => &mut self.errors,
        } += 1;
    }
}

impl fmt::Debug for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            opened,
            refused,
            exposed,
            not_exposed,
            not_covered,
            errors,
            left_out,
        } = self;
        write!(
            f,
            "{opened} opened, {refused} refused; {exposed} exposed, {not_exposed} not exposed, \
             {not_covered} not covered, {errors} errors; {left_out} left out"
        )
    }
}

/// What differs.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn add(&mut self, what: impl FnOnce() -> String) {
        // A thousand of one sort say no more than some.
        self.0.push(if self.0.len() < 20 {
            what()
        } else {
            String::new()
        });
    }

    fn none(self) -> Result<()> {
        let shown: Vec<_> = self.0.iter().filter(|text| !text.is_empty()).collect();
        let (count, shown) = (
            self.0.len(),
            shown
                .iter()
                .map(|text| format!("\n  {text}"))
                .collect::<String>(),
        );
        ensure!(count == 0, "{count} differences:{shown}");
        Ok(())
    }
}

/// Every `stride`-th question of those that it takes, and at least one.
fn share<'a>(
    asker: &dyn Asker,
    questions: impl Iterator<Item = &'a Question>,
    stride: usize,
    compared: &mut Compared,
) -> Vec<Question> {
    let (taken, left): (Vec<_>, Vec<_>) = questions.cloned().partition(|q| asker.takes(q));
    compared.left_out += left.len();
    taken.into_iter().step_by(stride).collect()
}

/// An answer to each question.
fn ask(asker: &mut dyn Asker, questions: &[Question]) -> Result<Vec<Said>> {
    let said = asker.ask(questions)?;
    let (asked, answered) = (questions.len(), said.len());
    ensure!(asked == answered, "{answered} answers to {asked} questions");
    Ok(said)
}

/// Ask about all cases, of each every `stride`-th question, and compare with what the core says.
///
/// # Errors
/// When the asker fails, or an answer differs.
pub fn compare(asker: &mut dyn Asker, cases: &[Case], stride: usize) -> Result<Compared> {
    let mut compared = Compared::default();
    let mut differences = Differences::default();
    for case in cases {
        let path = &case.path;
        if !asker.opens(path, &case.terms) {
            compared.left_out += case.questions.len();
            continue;
        }
        let opened = asker
            .open(path, &case.terms)
            .with_context(|| format!("{path:?}"))?;
        let reference = Reference::open(path, &case.terms);
        match (&opened, &reference) {
            (Opened::Refused(said), Err(error)) => {
                compared.refused += 1;
                if said.why != [error_code(error)] || !said.words.contains(&error.to_string()) {
                    differences.add(|| format!("{path:?}: {said:?}, and not: {error}"));
                }
                continue;
            }
            (Opened::Refused(said), Ok(_)) => {
                differences.add(|| format!("{path:?} is refused: {said:?}"));
                continue;
            }
            (Opened::Open(Some(about)), Ok(reference)) if *about != reference.about() => {
                differences.add(|| format!("{path:?}: {about:?}, not {:?}", reference.about()));
            }
            (Opened::Open(Some(about)), Err(_)) => {
                differences.add(|| format!("{path:?} is opened: {about:?}"));
            }
            (Opened::Open(_), _) => {}
        }
        compared.opened += 1;
        let questions = share(asker, case.questions.iter(), stride, &mut compared);
        for (question, said) in questions.iter().zip(ask(asker, &questions)?) {
            compared.count(said.outcome);
            let answer = match &reference {
                Ok(reference) => reference.ask(question, asker.folds()),
                // A device says so of each question.
                Err(error) => Answer::refused(error),
            };
            if !asker.agrees(&said, &answer) {
                differences.add(|| {
                    let expected = answer.error().unwrap_or_else(|| asker.words(&answer));
                    format!("{path:?}, {question}: {said:?}, and not: {expected}")
                });
            }
        }
    }
    println!("beside the core: {compared:?}");
    differences.none()?;
    Ok(compared)
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.map_or("anything", IdentifierKind::name);
        write!(f, "{:?} as {kind}", String::from_utf8_lossy(&self.text))
    }
}
