//! The conversation: a banner, a prompt, and one verdict for each line.
//!
//! A line is answered with exactly one verdict line ([`crate::verdict`]), with two
//! exceptions: a blank line brings a new prompt, and `?` shows what the filter holds. (Of a terminal
//! that sends back what it gets, lines are dropped that come with a longer text of ours.) So
//! a password that is a single question mark cannot be asked. What a host asks comes over
//! the same line, in frames ([`leaksieve_link::frame`]), and is answered in frames.
//!
//! Nothing is asked that nobody typed. A terminal may send back what it is sent until its program
//! turns that off: so the greeting waits a moment, and what comes before or with it is dropped. A
//! half line, or half a frame, is dropped after a silence; what follows is the rest of it, and
//! refused.

#[cfg(test)]
mod typing;

use core::fmt;
use core::pin::pin;

use embedded_hal_async::delay::DelayNs;
use embedded_io::{Write, WriteFmtError};
use leaksieve_core::identifier::without_blanks;
use leaksieve_core::sentence::Plain;
use leaksieve_core::{Catalogue, IdentifierKind, Verdict};
use leaksieve_link::{Receiver, Taken};

use crate::about::{About, Accepts, Summary};
use crate::epoch::EpochStore;
use crate::filter::{Filter, Findings, Refused, Workspace, any_exposed};
use crate::guard::{CAN_VERIFY, Guard};
use crate::input::{Heard, Input, within};
use crate::line::{Echo, LineEditor, MAX_LINE_BYTES, PROMPT, Submitted};
use crate::log::info;
use crate::stack::{StackMeter, StackUse};
use crate::storage::Storage;
use crate::update::Update;
use crate::verdict::{RefusedText, VerdictLine};

pub(crate) const PRODUCT: &str = concat!("leaksieve ", env!("CARGO_PKG_VERSION"));

/// A terminal's program has set its line up by then, and its echo of a text has come.
const MOMENT_MS: u32 = 100;
/// A host sends a frame without a pause.
const FRAME_PAUSE_MS: u32 = 1_000;
/// Whoever left half a line for so long has gone.
const ABANDONED_MS: u32 = 60_000;

/// How far a conversation is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Somebody is there, and was not greeted yet.
    Opened,
    /// What was written, more than a verdict, may be sent back to us.
    Settling,
    /// Lines are taken.
    Open,
}

/// A device's whole state.
pub struct Session<'w, S, E, M> {
    pub(crate) board: &'static str,
    pub(crate) filter: Filter<'w, S, E>,
    pub(crate) receiver: Receiver,
    pub(crate) line: LineEditor,
    /// A new filter that is being sent.
    pub(crate) update: Option<Update>,
    phase: Phase,
    /// Something came while nothing was to be typed: the terminal may send back what it gets.
    is_sent_back: bool,
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
            update: None,
            phase: Phase::Opened,
            is_sent_back: false,
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
    pub fn run<C: Input + Write>(&mut self, console: &mut C) -> Result<(), C::Error> {
        self.begin();
        loop {
            match console.listen(self.patience_ms()) {
                Heard::Byte(byte) => self.take(byte, console)?,
                Heard::Lost => self.lost(),
                Heard::Silence => self.silence(console)?,
                Heard::End => return Ok(()),
            }
        }
    }

    /// As [`run`](Self::run), and other tasks have the processor while nothing is typed. Answers
    /// are written as fast as the output takes them.
    ///
    /// # Errors
    /// As there.
    pub async fn run_async<I, O>(
        &mut self,
        input: &mut I,
        clock: &mut impl DelayNs,
        output: &mut O,
    ) -> Result<(), O::Error>
    where
        I: embedded_io_async::Read,
        O: Write,
    {
        self.begin();
        loop {
            let mut byte = [0];
            let read = {
                let mut reading = pin!(input.read(&mut byte));
                loop {
                    match within(reading.as_mut(), clock, self.patience_ms()).await {
                        Some(read) => break read,
                        None => self.silence(output)?,
                    }
                }
            };
            let [byte] = byte;
            match read {
                Ok(0) => return Ok(()),
                Ok(_) => self.take(byte, output)?,
                Err(_) => self.lost(),
            }
        }
    }

    fn begin(&mut self) {
        // An input that ended left half a line, or half a frame.
        self.line.clear();
        self.receiver.give_up();
        self.phase = Phase::Opened;
        self.is_sent_back = false;
    }

    /// More than a verdict was written. A terminal that sends it back is waited for.
    fn settle(&mut self) {
        if self.is_sent_back {
            self.phase = Phase::Settling;
        }
    }

    /// How long to wait for the next byte.
    const fn patience_ms(&self) -> u32 {
        if self.receiver.is_within_frame() {
            return FRAME_PAUSE_MS;
        }
        match self.phase {
            Phase::Opened | Phase::Settling => MOMENT_MS,
            Phase::Open => ABANDONED_MS,
        }
    }

    /// Nothing came for as long as was waited.
    fn silence<C: Write>(&mut self, console: &mut C) -> Result<(), C::Error> {
        if self.receiver.is_within_frame() {
            self.receiver.give_up();
            self.line.lost();
            return Ok(());
        }
        match self.phase {
            Phase::Opened => {
                self.greet(console)?;
                self.phase = Phase::Settling;
                Ok(())
            }
            Phase::Settling => {
                self.phase = Phase::Open;
                self.prompt(console)
            }
            Phase::Open => {
                self.line.abandon();
                Ok(())
            }
        }
    }

    fn prompt<C: Write>(&mut self, console: &mut C) -> Result<(), C::Error> {
        self.measure_stack();
        console.write_all(PROMPT)
    }

    /// Take a byte: of a line that is typed, or of a frame.
    fn take<C: Write>(&mut self, byte: u8, console: &mut C) -> Result<(), C::Error> {
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
        if self.phase != Phase::Open {
            self.is_sent_back |= self.phase == Phase::Settling;
            self.line.skip(byte);
        } else if self.line.key(byte, self.echo, console)? {
            if self.line.is_sent_back(self.echo) {
                self.line.lost();
                self.is_sent_back = true;
                self.settle();
            }
            self.answer(console)?;
            self.line.clear();
            if self.phase == Phase::Open {
                self.prompt(console)?;
            }
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
            format_args!("\r\n{}: was it in a leak?\r\n", Plain(PRODUCT)),
        )?;
        let accepts = Accepts(self.filter.guard().trust());
        say(console, format_args!("{accepts}"))?;
        if let Err(refused) = self.filter.mount() {
            return say_not_mounted::<S, _>(console, &refused);
        }
        self.introduce(console)?;
        say(
            console,
            format_args!(
                "Type what to look up and end it with Enter (CR or LF), or ? for what is covered.\r\n"
            ),
        )
    }

    /// What was mounted, and what a person should know of how.
    fn introduce<C: Write>(&mut self, console: &mut C) -> Result<(), C::Error> {
        self.settle();
        if let Some(catalogue) = self.filter.catalogue() {
            self.echo = echo_for(catalogue);
            say(console, format_args!("{}", Summary(catalogue)))?;
        }
        self.warn(console)
    }

    /// A file that was passed over, an epoch that was not kept.
    fn warn<C: Write>(&self, console: &mut C) -> Result<(), C::Error> {
        if let Some(refused) = self.filter.passed_over() {
            let (taken, text) = (Plain(self.filter.slot()), RefusedText::of::<S>(refused));
            say(
                console,
                format_args!("{taken} is asked, because {text}\r\n"),
            )?;
        }
        if let Some(beside) = self.filter.beside() {
            let (taken, beside) = (Plain(self.filter.slot()), Plain(beside));
            say(
                console,
                format_args!(
                    "{taken} is asked, and not {beside}, which is of the same epoch and older.\r\n"
                ),
            )?;
        }
        if self.filter.storage.has_others() {
            say(
                console,
                format_args!(
                    "Another .LSV file is on the card, and is not asked: delete it, or call it LEAKS2.LSV.\r\n"
                ),
            )?;
        }
        if CAN_VERIFY && !self.filter.guard().is_kept() {
            say(
                console,
                format_args!(
                    "The device could not store the filter's epoch: after a restart it may accept an \
                     older one. Its memory for that must be set up anew.\r\n"
                ),
            )?;
        }
        Ok(())
    }

    fn answer<C: Write>(&mut self, console: &mut C) -> Result<(), C::Error> {
        match self.line.submitted() {
            Submitted::Line(text) => match text.trim_ascii() {
                b"" => Ok(()),
                b"?" => self.show_about(console),
                _ => self.answer_question(console),
            },
            Submitted::TooLong => {
                info!("line refused: too long");
                say(
                    console,
                    format_args!("cannot say: the line is longer than {MAX_LINE_BYTES} bytes\r\n"),
                )
            }
            Submitted::Garbled => {
                info!("line refused: garbled");
                say(
                    console,
                    format_args!(
                        "cannot say: the line lost a character, or has a key that is no text (an arrow; a letter that is not UTF-8): type it again\r\n"
                    ),
                )
            }
        }
    }

    /// Not inlined: its findings are on the stack only while they are needed.
    #[inline(never)]
    fn answer_question<C: Write>(&mut self, console: &mut C) -> Result<(), C::Error> {
        let Submitted::Line(text) = self.line.submitted() else {
            return Ok(());
        };
        let has_blanks = without_blanks(text).len() != text.len();
        let reply = match self.filter.ask(text) {
            Ok(reply) => reply,
            Err(refused) => {
                let text = RefusedText::of::<S>(&refused);
                return say(console, format_args!("cannot say: {text}\r\n"));
            }
        };
        if reply.filter_changed {
            say(console, format_args!("Another filter is there now:\r\n"))?;
            self.introduce(console)?;
        } else if reply.may_be_stale || self.filter.has_unasked() {
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
        let blanks = Plain(if has_blanks && is_absent_password(&reply.findings) {
            "; asked with and without the blanks at its ends"
        } else {
            ""
        });
        say(console, format_args!("{verdict}{blanks}\r\n"))
    }

    /// Mounts anew, so that what is shown is what is there.
    fn show_about<C: Write>(&mut self, console: &mut C) -> Result<(), C::Error> {
        self.settle();
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

/// Was it asked as a password, and is it in none of the lists? What was found says how.
fn is_absent_password(findings: &Findings) -> bool {
    findings.iter().any(|(kind, result)| {
        *kind == IdentifierKind::Password && matches!(result, Ok(Verdict::NotExposed(_)))
    }) && !any_exposed(findings)
}

fn say_not_mounted<S: Storage, C: Write>(
    console: &mut C,
    refused: &Refused,
) -> Result<(), C::Error> {
    let text = RefusedText::of::<S>(refused);
    say(console, format_args!("No filter to ask: {text}\r\n"))
}

fn say<C: Write>(console: &mut C, text: fmt::Arguments<'_>) -> Result<(), C::Error> {
    match console.write_fmt(text) {
        Err(WriteFmtError::Other(error)) => Err(error),
        // A text of ours that fails to format has nothing more to say.
        Ok(()) | Err(WriteFmtError::FmtError) => Ok(()),
    }
}
