//! `check --explain`, on a terminal of its own.
#![cfg(unix)]

mod common;

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use common::Bench;
use nix::pty::openpty;

/// What a terminal shows, without its colours and odds.
fn shown(bench: &Bench, arguments: &[&str], stdin: Option<&str>) -> String {
    let terminal = openpty(None, None).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_leaksieve"));
    command
        .args(["check", "--explain", "--color", "never"])
        .args(arguments)
        .current_dir(&bench.folder)
        .stdout(terminal.slave.try_clone().unwrap())
        .stderr(terminal.slave.try_clone().unwrap())
        .stdin(match stdin {
            None => Stdio::null(),
            Some(name) => File::open(bench.path(name)).unwrap().into(),
        });
    let mut child = command.spawn().unwrap();
    drop((command, terminal.slave));
    let mut master = File::from(terminal.master);
    let (mut shown, mut bytes) = (Vec::new(), [0; 4096]);
    // At its end a terminal says that there is an error.
    while let Ok(read @ 1..) = master.read(&mut bytes) {
        shown.extend_from_slice(&bytes[..read]);
    }
    child.wait().unwrap();
    let lines = String::from_utf8(shown).unwrap().replace("\r\n", "\n");
    let without_odds = |line: &str| match line.split_once(": false alarm 1 in ") {
        Some((before, _)) => format!("{before}\n"),
        None => format!("{line}\n"),
    };
    lines.lines().map(without_odds).collect()
}

/// A filter `list.lsv` of one line or more.
fn bench_of(list: &str, options: &str) -> Bench {
    let bench = Bench::new();
    bench.write("list.txt", list);
    bench
        .run(&format!(
            "build list.txt -o list.lsv --name L --fpr 1e-6 --seed 1 {options}"
        ))
        .succeeds();
    bench
}

#[test]
fn numbers() {
    for (list, region, text, expected) in [
        (
            "+491716783154",
            "DE",
            "491716783154",
            "\
1: EXPOSED in L, found with its first digits read in another way
   L (phone, DE +49)
     +49491716783154  as it is usually read                      a number
     +491716783154    with its first digits read in another way  a number
",
        ),
        (
            "+491716783154",
            "DE",
            "0171 678",
            "\
1: cannot say: L (phone, DE +49): no phone has this number: give all of it, with area code or country code
   L (phone, DE +49)
     +49171678  as it is usually read  no phone has it
",
        ),
        (
            "+491716783154",
            "DE",
            "+1 212 555 0100",
            "\
1: cannot say: L (phone, DE +49): a phone number of a country that is not covered
   L (phone, DE +49)
     +12125550100  as it is usually read  if it is not there, that proves nothing: a phone number of a country that is not covered
",
        ),
        (
            "+491716783154",
            "DE",
            "12",
            "\
1: cannot say: L (phone, DE +49): too few digits for a phone number
   L (phone, DE +49)
     nothing is looked for: too few digits for a phone number
",
        ),
        (
            "+491716783154",
            "DE",
            "30123456-78",
            "\
1: not exposed: not in L
   L (phone, DE +49)
     +493012345678  as it is usually read  a number
     +4930123456    without its extension  a number
",
        ),
        (
            "13800138000",
            "CN",
            "0755-2601-2345",
            "\
1: not exposed: not in L
   L (phone, CN +86)
     +8675526012345  as it is usually read  a number
     +867552601      without its extension  not looked for: it is not a number, and the whole text is one
",
        ),
        (
            "+5511987654321",
            "BR",
            "11 8765-4321",
            "\
1: EXPOSED in L, found in its old or new form
   L (phone, BR +55)
     +551187654321   as it is usually read   an old form of a number
     +5511987654321  in its old or new form  a number
",
        ),
    ] {
        let bench = bench_of(list, &format!("--kind phone --region {region}"));
        assert_eq!(shown(&bench, &["list.lsv", text], None), expected);
    }
}

#[test]
fn addresses() {
    for (list, text, expected) in [
        (
            "ann+shop@example.com",
            "Ann@example.com",
            "\
1: EXPOSED in L, found with a +tag
   L (email)
     ann@example.com  as it was typed
     ann@example.com  as the list has it with a +tag
",
        ),
        (
            "ann+shop@example.com",
            "ann+a@example.com",
            "\
1: not exposed: not in L
   L (email)
     ann+a@example.com  as it was typed
     ann@example.com    without its +tag
",
        ),
        (
            "ann@example.com",
            "ann@example.com",
            "\
1: EXPOSED in L
   L (email)
     ann@example.com  as it was typed
     ann@example.com  as the list has it with a +tag  not looked for: no line of the list is like that
",
        ),
    ] {
        let bench = bench_of(list, "--kind email");
        assert_eq!(shown(&bench, &["list.lsv", text], None), expected);
    }
}

#[test]
fn a_password_is_not_shown() {
    let bench = bench_of("letmein\n open sesame \n", "--kind password");
    bench.write("asked.txt", "open sesame\n$HEX[7472307562]\n");
    assert_eq!(
        shown(&bench, &["list.lsv"], Some("asked.txt")),
        "\
1: EXPOSED in L, found with blanks at its ends
   L (password, as SHA-1)
     as it was typed
     as the list has it with blanks at its ends
2: not exposed: not in L
   L (password, as SHA-1)
     as it was typed
     as the list has it with blanks at its ends
     as what $HEX[...] stands for
     as the list has it with blanks at its ends
"
    );
}
