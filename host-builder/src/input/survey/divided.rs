//! Signs between words, in kinds without a syntax: is it a table, or do identifiers have them?

use leaksieve_core::IdentifierKind;

use super::columns::Table;
use super::contents::Content;
use super::counting::{MANY, nearly_all, num};
use super::subject::Subject;

/// Fewest lines, for what hardly anybody writes into an identifier, and for the rest.
const MIN_LINES: usize = 3;
const FEW: usize = 5;

/// Would nobody's list of this kind be divided like this?
pub(super) fn is_table(
    subject: &Subject<'_>,
    table: &Table,
    contents: &[Content],
    lines: &[&[u8]],
) -> bool {
    let num_lines = lines.len();
    let has = |content| contents.contains(&content);
    let separator = table.separator.trim_ascii();
    let is_list = matches!(table.separator.as_slice(), b", " | b"; " | b": ");
    let is_plain =
        matches!(separator, b";" | b"|" | b":" | b"") && !is_list && table.separator != b" ";
    let is_long = separator.len() > 1 && separator.first() == separator.last();
    let is_many = num_lines >= MANY;
    // Some services tell people of one name apart in this way: alice#0001.
    let is_discriminator = |line: &[u8]| {
        let number = line.rsplit(|byte| *byte == b'#').next().unwrap_or_default();
        number.len() == 4 && number.iter().all(u8::is_ascii_digit)
    };
    if subject.kind == IdentifierKind::Username
        && table.separator == b"#"
        && table.num_columns == 2
        && nearly_all(num(lines, is_discriminator), num_lines)
    {
        return false;
    }
    // `Lee, Ann` is a name.
    let is_full_name = |line: &[u8]| {
        let text = String::from_utf8_lossy(line);
        let is_of_name =
            |c: char| c.is_alphabetic() || matches!(c, ' ' | '.' | '-' | '\'' | '’' | ',');
        text.contains(", ") && text.chars().all(is_of_name)
    };
    if subject.kind == IdentifierKind::Username
        && separator == b","
        && table.num_columns == 2
        && !table.has_names(lines)
        && nearly_all(num(lines, is_full_name), num_lines)
    {
        return false;
    }
    // `Ann Lee` is a name; `ann hunter2` is two things. A year stands behind many words.
    if table.separator.iter().all(|byte| *byte == b' ') {
        let is_mixed_cell = |cell: &[u8]| {
            let has_sign = |byte: &u8| {
                byte.is_ascii_punctuation() && !matches!(byte, b'.' | b'-' | b'\'' | b',')
            };
            let has = |is: fn(&u8) -> bool| cell.iter().any(is);
            cell.iter().any(has_sign) || (has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic))
        };
        let is_mixed = |line: &[u8]| table.cells(line).any(is_mixed_cell);
        // A name and a password of more than letters, in most lines.
        let is_pair = |line: &[u8]| {
            let mut cells = table.cells(line);
            let is_name = |cell: &[u8]| cell.first().is_some_and(u8::is_ascii_alphabetic);
            cells.next().is_some_and(is_name) && cells.next().is_some_and(is_mixed_cell)
        };
        let are_pairs = table.num_columns == 2
            && num_lines > MIN_LINES
            && num(lines, is_pair) * 4 >= num_lines * 3;
        let is_known = has(Content::Email) || has(Content::Hash);
        return subject.kind != IdentifierKind::Id
            && ((is_known && num_lines >= MIN_LINES)
                || are_pairs
                || (is_many && num(lines, is_mixed) * 10 >= num_lines * 6));
    }
    let is_known = has(Content::Email)
        || (has(Content::Hash) && contents.len() > 1)
        || (num_lines > 1 && table.has_names(lines) && !matches!(separator, b"-" | b"_" | b"/"));
    if is_known {
        return true;
    }
    // A tab, as programs write it. (`CORP\tom` is a name, but not all names begin with a t.)
    if table.separator == b"\\t" && num_lines >= MIN_LINES {
        return true;
    }
    // In few lines a sign may be where it is by chance, if little stands beside it.
    let num_own = contents
        .iter()
        .filter(|content| matches!(content, Content::Text | Content::Number | Content::Count))
        .count();
    let are_long = |line: &[u8]| table.cells(line).all(|cell| cell.len() >= MIN_LINES);
    let is_short_table = num_lines >= MIN_LINES
        && table.num_columns == 2
        && num_own == 2
        && nearly_all(num(lines, are_long), num_lines);
    // Identifiers, and counts or ranks.
    let is_counted =
        num_lines >= MIN_LINES && has(Content::Text) && (has(Content::Rank) || has(Content::Count));
    match subject.kind {
        IdentifierKind::Password => {
            // A number behind a sign is what rules for passwords ask for.
            let is_of_words = matches!(
                separator,
                b"/" | b"#"
                    | b"&"
                    | b">"
                    | b"!"
                    | b"?"
                    | b"$"
                    | b"%"
                    | b"{"
                    | b"}"
                    | b"*"
                    | b"+"
                    | b"<"
            );
            if is_of_words {
                let has_letter = |cell: &[u8]| cell.iter().any(u8::is_ascii_alphabetic);
                let num_texts = table
                    .columns_of(lines, &has_letter)
                    .into_iter()
                    .filter(|column| contents.get(*column) == Some(&Content::Text))
                    .count();
                return (num_texts > 1 && (is_many || is_short_table))
                    || (is_counted && matches!(separator, b"/" | b">"));
            }
            is_many
                || is_short_table
                || is_counted
                || (num_lines >= MIN_LINES && (separator.len() >= 4 || table.separator == b"\t"))
                || (num_lines > FEW && matches!(table.separator.as_slice(), b":" | b";" | b"|"))
        }
        IdentifierKind::Id => match table.separator.as_slice() {
            b"/" | b" / " | b" - " | b"--" | b"__" => false,
            _ if table.is_dash() => false,
            b":" | b"::" if is_groups(table, lines) => false,
            b":" if nearly_all(num(lines, is_socket), num_lines) => false,
            _ => {
                is_plain
                    || is_many
                    || (table.separator.len() > 1 && num_lines >= MIN_LINES)
                    || table.separator == b","
            }
        },
        _ => {
            is_plain
                || is_many
                || (is_short_table && separator != b"__")
                || is_counted
                || (is_long && num_lines >= MIN_LINES)
                || (table.separator == b","
                    || (separator.len() == 1 && table.separator.len() > 1 && num_lines >= FEW))
        }
    }
}

fn is_socket(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_ok_and(|text| text.parse::<std::net::SocketAddr>().is_ok())
}

/// Short hexadecimal parts, as addresses of machines have.
fn is_groups(table: &Table, lines: &[&[u8]]) -> bool {
    let is_group = |cell: &[u8]| cell.len() <= 4 && cell.iter().all(u8::is_ascii_hexdigit);
    table.num_columns > 2
        && num(lines, |line| table.cells(line).all(is_group)) * 10 >= lines.len() * 9
}
