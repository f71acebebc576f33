//! What a file says of many questions at once is what it says of each by itself; and each sector is
//! read once.

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};

use common::{bench_with_key, emails, forge};
use leaksieve::file::FilterFile;
use leaksieve::file::source::{InMemory, ReadAt};
use leaksieve::file::together::Together;
use leaksieve_core::identifier::phone::Shortcuts;
use leaksieve_core::sector::SECTOR_BYTES;
use leaksieve_core::{Identifier, IdentifierKind, Trust, Verdict};

const KINDS: [Option<IdentifierKind>; 5] = [
    None,
    Some(IdentifierKind::Phone),
    Some(IdentifierKind::Email),
    Some(IdentifierKind::Password),
    Some(IdentifierKind::Ntlm),
];

/// A file in memory that notes what is read, and cannot read some of it.
#[derive(Clone)]
struct Watched {
    bytes: Arc<[u8]>,
    reads: Arc<Mutex<Vec<Range<u64>>>>,
    unreadable_sector: Option<u64>,
}

impl Watched {
    fn new(bytes: &[u8]) -> Self {
        Self {
            bytes: bytes.into(),
            reads: Arc::default(),
            unreadable_sector: None,
        }
    }

    fn open(&self) -> FilterFile {
        FilterFile::open_source(Box::new(self.clone()), "watched", &Trust::ANY).unwrap()
    }

    /// How often each sector was read, and in how many calls.
    fn take_reads(&self) -> (BTreeMap<u64, u32>, usize) {
        let reads = std::mem::take(&mut *self.reads.lock().unwrap());
        let mut sectors = BTreeMap::new();
        for sector in reads.iter().cloned().flatten() {
            *sectors.entry(sector).or_insert(0) += 1;
        }
        (sectors, reads.len())
    }
}

impl ReadAt for Watched {
    fn read_exact_at(&self, buffer: &mut [u8], byte: u64) -> io::Result<()> {
        let sectors =
            byte / SECTOR_BYTES as u64..(byte + buffer.len() as u64) / SECTOR_BYTES as u64;
        if self.unreadable_sector.is_some_and(|s| sectors.contains(&s)) {
            return Err(io::Error::other("the disk is broken"));
        }
        self.reads.lock().unwrap().push(sectors);
        InMemory(&self.bytes).read_exact_at(buffer, byte)
    }

    fn num_bytes(&self) -> io::Result<u64> {
        InMemory(&self.bytes).num_bytes()
    }
}

/// As one question says it.
fn alone(
    file: &FilterFile,
    shortcuts: &[Option<Shortcuts>],
    identifier: Identifier<'_>,
) -> Result<Verdict, String> {
    file.check_by_shortcuts(identifier, shortcuts, &mut [0; SECTOR_BYTES])
        .map_err(|error| error.to_string())
}

/// What is asked of all files: the table's questions, and all lines of the golden lists.
fn texts() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(folder.join("../tests/data/vectors.tsv")).unwrap();
    let texts = table.lines().filter_map(|line| line.split('\t').nth(5));
    let mut texts: Vec<Vec<u8>> = texts.map(|text| text.as_bytes().to_vec()).collect();
    for path in golden("txt") {
        let list = fs::read(path).unwrap();
        texts.extend(list.split(|byte| *byte == b'\n').map(<[u8]>::to_vec));
    }
    texts.extend([vec![0xFF, b'1'], vec![b'x'; 5_000], Vec::new()]);
    texts.sort();
    texts.dedup();
    assert!(texts.len() > 1_000, "{}", texts.len());
    texts
}

fn golden(extension: &str) -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../core/tests/golden");
    let paths = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|end| end == extension))
        .collect()
}

fn of_kind(text: &[u8], kind: Option<IdentifierKind>) -> Identifier<'_> {
    match kind {
        Some(kind) => Identifier::new(text).of_kind(kind),
        None => Identifier::new(text),
    }
}

/// Compare the answers to a batch; gives how many are errors.
#[track_caller]
fn compare(
    together: &mut Together<'_>,
    file: &FilterFile,
    shortcuts: &[Option<Shortcuts>],
    identifiers: &[Identifier<'_>],
) -> usize {
    let verdicts = together.check(identifiers);
    assert_eq!(verdicts.iter().len(), identifiers.len());
    let mut num_errors = 0;
    for (identifier, said) in identifiers.iter().zip(verdicts.iter()) {
        let said = said.as_ref().cloned().map_err(ToString::to_string);
        num_errors += usize::from(said.is_err());
        assert!(
            said == alone(file, shortcuts, *identifier),
            "{identifier:?}"
        );
    }
    let good: Vec<_> = verdicts.distinct().iter().flatten().collect();
    let is_twice = |(at, one)| good[..at].contains(one);
    assert!(!good.iter().enumerate().any(is_twice));
    num_errors
}

#[test]
fn as_each_by_itself_whatever_is_asked() {
    let texts = texts();
    let paths = golden("lsv");
    assert!(paths.len() >= 13, "{paths:?}");
    for path in paths {
        let file = FilterFile::open(&path).unwrap();
        let all = file.shortcuts().unwrap();
        for shortcuts in [&all[..], &[]] {
            let mut together = file.together(shortcuts);
            for kind in KINDS {
                let mut asked: Vec<_> = texts.iter().map(|text| of_kind(text, kind)).collect();
                assert_eq!(compare(&mut together, &file, shortcuts, &asked), 0);
                // Each twice, in another order, without tables.
                asked.extend(asked.clone().into_iter().map(Identifier::without_tables));
                asked.reverse();
                assert_eq!(compare(&mut together, &file, shortcuts, &asked), 0);
            }
            let num_distinct = together.check(&[]).distinct().len();
            assert_eq!(num_distinct, 0);
            for text in texts.iter().step_by(17) {
                compare(&mut together, &file, shortcuts, &[Identifier::new(text)]);
            }
        }
    }
}

#[test]
fn what_is_damaged_is_an_error_of_who_needs_it() {
    let texts = texts();
    let asked: Vec<_> = texts.iter().map(|text| Identifier::new(text)).collect();
    let (mut num_errors, mut num_asked) = (0, 0);
    for path in golden("lsv") {
        let bytes = fs::read(&path).unwrap();
        let file = FilterFile::open(&path).unwrap();
        let header = file.catalogue().header();
        let id = file.catalogue().file_id();
        let (first, _) = header.sectors_of_datasets();
        // Pages, plans, tags: the first and the last of each file, and some between.
        let sectors = first.0..header.num_sectors;
        let step = (sectors.len() / 6).max(1);
        for sector in sectors.clone().step_by(step).chain([sectors.end - 1]) {
            let at = sector as usize;
            for damage in ["flipped", "forged", "unreadable"] {
                let mut bytes = bytes.clone();
                match damage {
                    "flipped" => bytes[at * SECTOR_BYTES + 9] ^= 1,
                    "forged" => forge(&mut bytes, id, at, |payload| payload[9] ^= 0x55),
                    _ => {}
                }
                let mut source = Watched::new(&bytes);
                source.unreadable_sector = (damage == "unreadable").then_some(sector.into());
                // The sector may be needed to open it.
                let source = Box::new(source);
                let Ok(file) = FilterFile::open_source(source, "damaged", &Trust::ANY) else {
                    continue;
                };
                let shortcuts = file.shortcuts().unwrap_or_default();
                let mut together = file.together(&shortcuts);
                let errors = compare(&mut together, &file, &shortcuts, &asked);
                assert!(errors < asked.len(), "{path:?}");
                num_errors += errors;
                num_asked += asked.len();
            }
        }
    }
    assert!(num_errors * 20 > num_asked, "{num_errors} of {num_asked}");
}

#[test]
fn each_sector_is_read_once_a_round_with_its_neighbours() {
    let bench = bench_with_key();
    bench.write("many.txt", emails(0..40_000));
    for encoding in ["bloom", "ribbon"] {
        bench
            .run(&format!(
                "build many.txt -o {encoding}.lsv --kind email --fpr 1e-3 --seed 1 --encoding {encoding}"
            ))
            .succeeds();
        bench
            .run_with(
                &format!("sign {encoding}.lsv -o {encoding}-signed.lsv --key leaks.key --epoch 1"),
                b"secret\n",
            )
            .succeeds();
    }
    let texts = emails(20_000..60_000);
    let asked: Vec<_> = texts
        .lines()
        .map(|line| Identifier::new(line.as_bytes()))
        .collect();
    for (name, num_rounds) in [
        // An address has one reading here.
        ("bloom.lsv", 1),
        ("bloom-signed.lsv", 1),
        ("ribbon.lsv", 4),
        ("ribbon-signed.lsv", 4),
    ] {
        let watched = Watched::new(&common::read(&bench, name));
        let file = watched.open();
        watched.take_reads();
        let mut together = file.together(&[]);
        let verdicts = together.check(&asked);
        let num_exposed = verdicts.iter().flatten();
        let num_exposed = num_exposed.filter(|said| matches!(said, Verdict::Exposed(_)));
        assert!((20_000..20_100).contains(&num_exposed.count()));
        let (sectors, num_calls) = watched.take_reads();
        assert!(sectors.len() > 90, "{name}: {}", sectors.len());
        for (sector, num_reads) in &sectors {
            assert!(*num_reads <= num_rounds, "{name}: {sector}: {num_reads}");
        }
        // Tag sectors are read by themselves, one to 31 pages.
        assert!(num_calls * 10 < sectors.len(), "{name}: {num_calls}");

        // Few, far apart: no more is read than is wanted.
        let few = &asked[..8];
        let before = few.iter().map(|identifier| {
            let _ = alone(&file, &[], *identifier).unwrap();
            watched.take_reads().0.values().sum::<u32>()
        });
        let num_alone: u32 = before.sum();
        together.check(few);
        let num_together: u32 = watched.take_reads().0.values().sum();
        assert!(
            num_together <= num_alone * 8,
            "{name}: {num_together}, {num_alone}"
        );
    }
}

#[test]
fn threads_ask_one_file_at_once() {
    let texts = texts();
    let asked: Vec<_> = texts.iter().map(|text| Identifier::new(text)).collect();
    let path = golden("lsv")
        .into_iter()
        .find(|p| p.ends_with("bundle.lsv"));
    let file = FilterFile::open(&path.unwrap()).unwrap();
    let shortcuts = file.shortcuts().unwrap();
    std::thread::scope(|scope| {
        for part in asked.chunks(asked.len().div_ceil(3)) {
            let (file, shortcuts) = (&file, &shortcuts);
            scope.spawn(move || {
                let mut together = file.together(shortcuts);
                compare(&mut together, file, shortcuts, part);
            });
        }
    });
}
