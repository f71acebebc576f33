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
        .fails(&["not a secret Ed25519 key"]);
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
