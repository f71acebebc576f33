//! `leaksieve install`: what is on the card, and what is said.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

struct Bench {
    folder: TempDir,
}

impl Bench {
    /// A key, a list, a card, and signed files of epochs 1 to 3.
    fn new() -> Self {
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(bench.path("card")).unwrap();
        bench.done(&["keygen", "--no-password", "-o", "key"]);
        for epoch in 1..=3 {
            let list: Vec<String> = (0..500 * (4 - epoch))
                .map(|i| format!("m{i}.{epoch}@example.com"))
                .collect();
            fs::write(bench.path("list.txt"), list.join("\n")).unwrap();
            let (plain, signed) = (format!("{epoch}.plain"), format!("{epoch}.lsv"));
            bench.done(&[
                "build",
                "list.txt",
                "--kind",
                "email",
                "--as-lines",
                "-q",
                "--epoch",
                &epoch.to_string(),
                "-o",
                &plain,
            ]);
            bench.done(&["sign", &plain, "--key", "key", "-q", "-o", &signed]);
        }
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_leaksieve"))
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap()
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Is a file on the card this one, and perhaps bytes behind it?
    fn has(&self, name: &str, file: &str) -> bool {
        let read = |path: &Path| fs::read(path).unwrap_or_default();
        let file = read(&self.path(file));
        !file.is_empty() && read(&self.path("card").join(name)).starts_with(&file)
    }
}

#[test]
fn each_file_goes_beside_the_one_before() {
    let bench = Bench::new();
    let said = bench.done(&["install", "1.lsv", "card"]);
    assert!(
        said.contains("installed and read back as LEAKS.LSV"),
        "{said}"
    );
    let said = bench.done(&["install", "2.lsv", "card", "--key", "key.pub"]);
    assert!(
        said.contains("LEAKS2.LSV") && said.contains("the one before is still there"),
        "{said}"
    );
    assert!(bench.has("LEAKS.LSV", "1.lsv") && bench.has("LEAKS2.LSV", "2.lsv"));
    // The third is shorter than what it is written over.
    bench.done(&["install", "3.lsv", "card", "-q"]);
    assert!(bench.has("LEAKS.LSV", "3.lsv") && bench.has("LEAKS2.LSV", "2.lsv"));
    let said = bench.refused(&["verify", "card/LEAKS.LSV"]);
    assert!(said.contains("does no harm"), "{said}");
    assert!(
        bench
            .run(&[
                "check",
                "card/LEAKS.LSV",
                "--key",
                "key.pub",
                "m1.3@example.com"
            ])
            .status
            .success()
    );
}

#[test]
fn what_is_not_installed_leaves_the_card_as_it_was() {
    let bench = Bench::new();
    bench.done(&["install", "2.lsv", "card"]);
    bench.done(&["keygen", "--no-password", "-o", "other"]);
    bench.done(&[
        "sign",
        "3.plain",
        "--key",
        "other",
        "-q",
        "-o",
        "foreign.lsv",
    ]);
    bench.done(&[
        "sign", "3.plain", "--key", "key", "--epoch", "90000", "-q", "-o", "far.lsv",
    ]);
    let mut damaged = fs::read(bench.path("3.lsv")).unwrap();
    damaged[1000] ^= 1;
    fs::write(bench.path("damaged.lsv"), damaged).unwrap();
    for (arguments, reason) in [
        (
            &["install", "1.lsv", "card"][..],
            "LEAKS.LSV on the card has epoch 2, and this file has 1",
        ),
        (
            &["install", "2.lsv", "card"],
            "has this file already, as LEAKS.LSV",
        ),
        (&["install", "3.plain", "card"], "give --key"),
        (&["install", "foreign.lsv", "card"], "give --key"),
        (
            &["install", "foreign.lsv", "card", "--key", "key.pub"],
            "no trusted key",
        ),
        (&["install", "far.lsv", "card"], "65536 further at most"),
        (&["install", "damaged.lsv", "card"], "damaged"),
        (
            &["install", "3.lsv", "nowhere"],
            "give the folder that the card is mounted as",
        ),
        (
            &["install", "3.lsv", "3.plain"],
            "give the folder that the card is mounted as",
        ),
    ] {
        let said = bench.refused(arguments);
        assert!(said.contains(reason), "{arguments:?}: {said}");
        assert!(bench.has("LEAKS.LSV", "2.lsv"));
        assert!(!bench.path("card/LEAKS2.LSV").exists(), "{arguments:?}");
    }
    // What is there and not whole is said, and not written over.
    let path = bench.path("card/LEAKS.LSV");
    let mut bytes = fs::read(&path).unwrap();
    bytes[1000] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let said = bench.refused(&["install", "2.lsv", "card"]);
    assert!(said.contains("damaged: delete it there"), "{said}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}
