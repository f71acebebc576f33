//! `leaksieve device`: what a flashed device is, what it says, and a new filter for it.

mod check;
mod info;
mod port;
mod update;

use std::process::ExitCode;

#[derive(clap::Args)]
#[command(after_help = "\
The device is at the serial port that its cable makes. The console there stays usable: close your
terminal program before, because two programs would take each other's bytes.

Examples:
  leaksieve device list
  leaksieve device info
  leaksieve device check '+86 138 0013 8000'
  leaksieve device check --against leaks.lsv < numbers.txt
  leaksieve device update leaks.lsv --port /dev/ttyACM0")]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Show the serial ports that a device may be at; nothing is sent to them
    List,
    /// Show which device is at a port, which filter it asks, and what that covers
    Info(info::Args),
    /// Ask the device about identifiers, one a line; exits as grep does
    Check(check::Args),
    /// Replace the device's filter: the new one is verified there before it is used, and the old
    /// one is kept until then
    Update(update::Args),
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::List => port::list(),
            Command::Info(args) => args.run(),
            Command::Check(args) => args.run(),
            Command::Update(args) => args.run(),
        }
    }
}
