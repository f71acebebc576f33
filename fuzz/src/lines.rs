//! Streams that come in pieces, as lines: those of a plain split.
//!
//! Input: bytes of a piece (u16), how long a line is put into the text of one input in 64,
//! and where (u8, u16), then the text.

use std::io::{self, Read};

use leaksieve::input::source::{LineBatches, MAX_RECORD_BYTES, split_lines};

use crate::input::{Input, is_one_in};

/// A batch, and the longest line that is kept whole.
const BATCH_BYTES: usize = 1 << 20;

/// Run one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let step = 1 + usize::from(input.u16());
    let stretch = input.byte();
    let at = usize::from(input.u16());
    let mut text = input.rest().to_vec();
    if is_one_in(data, 64) {
        let at = at.min(text.len());
        let num_bytes = usize::from(stretch) * (BATCH_BYTES / 96);
        text.splice(at..at, std::iter::repeat_n(b'x', num_bytes));
    }
    let expected = plain(&text);
    // A prompt batch makes room for 64 KiB with each piece.
    let step = step.max(text.len() / 64);
    let stream = || Pieces { rest: &text, step };
    compare(&lines(LineBatches::new(stream())), &expected);
    compare(&lines(LineBatches::new(stream()).prompt()), &expected);
}

/// Gives a few bytes at a time, as a pipe does.
struct Pieces<'a> {
    rest: &'a [u8],
    step: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let num_bytes = self.step.min(self.rest.len()).min(buffer.len());
        let (now, later) = self.rest.split_at(num_bytes);
        buffer[..num_bytes].copy_from_slice(now);
        self.rest = later;
        Ok(num_bytes)
    }
}

fn lines(mut batches: LineBatches<Pieces<'_>>) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    loop {
        assert_eq!(batches.next_line(), lines.len() as u64 + 1);
        let Some(batch) = batches.next_batch().expect("a slice that can be read") else {
            return lines;
        };
        assert!(!batch.is_empty() && batch.len() <= BATCH_BYTES + 1);
        lines.extend(split_lines(&batch).map(<[u8]>::to_vec));
    }
}

/// The lines of a text without LF and the CR before it, and without a byte order mark; what
/// stands behind the last LF is one if it is not empty.
pub(crate) fn plain(text: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    lines.pop_if(|last| last.is_empty());
    for line in &mut lines {
        let end = line.iter().rposition(|byte| *byte != b'\r');
        *line = &line[..end.map_or(0, |last| last + 1)];
        *line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
    }
    lines
}

/// A line over the limit may be cut, but not to what could be an identifier.
fn compare(found: &[Vec<u8>], expected: &[&[u8]]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        if expected.len() + 2 < BATCH_BYTES {
            assert!(found == expected);
        } else {
            assert!(found.len() > MAX_RECORD_BYTES && expected.starts_with(found));
        }
    }
}
