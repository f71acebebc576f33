//! `cargo xtask`: the developer's and newcomer's commands.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use testkit::cross::targets;
use testkit::kotlin::Kotlin;
use testkit::run::say;
use testkit::setup;

mod binaries;
mod bindings;
mod boards;
mod check;
mod demo;
mod fuzz;
mod oracle;
mod phones;
mod python;
mod test;
mod web;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    about = "Commands for newcomers and developers of leaksieve"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Get the cross compiler, the emulator and all that the tests run, where they are missing
    Setup,
    /// Show the main job: leak -> filter -> SD card -> microcontroller -> verdict
    Demo,
    /// Run the tests, the emulated board's included
    Test {
        /// Every case of every test, all boards, the fuzz targets and all regions: before a release
        #[arg(long)]
        all: bool,
    },
    /// Check format, lints and documentation of host and firmware
    Check {
        /// The benchmarks' lints too
        #[arg(long)]
        all: bool,
    },
    /// Build the firmware of the boards that people own, and say what it takes of them
    Firmware {
        /// Names of boards, such as `pico2` [default: all]
        #[arg(value_name = "BOARD")]
        boards: Vec<String>,
    },
    /// Run the fuzz targets; needs the nightly compiler
    Fuzz(fuzz::Options),
    /// Ask filters of random telephone numbers in every spelling; libphonenumber (for Python) judges
    Oracle(oracle::Options),
    /// Build the library for apps, and write its Kotlin and Swift, and its C header
    Bindings(bindings::Options),
    /// Build the wheel for Python: pip installs it
    Python(python::Options),
    /// Make the web page, and serve it to this machine
    Web(web::Options),
    /// Take the pictures of the web page anew, in docs/; needs fonts of Latin, Chinese and Arabic
    Screenshots,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        // Causes in one line; a backtrace would say nothing to whoever reads this.
        Err(error) => {
            say(format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// All that tests need. At once when it is there.
fn setup() -> Result<()> {
    let cross = setup::cross(&targets(true))?;
    say(format!("cross compiler: {}", cross.description()));
    for (_, program) in setup::programs()? {
        say(program.display().to_string());
    }
    setup::card_programs()?;
    Kotlin::get().map(drop)
}

fn run() -> Result<()> {
    match Cli::parse().command {
        Command::Setup => setup(),
        Command::Demo => demo::demo(),
        Command::Test { all } => test::test(all),
        Command::Check { all } => check::check(all),
        Command::Firmware { boards } => boards::firmware(&boards),
        Command::Fuzz(options) => fuzz::fuzz(&options),
        Command::Oracle(options) => oracle::oracle(&options),
        Command::Bindings(options) => bindings::bindings(&options),
        Command::Python(options) => python::python(&options),
        Command::Web(options) => web::web(&options),
        Command::Screenshots => test::screenshots(),
    }
}
