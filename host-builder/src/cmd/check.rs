//! `leaksieve check`

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use leaksieve::file::FilterFile;
use leaksieve::source::{Input, LineBatches, content};
use leaksieve_core::{Identifier, IdentifierKind, Verdict};

use super::sentence::{Line, findings, reason, sentence, word};
use super::{Format, Kind};

#[derive(clap::Args)]
#[command(after_help = "\
Exit status, as of grep: 0 when at least one is exposed, 1 when none is, 2 after an error or when
the file cannot say for at least one.

Examples:
  leaksieve check taobao.lsv '+86 138 0013 8000'
  leaksieve check leaks.lsv --kind email --format json < addresses.txt
  leaksieve check passwords.lsv          # asks for a password without showing it")]
pub(crate) struct Args {
    /// The filter file
    file: PathBuf,
    /// Identifiers; without any, or with -, they are read from standard input, one a line.
    /// Passwords and their hashes cannot be given here: other programs see a command line
    #[arg(value_name = "IDENTIFIER")]
    identifiers: Vec<String>,
    /// Ask only the datasets of this kind [default: all of the file]
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// How verdicts are written
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// No output: the exit status says it all
    #[arg(short, long)]
    quiet: bool,
}

/// The exit status, gathered over all lines.
#[derive(Default)]
struct Outcomes {
    any_exposed: bool,
    any_unanswered: bool,
}

impl Outcomes {
    fn exit_code(&self) -> ExitCode {
        match self {
            Self {
                any_unanswered: true,
                ..
            } => ExitCode::from(2),
            Self {
                any_exposed: true, ..
            } => ExitCode::SUCCESS,
            _ => ExitCode::from(1),
        }
    }
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let mut file = FilterFile::open(&self.file)?;
        let kind = self.kind.map(IdentifierKind::from);
        let is_secret = match kind {
            Some(kind) => kind.is_secret(),
            None => file
                .catalogue()
                .datasets()
                .iter()
                .any(|dataset| dataset.profile.kind().is_secret()),
        };
        let mut out = io::BufWriter::new(anstream::stdout().lock());
        let mut outcomes = Outcomes::default();
        let from_stdin = self.identifiers.is_empty() || self.identifiers == ["-"];
        if !from_stdin && self.identifiers.iter().any(|text| text == "-") {
            bail!("- is standard input, and stands alone");
        }
        if !from_stdin {
            if is_secret {
                bail!(
                    "{} holds passwords, and a password on a command line is seen by other programs: \
                     pipe it in, or leave it out to be asked for it; for other kinds name one, as in --kind phone",
                    self.file.display()
                );
            }
            for (line, text) in (1..).zip(&self.identifiers) {
                self.ask(
                    &mut file,
                    kind,
                    line,
                    text.as_bytes(),
                    &mut out,
                    &mut outcomes,
                )?;
            }
        } else if io::stdin().is_terminal() && is_secret {
            let password = rpassword::prompt_password("Password (not shown): ")?;
            self.ask(
                &mut file,
                kind,
                1,
                password.as_bytes(),
                &mut out,
                &mut outcomes,
            )?;
        } else {
            if io::stdin().is_terminal() {
                eprintln!("Type one identifier a line; Ctrl-D ends.");
            }
            let mut batches = LineBatches::new(content(&Input::Stdin, io::stdin().lock())?);
            loop {
                let first_line = batches.next_line();
                let Some(batch) = batches.next_batch()? else {
                    break;
                };
                for (line, text) in (first_line..).zip(leaksieve::source::split_lines(&batch)) {
                    self.ask(&mut file, kind, line, text, &mut out, &mut outcomes)?;
                }
                // A person at the other end of a pipe waits for these.
                out.flush()?;
            }
        }
        out.flush()?;
        Ok(outcomes.exit_code())
    }

    fn ask(
        &self,
        file: &mut FilterFile,
        kind: Option<IdentifierKind>,
        line: u64,
        text: &[u8],
        out: &mut impl Write,
        outcomes: &mut Outcomes,
    ) -> anyhow::Result<()> {
        let mut identifier = Identifier::new(text).folded_by(leaksieve::fold::fold);
        if let Some(kind) = kind {
            identifier = identifier.of_kind(kind);
        }
        let verdict = file.check(identifier);
        match &verdict {
            Ok(Verdict::Exposed(_)) => outcomes.any_exposed = true,
            Ok(Verdict::NotExposed(_)) => {}
            Ok(Verdict::NotCovered(_)) | Err(_) => outcomes.any_unanswered = true,
        }
        if self.quiet {
            return Ok(());
        }
        let catalogue = file.catalogue();
        match (self.format, verdict) {
            (Format::Json, verdict) => {
                let record = match &verdict {
                    Ok(verdict) => Line {
                        line,
                        verdict: word(verdict),
                        reason: reason(catalogue, verdict),
                        datasets: findings(catalogue, verdict),
                    },
                    Err(error) => Line {
                        line,
                        verdict: "error",
                        reason: Some(error.to_string()),
                        datasets: Vec::new(),
                    },
                };
                serde_json::to_writer(&mut *out, &record)?;
                writeln!(out)?;
            }
            (Format::Text, Ok(verdict)) => {
                let style = match verdict {
                    Verdict::Exposed(_) => anstyle::AnsiColor::Red.on_default().bold(),
                    Verdict::NotExposed(_) => anstyle::AnsiColor::Green.on_default(),
                    Verdict::NotCovered(_) => anstyle::AnsiColor::Yellow.on_default(),
                };
                writeln!(
                    out,
                    "{line}: {style}{}{style:#}",
                    sentence(catalogue, &verdict)
                )?;
            }
            (Format::Text, Err(error)) => writeln!(out, "{line}: cannot say: {error}")?,
        }
        Ok(())
    }
}
