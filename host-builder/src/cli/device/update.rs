//! `leaksieve device update`

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use leaksieve::file::verify::verify;

use super::port::PortArgs;
use crate::cli::trust::{self, TrustArgs};
use crate::cli::{count, progress};

#[derive(clap::Args)]
#[command(after_help = "\
The file goes into the slot of the device's flash that is not asked. The device verifies every
sector of it, and its signature if the device has keys, before it writes the first bytes, which
make it valid; then it gives the old one up. If the cable is pulled before, it goes on with the old
one: plug it in and send the file again.")]
pub(super) struct Args {
    /// The filter file
    file: PathBuf,
    #[command(flatten)]
    port: PortArgs,
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
        let observer = progress::Bar::observer(self.quiet);
        verify(&file, observer.as_ref())?;
        let mut device = self.port.open()?;
        device.update(&file, observer.as_ref())?;
        drop(observer);
        if !self.quiet {
            writeln!(
                io::stdout().lock(),
                "the device verified all {} sectors, and asks {} from now on",
                count(file.catalogue().header().num_sectors.into()),
                self.file.display()
            )?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
