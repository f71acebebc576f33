//! What to do about an error of a build, in the words of who called it. Errors themselves do not
//! know which option a caller has for a setting.

use std::error::Error as StdError;

use leaksieve_core::NormaliseError;
use leaksieve_core::sentence::Grouped;

use crate::file::{OutputError, WriteError};
use crate::input::normalise::Counts;
use crate::input::reject::{Reason, Rejects};
use crate::input::source::{Column, Fault, Input, Remedy, SourceError};
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
}

impl Settings {
    fn name(&self, setting: &str) -> String {
        (self.name)(setting)
    }

    fn set(&self, setting: &str, value: &str) -> String {
        (self.set)(setting, value)
    }

    /// For text that is not UTF-8.
    fn charset(&self) -> String {
        format!(
            "give {}, as in {}, big5, shift_jis or windows-1252",
            self.name("charset"),
            self.set("charset", "gb18030")
        )
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
            BuildError::NoSeed(_) => Some(format!("give one with {}", self.name("seed"))),
            BuildError::Input(error) => self.of_input(error),
            BuildError::Plan(PlanError::Shape(error)) => self.of_shape(error),
            BuildError::Plan(PlanError::DoesNotFit(misfit)) => self.of_misfit(misfit),
            BuildError::Plan(PlanError::ExactTooLarge { .. }) => Some(format!(
                "leave {} out: a filter is built then, if one fits",
                self.set("encoding", "exact")
            )),
            BuildError::Encode(EncodeError::Unsolvable) => Some(format!(
                "give another {}, or {}",
                self.name("seed"),
                self.set("encoding", "bloom")
            )),
            BuildError::Spool(error)
            | BuildError::Encode(EncodeError::Spool(error))
            | BuildError::Recheck(RecheckError::Spool(error)) => match error {
                SpoolError::Write { .. } => Some(format!(
                    "name a folder with more room with {}, or give more {}",
                    self.name("temp-dir"),
                    self.name("memory")
                )),
                _ => None,
            },
            BuildError::Write(error)
            | BuildError::Encode(EncodeError::Write(error))
            | BuildError::Recheck(RecheckError::Write(error)) => self.of_write(error),
            BuildError::Recheck(RecheckError::Misread { .. }) => Some(format!(
                "{} shows how the list is read",
                self.name("dry-run")
            )),
            _ => None,
        }
    }

    fn of_input(&self, error: &InputError) -> Option<String> {
        let [kind, column, field, region] =
            ["kind", "column", "field", "region"].map(|name| self.name(name));
        match error {
            InputError::Source(error) => self.of_source(error),
            InputError::NoItems(_) => Some(format!(
                "is this the right file, and the right {kind}, {column}, {field} or {region}?"
            )),
            InputError::TooManyRejects { counts, .. } => {
                let header = match is_header_alone(counts) {
                    true => {
                        ". Only line 1 was rejected: if it is a row of names, leave it out: tail -n +2 FILE | leaksieve build -"
                    }
                    false => "",
                };
                Some(format!(
                    "is this the right {kind}, {column} or {region}? If these lines are not identifiers, \
                     allow more with {}{header}",
                    self.name("max-rejected")
                ))
            }
            InputError::NoNumbers(_) => Some(format!(
                "take these lines out of the list, or leave {} out. Chinese resident ids need {}",
                self.set("encoding", "exact"),
                self.set("id-scheme", "chinese-resident")
            )),
        }
    }

    fn of_source(&self, error: &SourceError) -> Option<String> {
        Some(match error {
            SourceError::Unsupported { remedy, .. } => match remedy {
                Remedy::Charset(charset) => {
                    format!("give {}", self.set("charset", charset))
                }
                Remedy::Kind(kind) => {
                    format!("if they are, give {}", self.set("kind", kind.name()))
                }
                Remedy::Field => format!(
                    "give {}, without {}",
                    self.set("field", "NAME"),
                    self.name("column")
                ),
                _ => return None,
            },
            SourceError::OtherCharset { marked, .. } => {
                format!("give {}", self.set("charset", &marked.to_string()))
            }
            SourceError::NotUtf8 { .. } => self.charset(),
            SourceError::NoSuchColumn { .. } => format!(
                "give {}, counted from 1, or {} with a name of the first row",
                self.set("column", "NUMBER"),
                self.set("column", "NAME")
            ),
            SourceError::DuplicateColumn { name, numbers, .. } => {
                let last = numbers.last().unwrap_or(&1);
                format!("give {}", self.set("column", &format!("{name}#{last}")))
            }
            SourceError::NamesDoNotFit { .. } => {
                format!("give {}, counted from 1", self.set("column", "NUMBER"))
            }
            SourceError::NoDelimiter { other, column, .. } => {
                let delimiter = self.name("delimiter");
                match (other, column) {
                    (Some(other), _) => {
                        // It stands in quotes there if it has no name.
                        let text = other.to_string();
                        let bare = text.strip_prefix('\'');
                        let bare = bare.and_then(|text| text.strip_suffix('\''));
                        let text = bare.unwrap_or(&text);
                        format!("give {}", self.set("delimiter", text))
                    }
                    (None, Column::Index(0)) => format!(
                        "leave {} out if each line is an identifier, or give {delimiter}",
                        self.name("column")
                    ),
                    (None, _) => format!(
                        "give {delimiter}, as in {} or {}",
                        self.set("delimiter", "blank"),
                        self.set("delimiter", "#")
                    ),
                }
            }
            SourceError::ParquetColumn { .. } => format!(
                "choose it with {} or {}",
                self.set("column", "NAME"),
                self.set("column", "NUMBER")
            ),
            SourceError::MissingRanges { .. } | SourceError::EmptyRange { .. } => format!(
                "give {} to build without the missing ones",
                self.name("partial")
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
                self.name("force")
            )),
            _ => None,
        }
    }

    fn of_shape(&self, error: &ShapeError) -> Option<String> {
        match error {
            ShapeError::TooSmall { .. } => Some("`leaksieve estimate` shows what fits".into()),
            _ => None,
        }
    }

    /// What makes a filter fit a board.
    pub fn of_misfit(&self, misfit: &Misfit) -> Option<String> {
        let board = self.set("board", misfit.board());
        let as_ribbon = self.set("encoding", "ribbon");
        let ribbon = match misfit.fits_as_ribbon() {
            true => format!(", or with {as_ribbon}"),
            false => String::new(),
        };
        if misfit.fits_when_rebuilt() {
            Some(format!("build it with {board}"))
        } else if misfit.fits_at_a_rate() {
            Some(format!(
                "build it with {board} and without {}{ribbon}",
                self.name("fpr")
            ))
        } else {
            misfit
                .fits_as_ribbon()
                .then(|| format!("build it with {board} {as_ribbon}"))
        }
    }

    /// More about why lines were rejected.
    fn of_reason(&self, reason: Reason) -> Option<String> {
        match reason {
            Reason::Row(Fault::MoreThanTwoCells(_)) => {
                Some(format!("build NEW with {}", self.set("delimiter", "----")))
            }
            Reason::Row(Fault::NoCount) => Some(format!("{} needs one", self.name("min-count"))),
            Reason::Normalise(NormaliseError::NotUtf8) => Some(self.charset()),
            _ => None,
        }
    }

    /// The reasons and places of rejected records, one line a reason.
    pub fn rejects(&self, rejects: &Rejects, inputs: &[Input]) -> Vec<String> {
        rejects
            .groups()
            .map(|(reason, group)| {
                let places: Vec<String> = group
                    .first
                    .iter()
                    .filter_map(|place| {
                        Some(format!("{} line {}", inputs.get(place.input)?, place.line))
                    })
                    .collect();
                let more = if group.count > group.first.len() as u64 {
                    ", ..."
                } else {
                    ""
                };
                let advice = self.of_reason(reason);
                let advice = advice.map_or_else(String::new, |advice| format!(": {advice}"));
                format!(
                    "{}: {reason}{advice} ({}{more})",
                    Grouped(group.count),
                    places.join(", ")
                )
            })
            .collect()
    }

    /// What of lists that were taken may not be what was meant. Nobody wants so much quiet that a
    /// member is missed.
    pub fn notes(&self, counts: &Counts, inputs: &[Input]) -> Vec<String> {
        let mut notes = self.notes_of_rejects(counts, inputs);
        if counts.num_not_utf8 > 0 {
            notes.push(format!(
                "{} of {} passwords are not UTF-8, and were stored as raw bytes. A password with characters \
                 outside ASCII that is not found will get \"cannot say\". If the list is in another charset, {}",
                Grouped(counts.num_not_utf8),
                Grouped(counts.num_accepted),
                self.charset()
            ));
        }
        notes
    }

    /// Lines that the filter lacks, or knows in one spelling only: said even when they are few.
    fn notes_of_rejects(&self, counts: &Counts, inputs: &[Input]) -> Vec<String> {
        [
            (
                &counts.rejects,
                "rejected lines, which are not in the filter",
            ),
            (
                &counts.outside_plan,
                "numbers that no phone has, which are found only as they are written in the list",
            ),
        ]
        .into_iter()
        .filter_map(|(rejects, what)| self.note(rejects, what, inputs))
        .collect()
    }

    /// The same of lists that were not taken: which of their lines are at fault.
    pub fn notes_of(&self, error: &BuildError, inputs: &[Input]) -> Vec<String> {
        match error {
            BuildError::Input(
                InputError::TooManyRejects { counts, .. } | InputError::NoItems(counts),
            ) => self.notes_of_rejects(counts, inputs),
            BuildError::Input(InputError::NoNumbers(counts)) => {
                let what = "identifiers that an exact set cannot hold";
                let note = self.note(&counts.no_numbers, what, inputs);
                note.into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    fn note(&self, rejects: &Rejects, what: &str, inputs: &[Input]) -> Option<String> {
        let lines = self.rejects(rejects, inputs).into_iter();
        let lines: String = lines.map(|line| format!("\n  {line}")).collect();
        (rejects.count() > 0).then(|| format!("{what}:{lines}"))
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
