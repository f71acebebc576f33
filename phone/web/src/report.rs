//! What a file holds, a verdict or an error, as the JSON that the script turns into
//! sentences. The identifier is not in it.

use core::fmt::{Display, Write};

use leaksieve_core::header::{Dataset, MAX_DATASETS};
use leaksieve_core::identifier::{CaseRule, IdScheme, PasswordDigest, Rule, Separators};
use leaksieve_core::{
    Answer, Catalogue, Error, IdentifierKind, NormaliseError, Outcome, Profile, Verdict,
};
use serde::Serialize;

/// Longest text that is made here: an error with a key in it is 110 bytes.
type Text = heapless::String<192>;

/// What a file holds. What is not there is null, a time of 0 is none.
#[derive(Serialize)]
struct File<'a> {
    file_id: Text,
    num_sectors: u32,
    /// Bytes behind the last sector, which were not looked at.
    num_trailing_bytes: u64,
    created_unix_s: u64,
    epoch: u32,
    expires_unix_s: u64,
    has_expired: bool,
    signer: Option<Text>,
    kinds: heapless::Vec<&'static str, { KINDS.len() }>,
    datasets: heapless::Vec<DatasetReport<'a>, MAX_DATASETS>,
}

#[derive(Serialize)]
struct DatasetReport<'a> {
    name: &'a str,
    date: Option<Text>,
    source_note: &'a str,
    kind: &'static str,
    /// Of phone numbers: two letters, and 0 for all countries.
    region: Option<&'a str>,
    calling_code: Option<u16>,
    /// What else decides which spellings are one item.
    rule: Option<&'static str>,
    /// Ids: `12-3` and `123` are two.
    are_separators_kept: bool,
    num_items: u64,
    num_rejected: u64,
    num_extra: u64,
    min_count: u32,
    /// If what is asked can mean one thing alone; 0: there is no false alarm.
    false_alarm_one_in: u64,
}

#[derive(Serialize)]
struct VerdictReport {
    verdict: &'static str,
    answers: heapless::Vec<AnswerReport, MAX_DATASETS>,
}

#[derive(Serialize)]
struct AnswerReport {
    /// Index in the file's datasets.
    dataset: u8,
    outcome: &'static str,
    /// Why it cannot say.
    reason: Option<&'static str>,
    /// Of what is too long.
    limit_bytes: Option<u16>,
    /// How it was found, if not as it was typed.
    found: Option<&'static str>,
    /// Of what is exposed: the odds of this question; 0: there is no false alarm.
    false_alarm_one_in: Option<u64>,
}

#[derive(Serialize)]
struct Failure {
    error: &'static str,
    /// In the core's words.
    detail: Text,
}

/// What a person may say that they type.
const KINDS: [IdentifierKind; 7] = [
    IdentifierKind::Phone,
    IdentifierKind::Email,
    IdentifierKind::Username,
    IdentifierKind::Id,
    IdentifierKind::Password,
    IdentifierKind::Sha1,
    IdentifierKind::Ntlm,
];

/// What can be asked of a file.
pub fn kinds(catalogue: &Catalogue) -> impl Iterator<Item = IdentifierKind> {
    KINDS.into_iter().filter(|kind| {
        let is_answered = |dataset: &Dataset| match (&dataset.profile, kind) {
            // One holds digests of one sort, and can be asked by that one only.
            (Profile::Password(digest, _), IdentifierKind::Sha1) => *digest == PasswordDigest::Sha1,
            (Profile::Password(digest, _), IdentifierKind::Ntlm) => *digest == PasswordDigest::Ntlm,
            (profile, kind) => profile.answers(*kind),
        };
        catalogue.datasets().iter().any(is_answered)
    })
}

/// What a file of so many bytes holds. Gives the bytes written, `None` if they do not fit.
pub fn file(
    json: &mut [u8],
    catalogue: &Catalogue,
    size_bytes: u64,
    now_unix_s: u64,
) -> Option<usize> {
    let header = catalogue.header();
    let sector_bytes = leaksieve_core::sector::SECTOR_BYTES as u64;
    write(
        json,
        &File {
            file_id: text(&catalogue.file_id()),
            num_sectors: header.num_sectors,
            num_trailing_bytes: size_bytes
                .saturating_sub(u64::from(header.num_sectors) * sector_bytes),
            created_unix_s: header.created_unix_s,
            epoch: header.epoch,
            expires_unix_s: header.expires_unix_s,
            has_expired: header.has_expired(Some(now_unix_s)),
            signer: catalogue.signer().map(|key| text(&key)),
            kinds: kinds(catalogue).map(IdentifierKind::name).collect(),
            datasets: catalogue.datasets().iter().map(dataset).collect(),
        },
    )
}

fn dataset(dataset: &Dataset) -> DatasetReport<'_> {
    let (region, calling_code, rule) = match &dataset.profile {
        Profile::Phone(phone) => (
            core::str::from_utf8(&phone.region).ok(),
            Some(phone.calling_code),
            None,
        ),
        Profile::Username(case) | Profile::Id(IdScheme::Plain(case, _)) => {
            let rule = match case {
                CaseRule::Fold => "case_folded",
                _ => "case_exact",
            };
            (None, None, Some(rule))
        }
        Profile::Id(IdScheme::ChineseResident) => (None, None, Some("chinese_resident")),
        Profile::Password(PasswordDigest::Sha1, _) => (None, None, Some("sha1")),
        Profile::Password(PasswordDigest::Ntlm, _) => (None, None, Some("ntlm")),
        _ => (None, None, None),
    };
    DatasetReport {
        name: &dataset.name,
        date: (dataset.date.year != 0).then(|| text(&dataset.date)),
        source_note: &dataset.source_note,
        kind: dataset.profile.kind().name(),
        region,
        calling_code,
        rule,
        are_separators_kept: matches!(
            dataset.profile,
            Profile::Id(IdScheme::Plain(_, Separators::Keep))
        ),
        num_items: dataset.num_items,
        num_rejected: dataset.num_rejected,
        num_extra: dataset.num_extra,
        min_count: dataset.min_count,
        false_alarm_one_in: dataset.measured.one_in(),
    }
}

/// A verdict. The "not exposed" of a file that expired is called `expired`, and is none; what
/// such a file lacks it cannot say, for the reason `expired`.
pub fn verdict(
    json: &mut [u8],
    catalogue: &Catalogue,
    verdict: Verdict,
    now_unix_s: u64,
) -> Option<usize> {
    let verdict = verdict.at(catalogue.header(), Some(now_unix_s));
    let is_absent = |answer: &Answer| answer.outcome == Outcome::Absent;
    let word = match &verdict {
        Verdict::Exposed(_) => "exposed",
        Verdict::NotExposed(_) => "not_exposed",
        Verdict::Expired(answers) if answers.iter().all(is_absent) => "expired",
        Verdict::NotCovered(_) | Verdict::Expired(_) => "not_covered",
    };
    let is_expired = matches!(verdict, Verdict::Expired(_));
    let answers = verdict.answers().iter().map(|answer| {
        let (outcome, reason) = match answer.outcome {
            Outcome::Exposed => ("exposed", None),
            Outcome::Absent if is_expired => ("not_covered", Some("expired")),
            Outcome::Absent => ("absent", None),
            Outcome::NotCovered(reason) => ("not_covered", Some(reason_word(reason))),
        };
        let limit_bytes = match answer.outcome {
            Outcome::NotCovered(NormaliseError::TooLong { limit_bytes }) => Some(limit_bytes),
            _ => None,
        };
        let exposing = catalogue
            .datasets()
            .get(usize::from(answer.dataset))
            .filter(|_| answer.outcome == Outcome::Exposed);
        AnswerReport {
            dataset: answer.dataset,
            outcome,
            reason,
            limit_bytes,
            found: answer.rule.map(rule_word),
            false_alarm_one_in: exposing
                .map(|dataset| dataset.false_alarm(answer.num_readings).one_in()),
        }
    });
    write(
        json,
        &VerdictReport {
            verdict: word,
            answers: answers.collect(),
        },
    )
}

/// Why there is no answer.
pub fn error(json: &mut [u8], error: Error) -> Option<usize> {
    let word = match error {
        Error::NotAFilter => "not_a_filter",
        Error::UnsupportedVersion { .. } => "unsupported_version",
        Error::SectorDamaged { .. }
        | Error::NoSuchLayer { .. }
        | Error::PageMalformed { .. }
        | Error::PlanMalformed { .. } => "sector_damaged",
        Error::Truncated { .. } => "truncated",
        Error::HeaderTooLarge { .. } | Error::HeaderMalformed(_) => "header_malformed",
        Error::NormalisationVersion { .. } => "normalisation_version",
        Error::Unsigned => "unsigned",
        Error::UnknownSigner { .. } => "unknown_signer",
        Error::BadSignature | Error::NotAsSigned { .. } => "forged",
        _ => "other",
    };
    write(
        json,
        &Failure {
            error: word,
            detail: text(&error),
        },
    )
}

fn reason_word(reason: NormaliseError) -> &'static str {
    match reason {
        NormaliseError::OtherKind => "other_kind",
        NormaliseError::Empty => "empty",
        NormaliseError::TooLong { .. } => "too_long",
        NormaliseError::ControlCharacter => "control_character",
        NormaliseError::UnexpectedCharacter => "unexpected_character",
        NormaliseError::NeedsFolding => "needs_folding",
        NormaliseError::TooFewDigits => "too_few_digits",
        NormaliseError::TooManyDigits => "too_many_digits",
        NormaliseError::ImpossibleLength => "impossible_length",
        NormaliseError::OutsideNumberingPlan => "outside_numbering_plan",
        NormaliseError::NeedsCountryCode => "needs_country_code",
        NormaliseError::OtherCountry => "other_country",
        NormaliseError::NotAnEmail => "not_an_email",
        NormaliseError::NotAnId => "not_an_id",
        NormaliseError::CheckDigit => "check_digit",
        NormaliseError::NotAHash => "not_a_hash",
        NormaliseError::LooksLikeAHash => "looks_like_a_hash",
        NormaliseError::Masked => "masked",
        NormaliseError::Fraction => "fraction",
        NormaliseError::Exponent => "exponent",
        NormaliseError::TooManyReadings => "too_many_readings",
        NormaliseError::ListNotUtf8 => "list_not_utf8",
        _ => "other",
    }
}

fn rule_word(rule: Rule) -> &'static str {
    match rule {
        Rule::WithoutTag => "without_tag",
        Rule::WithTag => "with_tag",
        Rule::WithoutBlanks => "without_blanks",
        Rule::WithBlanks => "with_blanks",
        Rule::OtherComposition => "other_composition",
        Rule::Decoded => "decoded",
        Rule::OtherCountryCode => "other_country_code",
        Rule::WithoutExtension => "without_extension",
        Rule::ChangedPlan => "changed_plan",
        Rule::WrittenAlike => "written_alike",
        _ => "other",
    }
}

/// Cut where there is no more room.
fn text(value: &impl Display) -> Text {
    let mut text = Text::new();
    let _ = write!(text, "{value}");
    text
}

fn write(json: &mut [u8], value: &impl Serialize) -> Option<usize> {
    serde_json_core::to_slice(value, json).ok()
}
