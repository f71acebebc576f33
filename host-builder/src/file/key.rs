//! The keys that files are signed with, and their files: PKCS#8 (RFC 5958) for the secret
//! one, SubjectPublicKeyInfo for the public one, both of Ed25519 (RFC 8410), as PEM
//! (RFC 7468). OpenSSL reads and writes the same.
//!
//! A secret key's file can be read by its owner alone, and is encrypted with a password
//! unless that was refused: PBES2 (RFC 8018) with scrypt (RFC 7914) and AES-256-CBC. What
//! is held of it in memory is wiped in the end.

mod error;
mod pem;
mod public;
mod secret;
mod secret_key;

use std::path::{Path, PathBuf};

use crate::file::{Access, AtomicFile};

pub use error::KeyError;
pub use public::public_key;
pub use secret::KeyFile;
pub use secret_key::SecretKey;

/// The two files of a new key, before they are in their places.
pub struct NewKeyFiles {
    secret: AtomicFile,
    public: AtomicFile,
}

impl NewKeyFiles {
    /// `path` for the secret key, and the same with `.pub` for the public one. What exists
    /// is kept unless it is to be replaced.
    ///
    /// # Errors
    /// [`KeyError::Output`].
    pub fn create(path: &Path, replace: bool) -> Result<Self, KeyError> {
        Ok(Self {
            secret: AtomicFile::create(path, replace, Access::OwnerOnly)?,
            public: AtomicFile::create(&public_path(path), replace, Access::AsUsual)?,
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
