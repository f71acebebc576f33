//! The structures of Parquet's metadata, as far as the `parquet` crate reads them
//! (<https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift>).

use Kind::{Any, Binary, Boolean, Byte, Double, Integer, List, Struct, Structs};

/// What a field of a structure is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Nothing that is read.
    Any,
    Boolean,
    Byte,
    Integer,
    Double,
    Binary,
    /// The fields of a structure, from 1.
    Struct(&'static [Self]),
    List(&'static Self),
    /// A list of these structures.
    Structs(&'static [Self]),
}

pub(super) const FILE_METADATA: &[Kind] = &[
    Integer,
    Structs(SCHEMA_ELEMENT),
    Integer,
    Structs(ROW_GROUP),
    Structs(KEY_VALUE),
    Binary,
    // Of the orders of columns each has one empty structure.
    Structs(&[Struct(&[]), Struct(&[]), Struct(&[])]),
];

pub(super) const SCHEMA_ELEMENT: &[Kind] = &[
    Integer,
    Integer,
    Integer,
    Binary,
    Integer,
    Integer,
    Integer,
    Integer,
    Integer,
    Struct(LOGICAL_TYPE),
];

const LOGICAL_TYPE: &[Kind] = &[
    Struct(&[]),
    Struct(&[]),
    Struct(&[]),
    Struct(&[]),
    // A decimal: scale and precision.
    Struct(&[Integer, Integer]),
    Struct(&[]),
    Struct(TIME),
    Struct(TIME),
    Any,
    // An integer: bits, and whether it is signed.
    Struct(&[Byte, Boolean]),
    Struct(&[]),
    Struct(&[]),
    Struct(&[]),
    Struct(&[]),
    Struct(&[]),
    // A variant, geometry, geography.
    Struct(&[Byte]),
    Struct(&[Binary]),
    Struct(&[Binary, Integer]),
    Struct(&[]),
];

/// Whether it is UTC, and its unit, which is one of three empty structures.
const TIME: &[Kind] = &[Boolean, Struct(&[Struct(&[]), Struct(&[]), Struct(&[])])];

const ROW_GROUP: &[Kind] = &[
    Structs(COLUMN_CHUNK),
    Integer,
    Integer,
    // Sorted by: a column, descending, nulls first.
    Structs(&[Integer, Boolean, Boolean]),
    Integer,
    Integer,
    Integer,
];

const COLUMN_CHUNK: &[Kind] = &[
    Binary,
    Integer,
    Struct(COLUMN_METADATA),
    Integer,
    Integer,
    Integer,
    Integer,
    Any,
    Binary,
];

const COLUMN_METADATA: &[Kind] = &[
    Integer,
    List(&Integer),
    List(&Binary),
    Integer,
    Integer,
    Integer,
    Integer,
    Structs(KEY_VALUE),
    Integer,
    Integer,
    Integer,
    Struct(STATISTICS),
    // Pages of a type and encoding.
    Structs(&[Integer, Integer, Integer]),
    Integer,
    Integer,
    // Sizes: bytes, and the histograms of both levels.
    Struct(&[Integer, List(&Integer), List(&Integer)]),
    // Geospatial: a box, and types.
    Struct(&[Struct(&[Double; 8]), List(&Integer)]),
];

const KEY_VALUE: &[Kind] = &[Binary, Binary];

const STATISTICS: &[Kind] = &[
    Binary, Binary, Integer, Integer, Binary, Binary, Boolean, Boolean, Integer,
];

pub(super) const PAGE_HEADER: &[Kind] = &[
    Integer,
    Integer,
    Integer,
    Integer,
    Struct(&[Integer, Integer, Integer, Integer, Struct(STATISTICS)]),
    Struct(&[]),
    Struct(&[Integer, Integer, Boolean]),
    Struct(DATA_PAGE_HEADER_V2),
];

pub(super) const DATA_PAGE_HEADER_V2: &[Kind] = &[
    Integer,
    Integer,
    Integer,
    Integer,
    Integer,
    Integer,
    Boolean,
    Struct(STATISTICS),
];
