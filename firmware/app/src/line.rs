//! Key strokes -> one line: echo, correction, and what makes a line unfit to be asked.
//!
//! # Invariants
//! - A line that lost a byte, or has more than [`MAX_LINE_BYTES`], is never handed on:
//!   a shortened identifier is another identifier, and would be "not exposed".
//! - What the screen shows is what will be asked.
//! - The bytes are wiped when a line is cleared.

use embedded_io::Write;
use leaksieve_core::identifier::MAX_IDENTIFIER_BYTES;
use zeroize::Zeroize;

/// Longest line: as long as an identifier may be, 256 bytes.
pub const MAX_LINE_BYTES: usize = MAX_IDENTIFIER_BYTES;

const CTRL_C: u8 = 0x03;
const BACKSPACE: u8 = 0x08;
const TAB: u8 = b'\t';
const CTRL_U: u8 = 0x15;
const ESCAPE: u8 = 0x1B;
const DELETE: u8 = 0x7F;

/// The prompt, written before each line.
pub(crate) const PROMPT: &[u8] = b"> ";

/// A character that arrived damaged, or the one before which others were lost: the error of a
/// console that can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Garbled;

impl core::fmt::Display for Garbled {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a character was lost on the serial line")
    }
}

impl core::error::Error for Garbled {}

impl embedded_io::Error for Garbled {
    fn kind(&self) -> embedded_io::ErrorKind {
        embedded_io::ErrorKind::InvalidData
    }
}

/// How typed characters are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// As they were typed.
    Plain,
    /// One `*` each, for passwords.
    Stars,
}

/// What a person handed in with the return key.
#[derive(Debug, PartialEq, Eq)]
pub enum Submitted<'a> {
    /// A line, perhaps empty.
    Line(&'a [u8]),
    /// A line of more than [`MAX_LINE_BYTES`].
    TooLong,
    /// The serial line lost or mangled at least one character of it.
    Garbled,
}

/// Where in an escape sequence (ECMA-48, section 5.4) the input stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sequence {
    None,
    /// After ESC.
    Begun,
    /// After `ESC [` or `ESC O`, until a final byte.
    Control,
}

/// The line that is being typed.
pub struct LineEditor {
    bytes: [u8; MAX_LINE_BYTES],
    num_bytes: usize,
    too_long: bool,
    garbled: bool,
    sequence: Sequence,
    after_return: bool,
}

impl LineEditor {
    /// An empty line.
    pub const fn new() -> Self {
        Self {
            bytes: [0; MAX_LINE_BYTES],
            num_bytes: 0,
            too_long: false,
            garbled: false,
            sequence: Sequence::None,
            after_return: false,
        }
    }

    /// Take one byte from the console and echo it. True when the line was handed in:
    /// read it with [`submitted`](Self::submitted), then [`clear`](Self::clear).
    ///
    /// # Errors
    /// When the echo cannot be written.
    pub fn key<W: Write>(
        &mut self,
        byte: u8,
        echo: Echo,
        console: &mut W,
    ) -> Result<bool, W::Error> {
        let after_return = core::mem::take(&mut self.after_return);
        match self.sequence {
            Sequence::Begun => {
                self.sequence = match byte {
                    b'[' | b'O' => Sequence::Control,
                    _ => Sequence::None,
                };
                // The return key is never part of a sequence.
                if !matches!(byte, b'\r' | b'\n') {
                    return Ok(false);
                }
            }
            Sequence::Control => {
                if matches!(byte, 0x40..=0x7E | b'\r' | b'\n') {
                    self.sequence = Sequence::None;
                }
                if !matches!(byte, b'\r' | b'\n') {
                    return Ok(false);
                }
            }
            Sequence::None => {}
        }
        match byte {
            b'\n' if after_return => {}
            b'\r' | b'\n' => {
                self.after_return = byte == b'\r';
                console.write_all(b"\r\n")?;
                return Ok(true);
            }
            BACKSPACE | DELETE => self.erase(echo, console)?,
            CTRL_C | CTRL_U => {
                self.clear();
                console.write_all(b"\r\n")?;
                console.write_all(PROMPT)?;
            }
            ESCAPE => self.sequence = Sequence::Begun,
            TAB | 0x20.. => self.insert(byte, echo, console)?,
            // Any other control byte was not meant to vanish from an identifier.
            _ => self.lost(),
        }
        Ok(false)
    }

    /// A byte was lost on the way, so this line cannot be asked.
    pub fn lost(&mut self) {
        self.garbled = true;
    }

    /// What was handed in.
    pub fn submitted(&self) -> Submitted<'_> {
        if self.garbled {
            Submitted::Garbled
        } else if self.too_long {
            Submitted::TooLong
        } else {
            Submitted::Line(self.text())
        }
    }

    /// Wipe the line and begin a new one.
    pub fn clear(&mut self) {
        self.bytes.zeroize();
        self.num_bytes = 0;
        self.too_long = false;
        self.garbled = false;
    }

    fn text(&self) -> &[u8] {
        self.bytes.get(..self.num_bytes).unwrap_or(&[])
    }

    fn insert<W: Write>(&mut self, byte: u8, echo: Echo, console: &mut W) -> Result<(), W::Error> {
        let Some(place) = self.bytes.get_mut(self.num_bytes) else {
            self.too_long = true;
            return Ok(());
        };
        *place = byte;
        self.num_bytes += 1;
        show(&[byte], echo, console)
    }

    /// Take the last character off: in UTF-8 (RFC 3629) a first byte and up to three
    /// that continue it.
    fn erase<W: Write>(&mut self, echo: Echo, console: &mut W) -> Result<(), W::Error> {
        let mut first = self.num_bytes;
        while first > 0 && self.num_bytes - first < 4 {
            first -= 1;
            if self
                .bytes
                .get(first)
                .is_none_or(|byte| !is_continuation(*byte))
            {
                break;
            }
        }
        if first == self.num_bytes {
            return Ok(());
        }
        let erased = self
            .bytes
            .get_mut(first..self.num_bytes)
            .unwrap_or_default();
        let is_one_column = erased.len() == 1 || echo == Echo::Stars;
        erased.zeroize();
        self.num_bytes = first;
        if is_one_column {
            return console.write_all(b"\x08 \x08");
        }
        // A character outside ASCII may be two columns wide: write the line anew.
        console.write_all(b"\r\x1b[K")?;
        console.write_all(PROMPT)?;
        show(self.text(), echo, console)
    }
}

impl Default for LineEditor {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for LineEditor {
    fn drop(&mut self) {
        self.clear();
    }
}

const fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

fn show<W: Write>(bytes: &[u8], echo: Echo, console: &mut W) -> Result<(), W::Error> {
    for &byte in bytes {
        match echo {
            Echo::Plain if byte == TAB => console.write_all(b" ")?,
            Echo::Plain => console.write_all(&[byte])?,
            Echo::Stars if is_continuation(byte) => {}
            Echo::Stars => console.write_all(b"*")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// Types `keys` and gives each line that was handed in, and all that was echoed.
    fn type_keys(keys: &[u8], echo: Echo) -> (Vec<Vec<u8>>, Vec<u8>) {
        let mut editor = LineEditor::new();
        let (mut lines, mut screen) = (Vec::new(), Vec::new());
        for &key in keys {
            if editor.key(key, echo, &mut screen).unwrap() {
                if let Submitted::Line(line) = editor.submitted() {
                    lines.push(line.to_vec());
                } else {
                    lines.push(b"<unfit>".to_vec());
                }
                editor.clear();
            }
        }
        (lines, screen)
    }

    fn lines(keys: &[u8]) -> Vec<Vec<u8>> {
        type_keys(keys, Echo::Plain).0
    }

    #[test]
    fn cr_lf_and_crlf_each_end_one_line() {
        let expected = [b"a".to_vec(), b"b".to_vec()];
        for keys in [&b"a\rb\r"[..], b"a\nb\n", b"a\r\nb\r\n"] {
            assert_eq!(lines(keys), expected, "{keys:?}");
        }
        assert_eq!(lines(b"a\n\r"), [b"a".to_vec(), Vec::new()]);
        assert_eq!(lines(b"\r\r\n\n"), [&b""[..], b"", b""]);
    }

    #[test]
    fn backspace_takes_whole_characters() {
        assert_eq!(lines("13é\x7f8\r".as_bytes()), [b"138"]);
        assert_eq!(lines("１２３\x08\x08\r".as_bytes()), ["１".as_bytes()]);
        assert_eq!(lines(b"ab\x7f\x7f\x7f\x7fc\r"), [b"c"]);
        // Bytes that are no UTF-8: at most four go at once.
        assert_eq!(lines(b"a\x80\x80\x80\x80\x80\x7f\r"), [b"a\x80"]);
    }

    #[test]
    fn wide_characters_are_erased_by_writing_the_line_anew() {
        let (_, screen) = type_keys("a１\x7f".as_bytes(), Echo::Plain);
        assert_eq!(screen, "a１\r\x1b[K> a".as_bytes());
        let (_, screen) = type_keys(b"ab\x7f", Echo::Plain);
        assert_eq!(screen, b"ab\x08 \x08");
    }

    #[test]
    fn ctrl_c_and_ctrl_u_begin_a_new_line() {
        assert_eq!(lines(b"abc\x03de\x15f\r"), [b"f"]);
        let mut long = [b'x'; 300].to_vec();
        long.extend_from_slice(b"\x15ok\r");
        assert_eq!(lines(&long), [b"ok"]);
    }

    #[test]
    fn escape_sequences_are_ignored() {
        assert_eq!(lines(b"1\x1b[A2\x1b[1;5C3\x1bOP4\x1bx5\r"), [b"12345"]);
        assert_eq!(lines(b"12\x1b\r34\x1b[\r"), [b"12", b"34"]);
    }

    #[test]
    fn longest_line_is_taken_and_a_longer_one_is_refused_whole() {
        let mut keys = [b'1'; MAX_LINE_BYTES].to_vec();
        keys.push(b'\r');
        assert_eq!(lines(&keys), [[b'1'; MAX_LINE_BYTES].to_vec()]);
        let mut keys = [b'1'; MAX_LINE_BYTES + 1].to_vec();
        // Erasing does not bring back what did not fit.
        keys.extend_from_slice(b"\x7f\x7f\rnext\r");
        assert_eq!(lines(&keys), [&b"<unfit>"[..], b"next"]);
    }

    #[test]
    fn lost_byte_makes_the_line_unfit() {
        let mut editor = LineEditor::new();
        let mut screen = Vec::new();
        editor.key(b'1', Echo::Plain, &mut screen).unwrap();
        editor.lost();
        assert!(editor.key(b'\r', Echo::Plain, &mut screen).unwrap());
        assert_eq!(editor.submitted(), Submitted::Garbled);
        editor.clear();
        assert_eq!(editor.submitted(), Submitted::Line(b""));
    }

    #[test]
    fn passwords_are_shown_as_one_star_a_character() {
        let (typed, screen) = type_keys("pä１\x7fs\r".as_bytes(), Echo::Stars);
        assert_eq!(typed, ["päs".as_bytes()]);
        assert_eq!(screen, b"***\x08 \x08*\r\n");
    }

    #[test]
    fn cleared_line_leaves_no_byte() {
        let mut editor = LineEditor::new();
        for byte in *b"13800138000" {
            editor.key(byte, Echo::Plain, &mut Vec::new()).unwrap();
        }
        editor.clear();
        assert!(editor.bytes.iter().all(|byte| *byte == 0));
    }
}
