//! Names that arguments have.

use leaksieve_core::IdentifierKind;
use leaksieve_core::identifier::{CaseRule, PasswordDigest, Separators};
use pyo3::PyResult;
use pyo3::exceptions::PyValueError;

const KINDS: [IdentifierKind; 7] = [
    IdentifierKind::Phone,
    IdentifierKind::Email,
    IdentifierKind::Username,
    IdentifierKind::Id,
    IdentifierKind::Password,
    IdentifierKind::Sha1,
    IdentifierKind::Ntlm,
];

/// One of some names. The value is not repeated: it may be an identifier in the wrong place.
pub(crate) fn one_of<T: Copy>(what: &str, name: &str, all: &[(&str, T)]) -> PyResult<T> {
    let found = all.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<String> = all.iter().map(|(known, _)| format!("'{known}'")).collect();
        PyValueError::new_err(format!("{what} is one of {}", names.join(", ")))
    })
}

/// A kind of identifiers.
pub(crate) fn kind(name: &str) -> PyResult<IdentifierKind> {
    match KINDS.into_iter().find(|kind| kind.name() == name) {
        Some(kind) => Ok(kind),
        None => one_of("kind", name, &KINDS.map(|kind| (kind.name(), kind))),
    }
}

pub(crate) fn case(name: &str) -> PyResult<CaseRule> {
    one_of(
        "case",
        name,
        &[("fold", CaseRule::Fold), ("exact", CaseRule::Exact)],
    )
}

/// Are ids resident ids of China?
pub(crate) fn is_chinese_resident(name: &str) -> PyResult<bool> {
    one_of(
        "id_scheme",
        name,
        &[("plain", false), ("chinese-resident", true)],
    )
}

pub(crate) fn separators(name: &str) -> PyResult<Separators> {
    one_of(
        "separators",
        name,
        &[("ignore", Separators::Ignore), ("keep", Separators::Keep)],
    )
}

pub(crate) fn digest(name: &str) -> PyResult<PasswordDigest> {
    one_of(
        "digest",
        name,
        &[
            ("sha1", PasswordDigest::Sha1),
            ("ntlm", PasswordDigest::Ntlm),
        ],
    )
}
