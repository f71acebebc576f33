//! `leaksieve device`: what a flashed device is, and what it answers.

mod check;
mod info;
pub(super) mod port;

use std::process::ExitCode;

#[derive(clap::Args)]
#[command(
    disable_help_subcommand = true,
    after_help = "\
Close your terminal program first: two programs would take each other's bytes. To send a new
filter, use `leaksieve install device`.

Examples:
  leaksieve device info
  leaksieve device check '+86 138 0013 8000'
  leaksieve device check --against leaks.lsv < numbers.txt"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the serial ports that a device may be at; nothing is sent to them
    List,
    /// Show the device, the filter that it uses, and what that covers
    Info(info::Args),
    /// Look identifiers up on the device
    Check(check::Args),
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::List => port::list(),
            Command::Info(args) => args.run(),
            Command::Check(args) => args.run(),
        }
    }
}
