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
        // What is not there stays zero: no record is.
        let read = File::open(name_of(place)).and_then(|mut file| file.read(&mut record));
        match read {
            Ok(_) => Ok(Some(record)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(_) => Err(EpochError),
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
