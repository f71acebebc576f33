//! The false-positive rate that is designed, that a file states, and that is found by
//! asking for real identifiers that are no members.

use std::io::Write;

use leaksieve::file::FilterFile;
use leaksieve::input::profile::phone_profile;
use leaksieve::input::source::{Input, Layout};
use leaksieve::pipeline::{BuildOptions, build};
use leaksieve::sizing::measure::Trial;
use leaksieve::sizing::{Aim, Choice, Method};
use leaksieve_core::encoding::Match;
use leaksieve_core::{Identifier, IdentifierKind, Profile};
use leaksieve_tests::pages::ask;
use leaksieve_tests::some;

const NUM_ITEMS: u64 = 1_000_000;
const NUM_PROBES: u64 = 10_000_000;
/// By chance, a true rate is outside of this once in 10^6 runs.
const DEVIATIONS: f64 = 4.9;

/// Members are even, the others odd, all of a range that data cards have.
fn number(i: u64) -> String {
    format!("+86145{:08}", i)
}

/// 1 M sequential phone numbers, 10 M others, at three rates, in both encodings. Sequential, because that is
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
    println!(
        "designed   predicted  by its bits  found      interval (99.9999 %)   bits an item  reads"
    );
    let methods = [Method::Bloom, Method::Ribbon];
    let each = methods
        .into_iter()
        .flat_map(|method| [1e-3, 1e-2, 1e-4].map(|rate| (method, rate)));
    // Else one of each method, each of another rate.
    for (method, rate) in some(each.collect(), 4) {
        let output = folder.path().join("filter.lsv");
        let lists = vec![Input::File(list.clone())];
        let profile = Profile::Phone(phone_profile("CN").unwrap());
        let mut options = BuildOptions::new(lists, IdentifierKind::Phone, profile);
        options.layout = Layout::Line;
        options.encoding = Choice::Filter(method);
        options.aim = Aim::FalsePositiveRate(rate);
        options.seed = Some(3);
        options.created_unix_s = 0;
        options.max_rejected_share = 0.0;
        options.replace = true;
        let summary = build(&options, &output, &()).unwrap();
        assert_eq!(summary.num_items, NUM_ITEMS);
        let (trial, reads) = ask_others(&FilterFile::open(&output).unwrap());
        let interval = trial.interval(DEVIATIONS);
        println!(
            "{rate:.0e}       {:.3e}  {:.3e}    {:.3e}  {:.3e} to {:.3e}  {:.2}  {reads:.4} {method:?}",
            summary.shape.false_positive_rate,
            summary.measured,
            trial.rate(),
            interval.start(),
            interval.end(),
            summary.num_bytes as f64 * 8.0 / NUM_ITEMS as f64,
        );
        assert!(interval.contains(&summary.measured));
        assert!(interval.contains(&summary.shape.false_positive_rate));
        // Of 10 M questions; the share that reads on is known to a few in 10,000.
        assert!((reads / summary.mean_reads - 1.0).abs() < 1e-3);
        // The design holds for the average file; this one may differ by its own chance.
        assert!((summary.measured / rate - 1.0).abs() < 0.03);
    }
}

/// Through the core's normalisation and hash, on pages that are in memory; and the pages that
/// a question asks on average.
fn ask_others(file: &FilterFile) -> (Trial, f64) {
    let dataset = &file.catalogue().datasets()[0];
    let first = dataset.first_sector.0;
    let pages = file
        .read_payloads(first..first + dataset.num_sectors)
        .unwrap();
    let mut trial = Trial::default();
    let mut num_reads = 0;
    for i in 0..NUM_PROBES {
        let text = number(2 * i + 1);
        let item = dataset
            .profile
            .normalise(&Identifier::new(text.as_bytes()))
            .unwrap();
        let hash = dataset.hash.hash(&item);
        let page = |page: u32| &pages[page as usize];
        let (said, asked) = ask(&dataset.encoding, dataset.num_sectors, hash, page);
        assert_ne!(said, Match::Bumped);
        trial.num_probes += 1;
        trial.num_false_alarms += u64::from(said == Match::Hit);
        num_reads += asked.len();
    }
    (trial, num_reads as f64 / NUM_PROBES as f64)
}
