//! A secret key in memory.

use std::fmt;

use ed25519_compact::{KeyPair, Seed};
use leaksieve_core::PublicKey;
use leaksieve_core::trust::Signature;
use zeroize::Zeroizing;

use super::error::KeyError;

const SEED_BYTES: usize = 32;

/// A secret key. It signs, and is never shown.
pub struct SecretKey(pub(super) KeyPair);

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
            getrandom::fill(seed.as_mut_slice())
                .map_err(|error| KeyError::NoRandom(error.to_string()))?;
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
