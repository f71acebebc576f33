//! How arguments are read.

use std::path::Path;

use clap::ValueEnum;
use leaksieve::sizing::Aim;
use leaksieve::sizing::media::board_room;
use leaksieve_core::IdentifierKind;
use leaksieve_link::Board;

/// What is written beside its place first cannot go to standard output.
pub(super) fn refuse_stdout(output: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(
        output.as_os_str() != "-",
        "the output cannot go to standard output, because it is checked before it gets its name: name a file with -o"
    );
    Ok(())
}

/// What a filter should be like; `None` when nothing was said.
pub(super) fn aim(fpr: Option<f64>, max_size: Option<u64>, board: Option<&Board>) -> Option<Aim> {
    let room = || max_size.or_else(|| board.map(board_room));
    fpr.map(Aim::FalsePositiveRate)
        .or_else(|| room().map(Aim::MaxBytes))
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Text for people
    Text,
    /// JSON for programs: one object, or one per line
    Json,
}

/// What an identifier is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Phone numbers
    Phone,
    /// E-mail addresses
    Email,
    /// User names
    Username,
    /// Ids: of people, accounts or customers
    Id,
    /// Passwords as they are typed
    Password,
    /// SHA-1 hashes of passwords, also as HASH:COUNT lines
    Sha1,
    /// NTLM hashes of passwords, also as HASH:COUNT lines
    Ntlm,
}

impl Kind {
    /// The values, for a short help.
    pub(super) const NAMES: &str = "phone, email, username, id, password, sha1, ntlm";

    /// The long help of an option that takes a kind.
    pub(super) fn help(what: &str) -> String {
        let values = Self::value_variants().iter().filter_map(|kind| {
            let value = kind.to_possible_value()?;
            Some(format!("\n- {}: {}", value.get_name(), value.get_help()?))
        });
        format!("{what}\n\nKinds:{}", values.collect::<String>())
    }
}

impl From<Kind> for IdentifierKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Phone => Self::Phone,
            Kind::Email => Self::Email,
            Kind::Username => Self::Username,
            Kind::Id => Self::Id,
            Kind::Password => Self::Password,
            Kind::Sha1 => Self::Sha1,
            Kind::Ntlm => Self::Ntlm,
        }
    }
}

/// `0.001`, `1e-3`, `0.1%` or `1/1000`.
fn parse_ratio(text: &str) -> Option<f64> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    if let Some(percent) = text.strip_suffix('%') {
        number(percent).map(|percent| percent / 100.0)
    } else if let Some((one, in_n)) = text.split_once('/') {
        number(one).zip(number(in_n)).map(|(one, in_n)| one / in_n)
    } else {
        number(text)
    }
}

/// A part of the whole.
pub(super) fn parse_share(text: &str) -> Result<f64, String> {
    parse_ratio(text)
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "give a share from 0 to 1, such as 0.001, 1e-3, 0.1% or 1/1000".into())
}

/// A false-positive rate that can be built.
pub(super) fn parse_rate(text: &str) -> Result<f64, String> {
    // What is no number is no rate either, and the message says what is one.
    let rate = parse_ratio(text).unwrap_or(f64::NAN);
    leaksieve::sizing::check_rate(rate).map_err(|error| error.to_string())
}

/// The size of a filter: as [`parse_size`], or `fat32`.
pub(super) fn parse_max_size(text: &str) -> Result<u64, String> {
    if text.eq_ignore_ascii_case("fat32") {
        return Ok(leaksieve::sizing::media::FAT32_MAX_FILTER_BYTES);
    }
    parse_size(text)
        .map_err(|error| format!("{error}; or fat32, the largest file that a FAT32 card takes"))
}

/// `900KiB`, `2MB` or a number of bytes.
pub(super) fn parse_size(text: &str) -> Result<u64, String> {
    text.parse::<bytesize::ByteSize>()
        .map(|size| size.as_u64())
        .map_err(|_| "give a size such as 900KiB, 2MB or 1GiB".into())
}
