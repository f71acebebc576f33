//! Messages in the words of a caller that is not the command line.

use std::error::Error as StdError;

use super::Settings;
use crate::input::source::SourceError;
use crate::pipeline::{BuildError, InputError};

/// The settings that messages name; all but the first with a value, or without one.
const NAMED: [&str; 6] = [
    "as-lines",
    "column",
    "delimiter",
    "field",
    "kind",
    "min-count",
];

impl Settings {
    /// The message of an error, which itself names settings and commands as the command line has
    /// them, in the words of another caller.
    pub fn message(&self, error: &(dyn StdError + 'static)) -> String {
        let text = error.to_string();
        if let Some(words) = self.words(&text) {
            return words;
        }
        match list_at_fault(error) {
            Some(SourceError::LooksLike {
                input,
                found,
                shapes,
                ..
            }) => {
                let insist = self.name("as-lines").map_or_else(String::new, |name| {
                    format!("; {name} takes each value as it is")
                });
                format!(
                    "{input}: the lines look like {found}: give a column with one identifier a \
                     row{insist}{shapes}"
                )
            }
            _ => text,
        }
    }

    /// A text that names settings as the command line does; `None` if it needs what the caller has
    /// not.
    fn words(&self, text: &str) -> Option<String> {
        let is_of_files = text.contains("FILE") || text.contains("column to a file");
        if is_of_files && !(self.has)("column") {
            return None;
        }
        let text = match (self.has)("-") {
            true => text.to_owned(),
            false => text
                .replace("| leaksieve build - --", "> NEW, and build NEW with --")
                .replace("| leaksieve build -", "> NEW, and build NEW"),
        };
        let mut words = String::new();
        let mut rest = text.as_str();
        let mut is_behind_value = false;
        while let Some(at) = rest.find("--") {
            let (before, written) = rest.split_at(at);
            words.push_str(match (is_behind_value, before) {
                (true, " ") => ", ",
                _ => before,
            });
            let (name, value, later) = split(written);
            is_behind_value = value.is_some();
            words.push_str(&match value {
                _ if !NAMED.contains(&name) => written[..written.len() - later.len()].to_owned(),
                Some(value) => self.set(name, &value)?,
                None => self.name(name)?,
            });
            rest = later;
        }
        words.push_str(rest);
        Some(words)
    }
}

/// `--column 1, ...` -> `column`, `1`, `, ...`. Of what is no setting nothing else is taken.
fn split(written: &str) -> (&str, Option<String>, &str) {
    let name = written.strip_prefix("--").unwrap_or(written);
    let is_of_name = |c: char| c.is_ascii_lowercase() || c == '-';
    let end = name.find(|c| !is_of_name(c)).unwrap_or(name.len());
    let (name, later) = name.split_at(end);
    if !NAMED.contains(&name) || name == "as-lines" {
        return (name, None, later);
    }
    let Some(text) = later.strip_prefix(' ') else {
        return (name, None, later);
    };
    for (quote, is_escaped) in [("$'", true), ("'", false)] {
        let Some(quoted) = text.strip_prefix(quote) else {
            continue;
        };
        // A quotation mark may be the value.
        let close = quoted.char_indices().skip(1).find(|(_, c)| *c == '\'');
        let Some((close, _)) = close else {
            continue;
        };
        let value = match is_escaped {
            true => unescaped(&quoted[..close]),
            false => quoted[..close].to_owned(),
        };
        return (name, Some(value), &quoted[close + 1..]);
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric());
    match text.split_at(end.unwrap_or(text.len())) {
        // "leave --column out"
        ("" | "out", _) => (name, None, later),
        (value, later) => (name, Some(value.to_owned()), later),
    }
}

/// `\x01` -> the byte.
fn unescaped(text: &str) -> String {
    let bytes = text.split("\\x").skip(1);
    let bytes: Vec<u8> = bytes
        .filter_map(|digits| u8::from_str_radix(digits, 16).ok())
        .collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What was said of a list, by whoever read it.
fn list_at_fault<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a SourceError> {
    let input = match error.downcast_ref() {
        Some(BuildError::Input(error)) => Some(error),
        _ => error.downcast_ref(),
    };
    match input {
        Some(InputError::Source(error)) => Some(error),
        _ => error.downcast_ref(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::source::Input;

    /// As a programming language has them.
    const FILES: Settings = Settings {
        name: |name| format!("{name}="),
        set: |name, value| format!("{name}={value:?}"),
        has: |setting| setting != "-",
    };
    const COLUMN: Settings = Settings {
        has: |setting| matches!(setting, "kind" | "as-lines"),
        ..FILES
    };

    #[test]
    fn settings_in_texts() {
        for (text, of_files, of_column) in [
            ("give --kind sha1", "give kind=\"sha1\"", true),
            (
                "did you mean --kind ntlm? No",
                "did you mean kind=\"ntlm\"? No",
                true,
            ),
            ("x; --as-lines takes it", "x; as-lines= takes it", true),
            (
                "signs: ---- and -- and --x y",
                "signs: ---- and -- and --x y",
                true,
            ),
            (
                "as in --column 1 --delimiter ' # ', or --column NAME.",
                "as in column=\"1\", delimiter=\" # \", or column=\"NAME\".",
                false,
            ),
            (
                "--delimiter ''' (x) --delimiter '--' --delimiter $'\\x01\\x41'",
                "delimiter=\"'\" (x) delimiter=\"--\", delimiter=\"\\u{1}A\"",
                false,
            ),
            (
                "--field NAME, without --column",
                "field=\"NAME\", without column=",
                false,
            ),
            ("leave --column out", "leave column= out", false),
            ("give --min-count 1; if", "give min-count=\"1\"; if", false),
            (
                "do: zstd -dc --long=31 FILE | leaksieve build -; leave --field out",
                "do: zstd -dc --long=31 FILE > NEW, and build NEW; leave field= out",
                false,
            ),
            (
                "do: cut < FILE | x | leaksieve build - --kind sha1 (shapes: --)",
                "do: cut < FILE | x > NEW, and build NEW with kind=\"sha1\" (shapes: --)",
                false,
            ),
            (
                "write the column to a file, and give --as-lines",
                "write the column to a file, and give as-lines=",
                false,
            ),
        ] {
            assert_eq!(FILES.words(text).as_deref(), Some(of_files), "{text}");
            let column = COLUMN.words(text);
            assert_eq!(column.as_deref(), of_column.then_some(of_files), "{text}");
        }
    }

    #[test]
    fn advice_that_a_caller_cannot_take() {
        let error = |remedy: &str| SourceError::LooksLike {
            input: Input::Stdin,
            found: "a table".into(),
            remedy: remedy.into(),
            may_insist: false,
            shapes: " (shapes: a)".into(),
        };
        let said = |settings: &Settings, remedy| {
            let error = BuildError::Input(InputError::Source(error(remedy)));
            let message = settings.message(&error);
            message
                .strip_prefix("standard input: the lines look like a table: ")
                .map(str::to_owned)
        };
        for (remedy, of_files, of_column) in [
            (
                "choose one: --column 2",
                "choose one: column=\"2\" (shapes: a)",
                "give a column with one identifier a row; as-lines= takes each value as it is (shapes: a)",
            ),
            (
                "give --kind id",
                "give kind=\"id\" (shapes: a)",
                "give kind=\"id\" (shapes: a)",
            ),
        ] {
            assert_eq!(said(&FILES, remedy).as_deref(), Some(of_files));
            assert_eq!(said(&COLUMN, remedy).as_deref(), Some(of_column));
        }
    }
}
