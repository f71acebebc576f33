//! Parquet files -> the values of one column. Rows stand for lines.
//!
//! The `parquet` crate decodes, held within bounds by `guard`. It has assertions that a
//! hostile file can reach: what panics within [`read`] is an error like any other.

mod guard;
mod structures;
mod thrift;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parquet::basic::{ConvertedType, LogicalType, Type};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl, get_column_reader};
use parquet::data_type::{AsBytes, DataType};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::SerializedPageReader;
use parquet::schema::types::{ColumnDescriptor, SchemaDescriptor};

use self::guard::{Bounded, Pages};
use super::batch::Batch;
use super::column::{Column, called, places_of};
use super::error::SourceError;
use super::gather::{Gather, append};
use super::input::Input;
use super::layout::{Layout, NEGATIVE_NUMBER, may_be_numbers};

/// Longest metadata: 64 MiB.
const MAX_METADATA_BYTES: u64 = 64 << 20;
/// Rows that are decoded at a time.
const NUM_ROWS: usize = 8192;
/// Names of columns that a message has.
const NUM_NAMED: usize = 30;

/// Read a Parquet file, giving batches of the values of one column to `take`.
pub(super) fn read<E: From<SourceError>>(
    index: usize,
    input: &Input,
    file: File,
    layout: &Layout,
    advance: &dyn Fn(u64),
    take: &mut dyn FnMut(Batch) -> Result<(), E>,
) -> Result<(), E> {
    let error = |error: String| SourceError::Parquet {
        input: input.clone(),
        error,
    };
    let (None, layout) = layout.parts() else {
        return Err(error("text in Parquet is UTF-8: give no charset".to_owned()).into());
    };
    let result = catch_unwind(AssertUnwindSafe(|| {
        read_column(index, &file, layout, advance, take)
    }));
    match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Failure::Take(failed))) => Err(failed),
        Ok(Err(Failure::Column(error))) => Err(SourceError::ParquetColumn {
            input: input.clone(),
            error,
        }
        .into()),
        Ok(Err(Failure::File(cause))) => Err(error(explain(&cause)).into()),
        Err(_) => Err(error(explain("its parts contradict each other")).into()),
    }
}

fn explain(cause: &str) -> String {
    format!(
        "the Parquet file is damaged, cut short or of a form that is not read here ({cause}); \
         fetch it again, or export the column as text"
    )
}

enum Failure<E> {
    /// What `take` said.
    Take(E),
    /// The column does not fit; says what to do.
    Column(String),
    /// The file is at fault.
    File(String),
}

impl<E> From<ParquetError> for Failure<E> {
    fn from(error: ParquetError) -> Self {
        Self::File(error.to_string())
    }
}

impl<E> From<std::io::Error> for Failure<E> {
    fn from(error: std::io::Error) -> Self {
        Self::File(error.to_string())
    }
}

fn at_fault<E>(what: &str) -> Failure<E> {
    Failure::File(what.to_owned())
}

fn read_column<E>(
    index: usize,
    file: &File,
    layout: &Layout,
    advance: &dyn Fn(u64),
    take: &mut dyn FnMut(Batch) -> Result<(), E>,
) -> Result<(), Failure<E>> {
    let metadata = metadata(file)?;
    let schema = metadata.file_metadata().schema_descr();
    let leaf = find(layout, schema).map_err(Failure::Column)?;
    called(schema.column(leaf).name()).map_err(|error| Failure::Column(error.to_string()))?;
    let descriptor = schema.column(leaf);
    let text = Text::of(&descriptor, layout).map_err(Failure::Column)?;
    let num_bytes = file.metadata()?.len();
    let num_groups = metadata.num_row_groups() as u64;
    let mut sink = Sink {
        gather: Gather::new(index),
        take,
    };
    for (number, group) in (0..).zip(metadata.row_groups()) {
        let chunk = group
            .columns()
            .get(leaf)
            .ok_or_else(|| at_fault("a row group lacks the column"))?;
        let offsets = [
            Some(chunk.data_page_offset()),
            chunk.dictionary_page_offset(),
        ];
        if offsets.into_iter().flatten().any(|offset| offset < 0) || chunk.compressed_size() < 0 {
            return Err(at_fault("a column has a negative place or size"));
        }
        if chunk.file_path().is_some() {
            return Err(at_fault("its columns are in other files"));
        }
        let num_rows = u64::try_from(group.num_rows())
            .map_err(|_| at_fault("a row group has a negative number of rows"))?;
        let pages = Pages::new(file, chunk.compression())?;
        let num_unfinished = Arc::new(AtomicU64::new(0));
        let pages = Bounded {
            inner: Box::new(SerializedPageReader::new(
                Arc::new(pages),
                chunk,
                usize::try_from(num_rows).unwrap_or(usize::MAX),
                None,
            )?),
            num_unfinished: Arc::clone(&num_unfinished),
            has_lists: descriptor.max_rep_level() > 0,
        };
        let end = sink.gather.num_rows() + num_rows;
        let descriptor_of_chunk = Arc::clone(&descriptor);
        match get_column_reader(descriptor_of_chunk, Box::new(pages)) {
            ColumnReader::Int32ColumnReader(reader) => {
                sink.drain(reader, &descriptor, &num_unfinished, |value, bytes| {
                    text.integer(i64::from(*value), bytes);
                })?;
            }
            ColumnReader::Int64ColumnReader(reader) => {
                sink.drain(reader, &descriptor, &num_unfinished, |value, bytes| {
                    text.integer(*value, bytes);
                })?;
            }
            ColumnReader::ByteArrayColumnReader(reader) => {
                sink.drain(reader, &descriptor, &num_unfinished, |value, bytes| {
                    append(value.as_bytes(), bytes);
                })?;
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                sink.drain(reader, &descriptor, &num_unfinished, |value, bytes| {
                    append(value.as_bytes(), bytes);
                })?;
            }
            _ => return Err(at_fault("the column's type changes")),
        }
        // A row that is missing would read "not exposed".
        if sink.gather.num_rows() != end {
            return Err(at_fault("it has other rows than it says"));
        }
        advance(num_bytes * (number + 1) / num_groups - num_bytes * number / num_groups);
    }
    if i64::try_from(sink.gather.num_rows()) != Ok(metadata.file_metadata().num_rows()) {
        return Err(at_fault("it has other rows than it says"));
    }
    sink.flush()
}

/// The metadata at the end of a file.
fn metadata<E>(file: &File) -> Result<ParquetMetaData, Failure<E>> {
    let num_bytes = file.metadata()?.len();
    let mut file = file;
    let mut end = [0; 8];
    if num_bytes < 12 {
        return Err(at_fault("it has no end"));
    }
    file.seek(SeekFrom::End(-8))?;
    file.read_exact(&mut end)?;
    let [a, b, c, d, magic @ ..] = end;
    if &magic == b"PARE" {
        return Err(at_fault("it is encrypted"));
    }
    let metadata_bytes = u64::from(u32::from_le_bytes([a, b, c, d]));
    if &magic != b"PAR1" || metadata_bytes > num_bytes - 12 {
        return Err(at_fault("it has no end"));
    }
    if metadata_bytes > MAX_METADATA_BYTES {
        return Err(at_fault("metadata of more than 64 MiB"));
    }
    let mut bytes = vec![0; metadata_bytes as usize];
    file.seek(SeekFrom::Start(num_bytes - 8 - metadata_bytes))?;
    file.read_exact(&mut bytes)?;
    thrift::is_sound(&bytes).ok_or_else(|| at_fault("its metadata are none"))?;
    Ok(ParquetMetaDataReader::decode_metadata(&bytes)?)
}

/// The place of the wanted column among the leaves of the schema.
fn find(layout: &Layout, schema: &SchemaDescriptor) -> Result<usize, String> {
    let names: Vec<String> = schema
        .columns()
        .iter()
        .map(|column| column.path().string())
        .collect();
    let name = match layout {
        Layout::Table {
            column: Column::Index(index),
            ..
        } if *index < names.len() => return Ok(*index),
        Layout::Table {
            column: Column::Name(name),
            ..
        } => Some(name.trim()),
        _ => None,
    };
    if let Some(name) = name {
        match places_of(name, &names)[..] {
            [] => {}
            [leaf] => return Ok(leaf),
            ref leaves => {
                let numbers: Vec<String> =
                    leaves.iter().map(|leaf| (leaf + 1).to_string()).collect();
                return Err(format!(
                    "columns {} of this Parquet file have that name: choose one by its number",
                    numbers.join(" and ")
                ));
            }
        }
        // As in tables; and by the name of a list that has one leaf.
        let is_within = |found: &str| {
            let (found, name) = (found.to_ascii_lowercase(), name.to_ascii_lowercase());
            found
                .strip_prefix(&name)
                .is_some_and(|rest| rest.trim_start().starts_with('.'))
        };
        let mut leaves = (0..)
            .zip(&names)
            .filter(|(_, found)| is_within(found.trim_start()));
        if let (Some((leaf, _)), None) = (leaves.next(), leaves.next()) {
            return Ok(leaf);
        }
    }
    let named: Vec<String> = names
        .iter()
        .take(NUM_NAMED)
        .map(|name| match called(name) {
            Ok(_) => format!("{name:?}"),
            Err(_) => "(an identifier)".to_owned(),
        })
        .collect();
    let more = if names.len() > NUM_NAMED { ", ..." } else { "" };
    Err(format!(
        "choose a column of this Parquet file, by name or number; it has {} of them: {}{more}",
        names.len(),
        named.join(", ")
    ))
}

/// How values become text.
#[derive(Clone, Copy, Debug)]
struct Text {
    /// Integers are of so many bits and without a sign.
    unsigned_bits: Option<u32>,
}

impl Text {
    /// # Errors
    /// The column is not text, or is of numbers where the layout's kind may not be.
    fn of(column: &ColumnDescriptor, layout: &Layout) -> Result<Self, String> {
        let is_integer = matches!(column.physical_type(), Type::INT32 | Type::INT64);
        let is_bytes = matches!(
            column.physical_type(),
            Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY
        );
        let by_name = match column.logical_type_ref() {
            None => match column.converted_type() {
                ConvertedType::NONE => Some(false),
                ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON => {
                    is_bytes.then_some(false)
                }
                ConvertedType::INT_8
                | ConvertedType::INT_16
                | ConvertedType::INT_32
                | ConvertedType::INT_64 => is_integer.then_some(false),
                ConvertedType::UINT_8
                | ConvertedType::UINT_16
                | ConvertedType::UINT_32
                | ConvertedType::UINT_64 => is_integer.then_some(true),
                ConvertedType::DECIMAL => (is_integer && column.type_scale() == 0).then_some(false),
                _ => None,
            },
            Some(LogicalType::String | LogicalType::Enum | LogicalType::Json) => {
                is_bytes.then_some(false)
            }
            Some(LogicalType::Integer(integer)) => is_integer.then_some(!integer.is_signed),
            Some(LogicalType::Decimal(decimal)) => {
                (is_integer && decimal.scale == 0).then_some(false)
            }
            Some(_) => None,
        };
        match (by_name, layout) {
            (Some(_), Layout::Table { kind, .. }) if is_integer && !may_be_numbers(*kind) => {
                Err(format!(
                    "the column {:?} of this Parquet file has whole numbers, which may have lost \
                     zeros in front: of kind {} export it as text, or choose another column",
                    column.path().string(),
                    kind.name()
                ))
            }
            (Some(is_unsigned), _) if is_integer || is_bytes => Ok(Self {
                unsigned_bits: is_unsigned.then_some(match column.physical_type() {
                    Type::INT32 => 32,
                    _ => 64,
                }),
            }),
            _ => Err(format!(
                "the column {:?} of this Parquet file holds neither text nor whole numbers ({}): \
                 export it as text, or choose another column",
                column.path().string(),
                column.physical_type()
            )),
        }
    }

    fn integer(self, value: i64, bytes: &mut Vec<u8>) {
        let text = match self.unsigned_bits {
            Some(32) => (value as u32).to_string(),
            Some(_) => (value as u64).to_string(),
            None if value < 0 => NEGATIVE_NUMBER.to_owned(),
            None => value.to_string(),
        };
        bytes.extend_from_slice(text.as_bytes());
    }
}

/// Gathers values to batches.
struct Sink<'a, E> {
    /// Over all row groups.
    gather: Gather,
    take: &'a mut dyn FnMut(Batch) -> Result<(), E>,
}

impl<E> Sink<'_, E> {
    /// All values of a row group's column.
    fn drain<T: DataType>(
        &mut self,
        mut reader: ColumnReaderImpl<T>,
        descriptor: &ColumnDescriptor,
        num_unfinished: &AtomicU64,
        append: impl Fn(&T::T, &mut Vec<u8>),
    ) -> Result<(), Failure<E>> {
        let (max_def, max_rep) = (descriptor.max_def_level(), descriptor.max_rep_level());
        let (mut definitions, mut repetitions, mut values) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            definitions.clear();
            repetitions.clear();
            values.clear();
            num_unfinished.store(0, Ordering::Relaxed);
            let (num_rows, num_values, num_levels) = reader.read_records(
                NUM_ROWS,
                Some(&mut definitions),
                Some(&mut repetitions),
                &mut values,
            )?;
            if num_rows == 0 && num_levels == 0 {
                return Ok(());
            }
            let mut values = values.iter().take(num_values);
            for level in 0..num_levels {
                if max_rep == 0 || repetitions.get(level) == Some(&0) {
                    self.gather.begin_row();
                }
                // A null, or an empty list, is blank.
                if max_def == 0 || definitions.get(level) == Some(&max_def) {
                    let value = values
                        .next()
                        .ok_or_else(|| at_fault("it has fewer values than it says"))?;
                    self.gather.push_with(|bytes| append(value, bytes));
                } else {
                    self.gather.push_with(|_| ());
                }
                if self.gather.is_full() {
                    self.flush()?;
                }
            }
        }
    }

    fn flush(&mut self) -> Result<(), Failure<E>> {
        match self.gather.take() {
            Some(batch) => (self.take)(batch).map_err(Failure::Take),
            None => Ok(()),
        }
    }
}
