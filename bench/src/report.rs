//! Tables, and the page that they stand on.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use testkit::run::{output, say};
use testkit::workspace;

/// What stands before the sections when the page is begun.
const HEAD: &str = "\
# Benchmarks

Made by `cargo benchmark`, which gets the other programs by itself and installs nothing. Tools take turns, and
figures are medians; on a busy machine the ratios say more than the figures. CPU is user and system time of all threads.
All lists are generated, and the strangers that are asked for are in none of them. A section's first line says where and when it was measured.
";

/// A folder or file of the documentation.
pub(crate) fn docs(name: &str) -> PathBuf {
    workspace::root().join("docs").join(name)
}

/// Put a section into the page, in place of the one of that name.
///
/// # Errors
/// When the page cannot be read or written.
pub(crate) fn put(name: &str, section: &str) -> Result<()> {
    let path = docs("benchmarks.md");
    let page = fs::read_to_string(&path).unwrap_or_else(|_| HEAD.into());
    fs::write(&path, replaced(&page, name, section))
        .with_context(|| format!("cannot write {}", path.display()))?;
    say(format!("written: {}", workspace::shown(&path)));
    Ok(())
}

fn replaced(page: &str, name: &str, section: &str) -> String {
    let (begin, end) = (
        format!("<!-- begin {name} -->\n"),
        format!("<!-- end {name} -->\n"),
    );
    let section = format!("{begin}\n{}\n\n{end}", section.trim());
    let place = page.find(&begin).zip(page.find(&end));
    match place {
        Some((from, to)) if from < to => {
            format!("{}{section}{}", &page[..from], &page[to + end.len()..])
        }
        _ => format!("{}\n\n{section}", page.trim_end()),
    }
}

/// A table in Markdown. The first column is text, the others are figures.
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        let mut table = Self { rows: Vec::new() };
        table.row(head.iter().map(|&cell| cell.to_owned()));
        table
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let columns = self.rows.first().map_or(0, Vec::len);
        for (index, row) in self.rows.iter().enumerate() {
            let mut line = String::from("|");
            for (column, cell) in row.iter().enumerate() {
                let width = width(column);
                match column {
                    0 => write!(line, " {cell:width$} |")?,
                    _ => write!(line, " {cell:>width$} |")?,
                }
            }
            writeln!(f, "{line}")?;
            if index == 0 {
                write!(f, "|{}|", "-".repeat(width(0) + 2))?;
                for column in 1..columns {
                    write!(f, "{}:|", "-".repeat(width(column) + 1))?;
                }
                writeln!(f)?;
            }
        }
        Ok(())
    }
}

/// A figure with three digits that count.
pub(crate) fn figure(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 {
        "0".into()
    } else if size < 0.01 {
        format!("{value:.4}")
    } else if size < 1.0 {
        format!("{value:.3}")
    } else if size < 10.0 {
        format!("{value:.2}")
    } else if size < 100.0 {
        format!("{value:.1}")
    } else {
        thousands(value.round() as u64)
    }
}

/// `10,000,000`
pub(crate) fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A multiple, such as `0.52×`.
pub(crate) fn times(value: f64) -> String {
    format!("{}×", figure(value))
}

pub(crate) fn mebibytes(bytes: u64) -> String {
    figure(bytes as f64 / f64::from(1 << 20))
}

/// On what, with what and when something was measured; one line.
pub(crate) fn circumstances() -> String {
    let word = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(workspace::root());
        output(&mut command).map_or_else(|_| "unknown".into(), |text| text.trim().to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "Measured {} at commit {}, with {}, on {}, {cores} {}, {}.",
        word("date", &["+%Y-%m-%d"]),
        word("git", &["rev-parse", "--short", "HEAD"]),
        rustc_version(),
        of_file("/proc/cpuinfo", "model name\t: ").unwrap_or("an unknown processor".into()),
        if cores == 1 { "core" } else { "cores" },
        of_file("/etc/os-release", "PRETTY_NAME=").unwrap_or_else(|| std::env::consts::OS.into()),
    )
}

/// Such as `rustc 1.95.0`.
pub(crate) fn rustc_version() -> String {
    let text = output(Command::new("rustc").arg("--version")).unwrap_or_default();
    let words: Vec<&str> = text.split_whitespace().take(2).collect();
    words.join(" ")
}

/// What follows a word at the beginning of a line.
fn of_file(path: &str, word: &str) -> Option<String> {
    fs::read_to_string(path)
        .ok()?
        .lines()
        .find_map(|line| line.strip_prefix(word))
        .map(|rest| rest.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_takes_the_place_of_the_old_one() {
        let page = replaced("# Page\n", "a", "one");
        let page = replaced(&page, "b", "two");
        assert_eq!(
            replaced(&page, "a", "three\n"),
            "# Page\n\n<!-- begin a -->\n\nthree\n\n<!-- end a -->\n\n<!-- begin b -->\n\ntwo\n\n<!-- end b -->\n"
        );
    }

    #[test]
    fn figures_have_three_digits() {
        let shown = [0.0, 0.0012, 0.512, 1.234, 23.41, 1234.6].map(figure);
        assert_eq!(shown, ["0", "0.0012", "0.512", "1.23", "23.4", "1,235"]);
    }

    #[test]
    fn tables_are_aligned() {
        let mut table = Table::new(&["name", "s"]);
        table.row(["a".into(), "1.5".into()]);
        assert_eq!(
            table.to_string(),
            "| name |   s |\n|------|----:|\n| a    | 1.5 |\n"
        );
    }
}
