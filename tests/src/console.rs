//! Devices: what a person reads at their console, and emulated boards.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use leaksieve_core::sentence::{CANNOT_SAY, EXPOSED, NOT_EXPOSED};

use testkit::ask::{Answer, Asker, Opened, Outcome, Question, Said, Terms, why};
use testkit::emulator::{Emulator, Options, Storage, flash_area};
use testkit::firmware::Variant;
use testkit::sign;

use crate::lab::{self, Lab, device_verdict};

/// A verdict, as the console has it.
///
/// # Errors
/// When it is not one.
pub fn said(answer: &str) -> Result<Said> {
    let (outcome, start) = match device_verdict(answer)? {
        lab::Said::Exposed => (Outcome::Exposed, EXPOSED),
        lab::Said::NotExposed => (Outcome::NotExposed, NOT_EXPOSED),
        lab::Said::CannotSay => (Outcome::NotCovered, CANNOT_SAY),
    };
    let mut lines = answer.lines();
    let words = lines.find_map(|line| line.trim_end().strip_prefix(start));
    let words = words.context("no verdict")?;
    // Of a password a console says this too.
    let words = words
        .strip_suffix("; asked with and without the blanks at its ends")
        .unwrap_or(words);
    let error = why(Outcome::Error, words);
    let gaps = why(outcome, words);
    // Each dataset is asked by itself: one may be damaged, and another say something.
    let (outcome, why) = match (outcome, gaps.is_empty() && !error.is_empty()) {
        (Outcome::NotCovered, true) => (Outcome::Error, error),
        _ => (outcome, gaps),
    };
    Ok(Said {
        outcome,
        why,
        words: words.to_owned(),
    })
}

/// Does a console say that? Where a dataset has no answer, another may.
pub fn agrees(said: &Said, answer: &Answer<'_>) -> bool {
    match answer.error() {
        Some(_) if said.outcome == Outcome::Exposed => true,
        Some(error) => said.outcome != Outcome::NotExposed && said.words.contains(&error),
        None => {
            said.outcome == answer.outcome()
                && said.why == answer.why()
                && said.words == answer.sentence()
        }
    }
}

/// Which board, and where its filter lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// LM3S6965, on a card; with keys, the one that the tests' firmware trusts.
    Card,
    /// LM3S6965, in the flash.
    Flash,
    /// micro:bit, in a slot of its flash.
    Microbit,
    /// The same, with the firmware that awaits keys.
    Embassy,
}

/// An emulated board.
pub struct Board<'a> {
    lab: &'a Lab,
    place: Place,
    terms: Terms,
    emulator: Option<Emulator>,
}

impl<'a> Board<'a> {
    /// Started once it has a file.
    pub const fn new(lab: &'a Lab, place: Place) -> Self {
        Self {
            lab,
            place,
            terms: Terms {
                keys: Vec::new(),
                min_epoch: 0,
                allow_expired: false,
                now_unix_s: None,
            },
            emulator: None,
        }
    }

    /// The board that runs.
    ///
    /// # Errors
    /// When it has no file.
    pub fn emulator(&mut self) -> Result<&mut Emulator> {
        self.emulator.as_mut().context("no file was opened")
    }
}

impl Asker for Board<'_> {
    fn folds(&self) -> bool {
        false
    }

    fn opens(&self, file: &Path, terms: &Terms) -> bool {
        let name = file.file_name().and_then(|name| name.to_str());
        // What is cut short is as long as its place in the flash. A micro:bit has room for two
        // datasets, and verifies no signatures.
        let fits = name.is_some_and(|name| match self.place {
            Place::Card => true,
            Place::Flash => !name.contains("_cut_"),
            _ => !["_cut_", "bundle", "signed"]
                .iter()
                .any(|other| name.contains(other)),
        });
        let key = sign::PUBLIC_KEY;
        let is_ours = self.place == Place::Card && terms.keys.iter().all(|trusted| trusted == key);
        let keys = match is_ours {
            true => terms.keys.clone(),
            false => Vec::new(),
        };
        fits && *terms
            == Terms {
                keys,
                ..Terms::default()
            }
    }

    fn takes(&self, question: &Question) -> bool {
        question.is_line()
    }

    fn open(&mut self, file: &Path, terms: &Terms) -> Result<Opened> {
        let is_other = self.terms != *terms;
        self.terms = terms.clone();
        let content = || fs::read(file);
        match (self.place, &mut self.emulator) {
            (Place::Card, emulator) => {
                let name = file.file_name().and_then(|name| name.to_str());
                let copy = self.lab.write(name.context("no name")?, &content()?)?;
                let card = self.lab.card(&copy)?;
                match emulator {
                    Some(emulator) if !is_other => {
                        emulator.unplug()?;
                        emulator.plug(&card)?;
                    }
                    _ => {
                        let variant = match terms.keys.as_slice() {
                            [] => Variant::SdCard,
                            _ => Variant::TrustedKey,
                        };
                        let options = Options::default();
                        let board = self.lab.boot_as(variant, Storage::Card(&card), &options)?;
                        *emulator = Some(board);
                    }
                }
            }
            (Place::Flash, emulator) => *emulator = Some(self.lab.boot(Storage::Flash(file))?),
            (Place::Microbit, emulator) => {
                *emulator = Some(self.lab.boot_microbit(&flash_area([&content()?, &[]]))?);
            }
            (Place::Embassy, emulator) => {
                *emulator = Some(self.lab.boot_embassy(&flash_area([&content()?, &[]]))?);
            }
        }
        // What is wrong with the file it says of each question.
        Ok(Opened::Open(None))
    }

    fn ask(&mut self, questions: &[Question]) -> Result<Vec<Said>> {
        let emulator = self.emulator()?;
        let lines = questions.iter();
        lines
            .map(|question| said(&emulator.ask(str::from_utf8(&question.text)?)?))
            .collect()
    }

    fn words(&self, answer: &Answer<'_>) -> String {
        answer.sentence()
    }

    fn agrees(&self, said: &Said, answer: &Answer<'_>) -> bool {
        agrees(said, answer)
    }
}
