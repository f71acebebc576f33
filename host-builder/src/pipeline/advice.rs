//! What to do about an error of a build, in the words of who called it. Errors themselves do not
//! know which option a caller has for a setting, and name those of the command line.

mod notes;
mod words;

use std::error::Error as StdError;

use crate::file::{OutputError, WriteError};
use crate::input::normalise::Counts;
use crate::input::reject::Reason;
use crate::input::source::{Column, Remedy, SourceError};
use crate::pipeline::{BuildError, EncodeError, InputError, PlanError, RecheckError, SpoolError};
use crate::sizing::ShapeError;
use crate::sizing::fit::Misfit;

/// How a caller writes settings. Their names are those of the command line, without its dashes.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// A setting: `--column`, `column=`.
    pub name: fn(&str) -> String,
    /// A setting with a value: `--column phone`, `column='phone'`. A value in capital letters stands
    /// for others.
    pub set: fn(&str, &str) -> String,
    /// Has the caller this setting? `-` stands for lists on standard input, `estimate` for that
    /// command, `column` for lists in files. What needs another setting is not advised.
    pub has: fn(&str) -> bool,
}

impl Settings {
    fn name(&self, setting: &str) -> Option<String> {
        (self.has)(setting).then(|| (self.name)(setting))
    }

    fn set(&self, setting: &str, value: &str) -> Option<String> {
        (self.has)(setting).then(|| (self.set)(setting, value))
    }

    /// Those of these settings that the caller has: `a, b or c`.
    fn one_of(&self, settings: &[&str]) -> String {
        let names = settings.iter().filter_map(|setting| self.name(setting));
        let names: Vec<String> = names.collect();
        match names.split_last() {
            Some((last, first)) if !first.is_empty() => format!("{} or {last}", first.join(", ")),
            _ => names.concat(),
        }
    }

    /// For text that is not UTF-8.
    fn charset(&self) -> String {
        let names = self.name("charset").zip(self.set("charset", "gb18030"));
        match names {
            Some((name, set)) => {
                format!("give {name}, as in {set}, big5, shift_jis or windows-1252")
            }
            None => "convert it to UTF-8".into(),
        }
    }

    /// What helps against an error of a build or a part of it, if something does; causes are not
    /// looked at.
    pub fn advice(&self, error: &(dyn StdError + 'static)) -> Option<String> {
        if let Some(error) = error.downcast_ref() {
            self.of_build(error)
        } else if let Some(error) = error.downcast_ref() {
            self.of_input(error)
        } else if let Some(error) = error.downcast_ref() {
            self.of_source(error)
        } else if let Some(error) = error.downcast_ref() {
            self.of_write(error)
        } else if let Some(error) = error.downcast_ref() {
            self.of_output(error)
        } else if let Some(error) = error.downcast_ref() {
            self.of_shape(error)
        } else {
            None
        }
    }

    fn of_build(&self, error: &BuildError) -> Option<String> {
        match error {
            BuildError::NoSeed(_) => Some(format!("give one with {}", self.name("seed")?)),
            BuildError::Input(error) => self.of_input(error),
            BuildError::Plan(PlanError::Shape(error)) => self.of_shape(error),
            BuildError::Plan(PlanError::DoesNotFit(misfit)) => self.of_misfit(misfit),
            BuildError::Plan(PlanError::ExactTooLarge { .. }) => Some(format!(
                "leave {} out: a filter is built then, if one fits",
                self.set("encoding", "exact")?
            )),
            BuildError::Encode(EncodeError::Unsolvable) => Some(format!(
                "give another {}, or {}",
                self.name("seed")?,
                self.set("encoding", "bloom")?
            )),
            BuildError::Spool(error)
            | BuildError::Encode(EncodeError::Spool(error))
            | BuildError::Recheck(RecheckError::Spool(error)) => match error {
                SpoolError::Write { .. } => Some(format!(
                    "name a folder with more room with {}, or give more {}",
                    self.name("temp-dir")?,
                    self.name("memory")?
                )),
                _ => None,
            },
            BuildError::Write(error)
            | BuildError::Encode(EncodeError::Write(error))
            | BuildError::Recheck(RecheckError::Write(error)) => self.of_write(error),
            BuildError::Recheck(RecheckError::Misread { .. }) => Some(format!(
                "{} shows how the list is read",
                self.name("dry-run")?
            )),
            _ => None,
        }
    }

    fn of_input(&self, error: &InputError) -> Option<String> {
        match error {
            InputError::Source(error) => self.of_source(error),
            InputError::NoItems(_) => {
                let names = self.one_of(&["kind", "column", "field", "region"]);
                Some(match (self.has)("column") {
                    true => format!("is this the right file, and the right {names}?"),
                    false => format!("is this the right column, and the right {names}?"),
                })
            }
            InputError::TooManyRejects { counts, .. } => {
                let header = match (is_header_alone(counts), (self.has)("-")) {
                    (false, _) => "",
                    (true, false) => {
                        ". Only the first was rejected: if it is a row of names, leave it out"
                    }
                    (true, true) => {
                        ". Only line 1 was rejected: if it is a row of names, leave it out: tail -n +2 FILE | leaksieve build -"
                    }
                };
                Some(format!(
                    "is this the right {}? If these lines are not identifiers, allow more with {}{header}",
                    self.one_of(&["kind", "column", "region"]),
                    self.name("max-rejected")?
                ))
            }
            InputError::NoNumbers(_) => Some(format!(
                "take these lines out of the list, or leave {} out. Chinese resident ids need {}",
                self.set("encoding", "exact")?,
                self.set("id-scheme", "chinese-resident")?
            )),
        }
    }

    fn of_source(&self, error: &SourceError) -> Option<String> {
        Some(match error {
            SourceError::Unsupported { remedy, .. } => match remedy {
                Remedy::Charset(charset) => {
                    format!("give {}", self.set("charset", charset)?)
                }
                Remedy::Kind(kind) => {
                    format!("if they are, give {}", self.set("kind", kind.name())?)
                }
                Remedy::Field => format!(
                    "give {}, without {}",
                    self.set("field", "NAME")?,
                    self.name("column")?
                ),
                _ => return None,
            },
            SourceError::OtherCharset { marked, .. } => {
                format!("give {}", self.set("charset", &marked.to_string())?)
            }
            SourceError::NotUtf8 { .. } => self.charset(),
            SourceError::NoSuchColumn { .. } => format!(
                "give {}, counted from 1, or {} with a name of the first row",
                self.set("column", "NUMBER")?,
                self.set("column", "NAME")?
            ),
            SourceError::DuplicateColumn { name, numbers, .. } => {
                let last = numbers.last().unwrap_or(&1);
                format!("give {}", self.set("column", &format!("{name}#{last}"))?)
            }
            SourceError::NamesDoNotFit { .. } => {
                format!("give {}, counted from 1", self.set("column", "NUMBER")?)
            }
            SourceError::NoDelimiter { other, column, .. } => {
                let delimiter = self.name("delimiter")?;
                match (other, column) {
                    (Some(other), _) => {
                        // It stands in quotes there if it has no name.
                        let text = other.to_string();
                        let bare = text.strip_prefix('\'');
                        let bare = bare.and_then(|text| text.strip_suffix('\''));
                        let text = bare.unwrap_or(&text);
                        format!("give {}", self.set("delimiter", text)?)
                    }
                    (None, Column::Index(0)) => format!(
                        "leave {} out if each line is an identifier, or give {delimiter}",
                        self.name("column")?
                    ),
                    (None, _) => format!(
                        "give {delimiter}, as in {} or {}",
                        self.set("delimiter", "blank")?,
                        self.set("delimiter", "#")?
                    ),
                }
            }
            SourceError::ParquetColumn { .. } => format!(
                "choose it with {} or {}",
                self.set("column", "NAME")?,
                self.set("column", "NUMBER")?
            ),
            SourceError::MissingRanges { .. } | SourceError::EmptyRange { .. } => format!(
                "give {} to build without the missing ones",
                self.name("partial")?
            ),
            _ => return None,
        })
    }

    fn of_write(&self, error: &WriteError) -> Option<String> {
        match error {
            WriteError::Output(error) => self.of_output(error),
            _ => None,
        }
    }

    fn of_output(&self, error: &OutputError) -> Option<String> {
        match error {
            OutputError::Exists(_) => Some(format!(
                "name another file, or give {} to replace it",
                self.name("force")?
            )),
            _ => None,
        }
    }

    fn of_shape(&self, error: &ShapeError) -> Option<String> {
        match error {
            ShapeError::TooSmall { .. } => {
                (self.has)("estimate").then(|| "`leaksieve estimate` shows what fits".to_owned())
            }
            _ => None,
        }
    }

    /// What makes a filter fit a board.
    pub fn of_misfit(&self, misfit: &Misfit) -> Option<String> {
        let board = self.set("board", misfit.board())?;
        let as_ribbon = self.set("encoding", "ribbon")?;
        let ribbon = match misfit.fits_as_ribbon() {
            true => format!(", or with {as_ribbon}"),
            false => String::new(),
        };
        if misfit.fits_when_rebuilt() {
            Some(format!("build it with {board}"))
        } else if misfit.fits_at_a_rate() {
            Some(format!(
                "build it with {board} and without {}{ribbon}",
                self.name("fpr")?
            ))
        } else {
            misfit
                .fits_as_ribbon()
                .then(|| format!("build it with {board} {as_ribbon}"))
        }
    }
}

/// Was the first line rejected, and no other?
fn is_header_alone(counts: &Counts) -> bool {
    let mut groups = counts.rejects.groups();
    counts.rejects.count() == 1
        && groups.any(|(reason, group)| {
            matches!(reason, Reason::Normalise(_))
                && group.first.first().is_some_and(|place| place.line == 1)
        })
}
