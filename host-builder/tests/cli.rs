//! The command line as people and scripts use it.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use std::path::Path;
use std::process::Command;

use common::{Bench, emails, gzip};
use serde_json::Value;

/// `mail.lsv` of `mail.txt`: 1,000 addresses.
fn bench_with_mail() -> Bench {
    let bench = Bench::new();
    bench.write("mail.txt", emails(0..1000));
    bench
        .run("build mail.txt -o mail.lsv --kind email --name Forum --date 2020-02 --fpr 1e-6 --seed 1")
        .succeeds();
    bench
}

#[test]
fn exit_statuses_are_those_of_grep() {
    let bench = bench_with_mail();
    for (arguments, code) in [
        ("check mail.lsv member1@example.com", 0),
        ("check mail.lsv nobody@example.com member1@example.com", 0),
        ("check mail.lsv nobody@example.com", 1),
        ("check mail.lsv member1@example.com nonsense", 2),
        ("check mail.lsv nonsense", 2),
        ("check mail.lsv --kind phone 13800138000", 2),
        ("check none.lsv x@example.com", 2),
        ("check mail.txt x@example.com", 2),
        ("check -q mail.lsv member1@example.com", 0),
        ("check --no-such-option", 2),
    ] {
        assert_eq!(bench.run(arguments).code(), code, "{arguments}");
    }
    assert_eq!(bench.run("check -q mail.lsv member1@example.com").out(), "");
    // In the wrong order: what was to be asked is not repeated.
    let swapped = bench
        .run("check 13800138000 mail.lsv")
        .fails(&["usage: leaksieve check FILE [IDENTIFIER]..."]);
    assert!(!swapped.err().contains("138001"));
}

#[test]
fn check_in_words_and_in_json() {
    let bench = bench_with_mail();
    let stdin = "MEMBER7@Example.com\r\nnobody@example.com\nnonsense\n\n  member8@example.com  ";
    let text = bench.run_with("check mail.lsv", stdin.as_bytes());
    assert_eq!(text.code(), 2);
    let lines: Vec<String> = text.out().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 5);
    assert!(lines[0].starts_with("1: EXPOSED in Forum (2020-02): false alarm 1 in "));
    assert_eq!(lines[1], "2: not exposed: not in Forum (2020-02)");
    assert_eq!(
        lines[2],
        "3: cannot say: Forum (2020-02; email): not an e-mail address"
    );
    assert_eq!(lines[3], "4: cannot say: Forum (2020-02; email): empty");
    assert!(lines[4].starts_with("5: EXPOSED"));

    let json = bench.run_with("check mail.lsv --format json -", stdin.as_bytes());
    assert_eq!(
        json.verdicts(),
        [
            "exposed",
            "not_exposed",
            "not_covered",
            "not_covered",
            "exposed"
        ]
    );
    let first: Value = serde_json::from_str(json.out().lines().next().unwrap()).unwrap();
    assert_eq!(first["line"], 1);
    assert_eq!(first["datasets"][0]["name"], "Forum");
    assert!(first["datasets"][0]["false_alarm_one_in"].as_u64().unwrap() >= 1_000_000);
    // No identifier is repeated anywhere.
    for output in [text.out(), text.err(), json.out(), json.err()] {
        assert!(!output.to_lowercase().contains("@example.com"));
        assert!(!output.contains("nonsense"));
    }
}

#[test]
fn check_reads_what_build_reads() {
    let bench = bench_with_mail();
    let marked = b"\xEF\xBB\xBFmember1@example.com\r\n".to_vec();
    for stdin in [
        marked.clone(),
        gzip(&marked),
        "member1\u{200B}@exam\u{AD}ple.com".into(),
    ] {
        bench.run_with("check mail.lsv", &stdin).succeeds();
    }
    bench
        .run_with("check mail.lsv", b"\xFF\xFEm\0e\0")
        .fails(&["iconv"]);
    bench
        .run("check mail.lsv a@example.com -")
        .fails(&["stands alone"]);
}

#[test]
fn messages_say_a_thing_once() {
    let bench = bench_with_mail();
    for arguments in [
        "inspect none.lsv",
        "build none.txt -o a.lsv --kind email",
        "inspect mail.txt",
    ] {
        let message = bench.run(arguments).err();
        let cause = message.trim_end().rsplit(": ").next().unwrap().to_owned();
        assert_eq!(message.matches(&cause).count(), 1, "{message}");
    }
}

#[test]
fn inspect_in_json() {
    let bench = bench_with_mail();
    let report = bench
        .run("inspect mail.lsv --format json")
        .succeeds()
        .json();
    let size = std::fs::metadata(bench.path("mail.lsv")).unwrap().len();
    assert_eq!(report["size_bytes"], size);
    assert_eq!(report["num_sectors"], size / 512);
    assert_eq!(report["created_unix_s"], 1_700_000_000);
    let dataset = &report["datasets"][0];
    assert_eq!(dataset["name"], "Forum");
    assert_eq!(dataset["kind"], "email");
    assert_eq!(dataset["encoding"], "bloom");
    assert_eq!(dataset["num_items"], 1000);
    assert!(dataset["bits_per_item"].as_f64().unwrap() > 28.0);
    assert!((dataset["false_positive_rate"]["designed"].as_f64().unwrap() - 1e-6).abs() < 1e-9);
    assert!(dataset["false_positive_rate"]["measured"].as_f64().unwrap() > 1e-8);
    let text = bench.run("inspect mail.lsv").succeeds().out();
    for part in ["Forum", "2020-02", "1,000", "created   2023-11-14"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn inspect_tells_how_a_list_was_read() {
    let bench = Bench::new();
    for (name, list) in [
        ("tags", "ann+shop@example.com\nbob@example.com\n"),
        ("numbers", "8613800138000\n"),
        ("words", "letmein\n"),
        ("hashes", "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8\n"),
        ("ids", "A-1\n"),
    ] {
        bench.write(&format!("{name}.txt"), list);
    }
    for (name, options, field, value, text) in [
        (
            "tags",
            "--kind email",
            "num_extra",
            "1",
            "1 line stored in several readings",
        ),
        (
            "numbers",
            "--kind phone --region world",
            "plan_most_reads",
            "4",
            "reads 4 of them at most",
        ),
        (
            "numbers",
            "--kind phone --region CN",
            "has_calling_codes",
            "false",
            "dialled in the region",
        ),
        (
            "words",
            "--kind password",
            "origin",
            "\"passwords\"",
            "read as      passwords",
        ),
        (
            "hashes",
            "--kind sha1",
            "origin",
            "\"hashes\"",
            "hashes of passwords",
        ),
        (
            "ids",
            "--kind id --separators keep",
            "separators",
            "\"keep\"",
            "blanks and dashes count",
        ),
    ] {
        let build = format!("build {name}.txt -o {name}.lsv --name L --force {options}");
        bench.run(&build).succeeds();
        let report = bench
            .run(&format!("inspect {name}.lsv --format json"))
            .json();
        assert_eq!(report["datasets"][0][field].to_string(), value, "{name}");
        assert!(report["sectors_per_dataset"].as_u64().unwrap() > 0);
        let shown = bench.run(&format!("inspect {name}.lsv")).succeeds().out();
        assert!(shown.contains(text), "{text}: {shown}");
    }
}

#[test]
fn a_secret_is_never_an_argument() {
    let bench = bench_with_mail();
    bench.write("words.txt", "hunter2\nsecret\n");
    bench
        .run("build words.txt -o words.lsv --kind password")
        .succeeds();
    let ran = bench
        .run("check words.lsv hunter2")
        .fails(&["words.lsv", "pipe it in"]);
    assert!(!ran.err().contains("hunter2"));
    assert_eq!(
        bench
            .run_with("check words.lsv", b"hunter2\nhunter3\n")
            .code(),
        0
    );
    // Case and blanks are part of a password; those at its ends may be a slip.
    let other = bench.run_with(
        "check words.lsv --format json",
        b"Hunter2\nhun ter2\nhunter2 \n",
    );
    assert_eq!(other.verdicts(), ["not_exposed", "not_exposed", "exposed"]);
    assert_eq!(
        other.rows()[2]["datasets"][0]["found"],
        "without the blanks at its ends"
    );
    // In a file of several kinds, a kind that is no secret may be asked by argument.
    bench
        .run("bundle mail.lsv words.lsv -o both.lsv")
        .succeeds();
    bench.run("check both.lsv hunter2").fails(&[]);
    bench
        .run("check both.lsv --kind email member1@example.com")
        .succeeds();
    bench.run("check both.lsv --kind sha1 0123").fails(&[]);
    // SHA-1 of "hunter2".
    let hash = b"F3BBBD66A63D4BF1747940578EC3D0103530E21D";
    bench
        .run_with("check both.lsv --kind sha1", hash)
        .succeeds();
}

#[test]
fn an_output_is_not_overwritten_and_nothing_is_lost() {
    let bench = bench_with_mail();
    let before = std::fs::read(bench.path("mail.lsv")).unwrap();
    bench.write("other.txt", emails(5..6));
    bench
        .run("build other.txt -o mail.lsv --kind email")
        .fails(&["mail.lsv", "--force"]);
    // A build that fails leaves what was there, and nothing beside it.
    bench.write("bad.txt", "nonsense\nnonsense\n");
    bench
        .run("build bad.txt -o mail.lsv --kind email --force")
        .fails(&["no identifier"]);
    bench
        .run("build none.txt -o mail.lsv --kind email --force")
        .fails(&["none.txt"]);
    assert_eq!(std::fs::read(bench.path("mail.lsv")).unwrap(), before);
    assert_eq!(
        bench.files(),
        ["bad.txt", "mail.lsv", "mail.txt", "other.txt"]
    );
    bench
        .run("build other.txt -o mail.lsv --kind email --force")
        .succeeds();
    assert_ne!(std::fs::read(bench.path("mail.lsv")).unwrap(), before);
    bench
        .run("build other.txt -o - --kind email")
        .fails(&["standard output", "-o"]);
    bench
        .run("build other.txt -o none/a.lsv --kind email")
        .fails(&["none/a.lsv"]);
}

#[test]
fn rejects_are_counted_placed_and_never_shown() {
    let bench = Bench::new();
    let mut list = emails(0..99);
    list.insert_str(0, "not an address\n");
    bench.write("list.txt", &list);
    let ran = bench
        .run("build list.txt -o a.lsv --kind email --format json")
        .succeeds();
    assert_eq!(ran.json()["num_rejected"], 1);
    assert!(
        ran.err()
            .contains("1: not an e-mail address (list.txt line 1)"),
        "{}",
        ran.err()
    );
    assert!(!ran.err().contains("not an address"));
    // The file says it too.
    let report = bench.run("inspect a.lsv --format json").json();
    assert_eq!(report["datasets"][0]["num_rejected"], 1);

    bench
        .run("build list.txt -o b.lsv --kind email --max-rejected 0.5%")
        .fails(&["1 of 100 records were rejected", "--max-rejected", "line 1"]);
    bench
        .run("build list.txt -o b.lsv --kind sha1")
        .fails(&["no identifier", "100: not a hexadecimal hash"]);
    assert!(!bench.path("b.lsv").exists());
}

#[test]
fn line_ends_marks_and_blanks() {
    let bench = Bench::new();
    bench.write("lf.txt", emails(0..50));
    bench.write(
        "crlf.txt",
        format!(
            "\u{FEFF}{}\r\n\r\n  \r\n",
            emails(0..50).trim().replace('\n', "\r\n")
        ),
    );
    for name in ["lf", "crlf"] {
        let ran = bench
            .run(&format!(
                "build {name}.txt -o {name}.lsv --kind email --name A --seed 1 --format json"
            ))
            .succeeds();
        assert_eq!(ran.json()["num_items"], 50);
        assert_eq!(ran.json()["num_rejected"], 0);
        assert_eq!(ran.json()["num_blank"], if name == "lf" { 0 } else { 2 });
    }
    let read = |name: &str| std::fs::read(bench.path(name)).unwrap();
    assert_eq!(read("lf.lsv"), read("crlf.lsv"));
}

#[test]
fn nul_and_invalid_utf_8_are_counted_rejects() {
    let bench = Bench::new();
    let mut list = emails(0..97).into_bytes();
    list.extend_from_slice(b"a\0b@example.com\ncaf\xe9@example.com\n\0\n");
    bench.write("list.txt", &list);
    let ran = bench
        .run("build list.txt -o a.lsv --kind email --max-rejected 5% --format json")
        .succeeds();
    assert_eq!(ran.json()["num_items"], 97);
    assert_eq!(ran.json()["num_rejected"], 3);
    for part in ["not UTF-8 text: give --charset", "(list.txt line 99)"] {
        assert!(ran.err().contains(part), "{}", ran.err());
    }
    assert!(ran.err().contains("control character (list.txt line 98)"));
    // For SHA-1 a password need not be UTF-8. What is not found may be there in another charset.
    bench.write("words.txt", b"caf\xe9\nhunter2\n");
    let build = "build words.txt -o w.lsv --kind password";
    let ran = bench.run(&format!("{build} --format json")).succeeds();
    assert_eq!(ran.json()["num_not_utf8"], 1);
    let quiet = bench.run(&format!("{build} --force --quiet")).succeeds();
    let warning = "1 of 2 passwords are not UTF-8 text";
    assert!(quiet.err().contains(warning), "{}", quiet.err());
    bench.run_with("check w.lsv", b"caf\xe9\n").succeeds();
    assert_eq!(bench.run_with("check w.lsv", "café\n".as_bytes()).code(), 2);
    assert_eq!(bench.run_with("check w.lsv", b"cafe\n").code(), 1);
}

#[test]
fn a_line_of_100_mb_is_one_reject_and_takes_little_memory() {
    let bench = Bench::new();
    let mut list = emails(0..200).into_bytes();
    list.extend(std::iter::repeat_n(b'x', 100_000_000));
    list.extend_from_slice(b"\nlast@example.com\n");
    let ran = bench
        .run_with(
            "build - -o a.lsv --kind email --name A --format json",
            &list,
        )
        .succeeds();
    assert_eq!(ran.json()["num_items"], 201);
    assert_eq!(ran.json()["num_rejected"], 1);
    assert!(
        ran.err().contains("standard input line 201"),
        "{}",
        ran.err()
    );
    let asked = bench.run_with("check a.lsv --format json", &list);
    assert_eq!(asked.verdicts().len(), 202);
    assert_eq!(asked.verdicts()[200], "not_covered");
    assert_eq!(asked.verdicts()[201], "exposed");
}

#[test]
fn gzip_is_known_by_its_content() {
    let bench = Bench::new();
    let list = emails(0..5000);
    // Two members, as `cat a.gz b.gz` makes them; the name says nothing.
    let (first, second) = list.split_at(40_003);
    let mut joined = gzip(first.as_bytes());
    joined.extend_from_slice(&gzip(second.as_bytes()));
    bench.write("list.txt", &list);
    bench.write("joined.dat", &joined);
    bench
        .run("build list.txt -o a.lsv --kind email --name A --seed 1")
        .succeeds();
    bench
        .run("build joined.dat -o b.lsv --kind email --name A --seed 1")
        .succeeds();
    bench
        .run_with("build - -o c.lsv --kind email --name A --seed 1", &joined)
        .succeeds();
    let read = |name: &str| std::fs::read(bench.path(name)).unwrap();
    assert_eq!(read("a.lsv"), read("b.lsv"));
    assert_eq!(read("a.lsv"), read("c.lsv"));

    bench.write("cut.gz", &joined[..joined.len() - 100]);
    bench
        .run("build cut.gz -o d.lsv --kind email --name A")
        .fails(&["cut.gz", "damaged or cut short"]);
    let mut damaged = joined.clone();
    damaged[100] ^= 0x55;
    bench.write("damaged.gz", &damaged);
    bench
        .run("build damaged.gz -o d.lsv --kind email --name A")
        .fails(&["damaged.gz"]);
    assert!(!bench.path("d.lsv").exists());
}

#[test]
fn what_has_to_be_converted_first() {
    let bench = bench_with_mail();
    let utf_16: Vec<u8> = emails(0..9)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for (name, content, part) in [
        ("a.bz2", b"BZh91AY&SY\0\0".to_vec(), "bzcat"),
        ("a.zip", b"PK\x03\x04\0\0".to_vec(), "unpack"),
        ("a.txt", [b"\xFF\xFE".to_vec(), utf_16].concat(), "iconv"),
        ("a.gz.gz", gzip(&gzip(b"x")), "decompress it once"),
        (
            "a.lsv",
            std::fs::read(bench.path("mail.lsv")).unwrap(),
            "leaksieve filter",
        ),
    ] {
        bench.write(name, content);
        bench
            .run(&format!("build {name} -o out.lsv --kind email"))
            .fails(&[name, part]);
    }
    std::fs::create_dir(bench.path("folder")).unwrap();
    bench
        .run("build folder -o out.lsv --kind email")
        .fails(&["no file is in this folder"]);
    bench
        .run("build - - -o out.lsv --kind email")
        .fails(&["only once"]);
    bench.write("empty.txt", "");
    bench
        .run("build empty.txt -o out.lsv --kind email")
        .fails(&["no identifier"]);
}

#[test]
fn tables() {
    let bench = Bench::new();
    let members = ["a@example.com", "b@example.com", "c@example.com"];
    for (name, table, options) in [
        (
            "comma",
            "id,Mail,x\n1,a@example.com,y\n2,\"b@example.com\",\"z,\"\"\nz\"\n3,c@example.com,\n",
            "--column mail",
        ),
        (
            "semicolon",
            "id;mail\r\n1;a@example.com\r\n2;b@example.com\r\n3;c@example.com",
            "--column mail",
        ),
        (
            "tab",
            "1\ta@example.com\t\"odd\n2\tb@example.com\tx\n3\tc@example.com\ty\n",
            "--column 2",
        ),
        (
            "bar",
            "a@example.com|1,2,3\nb@example.com|\nc@example.com|4\n",
            "--column 1 --delimiter bar",
        ),
        (
            "bom",
            "\u{FEFF}mail,id\na@example.com,1\nb@example.com,2\nc@example.com,3\n",
            "--column mail",
        ),
        (
            "one",
            "mail\na@example.com\nb@example.com\nc@example.com\n",
            "--column mail",
        ),
    ] {
        bench.write(name, table);
        let ran = bench
            .run(&format!(
                "build {name} -o {name}.lsv --kind email --max-rejected 50% --format json {options}"
            ))
            .succeeds();
        assert_eq!(ran.json()["num_items"], 3, "{name}");
        assert_eq!(ran.json()["num_rejected"], 0, "{name}: {}", ran.err());
        for member in members {
            bench.run(&format!("check {name}.lsv {member}")).succeeds();
        }
        bench
            .run(&format!("verify {name}.lsv --source {name} {options}"))
            .succeeds();
    }
    // The line of a rejected cell is that of its row.
    bench.write(
        "bad.csv",
        "id,mail\n1,a@example.com\n2,\n3,nonsense\n4\n5,\"e@\n\"\n6,b@example.com\n7,junk\n",
    );
    let ran = bench
        .run("build bad.csv -o bad.lsv --kind email --column mail --max-rejected 80% --format json")
        .succeeds();
    assert_eq!(ran.json()["num_items"], 2);
    assert_eq!(ran.json()["num_blank"], 1);
    for part in [
        "the row has fewer cells than the table has columns (bad.csv line 5)",
        "not an e-mail address (bad.csv line 4, bad.csv line 7, bad.csv line 9)",
    ] {
        assert!(ran.err().contains(part), "{}", ran.err());
    }
    let ran = bench
        .run("build comma -o x.lsv --kind email --column phone")
        .fails(&["no column named \"phone\"", "3 columns"]);
    assert!(!ran.err().contains("a@example.com"));
    // A first row that is data is not shown either.
    let ran = bench
        .run("build bar -o x.lsv --kind email --column mail")
        .fails(&["no column"]);
    assert!(!ran.err().contains("a@example.com"));
    let mut endless = b"id,mail\n1,\"".to_vec();
    endless.extend(std::iter::repeat_n(b'x', 3 << 20));
    bench.write("endless.csv", &endless);
    bench
        .run("build endless.csv -o x.lsv --kind email --column mail")
        .fails(&["endless.csv", "line 2", "quotation mark"]);
}

#[test]
fn hash_count_lists() {
    let bench = Bench::new();
    // SHA-1 and NTLM of "password", as the public lists have them.
    bench.write("sha1.txt", "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8:10434004\r\n5baa61e4c9b93f3f0682250b6cf8331b7ee68fd9\n");
    bench.write("ntlm.txt", "8846F7EAEE8FB117AD06BDD830B7586C:10434004\n");
    for kind in ["sha1", "ntlm"] {
        let ran = bench
            .run(&format!(
                "build {kind}.txt -o {kind}.lsv --kind {kind} --format json"
            ))
            .succeeds();
        assert_eq!(ran.json()["num_rejected"], 0);
        let verify = format!("verify {kind}.lsv --source {kind}.txt");
        bench.run(&verify).fails(&["--kind"]);
        bench.run(&format!("{verify} --kind {kind}")).succeeds();
        // A list of hashes that is asked as passwords gets no "not exposed".
        let list = std::fs::read(bench.path(&format!("{kind}.txt"))).unwrap();
        let digits: Vec<u8> = list.split(|byte| *byte == b':').next().unwrap().to_vec();
        assert_eq!(
            bench.run_with(&format!("check {kind}.lsv"), &digits).code(),
            2
        );
        assert_eq!(
            bench
                .run_with(&format!("check {kind}.lsv"), b"password")
                .code(),
            0
        );
        assert_eq!(
            bench
                .run_with(&format!("check {kind}.lsv"), b"Password")
                .code(),
            1
        );
    }
    // One kind's list as the other's is refused, not swallowed.
    bench
        .run("build ntlm.txt -o x.lsv --kind sha1")
        .fails(&["hashes of 32 digits", "--kind ntlm"]);
}

#[test]
fn hashes_below_a_count_are_left_out_and_told() {
    let bench = Bench::new();
    let hash = |i: u32| format!("{:040X}", u64::from(i) << 20 | 7);
    let list: String = (0..2000)
        .map(|i| format!("{}:{}\r\n", hash(i), i % 20))
        .collect();
    bench.write("list.txt", &list);
    let ran = bench
        .run("build list.txt -o a.lsv --kind sha1 --name Pwned --date 2024 --min-count 10 --fpr 1e-6 --format json")
        .succeeds();
    assert_eq!(ran.json()["num_items"], 1000);
    assert_eq!(ran.json()["num_below_min_count"], 1000);
    assert_eq!(ran.json()["num_rejected"], 0);
    assert_eq!(ran.json()["num_lines"], 2000);
    let text = bench
        .run("build list.txt -o a.lsv --force --kind sha1 --name Pwned --date 2024 --min-count 10 --fpr 1e-6 --seed 1")
        .succeeds();
    assert!(
        text.out().contains("1,000 below --min-count"),
        "{}",
        text.out()
    );

    // Exactly those with the count, and it is said.
    let all: String = (0..2000).map(|i| hash(i) + "\n").collect();
    let asked = bench
        .run_with("check a.lsv --kind sha1", all.as_bytes())
        .out();
    for (i, line) in asked.lines().enumerate() {
        let expected = if i % 20 >= 10 {
            format!("{}: EXPOSED in Pwned (2024)", i + 1)
        } else {
            format!(
                "{}: not exposed: not among those of Pwned (2024) that were seen 10 times or more",
                i + 1
            )
        };
        assert!(line.starts_with(&expected), "{line}");
    }
    let json = bench
        .run_with("check a.lsv --kind sha1 --format json", hash(1).as_bytes())
        .json();
    assert_eq!(json["caveats"][0]["min_count"], 10);
    assert_eq!(json["caveats"][0]["num_rejected"], Value::Null);
    let report = bench.run("inspect a.lsv --format json").json();
    assert_eq!(report["datasets"][0]["min_count"], 10);
    assert!(bench.run("inspect a.lsv").out().contains("min count    10"));

    // The whole list is its source; a bundle says the same.
    bench
        .run("verify a.lsv --source list.txt --kind sha1")
        .succeeds();
    bench.write("mail.txt", emails(0..10));
    bench
        .run("build mail.txt -o mail.lsv --kind email --name Forum")
        .succeeds();
    bench.run("bundle mail.lsv a.lsv -o both.lsv").succeeds();
    let asked = bench.run_with("check both.lsv --kind sha1", hash(1).as_bytes());
    assert!(asked.out().contains("seen 10 times or more"));

    // A count of 1 leaves nothing out, and is not written.
    bench.write("ones.txt", format!("{}:1\n{}:2\n\n", hash(1), hash(2)));
    for arguments in ["b.lsv", "c.lsv --min-count 1"] {
        bench
            .run(&format!(
                "build ones.txt --kind sha1 --name Ones --seed 1 -o {arguments}"
            ))
            .succeeds();
    }
    let read = |name: &str| std::fs::read(bench.path(name)).unwrap();
    assert!(read("b.lsv") == read("c.lsv"));
}

#[test]
fn a_list_without_counts_is_not_taken_by_them() {
    let bench = bench_with_mail();
    let hash = "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8";
    for (list, message) in [
        (format!("{hash}\n"), "no count behind a colon"),
        (format!("{hash}:\n"), "no count behind a colon"),
        (format!("{hash}:password\n"), "a potfile"),
        (format!("{hash}:many\n"), "not their password"),
        (format!("{hash}:-5\n"), "not their password"),
        (format!("{hash}:4\n"), "1 lines are below --min-count"),
        // One line without a count is one of which nothing is known.
        (format!("{hash}:99999999999999999999\n{hash}\n"), "line 2"),
    ] {
        bench.write("list.txt", &list);
        bench
            .run("build list.txt -o a.lsv --kind sha1 --min-count 5")
            .fails(&[message]);
    }
    bench
        .run("build mail.txt -o a.lsv --kind email --min-count 5")
        .fails(&["--min-count needs lists that count"]);
    assert!(!bench.path("a.lsv").exists());
}

/// A header has the rate in whole units: of few items in much room there are few of these.
#[test]
fn verify_takes_the_lowest_rates() {
    let bench = Bench::new();
    for num_items in [1, 2, 3, 5] {
        bench.write("few.txt", emails(0..num_items));
        bench
            .run("build few.txt -o few.lsv --kind email --max-size 2MiB --force")
            .succeeds();
        bench.run("verify few.lsv").succeeds();
    }
}

#[test]
fn verify_finds_damage_and_what_is_missing() {
    let bench = bench_with_mail();
    bench.run("verify mail.lsv --source mail.txt").succeeds();
    bench.write("more.txt", emails(990..1003));
    let ran = bench
        .run("verify mail.lsv --source more.txt")
        .fails(&["lacks 3 of 13 lines", "more.txt line 11"]);
    assert!(!ran.err().contains("@example.com"));
    // A line of two readings is one line.
    bench.write("tags.txt", "x+tag@example.com\ny+tag@example.com\n");
    bench
        .run("verify mail.lsv --source tags.txt")
        .fails(&["lacks 2 of 2 lines", "tags.txt line 1, tags.txt line 2: it"]);
    bench.write("nonsense.txt", "nonsense\n");
    bench
        .run("verify mail.lsv --source nonsense.txt")
        .fails(&["nothing was asked"]);

    let bytes = std::fs::read(bench.path("mail.lsv")).unwrap();
    let mut damaged = bytes.clone();
    damaged[512 * 3 + 77] ^= 4;
    bench.write("damaged.lsv", &damaged);
    bench
        .run("verify damaged.lsv")
        .fails(&["sector 3", "do not use this file"]);
    // Lookups say so too, and never "not exposed".
    let all = bench.run_with(
        "check damaged.lsv --format json",
        emails(0..1000).as_bytes(),
    );
    assert_eq!(all.code(), 2);
    let verdicts = all.verdicts();
    assert!(
        verdicts
            .iter()
            .all(|verdict| verdict == "exposed" || verdict == "error")
    );
    assert!(verdicts.iter().any(|verdict| verdict == "error"));

    bench.write("cut.lsv", &bytes[..bytes.len() - 512]);
    for command in ["verify", "inspect", "check"] {
        bench
            .run(&format!("{command} cut.lsv"))
            .fails(&["cut short"]);
    }
    bench.write("long.lsv", [bytes.as_slice(), b"more"].concat());
    bench
        .run("verify long.lsv")
        .fails(&["4 bytes stand behind"]);
    bench.write("foreign.lsv", b"SQLite format 3\0".repeat(64));
    bench
        .run("inspect foreign.lsv")
        .fails(&["not a leaksieve file"]);
    bench.write("empty.lsv", b"");
    bench
        .run("inspect empty.lsv")
        .fails(&["not a leaksieve file"]);
}

#[test]
fn a_bundle_answers_for_its_parts() {
    let bench = bench_with_mail();
    bench.write("names.txt", "alice\nbob\n");
    bench
        .run("build names.txt -o names.lsv --kind username --name Game")
        .succeeds();
    bench
        .run("bundle mail.lsv names.lsv -o both.lsv")
        .succeeds();
    bench.run("verify both.lsv").succeeds();
    bench
        .run("verify both.lsv --kind email --source mail.txt")
        .succeeds();
    bench
        .run("verify both.lsv --source mail.txt")
        .fails(&["choose one with --kind"]);
    let ran = bench.run_with(
        "check both.lsv --format json",
        b"alice\nmember3@example.com\nnobody@example.com\nnobody\n",
    );
    // "nobody" is no address, and no name of the other: one of the two cannot say.
    assert_eq!(
        ran.verdicts(),
        ["exposed", "exposed", "not_exposed", "not_covered"]
    );
    let ran = bench.run_with(
        "check both.lsv --kind username --format json",
        b"alice\nnobody\n",
    );
    assert_eq!(ran.verdicts(), ["exposed", "not_exposed"]);
    bench.run("bundle mail.lsv -o both.lsv").fails(&["--force"]);
    let nine = "mail.lsv ".repeat(9);
    bench
        .run(&format!("bundle {nine} -o nine.lsv"))
        .fails(&["9 datasets"]);
    let mut damaged = std::fs::read(bench.path("mail.lsv")).unwrap();
    damaged[600] ^= 1;
    bench.write("damaged.lsv", &damaged);
    bench
        .run("bundle damaged.lsv names.lsv -o x.lsv")
        .fails(&["sector 1"]);
    assert!(!bench.path("x.lsv").exists());
}

#[test]
fn estimate_and_build_agree() {
    let bench = Bench::new();
    bench.write("list.txt", emails(0..50_000));
    for prefer in ["", "--prefer size", "--prefer reads"] {
        let rows = bench
            .run(&format!(
                "estimate --items 50_000 --fpr 1e-3 {prefer} --format json"
            ))
            .succeeds()
            .rows();
        for (row, encoding) in rows.iter().zip(["bloom", "ribbon"]) {
            assert_eq!(
                (&row["row"], &row["encoding"]),
                (&"size".into(), &encoding.into())
            );
            let prefer = if encoding == "ribbon" { prefer } else { "" };
            let built = bench
                .run(&format!(
                    "build list.txt -o {encoding}.lsv --kind email --fpr 0.1% --force \
                     --encoding {encoding} {prefer} --format json"
                ))
                .succeeds()
                .json();
            for field in [
                "size_bytes",
                "num_hashes",
                "columns",
                "bits_per_item",
                "most_reads",
            ] {
                assert_eq!(row[field], built[field], "{encoding} {field}");
            }
            let [expected, found] = [row, &built].map(|told| told["mean_reads"].as_f64().unwrap());
            assert!((found - expected).abs() < 0.02, "{expected} {found}");
        }
    }
    let built = bench
        .run("build list.txt -o b.lsv --kind email --max-size 64KiB --format json")
        .succeeds()
        .json();
    assert_eq!(built["size_bytes"], 64 * 1024);
    bench
        .run("build list.txt -o c.lsv --kind email --max-size 2KiB")
        .fails(&["2048 bytes hold no useful filter"]);
    bench
        .run("build list.txt -o c.lsv --kind email --fpr 1e-12")
        .fails(&["from 1e-7 to 0.5"]);
    bench
        .run("estimate --items 18446744073709551615 --max-size 1MiB")
        .fails(&["hold no useful filter"]);
    bench.run("estimate --items 0").fails(&["whole number"]);
    for rate in ["0", "1", "0.6", "1e-8", "-1", "nan", "often"] {
        for command in ["estimate --items 5", "build list.txt -o c.lsv --kind email"] {
            bench
                .run(&format!("{command} --fpr={rate}"))
                .fails(&["give one from 1e-7 to 0.5"]);
        }
    }
    let sized = bench.run("estimate --items 3e9 --max-size fat32 --format json");
    let sized = sized.succeeds().rows();
    assert_eq!(sized[0]["size_bytes"], (1u64 << 32) - 512);
    // A ribbon's layers are whole pages, and what is left of that is little.
    let ribbon = sized[1]["size_bytes"].as_u64().unwrap();
    assert!((4_294_000_000..1 << 32).contains(&ribbon), "{ribbon}");
}

#[test]
fn estimate_says_what_chips_and_cards_hold() {
    let bench = Bench::new();
    let rows = bench
        .run("estimate --items 200000 --format json")
        .succeeds()
        .rows();
    let of = |row: &'static str| rows.iter().filter(move |line| line["row"] == row);
    assert_eq!(of("size").count(), 2 * 5);
    let media: Vec<_> = of("medium").collect();
    // 15 bits an item, or a little over 10: 200,000 of them take 367 or 252 KiB.
    for (name, encoding, fits, most) in [
        ("BBC micro:bit v1", "bloom", true, 45_000..55_000u64),
        ("BBC micro:bit v1", "ribbon", true, 73_000..78_000),
        ("nRF52840-DK", "bloom", true, 200_000..210_000),
        ("nRF52840-DK", "ribbon", true, 290_000..300_000),
        (
            "largest FAT32 file",
            "bloom",
            true,
            2_200_000_000..2_400_000_000,
        ),
        (
            "largest FAT32 file",
            "ribbon",
            true,
            3_300_000_000..3_450_000_000,
        ),
    ] {
        let row = media
            .iter()
            .find(|row| row["medium"] == name && row["encoding"] == encoding)
            .unwrap();
        assert!(
            row["lowest_false_positive_rate"].is_number() == fits,
            "{row}"
        );
        let found = row["most_items"].as_u64().unwrap();
        assert!(most.contains(&found), "{row}");
        assert_eq!(row["false_positive_rate"], 1e-3);
        // The other way round: so many fit, and at no higher rate.
        let room = &row["room_bytes"];
        let sized = bench
            .run(&format!(
                "estimate --items {found} --max-size {room} --format json"
            ))
            .succeeds()
            .rows();
        let sized = sized.iter().find(|row| row["encoding"] == encoding);
        assert!(sized.unwrap()["false_positive_rate"].as_f64().unwrap() <= 1e-3);
    }
    let text = bench.run("estimate --items 1e9 --fpr 1%").succeeds().out();
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap();
    assert!(line("nRF52840").contains("does not fit"), "{text}");
    assert!(text.contains("items at 1 in 100\n"), "{text}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_another_file() {
    let bench = Bench::new();
    bench.write("list.txt", emails(0..3000));
    let build = |name: &str, options: &str| {
        bench
            .run(&format!(
                "build list.txt -o {name} --kind email --name A {options}"
            ))
            .succeeds();
        std::fs::read(bench.path(name)).unwrap()
    };
    let first = build("a.lsv", "--seed 5");
    assert_eq!(first, build("b.lsv", "--seed 5 --threads 1"));
    let other = build("c.lsv", "--seed 6");
    assert_ne!(first[16..32], other[16..32]);
    let random = build("d.lsv", "");
    assert_ne!(random, build("e.lsv", ""));
    // Another list has another file id, though the seed is the same.
    bench.write("list.txt", emails(1..3001));
    assert_ne!(first[16..32], build("f.lsv", "--seed 5")[16..32]);
}

#[test]
fn arguments_that_make_no_sense_say_so() {
    let bench = bench_with_mail();
    bench
        .run("build mail.txt -o x.lsv --kind phone")
        .fails(&["--region"]);
    bench
        .run("build mail.txt -o x.lsv --kind phone --region XX")
        .fails(&["XX", "CN"]);
    bench
        .run("build mail.txt -o x.lsv --kind email --region CN")
        .fails(&["--region", "email"]);
    bench
        .run("build mail.txt -o x.lsv --kind email --date 2021-02-30")
        .fails(&["2021-06-11"]);
    bench
        .run("build mail.txt -o x.lsv --kind email --threads 0")
        .fails(&["--threads"]);
    bench
        .run("build - -o x.lsv --kind email")
        .fails(&["--name"]);
    let long = "n".repeat(65);
    bench
        .run(&format!(
            "build mail.txt -o x.lsv --kind email --name {long}"
        ))
        .fails(&["65 bytes", "64"]);
    bench
        .run("build mail.txt -o x.lsv --kind email --fpr 0.1 --max-size 1MiB")
        .fails(&["cannot be used with"]);
    assert!(!bench.path("x.lsv").exists());
    bench
        .run("build mail.txt -o none/x.lsv --kind email")
        .fails(&["none/x.lsv: there is no folder none: make it first"]);
    bench
        .run("bundle mail.lsv mail.lsv -o x.lsv")
        .fails(&["mail.lsv: the same file as mail.lsv"]);
    std::fs::copy(bench.path("mail.lsv"), bench.path("copy.lsv")).unwrap();
    bench
        .run("bundle mail.lsv copy.lsv -o x.lsv")
        .fails(&["copy.lsv: the same file as mail.lsv"]);
    assert!(!bench.path("x.lsv").exists());
}

#[test]
fn output_that_nobody_reads_is_no_panic() {
    let bench = bench_with_mail();
    bench.write("many.txt", emails(0..200_000));
    let binary = Path::new(env!("CARGO_BIN_EXE_leaksieve")).display();
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!(
            "{binary} check mail.lsv < many.txt 2> err.txt | head -n 1; cat err.txt"
        ))
        .current_dir(&bench.folder)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("1: EXPOSED"));
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn many_lines_are_answered_in_their_order() {
    let bench = bench_with_mail();
    let is_member = |line: u32| line.wrapping_mul(0x9E37_79B1) >> 30 == 0;
    let list: String = (1..=300_000)
        .map(|line| {
            let who = if is_member(line) { "member" } else { "nobody" };
            format!("{who}{}@example.com\n", line % 1000)
        })
        .collect();
    let asked = bench.run_with("check mail.lsv", list.as_bytes());
    assert_eq!(asked.code(), 0);
    let out = asked.out();
    let mut num_false_alarms = 0;
    let mut lines = out.lines();
    for line in 1..=300_000 {
        let answer = lines.next().unwrap();
        let (number, answer) = answer.split_once(": ").unwrap();
        assert_eq!(number, line.to_string());
        if is_member(line) {
            assert!(answer.starts_with("EXPOSED in Forum (2020-02): false alarm 1 in "));
        } else if answer.starts_with("EXPOSED") {
            num_false_alarms += 1;
        } else {
            assert_eq!(answer, "not exposed: not in Forum (2020-02)");
        }
    }
    assert_eq!(lines.next(), None);
    // 1,000 strangers, each asked 225 times, at 1 in 1,000,000.
    assert!(num_false_alarms <= 225, "{num_false_alarms}");
    // The same in JSON, and the same statuses.
    let json = bench.run_with("check mail.lsv --format json", list.as_bytes());
    assert_eq!(json.code(), 0);
    for (line, (text, json)) in (1..).zip(out.lines().zip(json.out().lines())) {
        let json: Value = serde_json::from_str(json).unwrap();
        assert_eq!(json["line"], line);
        let exposed = text.contains("EXPOSED");
        assert_eq!(json["verdict"] == "exposed", exposed);
    }
    let quiet = bench.run_with("check -q mail.lsv", list.as_bytes());
    assert_eq!((quiet.code(), quiet.out().as_str()), (0, ""));
}

#[test]
fn one_line_has_its_answer_before_the_next_is_written() {
    let bench = bench_with_mail();
    let mut child = Command::new(env!("CARGO_BIN_EXE_leaksieve"))
        .args(["check", "mail.lsv"])
        .current_dir(&bench.folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ask = child.stdin.take().unwrap();
    let answers = BufReader::new(child.stdout.take().unwrap());
    let (send, receive) = std::sync::mpsc::channel();
    let reader = std::thread::spawn(move || {
        answers
            .lines()
            .for_each(|line| send.send(line.unwrap()).unwrap());
    });
    // Short ones too: what a stream is must not need more of it. "B" begins bzip2 as well.
    for (number, (text, answer)) in (1..).zip([
        ("B", "cannot say: "),
        ("x", "cannot say: "),
        ("member1@example.com", "EXPOSED in Forum"),
        ("nobody@example.com", "not exposed: "),
    ]) {
        writeln!(ask, "{text}").unwrap();
        // Who waits for the end of the input waits for ever.
        let line = receive
            .recv_timeout(std::time::Duration::from_secs(60))
            .unwrap();
        assert!(line.starts_with(&format!("{number}: {answer}")), "{line}");
    }
    drop(ask);
    assert_eq!(child.wait().unwrap().code(), Some(2));
    reader.join().unwrap();
}

#[test]
fn nothing_asked_and_bytes_behind_the_end_are_told() {
    let bench = bench_with_mail();
    for arguments in ["check mail.lsv", "check -q mail.lsv -"] {
        bench.run(arguments).fails(&["nothing was asked"]);
    }
    let mut joined = std::fs::read(bench.path("mail.lsv")).unwrap();
    joined.extend_from_slice(&[7; 700]);
    bench.write("joined.lsv", &joined);
    let asked = bench.run_with(
        "check joined.lsv",
        b"nobody@example.com\nmember1@example.com\n",
    );
    assert_eq!(asked.code(), 0);
    assert_eq!(asked.err().lines().count(), 1);
    assert!(asked.err().contains("joined.lsv: 700 bytes stand behind"));
    let text = bench.run_with("check mail.lsv", b"nobody@example.com\n");
    assert_eq!(text.err(), "");
}

#[test]
fn less_than_a_sector_is_no_filter_and_more_of_one_is_cut() {
    let bench = bench_with_mail();
    bench.write("list.txt", "x@example.com\n");
    bench
        .run("check list.txt x@example.com")
        .fails(&["not a leaksieve file"]);
    let filter = std::fs::read(bench.path("mail.lsv")).unwrap();
    for (num_bytes, reason) in [
        (
            0,
            "not a leaksieve file, or its first sector is damaged or cut off",
        ),
        (
            511,
            "not a leaksieve file, or its first sector is damaged or cut off",
        ),
        (512, "cut short: 1 of"),
        (1000, "cut short: 1 of"),
    ] {
        bench.write("cut.lsv", &filter[..num_bytes]);
        bench
            .run("check cut.lsv x@example.com")
            .fails(&[reason, "fetch it again"]);
    }
}

/// A lookup reads here and there, of which a pipe knows nothing; one that nobody writes into is not
/// waited for.
#[cfg(unix)]
#[test]
fn a_pipe_is_named_and_not_called_a_foreign_file() {
    let bench = Bench::new();
    bench.write("mail.txt", emails(0..1000));
    bench
        .run("build mail.txt -o mail.lsv --kind email --name Forum --fpr 1e-6 --seed 1")
        .succeeds();
    let filter = std::fs::read(bench.path("mail.lsv")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(bench.path("pipe"))
        .status();
    assert!(made.unwrap().success());
    let named = &["this is a pipe; copy it to a file first"];
    for file in ["/dev/stdin", "pipe"] {
        for arguments in ["check FILE x@example.com", "inspect FILE", "verify FILE"] {
            let arguments = arguments.replace("FILE", file);
            bench.run_with(&arguments, &filter).fails(named);
        }
    }
    bench
        .run("check /dev/null x@example.com")
        .fails(&["this is a character device; copy it to a file first"]);
}

#[test]
fn lines_that_could_not_be_read_stand_beside_not_exposed() {
    let bench = Bench::new();
    let list = emails(0..1000) + "nonsense\nnonsense\n";
    bench.write("mail.txt", &list);
    bench
        .run("build mail.txt -o mail.lsv --kind email --name Forum --fpr 1e-6 --seed 1")
        .succeeds();
    let asked = "nobody@example.com\nmember1@example.com\n".as_bytes();
    let text = bench.run_with("check mail.lsv", asked).out();
    assert!(
        text.starts_with("1: not exposed: not in Forum, 2 of whose lines could not be read\n2: EXPOSED in Forum: "),
        "{text}"
    );
    let json = bench.run_with("check mail.lsv --format json", asked).out();
    let mut lines = json.lines();
    assert_eq!(
        lines.next().unwrap(),
        r#"{"line":1,"verdict":"not_exposed","caveats":[{"name":"Forum","num_rejected":2}]}"#
    );
    assert!(!lines.next().unwrap().contains("caveats"));
}

#[test]
fn completions_and_manual() {
    let bench = Bench::new();
    assert!(
        bench
            .run("completions bash")
            .succeeds()
            .out()
            .contains("leaksieve")
    );
    assert!(bench.run("man").succeeds().out().contains(".TH leaksieve"));
    assert!(bench.run("--help").succeeds().out().contains("estimate"));
}
