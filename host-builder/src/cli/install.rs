//! `leaksieve install`: a filter file to where a device reads it.

mod card;
mod device;
mod image;

use std::process::ExitCode;

#[derive(clap::Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Examples:
  leaksieve install card leaks.lsv /media/card
  leaksieve install device leaks.lsv
  leaksieve install image leaks.lsv --board pico2 -o leaks.uf2
  leaksieve install image leaks.lsv --format card -o card.img"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Copy a filter file onto an SD card that is mounted on this computer
    Card(card::Args),
    /// Send a filter file to a device that is plugged in
    Device(device::Args),
    /// Write an image with a filter file: for a board's flash, or of a whole SD card
    Image(image::Args),
}

impl Args {
    /// Is there a file that must not be left half done?
    pub(super) const fn writes_files(&self) -> bool {
        matches!(self.command, Command::Image(_))
    }

    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Card(args) => args.run(),
            Command::Device(args) => args.run(),
            Command::Image(args) => args.run(),
        }
    }
}
