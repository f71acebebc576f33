//! Why a key cannot be made or used.

use std::io;
use std::path::PathBuf;

use crate::file::OutputError;

/// Why a key cannot be made or used. No message holds a key or a password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file of a key.
    #[error("{}: cannot read: {error}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
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
    NoRandom(String),
    /// The key cannot be written as it should.
    #[error("the key cannot be encoded: {0}")]
    Encode(String),
    /// The new files.
    #[error(transparent)]
    Output(#[from] OutputError),
}
