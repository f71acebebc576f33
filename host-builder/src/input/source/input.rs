//! Where identifiers are read from.

use std::fmt;
use std::path::{Path, PathBuf};

use super::values::Values;

/// Longest line, or cell of a table, that may hold an identifier: 64 KiB.
pub const MAX_RECORD_BYTES: usize = 64 * 1024;

/// Where identifiers are read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Standard input, written `-`.
    Stdin,
    /// A file.
    File(PathBuf),
    /// Values in memory; rows stand for lines, and a missing value is blank. The layout has to be
    /// one of whole lines.
    Values(Values),
}

impl Input {
    /// `-` is standard input, all else is a path.
    pub fn from_argument(argument: &Path) -> Self {
        if argument.as_os_str() == "-" {
            Self::Stdin
        } else {
            Self::File(argument.to_path_buf())
        }
    }

    /// A record of it, as messages name it: files have lines from 1 on, values rows from 0 on.
    pub fn record(&self, line: u64) -> String {
        match self {
            Self::Values(values) => format!("row {} of {values}", line.saturating_sub(1)),
            file => format!("{file} line {line}"),
        }
    }

    /// Its place, if it has one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdin | Self::Values(_) => None,
            Self::File(path) => Some(path),
        }
    }

    /// Bytes to be read, where that is known beforehand.
    pub fn num_bytes(&self) -> Option<u64> {
        match self {
            Self::Stdin => None,
            Self::File(path) => std::fs::metadata(path)
                .ok()
                .filter(std::fs::Metadata::is_file)
                .map(|metadata| metadata.len()),
            Self::Values(values) => Some(values.num_bytes()),
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => path.display().fmt(f),
            Self::Values(values) => values.fmt(f),
        }
    }
}
