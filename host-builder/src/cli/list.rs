//! Arguments that say how a list is read; shared by `build` and `verify --source`.

use std::path::PathBuf;

use leaksieve::input::source::{self, Charset, Column, Delimiter, Form, Input, Layout};
use leaksieve_core::IdentifierKind;

/// The heading of these options in a help.
pub(super) const HEADING: &str = "Input";

#[derive(clap::Args)]
#[command(next_help_heading = HEADING)]
pub(super) struct ListArgs {
    /// Tables: the column to read, by name or number
    ///
    /// Tables are CSV, TSV and Parquet. Names are those of the first row. Numbers count from 1, and then the first row of CSV and TSV
    /// is data too.
    #[arg(long, value_name = "NAME|NUMBER")]
    column: Option<String>,
    /// Tables: the separator between columns
    ///
    /// comma, semicolon, tab, bar, colon (NAME:PASSWORD lists), blank, or a text such as '----'.
    /// By default it is the tab, semicolon, bar or comma that divides the lines most regularly.
    #[arg(
        long,
        requires = "column",
        value_name = "NAME|TEXT",
        allow_hyphen_values = true,
        hide_short_help = true
    )]
    delimiter: Option<Delimiter>,
    /// Charset of lists that are not UTF-8
    ///
    /// gb18030, big5, shift_jis, windows-1252, utf-16le and others.
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    charset: Option<Charset>,
    /// JSON lines: the field to read
    ///
    /// Dots lead into nested objects (user.phone). Each element of an array is read.
    #[arg(long, value_name = "NAME", conflicts_with = "column")]
    field: Option<String>,
    /// Read each whole line as one identifier, whatever it looks like
    #[arg(long, conflicts_with_all = ["column", "field"], hide_short_help = true)]
    as_lines: bool,
    /// Accept a folder of range files (00000.txt to FFFFF.txt) with files missing
    ///
    /// Passwords of the missing files will be "not exposed".
    #[arg(long, hide_short_help = true)]
    partial: bool,
}

impl ListArgs {
    /// Where the identifier stands in the lines of lists of this kind. Of hashes with
    /// counts, those below `min_count` are left out.
    pub(super) fn layout(&self, kind: IdentifierKind, min_count: u32) -> Layout {
        let form = Form {
            column: self.column.as_deref().map(Column::from_argument),
            delimiter: self.delimiter,
            field: self.field.as_deref().map(Into::into),
            as_lines: self.as_lines,
            charset: self.charset,
        };
        form.layout(kind, min_count)
    }

    /// The lists that arguments name: files, and the files of folders.
    pub(super) fn inputs(
        &self,
        arguments: &[PathBuf],
        kind: IdentifierKind,
    ) -> anyhow::Result<Vec<Input>> {
        let found = source::find(arguments)?;
        let num_stdin = found
            .inputs
            .iter()
            .filter(|input| **input == Input::Stdin)
            .count();
        // It can be read once.
        anyhow::ensure!(num_stdin <= 1, "standard input (-) can be named only once");
        if self.layout(kind, 0).has_counts() && !self.partial {
            source::check_ranges(&found.inputs)?;
        }
        if let Some(note) = found.note() {
            eprintln!("leaksieve: {note}");
        }
        Ok(found.inputs)
    }
}
