//! Key strokes -> one line: echo, correction, and what makes a line unfit to be asked.
//!
//! # Invariants
//! - A line that lost a byte, or has more than [`MAX_LINE_BYTES`], is never handed on:
//!   a shortened identifier is another identifier, and would be "not exposed".
//! - What the screen shows is what will be asked. A key that is no text, such as an arrow, makes the
//!   line unfit; so does a beginning that is ours, a prompt or a verdict, which a terminal sent back.
//! - The bytes are wiped when a line is cleared.

use embedded_io::Write;
use leaksieve_core::identifier::MAX_IDENTIFIER_BYTES;
use zeroize::Zeroize;

/// Longest line: as long as an identifier may be, 256 bytes.
pub const MAX_LINE_BYTES: usize = MAX_IDENTIFIER_BYTES;

const CTRL_C: u8 = 0x03;
const BACKSPACE: u8 = 0x08;
const CTRL_U: u8 = 0x15;
const DELETE: u8 = 0x7F;

/// From here on a line may reach beyond the right edge of a terminal, where no backspace goes back
/// to the row above.
const MAX_ROW_BYTES: usize = 36;

/// The prompt, written before each line.
pub(crate) const PROMPT: &[u8] = b"> ";

/// What a verdict begins with: no line that a person asks.
const VERDICTS: [&[u8]; 3] = [b"EXPOSED ", b"not exposed: ", b"cannot say"];

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
    /// The serial line lost or mangled at least one character of it, or a key was pressed that is
    /// no text, or its beginning is not what was typed.
    Garbled,
}

/// The line that is being typed.
pub struct LineEditor {
    bytes: [u8; MAX_LINE_BYTES],
    num_bytes: usize,
    too_long: bool,
    garbled: bool,
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
        match byte {
            b'\n' if after_return => {}
            b'\r' | b'\n' => {
                self.after_return = byte == b'\r';
                console.write_all(b"\r\n")?;
                return Ok(true);
            }
            CTRL_C | CTRL_U => {
                self.clear();
                console.write_all(b"\r\n")?;
                console.write_all(PROMPT)?;
            }
            // Not shown any more: a terminal that sends back what it gets would go on for ever.
            _ if self.garbled => {}
            BACKSPACE | DELETE => self.erase(echo, console)?,
            0x20.. if !self.is_control(byte) => self.insert(byte, echo, console)?,
            // What other keys send: arrows, Home, Alt, Tab. None is an editing key here, and none was
            // meant to vanish from an identifier.
            _ => self.lost(),
        }
        Ok(false)
    }

    /// A byte was lost on the way, so this line cannot be asked.
    pub fn lost(&mut self) {
        self.garbled = true;
    }

    /// Take a byte that nobody may have typed. Only a line of which nothing came may be asked.
    pub(crate) fn skip(&mut self, byte: u8) {
        self.clear();
        self.garbled = !matches!(byte, b'\r' | b'\n');
    }

    /// Whoever typed this has gone. What comes now is the end of another line.
    pub(crate) fn abandon(&mut self) {
        if self.num_bytes != 0 || self.too_long {
            self.clear();
            self.lost();
        }
    }

    /// Is a whole line what a terminal sent back, and not what a person typed? With stars, also a
    /// line of them.
    pub(crate) fn is_sent_back(&self, echo: Echo) -> bool {
        let is_of_stars = self.num_bytes != 0 && self.text().iter().all(|byte| *byte == b'*');
        self.is_ours() || echo == Echo::Stars && is_of_stars
    }

    /// Is it our prompt, or does it begin as a verdict?
    fn is_ours(&self) -> bool {
        let text = self.text();
        text == PROMPT || VERDICTS.iter().any(|begin| text.starts_with(begin))
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
        if self.is_ours() {
            // Known from here on, whatever follows.
            self.lost();
        }
        show(&[byte], echo, console)
    }

    /// Would a terminal take this byte for a command? In UTF-8 these are U+0080 to U+009F; of 8-bit
    /// codes those that begin a sequence (ECMA-48, table 2b). The others may be letters of
    /// another encoding.
    fn is_control(&self, byte: u8) -> bool {
        if !matches!(byte, 0x80..=0x9F) {
            return false;
        }
        match core::str::from_utf8(self.text()) {
            Err(error) if error.error_len().is_none() => self.text().last() == Some(&0xC2),
            _ => matches!(byte, 0x8E..=0x90 | 0x98 | 0x9B..),
        }
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
        let is_one_row = self.num_bytes < MAX_ROW_BYTES;
        let erased = self
            .bytes
            .get_mut(first..self.num_bytes)
            .unwrap_or_default();
        let is_one_column = matches!(erased, [..0x80]);
        erased.zeroize();
        self.num_bytes = first;
        if is_one_column && is_one_row {
            return console.write_all(b"\x08 \x08");
        }
        // A character outside ASCII may have two columns, or none: write the line anew. The
        // sequence comes first: a terminal that sends all back hands no shorter line in.
        console.write_all(if is_one_row {
            b"\x1b[2K\r"
        } else {
            b"\x1b[m\r\n"
        })?;
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
    use std::format;
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
        assert_eq!(screen, "a１\x1b[2K\r> a".as_bytes());
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

    /// Arrows, Home, function keys, Alt, a terminal's reports, pastes in brackets, and 8-bit codes.
    #[test]
    fn escape_sequences_make_the_line_unfit() {
        for sequence in [
            &b"\x1b"[..],
            b"\x1b[A",
            b"\x1b[1;5C",
            b"\x1b[3~",
            b"\x1bOP",
            b"\x1bh",
            b"\x1b]11;rgb:0/0/0\x07",
            b"\x1bP1$r0m\x1b\\",
            b"\x1b[200~",
            b"\x9bA",
            b"\x8fP",
            b"\x9d0;title\x9c",
            b"\xc2\x9bA",
            b"\xc2\x85",
            b"\x01",
            b"\x17",
        ] {
            for keys in [
                [sequence, b"hunter2\rnext\r"],
                [&[b"hun", sequence].concat()[..], b"ter2\rnext\r"],
                [&[b"hunter2", sequence].concat(), b"\rnext\r"],
                // What follows cannot be taken off to make it fit again.
                [&[b"hunter2", sequence].concat(), b"\x7f\x7f\x7f\rnext\r"],
            ] {
                for echo in [Echo::Plain, Echo::Stars] {
                    let (lines, _) = type_keys(&keys.concat(), echo);
                    assert_eq!(lines, [&b"<unfit>"[..], b"next"], "{keys:?}");
                }
            }
            let keys = [b"12", sequence, b"\x15hunter2\r"].concat();
            assert_eq!(lines(&keys), [b"hunter2"]);
        }
        // Letters have such bytes, too.
        let letters = "ÀÉßłя中😀";
        assert_eq!(
            lines(format!("{letters}\r").as_bytes()),
            [letters.as_bytes()]
        );
    }

    #[test]
    fn what_is_ours_makes_the_line_unfit() {
        for verdict in [
            "EXPOSED in Forum",
            "not exposed: not in Forum",
            "cannot say: no",
        ] {
            assert_eq!(lines(format!("{verdict}\r").as_bytes()), [b"<unfit>"]);
        }
        assert_eq!(lines(b"> alice\r"), [b"<unfit>"]);
        assert_eq!(lines(b">x\x7f alice\r"), [b"<unfit>"]);
        assert_eq!(lines(b"> \x7f\x7falice\r"), [b"<unfit>"]);
        assert_eq!(
            lines(b">alice\r >\ra> b\r"),
            [&b">alice"[..], b" >", b"a> b"]
        );
        assert_eq!(lines(b"> \x15alice\r"), [b"alice"]);
    }

    #[test]
    fn line_that_may_be_in_a_second_row_is_written_anew() {
        let (_, screen) = type_keys(&[[b'x'; 40].as_slice(), b"\x7f"].concat(), Echo::Plain);
        let expected = ["x".repeat(40), "\x1b[m\r\n> ".into(), "x".repeat(39)].concat();
        assert_eq!(screen, expected.as_bytes());
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
        assert_eq!(screen, b"***\x1b[2K\r> ***\r\n");
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
