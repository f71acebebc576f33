//! Lines that would be read whole, and look like more than an identifier: taken so, they
//! would fill a filter with what nobody asks, and every member would read "not exposed".

use leaksieve_core::IdentifierKind;
use serde::de::IgnoredAny;

use super::{Input, SourceError, split_lines};

/// Lines that are looked at.
const NUM_LINES: usize = 1000;
/// So many of them are a likeness, or all if there are fewer.
const MIN_LINES: usize = 5;
/// Of 10 lines, how many have to be alike.
const MIN_OF_10: usize = 9;
/// What may stand between columns; a colon only once (`NAME:PASSWORD`), as addresses of
/// machines have more.
const DELIMITERS: &[u8] = b"\t;|,:";

/// Refuse the first lines of a list if they look like something else than identifiers
/// of this kind. Says whether there was a line to look at.
///
/// # Errors
/// [`SourceError::LooksLike`].
pub(super) fn check(
    input: &Input,
    kind: IdentifierKind,
    bytes: &[u8],
) -> Result<bool, SourceError> {
    let lines: Vec<&[u8]> = split_lines(bytes)
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .take(NUM_LINES)
        .collect();
    match look(kind, &lines) {
        None => Ok(!lines.is_empty()),
        Some((found, remedy)) => Err(SourceError::LooksLike {
            input: input.clone(),
            found,
            remedy,
        }),
    }
}

fn look(kind: IdentifierKind, lines: &[&[u8]]) -> Option<(&'static str, &'static str)> {
    let most = |alike: &dyn Fn(&[u8]) -> bool| {
        let num_alike = lines.iter().filter(|line| alike(line)).count();
        num_alike * 10 >= lines.len() * MIN_OF_10
            && (num_alike >= MIN_LINES || (num_alike == lines.len() && num_alike > 0))
    };
    if let [first, ..] = lines
        && first
            .strip_prefix(b"[")
            .is_some_and(|rest| matches!(rest.trim_ascii_start(), [] | [b'{', ..]))
    {
        return Some((
            "one JSON document",
            "give it line by line, and name the field: jq -c '.[]' FILE | leaksieve build - --field NAME",
        ));
    }
    if most(&|line| line.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(line).is_ok()) {
        return Some(("JSON lines", "name the field with --field NAME"));
    }
    if kind == IdentifierKind::Password {
        // The suffixes are those of range files.
        if most(&|line| has_hash(line, &[40, 35])) {
            return Some((
                "SHA-1 hashes of passwords, not passwords",
                "give --kind sha1",
            ));
        }
        if most(&|line| has_hash(line, &[32, 27])) {
            return Some((
                "hashes of passwords, not passwords",
                "give --kind ntlm if they are NTLM hashes",
            ));
        }
    }
    for delimiter in DELIMITERS {
        let count = |line: &[u8]| memchr::memchr_iter(*delimiter, line).count();
        let mut counts: Vec<usize> = lines.iter().map(|line| count(line)).collect();
        // What most lines have is in the middle of them.
        counts.sort_unstable();
        let Some(&usual) = counts.get(counts.len() / 2) else {
            break;
        };
        let is_table = usual > 0 && (*delimiter != b':' || usual == 1);
        if is_table && most(&|line| count(line) == usual) {
            return Some(if *delimiter == b':' {
                (
                    "two columns with a colon between",
                    "choose one, as in --column 1 --delimiter colon",
                )
            } else {
                (
                    "a table with several columns",
                    "choose one with --column NAME, or --column NUMBER if there is no row of names",
                )
            });
        }
    }
    None
}

/// A hexadecimal hash of so many digits, with a count behind a colon or without.
fn has_hash(line: &[u8], num_digits: &[usize]) -> bool {
    let (hash, count) = match memchr::memchr(b':', line) {
        Some(colon) => (&line[..colon], &line[colon + 1..]),
        None => (line, &b""[..]),
    };
    num_digits.contains(&hash.len())
        && hash.iter().all(u8::is_ascii_hexdigit)
        && count.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(kind: IdentifierKind, list: &str) -> Option<&'static str> {
        match check(&Input::Stdin, kind, list.as_bytes()) {
            Err(SourceError::LooksLike { found, .. }) => Some(found),
            _ => None,
        }
    }

    #[test]
    fn what_looks_like_something_else() {
        use IdentifierKind::{Email, Id, Password, Phone, Username};
        let sha1 = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8";
        let ntlm = "8846F7EAEE8FB117AD06BDD830B7586C";
        let nine = |line: &str, other: &str| format!("{}{other}\n", format!("{line}\n").repeat(9));
        for (kind, list, part) in [
            (Password, sha1.to_owned(), "SHA-1"),
            (Password, format!("\n\n{sha1}:3\r\n{sha1}:4\r\n"), "SHA-1"),
            (Password, nine(&sha1[5..], "x"), "SHA-1"),
            (Password, format!("{ntlm}:3"), "hashes"),
            (Password, nine("a@example.com:secret", "x"), "colon"),
            (Username, nine("alice:secret", "bob:a:b"), "colon"),
            (Username, "id,name\n1,alice\n2,bob\n".to_owned(), "table"),
            (Id, nine("1\tx\t", "odd"), "table"),
            (Email, "a@example.com;Ann".to_owned(), "table"),
            (Phone, nine("13800138000|Li", ""), "table"),
            (Phone, nine(r#"{"p":"1,2","q":3}"#, ""), "JSON lines"),
            (Password, r#"{"p":"secret"}"#.to_owned(), "JSON lines"),
            (
                Email,
                "[\n {\"p\":1},\n {\"p\":2}\n]".to_owned(),
                "document",
            ),
            (Email, "[{\"p\":1},{\"p\":2}]".to_owned(), "document"),
        ] {
            let found = found(kind, &list);
            assert!(
                found.is_some_and(|found| found.contains(part)),
                "{list}: {found:?}"
            );
        }
    }

    #[test]
    fn what_is_a_list() {
        use IdentifierKind::{Email, Id, Password, Username};
        let sha1 = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8";
        for (kind, list) in [
            (Password, "a,b\nc\nd;e;f\nsecret\n{}\n[x]\n".to_owned()),
            (Password, format!("{sha1}\nsecret\nhunter2\n")),
            (Password, "1,2\n1,2,3\n1,2,3,4\n,,,,,\n".to_owned()),
            (Username, format!("{sha1}\n").repeat(9)),
            (Id, "02:00:5e:10:00:00\n".repeat(20)),
            (Email, "a@example.com\n".repeat(20)),
            (Email, String::new()),
            // Four of four and one: too few to be a likeness.
            (Username, "a,b\nc,d\ne,f\ng,h\nx\n".to_owned()),
        ] {
            assert_eq!(found(kind, &list), None, "{list}");
        }
    }
}
