//! The core, the command line and a device without a board: what they say is what the table has,
//! and what the core says; and the table is what its oracle says today.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use embedded_io::ErrorType;
use leaksieve::file::{FileError, FilterFile};
use leaksieve_app::{Guard, Heard, Input, Memory, PublicKey, Session, Workspace};
use leaksieve_core::verdict::system_clock;
use leaksieve_core::{Identifier, Trust, Verdict};
use leaksieve_tests::{console, is_exhaustive};
use testkit::ask::cases::{self, Case};
use testkit::ask::vectors::{self, judge};
use testkit::ask::{
    Answer, Asker, CommandLine, Core, Opened, Outcome, Question, Reference, Said, Terms, compare,
};
use testkit::{run, venv, workspace};

/// All files that there are cases of, and more.
fn all_cases(folder: &Path) -> Result<Vec<Case>> {
    Ok([
        cases::good()?,
        cases::with_caveats(folder)?,
        cases::trusted(folder)?,
        cases::bad(folder)?,
    ]
    .concat())
}

#[test]
fn the_core_says_what_the_table_has() -> Result<()> {
    for folds in [true, false] {
        let compared = judge(&mut Core::new(folds), 1)?;
        ensure!(compared.left_out == 0 && compared.refused > 30 && compared.errors > 5);
        ensure!(compared.exposed > 500 && compared.not_exposed > 500);
    }
    Ok(())
}

/// Who has Unicode's tables knows more, but never the contrary.
#[test]
#[ignore = "needs the host tool: cargo xtask test"]
fn tables_contradict_nobody() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for case in [cases::good()?, cases::with_caveats(folder.path())?].concat() {
        let file = Reference::open(&case.path, &case.terms);
        let file = file.map_err(|error| anyhow::anyhow!("{error}"))?;
        for question in &case.questions {
            let [without, with] = [false, true].map(|folds| file.ask(question, folds).outcome());
            ensure!(
                without == with || without == Outcome::NotCovered,
                "{question}"
            );
        }
    }
    Ok(())
}

/// Python's libraries give the answers, which no other program has a hand in. Where pip has no
/// registry, this is left out, and that is said.
#[test]
#[ignore = "needs pip's registry: cargo xtask test --all"]
fn the_table_is_the_oracles() -> Result<()> {
    if !is_exhaustive() {
        return Ok(());
    }
    let table = fs::read_to_string(vectors::path())?;
    let script = workspace::root().join("tests/data/vectors.py");
    let python = venv::environment("oracle")?;
    let versions = fs::read_to_string(&script)?;
    let mut versions = versions
        .lines()
        .filter_map(|line| line.split_once("pip install "));
    let (_, packages) = versions.next().context("it does not say what it needs")?;
    let packages = packages.split(" && ").next().unwrap_or_default();
    let packages: Vec<&str> = packages.split_whitespace().collect();
    if let Err(error) = venv::install(&python, &packages) {
        println!("the oracle of the table is left out: {error:#}");
        return Ok(());
    }
    let said = run::output(Command::new(&python).arg(&script))?;
    ensure!(said.lines().eq(table.lines()), "run {}", script.display());
    Ok(())
}

#[test]
#[ignore = "needs the host tool: cargo xtask test"]
fn the_command_line_agrees() -> Result<()> {
    let mut cli = CommandLine::new()?;
    judge(&mut cli, 1)?;
    let folder = tempfile::tempdir()?;
    let compared = compare(&mut cli, &all_cases(folder.path())?, 1)?;
    ensure!(compared.refused > 50 && compared.errors > 500 && compared.not_covered > 500);
    Ok(())
}

/// The library, which is asked all questions together.
struct Together {
    folds: bool,
    file: Option<(FilterFile, Reference, Option<u64>)>,
}

impl Asker for Together {
    fn folds(&self) -> bool {
        self.folds
    }

    fn opens(&self, _: &Path, _: &Terms) -> bool {
        true
    }

    fn open(&mut self, file: &Path, terms: &Terms) -> Result<Opened> {
        let keys: Result<Vec<PublicKey>, _> = terms.keys.iter().map(|key| key.parse()).collect();
        let keys = keys?;
        let trust = Trust::in_keys(&keys).from_epoch(terms.min_epoch);
        let now_unix_s = terms.now_unix_s.or_else(system_clock);
        let now_unix_s = now_unix_s.filter(|_| !terms.allow_expired);
        self.file = None;
        Ok(match FilterFile::open_trusted(file, &trust) {
            Ok(open) => {
                let reference = Reference::open(file, terms)?;
                self.file = Some((open, reference, now_unix_s));
                Opened::Open(None)
            }
            Err(error) => Opened::Refused(said(&Err(&error), None)?),
        })
    }

    fn ask(&mut self, questions: &[Question]) -> Result<Vec<Said>> {
        let (file, reference, now_unix_s) = self.file.as_ref().context("no open file")?;
        let identifiers = questions.iter().map(|question| {
            let identifier = Identifier::new(&question.text);
            let identifier = match question.kind {
                Some(kind) => identifier.of_kind(kind),
                None => identifier,
            };
            match self.folds {
                true => identifier,
                false => identifier.without_tables(),
            }
        });
        let identifiers: Vec<_> = identifiers.collect();
        let shortcuts = file.shortcuts().unwrap_or_default();
        let mut together = file.together(&shortcuts);
        let verdicts = together.check(&identifiers);
        let header = file.catalogue().header();
        let all = verdicts.iter().map(|verdict| {
            let verdict = verdict.as_ref();
            let verdict = verdict.map(|verdict| verdict.clone().at(header, *now_unix_s));
            said(&verdict, Some(reference))
        });
        all.collect()
    }

    fn words(&self, answer: &Answer<'_>) -> String {
        answer.sentence()
    }
}

/// A verdict of the library's, or its error, as the core's.
fn said(verdict: &Result<Verdict, &FileError>, reference: Option<&Reference>) -> Result<Said> {
    let answer = match verdict {
        Ok(verdict) => Answer::Verdict {
            reference: reference.context("no open file")?,
            verdict: verdict.clone(),
        },
        Err(error) => {
            let cause = std::error::Error::source(error);
            Answer::refused(
                cause
                    .and_then(<dyn std::error::Error>::downcast_ref)
                    .context("no cause")?,
            )
        }
    };
    Ok(Said {
        outcome: answer.outcome(),
        why: answer.why(),
        words: answer.error().unwrap_or_else(|| answer.sentence()),
    })
}

#[test]
fn all_at_once_agree() -> Result<()> {
    for folds in [true, false] {
        let mut together = Together { folds, file: None };
        let compared = judge(&mut together, 1)?;
        ensure!(compared.left_out == 0 && compared.refused > 30 && compared.errors > 5);
        ensure!(compared.exposed > 500 && compared.not_exposed > 500);
    }
    let folder = tempfile::tempdir()?;
    let cases = [cases::good()?, cases::bad(folder.path())?].concat();
    let mut together = Together {
        folds: true,
        file: None,
    };
    let compared = compare(&mut together, &cases, 1)?;
    ensure!(
        compared.refused > 10 && compared.errors > 100,
        "{compared:?}"
    );
    Ok(())
}

/// A device in this process, with its filter in memory.
#[derive(Default)]
struct App {
    file: Vec<u8>,
    keys: &'static [PublicKey],
}

/// Types lines, and keeps what is written.
struct Typed<'a> {
    rest: &'a [u8],
    screen: Vec<u8>,
}

/// A person begins once the prompt is there.
const PERSON_MS: u32 = 500;

impl Input for Typed<'_> {
    fn listen(&mut self, longest_ms: u32) -> Heard {
        match self.rest {
            _ if longest_ms < PERSON_MS => Heard::Silence,
            [byte, rest @ ..] => {
                self.rest = rest;
                Heard::Byte(*byte)
            }
            [] => Heard::End,
        }
    }
}

impl ErrorType for Typed<'_> {
    type Error = std::convert::Infallible;
}

impl embedded_io::Write for Typed<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Self::Error> {
        self.screen.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

impl Asker for App {
    fn folds(&self) -> bool {
        false
    }

    fn opens(&self, _: &Path, terms: &Terms) -> bool {
        let keys = terms.keys.clone();
        *terms
            == Terms {
                keys,
                ..Terms::default()
            }
    }

    fn takes(&self, question: &Question) -> bool {
        question.is_line()
    }

    fn open(&mut self, file: &Path, terms: &Terms) -> Result<Opened> {
        self.file = fs::read(file).unwrap_or_default();
        let keys: Result<Vec<_>, _> = terms.keys.iter().map(|key| key.parse()).collect();
        self.keys = keys?.leak();
        Ok(Opened::Open(None))
    }

    fn ask(&mut self, questions: &[Question]) -> Result<Vec<Said>> {
        let lines = questions.iter();
        let lines = lines.flat_map(|question| [&*question.text, b"\r"].concat());
        let lines: Vec<u8> = lines.collect();
        let mut typed = Typed {
            rest: &lines,
            screen: Vec::new(),
        };
        let mut work = Workspace::new();
        let guard = Guard::new(self.keys, ());
        let mut session = Session::new("test", Memory(&self.file), guard, (), &mut work);
        session.run(&mut typed)?;
        let screen = String::from_utf8(typed.screen)?;
        // Nothing else begins as a verdict does.
        let said = screen.lines().filter_map(|line| console::said(line).ok());
        Ok(said.collect())
    }

    fn words(&self, answer: &Answer<'_>) -> String {
        answer.sentence()
    }

    fn agrees(&self, said: &Said, answer: &Answer<'_>) -> bool {
        console::agrees(said, answer)
    }
}

#[test]
fn a_device_without_a_board_agrees() -> Result<()> {
    let mut app = App::default();
    let compared = judge(&mut app, 1)?;
    ensure!(compared.exposed > 200 && compared.not_exposed > 200 && compared.errors > 60);
    let folder = tempfile::tempdir()?;
    // What is no file cannot be put into a memory.
    let mut cases = [cases::good()?, cases::bad(folder.path())?].concat();
    cases.retain(|case| case.path.is_file());
    let compared = compare(&mut app, &cases, 1)?;
    ensure!(
        compared.exposed > 500 && compared.errors > 5_000,
        "{compared:?}"
    );
    Ok(())
}
