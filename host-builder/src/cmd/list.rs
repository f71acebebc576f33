//! Arguments that say how a list is read; shared by `build` and `verify --source`.

use clap::ValueEnum;
use leaksieve::reject::Rejects;
use leaksieve::source::{Column, Input, Layout};
use leaksieve_core::IdentifierKind;

use super::count;

#[derive(clap::Args)]
pub(super) struct ListArgs {
    /// The lists are tables (CSV or TSV): read this column, by its name in the first row, or by
    /// its number from 1 when the first row is data already
    #[arg(long, value_name = "NAME|NUMBER")]
    column: Option<String>,
    /// What stands between columns [default: tab, semicolon, bar or comma, whichever the first
    /// line has most of]
    #[arg(long, value_enum, requires = "column")]
    delimiter: Option<Delimiter>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Delimiter {
    Comma,
    Semicolon,
    Tab,
    Bar,
}

impl ListArgs {
    /// Where the identifier stands in the lines of lists of this kind. Of hashes with
    /// counts, those below `min_count` are left out.
    pub(super) fn layout(&self, kind: IdentifierKind, min_count: u32) -> Layout {
        match (&self.column, kind) {
            (Some(column), _) => Layout::Table {
                column: Column::from_argument(column),
                delimiter: self.delimiter.map(|delimiter| match delimiter {
                    Delimiter::Comma => b',',
                    Delimiter::Semicolon => b';',
                    Delimiter::Tab => b'\t',
                    Delimiter::Bar => b'|',
                }),
            },
            // Hexadecimal has no colon, so a line without a count is read as well.
            (None, IdentifierKind::Sha1 | IdentifierKind::Ntlm) => {
                Layout::BeforeColon { min_count }
            }
            (None, _) => Layout::Line,
        }
    }
}

/// Standard input can be read once.
pub(super) fn check_inputs(inputs: &[Input]) -> anyhow::Result<()> {
    let num_stdin = inputs
        .iter()
        .filter(|input| **input == Input::Stdin)
        .count();
    anyhow::ensure!(num_stdin <= 1, "standard input (-) can be named only once");
    Ok(())
}

/// The reasons and places of rejected records, one line a reason.
pub(super) fn describe(rejects: &Rejects, inputs: &[Input]) -> Vec<String> {
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
            format!(
                "{}: {reason} ({}{more})",
                count(group.count),
                places.join(", ")
            )
        })
        .collect()
}
