//! JSON lines -> the values of one field.

use std::fmt;

use leaksieve_core::IdentifierKind;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::layout::{NEGATIVE_NUMBER, may_be_numbers};
use super::record::Fault;

/// Give the identifiers of a line to `each`: text, or what is wrong with it.
///
/// `path` is a key, or keys of nested objects with dots between; a key may have dots
/// itself. Arrays give each of their elements, a repeated key each of its values (programs
/// differ in which they take), and null is blank. Numbers are taken of kinds that
/// [`may_be_numbers`]; others are at fault line by line, as a program may write what looks like a
/// number as one, and all else as text.
pub(crate) fn identifiers(
    line: &[u8],
    path: &str,
    kind: IdentifierKind,
    mut each: impl FnMut(Result<&[u8], Fault>),
) {
    if line.trim_ascii().is_empty() {
        return each(Ok(b""));
    }
    // What was not read to its end would give an identifier of half a line.
    let mut values = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(line);
    let found = Find {
        path,
        values: &mut values,
    }
    .deserialize(&mut reader)
    .and_then(|found| reader.end().map(|()| found));
    match found {
        Err(_) => each(Err(Fault::NotJson)),
        Ok(false) => each(Err(Fault::MissingField)),
        Ok(true) => {
            for value in values {
                text(value, kind, &mut each);
            }
        }
    }
}

/// What a value is written as.
fn text(value: &RawValue, kind: IdentifierKind, each: &mut impl FnMut(Result<&[u8], Fault>)) {
    let raw = value.get();
    match raw.as_bytes() {
        [b'"', ..] => match serde_json::from_str::<String>(raw) {
            Ok(text) => each(Ok(text.as_bytes())),
            Err(_) => each(Err(Fault::NotJson)),
        },
        b"null" => each(Ok(b"")),
        // The digits of a long number are known, in spite of its `.0`.
        [b'0'..=b'9', ..] if whole(raw).is_some() => {
            each(number(whole(raw).unwrap_or(raw), kind));
        }
        // 1.38e10 and 13800138000.5 are what a program made of a number, not its digits.
        [b'-' | b'0'..=b'9', ..] if raw.contains(['.', 'e', 'E']) => {
            each(Err(Fault::NotWholeNumber));
        }
        [b'-', ..] => each(number(NEGATIVE_NUMBER, kind)),
        [b'0'..=b'9', ..] => each(number(raw, kind)),
        [b'[', ..] => match serde_json::from_str::<Vec<&RawValue>>(raw) {
            Ok(elements) if elements.is_empty() => each(Ok(b"")),
            Ok(elements) => {
                for element in elements {
                    if element.get().starts_with('[') {
                        each(Err(Fault::NotText));
                    } else {
                        text(element, kind, each);
                    }
                }
            }
            Err(_) => each(Err(Fault::NotJson)),
        },
        _ => each(Err(Fault::NotText)),
    }
}

/// A whole number.
fn number(digits: &str, kind: IdentifierKind) -> Result<&[u8], Fault> {
    match may_be_numbers(kind) {
        true => Ok(digits.as_bytes()),
        false => Err(Fault::WholeNumber),
    }
}

/// A number of 6 to 15 digits, which a program wrote as one with a fraction: `13800138000.0`.
fn whole(raw: &str) -> Option<&str> {
    let (digits, zeros) = raw.split_once('.')?;
    let are_zeros = !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0');
    let are_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    ((6..=15).contains(&digits.len()) && are_digits && are_zeros).then_some(digits)
}

/// Finds the values at a path and skips all else; says whether there is one.
struct Find<'a, 'de> {
    path: &'a str,
    values: &'a mut Vec<&'de RawValue>,
}

impl<'de> DeserializeSeed<'de> for Find<'_, 'de> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Find<'_, 'de> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(step) = map.next_key_seed(Key(self.path))? {
            match step {
                Step::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
                Step::Leaf => {
                    self.values.push(map.next_value()?);
                    found = true;
                }
                Step::Into(path) => {
                    found |= map.next_value_seed(Find {
                        path,
                        values: &mut *self.values,
                    })?;
                }
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(in_element) = sequence.next_element_seed(Find {
            path: self.path,
            values: &mut *self.values,
        })? {
            found |= in_element;
        }
        Ok(found)
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }
}

/// Where a key leads.
enum Step<'a> {
    Other,
    Leaf,
    /// With this path behind it.
    Into(&'a str),
}

struct Key<'a>(&'a str);

impl<'a, 'de> DeserializeSeed<'de> for Key<'a> {
    type Value = Step<'a>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Step<'a>, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Key<'a> {
    type Value = Step<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<Step<'a>, E> {
        Ok(match self.0.strip_prefix(key) {
            Some("") => Step::Leaf,
            Some(rest) => rest.strip_prefix('.').map_or(Step::Other, Step::Into),
            None => Step::Other,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str, path: &str) -> Vec<Result<String, Fault>> {
        of_kind(line, path, IdentifierKind::Phone)
    }

    fn of_kind(line: &str, path: &str, kind: IdentifierKind) -> Vec<Result<String, Fault>> {
        let mut all = Vec::new();
        identifiers(line.as_bytes(), path, kind, |text| {
            all.push(text.map(|text| String::from_utf8(text.to_vec()).unwrap()));
        });
        all
    }

    #[test]
    fn values_as_they_are_written() {
        let big = "9".repeat(60);
        for (line, path, expected) in [
            (r#"{"a":"x","p":"138"}"#, "p", vec![Ok("138")]),
            (r#" {"p" : 13800138000 } "#, "p", vec![Ok("13800138000")]),
            // More digits than a double has.
            (&format!(r#"{{"p":{big}}}"#), "p", vec![Ok(&big)]),
            (r#"{"p":"q\"\u00e9\n"}"#, "p", vec![Ok("q\"é\n")]),
            (r#"{"p":null}"#, "p", vec![Ok("")]),
            (r#"{"p":[]}"#, "p", vec![Ok("")]),
            (r#"{"p":["a",7,null]}"#, "p", vec![Ok("a"), Ok("7"), Ok("")]),
            (r#"{"u":{"x":[1],"p":"a"},"p":"b"}"#, "u.p", vec![Ok("a")]),
            (
                r#"{"u":[{"p":"a"},{"q":1},{"p":["b"]}]}"#,
                "u.p",
                vec![Ok("a"), Ok("b")],
            ),
            (r#"{"u.p":"a"}"#, "u.p", vec![Ok("a")]),
            (r#"{"u":5,"u.p":"a"}"#, "u.p", vec![Ok("a")]),
            (r#"{"p":"a","p":"b"}"#, "p", vec![Ok("a"), Ok("b")]),
            (r#"[{"p":"a"},{"p":"b"}]"#, "p", vec![Ok("a"), Ok("b")]),
            (r#"{"\u0070":"a"}"#, "p", vec![Ok("a")]),
            ("  ", "p", vec![Ok("")]),
            (r#"{"P":"a"}"#, "p", vec![Err(Fault::MissingField)]),
            (r#"{"u":{"p":1}}"#, "p", vec![Err(Fault::MissingField)]),
            (r#"{"u":"x"}"#, "u.p", vec![Err(Fault::MissingField)]),
            (r#"{"u":null}"#, "u.p", vec![Err(Fault::MissingField)]),
            ("17", "p", vec![Err(Fault::MissingField)]),
            (r#"{"p":{"x":1}}"#, "p", vec![Err(Fault::NotText)]),
            (r#"{"p":true}"#, "p", vec![Err(Fault::NotText)]),
            (r#"{"p":[["a"]]}"#, "p", vec![Err(Fault::NotText)]),
            (
                r#"{"p":13800138000.5}"#,
                "p",
                vec![Err(Fault::NotWholeNumber)],
            ),
            (r#"{"p":13800138000.0}"#, "p", vec![Ok("13800138000")]),
            (r#"{"p":12.0}"#, "p", vec![Err(Fault::NotWholeNumber)]),
            (r#"{"p":1.38e10}"#, "p", vec![Err(Fault::NotWholeNumber)]),
        ] {
            let expected: Vec<_> = expected
                .into_iter()
                .map(|text: Result<&str, Fault>| text.map(str::to_owned))
                .collect();
            assert_eq!(of(line, path), expected, "{line}");
        }
    }

    /// Of a password 007 a program that takes texts for numbers writes 7.
    #[test]
    fn numbers_of_kinds_that_are_texts() {
        use IdentifierKind::{Email, Id, Ntlm, Password, Sha1, Username};
        let fault = || Err(Fault::WholeNumber);
        for (line, expected) in [
            (r#"{"p":7}"#, vec![fault()]),
            (r#"{"p":-7}"#, vec![fault()]),
            (r#"{"p":13800138000.0}"#, vec![fault()]),
            (r#"{"p":7.5}"#, vec![Err(Fault::NotWholeNumber)]),
            (r#"{"p":"7"}"#, vec![Ok("7".to_owned())]),
            (r#"{"q":7,"p":["a",7]}"#, vec![Ok("a".to_owned()), fault()]),
        ] {
            for kind in [Email, Id, Ntlm, Password, Sha1, Username] {
                assert_eq!(of_kind(line, "p", kind), expected, "{kind:?} {line}");
            }
        }
    }

    /// Half a line gives no identifier, though its field was read.
    #[test]
    fn what_is_no_json_is_one_fault() {
        let line = r#"{"p":["a","b"],"q":{"r":"\u00e9","s":[1.5,true,null]}}"#;
        assert_eq!(of(line, "p").len(), 2);
        for end in 1..line.len() {
            if line.is_char_boundary(end) {
                assert_eq!(of(&line[..end], "p"), [Err(Fault::NotJson)], "{end}");
            }
        }
        for line in [
            r#"{"p":"a"},"#,
            r#"{"p":"a"}{"p":"b"}"#,
            r#"{'p':"a"}"#,
            r#"{"p":"\ud800"}"#,
            r#"{"p":01}"#,
            "{\"p\":\"a\nb\"}",
            "p,q",
            "[",
        ] {
            assert_eq!(of(line, "p"), [Err(Fault::NotJson)], "{line}");
        }
        let mut not_utf_8 = br#"{"p":"a"#.to_vec();
        not_utf_8.extend_from_slice(b"\xFF\"}");
        let mut faults = Vec::new();
        identifiers(&not_utf_8, "p", IdentifierKind::Phone, |text| {
            faults.push(text.is_err())
        });
        assert_eq!(faults, [true]);
    }

    /// Depth costs no stack: what is skipped is not recursed into, and the path is short.
    #[test]
    fn depth_bombs() {
        for open in ["[", r#"{"p":"#, r#"{"q":"#, r#"{"q":[["#] {
            let bomb = open.repeat(200_000);
            assert_eq!(of(&bomb, "p"), [Err(Fault::NotJson)]);
            assert_eq!(of(&bomb, "p.p.p"), [Err(Fault::NotJson)]);
        }
        let deep = format!(
            r#"{{"q":{}{},"p":"a"}}"#,
            "[".repeat(100_000),
            "]".repeat(100_000)
        );
        assert_eq!(of(&deep, "p"), [Ok("a".to_owned())]);
        let nested = format!("{}{}", r#"{"p":"#.repeat(90_000), "}".repeat(90_000));
        let path = vec!["p"; 90_000].join(".");
        assert_eq!(of(&nested, &path), [Err(Fault::NotJson)]);
    }
}
