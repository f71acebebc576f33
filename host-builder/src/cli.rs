//! One file a subcommand, and what they share.

mod advice;
mod arguments;
mod board;
mod build;
mod bundle;
mod check;
mod device;
mod encoding;
mod estimate;
mod explain;
mod inspect;
mod install;
mod keygen;
mod list;
mod man;
mod password;
mod progress;
mod sentence;
mod sign;
mod sizes;
pub(crate) mod text;
mod trust;
mod verify;

use std::process::ExitCode;

use clap::{CommandFactory, Subcommand};

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Turn a leaked list into a filter file
    Build(Box<build::Args>),
    /// Look identifiers up in a filter file
    Check(check::Args),
    /// Show what a filter file holds and covers
    Inspect(inspect::Args),
    /// Check every sector of a filter file, or every entry of its list
    Verify(verify::Args),
    /// Compare sizes, and show what boards and cards hold
    Estimate(estimate::Args),
    /// Join filter files into one
    Bundle(bundle::Args),
    /// Make a key to sign filter files with
    Keygen(keygen::Args),
    /// Sign a filter file
    Sign(sign::Args),
    /// Put a filter file onto a card or device, or into an image to flash
    Install(install::Args),
    /// Show what a device is, or look identifiers up on it
    Device(device::Args),
    /// Print completions for a shell
    #[command(hide = true)]
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page (troff)
    #[command(hide = true)]
    Man,
}

impl Command {
    /// Is there a file that must not be left half done?
    pub(crate) const fn writes_files(&self) -> bool {
        match self {
            Self::Build(_) | Self::Bundle(_) | Self::Keygen(_) | Self::Sign(_) => true,
            Self::Install(args) => args.writes_files(),
            _ => false,
        }
    }

    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Build(args) => args.run(),
            Self::Check(args) => args.run(),
            Self::Inspect(args) => args.run(),
            Self::Verify(args) => args.run(),
            Self::Estimate(args) => args.run(),
            Self::Bundle(args) => args.run(),
            Self::Keygen(args) => args.run(),
            Self::Sign(args) => args.run(),
            Self::Install(args) => args.run(),
            Self::Device(args) => args.run(),
            Self::Completions { shell } => man::completions(shell, crate::Cli::command()),
            Self::Man => man::page(crate::Cli::command()),
        }
    }
}
