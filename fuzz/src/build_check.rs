//! Short lists, built to a file and asked: a set of their items is right.
//!
//! Input: a profile, flags and aim (u8), the size or rate (u8), a seed (u64), a question
//! with its length before it, then the list, one identifier a line.

use std::collections::HashSet;

use leaksieve::build::{BuildError, Options, Summary, build};
use leaksieve::fold;
use leaksieve::partition::MIN_MEMORY_BYTES;
use leaksieve::size::Aim;
use leaksieve::source::{Input as List, Layout};
use leaksieve_core::header::Date;
use leaksieve_core::identifier::{Item, PasswordDigest};
use leaksieve_core::sector::{Payload, SectorIndex, verify};
use leaksieve_core::{
    Catalogue, Identifier, IdentifierKind, NormaliseError, Outcome, Profile, Verdict,
};

use crate::input::Input;
use crate::{lines, oracle, profiles, scratch};

/// Run one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (profile, _) = profiles::profile(&mut input);
    let flags = input.byte();
    let size = input.byte();
    let seed = input.u64();
    let question = input.counted();
    let list = input.rest();
    // Such a list would be another format, and have a target of its own.
    if !matches!(list.first(), None | Some(b'\n' | b' '..=b'~')) || list.starts_with(b"PAR1") {
        return;
    }
    let kind = match (&profile, flags & 1) {
        (Profile::Password(PasswordDigest::Sha1), 1) => {
            IdentifierKind::Sha1
        }
        (Profile::Password(_), 1) => IdentifierKind::Ntlm,
        _ => profile.kind(),
    };
    let options = Options {
        inputs: vec![List::File(scratch::write("list.txt", list))],
        layout: Layout::Line,
        kind,
        profile: profile.clone(),
        // To find the size for a rate takes much longer than the rest.
        aim: match flags >> 4 {
            0 => Aim::FalsePositiveRate(1.0 / f64::from(1 + u16::from(size))),
            _ => Aim::MaxBytes(1024 + 64 * u64::from(size)),
        },
        name: "A".to_owned(),
        date: Date::default(),
        source_note: String::new(),
        seed: Some(seed),
        created_unix_s: 0,
        epoch: 0,
        expires_unix_s: 0,
        max_rejected_share: 1.0,
        num_threads: 1 + usize::from(flags >> 1 & 1),
        memory_bytes: MIN_MEMORY_BYTES,
        temp_folder: Some(scratch::folder().to_path_buf()),
        replace: true,
    };
    let records = Records::of(list, &profile, kind);
    let output = scratch::path("filter.lsv");
    let built = build(&options, &output, &());
    match built {
        Ok(summary) => {
            let file = std::fs::read(&output).expect("a file that was built");
            check(&records, &summary, &file);
            ask(&records, &file, kind, question);
        }
        Err(BuildError::NoItems(_)) => assert!(records.accepted.is_empty()),
        // The size is too small, or the rate cannot be.
        Err(BuildError::Shape(_)) => {}
        Err(error) => panic!("{error}"),
    }
}

/// What the lines of a list are.
struct Records {
    /// Those that have an item.
    accepted: Vec<Vec<u8>>,
    /// Their items, each once.
    distinct: Vec<Item>,
    num_blank: u64,
    num_rejected: u64,
}

fn identifier(text: &[u8], kind: IdentifierKind) -> Identifier<'_> {
    Identifier::new(text).of_kind(kind).folded_by(fold::fold)
}

impl Records {
    fn of(list: &[u8], profile: &Profile, kind: IdentifierKind) -> Self {
        let is_world = matches!(profile, Profile::Phone(phone) if phone.is_world());
        let mut seen = HashSet::new();
        let mut records = Self {
            accepted: Vec::new(),
            distinct: Vec::new(),
            num_blank: 0,
            num_rejected: 0,
        };
        for line in lines::plain(list) {
            // Lists write E.164 digits without their plus sign.
            let text = match line.trim_ascii() {
                digits @ [b'1'..=b'9', ..] if is_world => [b"+", digits].concat(),
                _ => line.to_vec(),
            };
            match profile.normalise(&identifier(&text, kind)) {
                Ok(item) => {
                    records.accepted.push(text);
                    if seen.insert(item.as_bytes().to_vec()) {
                        records.distinct.push(item);
                    }
                }
                Err(NormaliseError::Empty) => records.num_blank += 1,
                Err(_) => records.num_rejected += 1,
            }
        }
        records
    }
}

fn open(mut file: &[u8]) -> Catalogue {
    leaksieve_core::open(&mut file, &mut [0; 512]).expect("a file that was built")
}

fn payload(catalogue: &Catalogue, file: &[u8], index: u32) -> Payload {
    let sector = file[index as usize * 512..].first_chunk().expect("a sector");
    *verify(catalogue.file_id(), SectorIndex(index), sector).expect("a whole sector")
}

/// The counts are right, and the pages are those of the items, bit by bit.
fn check(records: &Records, summary: &Summary, file: &[u8]) {
    assert_eq!(summary.counts.num_accepted, records.accepted.len() as u64);
    assert_eq!(summary.counts.num_blank, records.num_blank);
    assert_eq!(summary.counts.rejects.count(), records.num_rejected);
    assert_eq!(summary.num_items, records.distinct.len() as u64);
    let catalogue = open(file);
    let [dataset] = catalogue.datasets() else {
        panic!("not one dataset");
    };
    assert_eq!(dataset.num_items, summary.num_items);
    assert_eq!(dataset.num_rejected, records.num_rejected);
    assert_eq!(catalogue.header().num_sectors as usize * 512, file.len());
    let mut pages = vec![[0; 508]; dataset.num_sectors as usize];
    for item in &records.distinct {
        let hash = oracle::hash(dataset, item);
        for bit in oracle::bits(hash, oracle::num_hashes(dataset)) {
            let page: &mut Payload = &mut pages[oracle::page(hash, dataset.num_sectors) as usize];
            page[(bit / 8) as usize] |= 1 << (bit % 8);
        }
    }
    for (index, page) in (dataset.first_sector.0..).zip(&pages) {
        assert!(payload(&catalogue, file, index) == *page, "sector {index}");
    }
}

/// Every member is exposed; all else gets the answer that the bits give.
fn ask(records: &Records, mut file: &[u8], kind: IdentifierKind, question: &[u8]) {
    let whole = file;
    let catalogue = open(file);
    let mut verdict = |text: &[u8]| {
        let identifier = identifier(text, kind);
        let expected = oracle::expected(&catalogue, &identifier, |index| {
            payload(&catalogue, whole, index)
        });
        let verdict = leaksieve_core::check(&catalogue, identifier, &mut file, &mut [0; 512]);
        let verdict = verdict.expect("a whole file");
        expected.compare(&verdict);
        verdict
    };
    for text in &records.accepted {
        let verdict = verdict(text);
        assert!(matches!(verdict, Verdict::Exposed(_)));
        let outcome = verdict.answers().iter().next().map(|answer| answer.outcome);
        assert_eq!(outcome, Some(Outcome::Exposed));
    }
    let _ = verdict(question);
    for text in records.accepted.iter().take(8) {
        let mut other = text.clone();
        if let Some(last) = other.last_mut() {
            *last ^= 1;
        }
        let _ = verdict(&other);
    }
}
