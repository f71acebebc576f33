//! The `leaksieve` command line.

mod cli;

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

/// Turn leaked lists into filter files that answer "exposed or not" offline.
#[derive(Parser)]
#[command(
    version,
    max_term_width = 100,
    mut_arg("color", |color| color.help("When to use colors").hide_short_help(true)),
    after_help = "\
Examples:
  leaksieve build members.txt -o members.lsv --kind email
  leaksieve check members.lsv ann@example.com",
    after_long_help = "\
Also: `leaksieve completions SHELL` prints completions for a shell, and `leaksieve man` the manual
page.

Examples:
  leaksieve build members.txt -o members.lsv --kind email
  leaksieve check members.lsv ann@example.com"
)]
struct Cli {
    #[command(flatten)]
    color: colorchoice_clap::Color,
    #[command(subcommand)]
    command: cli::Command,
}

/// As a shell reports a program that the closed end of a pipe ended: 128 + SIGPIPE.
const BROKEN_PIPE: u8 = 128 + 13;
/// As a shell reports a program that Ctrl-C ended: 128 + SIGINT.
const INTERRUPTED: i32 = 128 + 2;
/// As grep: 2 is an error.
const ERROR: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli.color.write_global();
    if cli.command.writes_files() {
        // Without it a signal ends the program as well, but leaves the file that it writes.
        let _ = ctrlc::set_handler(|| {
            let outcome = if leaksieve::remove_unfinished() {
                "the new file was saved"
            } else {
                "nothing was saved"
            };
            say(format_args!("interrupted; {outcome}"));
            std::process::exit(INTERRUPTED);
        });
    }
    match cli.command.run() {
        Ok(code) => code,
        Err(error) if is_broken_pipe(&error) => ExitCode::from(BROKEN_PIPE),
        Err(error) => {
            say(format_args!("{}", cli::text::message(&error)));
            ExitCode::from(ERROR)
        }
    }
}

/// Say why the program ends. Where nothing can be said, the status says it alone.
fn say(message: fmt::Arguments<'_>) {
    let _ = io::stderr().write_all(format!("leaksieve: {message}\n").as_bytes());
}

/// `| head` has seen enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}
