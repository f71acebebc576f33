//! Bytes -> batches of whole lines.

use std::io::{self, Read};

use super::error::SourceError;
use super::input::{Input, MAX_RECORD_BYTES};

/// Bytes of a batch; also the longest line that is kept whole.
pub(crate) const BATCH_BYTES: usize = 1 << 20;
/// Bytes of a prompt batch.
const PROMPT_BATCH_BYTES: usize = 1 << 16;
const _: () = assert!(MAX_RECORD_BYTES < BATCH_BYTES);

/// Splits a stream into batches of whole lines of about 1 MiB. A line that is longer
/// is cut to that length: it stays one line, far over [`MAX_RECORD_BYTES`].
pub struct LineBatches<R> {
    reader: R,
    /// The start of a line, whose rest is still to be read.
    carry: Vec<u8>,
    next_line: u64,
    skipping: bool,
    at_end: bool,
    prompt: bool,
}

impl<R: Read> LineBatches<R> {
    /// Split this stream.
    pub const fn new(reader: R) -> Self {
        Self {
            reader,
            carry: Vec::new(),
            next_line: 1,
            skipping: false,
            at_end: false,
            prompt: false,
        }
    }

    /// Give whole lines as soon as one was read, at most about 64 KiB of them: whoever
    /// writes them may wait for an answer before the next.
    #[must_use]
    pub const fn prompt(mut self) -> Self {
        self.prompt = true;
        self
    }

    /// Number of the first line of the next batch, counted from 1.
    pub const fn next_line(&self) -> u64 {
        self.next_line
    }

    /// The next lines, with their ends; never empty.
    ///
    /// # Errors
    /// What the reader said.
    pub fn next_batch(&mut self) -> io::Result<Option<Vec<u8>>> {
        while !self.at_end {
            let mut batch = std::mem::take(&mut self.carry);
            self.fill(&mut batch)?;
            if self.skipping {
                match memchr::memchr(b'\n', &batch) {
                    Some(end) => {
                        batch.drain(..=end);
                        self.skipping = false;
                    }
                    None => continue,
                }
            }
            if !self.at_end {
                match memchr::memrchr(b'\n', &batch) {
                    Some(last) => self.carry = batch.split_off(last + 1),
                    // A full batch of one line: give what there is, drop the rest. (After
                    // skipping, the batch is not full, and is filled up first.)
                    None if batch.len() >= BATCH_BYTES => {
                        self.skipping = true;
                        batch.push(b'\n');
                    }
                    None => {
                        self.carry = batch;
                        continue;
                    }
                }
            }
            if !batch.is_empty() {
                self.next_line += count(&batch);
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// Read until the batch is full or the stream ends; a prompt one, just once.
    fn fill(&mut self, batch: &mut Vec<u8>) -> io::Result<()> {
        if self.prompt {
            return self.read_once(batch);
        }
        let wanted = BATCH_BYTES.saturating_sub(batch.len());
        batch.reserve_exact(wanted + 1);
        let read = (&mut self.reader).take(wanted as u64).read_to_end(batch)?;
        self.at_end = read < wanted;
        Ok(())
    }

    fn read_once(&mut self, batch: &mut Vec<u8>) -> io::Result<()> {
        let start = batch.len();
        batch.resize((start + PROMPT_BATCH_BYTES).min(BATCH_BYTES), 0);
        let read = loop {
            match self.reader.read(&mut batch[start..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        batch.truncate(start + *read.as_ref().unwrap_or(&0));
        self.at_end = read? == 0;
        Ok(())
    }
}

/// How many lines [`split`] gives.
fn count(bytes: &[u8]) -> u64 {
    let is_open = bytes.last().is_some_and(|last| *last != b'\n');
    memchr::memchr_iter(b'\n', bytes).count() as u64 + u64::from(is_open)
}

/// The lines of a batch, without LF, CR LF or CR CR LF, and without the byte order mark
/// that files joined to one have in the middle. What stands behind the last LF is a line if
/// it is not empty.
pub fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (line, later) = rest.split_at(line_length(rest));
        rest = later.get(1..).unwrap_or(&[]);
        Some(without_mark(without_returns(line)))
    })
}

/// A line without the carriage returns at its end.
#[inline]
pub(crate) fn without_returns(mut line: &[u8]) -> &[u8] {
    while let [start @ .., b'\r'] = line {
        line = start;
    }
    line
}

/// A line without the byte order mark at its start.
#[inline]
pub(crate) fn without_mark(line: &[u8]) -> &[u8] {
    match line {
        [0xEF, 0xBB, 0xBF, rest @ ..] => rest,
        _ => line,
    }
}

/// Bytes before the first LF, or all. A line of up to 15 bytes is a telephone number as
/// likely as not, and is found without a call.
#[inline]
fn line_length(bytes: &[u8]) -> usize {
    const EACH: u128 = u128::from_le_bytes([1; 16]);
    if let Some(first) = bytes.first_chunk() {
        // The lowest byte that is LF is the lowest that borrows (Warren, "Hacker's
        // Delight", section 6-1).
        let differences = u128::from_le_bytes(*first) ^ (EACH * b'\n' as u128);
        let is_lf = differences.wrapping_sub(EACH) & !differences & (EACH << 7);
        if is_lf != 0 {
            return is_lf.trailing_zeros() as usize / 8;
        }
    }
    memchr::memchr(b'\n', bytes).unwrap_or(bytes.len())
}

/// The next lines, and the number of the first.
pub(super) fn next_batch(
    input: &Input,
    batches: &mut LineBatches<impl Read>,
) -> Result<Option<(u64, Vec<u8>)>, SourceError> {
    let first_line = batches.next_line();
    match batches.next_batch() {
        Ok(batch) => Ok(batch.map(|bytes| (first_line, bytes))),
        Err(error) => Err(SourceError::Read {
            input: input.clone(),
            line: first_line - 1,
            error,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time, as a pipe does.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let num_bytes = self.1.min(self.0.len()).min(buffer.len());
            let (now, later) = self.0.split_at(num_bytes);
            buffer[..num_bytes].copy_from_slice(now);
            self.0 = later;
            Ok(num_bytes)
        }
    }

    fn lines_of(text: &[u8], step: usize) -> Vec<(u64, Vec<u8>)> {
        let lines = lines_in(LineBatches::new(Trickle(text, step)));
        let prompt = lines_in(LineBatches::new(Trickle(text, step)).prompt());
        assert!(lines == prompt);
        lines
    }

    fn lines_in(mut batches: LineBatches<Trickle<'_>>) -> Vec<(u64, Vec<u8>)> {
        let mut lines = Vec::new();
        loop {
            let first = batches.next_line();
            let Some(batch) = batches.next_batch().unwrap() else {
                return lines;
            };
            assert!(batch.len() <= BATCH_BYTES + 1);
            lines.extend((first..).zip(split(&batch).map(<[u8]>::to_vec)));
        }
    }

    fn oracle(text: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
        if lines.last().is_some_and(|line| line.is_empty()) {
            lines.pop();
        }
        (1..)
            .zip(lines.iter().map(|line| {
                let end = line.iter().rposition(|byte| *byte != b'\r');
                let line = &line[..end.map_or(0, |last| last + 1)];
                line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).to_vec()
            }))
            .collect()
    }

    #[test]
    fn as_a_plain_split() {
        let mut long = Vec::new();
        for i in 0..300_000u64 {
            long.extend_from_slice(format!("line {}\r\n", i * i).as_bytes());
        }
        for text in [
            b"".as_slice(),
            b"a",
            b"a\n",
            b"\n",
            b"\n\n",
            b"a\r\nb\r\n",
            b"a\n\nb",
            b"\r\n",
            b"a\r\r\nb\r\r\n\r\r\n",
            b"a\n\xEF\xBB\xBFb\nc\xEF\xBB\xBF\n\xEF\xBB\xBF\n",
            &long,
        ] {
            for step in [1, 7, 4096, usize::MAX] {
                if text.len() < 100 || step > 1000 {
                    assert_eq!(lines_of(text, step), oracle(text));
                }
            }
        }
    }

    #[test]
    fn prompt_batches_are_given_before_the_next_read() {
        let mut batches = LineBatches::new(Trickle(b"a\nb\nc", 2)).prompt();
        for (text, num_unread) in [(&b"a\n"[..], 3), (b"b\n", 1), (b"c", 0)] {
            assert_eq!(batches.next_batch().unwrap().unwrap(), text);
            assert_eq!(batches.reader.0.len(), num_unread);
        }
        assert!(batches.next_batch().unwrap().is_none());
    }

    #[test]
    fn a_line_over_the_limit_is_one_line_and_takes_no_memory() {
        let mut text = b"before\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', 5 * BATCH_BYTES));
        text.extend_from_slice(b"\nafter\n");
        let lines = lines_of(&text, 100_000);
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0], (1, b"before".to_vec()));
        assert_eq!(lines[1].0, 2);
        assert!(lines[1].1.len() > MAX_RECORD_BYTES);
        assert_eq!(lines[2], (3, b"after".to_vec()));
        // The same at the end of the stream, without a line end.
        let endless = vec![b'x'; 3 * BATCH_BYTES];
        assert_eq!(lines_of(&endless, 1 << 16).len(), 1);
    }
}
