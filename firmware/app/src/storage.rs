//! What a filter lies on, and what to tell a person when it cannot be read.

use core::fmt;

use leaksieve_core::{Sector, SectorIndex, SectorSource};

/// Something that a filter lies on, and that may be taken out and put back. What was out
/// fails its next read, as an SD card does, which has to be set up anew: so it is noticed.
pub trait Storage: SectorSource<Error = StorageError> {
    /// What to do about a filter that is damaged, as the end of a sentence.
    const REMEDY: &'static str;

    /// Names of the slots, the places that a filter may lie in: one or two. Of several that are
    /// accepted, the newest is taken: by epoch, then by creation time.
    const SLOTS: &'static [&'static str];

    /// Find the file of a slot, an index of [`SLOTS`](Self::SLOTS), as if the power had just
    /// come on. Nothing that was known of the medium before is used. From then on that
    /// file's sectors are read.
    ///
    /// # Errors
    /// Why there is no file to read.
    fn mount(&mut self, slot: usize) -> Result<(), StorageError>;

    /// What to call the file of this slot, which was mounted last.
    fn name_of(&self, slot: usize) -> &'static str {
        Self::SLOTS.get(slot).copied().unwrap_or_default()
    }

    /// Are there more files beside the one that was mounted last, of names that no slot has?
    fn has_others(&self) -> bool {
        false
    }

    /// Can the device write a slot, as all of what follows needs? What the host writes, such as
    /// a card, it does not.
    const IS_WRITTEN_HERE: bool = false;

    /// Bytes of a slot, where the device can write it.
    fn slot_bytes(&self) -> u32 {
        0
    }

    /// Erase the block of a slot that begins at this offset; gives how many bytes that are.
    ///
    /// # Errors
    /// When it could not be erased.
    fn erase(&mut self, slot: usize, offset: u32) -> Result<u32, StorageError> {
        let _ = (slot, offset);
        Err(StorageError::NotWrittenHere)
    }

    /// Write to what was erased, whole multiples of [`HELD_BYTES`](crate::flash::HELD_BYTES),
    /// each once, or zeros over what was written.
    ///
    /// # Errors
    /// When it could not be written.
    fn write(&mut self, slot: usize, offset: u32, bytes: &[u8]) -> Result<(), StorageError> {
        let _ = (slot, offset, bytes);
        Err(StorageError::NotWrittenHere)
    }

    /// Read what was written to a slot.
    ///
    /// # Errors
    /// When it could not be read.
    fn read(&mut self, slot: usize, offset: u32, bytes: &mut [u8]) -> Result<(), StorageError> {
        let _ = (slot, offset, bytes);
        Err(StorageError::NotWrittenHere)
    }
}

/// Why a medium could not be read. Its text says what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum StorageError {
    /// No card is there, or it stopped answering.
    #[cfg(feature = "card")]
    NoCard,
    /// The card answers, but could not read a block, or its checksum was wrong.
    #[cfg(feature = "card")]
    Unreadable,
    /// There is no FAT16 or FAT32 volume that this code reads.
    #[cfg(feature = "card")]
    NoVolume,
    /// Its partition table is a GUID partition table, and leads to no such volume.
    #[cfg(feature = "card")]
    NoVolumeInGpt,
    /// It is formatted as exFAT.
    #[cfg(feature = "card")]
    ExFat,
    /// It is formatted as NTFS.
    #[cfg(feature = "card")]
    Ntfs,
    /// The volume has no filter file in its top folder.
    #[cfg(feature = "card")]
    NoFile,
    /// It has several files of that extension, and none has a filter's name.
    #[cfg(feature = "card")]
    OtherNames {
        /// Two of them, as a FAT folder stores them: eight letters and three, with blanks behind.
        names: [[u8; 11]; 2],
    },
    /// Two files are of the same epoch and creation time, and are not the same.
    #[cfg(feature = "card")]
    SameAge,
    /// The file table leads nowhere.
    #[cfg(feature = "card")]
    VolumeDamaged,
    /// The slot is an empty one.
    EmptyFlash,
    /// The flash could not be read.
    FlashUnreadable,
    /// The flash could not be erased or written.
    FlashUnwritable,
    /// The medium is one that the device does not write.
    NotWrittenHere,
    /// A sector was asked for that lies past the end.
    PastEnd,
    /// The lowest epoch that the device accepts cannot be read, so it accepts no filter.
    EpochUnreadable,
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            #[cfg(feature = "card")]
            Self::NoCard => "no SD card answers: insert one, then ask again",
            #[cfg(feature = "card")]
            Self::Unreadable => {
                "the card cannot be read there: ask again; if this stays so, use another card"
            }
            #[cfg(feature = "card")]
            Self::NoVolume => {
                "the card has no FAT32 volume: format it as FAT32 and copy LEAKS.LSV onto it"
            }
            #[cfg(feature = "card")]
            Self::NoVolumeInGpt => {
                "the card's partition table (GPT) leads to no FAT32 volume: format the card as FAT32 (firmware/README.md says how) and copy LEAKS.LSV onto it"
            }
            #[cfg(feature = "card")]
            Self::ExFat => {
                "the card is formatted as exFAT, as large cards are sold: format it as FAT32 (firmware/README.md says how) and copy LEAKS.LSV onto it"
            }
            #[cfg(feature = "card")]
            Self::Ntfs => {
                "the card is formatted as NTFS: format it as FAT32 (firmware/README.md says how) and copy LEAKS.LSV onto it"
            }
            #[cfg(feature = "card")]
            Self::NoFile => {
                "the card has no LEAKS.LSV in its top folder: copy the filter there under this name"
            }
            #[cfg(feature = "card")]
            Self::OtherNames { names } => {
                f.write_str("the card has several .LSV files in its top folder")?;
                for (name, before) in names.iter().zip([" (", ", "]) {
                    let (stem, extension) = name.split_at(8);
                    let part = |bytes| core::str::from_utf8(bytes).unwrap_or("?").trim_end();
                    write!(f, "{before}{}.{}", part(stem), part(extension))?;
                }
                "), and none is called LEAKS.LSV: give the newest this name"
            }
            #[cfg(feature = "card")]
            Self::SameAge => {
                "LEAKS.LSV and LEAKS2.LSV are two filters of the same epoch and date, and one of them would not be asked: delete one, or join them with `leaksieve bundle`"
            }
            #[cfg(feature = "card")]
            Self::VolumeDamaged => {
                "the card's file table is damaged: format the card and copy LEAKS.LSV onto it again"
            }
            Self::EmptyFlash => {
                "no filter is in the flash: flash or send one: `leaksieve install device`"
            }
            Self::FlashUnreadable => "the flash cannot be read: restart the device",
            Self::FlashUnwritable => {
                "the flash cannot be written: restart the device, then send the filter again"
            }
            Self::NotWrittenHere => {
                "this device does not write its card: use `leaksieve install card`"
            }
            Self::PastEnd => "the filter ends too early: copy it again",
            // Without signatures no epoch is kept.
            Self::EpochUnreadable if !cfg!(feature = "signatures") => "",
            Self::EpochUnreadable => {
                "the device cannot read which epoch it has seen, so any filter could be an old one: restart it; if this stays so, its memory for that must be set up anew"
            }
        };
        f.write_str(text)
    }
}

impl core::error::Error for StorageError {}

/// A filter in the address space, such as flash behind the program.
pub struct Memory<'a>(pub &'a [u8]);

impl SectorSource for Memory<'_> {
    type Error = StorageError;

    fn num_sectors(&mut self) -> Result<u32, StorageError> {
        self.0.num_sectors().map_err(|_| StorageError::PastEnd)
    }

    fn read_sector(&mut self, index: SectorIndex, buffer: &mut Sector) -> Result<(), StorageError> {
        self.0
            .read_sector(index, buffer)
            .map_err(|_| StorageError::PastEnd)
    }
}

impl Storage for Memory<'_> {
    const REMEDY: &'static str = "load the filter into the flash again";
    const SLOTS: &'static [&'static str] = &["flash"];

    fn mount(&mut self, _: usize) -> Result<(), StorageError> {
        Ok(())
    }
}
