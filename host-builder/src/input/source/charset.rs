//! Text of another charset -> UTF-8, before it is split into lines.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use encoding_rs::{Decoder, DecoderResult, Encoding, REPLACEMENT, UTF_8};

use super::error::SourceError;
use super::input::Input;

/// Stands for bytes that are not of the charset. UTF-8 has no such byte, so a record that
/// holds it is known, and is rejected.
pub(super) const MALFORMED: u8 = 0xFF;
/// Bytes that are decoded at a time.
const BUFFER_BYTES: usize = 1 << 16;
/// So many characters outside ASCII, and no error: the text is UTF-8. Text of another
/// charset is so by chance for a word, but not for several.
const MIN_UTF_8_CHARACTERS: usize = 10;

/// A charset, by one of the labels that the WHATWG has for it ("Encoding", section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Charset(&'static Encoding);

/// There is no charset of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no charset of that name; known are utf-8, gb18030, gbk, big5, shift_jis, euc-jp, euc-kr, \
     windows-1250 to windows-1258, iso-8859-2 to iso-8859-16, koi8-r, utf-16le, utf-16be; \
     convert UTF-32: iconv -f UTF-32 -t UTF-8 FILE"
)]
pub struct UnknownCharset;

impl FromStr for Charset {
    type Err = UnknownCharset;

    fn from_str(label: &str) -> Result<Self, UnknownCharset> {
        match Encoding::for_label(label.as_bytes()) {
            // It decodes nothing: charsets that are not safe to read.
            Some(encoding) if encoding != REPLACEMENT => Ok(Self(encoding)),
            _ => Err(UnknownCharset),
        }
    }
}

impl fmt::Display for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

impl Charset {
    /// Refuse text whose byte order mark says that it is of another charset.
    pub(super) fn check_mark(self, input: &Input, start: &[u8]) -> Result<(), SourceError> {
        match Encoding::for_bom(start) {
            Some((marked, _)) if marked != self.0 => Err(SourceError::OtherCharset {
                input: input.clone(),
                marked: marked.name().to_ascii_lowercase(),
                given: self.to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// What a stream of this charset says, as UTF-8, with a [`MALFORMED`] for what is none
    /// of it.
    pub(super) fn decode<R: Read>(self, reader: R) -> impl Read {
        Decoded {
            reader,
            charset: self.0,
            decoder: self.0.new_decoder_with_bom_removal(),
            encoded: Vec::new(),
            num_decoded: 0,
            text: Vec::new(),
            num_given: 0,
            is_begun: false,
            is_ended: false,
        }
    }
}

struct Decoded<R> {
    reader: R,
    charset: &'static Encoding,
    decoder: Decoder,
    encoded: Vec<u8>,
    num_decoded: usize,
    text: Vec<u8>,
    num_given: usize,
    is_begun: bool,
    is_ended: bool,
}

impl<R: Read> Decoded<R> {
    /// Decode the next piece.
    fn fill(&mut self) -> io::Result<()> {
        let mut is_last = false;
        if self.num_decoded == self.encoded.len() {
            self.num_decoded = 0;
            self.encoded.clear();
            let wanted = BUFFER_BYTES as u64;
            let read = (&mut self.reader)
                .take(wanted)
                .read_to_end(&mut self.encoded)?;
            is_last = read == 0;
            if !std::mem::replace(&mut self.is_begun, true) && self.is_utf_8_already() {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!(
                        "the text is UTF-8 and not {}: give no charset",
                        self.charset.name()
                    ),
                ));
            }
        }
        self.text.resize(BUFFER_BYTES * 2, 0);
        self.num_given = 0;
        let (result, num_read, num_written) = self.decoder.decode_to_utf8_without_replacement(
            &self.encoded[self.num_decoded..],
            &mut self.text,
            is_last,
        );
        self.num_decoded += num_read;
        self.text.truncate(num_written);
        match result {
            DecoderResult::Malformed(..) => self.text.push(MALFORMED),
            DecoderResult::InputEmpty => self.is_ended = is_last,
            DecoderResult::OutputFull => {}
        }
        Ok(())
    }

    fn is_utf_8_already(&self) -> bool {
        // (UTF-16 is no other reading of it: it has no line ends then.)
        if self.charset == UTF_8 || !self.charset.is_ascii_compatible() {
            return false;
        }
        // A character may be cut at the end.
        let valid = match std::str::from_utf8(&self.encoded) {
            Ok(text) => text,
            Err(error) if error.error_len().is_none() => {
                std::str::from_utf8(&self.encoded[..error.valid_up_to()]).unwrap_or_default()
            }
            Err(_) => return false,
        };
        valid.chars().filter(|c| !c.is_ascii()).count() >= MIN_UTF_8_CHARACTERS
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.num_given == self.text.len() {
            if self.is_ended {
                return Ok(0);
            }
            self.fill()?;
        }
        let num_bytes = buffer.len().min(self.text.len() - self.num_given);
        buffer[..num_bytes].copy_from_slice(&self.text[self.num_given..self.num_given + num_bytes]);
        self.num_given += num_bytes;
        Ok(num_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a stream says that comes a few bytes at a time.
    fn decoded(label: &str, bytes: &[u8]) -> Vec<u8> {
        struct Trickle<'a>(&'a [u8]);
        impl Read for Trickle<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let num_bytes = buffer.len().min(3);
                self.0.read(&mut buffer[..num_bytes])
            }
        }
        let charset: Charset = label.parse().unwrap();
        let mut text = Vec::new();
        let mut reader = charset.decode(Trickle(bytes));
        reader.read_to_end(&mut text).unwrap();
        text
    }

    #[test]
    fn charsets() {
        for (label, bytes, text) in [
            (
                "gb18030",
                &b"\xD5\xC5\xC8\xFD,1\n"[..],
                "张三,1\n".as_bytes(),
            ),
            ("GBK", b"\xCA\xD6\xBB\xFA", "手机".as_bytes()),
            ("big5", b"\xB1i\xA4T", "張三".as_bytes()),
            ("shift_jis", b"\x83\x5C\x83\x7C", "ソポ".as_bytes()),
            ("latin1", b"m\xFCller\n", "müller\n".as_bytes()),
            ("windows-1252", b"\x80", "€".as_bytes()),
            ("utf-16le", b"a\0\n\0", b"a\n"),
            ("utf-16le", b"\xFF\xFEa\0", b"a"),
            ("utf-16be", b"\xFE\xFF\0a\xD8\x3D\xDE\x00", "a😀".as_bytes()),
            ("utf-8", b"\xEF\xBB\xBFa\xC3\xA9", "aé".as_bytes()),
            // What is malformed stays, as a byte that no text has.
            ("utf-8", b"a\xC3\nb", b"a\xFF\nb"),
            ("gb18030", b"a\x81\nb\x81", b"a\xFF\nb\xFF"),
            ("utf-16le", b"a\0\0\xD8\n\0b", b"a\xFF\n\xFF"),
        ] {
            assert_eq!(decoded(label, bytes), text, "{label}: {bytes:?}");
        }
        let long = "é".repeat(200_000);
        let bytes: Vec<u8> = vec![0xE9; 200_000];
        assert_eq!(decoded("windows-1252", &bytes), long.as_bytes());
        for label in ["utf-7", "hz-gb-2312", "iso-2022-kr", ""] {
            assert_eq!(label.parse::<Charset>(), Err(UnknownCharset));
        }
    }

    /// Text that is UTF-8 would become other characters, without an error.
    #[test]
    fn text_that_is_utf_8_already() {
        let charset: Charset = "gb18030".parse().unwrap();
        let read = |text: &str| charset.decode(text.as_bytes()).read_to_end(&mut Vec::new());
        assert!(read(&"张三,1\n".repeat(9)).is_err());
        assert!(read(&"ann\n".repeat(9)).is_ok());
        let mark = |start| charset.check_mark(&Input::Stdin, start);
        assert!(mark(b"a").is_ok());
        assert!(mark(b"\xEF\xBB\xBFa").is_err() && mark(b"\xFF\xFEa").is_err());
    }
}
