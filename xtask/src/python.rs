//! `cargo xtask python`: the wheel for Python.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use testkit::run::say;
use testkit::{wheel, workspace};

/// `cargo xtask python`
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// Where the wheel is put [default: target/python]; what is there is removed
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Build the wheel, and say how it is installed.
///
/// # Errors
/// When something cannot be got, or does not compile.
pub(crate) fn python(options: &Options) -> Result<()> {
    let out = match &options.out {
        Some(out) => out.clone(),
        None => workspace::target().join("python"),
    };
    say("building the wheel, with all optimisations");
    let wheel = wheel::build("release", &out)?;
    say(format!("pip install {}", workspace::shown(&wheel)));
    Ok(())
}
