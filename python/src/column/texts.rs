//! Neighbouring rows of an array -> texts.

use std::ops::Range;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, ByteArrayType, Decimal128Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{
    Array, ArrowNativeTypeOp, FixedSizeBinaryArray, GenericByteArray, PrimitiveArray,
};
use arrow_buffer::ArrowNativeType;
use arrow_schema::DataType;
use leaksieve::input::source::NEGATIVE_NUMBER;

/// Where numbers are written as text.
#[derive(Default)]
pub(super) struct Scratch {
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Scratch {
    /// The texts of neighbouring rows of an array of texts or whole numbers; and which of the rows,
    /// from 0 on, are null and have none.
    pub(super) fn texts<'a>(
        &'a mut self,
        array: &'a dyn Array,
        rows: Range<usize>,
    ) -> (Vec<&'a [u8]>, Vec<u32>) {
        use DataType as D;
        match array.data_type() {
            D::Utf8 => of_bytes(array.as_string::<i32>(), rows),
            D::LargeUtf8 => of_bytes(array.as_string::<i64>(), rows),
            D::Binary => of_bytes(array.as_binary::<i32>(), rows),
            D::LargeBinary => of_bytes(array.as_binary::<i64>(), rows),
            D::BinaryView => {
                let views = array.as_binary_view();
                gather(array, rows, |row| views.value(row))
            }
            D::FixedSizeBinary(_) => {
                let values: &FixedSizeBinaryArray = array.as_fixed_size_binary();
                gather(array, rows, |row| values.value(row))
            }
            D::Int8 => self.of_numbers::<Int8Type>(array, rows),
            D::Int16 => self.of_numbers::<Int16Type>(array, rows),
            D::Int32 => self.of_numbers::<Int32Type>(array, rows),
            D::Int64 => self.of_numbers::<Int64Type>(array, rows),
            D::UInt8 => self.of_numbers::<UInt8Type>(array, rows),
            D::UInt16 => self.of_numbers::<UInt16Type>(array, rows),
            D::UInt32 => self.of_numbers::<UInt32Type>(array, rows),
            D::UInt64 => self.of_numbers::<UInt64Type>(array, rows),
            D::Decimal128(..) => self.of_numbers::<Decimal128Type>(array, rows),
            // All is null; no other type comes here.
            _ => (Vec::new(), (0..rows.len() as u32).collect()),
        }
    }

    fn of_numbers<'a, T: ArrowPrimitiveType>(
        &'a mut self,
        array: &'a dyn Array,
        rows: Range<usize>,
    ) -> (Vec<&'a [u8]>, Vec<u32>)
    where
        T::Native: std::fmt::Display,
    {
        use std::io::Write;
        let numbers: &PrimitiveArray<T> = array.as_primitive();
        let Self { text, ends } = self;
        text.clear();
        ends.clear();
        ends.push(0);
        for row in rows.clone() {
            if array.is_valid(row) {
                let number = numbers.value(row);
                // A Vec takes all.
                let _ = match number.is_lt(T::Native::ZERO) {
                    true => text.write_all(NEGATIVE_NUMBER.as_bytes()),
                    false => write!(text, "{number}"),
                };
            }
            ends.push(text.len());
        }
        let start = rows.start;
        gather(array, rows, |row| {
            &text[ends[row - start]..ends[row - start + 1]]
        })
    }
}

fn of_bytes<T: ByteArrayType>(
    array: &GenericByteArray<T>,
    rows: Range<usize>,
) -> (Vec<&[u8]>, Vec<u32>) {
    let (offsets, data) = (array.value_offsets(), array.value_data());
    // Not as text: that it is UTF-8 says only who made it.
    gather(array, rows, |row| {
        &data[offsets[row].as_usize()..offsets[row + 1].as_usize()]
    })
}

fn gather<'a>(
    array: &dyn Array,
    rows: Range<usize>,
    text: impl Fn(usize) -> &'a [u8],
) -> (Vec<&'a [u8]>, Vec<u32>) {
    if array.null_count() == 0 {
        return (rows.map(text).collect(), Vec::new());
    }
    let (mut texts, mut nulls) = (Vec::with_capacity(rows.len()), Vec::new());
    for (place, row) in (0..).zip(rows) {
        match array.is_valid(row) {
            true => texts.push(text(row)),
            false => nulls.push(place),
        }
    }
    (texts, nulls)
}
