//! The lowest epoch that a device accepts, kept where a power cut leaves it.
//!
//! A board brings an [`EpochStore`]. [`TwoRecords`] is one, over any medium that has two
//! places of eight bytes each ([`RecordMedium`]).

use core::fmt;

/// Keeps the lowest epoch that is accepted while the power is off.
pub trait EpochStore {
    /// What was kept last; 0 on a device that never kept any.
    ///
    /// # Errors
    /// When it cannot be told. A device then accepts no filter: any could be an old one.
    fn lowest(&mut self) -> Result<u32, EpochError>;

    /// Keep an epoch that is above [`lowest`](Self::lowest). A power cut leaves either.
    ///
    /// # Errors
    /// When it could not be kept.
    fn raise(&mut self, epoch: u32) -> Result<(), EpochError>;
}

/// The epoch could not be read or kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct EpochError;

impl fmt::Display for EpochError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the epoch's place cannot be read or written")
    }
}

impl core::error::Error for EpochError {}

/// For a device that has no place for it: a restart forgets, and the console says so.
impl EpochStore for () {
    fn lowest(&mut self) -> Result<u32, EpochError> {
        Ok(0)
    }

    fn raise(&mut self, _: u32) -> Result<(), EpochError> {
        Err(EpochError)
    }
}

/// Bytes of a record: 8.
pub const RECORD_BYTES: usize = 8;

/// An epoch (u32, little-endian), then its complement.
pub type Record = [u8; RECORD_BYTES];

/// The two places of [`TwoRecords`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Written first.
    First,
    /// Written second.
    Second,
}

impl Place {
    const BOTH: [Self; 2] = [Self::First, Self::Second];

    const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

/// Where [`TwoRecords`] lie: two sectors of flash, an EEPROM, a file.
pub trait RecordMedium {
    /// Read a record, whatever it holds. `None`: nothing was ever written there.
    ///
    /// # Errors
    /// When it cannot be told what is there.
    fn read(&mut self, place: Place) -> Result<Option<Record>, EpochError>;

    /// Write a record; return when it stays though the power fails. The other one must
    /// not change, whenever the power fails.
    ///
    /// # Errors
    /// When it could not be written.
    fn write(&mut self, place: Place, record: &Record) -> Result<(), EpochError>;
}

/// Two records, written in turn: while one is being written the other is whole.
pub struct TwoRecords<M>(pub M);

impl<M: RecordMedium> TwoRecords<M> {
    /// The record with the highest epoch, if there is a whole one.
    fn newest(&mut self) -> Result<Option<(Place, u32)>, EpochError> {
        let (mut newest, mut num_written) = (None, 0);
        for place in Place::BOTH {
            let Some(record) = self.0.read(place)? else {
                continue;
            };
            num_written += 1;
            let before = newest.map(|(_, epoch)| epoch);
            if let Some(epoch) = decode(record).filter(|epoch| Some(*epoch) >= before) {
                newest = Some((place, epoch));
            }
        }
        // Both were written, so one of them was whole once, and no power cut spoils both.
        if newest.is_none() && num_written == Place::BOTH.len() {
            return Err(EpochError);
        }
        Ok(newest)
    }
}

impl<M: RecordMedium> EpochStore for TwoRecords<M> {
    fn lowest(&mut self) -> Result<u32, EpochError> {
        Ok(self.newest()?.map_or(0, |(_, epoch)| epoch))
    }

    fn raise(&mut self, epoch: u32) -> Result<(), EpochError> {
        let place = match self.newest()? {
            Some((newest, _)) => newest.other(),
            None => Place::First,
        };
        let record = encode(epoch);
        self.0.write(place, &record)?;
        // One that was never written, or is damaged: from now on there are two whole ones.
        if self.0.read(place.other())?.and_then(decode).is_none() {
            self.0.write(place.other(), &record)?;
        }
        Ok(())
    }
}

fn encode(epoch: u32) -> Record {
    (u64::from(!epoch) << 32 | u64::from(epoch)).to_le_bytes()
}

/// `None`: not written whole, or changed since.
fn decode(record: Record) -> Option<u32> {
    let value = u64::from_le_bytes(record);
    let epoch = (value & u64::from(u32::MAX)) as u32;
    (encode(epoch) == record).then_some(epoch)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two places, of which a write stops after so many bytes, when the power fails.
    #[derive(Clone, Default)]
    struct Flash {
        records: [Option<Record>; 2],
        bytes_left: Option<usize>,
    }

    impl RecordMedium for Flash {
        fn read(&mut self, place: Place) -> Result<Option<Record>, EpochError> {
            Ok(self.records[place as usize])
        }

        fn write(&mut self, place: Place, record: &Record) -> Result<(), EpochError> {
            let there = self.records[place as usize].get_or_insert([0xFF; RECORD_BYTES]);
            let mut bytes = there.iter_mut().zip(record);
            let all = self.bytes_left.unwrap_or(usize::MAX);
            bytes.by_ref().take(all).for_each(|(to, from)| *to = *from);
            if let Some(left) = &mut self.bytes_left {
                *left = left.saturating_sub(RECORD_BYTES);
                if bytes.next().is_some() || *left == 0 {
                    return Err(EpochError);
                }
            }
            Ok(())
        }
    }

    #[test]
    fn what_is_raised_is_kept() {
        let mut store = TwoRecords(Flash::default());
        assert_eq!(store.lowest(), Ok(0));
        for epoch in [1, 2, 3, 1000, u32::MAX - 1, u32::MAX] {
            store.raise(epoch).unwrap();
            assert_eq!(store.lowest(), Ok(epoch));
        }
    }

    /// The power fails after each number of bytes: the old epoch is there, or the new one,
    /// and the next one is kept.
    #[test]
    fn power_cuts() {
        for before in [&[][..], &[5], &[5, 6], &[5, 6, 0x0102_0304]] {
            let mut flash = Flash::default();
            for epoch in before {
                TwoRecords(&mut flash).raise(*epoch).unwrap();
            }
            let old = before.last().copied().unwrap_or(0);
            for bytes_left in 0..=2 * RECORD_BYTES {
                let mut flash = flash.clone();
                flash.bytes_left = Some(bytes_left);
                let _ = TwoRecords(&mut flash).raise(0xFEDC_BA98);
                flash.bytes_left = None;
                let kept = TwoRecords(&mut flash).lowest().unwrap();
                assert!(
                    [old, 0xFEDC_BA98].contains(&kept),
                    "{before:?} {bytes_left} {kept}"
                );
                TwoRecords(&mut flash).raise(0xFEDC_BA99).unwrap();
                assert_eq!(TwoRecords(&mut flash).lowest(), Ok(0xFEDC_BA99));
            }
        }
    }

    #[test]
    fn one_damaged_record_is_made_good_and_two_are_an_error() {
        let mut flash = Flash::default();
        TwoRecords(&mut flash).raise(7).unwrap();
        for place in [0, 1] {
            let mut damaged = flash.clone();
            damaged.records[place] = Some([0x5A; RECORD_BYTES]);
            assert_eq!(TwoRecords(&mut damaged).lowest(), Ok(7));
            TwoRecords(&mut damaged).raise(8).unwrap();
            assert!(
                damaged
                    .records
                    .iter()
                    .all(|record| record.and_then(decode).is_some())
            );
        }
        flash.records = [Some([0; RECORD_BYTES]), Some([0xFF; RECORD_BYTES])];
        assert_eq!(TwoRecords(&mut flash).lowest(), Err(EpochError));
        assert_eq!(TwoRecords(&mut flash).raise(9), Err(EpochError));
    }

    impl RecordMedium for &mut Flash {
        fn read(&mut self, place: Place) -> Result<Option<Record>, EpochError> {
            (**self).read(place)
        }

        fn write(&mut self, place: Place, record: &Record) -> Result<(), EpochError> {
            (**self).write(place, record)
        }
    }
}
