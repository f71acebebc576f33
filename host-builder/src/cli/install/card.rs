//! `leaksieve install card`

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use leaksieve::deliver::install::{folder, install};
use leaksieve::file::verify::verify;
use leaksieve_core::source::CARD_FILE_NAMES;

use crate::cli::progress;
use crate::cli::text::unsaid;
use crate::cli::trust::{self, TrustArgs};

#[derive(clap::Args)]
#[command(
    after_help = "\
Example:
  leaksieve install card signed.lsv /media/card --key leaks.key.pub",
    after_long_help = "\
The card must be formatted as FAT32. Cards of 64 GB and more are sold as exFAT, which no device
reads; on Linux you are warned. Eject the card before you pull it.

A card has two places, LEAKS.LSV and LEAKS2.LSV, and a device takes the newer file. The new file
goes into the place that the device does not use now. It is read back, and its first sector is
written last: if the card is pulled or the power fails before that, the device keeps what it had.
If the old file was longer, its last bytes stay after the new one; they do no harm.

Example:
  leaksieve install card signed.lsv /media/card --key leaks.key.pub"
)]
pub(super) struct Args {
    /// Filter file, newer than the one on the card
    ///
    /// Newer is a higher epoch, or the same epoch and a later creation time.
    file: PathBuf,
    /// Folder that the card is mounted as
    card: PathBuf,
    /// Show no progress and no summary
    #[arg(short, long, hide_short_help = true)]
    quiet: bool,
    #[command(flatten)]
    trust: TrustArgs,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let file = self.trust.open(&self.file)?;
        trust::warn_if_expired(&file);
        let mut card = folder(&self.card).with_context(|| {
            format!(
                "{}: give the folder that the card is mounted as",
                self.card.display()
            )
        })?;
        if let Some(name) = card.foreign_file_system() {
            eprintln!(
                "leaksieve: {}: the file system is {name}, and devices read only FAT32. If this is the card, \
                 format it as FAT32 and install again; if not, give the folder that the card is mounted as",
                self.card.display()
            );
        }
        let observer = progress::Bar::observer(self.quiet);
        verify(&file, observer.as_ref())?;
        let name = install(&file, &mut card, &self.trust.keys()?, observer.as_ref())?;
        drop(observer);
        if !self.quiet {
            self.report(name)
                .with_context(|| unsaid(&self.card.join(name)))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn report(&self, name: &str) -> io::Result<()> {
        let mut others = CARD_FILE_NAMES.iter().filter(|other| **other != name);
        let before = match others.any(|other| self.card.join(other).exists()) {
            true => ". The file before it is still there",
            false => "",
        };
        writeln!(
            io::stdout().lock(),
            "{}: installed as {name}, and read back; devices use it from now on{before}",
            self.card.display(),
        )
    }
}
