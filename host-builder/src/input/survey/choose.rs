//! What to say of a list with several columns.

use super::columns::Table;
use super::contents::describe;
use super::refusal::{Refusal, pipe};
use super::subject::{Place, Subject};

/// Each column holds one.
pub(super) fn several(table: &Table) -> Refusal {
    let separator = escaped(&table.separator);
    Refusal::new(
        format!("several identifiers a line, with {} between", table.words()),
        format!(
            "write one a line: {}",
            pipe(&format!("sed 's|{separator}|\\n|g'"))
        ),
    )
}

/// A separator as sed writes it.
pub(super) fn escaped(separator: &[u8]) -> String {
    let mut text = String::new();
    for c in String::from_utf8_lossy(separator).chars() {
        match c {
            '\t' => text.push_str("\\t"),
            '|' | '*' | '^' | '\\' => text.extend(['\\', c]),
            c => text.push(c),
        }
    }
    text
}

/// Several columns; `column` is the one, if that can be told.
pub(super) fn choose(
    subject: &Subject<'_>,
    table: &Table,
    column: Option<usize>,
    lines: &[&[u8]],
) -> Refusal {
    // As an option, `\t` is a tab.
    let is_written_tab = table.separator == b"\\t";
    let delimiter = match is_written_tab {
        true => "tab".to_owned(),
        false => table.option(),
    };
    let words = table.words();
    let held = || format!("column {}", describe(&table.contents(lines)));
    let (example, hint) = match column {
        Some(column) => (
            format!("--column {} --delimiter {delimiter}", column + 1),
            String::new(),
        ),
        None => (
            format!("--column NUMBER --delimiter {delimiter}"),
            format!(
                ", with the number of the one that holds the identifiers ({})",
                held()
            ),
        ),
    };
    if is_written_tab {
        return Refusal::new(
            "columns with a backslash and t between, in place of a tab",
            format!(
                "write tabs, and choose one, as in {} {example}{hint}",
                pipe(r"sed 's/\\t/\t/g'")
            ),
        );
    }
    if subject.place == Place::Cells {
        return Refusal::new(
            format!(
                "{} columns with {words} between, within one cell",
                table.num_columns
            ),
            format!(
                "give --delimiter {delimiter} if that stands between all columns; \
                 else write the column to a file, one cell a line, and build that with {example}{hint}"
            ),
        );
    }
    let found = format!(
        "a table: {} columns with {words} between",
        table.num_columns
    );
    let remedy = if table.has_names(lines) {
        format!("choose one with --column NAME, or by its number as in {example}{hint}")
    } else {
        format!("choose one, as in {example}{hint}")
    };
    Refusal::new(found, remedy)
}
