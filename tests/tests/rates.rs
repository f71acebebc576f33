//! The false-positive rate that is designed, that a file states, and that is found by
//! asking for real identifiers that are no members; an exact set has none.

use std::io::Write;
use std::ops::Range;

use leaksieve::file::FilterFile;
use leaksieve::input::profile::phone_profile;
use leaksieve::input::source::{Input, Layout};
use leaksieve::pipeline::{BuildOptions, build};
use leaksieve::sizing::measure::Trial;
use leaksieve::sizing::{Aim, Choice, Method};
use leaksieve_core::encoding::Match;
use leaksieve_core::{Identifier, IdentifierKind, Profile, Trust, Verdict, check, open};
use leaksieve_tests::pages::ask;
use leaksieve_tests::{is_exhaustive, some};
use testkit::sample::mix;

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

/// Members in 100 of a block of 10,000 numbers, 10 on average: a leak has blocks of which it has
/// nothing, and others of which it has nearly all.
const PERCENTS: [u64; 10] = [0, 0, 0, 1, 1, 2, 3, 5, 8, 80];

fn is_in_leak(i: u64) -> bool {
    let block = mix(i / 10_000) % PERCENTS.len() as u64;
    mix(i) % 100 < PERCENTS[block as usize]
}

/// All 10^8 numbers of an operator's block, one after the other, of which some 10^7 are members: an exact
/// set says "exposed" of these, and "not exposed" of all others. A bitmap knows which are which.
#[test]
fn an_exact_set_is_never_wrong() {
    let num_numbers: u64 = if is_exhaustive() {
        100_000_000
    } else {
        200_000
    };
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list.txt");
    let mut out = std::io::BufWriter::new(std::fs::File::create(&list).unwrap());
    let mut bitmap = vec![0_u64; (num_numbers as usize).div_ceil(64)];
    for i in (0..num_numbers).filter(|i| is_in_leak(*i)) {
        bitmap[i as usize / 64] |= 1 << (i % 64);
        writeln!(out, "{}", number(i)).unwrap();
    }
    drop(out);
    let num_members: u64 = bitmap.iter().map(|word| u64::from(word.count_ones())).sum();
    assert!(num_members > num_numbers / 20);

    let output = folder.path().join("exact.lsv");
    let profile = Profile::Phone(phone_profile("CN").unwrap());
    let mut options = BuildOptions::new(vec![Input::File(list)], IdentifierKind::Phone, profile);
    options.layout = Layout::Line;
    options.encoding = Choice::Exact;
    options.max_rejected_share = 0.0;
    let summary = build(&options, &output, &()).unwrap();
    assert_eq!(summary.num_items, num_members);

    let bytes = std::fs::read(&output).unwrap();
    let catalogue = open(&mut &*bytes, &mut [0; 512], &Trust::ANY).unwrap();
    let is_member = |i: u64| bitmap[i as usize / 64] >> (i % 64) & 1 == 1;
    let ask = |numbers: Range<u64>| {
        let mut buffer = [0; 512];
        let mut counts = [0; 2];
        for i in numbers {
            let text = number(i);
            let asked = Identifier::new(text.as_bytes());
            let verdict = check(&catalogue, asked, &mut &*bytes, &mut buffer).unwrap();
            match verdict {
                Verdict::Exposed(_) => assert!(is_member(i), "{i} is called exposed"),
                Verdict::NotExposed(_) => assert!(!is_member(i), "{i} is lost"),
                other => panic!("{i}: {other:?}"),
            }
            counts[usize::from(is_member(i))] += 1;
        }
        counts
    };
    let num_threads = std::thread::available_parallelism().unwrap().get() as u64;
    let each = num_numbers.div_ceil(num_threads);
    let counts = std::thread::scope(|scope| {
        let parts = (0..num_threads)
            .map(|part| part * each..num_numbers.min((part + 1) * each))
            .map(|numbers| scope.spawn(|| ask(numbers)))
            .collect::<Vec<_>>();
        parts.into_iter().fold([0; 2], |[others, members], part| {
            let [more_others, more_members] = part.join().unwrap();
            [others + more_others, members + more_members]
        })
    });
    println!(
        "{} members and {} others asked, 0 wrong; {:.2} bits a member",
        counts[1],
        counts[0],
        bytes.len() as f64 * 8.0 / num_members as f64
    );
    assert_eq!(counts, [num_numbers - num_members, num_members]);
}
