//! Where the lowest epoch is kept: this board has no flash that the emulator lets a program
//! write, so a file in the emulator's working folder stands for two words of it.

use core::ffi::CStr;

use leaksieve_app::epoch::{EpochError, Place, RECORD_BYTES, Record, RecordMedium, TwoRecords};
use semihosting::fs::{File, OpenOptions};
use semihosting::io::{ErrorKind, Read, Seek, SeekFrom, Write};

const NAME: &CStr = c"lowest-epoch.bin";

/// Where the lowest epoch is kept.
pub(crate) type Epochs = TwoRecords<HostFile>;

/// Nothing is read before it is asked.
pub(crate) const fn new() -> Epochs {
    TwoRecords(HostFile(()))
}

/// The file: one record, then the other. Opened for each access, so that the host has what
/// was written.
pub(crate) struct HostFile(());

impl RecordMedium for HostFile {
    fn read(&mut self, place: Place) -> Result<Option<Record>, EpochError> {
        let mut file = match File::open(NAME) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err(EpochError),
        };
        let start = start_of(place);
        let end = start + RECORD_BYTES as u64;
        if file.metadata().map_err(|_| EpochError)?.len() < end {
            // A first record that was not written whole is none.
            return Ok(None);
        }
        let mut record = [0; RECORD_BYTES];
        file.seek(SeekFrom::Start(start))
            .and_then(|_| file.read_exact(&mut record))
            .map_err(|_| EpochError)?;
        Ok(Some(record))
    }

    fn write(&mut self, place: Place, record: &Record) -> Result<(), EpochError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        let mut file = match options.open(NAME) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                options.create(true).truncate(true).open(NAME)
            }
            opened => opened,
        }
        .map_err(|_| EpochError)?;
        file.seek(SeekFrom::Start(start_of(place)))
            .and_then(|_| file.write_all(record))
            .map_err(|_| EpochError)
    }
}

const fn start_of(place: Place) -> u64 {
    match place {
        Place::First => 0,
        Place::Second => RECORD_BYTES as u64,
    }
}
