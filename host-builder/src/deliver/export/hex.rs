//! Intel HEX (Intel, "Hexadecimal Object File Format Specification", revision A, 1988):
//! lines of bytes with the low 16 bits of their address; the high 16 bits stand in a record
//! of their own, and hold until the next.

use std::io::BufRead;

use ::ihex::Record;

use super::error::ExportError;

/// Bytes a record, as most programs write and every one reads.
const RECORD_BYTES: u32 = 32;
/// Addresses that have their high bits in common.
const PART_BYTES: u64 = 1 << 16;

/// Records of bytes whose first is at `address`, and whose last is below 2^32.
pub(super) fn records(address: u32, mut bytes: &[u8]) -> Result<String, ExportError> {
    let mut text = String::new();
    let mut next = u64::from(address);
    let mut high = None;
    while !bytes.is_empty() {
        let (part, offset) = (next / PART_BYTES, next % PART_BYTES);
        if high != Some(part) {
            push(&Record::ExtendedLinearAddress(part as u16), &mut text)?;
            high = Some(part);
        }
        // No record goes over the end of a part: readers differ in where its rest would be.
        let most = (PART_BYTES - offset).min(RECORD_BYTES.into()) as usize;
        let (now, later) = bytes.split_at(bytes.len().min(most));
        let record = Record::Data {
            offset: offset as u16,
            value: now.to_vec(),
        };
        push(&record, &mut text)?;
        next += now.len() as u64;
        bytes = later;
    }
    Ok(text)
}

/// The last record.
pub(super) fn end() -> Result<String, ExportError> {
    let mut text = String::new();
    push(&Record::EndOfFile, &mut text)?;
    Ok(text)
}

fn push(record: &Record, text: &mut String) -> Result<(), ExportError> {
    let record = record.to_record_string();
    text.push_str(&record.map_err(|error| ExportError::Record(error.to_string()))?);
    text.push('\n');
    Ok(())
}

/// Decode an image of neighbouring bytes from `address` on.
pub(super) fn read(
    image: impl BufRead,
    address: u32,
    takes: &mut impl FnMut(&[u8]) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let mut next = u64::from(address);
    let mut high = 0;
    let mut has_ended = false;
    for line in image.lines() {
        let line = line.map_err(ExportError::ReadBack)?;
        let record = Record::from_record_string(&line).map_err(|_| ExportError::OtherContent)?;
        match record {
            _ if has_ended => return Err(ExportError::OtherContent),
            Record::ExtendedLinearAddress(part) => high = u64::from(part) * PART_BYTES,
            Record::Data { offset, value } if high + u64::from(offset) == next => {
                next += value.len() as u64;
                takes(&value)?;
            }
            Record::EndOfFile => has_ended = true,
            _ => return Err(ExportError::OtherContent),
        }
    }
    has_ended.then_some(()).ok_or(ExportError::OtherContent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str, address: u32) -> Result<Vec<u8>, ExportError> {
        let mut found = Vec::new();
        let mut takes = |bytes: &[u8]| {
            found.extend_from_slice(bytes);
            Ok(())
        };
        read(text.as_bytes(), address, &mut takes).map(|()| found)
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let bytes: Vec<u8> = (0..1024_u32).map(|i| (i * 7 + i / 256) as u8).collect();
        for address in [0, 1, 0xFFF0, 0x0803_FF01, 0xFFFF_FC00] {
            let text = records(address, &bytes).unwrap() + &end().unwrap();
            assert_eq!(decode(&text, address).unwrap(), bytes);
            assert!(decode(&text, address ^ 1).is_err());
            for place in 0..text.len() {
                let mut other = text.clone().into_bytes();
                other[place] ^= 0x01;
                let other = String::from_utf8(other).unwrap();
                assert!(
                    decode(&other, address).ok().as_ref() != Some(&bytes),
                    "{place}"
                );
            }
            let unfinished = &text[..text.len() - end().unwrap().len()];
            assert!(decode(unfinished, address).is_err());
            assert!(decode(&(text.clone() + &text), address).is_err());
        }
    }
}
