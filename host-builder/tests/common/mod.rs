//! What tests of the command line share.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use leaksieve::file::FilterFile;
use leaksieve_core::Header;
use leaksieve_core::sector::{FileId, Payload, SectorIndex, seal};
use serde_json::Value;

/// A folder of its own, and what is run in it.
pub struct Bench {
    pub folder: tempfile::TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    pub fn run(&self, arguments: &str) -> Ran {
        self.run_with(arguments, b"")
    }

    /// Arguments are divided at blanks, so none may have one.
    pub fn run_with(&self, arguments: &str, stdin: &[u8]) -> Ran {
        let arguments: Vec<&str> = arguments.split_whitespace().collect();
        self.run_args(&arguments, stdin)
    }

    pub fn run_args(&self, arguments: &[&str], stdin: &[u8]) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_leaksieve"))
            .args(arguments)
            .current_dir(&self.folder)
            .env("SOURCE_DATE_EPOCH", "1700000000")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut pipe = child.stdin.take().unwrap();
        let stdin = stdin.to_vec();
        // It may end before it has read all.
        let writer = std::thread::spawn(move || drop(pipe.write_all(&stdin)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran(output)
    }

    pub fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(&self.folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// What a run gave.
pub struct Ran(Output);

impl Ran {
    pub fn code(&self) -> i32 {
        self.0.status.code().unwrap()
    }

    pub fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub fn err(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.0.stdout).unwrap()
    }

    /// Lines of JSON.
    pub fn rows(&self) -> Vec<Value> {
        self.out()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Each line's verdict.
    pub fn verdicts(&self) -> Vec<String> {
        self.rows()
            .iter()
            .map(|line| line["verdict"].as_str().unwrap().to_owned())
            .collect()
    }

    #[track_caller]
    pub fn succeeds(self) -> Self {
        assert_eq!(self.code(), 0, "{}", self.err());
        self
    }

    /// Exit status 2, and all of these in the message.
    #[track_caller]
    pub fn fails(self, parts: &[&str]) -> Self {
        assert_eq!(self.code(), 2, "{}{}", self.out(), self.err());
        for part in parts {
            assert!(self.err().contains(part), "{part:?} not in: {}", self.err());
        }
        self
    }
}

pub fn emails(range: std::ops::Range<u32>) -> String {
    range.map(|i| format!("member{i}@example.com\n")).collect()
}

pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// `mail.lsv` of 1,000 addresses, and `leaks.key` with the password `secret`.
pub fn bench_with_key() -> Bench {
    let bench = Bench::new();
    bench.write("mail.txt", emails(0..1000));
    bench
        .run("build mail.txt -o mail.lsv --kind email --name Forum --date 2020-02 --fpr 1e-6 --seed 1")
        .succeeds();
    bench
        .run_with("keygen -o leaks.key", b"secret\n")
        .succeeds();
    bench
}

/// What OpenSSL prints.
pub fn openssl(bench: &Bench, arguments: &str) -> Option<String> {
    foreign(bench, "openssl", arguments)
}

/// What a program prints, as someone else's implementation; `None`, and a line, where it is
/// not installed.
pub fn foreign(bench: &Bench, program: &str, arguments: &str) -> Option<String> {
    let output = Command::new(program)
        .args(arguments.split_whitespace())
        .current_dir(&bench.folder)
        .output();
    match output {
        Ok(output) => {
            assert!(output.status.success(), "{arguments}: {output:?}");
            Some(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("not compared with {program}, which is not installed");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

pub fn read(bench: &Bench, name: &str) -> Vec<u8> {
    std::fs::read(bench.path(name)).unwrap()
}

/// Change a sector and make its checksum right again, as a forger does.
pub fn forge(bytes: &mut [u8], id: FileId, index: usize, change: impl FnOnce(&mut Payload)) {
    let sector = &mut bytes[index * 512..][..512];
    let mut payload: Payload = *sector.first_chunk().unwrap();
    change(&mut payload);
    sector.copy_from_slice(&seal(id, SectorIndex(index as u32), &payload));
}

pub fn id_of(bench: &Bench, name: &str) -> FileId {
    let file = FilterFile::open(&bench.path(name)).unwrap();
    file.catalogue().file_id()
}

pub fn header_of(bench: &Bench, name: &str) -> Header {
    let file = FilterFile::open(&bench.path(name)).unwrap();
    file.catalogue().header().clone()
}

/// Another header, of the same length.
pub fn forge_header(bytes: &mut [u8], id: FileId, header: &Header) {
    let image = header.encode(id).unwrap();
    for (place, sector) in bytes.chunks_mut(512).zip(image.sectors()) {
        place.copy_from_slice(&sector);
    }
}
