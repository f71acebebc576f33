//! Kinds without a syntax: passwords, user names, plain ids. A line may hold anything, so it is
//! the list that is judged, and a single odd line never changes.

use leaksieve_core::IdentifierKind;

use super::columns::{Content, Table, is_email};
use super::hash_lines::{HEX_REMEDY, NO_HASHES, in_base64, potfile, split};
use super::hashes::{Form, is_count, is_uuid};
use super::look::{
    Manner, Place, Subject, choose, escaped, is_indented, is_scientific, look as look_again,
    nearly_all, num, percent, pipe, scientific, several, with_point_zero, without_counts,
};
use super::refuse::Refusal;
use super::wrap::{Wrapper, counted, whole_number};
use super::writing::{entities, escapes, is_link, links};

/// So many lines that are alike by chance are no list of passwords.
const MANY: usize = 20;
/// Fewest lines, for what nobody writes into an identifier, and for what hardly anybody does.
const FEW: usize = 5;
const MIN_QUOTED: usize = 3;
/// Fewest lines of which a tenth is enough.
const MIN_MIXED: usize = 50;
/// Digits that a floating-point number keeps.
const MAX_EXACT_DIGITS: usize = 15;

/// Look at lines; `trimmed` are the same without the blanks around.
pub(super) fn look(
    subject: &Subject<'_>,
    raw: &[&[u8]],
    trimmed: &[&[u8]],
) -> Result<Manner, Refusal> {
    let is_password = subject.kind == IdentifierKind::Password;
    let least = if is_password { MANY } else { FEW };
    let all = |num: usize, least: usize| num >= least && nearly_all(num, trimmed.len());
    if !is_password && all(num(trimmed, is_scientific), FEW) {
        return Err(scientific());
    }
    let mut take_off = None;
    if all(num(trimmed, |line| whole_number(line).is_some()), least) {
        let is_exact =
            |line: &[u8]| whole_number(line).is_none_or(|digits| digits.len() <= MAX_EXACT_DIGITS);
        if is_password || num(trimmed, is_exact) < trimmed.len() {
            return Err(with_point_zero());
        }
        take_off = Some(Wrapper::PointZero);
    }
    hashes(subject, trimmed)?;
    entities(trimmed)?;
    links(subject, trimmed)?;
    counts(subject, raw, trimmed)?;
    columns(subject, trimmed)?;
    for (wrapper, least) in [
        (Wrapper::Quotes, MIN_QUOTED),
        (Wrapper::Apostrophe, least),
        (Wrapper::Bullet, least),
    ] {
        let num_wrapped = num(trimmed, |line| wrapper.strip(line).is_some());
        if all(num_wrapped, least) {
            escapes(trimmed)?;
            take_off = Some(wrapper);
            break;
        }
        if wrapper == Wrapper::Quotes && trimmed.len() >= MANY && num_wrapped * 3 > trimmed.len() {
            return Err(Refusal::new(
                "quotation marks around many of the lines, and not around all",
                format!("take them off: {}", pipe(r#"sed -E 's/^"(.*)"$/\1/'"#)),
            ));
        }
    }
    if let Some(wrapper) = take_off {
        // What is in the quotes has to be an identifier, too.
        let inner: Vec<&[u8]> = trimmed
            .iter()
            .map(|line| wrapper.strip(line).unwrap_or(line))
            .collect();
        look_again(subject, &inner)?;
    }
    Ok(Manner {
        take_off,
        is_international: false,
    })
}

/// Hashes in place of what they are of.
fn hashes(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    let is_password = subject.kind == IdentifierKind::Password;
    // Ids are often UUIDs.
    if !is_password && nearly_all(num(lines, is_uuid), lines.len()) {
        return Ok(());
    }
    let form = |line: &[u8]| Form::of(line).or_else(|| Form::of(split(line).0));
    let of = |wanted: &dyn Fn(Form) -> bool| num(lines, |line| form(line).is_some_and(wanted));
    let num_hashes = of(&|_| true);
    // Base64 may be a password that a program made.
    let num_sure = of(&|form| !matches!(form, Form::Base64(_)));
    // What nobody types is known from one line.
    let num_typical = of(&|form| {
        matches!(
            form,
            Form::Hexadecimal(27 | 32 | 35 | 40) | Form::Salted | Form::LdapSha1 | Form::MySql
        )
    });
    let is_list = if is_password {
        nearly_all(num_typical, lines.len())
            || (num_hashes >= FEW && nearly_all(num_hashes, lines.len()))
            || (lines.len() >= MANY && num_sure * 2 >= lines.len())
    } else {
        num_hashes >= MANY && nearly_all(num_hashes, lines.len())
    };
    if !is_list {
        return Ok(());
    }
    if !is_password {
        return Err(Refusal::new(
            "hashes of identifiers, and a person asks for the identifier itself",
            "no filter can be made of them, unless people know these digits as their own",
        ));
    }
    let has_more = |line: &[u8]| {
        Form::of(line).is_none()
            && split(line)
                .1
                .is_some_and(|rest| !rest.is_empty() && !is_count(rest))
    };
    if num(lines, has_more) * 2 > lines.len() {
        return Err(potfile(subject, lines));
    }
    let most = |wanted: &dyn Fn(Form) -> bool| of(wanted) * 2 > num_hashes;
    Err(
        if most(&|form| matches!(form, Form::Hexadecimal(40 | 35))) {
            Refusal::new(
                "SHA-1 hashes of passwords, not passwords",
                "give --kind sha1",
            )
        } else if most(&|form| matches!(form, Form::Hexadecimal(32 | 27))) {
            Refusal::new(
                "hashes of passwords, not passwords",
                "give --kind ntlm if they are NTLM hashes; MD5 hashes are not read",
            )
        } else if most(&|form| matches!(form, Form::LdapSha1)) {
            Refusal::new("SHA-1 hashes in Base64, not passwords", HEX_REMEDY)
        } else if most(&|form| matches!(form, Form::Base64(_) | Form::LdapSha1)) {
            in_base64(
                subject,
                most(&|form| matches!(form, Form::Base64(20) | Form::LdapSha1)),
            )
        } else {
            Refusal::new("hashes of passwords, not passwords", NO_HASHES)
        },
    )
}

/// Counts and ranks, in front or behind.
fn counts(subject: &Subject<'_>, raw: &[&[u8]], lines: &[&[u8]]) -> Result<(), Refusal> {
    let is_counted = |line: &[u8]| counted(line).is_some() && memchr::memchr(b'\t', line).is_none();
    let num_counted = num(raw, is_counted);
    let is_all = nearly_all(num_counted, lines.len());
    // As `uniq -c` writes them, or in so many lines that it is no chance.
    let is_indented = num(raw, |line| is_indented(line) && is_counted(line)) * 2 > lines.len();
    let has_letters = |line: &[u8]| {
        counted(line).is_some_and(|rest| {
            rest.iter()
                .any(|byte| !byte.is_ascii_digit() && *byte != b' ')
        })
    };
    let is_text = subject.kind != IdentifierKind::Id || num(lines, has_letters) * 2 > lines.len();
    if is_all && ((is_indented && num_counted >= MIN_QUOTED) || (num_counted >= MANY && is_text)) {
        return Err(Refusal::new(
            "identifiers with counts or ranks in front",
            without_counts(raw),
        ));
    }
    // Behind a blank or a colon.
    for (separator, name) in [(b' ', "a blank"), (b':', "a colon")] {
        let is_counted = |line: &[u8]| {
            memchr::memrchr(separator, line).is_some_and(|at| {
                let (text, count) = (&line[..at], &line[at + 1..]);
                let is_digits =
                    !count.is_empty() && count.len() <= 10 && count.iter().all(u8::is_ascii_digit);
                is_digits
                    && text
                        .iter()
                        .any(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii())
            })
        };
        // Ids have such groups: 123 456, 02:00:5e.
        if subject.kind != IdentifierKind::Id
            && lines.len() >= MANY
            && nearly_all(num(lines, is_counted), lines.len())
        {
            let separator = char::from(separator);
            return Err(Refusal::new(
                format!("identifiers with a number behind {name}"),
                format!(
                    "if it is a count, take it off: {}",
                    pipe(&format!("sed -E 's/{separator}+[0-9]+$//'"))
                ),
            ));
        }
    }
    Ok(())
}

/// Several columns.
fn columns(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    for table in Table::all(lines, percent(lines.len())) {
        let contents = table.contents(lines);
        if is_table(subject, &table, &contents, lines) {
            hashes_in(subject, &table, &contents, lines)?;
            let column = choice(subject, &table, &contents, lines);
            return Err(match table.separator.as_slice() {
                [_] if lines.len() == 1 && table.num_columns > 2 => several(&table),
                _ => choose(subject, &table, column, lines),
            });
        }
    }
    if lines.len() < MIN_MIXED || subject.place == Place::Cells {
        return Ok(());
    }
    // Two lists in one: NAME:PASSWORD lines among others.
    for separator in [b':', b'\t', b'|', b';'] {
        let is_pair = |line: &[u8]| {
            memchr::memchr(separator, line).is_some_and(|at| {
                let is_known = subject.kind != IdentifierKind::Id || is_email(&line[..at]);
                at > 0 && at + 1 < line.len() && is_known
            })
        };
        let num_pairs = num(lines, is_pair);
        if num_pairs >= MANY && num_pairs * 10 >= lines.len() {
            let table = Table::divided_by(separator);
            let sign = escaped(&table.separator);
            let command = match subject.kind {
                IdentifierKind::Password => format!("sed 's|^[^{sign}]*{sign}||'"),
                _ => format!("sed 's|{sign}.*||'"),
            };
            return Err(Refusal::new(
                format!("two lists in one: many have {} within", table.words()),
                format!("keep one part of those lines: {}", pipe(&command)),
            ));
        }
    }
    Ok(())
}

/// Passwords that are in a table, but hashed.
fn hashes_in(
    subject: &Subject<'_>,
    table: &Table,
    contents: &[Content],
    lines: &[&[u8]],
) -> Result<(), Refusal> {
    let Some(column) = contents
        .iter()
        .position(|content| *content == Content::Hash)
    else {
        return Ok(());
    };
    let has_plain = contents
        .iter()
        .skip(column)
        .any(|content| *content == Content::Text);
    if subject.kind != IdentifierKind::Password || has_plain {
        return Ok(());
    }
    let has_form = |wanted| {
        let is_so = |cell: &[u8]| Form::of(cell) == Some(wanted);
        table.columns_of(lines, &is_so).contains(&column)
    };
    let options = format!("--column {} --delimiter {}", column + 1, table.option());
    Err(Refusal::new(
        "a table with hashes of passwords, not passwords",
        if has_form(Form::Hexadecimal(40)) {
            format!("give --kind sha1 {options}")
        } else if has_form(Form::Hexadecimal(32)) {
            format!("give --kind ntlm {options} if they are NTLM hashes; MD5 hashes are not read")
        } else {
            NO_HASHES.to_owned()
        },
    ))
}

/// Would nobody's list of this kind be divided like this?
fn is_table(subject: &Subject<'_>, table: &Table, contents: &[Content], lines: &[&[u8]]) -> bool {
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
    // `Ann Lee` is a name; `ann hunter2` is two things.
    if table.separator.iter().all(|byte| *byte == b' ') {
        let is_mixed = |line: &[u8]| {
            line.iter().any(|byte| {
                !byte.is_ascii_alphabetic()
                    && byte.is_ascii()
                    && !matches!(byte, b' ' | b'.' | b'-' | b'\'')
            })
        };
        return subject.kind != IdentifierKind::Id
            && is_many
            && (has(Content::Email)
                || has(Content::Hash)
                || num(lines, is_mixed) * 10 >= num_lines * 6);
    }
    let is_known = has(Content::Email)
        || (has(Content::Hash) && contents.len() > 1)
        || (num_lines > 1 && table.has_names(lines) && !matches!(separator, b"-" | b"_" | b"/"));
    match subject.kind {
        IdentifierKind::Password => {
            is_known
                || (is_many
                    && !matches!(
                        table.separator.as_slice(),
                        b"/" | b"#" | b"&" | b">" | b"\\" | b"__"
                    ))
                || (num_lines >= MIN_QUOTED && (separator.len() >= 4 || table.separator == b"\t"))
                || (num_lines > FEW && matches!(table.separator.as_slice(), b":" | b";" | b"|"))
        }
        IdentifierKind::Id => match table.separator.as_slice() {
            b"/" | b" / " | b" - " | b"--" | b"__" => false,
            b":" | b"::" if is_groups(table, lines) => false,
            _ => {
                is_known
                    || is_plain
                    || is_many
                    || (is_long && num_lines >= MIN_QUOTED)
                    || table.separator == b","
            }
        },
        _ => {
            is_known
                || is_plain
                || is_many
                || (is_long && num_lines >= MIN_QUOTED)
                || (table.separator == b","
                    || (separator.len() == 1 && table.separator.len() > 1 && num_lines >= FEW))
        }
    }
}

/// Short hexadecimal parts, as addresses of machines have.
fn is_groups(table: &Table, lines: &[&[u8]]) -> bool {
    let is_group = |cell: &[u8]| cell.len() <= 4 && cell.iter().all(u8::is_ascii_hexdigit);
    table.num_columns > 2
        && num(lines, |line| table.cells(line).all(is_group)) * 10 >= lines.len() * 9
}

/// The column that is probably meant, counted from 0.
fn choice(subject: &Subject<'_>, table: &Table, contents: &[Content], lines: &[&[u8]]) -> usize {
    let texts: Vec<usize> = (0..contents.len())
        .filter(|column| contents.get(*column) == Some(&Content::Text))
        .collect();
    let numbers = contents
        .iter()
        .position(|content| *content == Content::Number);
    let is_path = matches!(table.separator.as_slice(), b"/" | b"\\");
    let first = texts.first().copied();
    let column = match subject.kind {
        // LINK:NAME:PASSWORD; a link has a colon, too.
        IdentifierKind::Password
            if table.separator == b":" && nearly_all(num(lines, is_link), lines.len()) =>
        {
            texts.last().copied()
        }
        // NAME:PASSWORD, ADDRESS:PASSWORD, or PASSWORD and a count.
        IdentifierKind::Password => match (texts.as_slice(), contents) {
            ([_, second, ..], _) => Some(*second),
            ([only], _) => Some(*only),
            ([], [_, .., last]) if *last != Content::Blank => Some(contents.len() - 1),
            _ => None,
        },
        IdentifierKind::Id => numbers.or(first),
        _ if is_path => texts.last().copied(),
        _ => contents
            .iter()
            .position(|content| matches!(content, Content::Text | Content::Email)),
    };
    column.unwrap_or(0)
}
