//! The bytes of a filter as they are.

use std::io::Read;

use super::error::ExportError;

/// Read an image.
pub(super) fn read(
    mut image: impl Read,
    takes: &mut impl FnMut(&[u8]) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let mut bytes = Vec::new();
    while read_some(&mut image, &mut bytes)? {
        takes(&bytes)?;
    }
    Ok(())
}

/// The next bytes of an image, whatever signals come; false when there are none.
pub(super) fn read_some(image: &mut impl Read, bytes: &mut Vec<u8>) -> Result<bool, ExportError> {
    bytes.clear();
    let read = image.take(1 << 14).read_to_end(bytes);
    Ok(read.map_err(ExportError::ReadBack)? > 0)
}
