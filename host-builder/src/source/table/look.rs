//! The first look at a table: what stands between its cells and around them, how many columns
//! it has, and where the wanted one is.

use std::collections::BTreeMap;

use super::row::{Form, Row};
use super::{Column, Delimiter, Table, Wanted, places_of};
use crate::source::{Input, SourceError, split_lines};

/// Rows that are looked at.
const NUM_ROWS: usize = 10_000;
/// Of those, the first that may be the row of names; what stands above it is a title.
const NUM_TITLES: usize = 10;
/// Of 10 rows, cells and lines, how many have to be alike.
const MIN_OF_10: usize = 9;
/// So many rows tell whether cells are quoted, where programs seldom do that.
const MIN_QUOTED: usize = 5;
/// The delimiters that are found without being named; the earlier wins a tie.
const CANDIDATES: [Delimiter; 4] = [
    Delimiter::Byte(b'\t'),
    Delimiter::Byte(b';'),
    Delimiter::Byte(b'|'),
    Delimiter::Byte(b','),
];
/// What else may stand between columns, as an error names it. (A blank or a hyphen stands
/// within telephone numbers and names as well.)
const OTHERS: [&str; 11] = [
    "----", "---", "::", "=>", " # ", " : ", ":", "tab", ";", "|", ",",
];
/// Names of columns that a message has, and characters of each.
const NUM_NAMED: usize = 30;
const NAME_CHARS: usize = 40;
/// Parts of names of columns: a row that has several is one of names, and not of data.
const NAME_PARTS: [&str; 26] = [
    "name", "mail", "phone", "mobile", "pass", "hash", "login", "nick", "date", "addr", "city",
    "country", "birth", "gender", "sex", "number", "tel", "user", "account", "手机", "电话",
    "姓名", "邮箱", "密码", "用户", "身份",
];

/// What was seen.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) table: Table,
    /// Where the first row of data begins.
    pub(super) data: usize,
}

/// Look at the first lines of a table; `None` if all are blank.
///
/// # Errors
/// [`SourceError`] when the wanted column is not there, or may be another than is meant.
pub(super) fn look(
    input: &Input,
    wanted: Wanted<'_>,
    bytes: &[u8],
) -> Result<Option<Look>, SourceError> {
    let (named, start) = separator_line(bytes);
    let text = &bytes[start..];
    let lines: Vec<&[u8]> = split_lines(text)
        .filter(|line| !line.trim_ascii().is_empty())
        .take(NUM_ROWS)
        .collect();
    if lines.is_empty() {
        return Ok(None);
    }
    refuse_no_table(input, &lines)?;
    let Some(sample) = best(wanted, wanted.delimiter.or(named), text, &lines) else {
        return one_column(input, wanted, text, &lines, start).map(Some);
    };
    let (place, data) = sample.find(input, wanted.column)?;
    Ok(Some(Look {
        table: sample.table(place, wanted),
        data: start + data,
    }))
}

/// A first line that tells the delimiter to Excel (`sep=;`), and where the table begins.
fn separator_line(bytes: &[u8]) -> (Option<Delimiter>, usize) {
    let line = split_lines(bytes).next().unwrap_or_default();
    let unquoted = line
        .strip_prefix(b"\"")
        .and_then(|line| line.strip_suffix(b"\""));
    match unquoted.unwrap_or(line) {
        [key @ .., b'=', delimiter] if key.eq_ignore_ascii_case(b"sep") => {
            let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1);
            (Some(Delimiter::Byte(*delimiter)), end)
        }
        _ => (None, 0),
    }
}

/// Refuse lines that a delimiter takes apart to what are no cells.
fn refuse_no_table(input: &Input, lines: &[&[u8]]) -> Result<(), SourceError> {
    let count = |is_it: &dyn Fn(&[u8]) -> bool| {
        lines.iter().filter(|line| is_it(line.trim_ascii())).count()
    };
    let refuse = |found, remedy| {
        Err(SourceError::Unsupported {
            input: input.clone(),
            found,
            remedy,
        })
    };
    let starts_with = |line: &[u8], start: &[u8]| {
        line.get(..start.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(start))
    };
    // A dump has other statements before.
    let num_inserts = count(&|line| {
        starts_with(line, b"INSERT INTO") && line.contains(&b'(') && line.contains(&b'\'')
    });
    let num_tuples =
        count(&|line| line.starts_with(b"(") && (line.ends_with(b"),") || line.ends_with(b");")));
    if num_inserts * 100 > lines.len() || num_tuples * 10 >= lines.len() * MIN_OF_10 {
        return refuse(
            "a dump of a database (SQL)",
            "export the table as CSV, or take its rows apart if their cells have no such signs: \
             grep -o \"([^()]*)\" FILE | tr -d \"()'\" | leaksieve build - --column NUMBER",
        );
    }
    let num_objects = count(&|line| {
        line.starts_with(b"{")
            && (line.ends_with(b"}") || line.ends_with(b"},"))
            && memchr::memmem::find(line, b"\":").is_some()
    });
    if num_objects * 10 >= lines.len() * MIN_OF_10 {
        return refuse(
            "JSON, not a table",
            "name the field with --field NAME, without --column",
        );
    }
    Ok(())
}

/// The way of writing that the rows have most regularly, or has the column.
fn best<'a>(
    wanted: Wanted<'_>,
    given: Option<Delimiter>,
    text: &'a [u8],
    lines: &[&[u8]],
) -> Option<Sample<'a>> {
    let sample = |delimiter| Sample::new(form(delimiter, lines), text);
    if let Some(delimiter) = given {
        return Some(sample(delimiter)).filter(|sample| sample.width > 1);
    }
    let (_, sample) = (0..)
        .zip(CANDIDATES.map(sample))
        .filter(|(_, sample)| sample.width > 1 && sample.num_alike * 2 >= sample.rows.len())
        .max_by_key(|(order, sample)| {
            let has_column = match wanted.column {
                Column::Index(index) => sample.width > *index,
                Column::Name(name) => sample.names(name).is_some(),
            };
            // What differs by a few rows does not decide.
            let share = sample.num_alike * 20 / sample.rows.len();
            (has_column, share, sample.width, -order)
        })?;
    Some(sample)
}

/// How rows with this delimiter are written.
fn form(delimiter: Delimiter, lines: &[&[u8]]) -> Form {
    let mut form = Form {
        delimiter,
        quote: None,
        is_padded: false,
    };
    if delimiter != Delimiter::Blank {
        let (mut num_cells, mut num_padded) = (0usize, 0usize);
        for line in lines {
            form.plain(line, |place, text, _| {
                if place > 0 && !text.is_empty() {
                    num_cells += 1;
                    num_padded += usize::from(text.starts_with(b" "));
                }
            });
        }
        form.is_padded = num_padded > 0 && num_padded * 10 >= num_cells * MIN_OF_10;
    }
    let Delimiter::Byte(byte) = delimiter else {
        return form;
    };
    let is_usual = delimiter.is_of_tables() && byte != b'\t';
    form.quote = [b'"', b'\'']
        .into_iter()
        .find(|quote| is_quoted(form, *quote, lines))
        .or(is_usual.then_some(b'"'));
    form
}

/// Do the cells of a column, or all cells of few rows, stand within such marks?
fn is_quoted(form: Form, quote: u8, lines: &[&[u8]]) -> bool {
    // Names of columns may lack them.
    let rows = match lines {
        [_, rows @ ..] if !rows.is_empty() => rows,
        rows => rows,
    };
    let mut columns = BTreeMap::<usize, (usize, usize)>::new();
    for line in rows {
        form.plain(line, |place, text, _| {
            if !text.is_empty() {
                let (num_cells, num_quoted) = columns.entry(place).or_default();
                *num_cells += 1;
                let is_quoted =
                    text.len() > 1 && text.first() == Some(&quote) && text.last() == Some(&quote);
                *num_quoted += usize::from(is_quoted);
            }
        });
    }
    let is_column = |(num_cells, num_quoted): &(usize, usize)| {
        *num_quoted >= MIN_QUOTED && num_quoted * 10 >= num_cells * MIN_OF_10
    };
    let is_whole = |(num_cells, num_quoted): &(usize, usize)| num_cells == num_quoted;
    columns.values().any(is_column) || (columns.len() > 1 && columns.values().all(is_whole))
}

/// Lines without a delimiter: a table of one column, if it is surely one.
fn one_column(
    input: &Input,
    wanted: Wanted<'_>,
    text: &[u8],
    lines: &[&[u8]],
    start: usize,
) -> Result<Look, SourceError> {
    let most = |is_it: &dyn Fn(&[u8]) -> bool| {
        let num_alike = lines.iter().skip(1).filter(|line| is_it(line)).count();
        lines.len() > 1 && num_alike * 10 >= (lines.len() - 1) * MIN_OF_10
    };
    let is_in_most = |delimiter: &str| {
        let part = if delimiter == "tab" { "\t" } else { delimiter };
        let has = |line: &[u8]| memchr::memmem::find(line, part.as_bytes()).is_some();
        lines
            .first()
            .is_some_and(|line| lines.len() == 1 && has(line))
            || most(&has)
    };
    let other = OTHERS.into_iter().find(|other| is_in_most(other));
    let quoted = |line: &[u8]| line.len() > 1 && line.starts_with(b"\"") && line.ends_with(b"\"");
    let sample = Sample::new(
        Form {
            delimiter: Delimiter::Byte(b','),
            quote: Some(b'"'),
            is_padded: false,
        },
        text,
    );
    let has_name = match wanted.column {
        Column::Name(name) => sample.names(name).is_some(),
        Column::Index(index) => *index == 0 && lines.len() > 1 && most(&quoted),
    };
    if other.is_none() && (has_name || matches!(wanted.column, Column::Name(_))) {
        let (place, data) = sample.find(input, wanted.column)?;
        return Ok(Look {
            table: sample.table(place, wanted),
            data: start + data,
        });
    }
    let remedy = match (other, wanted.column) {
        (Some(other), _) => match other.parse::<Delimiter>() {
            Ok(delimiter) => format!("give --delimiter {delimiter}"),
            Err(error) => error.to_string(),
        },
        (None, Column::Index(0)) => {
            "leave --column out if it is the identifier, or give --delimiter what stands behind it"
                .to_owned()
        }
        (None, _) => {
            "give --delimiter what stands between columns, as in --delimiter blank or --delimiter '#'"
                .to_owned()
        }
    };
    Err(SourceError::NoDelimiter {
        input: input.clone(),
        wanted: wanted.delimiter.map_or_else(
            || "tab, semicolon, bar or comma".to_owned(),
            |delimiter| format!("delimiter {delimiter}"),
        ),
        remedy,
    })
}

/// The first rows, taken apart in one way.
struct Sample<'a> {
    form: Form,
    text: &'a [u8],
    /// Where each row begins, and what it is.
    rows: Vec<(usize, Row)>,
    /// Cells of a row, as most have it.
    width: usize,
    /// Rows with so many cells.
    num_alike: usize,
    has_rest: bool,
}

impl<'a> Sample<'a> {
    fn new(form: Form, text: &'a [u8]) -> Self {
        let mut rows = Vec::new();
        let mut unquoted = Vec::new();
        let mut widths = BTreeMap::<usize, usize>::new();
        let mut at = 0;
        while at < text.len() && rows.len() < NUM_ROWS {
            let row = form.row(&text[at..], &mut unquoted, |_, _| ());
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

    fn table(&self, place: usize, wanted: Wanted<'_>) -> Table {
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
                .row(&self.text[*start..], &mut unquoted, |_, cell| {
                    cells.push(cell.text.trim_ascii().to_vec());
                });
        }
        cells
    }

    /// The row of names: the first that has this one.
    fn names(&self, name: &str) -> Option<usize> {
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
    fn find(&self, input: &Input, column: &Column) -> Result<(usize, usize), SourceError> {
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
