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
    /// A field of JSON lines: its key, or keys of nested objects with dots between.
    Field(Arc<str>),
    /// Text of another charset than UTF-8.
    Encoded {
        /// The charset.
        charset: Charset,
        /// Where the identifier stands in the text; not another of these.
        layout: Box<Layout>,
    },
}

impl Layout {
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
