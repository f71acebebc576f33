//! The keys that files are signed with, and their files: PKCS#8 (RFC 5958) for the secret
//! one, SubjectPublicKeyInfo for the public one, both of Ed25519 (RFC 8410), as PEM
//! (RFC 7468). OpenSSL reads and writes the same.
//!
//! A secret key's file can be read by its owner alone, and is encrypted with a password
//! unless that was refused: PBES2 (RFC 8018) with scrypt (RFC 7914) and AES-256-CBC. What
//! is held of it in memory is wiped in the end.

mod public;
mod secret;

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ed25519_compact::{KeyPair, Seed};
use leaksieve_core::PublicKey;
use leaksieve_core::trust::Signature;
use pkcs8::ObjectIdentifier;
use pkcs8::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::file::output::{Access, Beside, OutputError};

pub use public::public_key;
pub use secret::KeyFile;

/// Ed25519 (RFC 8410 section 3), without parameters.
const ED25519: AlgorithmIdentifierRef<'_> = AlgorithmIdentifierRef {
    oid: ObjectIdentifier::new_unwrap("1.3.101.112"),
    parameters: None,
};
const SEED_BYTES: usize = 32;
/// Of the file of a key; longer ones are not read on.
const MAX_FILE_BYTES: u64 = 1 << 16;

/// Why a key cannot be made or used. No message holds a key or a password.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file of a key.
    #[error("{}: cannot read: {error}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Not the file of a secret key.
    #[error("{}: not a secret Ed25519 key: give a file that `leaksieve keygen` made, or a PKCS#8 file (PEM)", .0.display())]
    NotASecretKey(PathBuf),
    /// The public half where the secret one is needed.
    #[error("{}: this is a public key, and you sign with the secret one: give the file without .pub", .0.display())]
    PublicNotSecret(PathBuf),
    /// The secret half where the public one is enough.
    #[error("{}: this is a secret key, to be kept secret: give the public key (.pub)", .0.display())]
    SecretNotPublic(PathBuf),
    /// Not the file of a public key, and no digits either.
    #[error("{}: not a public Ed25519 key: give a .pub file of `leaksieve keygen`, or the key's 64 hex digits", .0.display())]
    NotAPublicKey(PathBuf),
    /// Others can read the secret key.
    #[error("{}: others can read or change this secret key (mode {mode:04o}): run `chmod 600` on it; if it was like this for long, make a new key", path.display())]
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
    #[error("{}: this key needs a password", .0.display())]
    NeedsPassword(PathBuf),
    /// It would take too long, or too much memory.
    #[error("{}: trying the password takes more than 1 GiB of memory, or 10,000,000 rounds: encrypt the key again, as `openssl pkcs8 -topk8 -scrypt` does", .0.display())]
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
    /// there: the public half follows from it.
    pub fn write(mut self, key: &SecretKey, password: Option<&[u8]>) -> Result<(), KeyError> {
        self.secret
            .write(secret::to_pem(key, password)?.as_bytes())?;
        self.public
            .write(public::to_pem(key.public())?.as_bytes())?;
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

/// A key's file, and its text.
fn read(path: &Path) -> Result<(File, Zeroizing<String>), KeyError> {
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
