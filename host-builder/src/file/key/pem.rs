//! What the files of both halves have in common.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use pkcs8::ObjectIdentifier;
use pkcs8::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::error::KeyError;

/// Ed25519 (RFC 8410 section 3), without parameters.
pub(super) const ED25519: AlgorithmIdentifierRef<'_> = AlgorithmIdentifierRef {
    oid: ObjectIdentifier::new_unwrap("1.3.101.112"),
    parameters: None,
};
/// Of the file of a key; longer ones are not read on.
pub(super) const MAX_FILE_BYTES: u64 = 1 << 16;

/// A key's file, and its text.
pub(super) fn read(path: &Path) -> Result<(File, Zeroizing<String>), KeyError> {
    let failed = |error| KeyError::Read {
        path: path.to_path_buf(),
        error,
    };
    let file = File::open(path).map_err(failed)?;
    // Room for all of it, so that no copy is left behind when it grows.
    let mut text = Zeroizing::new(String::with_capacity(MAX_FILE_BYTES as usize + 1));
    match (&file).take(MAX_FILE_BYTES).read_to_string(&mut text) {
        // What is no text is no key: nothing is read of it.
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {}
        read => drop(read.map_err(failed)?),
    }
    Ok((file, text))
}
