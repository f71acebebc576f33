//! Links to what people call themselves: which of their parts is the name.

use std::collections::BTreeSet;

use leaksieve_core::IdentifierKind;

use super::counting::{nearly_all, num};
use super::refusal::{Refusal, pipe};
use super::subject::Subject;

/// Fewest lines of which it is said.
const MIN_LINES: usize = 3;

/// Refuse them, with the part that is another in each.
pub(super) fn links(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    if subject.kind == IdentifierKind::Password
        || lines.len() < MIN_LINES
        || !nearly_all(num(lines, is_link), lines.len())
    {
        return Ok(());
    }
    let texts: Vec<String> = lines
        .iter()
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect();
    let links: Vec<Link<'_>> = texts.iter().map(|text| Link::of(text)).collect();
    Err(Refusal::new(
        "links",
        match own_part(&links) {
            Some((part, command)) => {
                format!("keep {part}, if that is the name: {}", pipe(&command))
            }
            None => "keep the part that people ask, one a line".to_owned(),
        },
    ))
}

pub(super) fn is_link(line: &[u8]) -> bool {
    [&b"https://"[..], b"http://"].iter().any(|start| {
        line.get(..start.len())
            .is_some_and(|found| found.eq_ignore_ascii_case(start))
    })
}

/// The parts of a link.
struct Link<'a> {
    host: &'a str,
    path: Vec<&'a str>,
    query: Vec<(&'a str, &'a str)>,
    fragment: &'a str,
}

impl<'a> Link<'a> {
    fn of(text: &'a str) -> Self {
        let text = text.split_once("//").map_or(text, |(_, rest)| rest);
        let (text, fragment) = text.split_once('#').unwrap_or((text, ""));
        let (text, query) = text.split_once('?').unwrap_or((text, ""));
        let (host, path) = text.split_once('/').unwrap_or((text, ""));
        let path = path.trim_end_matches('/');
        Self {
            host,
            path: match path {
                "" => Vec::new(),
                path => path.split('/').collect(),
            },
            query: query.split('&').filter_map(|x| x.split_once('=')).collect(),
            fragment,
        }
    }

    fn value(&self, key: &str) -> Option<&'a str> {
        self.query.iter().find(|(k, _)| *k == key).map(|(_, v)| *v)
    }
}

/// Which part is another in most lines, in words, and the command that keeps it.
fn own_part(links: &[Link<'_>]) -> Option<(&'static str, String)> {
    let is_own = |part: &dyn Fn(&Link<'_>) -> Option<String>| {
        let parts: Vec<String> = links.iter().filter_map(part).collect();
        let different: BTreeSet<&String> = parts.iter().collect();
        nearly_all(parts.len(), links.len()) && different.len() * 2 > links.len()
    };
    let some = |part: Option<&str>| part.filter(|part| !part.is_empty()).map(str::to_owned);
    if is_own(&|link| some(link.path.last().copied())) {
        return Some((
            "what follows the last slash",
            "sed -E 's|[?#].*||; s|/+$||; s|.*/@?||'".to_owned(),
        ));
    }
    let first = links.first()?;
    // As `sed` has it, too.
    let is_plain = |key: &str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        !key.is_empty() && key.chars().all(is_plain)
    };
    for (key, _) in first.query.iter().filter(|(key, _)| is_plain(key)) {
        if is_own(&|link| some(link.value(key))) {
            return Some((
                "the value that is another in each",
                format!("sed -E 's|.*[?&]{key}=([^&#]*).*|\\1|'"),
            ));
        }
    }
    if is_own(&|link| some(link.fragment.rsplit(['/', '=', '!']).next())) {
        return Some((
            "what stands at the end",
            "sed -E 's|.*[#/=!]@?||'".to_owned(),
        ));
    }
    for at in (0..first.path.len()).rev() {
        if is_own(&|link| some(link.path.get(at).copied())) {
            return Some((
                "the part that is another in each",
                format!("sed -E 's|^[^/]*//([^/]*/){{{}}}@?||; s|[/?#].*||'", at + 1),
            ));
        }
    }
    if is_own(&|link| some(link.host.split(['.', ':']).next())) {
        return Some((
            "the first part of the host",
            "sed -E 's|^[^/]*//||; s|[.:/?#].*||'".to_owned(),
        ));
    }
    None
}
