//! `leaksieve check`

mod stdin;

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};
use anyhow::bail;
use leaksieve::file::together::{Together, Verdicts};
use leaksieve::file::words::Class;
use leaksieve::file::{FileError, FilterFile};
use leaksieve_core::identifier::phone::Shortcuts;
use leaksieve_core::verdict::system_clock;
use leaksieve_core::{Identifier, IdentifierKind, Verdict};

use super::arguments::{Format, Kind};
use super::explain::Explainer;
use super::sentence::Wording;
use super::text::count;
use super::trust;
use stdin::answer_stdin;

/// Bytes of output that are gathered before they are written.
const WRITE_BYTES: usize = 1 << 16;
/// Lines that are answered together, on all cores: 25 MiB of what waits for a sector.
const MAX_TOGETHER: usize = 1 << 18;

#[derive(clap::Args)]
#[command(
    after_help = "\
Exit status: 0 exposed, 1 not exposed, 2 cannot say or an error.

Examples:
  leaksieve check taobao.lsv '+86 138 0013 8000'
  leaksieve check passwords.lsv     # asks for a password without showing it",
    after_long_help = "\
Exit status, as grep's: 0 if at least one is exposed, 1 if none is, 2 on an error, or if the file
cannot say for at least one. An expired file cannot say that something is not exposed, unless you
give --allow-expired.

Examples:
  leaksieve check taobao.lsv '+86 138 0013 8000'
  leaksieve check leaks.lsv --kind email --format json < addresses.txt
  leaksieve check signed.lsv --key leaks.key.pub '+86 138 0013 8000'
  leaksieve check passwords.lsv          # asks for a password without showing it
  leaksieve check taobao.lsv --explain 13800138000"
)]
pub(crate) struct Args {
    /// Filter file
    file: PathBuf,
    /// Identifiers to look up [default: the lines of standard input]
    ///
    /// A hyphen (-) is standard input, too. Passwords and their hashes cannot be given here, because
    /// other programs can see the command line.
    #[arg(value_name = "IDENTIFIER")]
    identifiers: Vec<String>,
    #[arg(long, value_enum, hide_possible_values = true,
        help = format!("Only: {}", Kind::NAMES),
        long_help = Kind::help("Look only in leaks of this kind [default: in all]"))]
    kind: Option<Kind>,
    /// Show how each text was read, and what was looked up
    ///
    /// Only on a terminal, because this shows what you asked. Passwords are not shown.
    #[arg(long, conflicts_with = "quiet")]
    explain: bool,
    /// Output format
    #[arg(long, value_enum, default_value = "text", hide_short_help = true)]
    format: Format,
    /// Print nothing; the exit status has the answer
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    trust: trust::TrustArgs,
    /// Let an expired file say "not exposed"
    ///
    /// It then means: not exposed as of that day.
    #[arg(help_heading = trust::HEADING, long)]
    allow_expired: bool,
}

/// The exit status, gathered over all lines.
#[derive(Clone, Copy, Default)]
pub(super) struct Outcomes {
    any_asked: bool,
    any_exposed: bool,
    any_unanswered: bool,
}

impl Outcomes {
    /// Of one line that has an answer.
    pub(super) const fn of(class: Class) -> Self {
        Self {
            any_asked: true,
            any_exposed: matches!(class, Class::Exposed),
            any_unanswered: matches!(class, Class::NotCovered | Class::Expired),
        }
    }

    /// Of one line that has none.
    pub(super) const fn unanswered() -> Self {
        Self::of(Class::NotCovered)
    }

    pub(super) const fn add(&mut self, other: Self) {
        self.any_asked |= other.any_asked;
        self.any_exposed |= other.any_exposed;
        self.any_unanswered |= other.any_unanswered;
    }

    /// # Errors
    /// When nothing was asked.
    pub(super) fn exit_code(self) -> anyhow::Result<ExitCode> {
        Ok(match self {
            Self {
                any_asked: false, ..
            } => bail!("standard input is empty: give one identifier per line"),
            Self {
                any_unanswered: true,
                ..
            } => ExitCode::from(2),
            Self {
                any_exposed: true, ..
            } => ExitCode::SUCCESS,
            _ => ExitCode::from(1),
        })
    }
}

/// Where the identifiers come from.
pub(super) enum Source<'a> {
    Arguments(&'a [String]),
    /// A password, which a person types without seeing it.
    Prompt,
    Stdin,
}

impl<'a> Source<'a> {
    /// Of the arguments. `secret` names what is asked, if that holds passwords; `more` is said then.
    pub(super) fn of(
        arguments: &'a [String],
        secret: Option<&str>,
        more: &str,
    ) -> anyhow::Result<Self> {
        if arguments.is_empty() || arguments == ["-"] {
            return Ok(match io::stdin().is_terminal() && secret.is_some() {
                true => Self::Prompt,
                false => Self::Stdin,
            });
        }
        if arguments.iter().any(|text| text == "-") {
            bail!("- is standard input: give no other identifiers with it");
        }
        if let Some(secret) = secret {
            bail!(
                "{secret} holds passwords, and other programs can see the command line: pipe the \
                 password in, or leave it out to be asked for it{more}"
            );
        }
        Ok(Self::Arguments(arguments))
    }

    /// The identifiers; `None`: the lines of standard input.
    pub(super) fn texts(self) -> anyhow::Result<Option<Cow<'a, [String]>>> {
        Ok(match self {
            Self::Arguments(texts) => Some(texts.into()),
            Self::Prompt => {
                let password = rpassword::prompt_password("Password (not shown): ")?;
                Some(vec![password].into())
            }
            Self::Stdin => {
                if io::stdin().is_terminal() {
                    eprintln!("Type one identifier per line; end with Ctrl-D.");
                }
                None
            }
        })
    }
}

/// Who answers: shared by all threads.
struct Answerer {
    file: FilterFile,
    /// By which it may have expired, if that matters.
    now_unix_s: Option<u64>,
    kind: Option<IdentifierKind>,
    /// For standard input, which may have millions of lines.
    shortcuts: Vec<Option<Shortcuts>>,
    /// `None`: the exit status says it all.
    wording: Option<Wording>,
    /// For `--explain`.
    explainer: Option<Explainer>,
    num_threads: usize,
}

/// The answers to neighbouring lines. Equal answers share their words, so that they take
/// 4 bytes a line, however long the words are.
struct Answered {
    first_line: u64,
    words: Vec<String>,
    /// Index in `words` of each line; none when nothing is written.
    words_of_line: Vec<u32>,
    outcomes: Outcomes,
}

impl Answerer {
    fn answer<'a>(
        &self,
        together: &mut Together<'_>,
        first_line: u64,
        texts: impl Iterator<Item = &'a [u8]>,
    ) -> Answered {
        let mut answered = Answered {
            first_line,
            words: Vec::new(),
            words_of_line: Vec::new(),
            outcomes: Outcomes::default(),
        };
        let mut identifiers = texts.map(|text| match self.kind {
            Some(kind) => Identifier::new(text).of_kind(kind),
            None => Identifier::new(text),
        });
        let most = (MAX_TOGETHER / self.num_threads).max(1 << 12);
        let mut asked: Vec<Identifier<'_>> = Vec::new();
        loop {
            asked.clear();
            asked.extend(identifiers.by_ref().take(most));
            if asked.is_empty() {
                return answered;
            }
            answered.add(self, &asked, together.check(&asked));
        }
    }

    /// How a verdict is said.
    fn words(&self, said: &Result<Verdict, &FileError>) -> Option<String> {
        let wording = self.wording?;
        Some(match said {
            Ok(verdict) => wording.of_verdict(self.file.catalogue(), verdict),
            Err(error) => wording.of_error(error),
        })
    }
}

impl Answered {
    fn add(&mut self, answerer: &Answerer, asked: &[Identifier<'_>], verdicts: &Verdicts) {
        let header = answerer.file.catalogue().header();
        // A batch has fewer than 2^32 lines.
        let first = self.words.len() as u32;
        for said in verdicts.distinct() {
            let said = said.as_ref();
            let said = said.map(|verdict| verdict.clone().at(header, answerer.now_unix_s));
            self.outcomes.add(match &said {
                Ok(verdict) => Outcomes::of(verdict.into()),
                Err(_) => Outcomes::unanswered(),
            });
            self.words.extend(answerer.words(&said));
        }
        if answerer.wording.is_none() {
            return;
        }
        let places = verdicts.places().iter().map(|place| first + place);
        let Some(explainer) = &answerer.explainer else {
            self.words_of_line.extend(places);
            return;
        };
        let datasets = answerer.file.catalogue().datasets();
        for (place, (identifier, verdict)) in places.zip(asked.iter().zip(verdicts.iter())) {
            let mut words = self.words[place as usize].clone();
            if verdict.is_ok() {
                words.push_str(&explainer.words(datasets, identifier));
            }
            self.words_of_line.push(self.words.len() as u32);
            self.words.push(words);
        }
    }
}

/// Where answers go, whole lines at a time.
struct Answers {
    out: AutoStream<io::Stdout>,
    before_line: &'static str,
    bytes: Vec<u8>,
    outcomes: Outcomes,
}

impl Answers {
    fn take(&mut self, answered: &Answered) -> io::Result<()> {
        self.outcomes.add(answered.outcomes);
        let mut number = itoa::Buffer::new();
        for (line, words) in (answered.first_line..).zip(&answered.words_of_line) {
            let words = answered
                .words
                .get(*words as usize)
                .map_or("", String::as_str);
            self.bytes.extend_from_slice(self.before_line.as_bytes());
            self.bytes.extend_from_slice(number.format(line).as_bytes());
            self.bytes.extend_from_slice(words.as_bytes());
            if self.bytes.len() >= WRITE_BYTES {
                self.write()?;
            }
        }
        // A person at the other end of a pipe waits for these.
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        self.out.write_all(&self.bytes)?;
        self.bytes.clear();
        self.out.flush()
    }
}

impl Args {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        if self.explain && self.format == Format::Json {
            bail!("--explain has no JSON output: leave --format json out");
        }
        if self.explain && !io::stdout().is_terminal() {
            bail!(
                "--explain shows what you asked, so it writes only to a terminal: leave it out, or do not redirect the output"
            );
        }
        if !self.file.exists() {
            // Its name is not repeated: it may be what was to be asked.
            bail!("filter file not found; usage: leaksieve check FILE [IDENTIFIER]...");
        }
        let file = self.trust.open(&self.file)?;
        let kind = self.kind.map(IdentifierKind::from);
        let is_secret = match kind {
            Some(kind) => kind.is_secret(),
            None => file
                .catalogue()
                .datasets()
                .iter()
                .any(|dataset| dataset.profile.kind().is_secret()),
        };
        let secret = is_secret.then(|| self.file.display().to_string());
        let more = ". For other kinds, name the kind, as in --kind phone";
        let source = Source::of(&self.identifiers, secret.as_deref(), more)?;
        if file.num_trailing_bytes() > 0 {
            eprintln!(
                "leaksieve: {}: {} bytes after the last sector were ignored: something was appended, \
                 or two files were joined",
                self.file.display(),
                count(file.num_trailing_bytes())
            );
        }
        trust::warn_if_expired(&file);
        let choice = AutoStream::choice(&io::stdout());
        let wording = Wording {
            format: self.format,
            is_styled: choice != ColorChoice::Never,
        };
        let explainer = match self.explain {
            true => Some(Explainer::new(&file)?),
            false => None,
        };
        let mut answerer = Answerer {
            explainer,
            num_threads: std::thread::available_parallelism().map_or(1, usize::from),
            file,
            now_unix_s: system_clock().filter(|_| !self.allow_expired),
            kind,
            shortcuts: Vec::new(),
            wording: (!self.quiet).then_some(wording),
        };
        let mut answers = Answers {
            out: match choice {
                // Nothing is styled, so nothing has to be looked for and taken out.
                ColorChoice::Never => AutoStream::always_ansi(io::stdout()),
                choice => AutoStream::new(io::stdout(), choice),
            },
            before_line: wording.before_line(),
            bytes: Vec::new(),
            outcomes: Outcomes::default(),
        };
        match source.texts()? {
            Some(texts) => {
                let identifiers = texts.iter().map(|text| text.as_bytes());
                let mut together = answerer.file.together(&[]);
                answers.take(&answerer.answer(&mut together, 1, identifiers))?;
            }
            None => {
                // Of a damaged numbering plan there are none; who needs it is told so.
                answerer.shortcuts = answerer.file.shortcuts().unwrap_or_default();
                answer_stdin(&answerer, &mut answers)?;
            }
        }
        answers.outcomes.exit_code()
    }
}
