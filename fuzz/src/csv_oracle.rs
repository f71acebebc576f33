//! A plain reader of tables in which nothing is quoted, a line at a time.

use leaksieve::input::source::Fault;

use crate::lines;
use crate::lists::Record;

pub(crate) struct Table;

impl Table {
    /// Is nothing quoted, and are no blanks, marks or other signs around that have a meaning?
    pub(crate) fn is_plain(content: &[u8], delimiter: u8) -> bool {
        matches!(delimiter, b',' | b';' | b'|' | b'\t')
            && !content.iter().any(|byte| b"\"' \r\0\\=\xEF".contains(byte))
            && !content
                .to_ascii_lowercase()
                .windows(3)
                .any(|part| matches!(part, b"nul" | b"non" | b"nan" | b"n/a"))
    }

    /// The records of a column: rows of another width than most are at fault.
    pub(crate) fn column(content: &[u8], delimiter: u8, index: usize) -> Vec<Record> {
        let rows: Vec<(u64, Vec<&[u8]>)> = (1..)
            .zip(lines::plain(content))
            .filter(|(_, line)| !line.trim_ascii().is_empty())
            .map(|(number, line)| (number, line.split(|byte| *byte == delimiter).collect()))
            .collect();
        let first = rows.first().map_or(0, |(_, cells)| cells.len());
        let count = |width: usize| {
            rows.iter()
                .filter(|(_, cells)| cells.len() == width)
                .count()
        };
        let width = rows
            .iter()
            .map(|(_, cells)| cells.len())
            .max_by_key(|width| (count(*width), *width == first && first > 1, *width))
            .unwrap_or(0);
        rows.iter()
            .map(|(number, cells)| match cells.len() {
                few if few < width => (Vec::new(), *number, Some(Fault::FewerCells)),
                many if many > width => (Vec::new(), *number, Some(Fault::MoreCells)),
                _ => (cells[index].to_vec(), *number, None),
            })
            .collect()
    }
}
