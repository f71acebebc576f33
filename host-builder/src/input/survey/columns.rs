//! Several columns in a line: what stands between them, and which holds the identifiers.

use std::cmp::Reverse;

use leaksieve_core::{Identifier, IdentifierKind, Profile};

use super::separators::{MAX_SEPARATOR_BYTES, candidates, mirrored};

/// Columns that are looked into.
const MAX_COLUMNS: usize = 32;

/// Lines that are rows of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Table {
    /// What stands between the columns.
    pub(super) separator: Vec<u8>,
    /// How many columns most rows have.
    pub(super) num_columns: usize,
}

impl Table {
    /// Every separator that divides at least `percent` of the lines into as many columns, the
    /// longest first, and of those the one with the most columns.
    pub(super) fn all(lines: &[&[u8]], percent: usize) -> Vec<Self> {
        let mut tables: Vec<Self> = candidates(lines)
            .into_iter()
            .filter_map(|separator| Self::of(lines, separator, percent))
            .map(|table| table.widened(lines, percent))
            .collect();
        // What stands within one cell of a plain table divides nothing: `x:Ann,,,:/bin/sh`.
        let plain: Vec<Self> = tables
            .iter()
            .filter(|table| table.is_plain())
            .cloned()
            .collect();
        tables.retain(|table| !plain.iter().any(|other| other.explains(table)));
        tables.sort_by_key(|table| {
            Reverse((
                table.separator.len(),
                !table.is_doubtful(),
                table.num_columns,
            ))
        });
        tables
    }

    /// Is it a dash, as codes and numbers have them?
    pub(super) fn is_dash(&self) -> bool {
        matches!(self.separator.as_slice(), b"-")
            || matches!(&self.separator[..], [0xE2, 0x80, 0x90..=0x95])
    }

    /// Signs that stand within words and links, too.
    fn is_doubtful(&self) -> bool {
        matches!(
            self.separator.as_slice(),
            b"!" | b"$" | b"%" | b"?" | b"{" | b"}" | b"/" | b"&" | b"+" | b"*" | b"<"
        )
    }

    fn is_plain(&self) -> bool {
        matches!(self.separator.as_slice(), b":" | b";" | b"|" | b"," | b"\t")
    }

    /// Does this table have more columns than the longer separator of the other makes?
    fn explains(&self, other: &Self) -> bool {
        let num_within = memchr::memmem::find_iter(&other.separator, &self.separator).count();
        if other.separator.iter().all(|byte| *byte == b' ') {
            return self.separator == b"|" || self.num_columns > other.num_columns;
        }
        other.separator.len() > self.separator.len()
            && self.num_columns > num_within.max(1) * (other.num_columns - 1) + 1
    }

    /// With the signs that stand on both sides of it in nearly all rows: `_|_`, `[|]`.
    fn widened(mut self, lines: &[&[u8]], percent: usize) -> Self {
        loop {
            let sides: Vec<(Option<&u8>, Option<&u8>)> = lines
                .iter()
                .flat_map(|line| {
                    let len = self.separator.len();
                    memchr::memmem::find_iter(line, &self.separator)
                        .map(move |at| (line[..at].last(), line.get(at + len)))
                })
                .collect();
            let Some((Some(&left), Some(&right))) = sides.first().copied() else {
                return self;
            };
            let is_same = |side: &&(Option<&u8>, Option<&u8>)| **side == sides[0];
            let num_same = sides.iter().filter(is_same).count();
            let is_frame = left.is_ascii_punctuation()
                && !matches!(left, b'"' | b'\'' | b'.')
                && right == mirrored(left);
            if !is_frame
                || num_same * 100 < sides.len() * percent
                || self.separator.len() + 2 > MAX_SEPARATOR_BYTES
            {
                return self;
            }
            self.separator.insert(0, left);
            self.separator.push(right);
        }
    }

    /// If this sign divides nearly all.
    pub(super) fn with(lines: &[&[u8]], separator: &[u8], percent: usize) -> Option<Self> {
        Self::of(lines, separator.to_vec(), percent)
    }

    /// Two columns.
    pub(super) fn divided_by(separator: u8) -> Self {
        Self {
            separator: vec![separator],
            num_columns: 2,
        }
    }

    fn of(lines: &[&[u8]], separator: Vec<u8>, percent: usize) -> Option<Self> {
        // What a few lines do not have, most need not be asked for.
        let divides = |line: &&&[u8]| num_parts(line, &separator) > 1;
        let tasted = lines.iter().step_by(lines.len().div_ceil(40).max(1));
        let num_tasted = tasted.clone().count();
        let enough = |num: usize, of: usize, percent: usize| num * 100 >= of * percent;
        if !enough(
            tasted.filter(divides).count(),
            num_tasted,
            percent.saturating_sub(15),
        ) {
            return None;
        }
        let mut counts = [0_usize; MAX_COLUMNS + 1];
        for line in lines {
            let num = num_parts(line, &separator).min(MAX_COLUMNS);
            if let Some(count) = counts.get_mut(num) {
                *count += 1;
            }
        }
        let divided: usize = counts.iter().skip(2).sum();
        let (num_columns, usual) = (2..).zip(counts.iter().skip(2)).max_by_key(|(_, n)| **n)?;
        // Most lines have as many: in a free text a comma comes as often as it likes.
        let is_table = enough(divided, lines.len(), percent) && enough(*usual, divided, 80);
        is_table.then_some(Self {
            separator,
            num_columns,
        })
    }

    /// A line's cells.
    pub(super) fn cells<'a>(&'a self, line: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = Some(line);
        std::iter::from_fn(move || {
            let text = rest?;
            let (cell, later) = match memchr::memmem::find(text, &self.separator) {
                Some(at) => (&text[..at], Some(&text[at + self.separator.len()..])),
                None => (text, None),
            };
            rest = later;
            Some(cell.trim_ascii())
        })
    }

    /// The columns of which 90 in 100 cells are so.
    pub(super) fn columns_of(&self, lines: &[&[u8]], is: &dyn Fn(&[u8]) -> bool) -> Vec<usize> {
        let lines: Vec<&&[u8]> = lines
            .iter()
            .step_by(lines.len().div_ceil(200).max(1))
            .collect();
        (0..self.num_columns)
            .filter(|column| {
                let fits = |line: &&&&[u8]| self.cells(line).nth(*column).is_some_and(is);
                lines.iter().filter(fits).count() * 10 >= lines.len() * 9
            })
            .collect()
    }

    /// The option that names the separator.
    pub(super) fn option(&self) -> String {
        let is_padded = self.separator.trim_ascii() != self.separator;
        match self.separator.trim_ascii() {
            b"," if is_padded || self.separator == b"," => "comma".to_owned(),
            b";" if is_padded || self.separator == b";" => "semicolon".to_owned(),
            b"|" if !is_padded => "bar".to_owned(),
            b":" if !is_padded => "colon".to_owned(),
            _ if self.separator == b"\t" => "tab".to_owned(),
            _ if self.separator.iter().any(u8::is_ascii_control) => {
                let escaped: String = self
                    .separator
                    .iter()
                    .map(|byte| format!("\\x{byte:02x}"))
                    .collect();
                format!("$'{escaped}'")
            }
            _ => format!("'{}'", String::from_utf8_lossy(&self.separator)),
        }
    }

    /// What stands between the columns, in words.
    pub(super) fn words(&self) -> String {
        match self.separator.as_slice() {
            b"\t" => "a tab".to_owned(),
            b" " => "a blank".to_owned(),
            b":" => "a colon".to_owned(),
            b"," => "a comma".to_owned(),
            b";" => "a semicolon".to_owned(),
            separator if separator.iter().any(u8::is_ascii_control) => {
                "a control character".to_owned()
            }
            separator => format!("{:?}", String::from_utf8_lossy(separator)),
        }
    }
}

/// An address, as the core has it.
pub(super) fn is_email(text: &[u8]) -> bool {
    let text = unquoted(text);
    memchr::memchr(b'@', text).is_some()
        && Profile::Email
            .normalise(&Identifier::new(text).of_kind(IdentifierKind::Email))
            .is_ok()
}

pub(super) fn unquoted(text: &[u8]) -> &[u8] {
    let quoted = |quote: &[u8]| text.strip_prefix(quote)?.strip_suffix(quote);
    quoted(b"\"").or_else(|| quoted(b"'")).unwrap_or(text)
}

/// How many texts a separator divides a line into: the first and another have to be there, so
/// that `:a` and `a=` are whole.
fn num_parts(line: &[u8], separator: &[u8]) -> usize {
    let mut num = 1;
    let mut is_first = true;
    let mut has_other = false;
    let mut rest = line;
    // As Markdown writes tables: `| ann | x |`.
    let is_framed = separator == b"|" && line.starts_with(b"|") && line.ends_with(b"|");
    while let Some(at) = memchr::memmem::find(rest, separator) {
        let (part, later) = (&rest[..at], &rest[at + separator.len()..]);
        if is_first && part.trim_ascii().is_empty() && !is_framed {
            return 1;
        }
        has_other |= !is_first && !part.trim_ascii().is_empty();
        is_first = false;
        num += 1;
        rest = later;
    }
    has_other |= !is_first && !rest.trim_ascii().is_empty();
    // A column that is always blank is still one: `alice,`.
    if has_other || matches!(separator, b"," | b";" | b"\t" | b"|") {
        num
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(list: &[&str]) -> Option<(String, usize)> {
        let lines: Vec<&[u8]> = list.iter().map(|line| line.as_bytes()).collect();
        let tables = Table::all(&lines, 95);
        let table = tables.first()?;
        Some((
            String::from_utf8(table.separator.clone()).unwrap(),
            table.num_columns,
        ))
    }

    #[test]
    fn what_stands_between_columns() {
        for (list, expected) in [
            (
                &["ann@example.com----x", "bob@example.com----y-z"][..],
                Some(("----", 2)),
            ),
            (&["ann # x # a", "bob # y # b"], Some((" # ", 3))),
            (&["ann:x:a", "bob:y:b", "carl:z:c"], Some((":", 3))),
            (&["ann::x", "bob::y"], Some(("::", 2))),
            (&["ann=x", "bob=y"], Some(("=", 2))),
            (&["ann / x", "bob / y"], Some((" / ", 2))),
            (&["1, x", "2, y"], Some((", ", 2))),
            (&["1\tx", "2\ty"], Some(("\t", 2))),
            (&["1\u{1}x", "2\u{1}y"], Some(("\u{1}", 2))),
            (&["a，x", "b，y"], Some(("，", 2))),
            (&["a -> x", "b -> y"], Some((" -> ", 2))),
            (&["a<->x", "b<->y"], Some(("<->", 2))),
            (&["a_|_x", "b_|_y"], Some(("_|_", 2))),
            (&["a[|]x", "b[|]y"], Some(("[|]", 2))),
            (&["a@@x", "b@@y"], Some(("@@", 2))),
            (&["a\\tx", "b\\ty"], Some(("\\t", 2))),
            (&["alice,", "bob,"], Some((",", 2))),
            (&["| a | x |", "| b | y |"], Some(("|", 4))),
            (&["a:x:1:Ann,,,:/", "b:x:2:Bob,,,:/"], Some((":", 5))),
            (&["a:x:9:7:::", "b:y:9:7:::"], Some((":", 7))),
            (&["https://a:x:p", "https://b:y:q"], Some((":", 4))),
            // No table.
            (&["alice", "bob"], None),
            (&["abc=", "xyz="], None),
            (&[":abc", ":xyz"], None),
            (&["a:b", "abc"], None),
            (&["ann-lee", "bob-ray"], None),
            (&["ann_lee", "bob_ray"], None),
            (&[], None),
        ] {
            let expected = expected.map(|(separator, num)| (separator.to_owned(), num));
            assert_eq!(first(list), expected, "{list:?}");
        }
    }
}
