//! Whether a hash is that of a password beside it.

use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::hashes::Form;

/// Can a password be hashed and compared with this?
pub(super) fn can_compare(hash: &[u8]) -> bool {
    matches!(
        Form::of(hash),
        Some(Form::Hexadecimal(32 | 40 | 64 | 128) | Form::MySql)
    )
}

/// Is this the hash of the password? Of the rest of a hash, in a file that is named after its
/// first digits, too.
pub(super) fn is_of(hash: &[u8], password: &[u8]) -> bool {
    let typed = unhex(password);
    let password = typed.as_deref().unwrap_or(password);
    let is = |digest: &[u8]| is_hexadecimal_of(hash, digest);
    match hash.len() {
        27 | 32 => is(&Md5::digest(password)) || is(&ntlm(password)),
        35 | 40 => is(&Sha1::digest(password)),
        41 => is_hexadecimal_of(&hash[1..], &Sha1::digest(Sha1::digest(password))),
        64 => is(&Sha256::digest(password)),
        128 => is(&Sha512::digest(password)),
        _ => false,
    }
}

/// Is this the hash of the password with its salt, before or behind?
pub(super) fn is_of_both(hash: &[u8], salt: &[u8], password: &[u8]) -> bool {
    is_of(hash, &[salt, password].concat()) || is_of(hash, &[password, salt].concat())
}

fn ntlm(password: &[u8]) -> Vec<u8> {
    let units = String::from_utf8_lossy(password)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect::<Vec<u8>>();
    md4::Md4::digest(units).to_vec()
}

/// `$HEX[...]`, as crackers write what is no plain text.
fn unhex(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(b"$HEX[")?.strip_suffix(b"]")?;
    let digits = std::str::from_utf8(digits).ok()?;
    (0..digits.len() / 2)
        .map(|at| u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok())
        .collect()
}

/// Are these the last digits of the digest, or all?
fn is_hexadecimal_of(text: &[u8], digest: &[u8]) -> bool {
    let digits = digest
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| b"0123456789abcdef"[usize::from(digit)]);
    let first = (2 * digest.len()).saturating_sub(text.len());
    digits
        .skip(first)
        .eq(text.iter().map(u8::to_ascii_lowercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_password() {
        for hash in [
            "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8",
            "1E4C9B93F3F0682250B6CF8331B7EE68FD8",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "8846F7EAEE8FB117AD06BDD830B7586C",
            "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19",
            "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8",
        ] {
            assert!(is_of(hash.as_bytes(), b"password"), "{hash}");
            assert!(is_of(hash.as_bytes(), b"$HEX[70617373776f7264]"), "{hash}");
            assert!(is_of_both(hash.as_bytes(), b"word", b"pass"), "{hash}");
            assert!(!is_of(hash.as_bytes(), b"Password"), "{hash}");
        }
        assert!(!is_of(b"", b"") && !is_of(b"5baa6", b"password"));
    }
}
