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

/// Passwords that every large list has.
const USUAL: [&str; 12] = [
    "123456",
    "password",
    "12345678",
    "qwerty",
    "123456789",
    "12345",
    "111111",
    "1234567",
    "123123",
    "abc123",
    "iloveyou",
    "letmein",
];
/// So many of them are no chance.
const FEW: usize = 2;

/// What hashes of so many digits are instead, by those of usual passwords, and what to do.
pub(in crate::input) fn of_another_kind<'a>(
    num_digits: usize,
    hashes: impl Iterator<Item = &'a [u8]>,
) -> Option<(&'static str, &'static str)> {
    type Make = fn(&[u8]) -> Vec<u8>;
    let (own, other, found): (Make, Make, _) = match num_digits {
        32 => (ntlm, |password| Md5::digest(password).to_vec(), MD5),
        40 => (
            |password| Sha1::digest(password).to_vec(),
            |password| Sha1::digest(Sha1::digest(password)).to_vec(),
            TWICE,
        ),
        _ => return None,
    };
    let of = |make: Make| USUAL.map(|password| make(password.as_bytes()));
    let (own, other) = (of(own), of(other));
    let (mut has_own, mut seen) = (false, [false; USUAL.len()]);
    for hash in hashes.filter(|hash| hash.len() == num_digits) {
        let is = |digest: &Vec<u8>| is_hexadecimal_of(hash, digest);
        has_own |= own.iter().any(is);
        if let Some(at) = other.iter().position(is) {
            seen[at] = true;
        }
    }
    (!has_own && seen.iter().filter(|is| **is).count() >= FEW).then_some((found, NOT_READ))
}

const MD5: &str = "MD5 hashes, not NTLM hashes: those of very common passwords are among them";
const TWICE: &str =
    "hashes of MySQL (SHA-1 twice over): those of very common passwords are among them";
const NOT_READ: &str = "no filter can be made of them: only lists of SHA-1 and NTLM hashes are read, and of passwords themselves";

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
