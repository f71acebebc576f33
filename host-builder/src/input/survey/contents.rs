//! What the columns of a table hold, and which holds the identifiers.

use std::collections::BTreeSet;

use leaksieve_core::IdentifierKind;

use super::columns::{Table, is_email, unquoted};
use super::counting::{nearly_all, num};
use super::course::{Course, plain_number};
use super::hashes::{Form, is_count};
use super::links::is_link;

/// Fewest rows of which a cell that is the same in all says that it is a label.
const MIN_CONSTANT: usize = 3;
/// Fewest digits of an id.
const MIN_DIGITS: usize = 4;

/// What most cells of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Blank,
    Email,
    /// Numbers, of which little more is known.
    Number,
    /// Numbers that count up from row to row.
    Rank,
    /// Small numbers of different lengths, or decorated ones: `x8`.
    Count,
    Date,
    Hash,
    Text,
    /// The same in every row: a label, and nobody's identifier.
    Constant,
}

impl Content {
    /// No identifier, whatever its kind.
    const fn is_beside(self) -> bool {
        matches!(
            self,
            Self::Blank | Self::Rank | Self::Count | Self::Date | Self::Constant
        )
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Blank => "nothing",
            Self::Email => "addresses",
            Self::Number => "numbers",
            Self::Rank => "numbers that count up",
            Self::Count => "small numbers",
            Self::Date => "dates",
            Self::Hash => "hashes",
            Self::Text => "text",
            Self::Constant => "the same text",
        }
    }
}

impl Table {
    /// What each column holds.
    pub(super) fn contents(&self, lines: &[&[u8]]) -> Vec<Content> {
        let mut contents = vec![Content::Text; self.num_columns];
        type Test<'a> = (Content, &'a dyn Fn(&[u8]) -> bool);
        let tests: [Test<'_>; 6] = [
            (Content::Blank, &<[u8]>::is_empty),
            (Content::Email, &is_email),
            (Content::Number, &is_number),
            (Content::Count, &|cell| {
                !is_number(cell) && plain_number(cell).is_some()
            }),
            (Content::Date, &is_date),
            (Content::Hash, &|cell| Form::of(unquoted(cell)).is_some()),
        ];
        for (content, is) in tests {
            for column in self.columns_of(lines, is) {
                if let Some(place) = contents.get_mut(column) {
                    *place = content;
                }
            }
        }
        for (column, content) in contents.iter_mut().enumerate() {
            match content {
                Content::Text if self.is_constant(column, lines) => *content = Content::Constant,
                Content::Number => *content = self.numbers(column, lines),
                _ => {}
            }
        }
        contents
    }

    /// What numbers these are.
    fn numbers(&self, column: usize, lines: &[&[u8]]) -> Content {
        let cells: Vec<&[u8]> = lines
            .iter()
            .filter_map(|line| plain_number(unquoted(self.cells(line).nth(column)?)))
            .collect();
        let course = Course::of(&cells);
        if course.is_ranks() {
            Content::Rank
        } else if course.is_counts() && lines.len() >= MIN_CONSTANT {
            Content::Count
        } else {
            Content::Number
        }
    }

    fn is_constant(&self, column: usize, lines: &[&[u8]]) -> bool {
        let Some(first) = lines.first().and_then(|line| self.cells(line).nth(column)) else {
            return false;
        };
        lines.len() >= MIN_CONSTANT
            && self
                .columns_of(lines, &|cell| cell == first)
                .contains(&column)
    }

    /// Is the first line a row of names, as `id,name`?
    pub(super) fn has_names(&self, lines: &[&[u8]]) -> bool {
        const NAMES: &str = " id uid user username name email mail phone mobile tel password pass pwd passwd hash login nick nickname address date count ";
        let Some(first) = lines.first() else {
            return false;
        };
        let is_divided = matches!(self.separator.trim_ascii(), b"" | b"," | b";" | b"|" | b":");
        let has_digit = |cell: &[u8]| cell.iter().any(u8::is_ascii_digit);
        is_divided
            && !self.cells(first).any(has_digit)
            && self.cells(first).any(|cell| {
                let name = String::from_utf8_lossy(unquoted(cell)).to_ascii_lowercase();
                !name.is_empty() && NAMES.contains(&format!(" {name} "))
            })
    }
}

fn is_number(text: &[u8]) -> bool {
    let text = unquoted(text);
    is_count(text.strip_prefix(b"+").unwrap_or(text))
}

/// `1980-01-12`, `12.01.1980`
fn is_date(text: &[u8]) -> bool {
    let text = unquoted(text);
    let text = text
        .split(|byte| matches!(byte, b' ' | b'T'))
        .next()
        .unwrap_or_default();
    let parts: Vec<&[u8]> = text
        .split(|byte| matches!(byte, b'-' | b'.' | b'/'))
        .collect();
    let lens: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    parts.iter().all(|part| part.iter().all(u8::is_ascii_digit))
        && matches!(lens.as_slice(), [4, 1..=2, 1..=2] | [1..=2, 1..=2, 4])
}

/// The column that holds the identifiers, counted from 0, if that can be told.
pub(super) fn choice(
    kind: IdentifierKind,
    table: &Table,
    contents: &[Content],
    lines: &[&[u8]],
) -> Option<usize> {
    let all = |is: &dyn Fn(Content) -> bool| -> Vec<usize> {
        let places = contents.iter().enumerate();
        places
            .filter(|(_, content)| is(**content))
            .map(|(at, _)| at)
            .collect()
    };
    let texts = all(&|content| content == Content::Text);
    let others = all(&|content| !content.is_beside());
    match kind {
        // LINK:NAME:PASSWORD; a link has a colon, too.
        IdentifierKind::Password
            if table.separator == b":" && nearly_all(num(lines, is_link), lines.len()) =>
        {
            texts.last().copied()
        }
        // NAME:PASSWORD, ADDRESS:PASSWORD, or PASSWORD and a count. Numbers behind a text may be
        // either.
        IdentifierKind::Password => match (texts.as_slice(), others.as_slice()) {
            ([_, second], _) => Some(*second),
            ([only], others) if others.last() == Some(only) => Some(*only),
            ([_], _) | ([], [_, _, ..]) => contents
                .first()
                .filter(|first| **first == Content::Email)
                .and(others.get(1).copied()),
            ([], [only]) => Some(*only),
            _ => None,
        },
        IdentifierKind::Id => {
            let is_id = |column: &usize| {
                let cells: Vec<&[u8]> = lines
                    .iter()
                    .filter_map(|line| table.cells(line).nth(*column))
                    .map(unquoted)
                    .collect();
                let has_digits = |cell: &[u8]| {
                    cell.iter().filter(|byte| byte.is_ascii_digit()).count() >= MIN_DIGITS
                };
                let is_of_one_length =
                    |cell: &[u8]| cells.first().is_some_and(|first| first.len() == cell.len());
                nearly_all(num(&cells, has_digits), lines.len())
                    && nearly_all(num(&cells, is_of_one_length), lines.len())
            };
            let ids: Vec<usize> = others.iter().copied().filter(is_id).collect();
            match (ids.as_slice(), others.as_slice()) {
                ([only], _) | ([], [only]) => Some(*only),
                _ => None,
            }
        }
        // NAME:PASSWORD, and a person logs in with an address, too. What repeats is a domain or
        // the like: `CORP\alice`.
        _ => {
            let names = all(&|content| matches!(content, Content::Text | Content::Email));
            let is_own = |column: &&usize| {
                let cells = lines
                    .iter()
                    .filter_map(|line| table.cells(line).nth(**column));
                cells.collect::<BTreeSet<_>>().len() * 2 > lines.len()
            };
            names.iter().find(is_own).or(names.first()).copied()
        }
    }
}

/// What each column holds, in words, without its cells.
pub(super) fn describe(contents: &[Content]) -> String {
    let columns = (1..).zip(contents.iter().take(9));
    let parts: Vec<String> = columns
        .map(|(number, content)| format!("{number} holds {}", content.words()))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_columns_hold() {
        let lines = [&b"7;ann@example.com;5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8;x;"[..]; 3];
        let table = &Table::all(&lines, 95)[0];
        let expected = [
            Content::Number,
            Content::Email,
            Content::Hash,
            Content::Constant,
            Content::Blank,
        ];
        assert_eq!(table.contents(&lines), expected);
        assert_eq!(table.option(), "semicolon");
        assert!(!table.has_names(&lines));
        let named = [&b"id;Email;h;x;y"[..], lines[0]];
        assert!(table.has_names(&named));
    }
}
