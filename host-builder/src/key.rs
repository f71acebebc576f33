//! The keys that files are signed with, and their files: PKCS#8 (RFC 5958) for the secret
//! one, SubjectPublicKeyInfo for the public one, both of Ed25519 (RFC 8410), as PEM
//! (RFC 7468). OpenSSL reads and writes the same.
//!
//! A secret key's file can be read by its owner alone, and is encrypted with a password
//! unless that was refused: PBES2 (RFC 8018) with scrypt (RFC 7914) and AES-256-CBC. What
//! is held of it in memory is wiped in the end.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ed25519_compact::{KeyPair, Seed};
use leaksieve_core::PublicKey;
use leaksieve_core::trust::Signature;
use pkcs8::der::asn1::{BitStringRef, OctetStringRef};
use pkcs8::der::pem::PemLabel;
use pkcs8::der::{Decode, Encode, EncodePem};
use pkcs8::pkcs5::{EncryptionScheme, pbes2, scrypt};
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{
    Document, EncryptedPrivateKeyInfoRef, LineEnding, ObjectIdentifier, PrivateKeyInfoRef,
    SecretDocument, SubjectPublicKeyInfoRef,
};
use zeroize::Zeroizing;

use crate::output::{Access, Beside, OutputError};

/// Ed25519 (RFC 8410 section 3), without parameters.
const ED25519: AlgorithmIdentifierRef<'_> = AlgorithmIdentifierRef {
    oid: ObjectIdentifier::new_unwrap("1.3.101.112"),
    parameters: None,
};
const SEED_BYTES: usize = 32;
/// Of the file of a key; longer ones are not read on.
const MAX_FILE_BYTES: u64 = 1 << 16;

/// scrypt's cost: 2^14 blocks of 8 · 128 bytes, 16 MiB, the most that OpenSSL takes ...
const SCRYPT_LOG_N: u8 = 14;
const SCRYPT_R: u32 = 8;
/// ... and five times, as OWASP's "Password Storage Cheat Sheet" has it for so little memory.
const SCRYPT_P: u32 = 5;
/// Memory and repetitions that somebody else's key file may ask for.
const MAX_SCRYPT_BYTES: u64 = 1 << 30;
const MAX_SCRYPT_P: u16 = 64;

/// Why a key cannot be made or used. No message holds a key or a password.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file of a key.
    #[error("{}: cannot be read: {error}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Not the file of a secret key.
    #[error("{}: not the file of a secret Ed25519 key: give one that `leaksieve keygen` made, or a PKCS#8 file (PEM)", .0.display())]
    NotASecretKey(PathBuf),
    /// The public half where the secret one is needed.
    #[error("{}: this is a public key, and only the secret one signs: give the file without .pub", .0.display())]
    PublicNotSecret(PathBuf),
    /// The secret half where the public one is enough.
    #[error("{}: this is a secret key: give the public one (.pub), and the secret one to nobody", .0.display())]
    SecretNotPublic(PathBuf),
    /// Not the file of a public key, and no digits either.
    #[error("{}: no public Ed25519 key: give a .pub file of `leaksieve keygen`, or the key's 64 hexadecimal digits", .0.display())]
    NotAPublicKey(PathBuf),
    /// Others can read the secret key.
    #[error("{}: others than its owner can read this secret key or change it (mode {mode:04o}): run `chmod 600` on it; if it was so for long, make a new key", path.display())]
    OthersCanRead {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The password does not fit.
    #[error("{}: wrong password, or the file is damaged", .0.display())]
    WrongPassword(PathBuf),
    /// The key is encrypted, and there was no password.
    #[error("{}: this key has a password: give it", .0.display())]
    NeedsPassword(PathBuf),
    /// It would take too long, or too much memory.
    #[error("{}: its password costs more than 1 GiB of memory to try: encrypt the key anew, as `openssl pkcs8 -topk8 -scrypt` does", .0.display())]
    TooCostly(PathBuf),
    /// No randomness.
    #[error("the system gave no random numbers: {0}")]
    NoRandom(#[from] getrandom::Error),
    /// The key cannot be written as it should.
    #[error("the key cannot be encoded: {0}")]
    Encode(pkcs8::Error),
    /// The new files.
    #[error(transparent)]
    Output(#[from] OutputError),
}

/// A secret key. It signs, and is never shown.
pub struct SecretKey(KeyPair);

/// Who it is, not what it is.
impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SecretKey").field(&self.public()).finish()
    }
}

impl SecretKey {
    /// A new one, of the system's random numbers.
    ///
    /// # Errors
    /// [`KeyError::NoRandom`].
    pub fn generate() -> Result<Self, KeyError> {
        loop {
            let mut seed = Zeroizing::new([0; SEED_BYTES]);
            getrandom::fill(seed.as_mut_slice())?;
            if let Some(key) = Self::from_seed(&seed) {
                return Ok(key);
            }
        }
    }

    /// The key of a seed (RFC 8032 section 5.1.5). All zeros are none.
    pub fn from_seed(seed: &[u8; SEED_BYTES]) -> Option<Self> {
        KeyPair::try_from_seed(Seed::new(*seed)).ok().map(Self)
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(*self.0.pk)
    }

    /// Sign. The same message has the same signature.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(*self.0.sk.sign(message, None))
    }

    /// PKCS#8 as PEM, encrypted with the password if there is one.
    fn to_pem(&self, password: Option<&[u8]>) -> Result<Zeroizing<String>, KeyError> {
        let encode = || {
            let seed = Zeroizing::new(*self.0.sk.seed());
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
        encode().map_err(KeyError::Encode)
    }
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

/// The two files of a new key, before they are in their places.
pub struct NewKeyFiles {
    secret: Beside,
    public: Beside,
}

impl NewKeyFiles {
    /// `path` for the secret key, and the same with `.pub` for the public one. What exists
    /// is kept unless it is to be replaced.
    ///
    /// # Errors
    /// [`KeyError::Output`].
    pub fn create(path: &Path, replace: bool) -> Result<Self, KeyError> {
        Ok(Self {
            secret: Beside::create(path, replace, Access::OwnerOnly)?,
            public: Beside::create(&public_path(path), replace, Access::AsUsual)?,
        })
    }

    /// Write the key and put both files in their places.
    ///
    /// # Errors
    /// [`KeyError`]. When the first is in its place and the second cannot be, the key is
    /// there: the secret file has the public half in it.
    pub fn write(mut self, key: &SecretKey, password: Option<&[u8]>) -> Result<(), KeyError> {
        self.secret.write(key.to_pem(password)?.as_bytes())?;
        self.public.write(public_pem(key.public())?.as_bytes())?;
        self.secret.commit()?;
        Ok(self.public.commit()?)
    }
}

/// Where the public half of a key is written.
pub fn public_path(secret: &Path) -> PathBuf {
    let mut path = secret.as_os_str().to_owned();
    path.push(".pub");
    path.into()
}

fn public_pem(key: PublicKey) -> Result<String, KeyError> {
    let encode = || {
        SubjectPublicKeyInfoRef {
            algorithm: ED25519,
            subject_public_key: BitStringRef::from_bytes(&key.0)?,
        }
        .to_pem(LineEnding::LF)
    };
    encode().map_err(|error: pkcs8::der::Error| KeyError::Encode(error.into()))
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
        let text = read(path, |file| refuse_shared(path, file))?;
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
    let Some(scrypt) = scheme.pbes2().and_then(|scheme| scheme.kdf.scrypt()) else {
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

/// A public key: 64 hexadecimal digits, or its file.
///
/// # Errors
/// [`KeyError`].
pub fn public_key(text: &str) -> Result<PublicKey, KeyError> {
    if let Some(key) = from_hex(text) {
        return Ok(key);
    }
    let path = Path::new(text);
    let not_a_key = || KeyError::NotAPublicKey(path.to_path_buf());
    let are_digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if are_digits && !path.exists() {
        // Too many or too few.
        return Err(not_a_key());
    }
    let pem = read(path, |_| Ok(()))?;
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

fn from_hex(text: &str) -> Option<PublicKey> {
    let mut key = [0; 32];
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != key.len() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16);
    for (place, [high, low]) in key.iter_mut().zip(pairs) {
        *place = (digit(*high)? << 4 | digit(*low)?) as u8;
    }
    Some(PublicKey(key))
}

/// The text of a key's file, if the file is in order.
fn read(
    path: &Path,
    check: impl FnOnce(&File) -> Result<(), KeyError>,
) -> Result<Zeroizing<String>, KeyError> {
    let failed = |error| KeyError::Read {
        path: path.to_path_buf(),
        error,
    };
    let file = File::open(path).map_err(failed)?;
    check(&file)?;
    // Room for all of it, so that no copy is left behind when it grows.
    let mut text = Zeroizing::new(String::with_capacity(MAX_FILE_BYTES as usize + 1));
    file.take(MAX_FILE_BYTES)
        .read_to_string(&mut text)
        .map_err(failed)?;
    Ok(text)
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
