//! What a whole stream is, by its start: a dump of a data base, a document. Lines of those hold
//! more identifiers than one, or none, however they are cut.

use std::io::{self, Cursor, Read};

use leaksieve_core::IdentifierKind;
use serde::de::IgnoredAny;

use super::exports::{NAMED_FIELDS_REMEDY, export};
use super::refusal::Refusal;
use crate::input::source::{Input, Layout, SourceError};

/// Bytes that are looked at.
const NUM_BYTES: u64 = 1 << 16;

/// A stream that is none of these, or the reason why it is not read.
pub(in crate::input) fn open<'a>(
    input: &Input,
    mut reader: impl Read + 'a,
    layout: &Layout,
) -> Result<Box<dyn Read + 'a>, SourceError> {
    if *layout == Layout::Line {
        return Ok(Box::new(reader));
    }
    let mut start = Vec::new();
    let read = (&mut reader).take(NUM_BYTES).read_to_end(&mut start);
    // What cannot be read is said where it would have been read.
    let failed = Failed(read.err());
    if let Some(mut refusal) = look(&start, layout) {
        let option = match layout {
            Layout::Table { .. } => "--column",
            Layout::Field { .. } => "--field",
            _ => "",
        };
        if !refusal.remedy.contains(option) {
            refusal.remedy.push_str(&format!("; leave {option} out"));
        }
        return Err(refusal.of(input, &[], matches!(layout, Layout::LineOf(_))));
    }
    Ok(Box::new(Cursor::new(start).chain(failed).chain(reader)))
}

/// Gives an error once, then nothing.
struct Failed(Option<io::Error>);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

fn look(start: &[u8], layout: &Layout) -> Option<Refusal> {
    let lines: Vec<&[u8]> = start
        .split(|byte| matches!(byte, b'\n' | b'\r'))
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .collect();
    let first = *lines.first()?;
    let exported = export(&lines, layout);
    if exported.is_some() {
        return exported;
    }
    if is_sql(&lines) {
        let is_copy = lines.iter().any(|line| starts(line, "COPY "))
            && !lines.iter().any(|line| starts(line, "INSERT "));
        return Some(Refusal::new(
            "a dump of a data base (SQL)",
            if is_copy {
                COPY_REMEDY
            } else {
                sql_remedy(start)
            },
        ));
    }
    if starts(first, "BEGIN:VCARD") {
        return Some(Refusal::new("vCards", vcard_remedy(layout)));
    }
    if first.starts_with(b"<?xml") || is_markup(&lines) {
        return Some(Refusal::new("XML or HTML", markup_remedy(&lines)));
    }
    let is_whole = first.starts_with(b"[") && lines.last().is_some_and(|line| line.ends_with(b"]"));
    let is_field = matches!(layout, Layout::Field { .. });
    if (is_field || !is_whole) && is_objects_with_commas(&lines) {
        let name = match layout {
            Layout::Field { .. } => " --field NAME",
            Layout::Table { .. } => " --field NAME, without --column",
            _ => " --field NAME",
        };
        return Some(Refusal::new(
            "JSON objects with a comma after each",
            format!(
                "take the commas off, and name the field: sed -E 's/^[[:space:]]*\\[//; s/[],[:space:]]*$//' FILE | leaksieve build -{name}"
            ),
        ));
    }
    if matches!(layout, Layout::LineOf(_) | Layout::Table { .. }) {
        if is_python_list(&lines) {
            return Some(Refusal::new(
                "a list of Python on one line",
                "write one text a line: python3 -X utf8 -c 'import ast,sys; print(*ast.literal_eval(sys.stdin.read()), sep=\"\\n\")' < FILE | leaksieve build -",
            ));
        }
        // Its elements may be texts.
        let is_array = first
            .strip_prefix(b"[")
            .is_some_and(|rest| matches!(rest.trim_ascii_start(), [] | [b'{', ..]));
        if is_array || lines.iter().all(|line| is_json_array(line)) {
            let has_objects = memchr::memchr(b'{', start).is_some();
            let remedy = if has_objects {
                "give it line by line, and name the field: jq -c '.[]' FILE | leaksieve build - --field NAME"
            } else if is_array || lines.len() == 1 {
                "give it line by line: jq -r '.[]' FILE | leaksieve build -"
            } else {
                "choose the element of each, counted from 0: jq -r '.[NUMBER]' FILE | leaksieve build -"
            };
            return Some(Refusal::new("JSON arrays", remedy));
        }
    }
    if is_spread_json(&lines) {
        return Some(Refusal::new(
            "JSON that is spread over several lines",
            "give it object by object, and name the field: jq -c '.. | objects | select(has(\"NAME\"))' FILE | leaksieve build - --field NAME",
        ));
    }
    None
}

/// Several texts.
fn is_json_array(line: &[u8]) -> bool {
    line.starts_with(b"[")
        && serde_json::from_slice::<Vec<IgnoredAny>>(line.strip_suffix(b",").unwrap_or(line))
            .is_ok_and(|elements| elements.len() > 1)
}

/// Rows of COPY, in which a backslash is written twice.
const COPY_REMEDY: &str = r"take the rows, and choose the column: sed -n '/^COPY /,/^\\\./p' FILE | grep -vE '^(COPY |\\\.)' | sed 's/\\\\/\\/g' | leaksieve build - --column NUMBER --delimiter tab";

/// Tuples as CSV: the texts that MySQL quotes have `\'` and `''` within.
const MYSQL_REMEDY: &str = r#"load it, and export the column; or write one row a line: perl -ne 'next unless s/^\s*(INSERT|REPLACE)\b.*?\bVALUES\b//i || /^\s*\(/; while (/\(((?:[^()\x27]|\x27(?:[^\x27\\]|\\.|\x27\x27)*\x27|\((?:[^()\x27]|\x27(?:[^\x27\\]|\\.|\x27\x27)*\x27)*\))*)\)/g) { $t = $1; $t =~ s/(?:_\w+ *)?\x27((?:[^\x27\\]|\\.|\x27\x27)*)\x27/$c = $1; $c =~ s{\\(.)|\x27\x27}{$1 \/\/ chr 39}ge; $c =~ s{\x22}{\x22\x22}g; "\x22$c\x22"/ge; $t =~ s/(^|,)\s*\w+\((?:\x22(?:[^\x22]|\x22\x22)*\x22|[^()\x22])*\)/$1/g; print "$t\n" }' FILE | leaksieve build - --column NUMBER --delimiter comma"#;

/// The same where a backslash is a backslash.
const SQL_REMEDY: &str = r#"load it, and export the column; or write one row a line: perl -ne 'next unless s/^\s*(INSERT|REPLACE)\b.*?\bVALUES\b//i || /^\s*\(/; while (/\(((?:[^()\x27]|\x27(?:[^\x27]|\x27\x27)*\x27|\((?:[^()\x27]|\x27(?:[^\x27]|\x27\x27)*\x27)*\))*)\)/g) { $t = $1; $t =~ s/(?:\b[NE])?\x27((?:[^\x27]|\x27\x27)*)\x27/$c = $1; $c =~ s{\x27\x27}{\x27}g; $c =~ s{\x22}{\x22\x22}g; "\x22$c\x22"/ge; $t =~ s/(^|,)\s*\w+\((?:\x22(?:[^\x22]|\x22\x22)*\x22|[^()\x22])*\)/$1/g; print "$t\n" }' FILE | leaksieve build - --column NUMBER --delimiter comma"#;

/// The cells of each row, with tabs between.
const HTML_REMEDY: &str = r#"write a table, and choose the column: perl -0777 -ne 'for (split /<tr\b/i) { print join("\t", map { s/<[^>]*>//g; s/\s*[\t\r\n]\s*/ /g; s/^\s+|\s+$//g; $_ } m:<t[dh]\b[^>]*>(.*?)(?=</?t[dhr]\b|</table|$):gis), "\n" }' FILE | leaksieve build - --column NUMBER --delimiter tab"#;

/// What is done with rows that are inserted. In the texts of MySQL a backslash escapes.
pub(in crate::input) fn sql_remedy(start: &[u8]) -> &'static str {
    let has = |part: &[u8]| memchr::memmem::find(start, part).is_some();
    // (`\'` before a comma or a bracket may be the end of a text.)
    let has_escape = start
        .windows(3)
        .any(|three| three.starts_with(br"\'") && three[2].is_ascii_alphanumeric());
    if has(b"`") || has(b"MySQL") || has(b"MariaDB") || has_escape {
        MYSQL_REMEDY
    } else {
        SQL_REMEDY
    }
}

fn vcard_remedy(layout: &Layout) -> String {
    let property = match layout {
        Layout::LineOf(IdentifierKind::Email) => "EMAIL",
        Layout::LineOf(IdentifierKind::Phone) => "TEL",
        _ => "FN",
    };
    format!(
        r"take the values out: perl -ne 's/\r?\n//; print qq($_\n) if s/^([\w-]+\.)?{property}\b[^:]*:\s*(tel:|mailto:)?//i' FILE | leaksieve build -"
    )
}

/// Nearly all lines are objects, and most have a comma behind them.
fn is_objects_with_commas(lines: &[&[u8]]) -> bool {
    let inner = |line: &&[u8]| -> Vec<u8> {
        let line = line.strip_prefix(b"[").unwrap_or(line);
        let end = line
            .iter()
            .rposition(|byte| !matches!(byte, b']' | b',' | b' ' | b'\t'));
        line[..end.map_or(0, |end| end + 1)].trim_ascii().to_vec()
    };
    let inners: Vec<Vec<u8>> = lines
        .iter()
        .map(inner)
        .filter(|line| !line.is_empty())
        .collect();
    let is_object = |line: &&Vec<u8>| {
        line.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(line).is_ok()
    };
    let num_commas = lines.iter().filter(|line| line.ends_with(b"},")).count();
    inners.len() > 1
        && inners.iter().filter(is_object).count() * 10 >= inners.len() * 9
        && num_commas * 2 >= inners.len().max(2)
}

/// `['ann', 'bob']`
fn is_python_list(lines: &[&[u8]]) -> bool {
    let [line] = lines else {
        return false;
    };
    let Some(inner) = line
        .strip_prefix(b"[")
        .and_then(|line| line.strip_suffix(b"]"))
    else {
        return false;
    };
    let is_first = inner.starts_with(b"'") || inner.starts_with(b"u'");
    is_first && inner.ends_with(b"'") && memchr::memmem::find(inner, b"', ").is_some()
}

fn markup_remedy(lines: &[&[u8]]) -> &'static str {
    let has = |part: &[u8]| {
        let is_it = |found: &[u8]| found.eq_ignore_ascii_case(part);
        lines.iter().any(|line| line.windows(part.len()).any(is_it))
    };
    if has(b"<tr") && has(b"<td") {
        HTML_REMEDY
    } else if has(b"<field name=") || has(b"<column name=") {
        NAMED_FIELDS_REMEDY
    } else if has(b"</")
        && !lines
            .iter()
            .any(|line| line.starts_with(b"<") && line.ends_with(b"/>"))
    {
        r"take the text out of its elements (NAME is the element): perl -0777 -ne 'print qq($1\n) while m{<NAME(?:\s[^>]*)?>\s*(?:<!\[CDATA\[)?([^<]*?)(?:\]\]>)?\s*<}g' FILE | leaksieve build -"
    } else {
        r#"take the text out of its attribute (NAME is the attribute): perl -0777 -ne 'print qq($1\n) while m:\sNAME\s*=\s*"([^"]*)":g' FILE | leaksieve build -"#
    }
}

fn starts(line: &[u8], start: &str) -> bool {
    line.get(..start.len())
        .is_some_and(|found| found.eq_ignore_ascii_case(start.as_bytes()))
}

/// Most lines insert rows or are such rows; or it begins as dumps do, and inserts some.
fn is_sql(lines: &[&[u8]]) -> bool {
    let inserts = |line: &&&[u8]| {
        [
            "INSERT INTO ",
            "INSERT IGNORE INTO ",
            "INSERT [",
            "INSERT dbo.",
            "REPLACE INTO ",
            "COPY ",
        ]
        .iter()
        .any(|start| starts(line, start))
    };
    let num_inserts = lines.iter().filter(inserts).count();
    let is_row = |line: &&&[u8]| {
        line.starts_with(b"(")
            && [&b"),"[..], b");", b")"]
                .iter()
                .any(|end| line.ends_with(end))
            && memchr::memchr(b',', line).is_some()
    };
    let num_rows = lines.iter().filter(is_row).count();
    let begins = lines.first().is_some_and(|line| {
        [
            "--", "/*", "CREATE ", "DROP ", "SET ", "BEGIN", "USE ", "PRAGMA ", "INSERT ",
            "REPLACE ", "COPY ",
        ]
        .iter()
        .any(|start| starts(line, start))
    });
    let num_alike = num_inserts + num_rows;
    (num_inserts > 0 && (begins || num_alike * 2 >= lines.len()))
        || (num_rows * 10 >= lines.len() * 9 && num_rows >= 3)
}

/// Nearly all lines are elements, one or several, or parts of them.
fn is_markup(lines: &[&[u8]]) -> bool {
    let is_element = |line: &&&[u8]| {
        line.starts_with(b"<")
            && line.ends_with(b">")
            && (line.ends_with(b"/>")
                || line.windows(2).any(|pair| pair == b"</")
                || line.get(1).is_some_and(u8::is_ascii_alphabetic))
            && memchr::memchr(b'@', line)
                .is_none_or(|_| line.windows(2).any(|pair| pair == b"</" || pair == b"/>"))
    };
    let is_closed = |line: &&&[u8]| line.windows(2).any(|pair| pair == b"</" || pair == b"/>");
    lines.iter().filter(is_element).count() * 10 >= lines.len() * 9
        && lines.iter().any(|line| is_closed(&line))
}

/// Nearly all lines are `"key": value` or brackets, and at least one is such a pair.
fn is_spread_json(lines: &[&[u8]]) -> bool {
    let is_pair = |line: &&&[u8]| {
        line.strip_prefix(b"\"")
            .and_then(|rest| Some(&rest[memchr::memchr(b'"', rest)? + 1..]))
            .is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"))
    };
    let is_bracket = |line: &&&[u8]| {
        line.iter()
            .all(|byte| matches!(byte, b'{' | b'}' | b'[' | b']' | b',' | b' '))
    };
    let num_pairs = lines.iter().filter(is_pair).count();
    let num_brackets = lines.iter().filter(is_bracket).count();
    num_pairs > 0 && num_brackets > 0 && (num_pairs + num_brackets) * 10 >= lines.len() * 9
}

#[cfg(test)]
mod tests {
    use super::*;
    use leaksieve_core::IdentifierKind::{Email, Password, Phone, Username};

    #[test]
    fn documents() {
        for (kind, text, part) in [
            (
                Phone,
                "INSERT INTO `u` VALUES (1,'138','a'),(2,'139','b');\n",
                "SQL",
            ),
            (
                Password,
                "-- MySQL dump 10.13\n\nSET NAMES utf8;\ninsert into u values\n(1,'a'),\n(2,'b');\n",
                "SQL",
            ),
            (Username, "(1,'a'),\n(2,'b'),\n(3,'c');\n", "SQL"),
            (
                Username,
                "COPY public.users (id, name) FROM stdin;\n1\ta\n2\tb\n",
                "SQL",
            ),
            (
                Email,
                "<?xml version=\"1.0\"?>\n<users>\n<user>x</user>\n",
                "XML",
            ),
            (
                Username,
                "<users>\n<user>\n<name>alice</name>\n</user>\n</users>\n",
                "XML",
            ),
            (
                Username,
                "<row id=\"1\" name=\"alice\"/>\n<row id=\"2\" name=\"bob\"/>\n",
                "XML",
            ),
            (Email, "[\n {\"p\":1},\n {\"p\":2}\n]", "JSON arrays"),
            (Email, "[{\"p\":1},{\"p\":2}]", "JSON arrays"),
            (Password, "[\n\"a\",\n\"b\"\n]", "JSON arrays"),
            (Username, "[\"a\",\"b\"]\n", "JSON arrays"),
            (Username, "[1,\"a\"]\n[2,\"b\"]\n", "JSON arrays"),
            (
                Email,
                "<u m=\"a@example.com\"/>\n<u m=\"b@example.com\"/>\n",
                "XML",
            ),
            (
                Username,
                "{\n  \"name\": \"alice\",\n  \"id\": 7\n}\n",
                "JSON that",
            ),
            (
                Phone,
                "{\n  \"phone\": \"138\"\n},\n{\n  \"phone\": \"139\"\n}",
                "JSON that",
            ),
        ] {
            let found = look(text.as_bytes(), &Layout::LineOf(kind));
            assert!(
                found.is_some_and(|found| found.found.contains(part)),
                "{text}"
            );
        }
        for (kind, text) in [
            (Email, "<ann@example.com>\n<bob@example.com>\n"),
            (Password, "<3\n<script>\n{}\n[x]\n(a,b)\n--\n\"\"\"\n"),
            (Password, "insert into\nhunter2\nselect\n"),
            (Password, "{\n}\n[\n]\n"),
            (Password, "[1]\n"),
            (Password, "<a>\n"),
            (Password, ""),
        ] {
            assert!(
                look(text.as_bytes(), &Layout::LineOf(kind)).is_none(),
                "{text}"
            );
        }
    }
}
