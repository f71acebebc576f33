//! The first rows of a table, taken apart in one way: how wide it is, and where its names stand.

use std::collections::BTreeMap;

use super::look::{MIN_OF_10, NUM_ROWS};
use super::row::{Form, Row};
use super::{Column, Table, Wanted, places_of};
use crate::source::{Input, SourceError};

/// Of the first rows, so many may be the row of names; what stands above it is a title.
const NUM_TITLES: usize = 10;
/// Names of columns that a message has, and characters of each.
const NUM_NAMED: usize = 30;
const NAME_CHARS: usize = 40;
/// Parts of names of columns: a row that has several is one of names, and not of data.
const NAME_PARTS: [&str; 26] = [
    "name", "mail", "phone", "mobile", "pass", "hash", "login", "nick", "date", "addr", "city",
    "country", "birth", "gender", "sex", "number", "tel", "user", "account", "手机", "电话",
    "姓名", "邮箱", "密码", "用户", "身份",
];

/// The first rows, taken apart in one way.
pub(super) struct Sample<'a> {
    form: Form,
    text: &'a [u8],
    /// Where each row begins, and what it is.
    pub(super) rows: Vec<(usize, Row)>,
    /// Cells of a row, as most have it.
    pub(super) width: usize,
    /// Rows with so many cells.
    pub(super) num_alike: usize,
    has_rest: bool,
}

impl<'a> Sample<'a> {
    pub(super) fn new(form: Form, text: &'a [u8]) -> Self {
        let mut rows = Vec::new();
        let mut unquoted = Vec::new();
        let mut widths = BTreeMap::<usize, usize>::new();
        let mut at = 0;
        while at < text.len() && rows.len() < NUM_ROWS {
            let row = form.row(&text[at..], None, &mut unquoted, |_, _| ());
            if row.num_cells > 0 {
                rows.push((at, row));
                *widths.entry(row.num_cells).or_default() += 1;
            }
            at += row.num_bytes;
        }
        let has_rest = form.quote.is_none() && !form.delimiter.is_of_tables();
        let first = rows.first().map_or(0, |(_, row)| row.num_cells);
        let usual = widths
            .iter()
            .max_by_key(|(width, count)| (**count, **width == first && first > 1, **width));
        let mut width = usual.map_or(0, |(width, _)| *width);
        if has_rest && width > 1 {
            // The last cell may have the delimiter within, so most rows may have more cells.
            let is_frequent =
                |(width, count): &(&usize, &usize)| **width > 1 && **count * 5 >= rows.len();
            width = widths
                .iter()
                .find(is_frequent)
                .map_or(width, |(width, _)| *width);
        }
        Self {
            form,
            text,
            width,
            num_alike: widths.get(&width).copied().unwrap_or(0),
            rows,
            has_rest,
        }
    }

    pub(super) fn table(&self, place: usize, wanted: Wanted<'_>) -> Table {
        Table {
            form: self.form,
            width: self.width,
            place,
            has_rest: self.has_rest,
            kind: wanted.kind,
        }
    }

    fn cells(&self, row: usize) -> Vec<Vec<u8>> {
        let mut cells = Vec::new();
        if let Some((start, _)) = self.rows.get(row) {
            let mut unquoted = Vec::new();
            self.form
                .row(&self.text[*start..], None, &mut unquoted, |_, cell| {
                    cells.push(cell.text.trim_ascii().to_vec());
                });
        }
        cells
    }

    /// The row of names: the first that has this one.
    pub(super) fn names(&self, name: &str) -> Option<usize> {
        (0..self.rows.len().min(NUM_TITLES)).find(|row| {
            let cells = self.cells(*row);
            let names: Vec<_> = cells
                .iter()
                .map(|cell| String::from_utf8_lossy(cell))
                .collect();
            !places_of(name, &names).is_empty()
        })
    }

    /// The place of the column, and where the data begin.
    pub(super) fn find(
        &self,
        input: &Input,
        column: &Column,
    ) -> Result<(usize, usize), SourceError> {
        let missing = |row: usize| SourceError::NoSuchColumn {
            input: input.clone(),
            wanted: column.clone(),
            num_columns: self.width,
            names: self.printable_names(row),
        };
        let name = match column {
            Column::Index(index) if *index < self.width => return Ok((*index, 0)),
            Column::Index(_) => return Err(missing(0)),
            Column::Name(name) => name,
        };
        // Else the first that is as wide as the table.
        let is_wide = |(_, row): &(usize, Row)| row.num_cells == self.width;
        let row = self
            .names(name)
            .or_else(|| self.rows.iter().take(NUM_TITLES).position(is_wide));
        let row = row.unwrap_or(0);
        let cells = self.cells(row);
        let names: Option<Vec<String>> = cells
            .into_iter()
            .map(|cell| String::from_utf8(cell).ok())
            .collect();
        let Some(names) = names else {
            return Err(SourceError::NotUtf8 {
                input: input.clone(),
            });
        };
        let place = match places_of(name, &names)[..] {
            [] => return Err(missing(row)),
            [place] => place,
            ref places => {
                return Err(SourceError::DuplicateColumn {
                    input: input.clone(),
                    name: name.trim().to_owned(),
                    numbers: places.iter().map(|place| place + 1).collect(),
                });
            }
        };
        if !self.fits(&names) {
            return Err(SourceError::NamesDoNotFit {
                input: input.clone(),
                num_names: names.len(),
                num_cells: self.width,
            });
        }
        let data = self
            .rows
            .get(row)
            .map_or(0, |(start, row)| start + row.num_bytes);
        Ok((place, data))
    }

    /// Do names stand over the columns? One of the two may have a delimiter at its end.
    fn fits(&self, names: &[String]) -> bool {
        let is_last_empty = |row: usize| self.cells(row).last().is_some_and(Vec::is_empty);
        let num_rows = self.rows.len().min(NUM_TITLES * NUM_TITLES);
        let wide = (0..num_rows).filter(|row| self.rows[*row].1.num_cells == self.width);
        names.len() == self.width
            || (names.len() == self.width + 1 && names.last().is_some_and(String::is_empty))
            || (names.len() + 1 == self.width && wide.clone().all(is_last_empty))
    }

    /// The names of the columns, if this row is surely one of names: cells of data may be
    /// identifiers.
    fn printable_names(&self, row: usize) -> Vec<String> {
        let cells = self.cells(row);
        let names: Vec<String> = cells
            .into_iter()
            .map(|cell| String::from_utf8(cell).unwrap_or_default())
            .collect();
        let is_data = |name: &String| name.contains('@') || name.chars().any(|c| c.is_numeric());
        let is_named = |name: &&String| {
            let name = name.to_lowercase();
            name == "id" || NAME_PARTS.iter().any(|part| name.contains(part))
        };
        let num_named = names.iter().filter(is_named).count();
        if names.iter().any(is_data)
            || !(num_named > 1
                || (num_named == names.len() && num_named > 0)
                || self.has_other_cells(row))
        {
            return Vec::new();
        }
        let mut printed: Vec<String> = names
            .iter()
            .take(NUM_NAMED)
            .map(|name| format!("{:?}", name.chars().take(NAME_CHARS).collect::<String>()))
            .collect();
        if names.len() > NUM_NAMED {
            printed.push("...".to_owned());
        }
        printed
    }

    /// Has a column digits or an @ in nearly all cells below this row? (The row has none.)
    fn has_other_cells(&self, row: usize) -> bool {
        let mut num_rows = 0usize;
        let mut counts = vec![0usize; self.width];
        let later = row + 1..self.rows.len().min(row + 1 + NUM_TITLES * NUM_TITLES);
        for row in later {
            num_rows += 1;
            for (count, cell) in counts.iter_mut().zip(self.cells(row)) {
                *count += usize::from(
                    cell.iter()
                        .any(|byte| byte.is_ascii_digit() || *byte == b'@'),
                );
            }
        }
        num_rows > 0
            && counts
                .iter()
                .any(|count| count * 10 >= num_rows * MIN_OF_10)
    }
}
