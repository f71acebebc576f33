//! As much of Thrift's compact protocol as tells, before the `parquet` crate reads them,
//! that metadata are no bomb and how large a page says it is.
//! (<https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md>)
//!
//! The crate takes no bytes for a boolean in a list that it skips, and at the end of a file
//! none for a number: six bytes keep it busy for 2^31 of them. No structure of Parquet's
//! has a list of booleans, and no list has more elements than there are bytes. That holds
//! for the crate only if it reads on where this does, so each field must be of the type that
//! the crate takes it for, and come once.

use super::structures::{DATA_PAGE_HEADER_V2, FILE_METADATA, Kind, PAGE_HEADER, SCHEMA_ELEMENT};

/// Deepest nesting, of a schema and of what is skipped.
const MAX_DEPTH: u32 = 64;

const BINARY: u8 = 8;
const STRUCT: u8 = 12;

impl Kind {
    /// Is this type, as it is written, that of such a field?
    const fn is(self, written: u8) -> bool {
        match self {
            Self::Any => true,
            Self::Boolean => matches!(written, 1 | 2),
            Self::Byte => written == 3,
            Self::Integer => is_integer(written),
            Self::Double => written == 7,
            Self::Binary => written == BINARY,
            Self::Struct(_) => written == STRUCT,
            Self::List(_) | Self::Structs(_) => matches!(written, 9 | 10),
        }
    }

    /// Field `id` of a structure.
    fn of(fields: &'static [Self], id: i64) -> Self {
        let index = id.checked_sub(1).and_then(|id| usize::try_from(id).ok());
        let field = index.and_then(|index| fields.get(index));
        field.copied().unwrap_or(Self::Any)
    }
}

/// What a page's header says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PageSizes {
    pub(super) uncompressed_bytes: u64,
    /// Bytes of the levels before the values: of a data page of version 2, which does not
    /// compress them.
    pub(super) level_bytes: u64,
}

/// The sizes in a page's header (`PageHeader` of parquet.thrift), which is all there.
pub(super) fn page_sizes(header: &[u8]) -> Option<PageSizes> {
    const DATA_PAGE_V2: i64 = 3;
    let mut reader = Reader(header);
    let mut id = 0;
    let mut fields = [0; 3];
    for (field, expected) in fields.iter_mut().zip(1..) {
        let (found, kind) = reader.field(&mut id)??;
        if found != expected || !is_integer(kind) {
            return None;
        }
        *field = reader.integer()?;
    }
    let mut sizes = PageSizes {
        uncompressed_bytes: fields[1].try_into().ok()?,
        level_bytes: 0,
    };
    if fields[0] == DATA_PAGE_V2 {
        loop {
            match reader.field(&mut id)?? {
                (8, STRUCT) => break,
                (found, kind) => reader.value(kind, Kind::of(PAGE_HEADER, found), 0)?,
            }
        }
        // Values, nulls, rows, encoding, bytes of definition and of repetition levels.
        let mut id = 0;
        for expected in 1..=6 {
            let (found, kind) = reader.field(&mut id)??;
            if found != expected || !is_integer(kind) {
                return None;
            }
            let value = u64::try_from(reader.integer()?).ok()?;
            if expected >= 5 {
                sizes.level_bytes += value;
            }
        }
        reader.fields(DATA_PAGE_HEADER_V2, id, 0)?;
    }
    reader.fields(PAGE_HEADER, id, 0)?;
    Some(sizes)
}

/// Is the schema of a file's metadata (`FileMetaData`) a tree of a sane depth, whose
/// nodes have no more children than there are; and is the rest what it says it is?
pub(super) fn is_sound(metadata: &[u8]) -> Option<()> {
    let mut reader = Reader(metadata);
    let mut id = 0;
    loop {
        match reader.field(&mut id)?? {
            (2, _) => break,
            (found, kind) => reader.value(kind, Kind::of(FILE_METADATA, found), 0)?,
        }
    }
    let (kind, num_nodes) = reader.list()?;
    if kind != STRUCT {
        return None;
    }
    // Children that are to come, of each node on the way down.
    let mut open: Vec<u64> = Vec::new();
    for index in 0..num_nodes {
        let mut num_children = 0;
        let mut id = 0;
        while let Some((field, kind)) = reader.field(&mut id)? {
            if field == 5 && is_integer(kind) {
                num_children = u64::try_from(reader.integer()?).ok()?;
            } else {
                reader.value(kind, Kind::of(SCHEMA_ELEMENT, field), 0)?;
            }
        }
        if num_children >= num_nodes {
            return None;
        }
        if index > 0 {
            *open.last_mut()? -= 1;
        }
        open.push(num_children);
        while open.last() == Some(&0) {
            open.pop();
        }
        if open.len() > MAX_DEPTH as usize {
            return None;
        }
    }
    reader.fields(FILE_METADATA, id, 0)?;
    open.is_empty().then_some(())
}

const fn is_integer(kind: u8) -> bool {
    matches!(kind, 4..=6)
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*byte)
    }

    fn pass(&mut self, num_bytes: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(num_bytes).ok()?..)?;
        Some(())
    }

    fn unsigned(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn integer(&mut self) -> Option<i64> {
        let zigzag = self.unsigned()?;
        Some((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// Id and type of a field, or the end of the structure. Ids rise, as all writers have
    /// them; of a field that came twice, the crate would take the second.
    fn field(&mut self, id: &mut i64) -> Option<Option<(i64, u8)>> {
        let byte = self.byte()?;
        if byte == 0 {
            return Some(None);
        }
        let found = match byte >> 4 {
            0 => self.integer()?,
            more => id.checked_add(more.into())?,
        };
        if found <= *id || found > i16::MAX.into() {
            return None;
        }
        *id = found;
        Some(Some((found, byte & 0x0F)))
    }

    /// Type and number of a list's elements.
    fn list(&mut self) -> Option<(u8, u64)> {
        let byte = self.byte()?;
        let num_elements = match byte >> 4 {
            15 => self.unsigned()?,
            few => few.into(),
        };
        // None is smaller than a byte.
        (num_elements <= self.0.len() as u64).then_some((byte & 0x0F, num_elements))
    }

    /// Pass what is left of a structure, behind the field of this id.
    fn fields(&mut self, fields: &'static [Kind], mut id: i64, depth: u32) -> Option<()> {
        while let Some((found, written)) = self.field(&mut id)? {
            self.value(written, Kind::of(fields, found), depth)?;
        }
        Some(())
    }

    /// Pass a value of a type, which must be that of its field.
    fn value(&mut self, written: u8, kind: Kind, depth: u32) -> Option<()> {
        if depth > MAX_DEPTH || !kind.is(written) {
            return None;
        }
        match written {
            // True and false are in the type.
            1 | 2 => Some(()),
            3 => self.pass(1),
            4..=6 => self.unsigned().map(drop),
            7 => self.pass(8),
            BINARY => {
                let num_bytes = self.unsigned()?;
                self.pass(num_bytes)
            }
            9 | 10 => {
                let (element, num_elements) = self.list()?;
                if element < 3 && num_elements > 0 {
                    return None;
                }
                let kind = match kind {
                    Kind::List(kind) => *kind,
                    Kind::Structs(fields) => Kind::Struct(fields),
                    _ => Kind::Any,
                };
                for _ in 0..num_elements {
                    self.value(element, kind, depth + 1)?;
                }
                Some(())
            }
            STRUCT => {
                let fields = match kind {
                    Kind::Struct(fields) => fields,
                    _ => &[],
                };
                self.fields(fields, 0, depth + 1)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        // Type 0 (a data page), 300 and 200 bytes.
        let header = [0x15, 0, 0x15, 0xD8, 0x04, 0x15, 0x90, 0x03, 0];
        let sizes = PageSizes {
            uncompressed_bytes: 300,
            level_bytes: 0,
        };
        assert_eq!(page_sizes(&header), Some(sizes));
        for end in 0..header.len() {
            assert_eq!(page_sizes(&header[..end]), None);
        }
        assert_eq!(
            page_sizes(&[0x15, 0, 0x15, 1, 0x15, 0, 0]),
            None,
            "negative"
        );
        // Version 2 with a checksum: its structure is field 8; 7 and 9 bytes of levels.
        let mut header = vec![0x15, 6, 0x15, 0xD8, 0x04, 0x15, 0x90, 0x03, 0x15, 2, 0x4C];
        header.extend([0x15, 2, 0x15, 0, 0x15, 2, 0x15, 0, 0x15, 14, 0x15, 18, 0, 0]);
        assert_eq!(page_sizes(&header).map(|sizes| sizes.level_bytes), Some(16));
    }

    /// Metadata whose nodes have so many children.
    fn schema(children: &[u64]) -> Vec<u8> {
        let mut bytes = vec![0x15, 2, 0x19, 0xFC];
        let number = |mut value: u64, bytes: &mut Vec<u8>| {
            while value > 0x7F {
                bytes.push(value as u8 | 0x80);
                value >>= 7;
            }
            bytes.push(value as u8);
        };
        number(children.len() as u64, &mut bytes);
        for count in children {
            // Name and children.
            bytes.extend([0x48, 1, b'a', 0x15]);
            number(count << 1, &mut bytes);
            bytes.push(0);
        }
        bytes.push(0);
        bytes
    }

    /// A few bytes that say "2^31 - 1 booleans".
    #[test]
    fn lists_of_booleans() {
        for kind in [0xF1, 0xF2] {
            let list = [0x19, kind, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0];
            let header = [&[0x15, 0, 0x15, 2, 0x15, 2][..], &list].concat();
            assert_eq!(page_sizes(&header), None);
            let mut metadata = schema(&[1, 0]);
            assert_eq!(is_sound(&metadata), Some(()));
            metadata.pop();
            metadata.extend(list);
            assert_eq!(is_sound(&metadata), None);
            // As many as there are bytes are no better: the crate reads on elsewhere.
            metadata.truncate(metadata.len() - list.len());
            metadata.extend([0x19, 0x10 | (kind & 15), 1, 0]);
            assert_eq!(is_sound(&metadata), None);
        }
    }

    /// What the crate would take for something else, and where it would go on elsewhere.
    #[test]
    fn fields_of_other_types_and_fields_that_come_twice() {
        let start = [0x15, 0, 0x15, 2, 0x15, 2];
        for (rest, is_sound) in [
            // The header of a data page, with its four numbers; as a list; as a number.
            (&[0x2C, 0x15, 2, 0x15, 0, 0x15, 0, 0x15, 0, 0, 0][..], true),
            (&[0x29, 0x15, 2, 0], false),
            (&[0x25, 2, 0], false),
            // Its first number as true, as text.
            (&[0x2C, 0x11, 0x15, 0, 0x15, 0, 0x15, 0, 0, 0], false),
            (
                &[0x2C, 0x18, 1, b'a', 0x15, 0, 0x15, 0, 0x15, 0, 0, 0],
                false,
            ),
            // A field that Parquet has not, of any type.
            (&[0xF8, 1, b'a', 0], true),
            // Another size, behind the first.
            (&[0x05, 4, 0x7E, 0], false),
            (&[0x05, 6, 0x7E, 0], false),
        ] {
            let header = [&start, rest].concat();
            assert_eq!(page_sizes(&header).is_some(), is_sound, "{rest:x?}");
        }
    }

    #[test]
    fn schemas() {
        for (children, is_sane) in [
            (vec![1, 0], true),
            (vec![2, 1, 0, 0], true),
            (vec![1], false),
            (vec![0, 0], false),
            (vec![1, 0, 0], false),
            (vec![1, 1 << 30, 0], false),
            ([vec![1; 60], vec![0]].concat(), true),
            ([vec![1; 100_000], vec![0]].concat(), false),
        ] {
            let schema = schema(&children);
            assert_eq!(is_sound(&schema).is_some(), is_sane);
            assert_eq!(is_sound(&schema[..schema.len() - 1]), None);
        }
    }
}
