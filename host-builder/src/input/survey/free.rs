//! Kinds without a syntax: passwords, user names, plain ids. A line may hold anything, so it is
//! the list that is judged, and a single odd line never changes.

use leaksieve_core::IdentifierKind;

use super::around::{around, escaped as in_sed};
use super::choose::{choose, several};
use super::columns::{Table, is_email};
use super::contents::{Content, choice};
use super::counting::{MANY, nearly_all, num, percent};
use super::divided::is_table;
use super::hash_lines::{HEX_REMEDY, NO_HASHES, in_base64, potfile, split};
use super::hashes::{Form, is_count, is_uuid};
use super::links::links;
use super::lost::{MAX_EXACT_DIGITS, is_scientific, rounded, scientific, with_point_zero};
use super::numbered::{self, bracket};
use super::parts::parts;
use super::refusal::{Refusal, pipe};
use super::scraped::in_a_part;
use super::subject::{Manner, Subject};
use super::two_lists::two_lists;
use super::words::words;
use super::wrap::{Wrapper, usual_pair, whole_number};
use super::writing::{ends, entities, escapes, url_encoding};

/// Fewest lines, for what nobody writes into an identifier, and for what hardly anybody does.
const FEW: usize = 5;
const MIN_QUOTED: usize = 3;
/// Fewest digits of an id in a list of few lines.
const MIN_ID_DIGITS: usize = 6;

/// Look at lines; `trimmed` are the same without the blanks around. `look_again` looks at what is
/// left when something was taken off.
pub(super) fn look(
    subject: &Subject<'_>,
    raw: &[&[u8]],
    trimmed: &[&[u8]],
    look_again: fn(&Subject<'_>, &[&[u8]]) -> Result<Manner, Refusal>,
) -> Result<Manner, Refusal> {
    let is_password = subject.kind == IdentifierKind::Password;
    let least = if is_password { MANY } else { FEW };
    let all = |num: usize, least: usize| num >= least && nearly_all(num, trimmed.len());
    if !is_password && all(num(trimmed, is_scientific), FEW) {
        return Err(scientific());
    }
    let mut take_off = None;
    // `1.0` is a version; what is longer is no number with a fraction.
    let is_long = |line: &[u8]| whole_number(line).is_some_and(|n| n.len() >= MIN_ID_DIGITS);
    let is_id = subject.kind == IdentifierKind::Id;
    if all(num(trimmed, |line| whole_number(line).is_some()), least)
        || (is_id && (all(num(trimmed, is_long), 1) || are_mixed(trimmed, is_long)))
    {
        let is_exact =
            |line: &[u8]| whole_number(line).is_none_or(|digits| digits.len() <= MAX_EXACT_DIGITS);
        if is_password || num(trimmed, is_exact) < trimmed.len() {
            return Err(with_point_zero());
        }
        take_off = Some(Wrapper::PointZero);
    }
    rounded(subject, trimmed)?;
    hashes(subject, trimmed)?;
    ends(trimmed)?;
    entities(trimmed)?;
    url_encoding(subject, trimmed)?;
    links(subject, trimmed)?;
    words(subject, trimmed)?;
    numbered::alone(subject, trimmed)?;
    if take_off.is_none() {
        numbered::in_front(subject, raw)?;
    }
    numbered::behind(subject, trimmed)?;
    columns(subject, trimmed)?;
    let take_off = match wrapper(subject, trimmed, least)? {
        Some(wrapper) => Some(wrapper),
        None => take_off,
    };
    let Some(wrapper) = take_off else {
        around(subject, trimmed)?;
        in_a_part(subject, trimmed)?;
        if subject.kind == IdentifierKind::Id {
            parts(subject, trimmed)?;
        }
        return Ok(Manner::default());
    };
    // What is in the quotes has to be an identifier, too.
    let inner: Vec<&[u8]> = trimmed
        .iter()
        .map(|line| wrapper.strip(line).unwrap_or(line))
        .collect();
    if look_again(subject, &inner)?.take_off.is_some() {
        return Err(Refusal::new(
            "two things around each identifier, one within the other",
            unwrap(trimmed),
        ));
    }
    Ok(Manner {
        take_off,
        is_international: false,
    })
}

/// Numbers of which a program wrote some with `.0`, and no other fraction.
fn are_mixed(lines: &[&[u8]], is_whole: impl Fn(&[u8]) -> bool) -> bool {
    let num_whole = num(lines, &is_whole);
    let is_other = |line: &[u8]| memchr::memchr(b'.', line).is_some() && !is_whole(line);
    num_whole >= FEW && num_whole * 100 >= lines.len() && num(lines, is_other) * 10 < num_whole
}

/// What stands around nearly all lines.
fn wrapper(
    subject: &Subject<'_>,
    trimmed: &[&[u8]],
    least: usize,
) -> Result<Option<Wrapper>, Refusal> {
    // A name or an id does not stand in a pair of them; a password may.
    let least_pairs = match subject.kind {
        IdentifierKind::Password => MIN_QUOTED,
        _ => 1,
    };
    for (wrapper, least) in [
        (Wrapper::Formula, 1),
        (Wrapper::Quotes, least_pairs),
        (Wrapper::Brackets, least_pairs),
        (Wrapper::Apostrophe, least),
        (Wrapper::Bullet, least),
    ] {
        let num_wrapped = num(trimmed, |line| wrapper.strip(line).is_some());
        if num_wrapped >= least && nearly_all(num_wrapped, trimmed.len()) {
            // Faces are drawn with them: (^_^)
            let has_words = |line: &[u8]| {
                let inner = wrapper.strip(line).unwrap_or_default();
                inner
                    .iter()
                    .any(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii())
            };
            if !nearly_all(num(trimmed, has_words), trimmed.len()) {
                return Ok(None);
            }
            escapes(trimmed)?;
            return Ok(Some(wrapper));
        }
        let is_pair = matches!(wrapper, Wrapper::Quotes | Wrapper::Formula);
        if is_pair && trimmed.len() >= MANY && num_wrapped * 3 > trimmed.len() {
            return Err(Refusal::new(
                "quotation marks around many of the lines, and not around all",
                unwrap(trimmed),
            ));
        }
    }
    Ok(None)
}

/// The command that takes off the usual pair.
fn unwrap(lines: &[&[u8]]) -> String {
    let (open, close) = usual_pair(lines).unwrap_or(("\"", "\""));
    let (open, close) = (bracket(open), bracket(close));
    format!(
        "take them off: {}",
        pipe(&format!("sed -E 's/^{open}(.*){close}$/\\1/'"))
    )
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
        return if is_password {
            uncracked(lines)
        } else {
            Ok(())
        };
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

/// Passwords, and among them hashes that nobody cracked.
fn uncracked(lines: &[&[u8]]) -> Result<(), Refusal> {
    const MIN_PERCENT: usize = 5;
    let is_one = |line: &[u8]| {
        let has = |is: fn(&u8) -> bool| line.iter().any(is);
        matches!(Form::of(line), Some(Form::Hexadecimal(32 | 40 | 64 | 128)))
            && has(u8::is_ascii_alphabetic)
            && has(u8::is_ascii_digit)
            || matches!(
                Form::of(line),
                Some(Form::Salted | Form::MySql | Form::LdapSha1)
            )
    };
    let num_hashes = num(lines, is_one);
    if lines.len() < MANY || num_hashes < MIN_QUOTED || num_hashes * 100 < lines.len() * MIN_PERCENT
    {
        return Ok(());
    }
    Err(Refusal::new(
        "passwords, and hashes among them that nobody cracked: whoever has such a password would read \"not exposed\"",
        format!(
            "make a filter of the hashes by themselves, if they are SHA-1 or NTLM, and leave them out here: {}",
            pipe(
                r"grep -avE '^[[:space:]]*((0[xX])?([0-9A-Fa-f]{32}|[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{128})|[*][0-9A-Fa-f]{40}|[$][0-9A-Za-z-]+[$].*|[{](SSHA|SHA|SMD5|CRYPT)[^}]*[}].*)[[:space:]]*$'"
            )
        ),
    ))
}

/// Several columns.
fn columns(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    for table in Table::all(lines, percent(lines.len())) {
        // What has no words is no cell, but stands around: `ann:)`, `"<ann>"`.
        let is_mark = |cell: &[u8]| !cell.is_empty() && cell.iter().all(u8::is_ascii_punctuation);
        if table.separator != b"\t" && !table.columns_of(lines, &is_mark).is_empty() {
            continue;
        }
        let contents = table.contents(lines);
        if is_table(subject, &table, &contents, lines) {
            hashes_in(subject, &table, &contents, lines)?;
            let column = choice(subject.kind, &table, &contents, lines);
            return Err(match table.separator.as_slice() {
                [_] if lines.len() == 1 && table.num_columns > 2 => several(&table),
                _ => choose(subject, &table, column, lines),
            });
        }
    }
    // Signs that are common within names and words: ann@example.com-secret.
    for separator in ["-", "_", "+", "*"] {
        let Some(table) = Table::with(lines, separator.as_bytes(), percent(lines.len())) else {
            continue;
        };
        let contents = table.contents(lines);
        let is_beside_address = contents.first() == Some(&Content::Email)
            && contents.get(1) == Some(&Content::Text)
            && !nearly_all(num(lines, is_email), lines.len());
        if lines.len() >= MIN_QUOTED && is_beside_address {
            let column = choice(subject.kind, &table, &contents, lines);
            return Err(choose(subject, &table, column, lines));
        }
    }
    let is_address_and_more =
        |line: &[u8]| memchr::memrchr(b'@', line).is_some_and(|at| is_email(&line[..at]));
    if lines.len() >= MIN_QUOTED && nearly_all(num(lines, is_address_and_more), lines.len()) {
        let command = match subject.kind {
            IdentifierKind::Password => "sed 's/.*@//'",
            _ => "sed 's/@[^@]*$//'",
        };
        return Err(Refusal::new(
            "addresses with @ and something more after them",
            format!("keep one of the two: {}", pipe(command)),
        ));
    }
    behind_addresses(subject, lines)?;
    two_lists(subject, lines)
}

/// Addresses in front of something else, whatever stands between.
fn behind_addresses(subject: &Subject<'_>, lines: &[&[u8]]) -> Result<(), Refusal> {
    let is_of_address = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'+' | b'@' | b'%')
    };
    let rest = |line: &&[u8]| -> Option<Vec<u8>> {
        let end = line.iter().take_while(|byte| is_of_address(byte)).count();
        let rest = line.get(end..).filter(|rest| rest.len() > 1)?;
        is_email(&line[..end]).then(|| rest.to_vec())
    };
    let rests: Vec<Vec<u8>> = lines.iter().filter_map(rest).collect();
    if subject.kind != IdentifierKind::Password
        || lines.len() < MIN_QUOTED
        || !nearly_all(rests.len(), lines.len())
    {
        return Ok(());
    }
    // What all of them begin with stands between.
    let text = |rest: &Vec<u8>| String::from_utf8_lossy(rest).into_owned();
    let mut between: String = rests.first().map(text).unwrap_or_default();
    for other in rests.iter().map(text) {
        let same = between
            .chars()
            .zip(other.chars())
            .take_while(|(a, b)| a == b);
        between = same
            .map(|(c, _)| c)
            .take_while(|c| !c.is_alphanumeric())
            .collect();
    }
    let remedy = if between.is_empty() || between.chars().any(|c| c.is_ascii_control()) {
        "keep what people type, one a line".to_owned()
    } else {
        let command = format!("sed 's/^[A-Za-z0-9._%+@-]*{}//'", in_sed(&between));
        format!("if those are the passwords, keep them: {}", pipe(&command))
    };
    Err(Refusal::new("addresses with something after them", remedy))
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
