use leaksieve_core::IdentifierKind;

use super::*;
use crate::input::source::Column;
use crate::input::source::column::{Delimiter, NoDelimiter, Wanted};
use crate::input::source::error::SourceError;
use crate::input::source::input::Input;
use crate::input::source::record::Fault;

/// A cell or what is wrong with its row, and its line.
type Found = (Result<String, Fault>, u64);

/// The records of a column, or what is wrong, with their lines; or what the error says.
fn read_table(
    table: &[u8],
    column: &str,
    delimiter: Option<&str>,
    kind: IdentifierKind,
) -> Result<Vec<Found>, String> {
    let mut cells = Vec::new();
    let column = Column::from_argument(column);
    let wanted = Wanted {
        column: &column,
        delimiter: delimiter.map(|text| text.parse().unwrap()),
        kind,
    };
    read(0, &Input::Stdin, table, false, wanted, &mut |batch| {
        batch.for_each(|record| {
            let text = String::from_utf8(record.text.to_vec()).unwrap();
            cells.push((record.fault.map_or(Ok(text), Err), record.line));
        });
        Ok::<_, SourceError>(())
    })
    .map_err(|error| error.to_string())?;
    Ok(cells)
}

/// The cells that are not at fault, and how many are.
fn cells(
    table: &str,
    column: &str,
    delimiter: Option<&str>,
    kind: IdentifierKind,
) -> (Vec<String>, usize) {
    let records = read_table(table.as_bytes(), column, delimiter, kind)
        .unwrap_or_else(|error| panic!("{table}: {error}"));
    let num_records = records.len();
    let good: Vec<String> = records
        .into_iter()
        .filter_map(|(cell, _)| cell.ok())
        .collect();
    let num_bad = num_records - good.len();
    (good, num_bad)
}

#[test]
fn lines_and_faults() {
    let table =
        "1,a,x\n2,\"b,\"\"b\",y\r\n\r\n3,,z\n4\n5,\"c\nc\",\n6,d,\n7,\"e\"e,x\n8,f,x,y\n9,g\rh,x\n";
    let expected = [
        (Ok("a"), 1),
        (Ok("b,\"b"), 2),
        (Ok(""), 4),
        (Err(Fault::FewerCells), 5),
        (Err(Fault::LineEndInQuotes), 7),
        (Ok("d"), 8),
        (Err(Fault::QuoteWithin), 9),
        (Err(Fault::MoreCells), 10),
        (Err(Fault::ReturnWithin), 11),
        (Err(Fault::ReturnWithin), 11),
    ];
    let expected = expected.map(|(cell, line)| (cell.map(str::to_owned), line));
    let found = read_table(table.as_bytes(), "2", None, IdentifierKind::Username);
    assert_eq!(found.unwrap(), expected);
}

/// Cells of several lines are read, unless their lines could be rows.
#[test]
fn cells_of_several_lines() {
    for (table, column, num_good, num_bad) in [
        ("1,ann,\"12 Main St,\nSpringfield\"\n2,bob,x\n", "2", 2, 0),
        ("\"a\n\nb, c\",ann,x\n2,bob,x\n", "2", 2, 0),
        ("1,\"ann\n\",x\n2,bob,x\n", "2", 2, 0),
        ("1,\"ann\nlee\",x\n2,bob,x\n", "2", 1, 1),
        // A stray quotation mark.
        ("1,ann,\"x\n2,bob,y\n3,carl,z\"\n4,dora,x\n", "2", 2, 2),
        ("1,\"ann,x\n2,bob\",x\n3,carl,x\n", "2", 1, 2),
        ("1,\"ann,x\n2,bob,y\n", "2", 0, 3),
    ] {
        let found = read_table(table.as_bytes(), column, None, IdentifierKind::Username).unwrap();
        let num_found = found.iter().filter(|(cell, _)| cell.is_ok()).count();
        let found = (num_found, found.len() - num_found);
        assert_eq!(found, (num_good, num_bad), "{table}");
    }
}

/// NAME;PASSWORD lines, with semicolons in passwords.
#[test]
fn the_second_of_two_columns_takes_the_rest() {
    use IdentifierKind::{Password, Username};
    let many = |row: &str| row.repeat(20);
    for (table, column, kind, last, num_bad) in [
        (
            format!("{}bob;p;w\n", many("ann;x\n")),
            "2",
            Password,
            "p;w",
            0,
        ),
        (
            format!("{}bob,\"p,w\n", many("ann,x\n")),
            "2",
            Password,
            "\"p,w",
            0,
        ),
        (
            format!("{}bob;p;w\n", many("ann;x\n")),
            "1",
            Password,
            "ann",
            1,
        ),
        (
            format!("{}bob;p;w\n", many("ann;x\n")),
            "2",
            Username,
            "x",
            1,
        ),
        (
            format!("{}bob;p;w\n", many("ann;\"x\"\n")),
            "2",
            Password,
            "x",
            1,
        ),
        (
            format!("{}bob;p;w\n", many("ann;x;y\n")),
            "2",
            Password,
            "p",
            0,
        ),
    ] {
        let found = cells(&table, column, None, kind);
        let found = (found.0.last().map(String::as_str), found.1);
        assert_eq!(found, (Some(last), num_bad), "{table}");
    }
}

/// Rows that go on over the end of a batch, and over its line ends.
#[test]
fn wherever_batches_end() {
    for padding in (1 << 20) - 40..(1 << 20) + 5 {
        let first = format!("1,{}\n", "x".repeat(padding - 1000));
        let filler = "2,y\n".repeat(250);
        let table = format!("{first}{filler}3,\"a\nb\"\"c\"\n4,d\n");
        let found = read_table(
            table.as_bytes(),
            "2",
            Some("comma"),
            IdentifierKind::Username,
        );
        let found = &found.unwrap()[251..];
        let expected = [
            (Err(Fault::LineEndInQuotes), 253),
            (Ok("d".to_owned()), 254),
        ];
        assert_eq!(found, expected, "{padding}");
    }
}

/// A quotation mark that is never closed swallows the rows behind it: each is counted.
#[test]
fn swallowed_rows_are_counted() {
    let (_, num_bad) = cells(
        "1,a\n2,\"b\n3,c\n4,d\n",
        "2",
        None,
        IdentifierKind::Username,
    );
    assert!(num_bad >= 2, "{num_bad}");
    // Blank lines and CR LF are no such thing.
    for table in [
        "\r\n\r\n1,a\r\n\r\n\r\n2,b\r\n",
        "\n1,a\n\n\n2,b",
        "1,a\r\n2,b\r\n\r\n",
        "1,a\r\r\n2,b\r\r\n",
        "1,\"a\"\r\r\n2,b\r\r\n",
    ] {
        let found = cells(table, "2", None, IdentifierKind::Username);
        assert_eq!(
            found,
            (vec!["a".to_owned(), "b".to_owned()], 0),
            "{table:?}"
        );
    }
    // As the parser of rows has it, wherever the text ends.
    let form = row::Form {
        delimiter: Delimiter::Byte(b','),
        quote: Some(b'"'),
        is_padded: false,
        has_rest: false,
    };
    let table = b"\xEF\xBB\xBF\"a\",\"b\nb\"\"\n\",x\"y\n\n\"c\"c,\"\n\"\nd,\"\"\"\n\"\r\n";
    for end in 0..=table.len() {
        let (mut at, mut open) = (0, None);
        while at < end {
            let row = form.row(&table[at..end], None, &mut Vec::new(), |_, _| ());
            open = row.is_open.then_some(at);
            at += row.num_bytes;
        }
        assert_eq!(form.open_row(&table[..end]), open, "{end}");
    }
    let mut endless = b"1,a\n2,\"".to_vec();
    endless.extend(b"x\n".repeat(1 << 20));
    let error = read_table(&endless, "2", None, IdentifierKind::Username).unwrap_err();
    assert!(
        error.contains("line 2") && error.contains("quotation mark"),
        "{error}"
    );
}

#[test]
fn how_tables_are_written() {
    use IdentifierKind::{Password, Phone, Username};
    let many = |row: &str| row.repeat(20);
    for (table, column, delimiter, kind, first, num_bad) in [
        // The delimiter of most lines, not of the first.
        (
            format!("UTF-8, 2024, a, b\n{}", many("ann;a@x;1\n")),
            "1",
            None,
            Username,
            "ann",
            1,
        ),
        (
            many("1\ta, b; c|d\tx\n"),
            "2",
            None,
            Username,
            "a, b; c|d",
            0,
        ),
        (
            "id,name\n1,a|b|c\n2,d\n".to_owned(),
            "name",
            None,
            Username,
            "a|b|c",
            0,
        ),
        // By name: what stands above the names is no data.
        (
            format!("A title\n\nid;user\n{}", many("1;ann\n")),
            "user",
            None,
            Username,
            "ann",
            0,
        ),
        (
            "sep=;\nid;a,b\n1;ann,bob\n".to_owned(),
            "a,b",
            None,
            Username,
            "ann,bob",
            0,
        ),
        (
            "\"sep=|\"\r\n1|ann\r\n".to_owned(),
            "2",
            None,
            Username,
            "ann",
            0,
        ),
        (
            "\u{FEFF}user,id\nann,1\n".to_owned(),
            "USER ",
            None,
            Username,
            "ann",
            0,
        ),
        (
            " id , user \n1,ann\n".to_owned(),
            "user",
            None,
            Username,
            "ann",
            0,
        ),
        (
            "user,x,user\nbob,1,ann\n".to_owned(),
            "user#3",
            None,
            Username,
            "ann",
            0,
        ),
        (
            "id,user#3\n1,ann\n".to_owned(),
            "user#3",
            None,
            Username,
            "ann",
            0,
        ),
        // A delimiter at the end of the rows, or of the names.
        (
            format!("id,user\n{}", many("1,ann,\n")),
            "user",
            None,
            Username,
            "ann",
            0,
        ),
        (
            format!("id,user,\n{}", many("1,ann\n")),
            "user",
            None,
            Username,
            "ann",
            0,
        ),
        // Quoted, also where that is not usual; blanks around.
        (many("\"1\"\t\"ann\"\n"), "2", None, Username, "ann", 0),
        ("\"1\"\t\"ann\"\n".to_owned(), "2", None, Username, "ann", 0),
        (many("1\t\"ann\"\n"), "2", None, Username, "ann", 0),
        ("1\t\"ann\"\n".to_owned(), "2", None, Username, "\"ann\"", 0),
        (
            many("'1','a,nn'\n"),
            "2",
            Some("comma"),
            Username,
            "a,nn",
            0,
        ),
        (many("1,'O''Neil'\n"), "2", None, Username, "O'Neil", 0),
        (
            "id, user\n1, ann\n2, bob\n".to_owned(),
            "2",
            None,
            Username,
            "user",
            0,
        ),
        (many("1, \"a, nn\"\n"), "2", None, Username, "a, nn", 0),
        (many(" 1 | ann | x\n"), "2", None, Username, "ann", 0),
        (many("ann : pw\n"), "1", Some("colon"), Username, "ann", 0),
        (
            format!("{}1, ann\n", many("1,bob\n")),
            "2",
            None,
            Username,
            "bob",
            0,
        ),
        (many("\"ann\"\n"), "1", None, Username, "ann", 0),
        (
            "mail\na@x.de\n".to_owned(),
            "mail",
            None,
            Username,
            "a@x.de",
            0,
        ),
        // Other delimiters; the last column takes the rest.
        (
            "a@x:pa:ss\nb@x:pw\n".to_owned(),
            "2",
            Some("colon"),
            Password,
            "pa:ss",
            0,
        ),
        (
            "a@x:pa:ss\nb@x:pw\nc@x\n".to_owned(),
            "1",
            Some("colon"),
            Password,
            "a@x",
            1,
        ),
        (
            "a@x:\"pa\"ss\n".to_owned(),
            "2",
            Some("colon"),
            Password,
            "\"pa\"ss",
            0,
        ),
        (
            format!("a:b:c:d\n{}", many("ann:pw:x\n")),
            "3",
            Some("colon"),
            Username,
            "c:d",
            0,
        ),
        (
            format!("a:b:c:d\n{}", many("ann:pw:x\n")),
            "2",
            Some("colon"),
            Username,
            "pw",
            1,
        ),
        (
            many("ann----pw----x\n"),
            "1",
            Some("----"),
            Username,
            "ann",
            0,
        ),
        (many("ann # p # q\n"), "3", Some(" # "), Username, "q", 0),
        (many("ann=pw\n"), "2", Some("="), Username, "pw", 0),
        (many("ann\tpw\n"), "2", Some(r"\t"), Username, "pw", 0),
        (
            format!("   12 pass word\n{}", many("    1 ann\n")),
            "2",
            Some("blank"),
            Password,
            "pass word",
            0,
        ),
        // Cells without anything.
        (
            format!("1,NULL\n{}", many("1,ann\n")),
            "2",
            None,
            Password,
            "",
            0,
        ),
        (
            format!("1,\\N\n{}", many("1,ann\n")),
            "2",
            None,
            Password,
            "",
            0,
        ),
        (
            format!("1,null\n{}", many("1,ann\n")),
            "2",
            None,
            Password,
            "null",
            0,
        ),
        (
            format!("1,\"NULL\"\n{}", many("1,ann\n")),
            "2",
            None,
            Password,
            "NULL",
            0,
        ),
        (
            "ann:NULL\n".to_owned(),
            "2",
            Some("colon"),
            Password,
            "NULL",
            0,
        ),
        (
            format!("1,null\n{}", many("1,138\n")),
            "2",
            None,
            Phone,
            "",
            0,
        ),
        (
            format!("1,(null)\n{}", many("1,138\n")),
            "2",
            None,
            Phone,
            "",
            0,
        ),
    ] {
        let found = cells(&table, column, delimiter, kind);
        let found = (found.0.first().map(String::as_str), found.1);
        assert_eq!(found, (Some(first), num_bad), "{table}");
    }
}

/// A table that may be another than is meant is refused, with the way out, and without a
/// word of its data.
#[test]
fn refused_tables() {
    let many = |row: &str| row.repeat(20);
    for (table, column, delimiter, parts) in [
        (
            many("ann:secret\n"),
            "1",
            None,
            vec!["is colon the delimiter?"],
        ),
        (
            many("ann:secret\n"),
            "user",
            None,
            vec!["is colon the delimiter?"],
        ),
        (
            many("ann----secret\n"),
            "1",
            None,
            vec!["is '----' the delimiter?"],
        ),
        (
            many("ann # secret\n"),
            "2",
            None,
            vec!["is ' # ' the delimiter?"],
        ),
        (
            many("ann,secret\n"),
            "2",
            Some("colon"),
            vec!["is comma the delimiter?"],
        ),
        (
            many("ann\n"),
            "1",
            None,
            vec!["the whole line would be read"],
        ),
        (
            many("ann secret\n"),
            "2",
            None,
            vec!["the whole line would be read"],
        ),
        (
            many("ann,secret\n"),
            "3",
            None,
            vec!["no column 3", "2 columns"],
        ),
        (
            many("ann,secret\n"),
            "mail",
            None,
            vec![
                "no column named \"mail\"",
                "2 columns (their shapes: 1: aaa 100 %",
            ],
        ),
        (
            "id,user,pw\n1,ann,secret\n".to_owned(),
            "mail",
            None,
            vec!["3 columns: \"id\", \"user\", \"pw\""],
        ),
        (
            "a,b,c\n1,ann,secret\n".to_owned(),
            "mail",
            None,
            vec!["3 columns."],
        ),
        // A cell that is missing makes no row of names, nor does a name that is a word.
        (
            format!("annlee,none,secret\n{}", many("bob1,138001,rom\n")),
            "mail",
            None,
            vec!["3 columns (their shapes: 1: aaa9 95 %; 2: 999999 95 %; 3: aaa 95 %)"],
        ),
        (
            format!("id,E-Mail,userName,Ann\n{}", many("1,x,y,z\n")),
            "pw",
            None,
            vec!["4 columns: \"id\", \"E-Mail\", \"userName\", \"Ann\"."],
        ),
        // A name in a later row is one of its cells.
        (
            format!("bob,x\nuser,secret\n{}", many("bob,y\n")),
            "user",
            None,
            vec!["no column named \"user\""],
        ),
        (
            "user,ann@secret.de\nbob,bob@x.de\n".to_owned(),
            "user",
            None,
            vec!["no column named \"user\""],
        ),
        (
            "ann,a@x.de\nbob,secret\n".to_owned(),
            "mail",
            None,
            vec!["2 columns."],
        ),
        (
            "phone,x,Phone,phone\n1,2,3,4\n".to_owned(),
            "phone",
            None,
            vec!["columns 1 and 4", "'phone#4'"],
        ),
        (
            format!("user,pw\n{}", many("1,ann,secret\n")),
            "user",
            None,
            vec!["2 cells", "3"],
        ),
        (
            many("INSERT INTO u VALUES (1,'ann','secret'),(2,'ann','x');\n"),
            "2",
            None,
            vec!["perl -ne"],
        ),
        (many("(1,'ann','secret'),\n"), "2", None, vec!["perl -ne"]),
        (
            many("{\"user\":\"ann\",\"x\":\"secret\"}\n"),
            "2",
            None,
            vec!["name the field"],
        ),
    ] {
        let delimiter = delimiter.map(|text: &str| text);
        let error = read_table(
            table.as_bytes(),
            column,
            delimiter,
            IdentifierKind::Username,
        );
        let error = error.expect_err(&table);
        for part in parts {
            assert!(error.contains(part), "{part}: {error}");
        }
        assert!(
            !error.contains("ann") && !error.contains("secret"),
            "{error}"
        );
    }
    let gb18030 = b"\xD0\xD5\xC3\xFB,\xCA\xD6\xBB\xFA\nx,138\n";
    let error = read_table(gb18030, "手机", None, IdentifierKind::Phone).unwrap_err();
    assert!(error.contains("the row of names is not UTF-8"), "{error}");
}

#[test]
fn delimiters() {
    for (text, shown) in [
        ("comma", "comma"),
        (",", "comma"),
        (" ", "blank"),
        (r"\t", "tab"),
        ("\t", "tab"),
        ("#", "'#'"),
        ("----", "'----'"),
        ("12345678", "'12345678'"),
    ] {
        assert_eq!(
            text.parse::<Delimiter>().unwrap().to_string(),
            shown,
            "{text}"
        );
    }
    for text in ["", "123456789", "\n", "a\n"] {
        assert_eq!(text.parse::<Delimiter>(), Err(NoDelimiter), "{text:?}");
    }
}
