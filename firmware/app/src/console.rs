//! The conversation: a banner, a prompt, and one verdict for each line.
//!
//! A line is answered with exactly one verdict line ([`crate::verdict`]), with two
//! exceptions: a blank line brings a new prompt, and `?` shows what the filter holds. So
//! a password that is a single question mark cannot be asked.

use core::fmt;

use embedded_io::{Read, Write, WriteFmtError};
use leaksieve_core::{Catalogue, IdentifierKind};

use crate::about::{About, END, Summary};
use crate::filter::{Failure, Filter, Workspace};
use crate::line::{Echo, LineEditor, MAX_LINE_BYTES, PROMPT, Submitted};
use crate::log::info;
use crate::stack::{StackMeter, StackUse};
use crate::storage::Storage;
use crate::verdict::{FailureText, VerdictLine};

const PRODUCT: &str = concat!("leaksieve ", env!("CARGO_PKG_VERSION"));

/// A device's whole state.
pub struct Session<'w, S, M> {
    filter: Filter<'w, S>,
    line: LineEditor,
    echo: Echo,
    meter: M,
    deepest: Option<StackUse>,
}

impl<'w, S: Storage, M: StackMeter> Session<'w, S, M> {
    /// Nothing is read before [`run`](Self::run).
    pub const fn new(storage: S, meter: M, work: &'w mut Workspace) -> Self {
        Self {
            filter: Filter::new(storage, work),
            line: LineEditor::new(),
            echo: Echo::Plain,
            meter,
            deepest: None,
        }
    }

    /// Talk until the input ends, which it never does on a serial line.
    ///
    /// # Errors
    /// When the console cannot be written. A read error only spoils the line that was
    /// being typed.
    pub fn run<C: Read + Write>(&mut self, console: &mut C) -> Result<(), C::Error> {
        self.greet(console)?;
        loop {
            self.measure_stack();
            console.write_all(PROMPT)?;
            if !self.read_line(console)? {
                return Ok(());
            }
            self.answer(console)?;
            self.line.clear();
        }
    }

    fn greet<C: Write>(&mut self, console: &mut C) -> Result<(), C::Error> {
        say(
            console,
            format_args!("{END}{PRODUCT}: was it in a leak?{END}"),
        )?;
        match self.filter.mount() {
            Ok(catalogue) => {
                self.echo = echo_for(catalogue);
                say(console, format_args!("{}", Summary(catalogue)))?;
                say(
                    console,
                    format_args!("Type what to look up, or ? for what is covered.{END}"),
                )
            }
            Err(failure) => say_not_mounted::<S, _>(console, &failure),
        }
    }

    /// True when a line was handed in, false when the input ended.
    fn read_line<C: Read + Write>(&mut self, console: &mut C) -> Result<bool, C::Error> {
        loop {
            let mut byte = [0];
            match console.read(&mut byte) {
                Ok(0) => return Ok(false),
                Ok(_) => {
                    let [byte] = byte;
                    if self.line.key(byte, self.echo, console)? {
                        return Ok(true);
                    }
                }
                Err(_) => self.line.lost(),
            }
        }
    }

    /// Not inlined: its findings are on the stack only while they are needed.
    #[inline(never)]
    fn answer<C: Write>(&mut self, console: &mut C) -> Result<(), C::Error> {
        let text = match self.line.submitted() {
            Submitted::Line(text) => text,
            Submitted::TooLong => {
                info!("line refused: too long");
                return say(
                    console,
                    format_args!("cannot say: the line is longer than {MAX_LINE_BYTES} bytes{END}"),
                );
            }
            Submitted::Garbled => {
                info!("line refused: garbled");
                return say(
                    console,
                    format_args!("cannot say: the line did not arrive whole: type it again{END}"),
                );
            }
        };
        match text.trim_ascii() {
            b"" => Ok(()),
            b"?" => self.show_about(console),
            _ => match self.filter.ask(text) {
                Err(failure) => {
                    let text = FailureText {
                        failure: &failure,
                        remedy: S::REMEDY,
                    };
                    say(console, format_args!("cannot say: {text}{END}"))
                }
                Ok(reply) => {
                    let Some(catalogue) = self.filter.catalogue() else {
                        return Ok(());
                    };
                    if reply.filter_changed {
                        self.echo = echo_for(catalogue);
                        say(console, format_args!("Another filter is there now:{END}"))?;
                        say(console, format_args!("{}", Summary(catalogue)))?;
                    }
                    let verdict = VerdictLine {
                        catalogue,
                        findings: &reply.findings,
                        remedy: S::REMEDY,
                    };
                    say(console, format_args!("{verdict}{END}"))
                }
            },
        }
    }

    /// Mounts anew, so that what is shown is what is there.
    fn show_about<C: Write>(&mut self, console: &mut C) -> Result<(), C::Error> {
        match self.filter.mount() {
            Ok(catalogue) => {
                self.echo = echo_for(catalogue);
                let about = About {
                    catalogue,
                    stack: self.deepest,
                };
                say(console, format_args!("{about}"))
            }
            Err(failure) => say_not_mounted::<S, _>(console, &failure),
        }
    }

    /// Also wipes what the last question left on the stack.
    fn measure_stack(&mut self) {
        let Some(now) = self.meter.take_high_water() else {
            return;
        };
        info!(
            "stack high-water {=u32} bytes of {=u32}",
            now.used_bytes, now.size_bytes
        );
        if self
            .deepest
            .is_none_or(|deepest| deepest.used_bytes < now.used_bytes)
        {
            self.deepest = Some(now);
        }
    }
}

/// Passwords are not shown. Where a file holds other kinds, too, a person must see what
/// is typed.
fn echo_for(catalogue: &Catalogue) -> Echo {
    let only_passwords = catalogue
        .datasets()
        .iter()
        .all(|dataset| dataset.profile.kind() == IdentifierKind::Password);
    if only_passwords {
        Echo::Stars
    } else {
        Echo::Plain
    }
}

fn say_not_mounted<S: Storage, C: Write>(
    console: &mut C,
    failure: &Failure,
) -> Result<(), C::Error> {
    let text = FailureText {
        failure,
        remedy: S::REMEDY,
    };
    say(console, format_args!("No filter to ask: {text}{END}"))
}

fn say<C: Write>(console: &mut C, text: fmt::Arguments<'_>) -> Result<(), C::Error> {
    match console.write_fmt(text) {
        Err(WriteFmtError::Other(error)) => Err(error),
        // A text of ours that fails to format has nothing more to say.
        Ok(()) | Err(WriteFmtError::FmtError) => Ok(()),
    }
}
