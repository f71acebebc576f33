//! `leaksieve install device`

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use leaksieve::file::verify::verify;

use crate::cli::device::port::PortArgs;
use crate::cli::progress;
use crate::cli::text::count;
use crate::cli::trust::{self, TrustArgs};

#[derive(clap::Args)]
#[command(
    after_help = "\
Example:
  leaksieve install device leaks.lsv --port /dev/ttyACM0",
    after_long_help = "\
The device's flash has two slots, and the file goes into the one that is not in use. The device
checks every sector, and the signature if it has keys, and then switches. If the cable is pulled
before that, it keeps the old filter: plug it in and send the file again. A device that reads its
filter from a card takes none: use `leaksieve install card`.

Example:
  leaksieve install device leaks.lsv --port /dev/ttyACM0"
)]
pub(super) struct Args {
    /// Filter file
    file: PathBuf,
    #[command(flatten)]
    port: PortArgs,
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
        let observer = progress::Bar::observer(self.quiet);
        verify(&file, observer.as_ref())?;
        let mut device = self.port.open()?;
        device.update(&file, observer.as_ref())?;
        drop(observer);
        if !self.quiet {
            writeln!(
                io::stdout().lock(),
                "the device checked all {} sectors, and uses {} from now on",
                count(file.catalogue().header().num_sectors.into()),
                self.file.display()
            )?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
