//! Why something was said: the table's words for the core's texts, which nearly all askers give.

use std::io;

use leaksieve_core::identifier::Rule;
use leaksieve_core::{Error, NormaliseError as E, ReadError};

use super::Outcome;

/// Why a dataset cannot say.
pub const REASONS: [(&str, E); 23] = [
    ("other_kind", E::OtherKind),
    ("empty", E::Empty),
    ("too_long", E::TooLong { limit_bytes: 256 }),
    ("not_utf8", E::NotUtf8),
    ("control_character", E::ControlCharacter),
    ("unexpected_character", E::UnexpectedCharacter),
    ("needs_folding", E::NeedsFolding),
    ("too_few_digits", E::TooFewDigits),
    ("too_many_digits", E::TooManyDigits),
    ("impossible_length", E::ImpossibleLength),
    ("outside_numbering_plan", E::OutsideNumberingPlan),
    ("needs_country_code", E::NeedsCountryCode),
    ("other_country", E::OtherCountry),
    ("not_an_email", E::NotAnEmail),
    ("not_an_id", E::NotAnId),
    ("check_digit", E::CheckDigit),
    ("not_a_hash", E::NotAHash),
    ("looks_like_a_hash", E::LooksLikeAHash),
    ("masked", E::Masked),
    ("fraction", E::Fraction),
    ("exponent", E::Exponent),
    ("too_many_readings", E::TooManyReadings),
    ("list_not_utf8", E::ListNotUtf8),
];

/// How a text was found that is not in the list as it was typed.
pub const RULES: [(&str, Rule); 10] = [
    ("without_tag", Rule::WithoutTag),
    ("with_tag", Rule::WithTag),
    ("without_blanks", Rule::WithoutBlanks),
    ("with_blanks", Rule::WithBlanks),
    ("other_composition", Rule::OtherComposition),
    ("decoded", Rule::Decoded),
    ("other_country_code", Rule::OtherCountryCode),
    ("without_extension", Rule::WithoutExtension),
    ("changed_plan", Rule::ChangedPlan),
    ("written_alike", Rule::WrittenAlike),
];

/// What all say of a file past its expiry.
pub const EXPIRED: &str = "the file expired";

/// How the core begins to say why there is no answer, or what it says of no other error.
const ERRORS: [(&str, &str); 19] = [
    ("not_a_filter", "not a leaksieve file"),
    ("unsupported_version", "format version "),
    ("sector_damaged", "is damaged or belongs"),
    ("truncated", "cut short: "),
    ("header_malformed", "header of "),
    ("header_malformed", "the header is not valid"),
    ("normalisation_version", "normalised by rules"),
    ("unsigned", "not signed, and only"),
    ("unknown_signer", "which is not a trusted key"),
    ("bad_signature", "the signature is wrong"),
    ("not_as_signed", "is not the one that was signed"),
    ("epoch_too_low", "is too old: at least"),
    ("epoch_too_high", "is too far ahead"),
    ("no_such_layer", "names a layer that is missing"),
    ("page_malformed", "holds numbers that cannot"),
    ("plan_malformed", "the numbering plan in sector"),
    ("unreadable", "os error"),
    ("unreadable", "is a directory"),
    ("unreadable", "Is a directory"),
];

/// The table's word for why a dataset cannot say.
pub fn reason_code(reason: E) -> &'static str {
    let mut all = REASONS.iter().filter(|(_, other)| *other == reason);
    all.next().map_or("other", |(code, _)| code)
}

pub(super) fn rule_code(rule: Rule) -> &'static str {
    let mut all = RULES.iter().filter(|(_, other)| *other == rule);
    all.next().map_or("other", |(code, _)| code)
}

/// The table's word for why there is no answer.
pub fn error_code(error: &ReadError<io::Error>) -> &'static str {
    match error {
        ReadError::Source(_) => "unreadable",
        ReadError::Filter(error) => match error {
            Error::NotAFilter => "not_a_filter",
            Error::UnsupportedVersion { .. } => "unsupported_version",
            Error::SectorDamaged { .. } => "sector_damaged",
            Error::Truncated { .. } => "truncated",
            Error::HeaderTooLarge { .. } | Error::HeaderMalformed(_) => "header_malformed",
            Error::NormalisationVersion { .. } => "normalisation_version",
            Error::Unsigned => "unsigned",
            Error::UnknownSigner { .. } => "unknown_signer",
            Error::BadSignature => "bad_signature",
            Error::NotAsSigned { .. } => "not_as_signed",
            Error::EpochTooLow { .. } => "epoch_too_low",
            Error::EpochTooHigh { .. } => "epoch_too_high",
            Error::NoSuchLayer { .. } => "no_such_layer",
            Error::PageMalformed { .. } => "page_malformed",
            Error::PlanMalformed { .. } => "plan_malformed",
            _ => "other",
        },
    }
}

/// The same of what an asker says, in the order in which it says so: behind `found` how it was
/// found, behind a colon why a dataset cannot say, and why there is no answer.
pub fn why(outcome: Outcome, said: &str) -> Vec<&'static str> {
    let places =
        |pattern: &str| -> Vec<usize> { said.match_indices(pattern).map(|(at, _)| at).collect() };
    let mut found: Vec<(usize, &'static str)> = Vec::new();
    match outcome {
        Outcome::Exposed => {
            for (code, rule) in RULES {
                let at = places(&format!("found {}", rule.text()));
                found.extend(at.into_iter().map(|at| (at, code)));
            }
        }
        Outcome::NotExposed => {}
        Outcome::NotCovered => {
            for (code, reason) in REASONS {
                let text = format!(": {reason}");
                let mut at = places(&text);
                // Not where it begins a longer one.
                at.retain(|at| {
                    let behind = said.get(at + text.len()..).unwrap_or_default();
                    behind.is_empty() || behind.starts_with(';')
                });
                found.extend(at.into_iter().map(|at| (at, code)));
            }
            found.extend(said.contains(EXPIRED).then_some((said.len(), "expired")));
        }
        Outcome::Error => {
            for (code, text) in ERRORS {
                found.extend(places(text).into_iter().map(|at| (at, code)));
            }
            found.truncate(1);
        }
    }
    found.sort_unstable();
    found.into_iter().map(|(_, code)| code).collect()
}
