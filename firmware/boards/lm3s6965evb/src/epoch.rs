//! Where the lowest epoch is kept: this board has no flash that the emulator lets a program
//! write, so two files in the emulator's working folder stand for two words of it.

use core::ffi::CStr;

use leaksieve_app::epoch::{EpochError, Place, RECORD_BYTES, Record, RecordMedium, TwoRecords};
use semihosting::fs::{self, File};
use semihosting::io::{ErrorKind, Read};

/// Where the lowest epoch is kept.
pub(crate) type Epochs = TwoRecords<HostFiles>;

/// Nothing is read before it is asked.
pub(crate) const EPOCHS: Epochs = TwoRecords(HostFiles(()));

/// A file for each record. A file that is there and too short was not written whole.
pub(crate) struct HostFiles(());

impl RecordMedium for HostFiles {
    fn read(&mut self, place: Place) -> Result<Option<Record>, EpochError> {
        let mut record = [0; RECORD_BYTES];
        let read = File::open(name_of(place)).map(|mut file| file.read_exact(&mut record));
        match read.map_err(|error| error.kind()) {
            Err(ErrorKind::NotFound) => Ok(None),
            Err(_) => Err(EpochError),
            Ok(Err(error)) if error.kind() != ErrorKind::UnexpectedEof => Err(EpochError),
            Ok(_) => Ok(Some(record)),
        }
    }

    fn write(&mut self, place: Place, record: &Record) -> Result<(), EpochError> {
        fs::write(name_of(place), record).map_err(|_| EpochError)
    }
}

const fn name_of(place: Place) -> &'static CStr {
    match place {
        Place::First => c"lowest-epoch-1.bin",
        Place::Second => c"lowest-epoch-2.bin",
    }
}
