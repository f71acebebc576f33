//! The interface as Rust has it. The other languages' tests, beside the host's answers, are in
//! `tests/tests/bindings`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use leaksieve_phone::{Filter, FilterError, Kind, Reader, ReaderError, Reason, Trust, Verdict};

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../core/tests/golden")
        .join(name)
}

fn open(name: &str, trust: Trust) -> Result<Arc<Filter>, FilterError> {
    Filter::open(golden(name).display().to_string(), trust)
}

/// A file in memory, which may be read in part only.
#[derive(Debug)]
struct Memory {
    bytes: Vec<u8>,
    most_bytes: usize,
}

impl Reader for Memory {
    fn size_bytes(&self) -> Result<u64, ReaderError> {
        Ok(self.bytes.len() as u64)
    }

    fn read_at(&self, offset_bytes: u64, num_bytes: u32) -> Result<Vec<u8>, ReaderError> {
        let from = &self.bytes[offset_bytes as usize..];
        Ok(from[..(num_bytes as usize).min(self.most_bytes)].to_vec())
    }
}

#[test]
fn three_verdicts() {
    let filter = open("bundle.lsv", Trust::default()).unwrap();
    let check = |text: &str, kind| filter.check(text.into(), kind).unwrap();
    let Verdict::Exposed { leaks } = check("+86 138 0013 8000", None) else {
        panic!("a member is not exposed");
    };
    assert_eq!(leaks.len(), 1);
    assert_eq!(leaks[0].name, "Golden phone.txt");
    assert_eq!(leaks[0].date.as_deref(), Some("2021-06"));
    let Verdict::NotExposed { absences } = check("13900139999", Some(Kind::Phone)) else {
        panic!("a stranger");
    };
    assert_eq!(absences.len(), 1);
    // The same number is no address.
    let Verdict::NotCovered { gaps, absences } = check("13900139999", None) else {
        panic!("a number in a file that has addresses too");
    };
    assert_eq!(gaps.len(), 1);
    assert_eq!(gaps[0].reason, Reason::NotAnEmail);
    assert_eq!(gaps[0].dataset, 1);
    assert_eq!(absences.len(), 2);
}

/// The list has member52+shop@example.com.
#[test]
fn how_it_was_found_and_the_odds_of_the_question() {
    let filter = open("email.lsv", Trust::default()).unwrap();
    let dataset = &filter.about().datasets[0];
    assert_eq!(dataset.num_extra, 1);
    for (text, found, num_readings) in [
        ("Member52+Shop@Example.com", None, 2),
        ("member52@example.com", Some("with a +tag"), 2),
        ("member7+shop@example.org", Some("without its +tag"), 2),
    ] {
        let Verdict::Exposed { leaks } = filter.check(text.into(), None).unwrap() else {
            panic!("{text}");
        };
        assert_eq!(leaks[0].found.as_deref(), found, "{text}");
        let expected = dataset.false_alarm_one_in.unwrap() / num_readings;
        let one_in = leaks[0].false_alarm_one_in.unwrap();
        assert!(one_in.abs_diff(expected) <= 1, "{text}");
    }
    assert!(matches!(
        filter.check("member52+forum@example.com".into(), None),
        Ok(Verdict::NotExposed { .. })
    ));
}

#[test]
fn a_reader_that_gives_less_is_an_error() {
    let bytes = fs::read(golden("phone.lsv")).unwrap();
    let of = |most_bytes| {
        let bytes = bytes.clone();
        Filter::from_reader(Arc::new(Memory { bytes, most_bytes }), Trust::default())
    };
    assert!(of(512).is_ok());
    for most_bytes in [0, 1, 511] {
        assert!(matches!(of(most_bytes), Err(FilterError::Unreadable(_))));
    }
}

/// A shopping list, an empty file, a filter that was cut: one reason, however it is opened.
#[test]
fn a_path_and_a_reader_are_refused_for_the_same_reason() {
    let filter = fs::read(golden("phone.lsv")).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().display().to_string();
    let long_text = b"milk, bread\n".repeat(100);
    for (bytes, is_cut) in [
        (&b"milk, bread\n"[..], false),
        (&long_text, false),
        (b"", false),
        (&filter[..511], false),
        (&filter[..512], true),
        (&filter[..filter.len() - 1], true),
    ] {
        fs::write(&path, bytes).unwrap();
        let (bytes, most_bytes) = (bytes.to_vec(), 512);
        let reader = Arc::new(Memory { bytes, most_bytes });
        let by_path = Filter::open(path.clone(), Trust::default()).unwrap_err();
        let by_reader = Filter::from_reader(reader, Trust::default()).unwrap_err();
        assert_eq!(by_path, by_reader);
        let is_foreign = matches!(by_path, FilterError::NotAFilter(_));
        let is_damaged = matches!(by_path, FilterError::Damaged(_));
        assert_eq!((is_foreign, is_damaged), (!is_cut, is_cut), "{by_path}");
    }
}

#[test]
fn keys_that_are_none_are_told_by_their_number() {
    let key = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
    let trust = |keys: &[&str]| Trust {
        keys: keys.iter().map(|key| (*key).to_owned()).collect(),
        ..Trust::default()
    };
    assert!(open("signed.lsv", trust(&[key])).is_ok());
    assert!(matches!(
        open("phone.lsv", trust(&[key])),
        Err(FilterError::NotTrusted(_))
    ));
    let error = open("signed.lsv", trust(&[key, ""])).unwrap_err();
    assert!(matches!(error, FilterError::BadKey { number: 2, .. }));
    assert_eq!(
        error.to_string(),
        "key 2: no public key: give its 64 hexadecimal digits"
    );
}
