//! Descriptors: parts of files, and what is no file.
#![cfg(unix)]

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::AsRawFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use leaksieve_phone::{Filter, FilterError, Trust, Verdict};

type Opened = Result<Arc<Filter>, FilterError>;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../core/tests/golden")
        .join(name)
}

fn opened(file: &impl AsRawFd, offset_bytes: i64, num_bytes: Option<i64>) -> Opened {
    Filter::from_descriptor(file.as_raw_fd(), offset_bytes, num_bytes, Trust::default())
}

/// Why it cannot be read.
fn unreadable(opened: Opened) -> String {
    match opened {
        Err(FilterError::Unreadable(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_descriptor_stays_the_callers() {
    let mut file = File::open(golden("phone.lsv")).unwrap();
    file.seek(SeekFrom::Start(3)).unwrap();
    let filter = opened(&file, 0, None).unwrap();
    filter.check("13800138000".into(), None).unwrap();
    assert_eq!(file.stream_position().unwrap(), 3);
    drop(filter);
    // It is not closed.
    assert_eq!(file.read(&mut [0; 8]).unwrap(), 8);
}

/// As an asset in a package, at a place that is a multiple of nothing, with another filter behind.
#[test]
fn a_part_of_a_file() {
    let (phone, email) = (golden("phone.lsv"), golden("email.lsv"));
    let (phone, email) = (fs::read(phone).unwrap(), fs::read(email).unwrap());
    let (phone_bytes, email_bytes) = (phone.len() as i64, email.len() as i64);
    let package = tempfile::NamedTempFile::new().unwrap();
    let start_bytes = 1237;
    fs::write(
        package.path(),
        [&vec![b'P'; start_bytes][..], &phone, &email, b"PK\x05\x06"].concat(),
    )
    .unwrap();
    let start_bytes = start_bytes as i64;
    let file = File::open(package.path()).unwrap();
    let filter = opened(&file, start_bytes, Some(phone_bytes)).unwrap();
    // The caller may close what is theirs.
    drop(file);
    let about = filter.about();
    assert_eq!(about.size_bytes, phone.len() as u64);
    assert_eq!(about.num_trailing_bytes, 0);
    let check = |filter: &Filter, text: &str| filter.check(text.into(), None).unwrap();
    assert!(matches!(
        check(&filter, "13800138000"),
        Verdict::Exposed { .. }
    ));
    assert!(matches!(
        check(&filter, "13900139999"),
        Verdict::NotExposed { .. }
    ));

    let file = File::open(package.path()).unwrap();
    let filter = opened(&file, start_bytes + phone_bytes, None).unwrap();
    assert_eq!(filter.about().num_trailing_bytes, 4);
    assert!(matches!(
        check(&filter, "stranger@example.com"),
        Verdict::NotExposed { .. }
    ));

    // A part that ends too early is cut short, though there are bytes behind it.
    for cut in [1, 512, phone_bytes - 512] {
        let cut = opened(&file, start_bytes, Some(phone_bytes - cut));
        assert!(matches!(cut, Err(FilterError::Damaged(_))), "{cut:?}");
    }
    // One that begins elsewhere is something else.
    for offset_bytes in [0, start_bytes - 1, start_bytes + 512] {
        let elsewhere = opened(&file, offset_bytes, Some(phone_bytes));
        assert!(matches!(elsewhere, Err(FilterError::NotAFilter(_))));
    }
    // One that the file does not have.
    let all_bytes = start_bytes + phone_bytes + email_bytes + 4;
    for (offset_bytes, num_bytes) in [
        (start_bytes, Some(all_bytes)),
        (start_bytes, Some(i64::MAX)),
        (all_bytes + 1, None),
        (i64::MAX, None),
        (i64::MAX, Some(i64::MAX)),
    ] {
        let text = unreadable(opened(&file, offset_bytes, num_bytes));
        let has = format!("were asked for, and it has {all_bytes} bytes");
        assert!(text.ends_with(&has), "{text}");
    }
    assert_eq!(
        unreadable(opened(&file, -1, None)),
        "an offset of -1 bytes makes no sense"
    );
    assert_eq!(
        unreadable(opened(&file, 0, Some(-1))),
        "a length of -1 bytes makes no sense"
    );
}

#[test]
fn pipes_sockets_and_devices_are_named() {
    let (reader, writer) = io::pipe().unwrap();
    let (socket, _other) = UnixStream::pair().unwrap();
    let null = File::open("/dev/null").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let made = std::process::Command::new("mkfifo")
        .arg(at("pipe"))
        .status();
    assert!(made.unwrap().success());
    let _listener = UnixListener::bind(at("socket")).unwrap();
    let pipe_path = format!("/dev/fd/{}", reader.as_raw_fd());
    let by_path = |path: String| Filter::open(path, Trust::default());
    let named = |what: &str| format!("this is {what}; copy it to a file first");
    for (opened, what) in [
        // What Android says of one: no length is known.
        (opened(&reader, 0, Some(-1)), "a pipe"),
        (opened(&reader, 512, None), "a pipe"),
        (opened(&writer, 0, None), "a pipe"),
        (by_path(pipe_path), "a pipe"),
        // Nobody writes into it: opening it would wait.
        (by_path(at("pipe")), "a pipe"),
        (opened(&socket, 0, None), "a socket"),
        (by_path(at("socket")), "a socket"),
        (opened(&null, 0, None), "a character device"),
        (by_path("/dev/null".into()), "a character device"),
    ] {
        assert_eq!(unreadable(opened), named(what));
    }
}

#[test]
fn descriptors_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("filter.lsv");
    fs::copy(golden("phone.lsv"), &path).unwrap();
    let write_only = OpenOptions::new().append(true).open(&path).unwrap();
    let text = unreadable(opened(&write_only, 0, None));
    assert!(text.ends_with(" was not opened to be read"), "{text}");
    // Not open: one that was closed may be another's by now.
    for descriptor in [-1, i32::MIN, i32::MAX, 1_000_000] {
        let opened = Filter::from_descriptor(descriptor, 0, None, Trust::default());
        assert_eq!(
            unreadable(opened),
            format!("{descriptor} is no open descriptor")
        );
    }
    let directory = File::open(folder.path()).unwrap();
    assert_eq!(unreadable(opened(&directory, 0, None)), "is a directory");
}
