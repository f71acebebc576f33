//! `cargo xtask web`: the page, made and served to this machine.

use anyhow::Result;
use testkit::cross::WASM;
use testkit::run::say;
use testkit::setup;
use testkit::web::{Server, build};

/// What `cargo xtask web` takes.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// The port to serve on
    #[arg(long, default_value_t = 8000)]
    port: u16,
    /// Make target/web, and serve nothing
    #[arg(long)]
    build_only: bool,
}

/// Make the page and serve it, until it is interrupted.
///
/// # Errors
/// When it cannot be built, or the port is taken.
pub(crate) fn web(options: &Options) -> Result<()> {
    let site = build(&setup::cross(&[WASM])?)?;
    say("the page is in target/web: any static host can serve it (https, or http on localhost)");
    if options.build_only {
        return Ok(());
    }
    let server = Server::start(site, options.port)?;
    println!("{}", server.address());
    say("Ctrl-C ends");
    server.wait();
    Ok(())
}
