//! What an input is, by its first bytes; its content, decompressed.
//!
//! Members, frames and streams that were joined are read to the last one. Memory is
//! bounded whatever a stream says it needs.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::GzDecoder;
use liblzma::bufread::XzDecoder;
use liblzma::stream::{CONCATENATED, Stream};

use super::charset::Charset;
use super::error::{Remedy, SourceError};
use super::input::Input;

/// First bytes, what they mean, what to do. Those that could begin a text are long
/// enough that no list of identifiers begins so by chance.
const UNSUPPORTED: &[(&[u8], &str, &str)] = &[
    (
        b"BZh91AY&SY",
        "bzip2 data",
        "decompress it into the command: bzcat FILE | leaksieve build -",
    ),
    (
        b"\x04\x22\x4D\x18",
        "lz4 data",
        "decompress it into the command: lz4 -dc FILE | leaksieve build -",
    ),
    (
        b"\x02\x21\x4C\x18",
        "lz4 data",
        "decompress it into the command: lz4 -dc FILE | leaksieve build -",
    ),
    (
        b"\x1F\x9D",
        "data of the program compress",
        "decompress it into the command: zcat FILE | leaksieve build -",
    ),
    (
        b"LZIP\x01",
        "lzip data",
        "decompress it into the command: lzip -dc FILE | leaksieve build -",
    ),
    (
        ZIP,
        "a zip archive",
        "unpack it: unzip -p FILE | leaksieve build -",
    ),
    (
        b"7z\xBC\xAF\x27\x1C",
        "a 7z archive",
        "unpack it: 7z e -so FILE | leaksieve build -",
    ),
    (
        b"Rar!\x1A\x07",
        "a rar archive",
        "unpack it: unrar p -inul FILE | leaksieve build -",
    ),
    (
        b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1",
        "a document of an old Microsoft Office",
        "save its sheet as CSV in UTF-8",
    ),
    (b"%PDF-1.", "a PDF document", "get the list as text"),
    (
        b"SQLite format 3\0",
        "an SQLite database",
        "export the table: sqlite3 -csv -header FILE 'SELECT * FROM NAME' | leaksieve build - --column NAME",
    ),
    (
        b"PGDMP",
        "a dump of PostgreSQL in its own format",
        "export the table as CSV, with COPY in psql",
    ),
    (b"Obj\x01", "an Avro file", "export the column as text"),
    (
        b"ARROW1\0\0",
        "an Arrow file",
        "export the column as text, or the table as Parquet",
    ),
    (
        b"PAR1\x15",
        "a Parquet file in a stream, and it is read from its end",
        "save it, decompressed, and name the file",
    ),
    (
        &leaksieve_core::header::MAGIC,
        "a leaksieve filter",
        "give the list that it was made from; to join filters, use `leaksieve bundle`",
    ),
];
const ZIP: &[u8] = b"PK\x03\x04";
/// What a zip archive that is a workbook has near its start.
const WORKBOOK: &[&[u8]] = &[b"xl/", b"[Content_Types].xml", b"opendocument.spreadsheet"];
/// Bytes of a zip archive that are looked at for those.
const ZIP_BYTES: u64 = 4096;
/// The byte order marks of UTF-16, and the charsets that they stand for.
const UTF_16: &[(&[u8], &str)] = &[(b"\xFF\xFE", "utf-16le"), (b"\xFE\xFF", "utf-16be")];
/// The byte order marks of UTF-32; the first begins as one of UTF-16 does.
const UTF_32: &[(&[u8], &str)] = &[
    (b"\xFF\xFE\0\0", super::start::UTF_32LE_REMEDY),
    (b"\0\0\xFE\xFF", super::start::UTF_32BE_REMEDY),
];
const UTF_8_BOM: &[u8] = b"\xEF\xBB\xBF";
/// Compressed bytes that are read at a time.
const BUFFER_BYTES: usize = 1 << 17;

/// Memory that decompressing xz may take: `xz -9` needs 65 MiB.
const XZ_MEMORY_BYTES: u64 = 256 << 20;
/// Largest window of zstd, as a power of two: 128 MiB, as `zstd --long` makes it.
const ZSTD_WINDOW_LOG: u32 = 27;

/// What compresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Codec {
    Gzip,
    Zstd,
    Xz,
}

const CODEC_SIGNATURES: [&[u8]; 3] = [b"\x1F\x8B", b"\x28\xB5\x2F\xFD", b"\xFD7zXZ\0"];

impl Codec {
    fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0x1F, 0x8B, ..] => Some(Self::Gzip),
            // A frame, or one to be skipped (RFC 8878, 3.1).
            [0x28, 0xB5, 0x2F, 0xFD, ..] | [0x50..=0x5F, 0x2A, 0x4D, 0x18, ..] => Some(Self::Zstd),
            [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Xz => "xz",
        }
    }

    fn decode<'a>(self, reader: impl Read + 'a) -> io::Result<Decoded<'a>> {
        let reader = BufReader::with_capacity(BUFFER_BYTES, reader);
        let inner: Box<dyn Read + 'a> = match self {
            Self::Gzip => Box::new(GzipMembers {
                member: Some(GzDecoder::new(reader)),
            }),
            Self::Zstd => {
                let mut decoder = zstd::Decoder::with_buffer(reader)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG)?;
                Box::new(decoder)
            }
            Self::Xz => {
                let stream = Stream::new_stream_decoder(XZ_MEMORY_BYTES, CONCATENATED)?;
                Box::new(XzDecoder::new_stream(reader, stream))
            }
        };
        Ok(Decoded { codec: self, inner })
    }

    /// What a decoder said, in plain words.
    fn explain(self, error: &io::Error) -> String {
        let is_xz_limit = error
            .get_ref()
            .and_then(|error| error.downcast_ref::<liblzma::stream::Error>())
            .is_some_and(|error| *error == liblzma::stream::Error::MemLimit);
        if is_xz_limit {
            return format!(
                "xz data that takes more than {} MiB of memory; \
                 decompress it into the command: xzcat FILE | leaksieve build -",
                XZ_MEMORY_BYTES >> 20
            );
        }
        // The name that libzstd has for ZSTD_error_frameParameter_windowTooLarge.
        if self == Self::Zstd && error.to_string().contains("requires too much memory") {
            return format!(
                "zstd data with a window of more than {} MiB; \
                 decompress it into the command: zstd -dc --long=31 FILE | leaksieve build -",
                (1u64 << ZSTD_WINDOW_LOG) >> 20
            );
        }
        format!(
            "the {} data is damaged or cut short, or something else follows it; get it again",
            self.name()
        )
    }
}

/// A decoder whose errors are in plain words.
struct Decoded<'a> {
    codec: Codec,
    inner: Box<dyn Read + 'a>,
}

impl Read for Decoded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| {
            // What the system said of the file is no matter of the decoder.
            if error.raw_os_error().is_some() || error.kind() == io::ErrorKind::Interrupted {
                error
            } else {
                io::Error::new(io::ErrorKind::InvalidData, self.codec.explain(&error))
            }
        })
    }
}

/// The members of a gzip stream, one behind the other (RFC 1952, 2.2). As for gzip,
/// zeros may stand behind the last, and nothing else.
struct GzipMembers<R> {
    /// The member that is read; `None` behind the last.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(mut member) = self.member.take() {
            let result = member.read(buffer);
            if !matches!(result, Ok(0)) || buffer.is_empty() {
                self.member = Some(member);
                return result;
            }
            let mut reader = member.into_inner();
            match reader.fill_buf()?.first() {
                None => {}
                Some(0) => only_zeros(reader)?,
                Some(_) => self.member = Some(GzDecoder::new(reader)),
            }
        }
        Ok(0)
    }
}

fn only_zeros(mut reader: impl BufRead) -> io::Result<()> {
    loop {
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(());
        }
        if bytes.iter().any(|byte| *byte != 0) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let num_bytes = bytes.len();
        reader.consume(num_bytes);
    }
}

/// The content of an input: decompressed, as UTF-8 if it is of another charset, and without
/// a byte order mark.
pub(super) fn open<'a>(
    input: &Input,
    charset: Option<Charset>,
    reader: impl Read + 'a,
) -> Result<Box<dyn Read + 'a>, SourceError> {
    let (start, reader) = sniff(input, reader)?;
    let Some(codec) = Codec::of(&start) else {
        return text(input, charset, &start, reader);
    };
    let decoded = codec
        .decode(reader)
        .map_err(|error| open_error(input, error))?;
    let (start, reader) = sniff(input, decoded)?;
    if Codec::of(&start).is_some() {
        return Err(SourceError::Unsupported {
            input: input.clone(),
            found: "compressed data within compressed data",
            remedy: "decompress it once, into the command: zcat FILE | leaksieve build -".into(),
        });
    }
    text(input, charset, &start, reader)
}

fn text<'a>(
    input: &Input,
    charset: Option<Charset>,
    start: &[u8],
    mut reader: impl Read + 'a,
) -> Result<Box<dyn Read + 'a>, SourceError> {
    let refuse = |found, remedy: Remedy| {
        Err(SourceError::Unsupported {
            input: input.clone(),
            found,
            remedy,
        })
    };
    let failed = |error| open_error(input, error);
    if let Some((magic, found, remedy)) = UNSUPPORTED
        .iter()
        .find(|(magic, ..)| start.starts_with(magic))
    {
        if *magic == ZIP {
            let mut more = Vec::new();
            reader
                .take(ZIP_BYTES)
                .read_to_end(&mut more)
                .map_err(failed)?;
            let is_within = |part: &&[u8]| memchr::memmem::find(&more, part).is_some();
            if WORKBOOK.iter().any(is_within) {
                return refuse(
                    "a workbook (xlsx, ods)",
                    "save its sheet as CSV in UTF-8".into(),
                );
            }
        }
        return refuse(found, (*remedy).into());
    }
    if let Some((_, remedy)) = UTF_32.iter().find(|(mark, _)| start.starts_with(mark)) {
        return refuse("UTF-32 text", (*remedy).into());
    }
    if let Some(charset) = charset {
        charset.check_mark(input, start)?;
        return Ok(Box::new(charset.decode(reader)));
    }
    if let Some((_, charset)) = UTF_16.iter().find(|(mark, _)| start.starts_with(mark)) {
        return refuse("UTF-16 text", Remedy::Charset(charset));
    }
    if start.starts_with(UTF_8_BOM) {
        reader
            .read_exact(&mut [0; UTF_8_BOM.len()])
            .map_err(failed)?;
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
        .chain(UTF_16.iter().chain(UTF_32).map(|(mark, _)| *mark))
        .chain(CODEC_SIGNATURES)
        .chain([UTF_8_BOM])
        .any(|signature| signature.len() > start.len() && signature.starts_with(start))
        // Of a skippable frame, the first byte is one of 16.
        || matches!(start, [0x50..=0x5F, rest @ ..] if [0x2A, 0x4D, 0x18].starts_with(rest) && rest.len() < 3)
}

fn open_error(input: &Input, error: io::Error) -> SourceError {
    SourceError::Open {
        input: input.clone(),
        error,
    }
}
