//! The conversation: a banner, a prompt, and one verdict for each line.
//!
//! A line is answered with exactly one verdict line ([`crate::verdict`]), with two
//! exceptions: a blank line brings a new prompt, and `?` shows what the filter holds. So
//! a password that is a single question mark cannot be asked. What a host asks comes over
//! the same line, in frames ([`leaksieve_link::frame`]), and is answered in frames.

use core::fmt;

use embedded_io::{Read, Write, WriteFmtError};
use leaksieve_core::{Catalogue, IdentifierKind};
use leaksieve_link::{Receiver, Taken};

use crate::about::{About, Accepts, END, Summary};
use crate::epoch::EpochStore;
use crate::filter::{Filter, Refused, Workspace};
use crate::guard::{CAN_VERIFY, Guard};
use crate::line::{Echo, LineEditor, MAX_LINE_BYTES, PROMPT, Submitted};
use crate::log::info;
use crate::stack::{StackMeter, StackUse};
use crate::storage::Storage;
use crate::verdict::{RefusedText, VerdictLine};

pub(crate) const PRODUCT: &str = concat!("leaksieve ", env!("CARGO_PKG_VERSION"));

/// A device's whole state.
pub struct Session<'w, S, E, M> {
    pub(crate) board: &'static str,
    pub(crate) filter: Filter<'w, S, E>,
    pub(crate) receiver: Receiver,
    line: LineEditor,
    echo: Echo,
    meter: M,
    pub(crate) deepest: Option<StackUse>,
}

impl<'w, S: Storage, E: EpochStore, M: StackMeter> Session<'w, S, E, M> {
    /// The board's name is told to a host that asks. Nothing is read before
    /// [`run`](Self::run).
    pub const fn new(
        board: &'static str,
        storage: S,
        guard: Guard<E>,
        meter: M,
        work: &'w mut Workspace,
    ) -> Self {
        Self {
            board,
            filter: Filter::new(storage, guard, work),
            receiver: Receiver::new(),
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
        self.begin(console)?;
        loop {
            let mut byte = [0];
            match console.read(&mut byte) {
                Ok(0) => return Ok(()),
                Ok(_) => self.take(byte, console)?,
                Err(_) => self.lost(),
            }
        }
    }

    /// As [`run`](Self::run), and other tasks have the processor while nothing is typed. Answers
    /// are written as fast as the output takes them.
    ///
    /// # Errors
    /// As there.
    pub async fn run_async<I, O>(&mut self, input: &mut I, output: &mut O) -> Result<(), O::Error>
    where
        I: embedded_io_async::Read,
        O: Write,
    {
        self.begin(output)?;
        loop {
            let mut byte = [0];
            match input.read(&mut byte).await {
                Ok(0) => return Ok(()),
                Ok(_) => self.take(byte, output)?,
                Err(_) => self.lost(),
            }
        }
    }

    fn begin<C: Write>(&mut self, console: &mut C) -> Result<(), C::Error> {
        // An input that ended left half a line, or half a frame.
        self.line.clear();
        self.receiver = Receiver::new();
        self.greet(console)?;
        self.prompt(console)
    }

    fn prompt<C: Write>(&mut self, console: &mut C) -> Result<(), C::Error> {
        self.measure_stack();
        console.write_all(PROMPT)
    }

    /// Take a byte: of a line that is typed, or of a frame.
    fn take<C: Write>(&mut self, [byte]: [u8; 1], console: &mut C) -> Result<(), C::Error> {
        let byte = match self.receiver.take(byte) {
            Taken::Nothing => return Ok(()),
            Taken::Frame => {
                self.answer_frame(console)?;
                self.measure_stack();
                return Ok(());
            }
            Taken::Text(byte) => byte,
            Taken::AfterLoss(byte) => {
                self.line.lost();
                byte
            }
        };
        if self.line.key(byte, self.echo, console)? {
            self.answer(console)?;
            self.line.clear();
            self.prompt(console)?;
        }
        Ok(())
    }

    /// A byte was lost on the way.
    fn lost(&mut self) {
        if !self.receiver.is_within_frame() {
            self.line.lost();
        }
    }

    fn greet<C: Write>(&mut self, console: &mut C) -> Result<(), C::Error> {
        say(
            console,
            format_args!("{END}{PRODUCT}: was it in a leak?{END}"),
        )?;
        let accepts = Accepts(self.filter.guard().trust());
        say(console, format_args!("{accepts}"))?;
        if let Err(refused) = self.filter.mount() {
            return say_not_mounted::<S, _>(console, &refused);
        }
        self.introduce(console)?;
        say(
            console,
            format_args!("Type what to look up, or ? for what is covered.{END}"),
        )
    }

    /// What was mounted, and what a person should know of how.
    fn introduce<C: Write>(&mut self, console: &mut C) -> Result<(), C::Error> {
        if let Some(catalogue) = self.filter.catalogue() {
            self.echo = echo_for(catalogue);
            say(console, format_args!("{}", Summary(catalogue)))?;
        }
        self.warn(console)
    }

    /// A file that was passed over, an epoch that was not kept.
    fn warn<C: Write>(&self, console: &mut C) -> Result<(), C::Error> {
        if let Some(refused) = self.filter.passed_over() {
            let (taken, text) = (self.filter.slot(), refused_text::<S>(refused));
            say(
                console,
                format_args!("{taken} is asked, because {text}{END}"),
            )?;
        }
        if let Some(beside) = self.filter.beside() {
            let taken = self.filter.slot();
            say(
                console,
                format_args!(
                    "{taken} is asked, and not {beside}, which is of the same epoch and older.{END}"
                ),
            )?;
        }
        if CAN_VERIFY && !self.filter.guard().is_kept() {
            say(
                console,
                format_args!(
                    "The device could not store the filter's epoch: after a restart it may accept an \
                     older one. Its memory for that must be set up anew.{END}"
                ),
            )?;
        }
        Ok(())
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
                Err(refused) => {
                    let text = refused_text::<S>(&refused);
                    say(console, format_args!("cannot say: {text}{END}"))
                }
                Ok(reply) => {
                    if reply.filter_changed {
                        say(console, format_args!("Another filter is there now:{END}"))?;
                        self.introduce(console)?;
                    } else if reply.may_be_stale || self.filter.beside().is_some() {
                        self.warn(console)?;
                    }
                    let Some(catalogue) = self.filter.catalogue() else {
                        return Ok(());
                    };
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
        if let Err(refused) = self.filter.mount() {
            return say_not_mounted::<S, _>(console, &refused);
        }
        if let Some(catalogue) = self.filter.catalogue() {
            self.echo = echo_for(catalogue);
            let about = About {
                catalogue,
                slot: self.filter.slot(),
                trust: self.filter.guard().trust(),
                stack: self.deepest,
            };
            say(console, format_args!("{about}"))?;
        }
        self.warn(console)
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
    refused: &Refused,
) -> Result<(), C::Error> {
    let text = refused_text::<S>(refused);
    say(console, format_args!("No filter to ask: {text}{END}"))
}

const fn refused_text<S: Storage>(refused: &Refused) -> RefusedText<'_> {
    RefusedText {
        refused,
        remedy: S::REMEDY,
    }
}

fn say<C: Write>(console: &mut C, text: fmt::Arguments<'_>) -> Result<(), C::Error> {
    match console.write_fmt(text) {
        Err(WriteFmtError::Other(error)) => Err(error),
        // A text of ours that fails to format has nothing more to say.
        Ok(()) | Err(WriteFmtError::FmtError) => Ok(()),
    }
}
