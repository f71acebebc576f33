//! What crosses into C: places of fixed size, and the numbers in them.

use std::ffi::{c_char, c_void};

use leaksieve_core::header::MAX_DATASETS;

use crate::about::{Covers, Digest};
use crate::kind::Kind;

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    /// It did what it should.
    Ok = 0,
    /// A pointer is null or not aligned, or a number is none that it may be.
    BadArgument = 1,
    /// The file cannot be opened or read, or the reader failed or gave too few bytes.
    Unreadable = 2,
    /// The file is something else.
    NotAFilter = 3,
    /// The file is cut short or was changed by accident: fetch it again.
    Damaged = 4,
    /// The file was changed after it was signed: fetch it again.
    Forged = 5,
    /// None of the trusted keys signed the file.
    NotTrusted = 6,
    /// The file is older than the oldest publication that is accepted.
    Outdated = 7,
    /// The file is of a newer format than this library reads.
    TooNew = 8,
    /// A key that is to be trusted is none.
    BadKey = 9,
    /// A defect of this library.
    Internal = 10,
}

/// Why a call failed, in English, for people; empty when it did not. No identifier is in it.
#[derive(Debug)]
#[repr(C)]
pub struct Message {
    /// UTF-8, ended by a NUL; cut off where it is longer.
    pub text: [c_char; 256],
}

/// Which files are accepted.
#[derive(Debug)]
#[repr(C)]
pub struct Trust {
    /// Public keys, each as its 64 hexadecimal digits, ended by a NUL: only what one of them
    /// signed is accepted. May be null when there are none.
    pub keys: *const *const c_char,
    /// How many. 0: every file is accepted, also unsigned ones and those that anybody signed.
    pub num_keys: usize,
    /// Files of a lower epoch are refused.
    pub min_epoch: u32,
    /// Not 0: say "not exposed" of a file past its expiry too; it then means: not as of that day.
    pub allow_expired: u32,
}

/// Reads the `num_bytes` bytes that begin at `offset_bytes` into `buffer`, and says how many it
/// read: all else than `num_bytes` is an error. It is called on the threads that open and ask, at
/// once if those do. It must return: neither jump nor throw out of it.
pub type ReadAt = Option<
    unsafe extern "C" fn(
        context: *mut c_void,
        offset_bytes: u64,
        buffer: *mut u8,
        num_bytes: usize,
    ) -> i64,
>;

/// Reads a file that the caller alone can reach.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Reader {
    /// Handed to `read_at`.
    pub context: *mut c_void,
    /// Length of the file; bytes.
    pub size_bytes: u64,
    /// What reads it; not null.
    pub read_at: ReadAt,
}

/// What a file, or one leak of it, says of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Outcome {
    /// Nothing: the call failed.
    None = 0,
    /// A file: at least one leak has it. A leak: it has it, or this is a false alarm.
    Exposed = 1,
    /// A file: every leak that was asked covers it, and none has it. A leak: it covers it, and
    /// does not have it.
    NotExposed = 2,
    /// It cannot say.
    NotCovered = 3,
}

/// What one leak says of a text. `leaksieve_dataset` has its name and date, and what its list
/// lacks.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Answer {
    /// Which leak.
    pub dataset: u32,
    /// What it says.
    pub outcome: Outcome,
    /// Why it cannot say: a `LeaksieveReason`. 0 where it can.
    pub reason: i32,
    /// If it has the text: of so many people who are not in it and ask such a text, one is told
    /// this too; 0: nobody is, it is certain, but see what `text` says. Else 0.
    pub false_alarm_one_in: u64,
    /// Why it cannot say, in English words. If it has the text: how it was found, in words that
    /// stand behind "found", and empty if it was as typed. Else empty.
    pub text: [c_char; 96],
}

/// What a file says of a text.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Verdict {
    /// The verdict.
    pub outcome: Outcome,
    /// How many of `answers` there are.
    pub num_answers: u32,
    /// If it is exposed: the leaks that have it. Else: each leak that was asked.
    pub answers: [Answer; 8],
}

/// What a file holds.
#[derive(Debug)]
#[repr(C)]
pub struct About {
    /// Tells this file from others: 32 hexadecimal digits.
    pub file_id: [c_char; 33],
    /// The key that signed it, 64 hexadecimal digits; empty: nobody did. It says something only
    /// of who is trusted: anybody can make a key.
    pub signer: [c_char; 65],
    /// Length of the file; bytes.
    pub size_bytes: u64,
    /// Bytes behind the last sector that the header speaks of. A whole file has none.
    pub num_trailing_bytes: u64,
    /// When it was made; seconds since 1970-01-01 UTC.
    pub created_unix_s: u64,
    /// From when on a newer one should be there; seconds since 1970-01-01 UTC. 0: never.
    pub expires_unix_s: u64,
    /// Counts publications; 0 when unused.
    pub epoch: u32,
    /// Not 0: it is past its expiry, by the clock of this device.
    pub has_expired: u32,
    /// Leaks in it: 1 to 8.
    pub num_datasets: u32,
}

/// Which of its kind a leak can be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum Rule {
    /// E-mail addresses.
    Email = 1,
    /// Telephone numbers of one region.
    PhoneRegion = 2,
    /// Telephone numbers of all countries; each needs its country code.
    PhoneWorld = 3,
    /// Names or ids; `Alice` and `alice` are one.
    CaseFolded = 4,
    /// Names or ids; `Alice` and `alice` are two.
    CaseExact = 5,
    /// Resident ids of the People's Republic of China.
    ChineseResidentId = 6,
    /// Passwords, of which the file holds the SHA-1.
    Sha1 = 7,
    /// Passwords, of which the file holds the NTLM hash.
    Ntlm = 8,
    /// What a newer library knows.
    Other = 9,
}

/// One leak of a file.
#[derive(Debug)]
#[repr(C)]
pub struct Dataset {
    /// Name of the breach; UTF-8.
    pub name: [c_char; 65],
    /// When it happened: `2021-06-11`, `2021-06` or `2021`; empty: unknown.
    pub date: [c_char; 16],
    /// Where the list came from; UTF-8, may be empty.
    pub source_note: [c_char; 97],
    /// Of telephone numbers of one region: its two letters (ISO 3166-1). Else empty.
    pub region: [c_char; 3],
    /// Of telephone numbers of one region: what stands behind the `+`. Else 0.
    pub calling_code: u32,
    /// What a person types for it.
    pub kind: Kind,
    /// Which of that kind it can be asked about.
    pub rule: Rule,
    /// What the list counts fewer times was left out. 0: nothing was.
    pub min_count: u32,
    /// Not 0: ids; `12-3` and `123` are two.
    pub are_separators_kept: u32,
    /// Distinct items of all readings.
    pub num_items: u64,
    /// Lines of the list that could not be read: the file says nothing about them.
    pub num_rejected: u64,
    /// Lines of the list that can mean several things, and were stored as each: a text that is
    /// exposed may be one that never leaked.
    pub num_extra: u64,
    /// Of so many people who are not in it, one is told "exposed", if what they ask can mean one
    /// thing alone. An answer has the odds of the question that was asked. 0: nobody is; the file
    /// has the numbers themselves.
    pub false_alarm_one_in: u64,
}

const _: () = assert!(Verdict::NONE.answers.len() == MAX_DATASETS);

impl Verdict {
    /// What stands where no verdict was given.
    pub(super) const NONE: Self = Self {
        outcome: Outcome::None,
        num_answers: 0,
        answers: [Answer {
            dataset: 0,
            outcome: Outcome::None,
            reason: 0,
            false_alarm_one_in: 0,
            text: [0; 96],
        }; 8],
    };

    pub(super) fn new(verdict: &crate::Verdict) -> Self {
        let mut to = Self::NONE;
        match verdict {
            crate::Verdict::Exposed { leaks } => {
                to.outcome = Outcome::Exposed;
                for leak in leaks {
                    let found = leak.found.as_deref().unwrap_or_default();
                    to.push(
                        leak.dataset,
                        Outcome::Exposed,
                        0,
                        leak.false_alarm_one_in.unwrap_or(0),
                        found,
                    );
                }
            }
            crate::Verdict::NotExposed { absences } => {
                to.outcome = Outcome::NotExposed;
                for absence in absences {
                    to.push(absence.dataset, Outcome::NotExposed, 0, 0, "");
                }
            }
            crate::Verdict::NotCovered { gaps, absences } => {
                to.outcome = Outcome::NotCovered;
                for gap in gaps {
                    let reason = gap.reason as i32;
                    to.push(gap.dataset, Outcome::NotCovered, reason, 0, &gap.message);
                }
                for absence in absences {
                    to.push(absence.dataset, Outcome::NotExposed, 0, 0, "");
                }
            }
        }
        to
    }

    /// There are never more answers than datasets, so there is room.
    fn push(&mut self, dataset: u8, outcome: Outcome, reason: i32, one_in: u64, text: &str) {
        if let Some(place) = self.answers.get_mut(self.num_answers as usize) {
            *place = Answer {
                dataset: dataset.into(),
                outcome,
                reason,
                false_alarm_one_in: one_in,
                text: copied(text),
            };
            self.num_answers += 1;
        }
    }
}

impl About {
    pub(super) fn new(about: &crate::About) -> Self {
        Self {
            file_id: copied(&about.file_id),
            signer: copied(about.signer.as_deref().unwrap_or_default()),
            size_bytes: about.size_bytes,
            num_trailing_bytes: about.num_trailing_bytes,
            created_unix_s: about.created_unix_s,
            expires_unix_s: about.expires_unix_s.unwrap_or_default(),
            epoch: about.epoch,
            has_expired: about.has_expired.into(),
            num_datasets: about.datasets.len() as u32,
        }
    }
}

impl Dataset {
    pub(super) fn new(dataset: &crate::DatasetInfo) -> Self {
        let case = |is_exact: &bool| match is_exact {
            true => Rule::CaseExact,
            false => Rule::CaseFolded,
        };
        let rule = match &dataset.covers {
            Covers::Email => Rule::Email,
            Covers::PhoneRegion { .. } => Rule::PhoneRegion,
            Covers::PhoneWorld => Rule::PhoneWorld,
            Covers::Username { is_case_exact } | Covers::Id { is_case_exact, .. } => {
                case(is_case_exact)
            }
            Covers::ChineseResidentId => Rule::ChineseResidentId,
            Covers::Password {
                digest: Digest::Sha1,
            } => Rule::Sha1,
            Covers::Password {
                digest: Digest::Ntlm,
            } => Rule::Ntlm,
            Covers::Other => Rule::Other,
        };
        let (region, calling_code) = match &dataset.covers {
            Covers::PhoneRegion {
                region,
                calling_code,
            } => (region.as_str(), u32::from(*calling_code)),
            _ => ("", 0),
        };
        Self {
            name: copied(&dataset.name),
            date: copied(dataset.date.as_deref().unwrap_or_default()),
            source_note: copied(&dataset.source_note),
            region: copied(region),
            calling_code,
            kind: dataset.kind,
            rule,
            min_count: dataset.min_count.unwrap_or_default(),
            are_separators_kept: matches!(
                &dataset.covers,
                Covers::Id {
                    are_separators_kept: true,
                    ..
                }
            )
            .into(),
            num_items: dataset.num_items,
            num_rejected: dataset.num_rejected,
            num_extra: dataset.num_extra,
            false_alarm_one_in: dataset.false_alarm_one_in.unwrap_or(0),
        }
    }
}

/// A text and its NUL, cut off between two characters where there is no room for more.
pub(super) fn copied<const N: usize>(text: &str) -> [c_char; N] {
    let mut end = text.len().min(N - 1);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut bytes = [0; N];
    for (place, byte) in bytes.iter_mut().zip(text[..end].bytes()) {
        *place = byte as c_char;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_off_between_two_characters() {
        let bytes = |text| copied::<5>(text).map(|byte| byte as u8);
        assert_eq!(bytes(""), [0; 5]);
        assert_eq!(&bytes("abcd"), b"abcd\0");
        assert_eq!(&bytes("abcdef"), b"abcd\0");
        assert_eq!(&bytes("abcé"), b"abc\0\0");
        assert_eq!(&bytes("abé!"), b"ab\xC3\xA9\0");
        assert_eq!(bytes("中中"), [0xE4, 0xB8, 0xAD, 0, 0]);
    }
}
