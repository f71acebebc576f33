//! What a host asks over the console's line, answered.
//!
//! No identifier is logged, and the frame that held one is wiped.

use core::fmt::{self, Write as _};

use embedded_io::Write;
use leaksieve_core::sector::{FileId, SECTOR_BYTES, SectorIndex};
use leaksieve_core::sentence::Plain;
use leaksieve_core::{Error, ReadError, Sector};
use leaksieve_link::frame::{decode, encode};
use leaksieve_link::message::MAX_TEXT_BYTES;
use leaksieve_link::{
    Answer, Info, LINK_VERSION, Mounted, PIECE_BYTES, Request, Response, Said, Verdict,
};
use zeroize::Zeroize;

use crate::console::{PRODUCT, Session};
use crate::epoch::EpochStore;
use crate::filter::{Filter, Findings};
use crate::stack::StackMeter;
use crate::storage::{Storage, StorageError};
use crate::update::{Update, UpdateError};
use crate::verdict::{FailureText, RefusedText};

/// A text of bounded length: what is longer is cut.
type Text = heapless::String<MAX_TEXT_BYTES>;

/// What an answer is made of. It lies apart from the frame, which holds the question yet.
enum Reply {
    Info {
        trouble: Text,
    },
    /// Of the sector that was read, from this byte on.
    Piece {
        within: usize,
    },
    Verdict(Verdict),
    Done,
    Refused(Text),
}

impl<S: Storage, E: EpochStore, M: StackMeter> Session<'_, S, E, M> {
    /// A whole frame has come.
    #[inline(never)]
    pub(crate) fn answer_frame<C: Write>(&mut self, console: &mut C) -> Result<(), C::Error> {
        let (sequence, reply) = match decode(self.receiver.frame()) {
            Some((sequence, request)) => (
                sequence,
                Some(reply_to(&mut self.filter, &mut self.update, request)),
            ),
            None => {
                // A part of it may have been typed, and the answer is on the screen.
                self.line.lost();
                (0, None)
            }
        };
        self.receiver.buffer().zeroize();
        self.say(console, sequence, reply.as_ref())
    }

    /// Not inlined: what it makes is not on the stack while the filter is asked.
    #[inline(never)]
    fn say<C: Write>(
        &mut self,
        console: &mut C,
        sequence: u16,
        reply: Option<&Reply>,
    ) -> Result<(), C::Error> {
        let stack = self
            .deepest
            .map(|stack| (stack.used_bytes, stack.size_bytes));
        let response = match reply {
            None => Response::Garbled,
            Some(Reply::Piece { within }) => {
                Response::Bytes(piece_of(self.filter.sector(), *within))
            }
            Some(Reply::Verdict(verdict)) => Response::Verdict(verdict.clone()),
            Some(Reply::Done) => Response::Done,
            Some(Reply::Refused(text)) => Response::Refused(text),
            Some(Reply::Info { trouble }) => {
                Response::Info(inform(&self.filter, self.board, stack, trouble))
            }
        };
        match encode(sequence, &response, self.receiver.buffer()) {
            Some(frame) => console.write_all(frame),
            // Each fits: a host that hears nothing asks again.
            None => Ok(()),
        }
    }
}

fn piece_of(sector: &Sector, within: usize) -> &[u8] {
    let rest = sector.get(within..).unwrap_or(&[]);
    rest.get(..PIECE_BYTES).unwrap_or(&[])
}

fn reply_to<S: Storage, E: EpochStore>(
    filter: &mut Filter<'_, S, E>,
    update: &mut Option<Update>,
    request: Request<'_>,
) -> Reply {
    let done = match request {
        Request::Info => return look(filter),
        Request::Read { offset } => return read(filter, offset),
        Request::Check(text) => return check(filter, text),
        Request::Begin { num_sectors } => {
            *update = None;
            Update::begin(filter, num_sectors).map(|begun| *update = Some(begun))
        }
        Request::Write { offset, bytes } => under_way::<S>(update)
            .and_then(|update| update.write_piece(&mut filter.storage, offset, bytes)),
        Request::Finish { file_id } => finish(filter, update, FileId(file_id)),
    };
    match done {
        Ok(()) => Reply::Done,
        Err(error) => refused(format_args!(
            "{}",
            UpdateText::<S>(&error, core::marker::PhantomData)
        )),
    }
}

/// Known to be none where a slot is not written here, so that all the code goes.
fn under_way<S: Storage>(update: &mut Option<Update>) -> Result<&mut Update, UpdateError> {
    match update {
        Some(update) if S::IS_WRITTEN_HERE => Ok(update),
        _ => Err(UpdateError::OutOfOrder),
    }
}

fn finish<S: Storage, E: EpochStore>(
    filter: &mut Filter<'_, S, E>,
    update: &mut Option<Update>,
    file_id: FileId,
) -> Result<(), UpdateError> {
    match under_way::<S>(update) {
        Ok(whole) if whole.is_whole() => {
            let whole = *whole;
            *update = None;
            whole.finish(filter, file_id)
        }
        Ok(_) => Err(UpdateError::OutOfOrder),
        // The answer to the first time was lost.
        Err(_) => match filter.mount() {
            Ok(catalogue) if catalogue.file_id() == file_id => Ok(()),
            _ => Err(UpdateError::OutOfOrder),
        },
    }
}

/// Not inlined, so that texts that are not made have no room on the stack; so with `look`.
#[inline(never)]
fn refused(text: fmt::Arguments<'_>) -> Reply {
    Reply::Refused(cut(text))
}

fn cut(text: fmt::Arguments<'_>) -> Text {
    let mut cut = Text::new();
    // Ends with an error where it is cut.
    let _ = Cut(&mut cut).write_fmt(text);
    cut
}

/// Takes what fits.
struct Cut<'a>(&'a mut Text);

impl fmt::Write for Cut<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            self.0.push(character).map_err(|_| fmt::Error)?;
        }
        Ok(())
    }
}

#[inline(never)]
fn look<S: Storage, E: EpochStore>(filter: &mut Filter<'_, S, E>) -> Reply {
    let refused = match filter.mount() {
        Err(refused) => Some(refused),
        Ok(_) => filter.passed_over().copied(),
    };
    let trouble = match (refused, filter.beside()) {
        (Some(refused), _) => cut(format_args!("{}", RefusedText::of::<S>(&refused))),
        (None, Some(beside)) => cut(format_args!(
            "{}, of the same epoch and older, is not asked",
            Plain(beside)
        )),
        (None, None) if filter.storage.has_others() => cut(format_args!(
            "another .LSV file is on the card, and is not asked"
        )),
        (None, None) => Text::new(),
    };
    Reply::Info { trouble }
}

fn inform<'a, S: Storage, E: EpochStore>(
    filter: &Filter<'_, S, E>,
    board: &'a str,
    stack: Option<(u32, u32)>,
    trouble: &'a str,
) -> Info<'a> {
    let trust = filter.guard().trust();
    Info {
        link_version: LINK_VERSION,
        version: PRODUCT,
        board,
        slot_bytes: filter.storage.slot_bytes(),
        num_keys: u8::try_from(trust.keys.len()).unwrap_or(u8::MAX),
        lowest_epoch: *trust.epochs.start(),
        stack,
        filter: filter.catalogue().map(|catalogue| Mounted {
            slot: filter.slot(),
            file_id: catalogue.file_id().0,
            num_sectors: catalogue.header().num_sectors,
        }),
        trouble,
    }
}

fn read<S: Storage, E: EpochStore>(filter: &mut Filter<'_, S, E>, offset: u32) -> Reply {
    let index = offset / SECTOR_BYTES as u32;
    let within = offset as usize % SECTOR_BYTES;
    match filter.read_sector(SectorIndex(index)) {
        Ok(()) if within + PIECE_BYTES <= SECTOR_BYTES => Reply::Piece { within },
        Ok(()) => refused(format_args!("{}", StorageError::PastEnd)),
        Err(refused) => self::refused(format_args!("{}", RefusedText::of::<S>(&refused))),
    }
}

#[inline(never)]
fn check<S: Storage, E: EpochStore>(filter: &mut Filter<'_, S, E>, text: &[u8]) -> Reply {
    match filter.ask(text) {
        Err(refused) => self::refused(format_args!("{}", RefusedText::of::<S>(&refused))),
        Ok(reply) => Reply::Verdict(verdict_of(filter, &reply.findings)),
    }
}

fn verdict_of<S: Storage, E: EpochStore>(
    filter: &Filter<'_, S, E>,
    findings: &Findings,
) -> Verdict {
    let mut verdict = Verdict::default();
    let Some(catalogue) = filter.catalogue() else {
        return verdict;
    };
    verdict.file_id = catalogue.file_id().0;
    for (kind, result) in findings {
        match result {
            Ok(said) => {
                for answer in said.answers().iter() {
                    push(
                        &mut verdict,
                        answer.dataset,
                        answer.outcome.into(),
                        answer.num_readings,
                    );
                }
            }
            Err(_) => {
                for (index, dataset) in (0..).zip(catalogue.datasets()) {
                    if dataset.profile.kind() == *kind {
                        push(&mut verdict, index, Said::Unreadable, 0);
                    }
                }
            }
        }
    }
    verdict
}

fn push(verdict: &mut Verdict, dataset: u8, said: Said, num_readings: u8) {
    // Each dataset answers once, so there is room.
    let _ = verdict.answers.push(Answer {
        dataset,
        said,
        num_readings,
    });
}

/// Why an update stops, and what to do next.
struct UpdateText<'a, S>(&'a UpdateError, core::marker::PhantomData<S>);

impl<S: Storage> fmt::Display for UpdateText<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            UpdateError::Failure(failure) => {
                if matches!(failure, ReadError::Filter(Error::SectorDamaged { .. })) {
                    f.write_str("the filter did not arrive whole: ")?;
                }
                let remedy = "the filter before it is kept; send another";
                FailureText { failure, remedy }.fmt(f)
            }
            UpdateError::TooLarge => f.write_str("the filter is larger than the device's slot"),
            UpdateError::OutOfOrder => {
                f.write_str("the device was restarted, or another host talks to it: begin again")
            }
            UpdateError::OtherFile => f.write_str("what arrived is another file: begin again"),
        }
    }
}
