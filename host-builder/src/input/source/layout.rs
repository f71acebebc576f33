//! Where in a record the identifier stands.

use std::sync::Arc;

use leaksieve_core::IdentifierKind;

use super::charset::Charset;
use super::column::{Column, Delimiter};

/// Where in a record the identifier stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The whole line, whatever it looks like.
    Line,
    /// The whole line, unless the lines look like more than an identifier of this kind: a
    /// table, JSON, hashes of passwords. See [`survey`](crate::input::survey).
    LineOf(IdentifierKind),
    /// A column of a table in CSV or TSV (RFC 4180, with any delimiter), or of a Parquet
    /// file.
    Table {
        /// Which column.
        column: Column,
        /// What stands between columns; `None`: a tab, semicolon, bar or comma, whichever
        /// the first lines have most regularly.
        delimiter: Option<Delimiter>,
        /// What the cells are.
        kind: IdentifierKind,
    },
    /// The part of the line before its first colon, as in the public `HASH:COUNT` lists.
    /// In a file that is named as a range of them (`ABCDE.txt`), a line that lacks the five
    /// digits of that name gets them.
    BeforeColon {
        /// What the hashes are.
        kind: IdentifierKind,
        /// Entries with a lower count are left out, and one without a count is a fault.
        /// 0: the count is not looked at, and need not be there.
        min_count: u32,
    },
    /// A field of JSON lines.
    Field {
        /// Its key, or keys of nested objects with dots between.
        path: Arc<str>,
        /// What the values are.
        kind: IdentifierKind,
    },
    /// Text of another charset than UTF-8.
    Encoded {
        /// The charset.
        charset: Charset,
        /// Where the identifier stands in the text; not another of these.
        layout: Box<Layout>,
    },
}

/// How a list is said to be written; by [`default`](Default::default) nothing is said.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// It is a table, and this is its column.
    pub column: Option<Column>,
    /// What stands between the columns; `None`: what divides the lines most regularly.
    pub delimiter: Option<Delimiter>,
    /// It is JSON lines, and this is the field.
    pub field: Option<Arc<str>>,
    /// Each whole line is an identifier, whatever it looks like.
    pub as_lines: bool,
    /// Its charset, if that is not UTF-8.
    pub charset: Option<Charset>,
}

impl Form {
    /// Where the identifier stands in the lines of lists of this kind. Of hashes with counts, those
    /// below `min_count` are left out.
    pub fn layout(&self, kind: IdentifierKind, min_count: u32) -> Layout {
        let layout = match (&self.column, &self.field, kind) {
            (Some(column), ..) => Layout::Table {
                column: column.clone(),
                delimiter: self.delimiter,
                kind,
            },
            (None, Some(field), kind) => Layout::Field {
                path: Arc::clone(field),
                kind,
            },
            // Hexadecimal has no colon, so a line without a count is read as well.
            (None, None, IdentifierKind::Sha1 | IdentifierKind::Ntlm) => {
                Layout::BeforeColon { kind, min_count }
            }
            (None, None, _) if self.as_lines => Layout::Line,
            (None, None, kind) => Layout::LineOf(kind),
        };
        match self.charset {
            Some(charset) => Layout::Encoded {
                charset,
                layout: Box::new(layout),
            },
            None => layout,
        }
    }
}

/// May identifiers of this kind be read from whole numbers? These have lost their zeros in front.
/// A phone number of the region is the same without them, or none, but in Gabon and Ascension, and of 3
/// in 100 landlines in Italy; of another country it lacks what was in front of its country code. All
/// else is another text then.
pub const fn may_be_numbers(kind: IdentifierKind) -> bool {
    matches!(kind, IdentifierKind::Phone)
}

/// What a negative number is read as. It is no identifier, and its digits could be somebody's.
pub const NEGATIVE_NUMBER: &str = "-";

impl Layout {
    /// Is it that of `HASH:COUNT` lines?
    pub fn has_counts(&self) -> bool {
        matches!(self.parts().1, Self::BeforeColon { .. })
    }

    /// The charset that was named, if any, and the layout of the text.
    pub fn parts(&self) -> (Option<Charset>, &Self) {
        match self {
            Self::Encoded { charset, layout } => (Some(*charset), layout),
            layout => (None, layout),
        }
    }

    /// Entries with a lower count are left out; 0: none are.
    pub fn min_count(&self) -> u32 {
        match self.parts().1 {
            Self::BeforeColon { min_count, .. } => *min_count,
            _ => 0,
        }
    }
}
