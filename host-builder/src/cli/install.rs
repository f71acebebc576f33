//! `leaksieve install`

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use leaksieve::deliver::install::{folder, install};
use leaksieve::file::verify::verify;
use leaksieve_core::source::CARD_FILE_NAMES;

use super::trust::{self, TrustArgs};
use super::{progress, unsaid};

#[derive(clap::Args)]
#[command(after_help = "\
A card has two places, LEAKS.LSV and LEAKS2.LSV, and a device takes the newer file. The new one is
written where the device does not look now, read back, and becomes valid with its last sector: if
the card is pulled or the power fails before, the device goes on with what it had. Eject the card
before you pull it all the same: the folder's own tables are the system's. The card must be
formatted as FAT32 (cards of 64 GB and more are sold as exFAT); on Linux you are warned if it is not. Bytes of a longer file
that was there before may stay behind it, and do no harm.

Examples:
  leaksieve install signed.lsv /media/card --key leaks.key.pub")]
pub(crate) struct Args {
    /// The filter file, of a higher epoch than what the card has, or of the same and created later
    file: PathBuf,
    /// The card: the folder that it is mounted as
    card: PathBuf,
    #[command(flatten)]
    trust: TrustArgs,
    /// No progress, no summary
    #[arg(short, long)]
    quiet: bool,
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
                "leaksieve: {}: its file system is {name}, and a device reads FAT32 only: if this is the card, \
                 format it as FAT32 and install the file again; if not, give the folder that the card is mounted as",
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
            true => ", and the one before is still there",
            false => "",
        };
        writeln!(
            io::stdout().lock(),
            "{}: installed and read back as {name}; a device that accepts it takes it from now on{before}",
            self.card.display(),
        )
    }
}
