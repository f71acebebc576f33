//! Shapes: what texts look like, without saying whose they are.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Longest shape, characters.
const MAX_CHARS: usize = 40;
/// A shape is named only if so many of the lines that were looked at have it.
const MIN_LINES: u64 = 20;
/// And if so large a share of all have it.
const MIN_SHARE: f64 = 0.01;
/// Shapes that are counted; passwords can have more, and those names would be of no use.
const MAX_COUNTED: usize = 4096;
/// Shapes that a sentence names.
const NUM_NAMED: usize = 4;

/// A shape, and how many lines have it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Shape {
    /// Digits are `9`, letters are `a`, anything else is itself.
    pub shape: String,
    /// The share of the lines that have it, 0 to 1.
    pub share: f64,
}

/// Counts shapes.
#[derive(Clone, Debug, Default)]
pub(super) struct Shapes {
    /// Lines that were looked at, and the lines that they stand for.
    counts: BTreeMap<String, (u64, f64)>,
    num_lines: f64,
}

impl Shapes {
    /// Count lines that were looked at; each stands for `weight` lines.
    pub(super) fn add<'a>(&mut self, lines: impl Iterator<Item = &'a [u8]>, weight: f64) {
        for line in lines {
            self.num_lines += weight;
            let shape = shape(line);
            if let Some((seen, stands_for)) = self.counts.get_mut(&shape) {
                *seen += 1;
                *stands_for += weight;
            } else if self.counts.len() < MAX_COUNTED {
                self.counts.insert(shape, (1, weight));
            }
        }
    }

    /// The shapes that many lines have, the most frequent first.
    pub(super) fn common(&self) -> Vec<Shape> {
        let mut shapes: Vec<Shape> = self
            .counts
            .iter()
            .filter(|(_, (seen, _))| *seen >= MIN_LINES)
            .map(|(shape, (_, stands_for))| Shape {
                shape: shape.clone(),
                // No more places than the sample has.
                share: (stands_for / self.num_lines * 1e4).round() / 1e4,
            })
            .filter(|shape| shape.share >= MIN_SHARE)
            .collect();
        shapes.sort_by(|a, b| b.share.total_cmp(&a.share));
        shapes
    }
}

/// `999999999999 98 %, +99 999 9999999 2 %`; nothing if no shape is common.
pub fn describe(shapes: &[Shape]) -> String {
    let mut text = String::new();
    for shape in shapes.iter().take(NUM_NAMED) {
        let comma = if text.is_empty() { "" } else { ", " };
        let _ = write!(text, "{comma}{} {:.0} %", shape.shape, shape.share * 100.0);
    }
    text
}

/// What a text looks like.
fn shape(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text.trim_ascii_end());
    let mut chars = text.chars();
    let mut shape: String = chars
        .by_ref()
        .take(MAX_CHARS)
        .map(|c| match c {
            c if c.is_numeric() => '9',
            c if c.is_alphabetic() => 'a',
            // A terminal obeys some of them.
            c if c.is_control() || is_invisible(c) => '?',
            c => c,
        })
        .collect();
    if chars.next().is_some() {
        shape.pop();
        shape.push('…');
    }
    shape
}

/// Marks that change how the text beside them is shown.
pub(super) const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// The common shapes of these texts, in words; nothing if there are none.
pub(crate) fn shapes_of<'a>(texts: impl Iterator<Item = &'a [u8]>) -> String {
    let mut shapes = Shapes::default();
    shapes.add(texts, 1.0);
    describe(&shapes.common())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_of_texts() {
        for (text, expected) in [
            ("+49 171 6783154", "+99 999 9999999"),
            ("Ann.Lee@example.com", "aaa.aaa@aaaaaaa.aaa"),
            ("      2 hunter2 ", "      9 aaaaaa9"),
            ("\u{1B}[2Jé٣\u{202E}", "?[9aa9?"),
            ("", ""),
        ] {
            assert_eq!(shape(text.as_bytes()), expected);
        }
        assert_eq!(shape(&[b'x'; 40]), "a".repeat(40));
        assert_eq!(shape(&[b'x'; 41]), format!("{}…", "a".repeat(39)));
        assert_eq!(shape(b"\xFF1"), "\u{FFFD}9");
    }

    #[test]
    fn only_what_many_lines_have_is_named() {
        let mut shapes = Shapes::default();
        let many = std::iter::repeat_n(&b"123"[..], 1960);
        let few = std::iter::repeat_n(&b"Ann-1"[..], 20);
        let rare = std::iter::repeat_n(&b"O'Neil"[..], 19);
        shapes.add(many.chain(few).chain(rare), 1.0);
        assert_eq!(describe(&shapes.common()), "999 98 %, aaa-9 1 %");
        shapes.add(std::iter::repeat_n(&b"1"[..], 100), 1000.0);
        assert_eq!(describe(&shapes.common()), "9 98 %, 999 2 %");
        let mut small = Shapes::default();
        small.add(std::iter::repeat_n(&b"Ann"[..], 19), 1.0);
        assert_eq!(describe(&small.common()), "");
    }
}
