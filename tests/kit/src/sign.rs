//! Signed files for tests and measurements, by `leaksieve sign`, and forged ones.
//!
//! The keys are no secrets. The public half of the first, `tests/data/test-key.pub.pem`, is
//! built into the firmware that the tests ask, and into no other.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};
use leaksieve_core::sector::{PAYLOAD_BYTES, seal};
use leaksieve_core::{Sector, SectorIndex, Trust, open};

use crate::{run, workspace};

/// Whose key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The one whom the tests' firmware trusts: 32 bytes of 7.
    Trusted,
    /// Somebody else: 32 bytes of 8.
    Stranger,
}

impl Signer {
    /// PKCS#8 (RFC 8410 section 7), in base 64.
    const fn secret(self) -> &'static str {
        match self {
            Self::Trusted => "MC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH",
            Self::Stranger => "MC4CAQAwBQYDK2VwBCIEIAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI",
        }
    }
}

/// The public half of [`Signer::Trusted`], in hexadecimal digits.
pub const PUBLIC_KEY: &str = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";

/// The same, as OpenSSL writes it.
pub fn public_key() -> PathBuf {
    workspace::root().join("tests/data/test-key.pub.pem")
}

/// Sign a filter file; `signed` is replaced.
///
/// # Errors
/// When `leaksieve sign` fails.
pub fn sign(cli: &Path, filter: &Path, signer: Signer, epoch: u32, signed: &Path) -> Result<()> {
    // For nobody else to read, as `leaksieve sign` wants it.
    let mut key = tempfile::NamedTempFile::new()?;
    let secret = signer.secret();
    writeln!(
        key,
        "-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----"
    )?;
    run::output(
        Command::new(cli)
            .args(["sign", "--quiet", "--force"])
            .arg(filter)
            .args(["--epoch", &epoch.to_string(), "--key"])
            .arg(key.path())
            .arg("--output")
            .arg(signed),
    )?;
    Ok(())
}

/// Sign beside a filter file, with the key that the tests' firmware trusts; gives the path.
///
/// # Errors
/// As [`sign`].
pub fn sign_beside(cli: &Path, filter: &Path) -> Result<PathBuf> {
    let signed = filter.with_extension("signed.lsv");
    sign(cli, filter, Signer::Trusted, 1, &signed)?;
    Ok(signed)
}

/// Change a byte of a sector's payload and make its checksum right again, as a forger does.
///
/// # Errors
/// When the file has no such sector.
pub fn forge(file: &mut [u8], index: u32, at: usize, flip: u8) -> Result<()> {
    let id = open(&mut &*file, &mut [0; 512], &Trust::ANY)
        .map_err(|error| anyhow!("cannot be forged: {error}"))?
        .file_id();
    let sectors: &mut [Sector] = file.as_chunks_mut().0;
    let sector = sectors.get_mut(index as usize).context("no such sector")?;
    let mut payload = [0; PAYLOAD_BYTES];
    payload.copy_from_slice(&sector[..PAYLOAD_BYTES]);
    *payload.get_mut(at).context("no such byte")? ^= flip;
    *sector = seal(id, SectorIndex(index), &payload);
    Ok(())
}
