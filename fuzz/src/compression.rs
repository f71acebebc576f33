//! Compressed streams: of any bytes, whole, in parts, cut and changed.
//!
//! Input: what is done (u8), where (u16), the change (u8), then the stream, or what is to
//! be compressed.

use std::io::{Read, Write};

use flate2::write::GzEncoder;
use leaksieve::input::source::{self, Input as List, SourceError};
use liblzma::write::XzEncoder;

use crate::input::Input;

/// Most that is read of a stream.
const MAX_BYTES: u64 = 1 << 20;
/// Fewer bytes do not tell what a stream is.
const MIN_KNOWN_BYTES: usize = 6;

/// Run one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let selector = input.byte();
    let at = usize::from(input.u16());
    let change = input.byte();
    let text = input.rest();
    let compress: fn(&[u8]) -> Vec<u8> = match selector % 4 {
        0 => {
            let _ = content(text);
            return;
        }
        1 => gzip,
        2 => zstd,
        _ => xz,
    };
    // What is compressed must be text: within a stream nothing else is read.
    let expected = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    if !content(text).is_ok_and(|content| content == expected) {
        return;
    }
    let expected = expected.to_vec();
    let whole = compress(text);
    match selector / 4 % 4 {
        0 => assert_eq!(content(&whole).ok(), Some(expected)),
        // In two parts.
        1 => {
            let (first, second) = text.split_at(at % (text.len() + 1));
            let joined = [compress(first), compress(second)].concat();
            assert_eq!(content(&joined).ok(), Some(expected));
        }
        2 => {
            let end = at % whole.len();
            assert!(content(&whole[..end]).is_err() || end < MIN_KNOWN_BYTES);
        }
        // An error, or the same: the checksum sees to it.
        _ => {
            let at = at % whole.len();
            let mut changed = whole;
            changed[at] ^= change;
            match content(&changed) {
                Ok(found) => assert!(found == expected || at < MIN_KNOWN_BYTES),
                Err(error) => assert!(change != 0, "{error}"),
            }
        }
    }
}

/// What a stream holds, or its start.
fn content(stream: &[u8]) -> Result<Vec<u8>, SourceError> {
    let mut content = Vec::new();
    source::content(&List::Stdin, stream)?
        .take(MAX_BYTES)
        .read_to_end(&mut content)
        .map_err(|error| SourceError::Read {
            input: List::Stdin,
            line: 0,
            error,
        })?;
    Ok(content)
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).expect("memory");
    encoder.finish().expect("memory")
}

fn zstd(text: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).expect("memory");
    encoder.include_checksum(true).expect("a level");
    encoder.write_all(text).expect("memory");
    encoder.finish().expect("memory")
}

fn xz(text: &[u8]) -> Vec<u8> {
    let mut encoder = XzEncoder::new(Vec::new(), 0);
    encoder.write_all(text).expect("memory");
    encoder.finish().expect("memory")
}
