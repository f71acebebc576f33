//! `leaksieve keygen`

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use leaksieve::file::key::{NewKeyFiles, SecretKey, public_path};
use leaksieve_core::PublicKey;

use super::password;

#[derive(clap::Args)]
#[command(after_help = "\
The secret key is written to NAME, which its owner alone can read, encrypted with a password that
is asked for; without a terminal the password is the line on standard input. The public key is
written to NAME.pub: publish it where people look for it, and its digits elsewhere.

Both are what OpenSSL reads: PKCS#8 and SubjectPublicKeyInfo, PEM, Ed25519.

Example:
  leaksieve keygen -o leaks.key
  leaksieve sign leaks.lsv --key leaks.key --epoch 1 -o signed.lsv
  leaksieve verify signed.lsv --key leaks.key.pub")]
pub(crate) struct Args {
    /// The secret key to write; the public one gets the same name with .pub
    #[arg(short, long, value_name = "NAME")]
    output: PathBuf,
    /// No password: who gets the file can sign with it
    #[arg(long)]
    no_password: bool,
    /// Replace the files if they exist; what only the old key signs is then lost to you
    #[arg(short, long)]
    force: bool,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        super::refuse_stdout(&self.output)?;
        // Asked first, so that nobody thinks of a password in vain.
        let files = NewKeyFiles::create(&self.output, self.force)?;
        let password = if self.no_password {
            None
        } else {
            Some(password::choose()?)
        };
        let key = SecretKey::generate()?;
        files.write(&key, password.as_ref().map(|password| password.as_slice()))?;
        self.report(key.public())
            .with_context(|| super::unsaid(&self.output))?;
        Ok(ExitCode::SUCCESS)
    }

    fn report(&self, key: PublicKey) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "secret key  {}", self.output.display())?;
        writeln!(out, "public key  {}", public_path(&self.output).display())?;
        writeln!(out, "            {key}")
    }
}
