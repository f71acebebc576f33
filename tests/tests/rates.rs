//! The false-positive rate that is designed, that a file states, and that is found by
//! asking for real identifiers that are no members.

use std::io::Write;

use leaksieve::build::{Options, build};
use leaksieve::file::FilterFile;
use leaksieve::measure::Trial;
use leaksieve::profile::phone_profile;
use leaksieve::size::Aim;
use leaksieve::source::{Input, Layout};
use leaksieve_core::encoding::{Match, bloom, page_of};
use leaksieve_core::header::Encoding;
use leaksieve_core::{Identifier, IdentifierKind, Profile};

const NUM_ITEMS: u64 = 1_000_000;
const NUM_PROBES: u64 = 10_000_000;
/// By chance, a true rate is outside of this once in 10^6 runs.
const DEVIATIONS: f64 = 4.9;

/// Members are even, the others odd, all of a range that no operator has.
fn number(i: u64) -> String {
    format!("+86154{:08}", i)
}

/// 1 M sequential phone numbers, 10 M others, at three rates. Sequential, because that is
/// what leaks of phone numbers are, and what weak hashes fail on.
#[test]
fn measured_rates_are_as_predicted() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.txt");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&list).unwrap());
    for i in 0..NUM_ITEMS {
        writeln!(out, "{}", number(2 * i)).unwrap();
    }
    drop(out);
    println!("designed   predicted  by its bits  found      interval (99.9999 %)   bits an item");
    for rate in [1e-2, 1e-3, 1e-4] {
        let output = folder.path().join("filter.lsv");
        let options = Options {
            inputs: vec![Input::File(list.clone())],
            layout: Layout::Line,
            kind: IdentifierKind::Phone,
            profile: Profile::Phone(phone_profile("CN").unwrap()),
            aim: Aim::FalsePositiveRate(rate),
            name: "Rates".into(),
            date: Default::default(),
            source_note: String::new(),
            seed: Some(3),
            created_unix_s: 0,
            epoch: 0,
            expires_unix_s: 0,
            max_rejected_share: 0.0,
            num_threads: 2,
            memory_bytes: 1 << 30,
            temp_folder: None,
            replace: true,
        };
        let summary = build(&options, &output, &()).unwrap();
        assert_eq!(summary.num_items, NUM_ITEMS);
        let trial = ask_others(&FilterFile::open(&output).unwrap());
        let interval = trial.interval(DEVIATIONS);
        println!(
            "{rate:.0e}       {:.3e}  {:.3e}    {:.3e}  {:.3e} to {:.3e}  {:.2}",
            summary.shape.false_positive_rate,
            summary.measured,
            trial.rate(),
            interval.start(),
            interval.end(),
            summary.num_bytes as f64 * 8.0 / NUM_ITEMS as f64,
        );
        assert!(interval.contains(&summary.measured));
        assert!(interval.contains(&summary.shape.false_positive_rate));
        // The design holds for the average file; this one may differ by its own chance.
        assert!((summary.measured / rate - 1.0).abs() < 0.03);
    }
}

/// Through the core's normalisation and hash, on pages that are in memory.
fn ask_others(file: &FilterFile) -> Trial {
    let dataset = &file.catalogue().datasets()[0];
    let first = dataset.first_sector.0;
    let pages = file
        .read_payloads(first..first + dataset.num_sectors)
        .unwrap();
    let Encoding::Bloom { num_hashes } = dataset.encoding else {
        panic!("not a Bloom filter");
    };
    let mut trial = Trial::default();
    for i in 0..NUM_PROBES {
        let text = number(2 * i + 1);
        let item = dataset
            .profile
            .normalise(&Identifier::new(text.as_bytes()))
            .unwrap();
        let hash = dataset.hash.hash(&item);
        let page = &pages[page_of(hash, dataset.num_sectors) as usize];
        trial.num_probes += 1;
        if bloom::query(page, hash, num_hashes) == Match::Hit {
            trial.num_false_alarms += 1;
        }
    }
    trial
}
