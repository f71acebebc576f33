//! What stands between the `parquet` crate and a file that lies about its sizes.
//!
//! The crate takes a page's word for its size, a dictionary's for its values; its gzip
//! goes on to the end. Here a page is refused when it says that it is larger than
//! [`MAX_PAGE_BYTES`], or is larger than it says.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result};
use parquet::file::reader::{ChunkReader, Length};

use super::thrift;

/// Largest page, decompressed: 256 MiB. Programs write pages of about 1 MiB.
const MAX_PAGE_BYTES: u64 = 256 << 20;
/// Most values of a dictionary. Programs give up theirs at about 1 MiB.
const MAX_DICTIONARY_VALUES: u32 = 1 << 22;
/// Most values that are given without the end of a row, or of a few thousand rows.
const MAX_UNFINISHED_VALUES: u64 = 1 << 24;
/// Longest header of a page.
const MAX_HEADER_BYTES: u64 = 1 << 20;
/// Longer than most are.
const HEADER_START_BYTES: u64 = 256;

fn refuse<T>(what: &str) -> Result<T> {
    Err(ParquetError::General(what.to_owned()))
}

/// The pages of a column chunk, as the crate asks for them: of each first the header
/// (`get_read`), then the content (`get_bytes`).
pub(super) struct Pages {
    file: File,
    num_bytes: u64,
    compression: Compression,
    uncompressed_bytes: AtomicU64,
    level_bytes: AtomicU64,
}

impl Pages {
    pub(super) fn new(file: &File, compression: Compression) -> io::Result<Self> {
        Ok(Self {
            file: file.try_clone()?,
            num_bytes: file.metadata()?.len(),
            compression,
            uncompressed_bytes: AtomicU64::new(0),
            level_bytes: AtomicU64::new(0),
        })
    }

    fn at(&self, start: u64) -> io::Result<File> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(start))?;
        Ok(file)
    }
}

impl Length for Pages {
    fn len(&self) -> u64 {
        self.num_bytes
    }
}

impl ChunkReader for Pages {
    type T = io::Take<io::BufReader<File>>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let mut header = Vec::new();
        let mut reader = self.at(start)?;
        let mut sizes = None;
        for num_bytes in [HEADER_START_BYTES, MAX_HEADER_BYTES - HEADER_START_BYTES] {
            (&mut reader).take(num_bytes).read_to_end(&mut header)?;
            sizes = thrift::page_sizes(&header);
            if sizes.is_some() {
                break;
            }
        }
        match sizes {
            Some(sizes) if sizes.uncompressed_bytes > MAX_PAGE_BYTES => {
                return refuse("a page of more than 256 MiB");
            }
            Some(sizes) => {
                let (bytes, levels) = (sizes.uncompressed_bytes, sizes.level_bytes);
                self.uncompressed_bytes.store(bytes, Ordering::Relaxed);
                self.level_bytes.store(levels, Ordering::Relaxed);
            }
            None => return refuse("a page's header is none"),
        }
        Ok(io::BufReader::new(self.at(start)?).take(MAX_HEADER_BYTES))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let num_bytes = length as u64;
        if num_bytes > MAX_PAGE_BYTES || start.saturating_add(num_bytes) > self.num_bytes {
            return refuse("a page of more than 256 MiB, or that is cut");
        }
        let mut bytes = vec![0; length];
        self.at(start)?.read_exact(&mut bytes)?;
        let level_bytes = self.level_bytes.load(Ordering::Relaxed);
        let values = usize::try_from(level_bytes)
            .ok()
            .and_then(|level_bytes| bytes.get(level_bytes..));
        match (self.compression, values) {
            (Compression::GZIP(_), Some(values)) => {
                let limit = self.uncompressed_bytes.load(Ordering::Relaxed) + 1;
                let decompressed = MultiGzDecoder::new(values).take(limit);
                if io::copy(&mut { decompressed }, &mut io::sink()).is_ok_and(|n| n == limit) {
                    return refuse("a page is larger than it says");
                }
            }
            // A form that one writer had for a while, and whose size nothing bounds.
            (Compression::LZ4, Some([0x04, 0x22, 0x4D, 0x18, ..])) => {
                return refuse("LZ4 frames within pages are not read");
            }
            (_, Some(_)) => {}
            (_, None) => return refuse("a page is smaller than its levels"),
        }
        Ok(bytes.into())
    }
}

/// Pages that hold no more values than can be taken into memory.
pub(super) struct Bounded {
    pub(super) inner: Box<dyn PageReader>,
    /// Values of lists that were given since the reader had whole rows.
    pub(super) num_unfinished: Arc<AtomicU64>,
    pub(super) has_lists: bool,
}

impl Iterator for Bounded {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for Bounded {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        let page = self.inner.get_next_page()?;
        match &page {
            Some(Page::DictionaryPage {
                num_values, buf, ..
            }) if *num_values > MAX_DICTIONARY_VALUES || *num_values as usize > buf.len() => {
                return refuse("a dictionary of more values than it has bytes, or than 4,194,304");
            }
            // Their decoders take the data's word for the number of values.
            Some(page)
                if matches!(
                    page.encoding(),
                    Encoding::DELTA_BYTE_ARRAY | Encoding::DELTA_LENGTH_BYTE_ARRAY
                ) =>
            {
                return Err(ParquetError::NYI(format!("{} encoding", page.encoding())));
            }
            Some(page) if self.has_lists && page.is_data_page() => {
                let num_values = u64::from(page.num_values());
                let before = self.num_unfinished.fetch_add(num_values, Ordering::Relaxed);
                if before + num_values > MAX_UNFINISHED_VALUES {
                    return refuse("rows with more than 16,777,216 values");
                }
            }
            _ => {}
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.inner.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.inner.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool> {
        self.inner.at_record_boundary()
    }
}
