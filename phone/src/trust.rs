//! Which files an app accepts.

use leaksieve_core::PublicKey;

use crate::error::FilterError;

/// Which files are accepted, and how old they may be. As it begins, every file is.
#[derive(Clone, Debug, Default, PartialEq, Eq, uniffi::Record)]
pub struct Trust {
    /// Public keys, each as its 64 hexadecimal digits: only what one of them signed is accepted.
    /// Empty: every file is, also unsigned ones and those that anybody signed.
    #[uniffi(default = [])]
    pub keys: Vec<String>,
    /// Files of a lower epoch are refused.
    #[uniffi(default = 0)]
    pub min_epoch: u32,
    /// Say "not exposed" of a file past its expiry too; it then means: not as of that day.
    #[uniffi(default = false)]
    pub allow_expired: bool,
}

impl Trust {
    pub(crate) fn public_keys(&self) -> Result<Vec<PublicKey>, FilterError> {
        (1..)
            .zip(&self.keys)
            .map(|(number, key)| {
                key.parse()
                    .map_err(|error| FilterError::BadKey { number, error })
            })
            .collect()
    }
}
