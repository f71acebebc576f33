//! What must not be missed, though a file was built, and which lines are at fault.

use std::path::Path;

use bytesize::ByteSize;
use leaksieve_core::NormaliseError;
use leaksieve_core::sentence::Grouped;

use super::Settings;
use crate::dates::day_of;
use crate::input::normalise::Counts;
use crate::input::reject::{Reason, Rejects};
use crate::input::source::{Fault, Input};
use crate::pipeline::{BuildError, BuildOptions, InputError, Summary};
use crate::sizing::media::FAT32_MAX_BYTES;
use crate::sizing::{Aim, Method};

/// Of so many lines it is said when they are nearly all the same.
const MANY_LINES: u64 = 50;
/// Lines for each distinct identifier that make one doubt.
const MANY_A_LINE: u64 = 20;
/// A filter that was made for a room says this of its rate only if it is above: 1 in 100.
const HIGH_RATE: f64 = 0.01;

impl Settings {
    /// More about why lines were rejected.
    fn of_reason(&self, reason: Reason) -> Option<String> {
        match reason {
            Reason::Row(Fault::MoreThanTwoCells(_)) => {
                let set = self.set("delimiter", "----")?;
                Some(format!("build NEW with {set}"))
            }
            Reason::Row(Fault::NoCount) => Some(format!("{} needs one", self.name("min-count")?)),
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
                    .filter_map(|place| Some(inputs.get(place.input)?.record(place.line)))
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

    /// What should be known of the size and the rate of a file that was built before it is used.
    pub fn notes_of_file(
        &self,
        output: &Path,
        options: &BuildOptions,
        summary: &Summary,
    ) -> Vec<String> {
        let mut notes = Vec::new();
        if summary.num_bytes > FAT32_MAX_BYTES {
            let size = ByteSize(summary.num_bytes).display().iec();
            let set = self.set("max-size", "fat32");
            let set = set.map_or_else(String::new, |set| {
                format!("; for a card, build it with {set}")
            });
            notes.push(format!(
                "{size} is too large for a file on a FAT32 card{set}"
            ));
        }
        if (1..=options.created_unix_s).contains(&options.expires_unix_s) {
            notes.push(format!(
                "it expired on {}, before it was made: it will never say \"not exposed\"",
                day_of(options.expires_unix_s)
            ));
        }
        let num_stored = summary.counts.num_stored;
        if num_stored >= MANY_LINES && summary.num_items * MANY_A_LINE <= num_stored {
            notes.push(format!(
                "only {} of {} identifiers are distinct. Is this the right column, and the whole list?",
                Grouped(summary.num_items),
                Grouped(num_stored)
            ));
        }
        if matches!(options.aim, Aim::MaxBytes(_)) && summary.measured > HIGH_RATE {
            let ribbon = match Method::of(&summary.shape.encoding) {
                Some(Method::Bloom) => self.set("encoding", "ribbon"),
                Some(Method::Ribbon) | None => None,
            };
            let ribbon = ribbon.map_or_else(String::new, |set| format!(" {set},"));
            notes.push(format!(
                "too little room for so many items: false alarms are 1 in {}. For fewer, use{ribbon} more room or fewer items",
                Grouped((1.0 / summary.measured).round() as u64)
            ));
        }
        let output = output.display();
        notes
            .iter()
            .map(|note| format!("{output}: {note}"))
            .collect()
    }
}
