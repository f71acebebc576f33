//! The file of a secret key: written, and read.

use std::fs::File;
use std::path::{Path, PathBuf};

use pkcs8::der::asn1::{BitStringRef, OctetStringRef};
use pkcs8::der::pem::PemLabel;
use pkcs8::der::{Decode, Encode};
use pkcs8::pkcs5::{EncryptionScheme, pbes2, scrypt};
use pkcs8::{
    EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef, SecretDocument,
    SubjectPublicKeyInfoRef,
};
use zeroize::Zeroizing;

use super::error::KeyError;
use super::pem::{ED25519, read};
use super::secret_key::SecretKey;

/// scrypt's cost: 2^14 blocks of 8 · 128 bytes, 16 MiB, the most that OpenSSL takes ...
const SCRYPT_LOG_N: u8 = 14;
const SCRYPT_R: u32 = 8;
/// ... and five times, as OWASP's "Password Storage Cheat Sheet" has it for so little memory.
const SCRYPT_P: u32 = 5;
/// Memory and repetitions that somebody else's key file may ask for.
const MAX_SCRYPT_BYTES: u64 = 1 << 30;
const MAX_SCRYPT_P: u16 = 64;
const MAX_PBKDF2_ITERATIONS: u32 = 10_000_000;

/// PKCS#8 as PEM, encrypted with the password if there is one.
pub(super) fn to_pem(
    key: &SecretKey,
    password: Option<&[u8]>,
) -> Result<Zeroizing<String>, KeyError> {
    let encode = || {
        let seed = Zeroizing::new(*key.0.sk.seed());
        // The key within the key is a string of bytes itself (RFC 8410 section 7).
        let inner = Zeroizing::new(OctetStringRef::new(seed.as_slice())?.to_der()?);
        let info = PrivateKeyInfoRef::new(ED25519, OctetStringRef::new(&inner)?);
        let (label, document) = match password {
            None => (
                PrivateKeyInfoRef::PEM_LABEL,
                SecretDocument::try_from(&info)?,
            ),
            Some(password) => (
                EncryptedPrivateKeyInfoRef::PEM_LABEL,
                info.encrypt_with_params(parameters()?, password)?,
            ),
        };
        Ok(document.to_pem(label, LineEnding::LF)?)
    };
    encode().map_err(|error: pkcs8::Error| KeyError::Encode(error.to_string()))
}

/// How a new key is encrypted.
fn parameters() -> Result<pbes2::Parameters, pkcs8::Error> {
    let random = |bytes: &mut [u8]| {
        getrandom::fill(bytes).map_err(|_| pkcs8::Error::from(pkcs8::pkcs5::Error::Rng))
    };
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    random(&mut salt)?;
    random(&mut iv)?;
    let cost = scrypt::Params::new(SCRYPT_LOG_N, SCRYPT_R, SCRYPT_P)
        .map_err(|_| pkcs8::Error::ParametersMalformed)?;
    Ok(pbes2::Parameters::generate_scrypt_aes256cbc(
        cost, &salt, iv,
    )?)
}

/// A secret key's file that was read, and perhaps not decrypted yet.
pub struct KeyFile {
    path: PathBuf,
    is_encrypted: bool,
    document: SecretDocument,
}

impl KeyFile {
    /// Read a file that its owner alone can read.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn open(path: &Path) -> Result<Self, KeyError> {
        let (file, text) = read(path)?;
        let not_a_key = |_| KeyError::NotASecretKey(path.to_path_buf());
        let (label, document) = SecretDocument::from_pem(&text).map_err(not_a_key)?;
        let is_encrypted = match label {
            EncryptedPrivateKeyInfoRef::PEM_LABEL => true,
            PrivateKeyInfoRef::PEM_LABEL => false,
            SubjectPublicKeyInfoRef::PEM_LABEL => {
                return Err(KeyError::PublicNotSecret(path.to_path_buf()));
            }
            _ => return Err(KeyError::NotASecretKey(path.to_path_buf())),
        };
        refuse_shared(path, &file)?;
        Ok(Self {
            path: path.to_path_buf(),
            is_encrypted,
            document,
        })
    }

    /// Does it need a password?
    pub const fn is_encrypted(&self) -> bool {
        self.is_encrypted
    }

    /// The key. A password is of no use where none is needed.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn into_key(self, password: Option<&[u8]>) -> Result<SecretKey, KeyError> {
        let path = || self.path.clone();
        if !self.is_encrypted {
            return secret_key(&self.document).ok_or_else(|| KeyError::NotASecretKey(path()));
        }
        let password = password.ok_or_else(|| KeyError::NeedsPassword(path()))?;
        let info = EncryptedPrivateKeyInfoRef::from_der(self.document.as_bytes())
            .map_err(|_| KeyError::NotASecretKey(path()))?;
        if !is_affordable(&info.encryption_algorithm) {
            return Err(KeyError::TooCostly(path()));
        }
        let document = info
            .decrypt(password)
            .map_err(|_| KeyError::WrongPassword(path()))?;
        secret_key(&document).ok_or_else(|| KeyError::WrongPassword(path()))
    }
}

/// Can the password be tried? What a file asks for is not believed before it is read.
fn is_affordable(scheme: &EncryptionScheme) -> bool {
    let Some(kdf) = scheme.pbes2().map(|scheme| &scheme.kdf) else {
        return true;
    };
    if let Some(pbkdf2) = kdf.pbkdf2() {
        return pbkdf2.iteration_count <= MAX_PBKDF2_ITERATIONS;
    }
    let Some(scrypt) = kdf.scrypt() else {
        return true;
    };
    let bytes = scrypt
        .cost_parameter
        .checked_mul(u64::from(scrypt.block_size) * 128);
    scrypt.cost_parameter.is_power_of_two()
        && bytes.is_some_and(|bytes| bytes <= MAX_SCRYPT_BYTES)
        && scrypt.parallelization <= MAX_SCRYPT_P
}

/// The key of a PKCS#8 document; `None` when it is of another kind, or its public half is
/// another's.
fn secret_key(document: &SecretDocument) -> Option<SecretKey> {
    let info = PrivateKeyInfoRef::from_der(document.as_bytes()).ok()?;
    if info.algorithm != ED25519 {
        return None;
    }
    let seed = <&OctetStringRef>::from_der(info.private_key.as_bytes()).ok()?;
    let key = SecretKey::from_seed(seed.as_bytes().try_into().ok()?)?;
    let public = key.public();
    let is_its_own = |stated: BitStringRef<'_>| stated.as_bytes() == Some(&public.0);
    info.public_key.is_none_or(is_its_own).then_some(key)
}

/// As ssh: a secret that others can read is none.
#[cfg(unix)]
fn refuse_shared(path: &Path, file: &File) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata = file.metadata().map_err(|error| KeyError::Read {
        path: path.to_path_buf(),
        error,
    })?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyError::OthersCanRead {
            path: path.to_path_buf(),
            mode,
        });
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_shared(_path: &Path, _file: &File) -> Result<(), KeyError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scheme(kdf: impl Into<pbes2::Kdf>) -> EncryptionScheme {
        pbes2::Parameters {
            kdf: kdf.into(),
            encryption: pbes2::EncryptionScheme::Aes256Cbc { iv: [0; 16] },
        }
        .into()
    }

    /// A file that asks for all memory, or for what no scrypt has, is refused before it is
    /// tried.
    #[test]
    fn what_a_password_may_cost() {
        for (cost, block_size, parallelization, expected) in [
            (1 << SCRYPT_LOG_N, SCRYPT_R as u16, SCRYPT_P as u16, true),
            (1 << 20, 8, 1, true),
            (1 << 21, 8, 1, false),
            (1 << 63, 8, 1, false),
            (1 << 14, u16::MAX, 1, false),
            (1 << 14, 8, 65, false),
            (0, 8, 1, false),
            (3, 8, 1, false),
        ] {
            let scheme = scheme(pbes2::ScryptParams {
                salt: pbes2::Salt::new([0; 16]).unwrap(),
                cost_parameter: cost,
                block_size,
                parallelization,
                key_length: None,
            });
            assert_eq!(is_affordable(&scheme), expected, "{cost} {block_size}");
        }
        for (iteration_count, expected) in [
            (600_000, true),
            (MAX_PBKDF2_ITERATIONS, true),
            (MAX_PBKDF2_ITERATIONS + 1, false),
            (u32::MAX, false),
        ] {
            let scheme = scheme(pbes2::Pbkdf2Params {
                salt: pbes2::Salt::new([0; 16]).unwrap(),
                iteration_count,
                key_length: None,
                prf: pbes2::Pbkdf2Prf::HmacWithSha256,
            });
            assert_eq!(is_affordable(&scheme), expected, "{iteration_count}");
        }
        assert!(is_affordable(&parameters().unwrap().into()));
    }
}
