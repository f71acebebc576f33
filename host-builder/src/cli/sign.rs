//! `leaksieve sign`

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use leaksieve::dates::day_of;
use leaksieve::file::FilterFile;
use leaksieve::file::key::{KeyFile, public_path};
use leaksieve::file::sign::{Options, SignError, sign};
use leaksieve::sizing::media::FAT32_MAX_BYTES;
use leaksieve_core::sector::SECTOR_BYTES;
use leaksieve_core::trust::MAX_EPOCH_STEP;
use leaksieve_core::{Header, PublicKey};

use super::text::{count, of_output, size, unsaid};
use super::{password, progress, trust};

#[derive(clap::Args)]
#[command(
    after_help = "\
Example:
  leaksieve sign leaks.lsv --key leaks.key --epoch 12 -o signed.lsv",
    after_long_help = "\
The file is verified before and after. The signed file is 3.3 % larger: it has a tag for each sector,
so that a device notices a forged one.

Examples:
  leaksieve sign leaks.lsv --key leaks.key --epoch 12 --expires 2027-01-31 -o signed.lsv
  leaksieve sign signed.lsv --again --key leaks.key --epoch 13 -o newer.lsv"
)]
pub(crate) struct Args {
    /// Filter file
    file: PathBuf,
    /// Secret key that `leaksieve keygen` made
    ///
    /// Or any Ed25519 key in PKCS#8 (PEM).
    #[arg(long, value_name = "SECRET")]
    key: PathBuf,
    /// Signed file to write
    #[arg(short, long, value_name = "OUT")]
    output: PathBuf,
    /// Number of this publication [default: the file's]
    ///
    /// Give one more each time. A device that has seen a higher number refuses the file.
    #[arg(long, value_name = "N")]
    epoch: Option<u32>,
    /// Date to get a newer file by [default: the file's]
    ///
    /// A day such as 2027-01-31, seconds since 1970, or 0 for never.
    #[arg(long, value_name = "TIME", value_parser = leaksieve::dates::parse_time)]
    expires: Option<u64>,
    /// Replace the signature of a file that is already signed
    #[arg(long)]
    again: bool,
    /// Replace OUT if it exists
    #[arg(short, long)]
    force: bool,
    /// Show no progress and no summary
    #[arg(short, long, hide_short_help = true)]
    quiet: bool,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        super::arguments::refuse_stdout(&self.output)?;
        // Before anybody types a password: is there something to sign, and is it to be signed?
        let file = FilterFile::open(&self.file)?;
        if let Some(signer) = file.catalogue().signer().filter(|_| !self.again) {
            let path = self.file.clone();
            return Err(SignError::SignedAlready { path, signer }.into());
        }
        drop(file);
        let key = KeyFile::open(&self.key)?;
        let password = match key.is_encrypted() {
            true => Some(password::ask()?),
            false => None,
        };
        let key = key.into_key(password.as_ref().map(|password| password.as_slice()))?;
        let options = Options {
            epoch: self.epoch,
            expires_unix_s: self.expires,
            again: self.again,
            replace: self.force,
        };
        let observer = progress::Bar::observer(self.quiet);
        let header =
            sign(&self.file, &key, options, &self.output, observer.as_ref()).map_err(|error| {
                match error {
                    SignError::Write(error) => of_output(error, &self.output),
                    error => error.into(),
                }
            })?;
        drop(observer);
        let num_bytes = u64::from(header.num_sectors) * SECTOR_BYTES as u64;
        self.warn(&header, num_bytes);
        if !self.quiet {
            self.report(&header, num_bytes, key.public())
                .with_context(|| unsaid(&self.output))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn report(&self, header: &Header, num_bytes: u64, key: PublicKey) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "{}: {}", self.output.display(), size(num_bytes))?;
        writeln!(out, "  signed by  {key}")?;
        writeln!(out, "  epoch      {}", header.epoch)?;
        if header.expires_unix_s != 0 {
            writeln!(out, "  expires    {}", day_of(header.expires_unix_s))?;
        }
        let public = public_path(&self.key);
        if public.exists() {
            writeln!(
                out,
                "  others run `leaksieve verify {} --key {}`",
                self.output.display(),
                public.display()
            )?;
        }
        Ok(())
    }

    /// What whoever signs may not expect of this file.
    fn warn(&self, header: &Header, num_bytes: u64) {
        let warn = |text: String| eprintln!("leaksieve: {}: {text}", self.output.display());
        if header.epoch == 0 {
            warn("epoch 0: nobody can tell an older file from a newer one; give --epoch, one more for each publication".into());
        }
        if header.epoch > MAX_EPOCH_STEP {
            warn(format!(
                "epoch {}: a device accepts a step of at most {}, and refuses this file until it has seen epoch {}",
                header.epoch,
                count(MAX_EPOCH_STEP.into()),
                header.epoch - MAX_EPOCH_STEP
            ));
        }
        if let Some(day) = trust::expired(header) {
            warn(format!(
                "the file expired on {day}; give --expires a later day, or 0 for never"
            ));
        }
        if num_bytes > FAT32_MAX_BYTES {
            warn(format!(
                "{} is too large for a file on a FAT32 card; for a card, build the unsigned file with --max-size {}",
                size(num_bytes),
                leaksieve::sizing::media::FAT32_MAX_TO_BE_SIGNED
            ));
        }
    }
}
