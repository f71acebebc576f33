//! `leaksieve keygen`, and what becomes of its files.

#![cfg(unix)]

mod common;

use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Bench, bench_with_key, emails, openssl};

fn mode(bench: &Bench, name: &str) -> u32 {
    let metadata = std::fs::metadata(bench.path(name)).unwrap();
    metadata.permissions().mode() & 0o7777
}

fn set_mode(bench: &Bench, name: &str, mode: u32) {
    let permissions = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(bench.path(name), permissions).unwrap();
}

fn text(bench: &Bench, name: &str) -> String {
    std::fs::read_to_string(bench.path(name)).unwrap()
}

#[test]
fn a_key_is_two_files_and_its_owner_alone_reads_one() {
    let bench = Bench::new();
    let ran = bench
        .run_with("keygen -o leaks.key", b"correct horse\n")
        .succeeds();
    assert_eq!(bench.files(), ["leaks.key", "leaks.key.pub"]);
    assert_eq!(mode(&bench, "leaks.key"), 0o600);
    assert_eq!(mode(&bench, "leaks.key.pub") & 0o444, 0o444);
    let secret = text(&bench, "leaks.key");
    assert!(secret.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    assert!(secret.ends_with("-----END ENCRYPTED PRIVATE KEY-----\n"));
    let public = text(&bench, "leaks.key.pub");
    assert!(public.starts_with("-----BEGIN PUBLIC KEY-----\n"));
    // 64 digits, which stand for the same as the file.
    let digits = ran.out().lines().last().unwrap().trim().to_owned();
    assert_eq!(digits.len(), 64);
    assert!(digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    for output in [ran.out(), ran.err()] {
        assert!(!output.contains("horse"));
    }
    // Another each time.
    bench
        .run_with("keygen -o other.key", b"correct horse\n")
        .succeeds();
    assert_ne!(public, text(&bench, "other.key.pub"));
}

#[test]
fn a_key_without_a_password_is_asked_for() {
    let bench = Bench::new();
    for stdin in ["", "\n", "\r\n"] {
        bench
            .run_with("keygen -o leaks.key", stdin.as_bytes())
            .fails(&["--no-password"]);
        assert!(bench.files().is_empty());
    }
    bench
        .run_with("keygen -o leaks.key", "x".repeat(2000).as_bytes())
        .fails(&["more than 1024 bytes"]);
    bench.run("keygen -o leaks.key --no-password").succeeds();
    assert!(text(&bench, "leaks.key").starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert_eq!(mode(&bench, "leaks.key"), 0o600);
}

#[test]
fn no_key_is_lost() {
    let bench = Bench::new();
    bench.run("keygen -o leaks.key --no-password").succeeds();
    let old = (text(&bench, "leaks.key"), text(&bench, "leaks.key.pub"));
    bench
        .run("keygen -o leaks.key --no-password")
        .fails(&["leaks.key", "--force"]);
    // One of the two is enough.
    bench.write("half.key.pub", "published");
    bench
        .run("keygen -o half.key --no-password")
        .fails(&["half.key.pub", "--force"]);
    assert_eq!(
        bench.files(),
        ["half.key.pub", "leaks.key", "leaks.key.pub"]
    );
    assert_eq!(
        old,
        (text(&bench, "leaks.key"), text(&bench, "leaks.key.pub"))
    );
    set_mode(&bench, "leaks.key", 0o644);
    bench
        .run("keygen -o leaks.key --no-password --force")
        .succeeds();
    assert_ne!(old.0, text(&bench, "leaks.key"));
    assert_eq!(mode(&bench, "leaks.key"), 0o600);
    bench
        .run("keygen -o - --no-password")
        .fails(&["standard output"]);
}

#[test]
fn what_is_no_key_or_not_kept_as_one_does_not_sign() {
    let bench = bench_with_key();
    let sign = |key: &str| format!("sign mail.lsv --key {key} -o signed.lsv --epoch 1");
    let long = "x".repeat(2000);
    for (stdin, part) in [
        ("wrong\n", "wrong password"),
        ("", "none on standard input"),
        (long.as_str(), "more than 1024 bytes"),
    ] {
        let ran = bench
            .run_with(&sign("leaks.key"), stdin.as_bytes())
            .fails(&[part]);
        assert!(!ran.err().contains("PRIVATE"));
    }
    for mode in [0o640, 0o604, 0o660, 0o777] {
        set_mode(&bench, "leaks.key", mode);
        bench.run_with(&sign("leaks.key"), b"secret\n").fails(&[
            "leaks.key",
            "chmod 600",
            &format!("{mode:04o}"),
        ]);
    }
    set_mode(&bench, "leaks.key", 0o400);
    bench.run_with(&sign("leaks.key"), b"secret\r\n").succeeds();
    std::fs::remove_file(bench.path("signed.lsv")).unwrap();

    let key = text(&bench, "leaks.key");
    bench.write("nonsense.key", "nonsense");
    bench.write("cut.key", &key[..key.len() / 2]);
    bench.write("other.key", key.replace("ENCRYPTED PRIVATE", "EC PRIVATE"));
    bench.write("empty.key", "");
    bench.write("long.key", "-".repeat(1 << 17));
    bench.write("public.key", text(&bench, "leaks.key.pub"));
    for name in ["nonsense", "cut", "other", "empty", "long", "public"] {
        let part = if name == "public" {
            "this is a public key"
        } else {
            "not the file of a secret Ed25519 key"
        };
        for mode in [0o600, 0o644] {
            set_mode(&bench, &format!("{name}.key"), mode);
            bench
                .run_with(&sign(&format!("{name}.key")), b"secret\n")
                .fails(&[part]);
        }
    }
    bench
        .run(&sign("none.key"))
        .fails(&["none.key: cannot be read"]);
    assert!(!bench.path("signed.lsv").exists());
}

#[test]
fn public_keys_are_files_or_digits() {
    let bench = bench_with_key();
    bench
        .run_with(
            "sign mail.lsv --key leaks.key -o signed.lsv --epoch 1",
            b"secret\n",
        )
        .succeeds();
    let report = bench
        .run("inspect signed.lsv --format json")
        .succeeds()
        .json();
    let digits = report["signer"].as_str().unwrap().to_owned();
    let upper = digits.to_uppercase();
    for key in [digits.as_str(), &upper, "leaks.key.pub"] {
        bench
            .run(&format!("verify signed.lsv --key {key}"))
            .succeeds();
    }
    for (key, part) in [
        (&digits[1..], "64 hexadecimal digits"),
        (
            &digits.replace(|c: char| c.is_ascii_hexdigit(), "g"),
            "cannot be read",
        ),
        ("none.pub", "none.pub: cannot be read"),
        ("mail.txt", "no public Ed25519 key"),
        ("leaks.key", "this is a secret key"),
    ] {
        for command in ["verify", "inspect", "check"] {
            bench
                .run(&format!("{command} signed.lsv --key {key}"))
                .fails(&[part]);
        }
    }
}

/// Someone else's implementation reads our keys, and we read theirs.
#[test]
fn keys_are_those_of_openssl() {
    let bench = bench_with_key();
    let Some(public) = openssl(&bench, "pkey -in leaks.key -passin pass:secret -pubout") else {
        return;
    };
    assert_eq!(public, text(&bench, "leaks.key.pub"));
    bench.run("keygen -o plain.key --no-password").succeeds();
    let public = openssl(&bench, "pkey -in plain.key -passin pass: -pubout").unwrap();
    assert_eq!(public, text(&bench, "plain.key.pub"));

    for (name, protection) in [
        ("theirs", ""),
        ("theirs-cbc", "-aes-256-cbc -pass pass:secret"),
    ] {
        let made = format!("genpkey -algorithm ed25519 {protection} -out {name}.key");
        openssl(&bench, &made).unwrap();
        set_mode(&bench, &format!("{name}.key"), 0o600);
        let public = format!("pkey -in {name}.key -passin pass:secret -pubout -out {name}.pub");
        openssl(&bench, &public).unwrap();
        let sign = format!("sign mail.lsv --key {name}.key -o {name}.lsv --epoch 1");
        bench.run_with(&sign, b"secret\n").succeeds();
        bench
            .run(&format!("verify {name}.lsv --key {name}.pub"))
            .succeeds();
    }
    openssl(
        &bench,
        "pkcs8 -topk8 -scrypt -in theirs.key -out scrypt.key -passout pass:secret",
    )
    .unwrap();
    set_mode(&bench, "scrypt.key", 0o600);
    bench
        .run_with(
            "sign mail.lsv --key scrypt.key -o scrypt.lsv --epoch 1",
            b"secret\n",
        )
        .succeeds();
    bench.run("verify scrypt.lsv --key theirs.pub").succeeds();
    // A key of another kind is none.
    openssl(&bench, "genpkey -algorithm x25519 -out x25519.key").unwrap();
    set_mode(&bench, "x25519.key", 0o600);
    bench
        .run("sign mail.lsv --key x25519.key -o x.lsv --epoch 1")
        .fails(&["not the file of a secret Ed25519 key"]);
}

/// A picture, a filter: bytes that are no text.
#[test]
fn what_is_no_text_is_no_key() {
    let bench = bench_with_key();
    bench.write("noise", [0xFF; 100]);
    bench
        .run("check mail.lsv --key noise member1@example.com")
        .fails(&["noise: no public Ed25519 key", "64 hexadecimal digits"]);
    set_mode(&bench, "noise", 0o600);
    bench
        .run("sign mail.lsv --key noise -o signed.lsv")
        .fails(&["noise: not the file of a secret Ed25519 key"]);
}

/// Ctrl-C, while it waits for the password.
#[test]
fn an_interrupted_keygen_leaves_nothing() {
    let bench = Bench::new();
    for signal in ["INT", "TERM", "HUP"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_leaksieve"))
            .args(["keygen", "-o", "leaks.key"])
            .current_dir(&bench.folder)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while bench.files().len() < 2 {
            assert!(began.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(5));
        }
        for name in bench.files().iter().filter(|name| !name.contains(".pub")) {
            assert_eq!(mode(&bench, name), 0o600);
        }
        let kill = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        // Kept open: an end of the input would be another reason to end.
        let input = child.stdin.take();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        drop(input);
        assert!(bench.files().is_empty());
    }
}

/// Whatever the moment, the signed file is whole or not there.
#[test]
fn an_interrupted_signature_leaves_nothing_half_done() {
    let bench = Bench::new();
    bench.write("mail.txt", emails(0..20_000));
    bench
        .run("build mail.txt -o mail.lsv --kind email --max-size 4MiB --seed 1")
        .succeeds();
    bench.run("keygen -o plain.key --no-password").succeeds();
    let arguments = "sign mail.lsv --key plain.key --epoch 1 -o";
    bench.run(&format!("{arguments} whole.lsv")).succeeds();
    let whole = std::fs::read(bench.path("whole.lsv")).unwrap();
    let before = bench.files();
    let (mut num_interrupted, mut num_whole) = (0, 0);
    for attempt in 0..30 {
        let mut child = Command::new(env!("CARGO_BIN_EXE_leaksieve"))
            .args(arguments.split(' '))
            .arg("signed.lsv")
            .current_dir(&bench.folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(attempt * 8));
        let signal = if attempt % 2 == 0 { "TERM" } else { "KILL" };
        let _ = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .stderr(Stdio::null())
            .status();
        let status = child.wait().unwrap();
        if bench.path("signed.lsv").exists() {
            assert_eq!(std::fs::read(bench.path("signed.lsv")).unwrap(), whole);
            std::fs::remove_file(bench.path("signed.lsv")).unwrap();
            num_whole += 1;
        } else {
            assert!(!status.success());
            num_interrupted += 1;
        }
        if signal == "TERM" {
            // What a killed one left is removed as well.
            let left = bench.files().len() - before.len();
            assert!(left <= 1, "{:?}", bench.files());
        }
    }
    println!("{num_interrupted} interrupted, {num_whole} whole");
    assert!(num_interrupted > 0);
    bench.run(&format!("{arguments} signed.lsv")).succeeds();
    assert_eq!(bench.files().len(), before.len() + 1);
    assert_eq!(std::fs::read(bench.path("signed.lsv")).unwrap(), whole);
}
