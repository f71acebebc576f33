//! Why an input could not be read.

use std::fmt;
use std::io;
use std::path::PathBuf;

use leaksieve_core::IdentifierKind;

use super::column::{Column, Delimiter};
use super::input::Input;

/// Why an input could not be read. Settings are named as the command line does;
/// [`Settings::message`](crate::pipeline::advice::Settings::message) has other words.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// It could not be opened.
    #[error("{input}: {error}")]
    Open {
        /// The input.
        input: Input,
        /// What the system or the decompressor said.
        #[source]
        error: io::Error,
    },
    /// It could not be read to its end.
    #[error("{input}: {}{error}", match line {
        0 => String::new(),
        line => format!("after line {line}: "),
    })]
    Read {
        /// The input.
        input: Input,
        /// Last line that was read, 0 if none was.
        line: u64,
        /// What the system or the decompressor said.
        #[source]
        error: io::Error,
    },
    /// A format that has to be converted first.
    #[error("{input}: this is {found}; {remedy}")]
    Unsupported {
        /// The input.
        input: Input,
        /// What it looks like.
        found: &'static str,
        /// What to do.
        remedy: Remedy,
    },
    /// Records that are no identifiers, or more than one.
    #[error("{input}: the lines look like {found}: {remedy}{}{shapes}", match may_insist {
        true => "; --as-lines takes each whole line as it is",
        false => "",
    })]
    LooksLike {
        /// The input.
        input: Input,
        /// What they look like.
        found: String,
        /// What to do.
        remedy: String,
        /// Can whole lines be taken as they are?
        may_insist: bool,
        /// The shapes that were seen, in brackets.
        shapes: String,
    },
    /// The list is another behind its first MiB.
    #[error(
        "{input}: what follows the first MiB {difference}{shapes}: divide the file where its lines \
         change, and give both parts"
    )]
    Changes {
        /// The input.
        input: Input,
        /// How it differs.
        difference: &'static str,
        /// The shapes of the rest, in brackets.
        shapes: String,
    },
    /// The mark at its start says another charset than was given.
    #[error("{input}: a byte order mark says that the text is {marked}, not {given}")]
    OtherCharset {
        /// The input.
        input: Input,
        /// What the mark says.
        marked: String,
        /// What was given.
        given: String,
    },
    /// The row of names is not UTF-8.
    #[error("{input}: the row of names is not UTF-8 text")]
    NotUtf8 {
        /// The input.
        input: Input,
    },
    /// The named column is not in the first row, or there are fewer columns than its number.
    #[error("{input}: no column {wanted}; the table has {num_columns} columns{columns}.")]
    NoSuchColumn {
        /// The input.
        input: Input,
        /// The column that was asked for.
        wanted: Column,
        /// Columns of the table.
        num_columns: usize,
        /// Behind a colon their names, if the first row is surely one of names, else their
        /// shapes.
        columns: String,
    },
    /// Several columns have the wanted name.
    #[error(
        "{input}: columns {} have that name: name one by its number too, as in '{name}#{}'",
        list(numbers), numbers.last().unwrap_or(&1)
    )]
    DuplicateColumn {
        /// The input.
        input: Input,
        /// The name, as it was asked for.
        name: String,
        /// The numbers of those columns, counted from 1.
        numbers: Vec<usize>,
    },
    /// The row of names has more or fewer cells than the rows below it.
    #[error(
        "{input}: the row of names has {num_names} cells, but most rows have {num_cells}, so the names \
         may not match the columns: fix that row, or choose the column by its number"
    )]
    NamesDoNotFit {
        /// The input.
        input: Input,
        /// Cells of the row of names.
        num_names: usize,
        /// Cells of most rows.
        num_cells: usize,
    },
    /// The lines have no delimiter, so there is but one column.
    #[error(
        "{input}: most lines have no {wanted} in them, so the whole line would be read{}",
        other.map_or_else(String::new, |other| format!(": is {other} the delimiter?"))
    )]
    NoDelimiter {
        /// The input.
        input: Input,
        /// What should stand between columns.
        wanted: String,
        /// The column that was asked for.
        column: Column,
        /// What stands between the columns of most lines instead, if it can be told.
        other: Option<Delimiter>,
    },
    /// Lines that end with CR alone.
    #[error(
        "{input}: lines end with a carriage return only: replace them with line feeds, as in \
         tr '\\r' '\\n' < FILE | leaksieve build -"
    )]
    CarriageReturns {
        /// The input.
        input: Input,
    },
    /// A row of a table does not end.
    #[error(
        "{input}: the row that begins on line {line} is longer than {limit_bytes} bytes: \
         is a quotation mark not closed? Fix that row, or convert the file"
    )]
    EndlessRow {
        /// The input.
        input: Input,
        /// Where the row begins.
        line: u64,
        /// Longest row.
        limit_bytes: u64,
    },
    /// A folder without a file.
    #[error("{}: no file in this folder ({num_skipped} hidden or special ones were skipped); name the files, or another folder", folder.display())]
    EmptyFolder {
        /// The folder.
        folder: PathBuf,
        /// What is in it and was not taken.
        num_skipped: u64,
    },
    /// A folder could not be listed.
    #[error("{}: {error}", folder.display())]
    Folder {
        /// The folder that was named.
        folder: PathBuf,
        /// What the system said, and of which file or folder.
        #[source]
        error: io::Error,
    },
    /// Some of the range files of a list of hashes are not there.
    #[error(
        "{num_missing} of the {num_ranges} range files (00000 to FFFFF) are not among the inputs, the first is {first}: \
         every password in them would be \"not exposed\". Download them"
    )]
    MissingRanges {
        /// How many are missing.
        num_missing: u64,
        /// How many there are.
        num_ranges: u64,
        /// The first that is missing: five digits.
        first: String,
    },
    /// A range file gave no hash.
    #[error(
        "{input}: a range file without a hash of its range. Did the download fail? Download it again, or remove it"
    )]
    EmptyRange {
        /// The input.
        input: Input,
    },
    /// Values in memory are no lines.
    #[error(
        "{input}: values in memory are taken whole: choose no column, field, charset or count in them"
    )]
    NotChosen {
        /// The input.
        input: Input,
    },
    /// The wanted column of a Parquet file is not one that can be read.
    #[error("{input}: {error}")]
    ParquetColumn {
        /// The input.
        input: Input,
        /// What is wrong, and which columns there are.
        error: String,
    },
    /// A Parquet file could not be read.
    #[error("{input}: {error}")]
    Parquet {
        /// The input.
        input: Input,
        /// What is wrong, and what to do.
        error: String,
    },
}

/// What to do about an input that is not read as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// Change the input, in words or as a command.
    Do(&'static str),
    /// Read it with the charset of this label.
    Charset(&'static str),
    /// Read it as this kind, if it is of that kind.
    Kind(IdentifierKind),
    /// Name a field, and no column.
    Field,
}

impl From<&'static str> for Remedy {
    fn from(text: &'static str) -> Self {
        Self::Do(text)
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Do(text) => f.write_str(text),
            Self::Charset(label) => write!(
                f,
                "read it as {label}, or convert it: iconv -f {} -t UTF-8 FILE",
                label.to_ascii_uppercase()
            ),
            Self::Kind(kind) => write!(f, "are they of kind {}?", kind.name()),
            Self::Field => f.write_str("name the field to read, and no column"),
        }
    }
}

fn list(numbers: &[usize]) -> String {
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    numbers.join(" and ")
}
