//! The device's own log: defmt frames, turned to text with the tables of its ELF.

use std::fs;

use anyhow::{Context, Result, bail};
use defmt_decoder::{DecodeError, Table};
use testkit::emulator::Emulator;
use testkit::firmware::Stack;

/// What a board has logged so far, as text.
///
/// # Errors
/// When it cannot be decoded.
pub fn of(board: &Emulator) -> Result<Vec<String>> {
    decode(&fs::read(board.elf())?, &board.raw_log()?)
}

/// The lines that the frames say, such as `INFO  filter opened`.
fn decode(elf: &[u8], frames: &[u8]) -> Result<Vec<String>> {
    let table = Table::parse(elf)?.context("the firmware has no defmt tables")?;
    let mut decoder = table.new_stream_decoder();
    decoder.received(frames);
    let mut lines = Vec::new();
    loop {
        match decoder.decode() {
            Ok(frame) => lines.push(frame.display(false).to_string()),
            Err(DecodeError::UnexpectedEof) => return Ok(lines),
            Err(DecodeError::Malformed) => bail!(
                "the log makes no sense after {} lines: is the ELF that of the program that ran?",
                lines.len()
            ),
        }
    }
}

/// The deepest `stack high-water N bytes of M` in a log: there is one after mounting and
/// one after each question.
pub fn deepest_stack(lines: &[String]) -> Option<Stack> {
    lines
        .iter()
        .filter_map(|line| {
            let (_, after) = line.split_once("stack high-water ")?;
            let mut numbers = after
                .split(|letter: char| !letter.is_ascii_digit())
                .filter(|word| !word.is_empty())
                .map(str::parse);
            Some(Stack {
                used_bytes: numbers.next()?.ok()?,
                available_bytes: numbers.next()?.ok()?,
            })
        })
        .max_by_key(|stack| stack.used_bytes)
}

#[cfg(test)]
mod tests {
    use super::{Stack, deepest_stack};

    #[test]
    fn the_deepest_high_water_mark_counts() {
        let lines = [
            "INFO  stack high-water 10 bytes of 50000",
            "INFO  stack high-water 2048 bytes of 50000 ",
            "INFO  stack high-water 12 bytes of 50000",
            "INFO  x",
        ]
        .map(String::from);
        let expected = Stack {
            used_bytes: 2048,
            available_bytes: 50_000,
        };
        assert_eq!(deepest_stack(&lines), Some(expected));
        assert_eq!(deepest_stack(&lines[3..]), None);
    }
}
