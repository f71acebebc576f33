//! Short lists, put into pages and asked: a set of their items is right. One input in 32 is
//! built as a list is, by the whole of the builder, and must give the same pages.
//!
//! Input: a profile, flags (u8), a size (u8), a seed (u64), a question with its length
//! before it, then the list, one identifier a line.

use std::collections::HashSet;

use leaksieve::input::profile::phone_plan;
use leaksieve::input::source::{Input as List, Layout, SourceError};
use leaksieve::pipeline::partition::MIN_MEMORY_BYTES;
use leaksieve::pipeline::{BuildError, BuildOptions, InputError, PlanError, build};
use leaksieve::sizing::{Aim, Choice, Method};
use leaksieve_core::encoding::bloom::UnpackedPage;
use leaksieve_core::encoding::exact::number::has_numbers;
use leaksieve_core::encoding::page_of;
use leaksieve_core::hash::HashFunction;
use leaksieve_core::header::{Date, Encoding, PlanSectors, Rate};
use leaksieve_core::identifier::phone::plan::{Judgement, Plan};
use leaksieve_core::identifier::store::{Stored, store};
use leaksieve_core::identifier::{Item, NORMALISATION_VERSION, PasswordDigest};
use leaksieve_core::sector::{FileId, Payload, SectorIndex, seal, verify};
use leaksieve_core::{
    Catalogue, Dataset, Header, Identifier, IdentifierKind, NormaliseError, Outcome, Profile,
    Trust, Verdict,
};

use crate::input::{Input, is_one_in};
use crate::oracle::plain_exact::{self, PlainSaid};
use crate::{lines, oracle, profiles, scratch};

/// What an input says.
struct Case<'a> {
    profile: Profile,
    kind: IdentifierKind,
    flags: u8,
    size: u8,
    seed: u64,
    question: &'a [u8],
    list: &'a [u8],
}

/// Run one input.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let (profile, _) = profiles::profile(&mut input);
    let flags = input.byte();
    let case = Case {
        kind: match (&profile, flags & 1) {
            (Profile::Password(PasswordDigest::Sha1, _), 1) => IdentifierKind::Sha1,
            (Profile::Password(..), 1) => IdentifierKind::Ntlm,
            _ => profile.kind(),
        },
        profile,
        flags,
        size: input.byte(),
        seed: input.u64(),
        question: input.counted(),
        list: input.rest(),
    };
    let records = Records::of(&case);
    let is_lines = matches!(case.list.first(), None | Some(b'\n' | b' '..=b'~'))
        && !lines::plain(case.list)
            .iter()
            .any(|line| line.contains(&b'\r'));
    // Another list would be another format, and have a target of its own.
    if is_lines && !case.list.starts_with(b"PAR1") && is_one_in(data, 32) {
        build_all(&case, &records);
    }
    if !records.distinct.is_empty() {
        let file = file(&case, &records);
        check(&records, &file);
        ask(&case, &records, &file);
    }
}

/// What the lines of a list are.
struct Records {
    /// Those that have an item.
    accepted: Vec<Vec<u8>>,
    /// Their items, each once.
    distinct: Vec<Item>,
    /// The same as numbers, marked where their line has several items; `None`: one has no number.
    numbers: Option<HashSet<u64>>,
    num_blank: u64,
    num_rejected: u64,
    /// Telephone numbers that the plan does not have, or of another country its plan; a header counts them as rejected, too.
    num_outside_plan: u64,
    /// Those that were stored in several readings.
    num_extra: u64,
}

fn is_of_a_country(item: &Item) -> bool {
    let plan = phone_plan("world").expect("the plan of all countries");
    Plan(&plan.payloads).judge(item.as_bytes()) != Ok(Judgement::OUTSIDE)
}

fn identifier(text: &[u8], kind: IdentifierKind) -> Identifier<'_> {
    Identifier::new(text).of_kind(kind)
}

impl Records {
    fn of(case: &Case<'_>) -> Self {
        let is_world = matches!(&case.profile, Profile::Phone(phone) if phone.is_world());
        let mut seen = HashSet::new();
        let mut records = Self {
            accepted: Vec::new(),
            distinct: Vec::new(),
            numbers: Some(HashSet::new()),
            num_blank: 0,
            num_rejected: 0,
            num_outside_plan: 0,
            num_extra: 0,
        };
        let plan = profiles::plan(&case.profile).map(|plan| Plan(&plan.payloads));
        let mut stored = Stored::new();
        for line in lines::plain(case.list) {
            // Lists write E.164 digits without their plus sign.
            let text = match line.trim_ascii() {
                digits @ [b'1'..=b'9', ..] if is_world => [b"+", digits].concat(),
                _ => line.to_vec(),
            };
            let line = identifier(line, case.kind);
            match store(&case.profile, &line, plan, &mut stored) {
                Ok(()) => {
                    records.accepted.push(text);
                    let mark = u64::from(stored.items().len() > 1) * oracle::MARK;
                    records.num_extra += u64::from(mark > 0);
                    let is_nowhere =
                        stored.is_of_other_country() && !stored.items().iter().any(is_of_a_country);
                    records.num_outside_plan += u64::from(stored.is_outside_plan() || is_nowhere);
                    for item in stored.items() {
                        match oracle::number(&case.profile, item.as_bytes()) {
                            Some(number) => {
                                records
                                    .numbers
                                    .as_mut()
                                    .map(|all| all.insert(number + mark));
                            }
                            None => records.numbers = None,
                        }
                        if seen.insert((item.as_bytes().to_vec(), item.is_marked())) {
                            records.distinct.push(item.clone());
                        }
                    }
                }
                Err(NormaliseError::Empty) => records.num_blank += 1,
                Err(_) => records.num_rejected += 1,
            }
        }
        records
    }

    /// As a header has it: an exact set tells numbers that are marked from those that are not.
    fn num_items(&self, is_exact: bool) -> u64 {
        match &self.numbers {
            Some(numbers) if is_exact => numbers.len() as u64,
            _ => self.distinct.len() as u64,
        }
    }
}

fn open(mut file: &[u8]) -> Catalogue {
    leaksieve_core::open(&mut file, &mut [0; 512], &Trust::ANY).expect("a file that was built")
}

fn payload(catalogue: &Catalogue, file: &[u8], index: u32) -> Payload {
    let sector = file[index as usize * 512..]
        .first_chunk()
        .expect("a sector");
    *verify(catalogue.file_id(), SectorIndex(index), sector).expect("a whole sector")
}

/// Build it as a list is built.
fn build_all(case: &Case<'_>, records: &Records) {
    let list = List::File(scratch::write("list.txt", case.list));
    let mut options = BuildOptions::new(vec![list], case.kind, case.profile.clone());
    options.layout = Layout::Line;
    options.aim = if case.flags & 2 == 0 {
        Aim::FalsePositiveRate(1.0 / f64::from(1 + u16::from(case.size)))
    } else {
        Aim::MaxBytes(1024 + 64 * u64::from(case.size))
    };
    options.encoding = match case.flags >> 6 {
        0 => Choice::Filter(Method::Bloom),
        1 => Choice::Exact,
        2 => Choice::Filter(Method::Ribbon),
        _ => Choice::Auto,
    };
    options.name = "A".to_owned();
    options.seed = Some(case.seed);
    options.created_unix_s = 0;
    options.max_rejected_share = 1.0;
    options.num_threads = 1 + usize::from(case.flags >> 2 & 1);
    options.memory_bytes = MIN_MEMORY_BYTES;
    options.temp_folder = Some(scratch::folder().to_path_buf());
    options.replace = true;
    let output = scratch::path("filter.lsv");
    match build(&options, &output, &()) {
        // What stood around an identifier is no matter of this target.
        Ok(summary) if !summary.counts.taken_off.is_empty() => {
            let counts = &summary.counts;
            let num_lines =
                records.accepted.len() as u64 + records.num_blank + records.num_rejected;
            let num_read = counts.num_accepted + counts.num_blank + counts.rejects.count();
            assert_eq!(num_read, num_lines);
            assert!(counts.num_accepted >= records.accepted.len() as u64);
        }
        Ok(summary) => {
            assert_eq!(summary.counts.num_accepted, records.accepted.len() as u64);
            assert_eq!(summary.counts.num_blank, records.num_blank);
            assert_eq!(summary.counts.rejects.count(), records.num_rejected);
            let is_exact = summary.shape.encoding == Encoding::Exact;
            assert_eq!(summary.num_items, records.num_items(is_exact));
            let file = std::fs::read(&output).expect("a file that was built");
            check(records, &file);
            ask(case, records, &file);
        }
        Err(BuildError::Input(InputError::NoItems(_))) => assert!(records.accepted.is_empty()),
        // The size is too small, or the rate cannot be.
        Err(BuildError::Plan(PlanError::Shape(_))) => {}
        Err(BuildError::Plan(PlanError::ExactTooLarge { .. })) => {
            assert!(options.encoding == Choice::Exact && matches!(options.aim, Aim::MaxBytes(_)));
        }
        Err(BuildError::NoNumbers | BuildError::Input(InputError::NoNumbers(_))) => {
            let has_others = !has_numbers(&case.profile) || records.numbers.is_none();
            assert!(options.encoding == Choice::Exact && has_others);
        }
        // Text of other charsets, by its zero bytes.
        Err(BuildError::Input(InputError::Source(SourceError::Unsupported { .. }))) => {
            assert!(case.list.contains(&0));
        }
        Err(error) => panic!("{error}"),
    }
}

/// A file of the items, by the core's own functions.
fn file(case: &Case<'_>, records: &Records) -> Vec<u8> {
    let num_pages = 1 + u32::from(case.size % 8);
    let rate = Rate::from_units(Rate::ONE);
    let num_hashes = 1 + (case.flags >> 1) % 32;
    let plan = profiles::plan(&case.profile);
    let payloads = plan.map_or(&[][..], |plan| &plan.payloads);
    let mut dataset = Dataset {
        name: Default::default(),
        date: Date::default(),
        source_note: Default::default(),
        normalisation_version: NORMALISATION_VERSION,
        profile: case.profile.clone(),
        num_items: records.distinct.len() as u64,
        num_rejected: records.num_rejected + records.num_outside_plan,
        num_extra: records.num_extra,
        min_count: 0,
        encoding: Encoding::Bloom { num_hashes },
        hash: HashFunction::Xxh3 { seed: case.seed },
        plan: plan.map_or(PlanSectors::NONE, |plan| PlanSectors {
            num_sectors: plan.payloads.len() as u16,
            max_reads: plan.max_reads,
        }),
        first_sector: SectorIndex(1),
        num_sectors: num_pages,
        designed: rate,
        measured: rate,
    };
    let mut header = Header {
        num_sectors: 1 + num_pages,
        created_unix_s: 0,
        epoch: 0,
        expires_unix_s: 0,
        datasets: Default::default(),
        root: None,
    };
    let _ = header.datasets.push(dataset.clone());
    // Phone rules can take a second sector.
    let first = header.num_header_sectors().expect("a short header");
    header.num_sectors = header.place_datasets(first).expect("a short file");
    dataset = header.datasets[0].clone();

    let mut pages = vec![UnpackedPage::EMPTY; num_pages as usize];
    for item in &records.distinct {
        let hash = dataset.hash.hash(item);
        pages[page_of(hash, num_pages) as usize].insert(hash, num_hashes);
    }
    let id = FileId(*b"a file in memory");
    let encoded = header.encode(id).expect("a possible header");
    let mut bytes: Vec<u8> = encoded.sectors().flatten().collect();
    let pages = pages.iter().map(UnpackedPage::pack);
    for (index, payload) in (first..).zip(payloads.iter().copied().chain(pages)) {
        bytes.extend(seal(id, SectorIndex(index), &payload));
    }
    bytes
}

/// A Bloom filter's pages are those of the items, bit by bit; a ribbon's lead nowhere but to
/// another layer, and have nothing behind their columns; an exact set has its numbers, with the
/// marks that they have, and not their neighbours.
fn check(records: &Records, file: &[u8]) {
    let catalogue = open(file);
    let [dataset] = catalogue.datasets() else {
        panic!("not one dataset");
    };
    let is_exact = dataset.encoding == Encoding::Exact;
    assert_eq!(dataset.num_items, records.num_items(is_exact));
    let num_rejected = records.num_rejected + records.num_outside_plan;
    assert_eq!(dataset.num_rejected, num_rejected);
    assert_eq!(dataset.num_extra, records.num_extra);
    assert_eq!(catalogue.header().num_sectors as usize * 512, file.len());
    let payload = |page: u32| payload(&catalogue, file, dataset.first_sector.0 + page);
    match &dataset.encoding {
        Encoding::Bloom { num_hashes } => {
            let mut pages = vec![[0; 508]; dataset.num_sectors as usize];
            for item in &records.distinct {
                let hash = oracle::hash(dataset, item);
                let page: &mut Payload =
                    &mut pages[oracle::page(hash, dataset.num_sectors) as usize];
                for bit in oracle::bits(hash, *num_hashes) {
                    page[(bit / 8) as usize] |= 1 << (bit % 8);
                }
            }
            for (index, page) in (0..).zip(&pages) {
                assert!(payload(index) == *page, "page {index}");
            }
        }
        Encoding::Ribbon(ribbon) => {
            let plain = oracle::plain(ribbon);
            let layers = plain.layers(dataset.num_sectors.into());
            let last = layers[layers.len() - 1].0;
            for (first, num_pages) in layers {
                for page in 0..num_pages {
                    let content = payload((first + page) as u32);
                    assert!(content[0] == 0 || first < last);
                    let num_columns = plain.columns_of(page, num_pages);
                    let end = oracle::ribbon::bit_of(num_columns, 0, num_columns);
                    assert!((end..8 * 508).all(|bit| !oracle::is_set(&content, bit)));
                }
            }
        }
        Encoding::Exact => {
            let numbers = records.numbers.as_ref().expect("numbers alone");
            let is_member = |number| {
                let content = |page: u64| payload(page as u32);
                match plain_exact::ask(number, dataset.num_sectors.into(), content).0 {
                    PlainSaid::Refused => panic!("{number} is refused"),
                    said => said == PlainSaid::Member,
                }
            };
            for number in numbers {
                for asked in [*number, number - 1, number + 1, number ^ oracle::MARK] {
                    assert_eq!(is_member(asked), numbers.contains(&asked), "{asked}");
                }
            }
        }
        _ => panic!("an encoding that is not in FORMAT.md"),
    }
}

/// Every member is exposed; all else gets the answer that the bits give.
fn ask(case: &Case<'_>, records: &Records, mut file: &[u8]) {
    let whole = file;
    let catalogue = open(file);
    let mut verdict = |text: &[u8]| {
        let identifier = identifier(text, case.kind);
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
    let _ = verdict(case.question);
    for text in records.accepted.iter().take(8) {
        let mut other = text.clone();
        if let Some(last) = other.last_mut() {
            *last ^= 1;
        }
        let _ = verdict(&other);
    }
}
