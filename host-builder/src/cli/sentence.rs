//! How `check` writes a verdict: a line of text, or of JSON.

use anstyle::AnsiColor;
use leaksieve::file::FileError;
use leaksieve::file::words::{Caveat, Class, Finding, Told};
use leaksieve_core::sentence::CANNOT_SAY;
use leaksieve_core::{Answer, Catalogue, Verdict};
use serde::Serialize;

use super::arguments::Format;

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
        let told = Told {
            catalogue,
            class,
            answers,
            accept: "give --allow-expired",
        };
        match self.format {
            Format::Text => {
                let style = match class {
                    Class::Exposed => AnsiColor::Red.on_default().bold(),
                    Class::NotExposed => AnsiColor::Green.on_default(),
                    Class::NotCovered | Class::Expired => AnsiColor::Yellow.on_default(),
                };
                let sentence = told.sentence();
                if self.is_styled {
                    format!(": {style}{sentence}{style:#}\n")
                } else {
                    format!(": {sentence}\n")
                }
            }
            Format::Json => fields(&Record {
                verdict: match class {
                    // The reason tells that it expired.
                    Class::Expired => Class::NotCovered.name(),
                    class => class.name(),
                },
                reason: told.reason(),
                datasets: told.findings(),
                caveats: told.caveats(),
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
