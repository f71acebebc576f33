//! A device on a serial line: what it is, what it says, and a new filter for it.
//!
//! A question that gets no answer, or a damaged one, is asked again: that does no harm
//! ([`leaksieve_link::message`]). What a person types or reads at the same console is left
//! alone.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

use leaksieve_core::file::byte_of;
use leaksieve_core::identifier::MAX_IDENTIFIER_BYTES;
use leaksieve_core::sector::{FileId, SECTOR_BYTES, Sector, SectorIndex};
use leaksieve_core::{Catalogue, NormaliseError, ReadError, SectorSource, Trust, open};
use leaksieve_link::frame::{decode, encode};
use leaksieve_link::{
    Info, LINK_VERSION, MAX_FRAME_BYTES, Mounted, PIECE_BYTES, Receiver, Request, Response, Taken,
    Verdict,
};

use crate::file::sectors::groups;
use crate::file::{FileError, FilterFile};
use crate::progress::{Observer, Stage};

/// Times that a question is asked.
const ATTEMPTS: u32 = 4;
/// How long a device may take for most answers: an SD card's longest read, and a page of flash
/// erased.
const PATIENCE: Duration = Duration::from_secs(3);
/// Verifying a filter takes a device some milliseconds a sector.
const PATIENCE_PER_SECTOR: Duration = Duration::from_millis(10);

/// Why a device did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The line does not work. What the system said is a text: as an error, the end of a line
    /// would be taken for that of standard output.
    #[error(
        "the device went away ({0}): plug it in again. If you were installing a filter, start again; until then the device keeps the old one"
    )]
    Line(String),
    /// Nothing came.
    #[error("no answer. Is this a leaksieve device? Does another program use its port?")]
    Silent,
    /// It says why not, and what to do.
    #[error("the device says: {0}")]
    Refused(String),
    /// An answer to something else.
    #[error(
        "the device's firmware and this program have different versions: flash the firmware again, or update this program"
    )]
    Unknown,
    /// What the device has is no filter that this program reads.
    #[error("the device's filter: {0}")]
    Filter(#[from] leaksieve_core::Error),
    /// The device has none.
    #[error("the device has no filter: {0}")]
    NoFilter(String),
    /// The file is too large for it.
    #[error(
        "{num_bytes} bytes do not fit: each of the device's two slots has {slot_bytes} (the old filter is kept until the new one is there). Build a filter for {board}"
    )]
    TooLarge {
        /// Name of the board.
        board: String,
        /// Of the file.
        num_bytes: u64,
        /// Of each slot of the device.
        slot_bytes: u32,
    },
    /// Its filters lie on a card.
    #[error(
        "this device reads its filter from a card, and does not write it: put the card into the computer, and install the filter there"
    )]
    Card,
    /// The new file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
}

impl From<io::Error> for DeviceError {
    fn from(error: io::Error) -> Self {
        Self::Line(error.to_string())
    }
}

/// A device. The line's reads must end by themselves after some milliseconds.
pub struct Device<T> {
    line: T,
    receiver: Receiver,
    sequence: u16,
    patience: Duration,
}

/// What a device says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Of the firmware: `leaksieve 0.1.0`.
    pub version: String,
    /// Name of the board.
    pub board: String,
    /// The largest filter that it takes over the line, bytes; 0 if none.
    pub slot_bytes: u32,
    /// Keys that it trusts.
    pub num_keys: u8,
    /// The lowest epoch that it accepts.
    pub lowest_epoch: u32,
    /// The deepest that its stack has been, and all of it; bytes.
    pub stack: Option<(u32, u32)>,
    /// The slot of the filter that it asks, that file's id, and its sectors.
    pub filter: Option<(String, FileId, u32)>,
    /// Why it asks none, or which other file it passed over.
    pub trouble: String,
}

impl From<Info<'_>> for Description {
    fn from(info: Info<'_>) -> Self {
        let filter = info.filter.map(|filter: Mounted<'_>| {
            let id = FileId(filter.file_id);
            (printable(filter.slot), id, filter.num_sectors)
        });
        Self {
            version: printable(info.version),
            board: printable(info.board),
            slot_bytes: info.slot_bytes,
            num_keys: info.num_keys,
            lowest_epoch: info.lowest_epoch,
            stack: info.stack,
            filter,
            trouble: printable(info.trouble),
        }
    }
}

impl<T: Read + Write> Device<T> {
    /// Over a line that is open. Nothing is sent yet.
    pub fn new(line: T) -> Self {
        Self {
            line,
            receiver: Receiver::new(),
            // An answer to another program's question must not be taken for one to ours.
            sequence: getrandom::u32().unwrap_or_default() as u16,
            patience: PATIENCE,
        }
    }

    /// With another time to wait for an answer before it is asked again.
    pub fn patient_for(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Which device is it?
    ///
    /// # Errors
    /// [`DeviceError`].
    pub fn describe(&mut self) -> Result<Description, DeviceError> {
        self.ask(&Request::Info, Duration::ZERO, |response| match response {
            Response::Info(info) if info.link_version == LINK_VERSION => Some(info.into()),
            _ => None,
        })
    }

    /// The header of the filter that it asks, read through the line.
    ///
    /// # Errors
    /// [`DeviceError`]; [`DeviceError::NoFilter`] when it has none.
    pub fn catalogue(&mut self) -> Result<Catalogue, DeviceError> {
        let description = self.describe()?;
        let Some((_, _, num_sectors)) = description.filter else {
            return Err(DeviceError::NoFilter(description.trouble));
        };
        let mut sectors = Sectors {
            device: self,
            num_sectors,
        };
        open(&mut sectors, &mut [0; SECTOR_BYTES], &Trust::ANY).map_err(|error| match error {
            ReadError::Source(error) => error,
            ReadError::Filter(error) => error.into(),
        })
    }

    /// What its filter says about a text, as every kind that it holds.
    ///
    /// # Errors
    /// [`DeviceError`].
    pub fn check(&mut self, text: &[u8]) -> Result<Verdict, DeviceError> {
        if text.len() > MAX_IDENTIFIER_BYTES {
            let error = NormaliseError::TooLong {
                limit_bytes: MAX_IDENTIFIER_BYTES as u16,
            };
            return Err(DeviceError::Refused(error.to_string()));
        }
        self.ask(
            &Request::Check(text),
            Duration::ZERO,
            |response| match response {
                Response::Verdict(verdict) => Some(verdict),
                _ => None,
            },
        )
    }

    /// Send a filter. The device verifies all of it before it asks it, and keeps the one that it
    /// has until then.
    ///
    /// # Errors
    /// [`DeviceError`]. If the line broke while the last message was under way, the device has
    /// one of both filters.
    pub fn update(
        &mut self,
        file: &FilterFile,
        observer: &dyn Observer,
    ) -> Result<(), DeviceError> {
        let num_sectors = file.catalogue().header().num_sectors;
        let num_bytes = byte_of(SectorIndex(num_sectors));
        let description = self.describe()?;
        match description.slot_bytes {
            0 => return Err(DeviceError::Card),
            slot_bytes if num_bytes > u64::from(slot_bytes) => {
                return Err(DeviceError::TooLarge {
                    board: description.board,
                    num_bytes,
                    slot_bytes,
                });
            }
            _ => {}
        }
        self.order(&Request::Begin { num_sectors }, Duration::ZERO)?;
        observer.begin(Stage::Send, Some(num_bytes));
        for sectors in groups(num_sectors) {
            let first = byte_of(SectorIndex(sectors.start)) as u32;
            let bytes = file.read_sectors(sectors)?;
            for (offset, bytes) in (first..)
                .step_by(PIECE_BYTES)
                .zip(bytes.chunks(PIECE_BYTES))
            {
                self.order(&Request::Write { offset, bytes }, Duration::ZERO)?;
                observer.advance(PIECE_BYTES as u64);
            }
        }
        let file_id = file.catalogue().file_id().0;
        self.order(
            &Request::Finish { file_id },
            PATIENCE_PER_SECTOR * num_sectors,
        )?;
        observer.end();
        Ok(())
    }

    fn order(&mut self, request: &Request<'_>, more: Duration) -> Result<(), DeviceError> {
        self.ask(request, more, |response| match response {
            Response::Done => Some(()),
            _ => None,
        })
    }

    /// Ask until there is an answer, which may take so much more time than others; `take` gives
    /// `None` for one of another kind.
    fn ask<R>(
        &mut self,
        request: &Request<'_>,
        more: Duration,
        mut take: impl FnMut(Response<'_>) -> Option<R>,
    ) -> Result<R, DeviceError> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut buffer = [0; MAX_FRAME_BYTES];
        let frame = encode(self.sequence, request, &mut buffer).ok_or(DeviceError::Unknown)?;
        let mut is_foreign = false;
        for _ in 0..ATTEMPTS {
            self.line.write_all(frame)?;
            self.line.flush()?;
            let start = Instant::now();
            while start.elapsed() < self.patience + more {
                match self.next_answer()? {
                    Heard::Nothing => {}
                    Heard::Frame => match decode(self.receiver.frame()) {
                        Some((_, Response::Garbled)) => break,
                        Some((sequence, _)) if sequence != self.sequence => {}
                        Some((_, Response::Refused(text))) => {
                            return Err(DeviceError::Refused(printable(text)));
                        }
                        Some((_, response)) => return take(response).ok_or(DeviceError::Unknown),
                        // Damaged, or of another version.
                        None => is_foreign = true,
                    },
                }
            }
        }
        Err(match is_foreign {
            true => DeviceError::Unknown,
            false => DeviceError::Silent,
        })
    }

    /// Read until a frame is whole, or the line is quiet.
    fn next_answer(&mut self) -> Result<Heard, DeviceError> {
        let mut byte = [0];
        loop {
            match self.line.read(&mut byte) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(_) => {
                    let [byte] = byte;
                    match self.receiver.take(byte) {
                        Taken::Frame => return Ok(Heard::Frame),
                        Taken::Nothing => {}
                        // Of a line that talks without end, too, the time is looked at.
                        Taken::Text(_) | Taken::AfterLoss(_) => return Ok(Heard::Nothing),
                    }
                }
                Err(error) => {
                    return match error.kind() {
                        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Ok(Heard::Nothing),
                        io::ErrorKind::Interrupted => Ok(Heard::Nothing),
                        _ => Err(error.into()),
                    };
                }
            }
        }
    }
}

/// Texts of a device go to a terminal, which some characters are commands for.
fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{FFFD}")
}

/// What a line brought.
enum Heard {
    Nothing,
    Frame,
}

/// The filter that a device asks, read through the line.
struct Sectors<'a, T> {
    device: &'a mut Device<T>,
    num_sectors: u32,
}

impl<T: Read + Write> SectorSource for Sectors<'_, T> {
    type Error = DeviceError;

    fn num_sectors(&mut self) -> Result<u32, DeviceError> {
        Ok(self.num_sectors)
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> Result<(), DeviceError> {
        let first = byte_of(index) as u32;
        for (offset, piece) in (first..)
            .step_by(PIECE_BYTES)
            .zip(buffer.chunks_mut(PIECE_BYTES))
        {
            let request = Request::Read { offset };
            self.device
                .ask(&request, Duration::ZERO, |response| match response {
                    Response::Bytes(bytes) if bytes.len() == piece.len() => {
                        piece.copy_from_slice(bytes);
                        Some(())
                    }
                    _ => None,
                })?;
        }
        Ok(())
    }
}
