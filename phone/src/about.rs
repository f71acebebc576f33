//! What a file holds and covers, as data: an app has its own words and languages.

use leaksieve_core::file::byte_of;
use leaksieve_core::header::Rate;
use leaksieve_core::identifier::{CaseRule, IdScheme, PasswordDigest, Separators};
use leaksieve_core::sector::SectorIndex;
use leaksieve_core::{Catalogue, Dataset, Profile};

use crate::kind::Kind;

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct About {
    /// Tells this file from others: 32 hexadecimal digits.
    pub file_id: String,
    /// Length of the file; bytes.
    pub size_bytes: u64,
    /// Bytes behind the last sector that the header speaks of. A whole file has none: something
    /// was appended, or two files were joined.
    pub num_trailing_bytes: u64,
    /// When it was made; seconds since 1970-01-01 UTC.
    pub created_unix_s: u64,
    /// From when on a newer one should be there; seconds since 1970-01-01 UTC. None: never.
    pub expires_unix_s: Option<u64>,
    /// Is that past, by the clock of this device?
    pub has_expired: bool,
    /// Counts publications; 0 when unused.
    pub epoch: u32,
    /// The key that signed it, 64 hexadecimal digits. None: nobody did. It says something only
    /// of who is trusted: anybody can make a key.
    pub signer: Option<String>,
    /// The leaks in it: 1 to 8.
    pub datasets: Vec<DatasetInfo>,
}

/// One leak of a file.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct DatasetInfo {
    /// Name of the breach.
    pub name: String,
    /// When it happened: `2021-06-11`, `2021-06` or `2021`. None: unknown.
    pub date: Option<String>,
    /// Where the list came from; may be empty.
    pub source_note: String,
    /// What a person types for it.
    pub kind: Kind,
    /// Which of that kind it can be asked about.
    pub covers: Covers,
    /// Distinct items of all readings.
    pub num_items: u64,
    /// Lines of the list that could not be read: the file says nothing about them.
    pub num_rejected: u64,
    /// Lines of the list that can mean several things, and were stored as each: a text that is
    /// exposed may be one that never leaked.
    pub num_extra: u64,
    /// What the list counts fewer times was left out. None: nothing was.
    pub min_count: Option<u32>,
    /// Of so many people who are not in it, one is told "exposed", if what they ask can mean one
    /// thing alone. A `Leak` has the odds of the question that was asked. None: nobody is; the
    /// file has the numbers themselves.
    pub false_alarm_one_in: Option<u64>,
}

/// What of its kind a leak can be asked about.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Covers {
    /// Telephone numbers of one region.
    PhoneRegion {
        /// Two letters (ISO 3166-1).
        region: String,
        /// What stands behind the `+`.
        calling_code: u16,
    },
    /// Telephone numbers of all countries; each needs its country code.
    PhoneWorld,
    /// E-mail addresses.
    Email,
    /// User names.
    Username {
        /// Are `Alice` and `alice` two?
        is_case_exact: bool,
    },
    /// Ids of any form.
    Id {
        /// Are `A1` and `a1` two?
        is_case_exact: bool,
        /// Are `12-3` and `123` two?
        are_separators_kept: bool,
    },
    /// Resident ids of the People's Republic of China.
    ChineseResidentId,
    /// Passwords.
    Password {
        /// What the file holds of each.
        digest: Digest,
    },
    /// What a newer core knows.
    Other,
}

/// What a file holds of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Digest {
    /// SHA-1.
    Sha1,
    /// NTLM.
    Ntlm,
}

impl About {
    pub(crate) fn new(catalogue: &Catalogue, size_bytes: u64, has_expired: bool) -> Self {
        let header = catalogue.header();
        Self {
            file_id: catalogue.file_id().to_string(),
            size_bytes,
            num_trailing_bytes: size_bytes.saturating_sub(byte_of(SectorIndex(header.num_sectors))),
            created_unix_s: header.created_unix_s,
            expires_unix_s: (header.expires_unix_s != 0).then_some(header.expires_unix_s),
            has_expired,
            epoch: header.epoch,
            signer: catalogue.signer().map(|key| key.to_string()),
            datasets: catalogue.datasets().iter().map(DatasetInfo::new).collect(),
        }
    }
}

impl DatasetInfo {
    fn new(dataset: &Dataset) -> Self {
        Self {
            name: dataset.name.to_string(),
            date: date(dataset),
            source_note: dataset.source_note.to_string(),
            kind: dataset.profile.kind().into(),
            covers: Covers::new(&dataset.profile),
            num_items: dataset.num_items,
            num_rejected: dataset.num_rejected,
            num_extra: dataset.num_extra,
            min_count: min_count(dataset),
            false_alarm_one_in: one_in(dataset.measured),
        }
    }
}

impl Covers {
    fn new(profile: &Profile) -> Self {
        let is_case_exact = |case: CaseRule| case != CaseRule::Fold;
        match profile {
            Profile::Phone(phone) if phone.calling_code == 0 => Self::PhoneWorld,
            Profile::Phone(phone) => Self::PhoneRegion {
                region: String::from_utf8_lossy(&phone.region).into_owned(),
                calling_code: phone.calling_code,
            },
            Profile::Email => Self::Email,
            Profile::Username(case) => Self::Username {
                is_case_exact: is_case_exact(*case),
            },
            Profile::Id(IdScheme::Plain(case, separators)) => Self::Id {
                is_case_exact: is_case_exact(*case),
                are_separators_kept: *separators != Separators::Ignore,
            },
            Profile::Id(IdScheme::ChineseResident) => Self::ChineseResidentId,
            Profile::Password(PasswordDigest::Sha1, _) => Self::Password {
                digest: Digest::Sha1,
            },
            Profile::Password(PasswordDigest::Ntlm, _) => Self::Password {
                digest: Digest::Ntlm,
            },
            _ => Self::Other,
        }
    }
}

/// Of how many one is told "exposed" falsely. None: nobody is.
pub(crate) fn one_in(rate: Rate) -> Option<u64> {
    (rate != Rate::NONE).then(|| rate.one_in())
}

/// When a leak happened. None: unknown.
pub(crate) fn date(dataset: &Dataset) -> Option<String> {
    (dataset.date.year != 0).then(|| dataset.date.to_string())
}

/// From which count on its entries were taken. None: all were.
pub(crate) fn min_count(dataset: &Dataset) -> Option<u32> {
    (dataset.min_count != 0).then_some(dataset.min_count)
}
