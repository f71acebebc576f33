//! `leaksieve bundle`

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use leaksieve::file::bundle::{BundleError, bundle};
use leaksieve::file::words::{covers, title};
use leaksieve_core::Header;
use leaksieve_core::sector::SECTOR_BYTES;

use super::progress;
use super::text::{of_output, size, unsaid};

#[derive(clap::Args)]
#[command(after_help = "\
Example:
  leaksieve bundle taobao.lsv mail.lsv -o leaks.lsv")]
pub(crate) struct Args {
    /// Filter files to join; the new file holds up to eight leaks
    #[arg(required = true, value_name = "FILE")]
    parts: Vec<PathBuf>,
    /// Filter file to write
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace FILE if it exists
    #[arg(short, long)]
    force: bool,
    /// Show no progress and no summary
    #[arg(short, long, hide_short_help = true)]
    quiet: bool,
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        super::arguments::refuse_stdout(&self.output)?;
        let observer = progress::Bar::observer(self.quiet);
        let bundled =
            bundle(&self.parts, &self.output, self.force, observer.as_ref()).map_err(|error| {
                match error {
                    BundleError::Write(error) => of_output(error, &self.output),
                    error => error.into(),
                }
            })?;
        drop(observer);
        let header = &bundled.header;
        if bundled.num_signed > 0 {
            eprintln!(
                "leaksieve: {}: not signed, although {} of its {} parts are: sign it with `leaksieve sign`",
                self.output.display(),
                bundled.num_signed,
                self.parts.len()
            );
        }
        if !self.quiet {
            self.report(header).with_context(|| unsaid(&self.output))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn report(&self, header: &Header) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let num_bytes = u64::from(header.num_sectors) * SECTOR_BYTES as u64;
        writeln!(out, "{}: {}", self.output.display(), size(num_bytes))?;
        for dataset in &header.datasets {
            writeln!(out, "  {} ({})", title(dataset), covers(dataset))?;
        }
        Ok(())
    }
}
