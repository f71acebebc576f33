//! A plain reader of JSON lines: each level parsed by itself.

use std::fmt;

use leaksieve::input::source::Fault;
use leaksieve_core::IdentifierKind;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::lists::Record;

/// Panics if these are not the records of a line.
pub(crate) fn compare(line: &[u8], path: &str, kind: IdentifierKind, found: &[Record]) {
    let found: Vec<Result<&[u8], Fault>> = found
        .iter()
        .map(|(text, _, fault)| fault.map_or(Ok(text.as_slice()), Err))
        .collect();
    let not_json = [Err(Fault::NotJson)];
    if line.trim_ascii().is_empty() {
        assert_eq!(found, [Ok(&b""[..])]);
    } else if serde_json::from_slice::<IgnoredAny>(line).is_err() {
        assert_eq!(found, not_json);
    } else if serde_json::from_slice::<Value>(line).is_ok() {
        // Only then is every text of it one, and every number within bounds.
        let raw: &RawValue = serde_json::from_slice(line).expect("a value is one");
        let mut expected = Vec::new();
        if !find(raw, path, kind, &mut expected) {
            expected = vec![Err(Fault::MissingField)];
        }
        let expected: Vec<_> = expected
            .iter()
            .map(|text| text.as_deref().map_err(|fault| *fault))
            .collect();
        assert_eq!(found, expected);
    } else {
        assert!(!found.is_empty());
    }
}

type Texts = Vec<Result<Vec<u8>, Fault>>;

/// The values at a path; says whether there is one.
fn find(value: &RawValue, path: &str, kind: IdentifierKind, texts: &mut Texts) -> bool {
    let mut found = false;
    if value.get().starts_with('{') {
        let mut reader = serde_json::Deserializer::from_str(value.get());
        let pairs = reader.deserialize_map(Pairs).expect("an object");
        for (key, value) in pairs {
            if key == path {
                text(value, false, kind, texts);
                found = true;
            } else if let Some(rest) = path.strip_prefix(&format!("{key}.")) {
                found |= find(value, rest, kind, texts);
            }
        }
    } else if value.get().starts_with('[') {
        let elements: Vec<&RawValue> = serde_json::from_str(value.get()).expect("an array");
        for element in elements {
            found |= find(element, path, kind, texts);
        }
    }
    found
}

/// What a value is written as.
fn text(value: &RawValue, is_element: bool, kind: IdentifierKind, texts: &mut Texts) {
    let raw = value.get();
    let number = |digits: &str| match kind {
        IdentifierKind::Phone | IdentifierKind::Id => Ok(digits.as_bytes().to_vec()),
        _ => Err(Fault::WholeNumber),
    };
    texts.push(match raw.as_bytes()[0] {
        b'"' => match serde_json::from_str::<Value>(raw) {
            Ok(Value::String(text)) => Ok(text.into_bytes()),
            _ => Err(Fault::NotJson),
        },
        b'n' => Ok(Vec::new()),
        b'-' | b'0'..=b'9' if raw.bytes().all(|b| b == b'-' || b.is_ascii_digit()) => number(raw),
        // Of a long number with `.0` behind it all digits are known.
        b'-' | b'0'..=b'9' => match raw.split_once('.') {
            Some((digits, zeros))
                if (6..=15).contains(&digits.len())
                    && digits.bytes().all(|b| b.is_ascii_digit())
                    && !zeros.is_empty()
                    && zeros.bytes().all(|b| b == b'0') =>
            {
                number(digits)
            }
            _ => Err(Fault::NotWholeNumber),
        },
        b'[' if !is_element => {
            let elements: Vec<&RawValue> = serde_json::from_str(raw).expect("an array");
            if !elements.is_empty() {
                for element in elements {
                    text(element, true, kind, texts);
                }
                return;
            }
            Ok(Vec::new())
        }
        _ => Err(Fault::NotText),
    });
}

/// The members of an object, repeated keys and all.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(pairs)
    }
}
