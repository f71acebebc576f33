//! What of the command line needs more than its words (`sessions.rs`): long inputs, pipes, and figures
//! that have to agree.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use common::{Bench, emails};
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
fn estimate_and_build_agree() {
    let bench = Bench::new();
    bench.write("list.txt", emails(0..50_000));
    let rows = bench
        .run("estimate --items 50_000 --fpr 1e-3 --format json")
        .succeeds()
        .rows();
    for (row, encoding) in rows.iter().zip(["bloom", "ribbon"]) {
        assert_eq!(
            (&row["row"], &row["encoding"]),
            (&"size".into(), &encoding.into())
        );
        let built = bench
            .run(&format!(
                "build list.txt -o {encoding}.lsv --kind email --fpr 0.1% --force \
                 --encoding {encoding} --format json"
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
    let built = bench
        .run("build list.txt -o b.lsv --kind email --max-size 64KiB --format json")
        .succeeds()
        .json();
    assert_eq!(built["size_bytes"], 64 * 1024);
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
    // More lines than are asked together.
    let short = bench.run_with("check mail.lsv", "x\n".repeat(600_000).as_bytes());
    let (numbers, said): (Vec<_>, Vec<_>) = short
        .out()
        .lines()
        .map(|line| {
            let (number, said) = line.split_once(": ").unwrap();
            (number.parse::<u32>().unwrap(), said.to_owned())
        })
        .unzip();
    assert!(numbers.into_iter().eq(1..=600_000));
    assert!(said.iter().all(|said| said.starts_with("cannot say: ")));
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

/// 80 columns and 24 lines, as terminals begin.
#[test]
fn a_short_help_fits_one_screen() {
    let commands = [
        "", "build", "check", "inspect", "verify", "estimate", "bundle", "keygen", "sign",
        "install", "device",
    ];
    let below = [
        "install card",
        "install device",
        "install image",
        "device list",
        "device info",
        "device check",
    ];
    for command in commands.into_iter().chain(below) {
        let output = Command::new(env!("CARGO_BIN_EXE_leaksieve"))
            .args(command.split_whitespace())
            .arg("-h")
            .env("COLUMNS", "80")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        let is_narrow = help.lines().all(|line| line.chars().count() <= 80);
        assert!(help.contains("Usage: ") && is_narrow, "{help}");
        assert!(
            help.lines().count() <= 24,
            "{command}: {}\n{help}",
            help.lines().count()
        );
    }
}
