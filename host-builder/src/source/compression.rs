//! What an input is, by its first bytes; its content, decompressed.

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;

use super::{Input, SourceError};

/// First bytes, what they mean, what to do. Those that could begin a text are long
/// enough that no list of identifiers begins so by chance.
const UNSUPPORTED: &[(&[u8], &str, &str)] = &[
    (
        b"\x28\xB5\x2F\xFD",
        "zstd data",
        "decompress it into the command: zstdcat FILE | leaksieve build -",
    ),
    (
        b"\xFD7zXZ\0",
        "xz data",
        "decompress it into the command: xzcat FILE | leaksieve build -",
    ),
    (
        b"BZh91AY&SY",
        "bzip2 data",
        "decompress it into the command: bzcat FILE | leaksieve build -",
    ),
    (
        b"PK\x03\x04",
        "a zip archive",
        "unpack it and name the file in it",
    ),
    (
        b"7z\xBC\xAF\x27\x1C",
        "a 7z archive",
        "unpack it and name the file in it",
    ),
    (
        b"Rar!\x1A\x07",
        "a rar archive",
        "unpack it and name the file in it",
    ),
    (
        b"PAR1\x15",
        "a Parquet file",
        "export the column as text first",
    ),
    (
        b"\xFF\xFE",
        "UTF-16 text",
        "convert it: iconv -f UTF-16 -t UTF-8 FILE",
    ),
    (
        b"\xFE\xFF",
        "UTF-16 text",
        "convert it: iconv -f UTF-16 -t UTF-8 FILE",
    ),
    (
        &leaksieve_core::header::MAGIC,
        "a leaksieve filter",
        "give the list that it was made of; `leaksieve bundle` joins filters",
    ),
];
const GZIP: &[u8] = b"\x1F\x8B";
const UTF_8_BOM: &[u8] = b"\xEF\xBB\xBF";

/// The content of an input: decompressed, without a byte order mark.
pub(super) fn open<'a>(
    input: &Input,
    reader: impl Read + 'a,
) -> Result<Box<dyn Read + 'a>, SourceError> {
    let (start, reader) = sniff(input, reader)?;
    if start.starts_with(GZIP) {
        let (start, reader) = sniff(input, MultiGzDecoder::new(reader))?;
        return text(input, &start, reader);
    }
    text(input, &start, reader)
}

fn text<'a>(
    input: &Input,
    start: &[u8],
    mut reader: impl Read + 'a,
) -> Result<Box<dyn Read + 'a>, SourceError> {
    let unsupported = |found, remedy| SourceError::Unsupported {
        input: input.clone(),
        found,
        remedy,
    };
    if start.starts_with(GZIP) {
        return Err(unsupported(
            "gzip data within gzip data",
            "decompress it once: zcat FILE | leaksieve build -",
        ));
    }
    for (magic, found, remedy) in UNSUPPORTED {
        if start.starts_with(magic) {
            return Err(unsupported(found, remedy));
        }
    }
    if start.starts_with(UTF_8_BOM) {
        reader
            .read_exact(&mut [0; UTF_8_BOM.len()])
            .map_err(|error| open_error(input, error))?;
    }
    Ok(Box::new(reader))
}

/// The first bytes of a reader, and a reader that still gives them. No more is read than
/// tells what it is: the next bytes may come only after these were answered.
fn sniff<R: Read>(
    input: &Input,
    mut reader: R,
) -> Result<(Vec<u8>, impl Read + use<R>), SourceError> {
    let mut start = Vec::new();
    while may_become_known(&start) {
        let num_bytes = (&mut reader)
            .take(1)
            .read_to_end(&mut start)
            .map_err(|error| open_error(input, error))?;
        if num_bytes == 0 {
            break;
        }
    }
    Ok((start.clone(), Cursor::new(start).chain(reader)))
}

/// Is this the beginning of a signature, but not all of it?
fn may_become_known(start: &[u8]) -> bool {
    UNSUPPORTED
        .iter()
        .map(|(signature, ..)| *signature)
        .chain([GZIP, UTF_8_BOM])
        .any(|signature| signature.len() > start.len() && signature.starts_with(start))
}

fn open_error(input: &Input, error: io::Error) -> SourceError {
    SourceError::Open {
        input: input.clone(),
        error,
    }
}
