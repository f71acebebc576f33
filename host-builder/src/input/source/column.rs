//! Which column of a table, and what stands between columns.

use std::fmt;
use std::str::FromStr;

use leaksieve_core::IdentifierKind;

use super::table::{MIN_DIGITS, is_usual_name};

/// Longest delimiter.
const MAX_DELIMITER_BYTES: usize = 8;

/// Which column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// By its name in the first row; `name#3` is column 3, whose name is so.
    Name(String),
    /// By its place, counted from 0; the first row is data.
    Index(usize),
}

impl Column {
    /// A number is a place counted from 1, all else is a name.
    pub fn from_argument(argument: &str) -> Self {
        match argument
            .parse::<usize>()
            .ok()
            .and_then(|place| place.checked_sub(1))
        {
            Some(index) => Self::Index(index),
            None => Self::Name(argument.to_owned()),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "named {name:?}"),
            Self::Index(index) => write!(f, "{}", index + 1),
        }
    }
}

/// The columns of this name, by their places: those that are called so to the letter, else
/// those that differ in case only, else the one that is named with its number (`name#3`).
pub(super) fn places_of(name: &str, names: &[impl AsRef<str>]) -> Vec<usize> {
    let name = name.trim();
    let all = |is_it: &dyn Fn(&str) -> bool| -> Vec<usize> {
        (0..)
            .zip(names)
            .filter(|(_, found)| is_it(found.as_ref().trim()))
            .map(|(place, _)| place)
            .collect()
    };
    let exact = all(&|found| found == name);
    if !exact.is_empty() {
        return exact;
    }
    let alike = all(&|found| found.eq_ignore_ascii_case(name));
    if !alike.is_empty() {
        return alike;
    }
    let Some((name, number)) = name.rsplit_once('#') else {
        return Vec::new();
    };
    let mut numbered = all(&|found| found.eq_ignore_ascii_case(name.trim_end()));
    numbered.retain(|place| number.parse() == Ok(place + 1));
    numbered
}

/// The name of a column of values is an identifier: whoever read the list took its first row for
/// names, and the identifier is in no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the column's name looks like an identifier, so the first row was taken for names: read the list \
     again without a row of names, or rename the column"
)]
pub struct NameIsIdentifier;

/// What messages call a column of values: by its name, if that surely is one.
///
/// # Errors
/// [`NameIsIdentifier`].
pub fn called(name: &str) -> Result<String, NameIsIdentifier> {
    match name {
        name if is_identifier(name) => Err(NameIsIdentifier),
        name if is_usual_name(name) => Ok(format!("column `{name}`")),
        _ => Ok("the column".to_owned()),
    }
}

/// A number of many digits, an address or a hash; and neither `phone_20210611` nor an expression, as
/// programs name columns that they computed.
fn is_identifier(name: &str) -> bool {
    let num_digits = name.chars().filter(|c| c.is_numeric()).count();
    let num_letters = name.chars().filter(char::is_ascii_alphabetic).count();
    // A passport has some letters.
    let has_words = num_letters > 3 || name.chars().any(|c| !c.is_ascii() && c.is_alphabetic());
    let is_address = name.contains('@') && !name.contains(['(', ')', ' ', ',']);
    let is_hash = name.len() >= 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    num_digits >= MIN_DIGITS && !has_words || is_address || is_hash
}

/// What stands between the columns of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delimiter {
    /// A byte.
    Byte(u8),
    /// One space or several; those before the first cell are none.
    Blank,
    /// A text of several bytes.
    Text {
        /// The text, then zeros.
        bytes: [u8; MAX_DELIMITER_BYTES],
        /// Bytes of the text.
        num_bytes: u8,
    },
}

/// This text cannot stand between columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a delimiter is comma, semicolon, tab, bar, colon, blank, or a text of 1 to 8 bytes without a line end"
)]
pub struct NoDelimiter;

const NAMED: &[(&str, Delimiter)] = &[
    ("comma", Delimiter::Byte(b',')),
    ("semicolon", Delimiter::Byte(b';')),
    ("tab", Delimiter::Byte(b'\t')),
    (r"\t", Delimiter::Byte(b'\t')),
    ("bar", Delimiter::Byte(b'|')),
    ("colon", Delimiter::Byte(b':')),
    ("blank", Delimiter::Blank),
    (" ", Delimiter::Blank),
];

impl FromStr for Delimiter {
    type Err = NoDelimiter;

    fn from_str(text: &str) -> Result<Self, NoDelimiter> {
        if let Some((_, delimiter)) = NAMED.iter().find(|(name, _)| *name == text) {
            return Ok(*delimiter);
        }
        match *text.as_bytes() {
            [byte] if byte != b'\n' && byte != b'\r' => Ok(Self::Byte(byte)),
            [_, _, ..] if text.len() <= MAX_DELIMITER_BYTES && !text.contains(['\n', '\r']) => {
                let mut bytes = [0; MAX_DELIMITER_BYTES];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                Ok(Self::Text {
                    bytes,
                    num_bytes: text.len() as u8,
                })
            }
            _ => Err(NoDelimiter),
        }
    }
}

impl Delimiter {
    pub(super) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Byte(byte) => std::slice::from_ref(byte),
            Self::Blank => b" ",
            Self::Text { bytes, num_bytes } => &bytes[..usize::from(*num_bytes)],
        }
    }

    /// Do programs that quote write tables with it? In other lists the last column takes the
    /// rest of the line, as in NAME:PASSWORD.
    pub(super) const fn is_of_tables(&self) -> bool {
        matches!(self, Self::Byte(b',' | b';' | b'\t' | b'|'))
    }
}

/// As [`FromStr`] takes it.
impl fmt::Display for Delimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMED.iter().find(|(_, delimiter)| delimiter == self) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "'{}'", String::from_utf8_lossy(self.as_bytes())),
        }
    }
}

/// What to read of a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) column: &'a Column,
    pub(super) delimiter: Option<Delimiter>,
    pub(super) kind: IdentifierKind,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_identifiers() {
        for name in [
            "13800138000",
            "+86 138-0013-8000",
            "１３８００１３８０００",
            "11010519491231002X",
            "AB1234567",
            "ann@example.com",
            "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",
        ] {
            assert_eq!(called(name), Err(NameIsIdentifier), "{name}");
        }
        for (name, expected) in [
            ("phone", "column `phone`"),
            ("phone_20210611", "the column"),
            ("手机20210611", "column `手机20210611`"),
            ("данные20210611", "the column"),
            ("substring(phone, 3, 2147483647)", "the column"),
            ("split(email, @, -1)[0]", "the column"),
            ("0", "the column"),
            ("", "the column"),
            ("hunter2", "the column"),
        ] {
            assert_eq!(called(name).as_deref(), Ok(expected), "{name}");
        }
    }
}
