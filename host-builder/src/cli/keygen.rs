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
The secret key goes to NAME, which only you can read. It is encrypted with a password: you are asked
for it, or it is the first line of standard input. The public key goes to NAME.pub: publish it where
people look for it, and its digits somewhere else. OpenSSL reads both (Ed25519, PEM).

Examples:
  leaksieve keygen -o leaks.key
  leaksieve sign leaks.lsv --key leaks.key --epoch 1 -o signed.lsv
  leaksieve verify signed.lsv --key leaks.key.pub")]
pub(crate) struct Args {
    /// Secret key file to write; the public key is NAME.pub
    #[arg(short, long, value_name = "NAME")]
    output: PathBuf,
    /// Use no password: anyone who gets the file can sign with it
    #[arg(long)]
    no_password: bool,
    /// Replace the files if they exist; you then lose the old key
    #[arg(short, long)]
    force: bool,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        super::arguments::refuse_stdout(&self.output)?;
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
            .with_context(|| super::text::unsaid(&self.output))?;
        Ok(ExitCode::SUCCESS)
    }

    fn report(&self, key: PublicKey) -> io::Result<()> {
        let mut out = io::stdout().lock();
        writeln!(out, "secret key  {}", self.output.display())?;
        writeln!(out, "public key  {}", public_path(&self.output).display())?;
        writeln!(out, "            {key}")
    }
}
