//! The file of a public key, or its digits.

use std::path::Path;

use leaksieve_core::PublicKey;
use pkcs8::der::asn1::BitStringRef;
use pkcs8::der::pem::PemLabel;
use pkcs8::der::{Decode, EncodePem};
use pkcs8::{
    Document, EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef, SubjectPublicKeyInfoRef,
};

use super::error::KeyError;
use super::pem::{ED25519, read};

/// SubjectPublicKeyInfo as PEM.
pub(super) fn to_pem(key: PublicKey) -> Result<String, KeyError> {
    let encode = || {
        SubjectPublicKeyInfoRef {
            algorithm: ED25519,
            subject_public_key: BitStringRef::from_bytes(&key.0)?,
        }
        .to_pem(LineEnding::LF)
    };
    encode()
        .map_err(|error: pkcs8::der::Error| KeyError::Encode(pkcs8::Error::from(error).to_string()))
}

/// A public key: 64 hexadecimal digits, or its file.
///
/// # Errors
/// [`KeyError`].
pub fn public_key(text: &str) -> Result<PublicKey, KeyError> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let path = Path::new(text);
    let not_a_key = || KeyError::NotAPublicKey(path.to_path_buf());
    let are_digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if are_digits && !path.exists() {
        // Too many or too few.
        return Err(not_a_key());
    }
    let pem = read(path)?.1;
    let (label, document) = Document::from_pem(&pem).map_err(|_| not_a_key())?;
    if [
        PrivateKeyInfoRef::PEM_LABEL,
        EncryptedPrivateKeyInfoRef::PEM_LABEL,
    ]
    .contains(&label)
    {
        return Err(KeyError::SecretNotPublic(path.to_path_buf()));
    }
    SubjectPublicKeyInfoRef::from_der(document.as_bytes())
        .ok()
        .filter(|info| label == SubjectPublicKeyInfoRef::PEM_LABEL && info.algorithm == ED25519)
        .and_then(|info| info.subject_public_key.as_bytes()?.try_into().ok())
        .map(PublicKey)
        .ok_or_else(not_a_key)
}
