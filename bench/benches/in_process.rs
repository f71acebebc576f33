//! Filters of other crates beside ours, and floors, each in a process of its own:
//!
//! ```text
//! in_process CONTENDER MEMBERS STRANGERS [FILTER] [--rate=RATE]
//! ```
//!
//! One thread builds a filter of the lines of MEMBERS at a rate of 1 in 1,000 or RATE, or as near
//! as it can, then asks it about the first million of them and about the lines of STRANGERS. Prints one JSON
//! object of CPU seconds, counts and bytes. `cargo benchmark` runs all of them.
//!
//! What is measured for each crate is its documented use. Whoever takes 64-bit hashes
//! instead of bytes gets XXH3 of the bytes, as ours; the hashing counts.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use cpu_time::ProcessTime;
use leaksieve::file::FilterFile;
use leaksieve::sizing::{Aim, Method, shape};
use leaksieve_core::encoding::{Encoding, Layer, Match, bloom, page_of, ribbon};
use leaksieve_core::hash::HashFunction;
use leaksieve_core::sector::{PAYLOAD_BYTES, SECTOR_BYTES};
use leaksieve_core::{Identifier, Profile, Verdict};
use mem_dbg::{MemSize, SizeFlags};
use roaring::RoaringTreemap;
use serde_json::Value;
use sux::dict::EliasFanoBuilder;
use xorf::{BinaryFuse8, BinaryFuse16, Filter};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// What all aim at without another rate, where they have a choice.
const FALSE_POSITIVE_RATE: f64 = 0.001;

/// Members that are asked about.
const MAX_MEMBERS_ASKED: usize = 1_000_000;
/// Questions that are asked together, where they are.
const MAX_TOGETHER: usize = 1 << 18;

fn main() -> Result<()> {
    // `cargo bench` adds its own argument.
    let mut arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let rate = match arguments.pop_if(|argument| argument.starts_with("--rate=")) {
        Some(rate) => rate.trim_start_matches("--rate=").parse()?,
        None => FALSE_POSITIVE_RATE,
    };
    let [contender, members, strangers, filter @ ..] = &arguments[..] else {
        println!("to run this, type: cargo benchmark --only in-process");
        return Ok(());
    };
    if let Some(threads) = contender.strip_prefix("split-hash-") {
        return floor(Path::new(members), threads.parse()?);
    }
    let members = read(members)?;
    let strangers = read(strangers)?;
    let members: Vec<&[u8]> = lines(&members).collect();
    let strangers: Vec<&[u8]> = lines(&strangers).collect();
    let list = Lists { members, strangers };
    let filter = || filter.first().context("which filter file?");
    let told = match contender.as_str() {
        "leaksieve-pages" => list.pages(rate),
        "leaksieve-file" => list.file(filter()?),
        "leaksieve-together" => list.together(filter()?),
        "leaksieve-loaded" => list.loaded(filter()?),
        "fastbloom" => list.fastbloom(rate),
        "fastbloom-xxh3" => list.fastbloom_xxh3(rate),
        "bloomfilter" => list.bloomfilter(rate),
        "binary-fuse-8" => {
            list.binary_fuse(BinaryFuse8::try_from, |filter| filter.fingerprints.len())
        }
        "binary-fuse-16" => list.binary_fuse(BinaryFuse16::try_from, |filter| {
            2 * filter.fingerprints.len()
        }),
        "roaring" => list.roaring(),
        "elias-fano" => list.elias_fano(),
        other => bail!("there is no contender {other}"),
    }?;
    println!("{told}");
    Ok(())
}

fn read(path: &str) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {path}"))
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    memchr::memchr_iter(b'\n', bytes).map(move |end| {
        let line = &bytes[start..end];
        start = end + 1;
        line
    })
}

/// Run, and give the CPU time that it took.
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = ProcessTime::now();
    let result = black_box(work());
    (result, start.elapsed())
}

struct Lists<'a> {
    members: Vec<&'a [u8]>,
    strangers: Vec<&'a [u8]>,
}

impl Lists<'_> {
    /// The members that are asked about.
    fn asked(&self) -> &[&[u8]] {
        &self.members[..self.members.len().min(MAX_MEMBERS_ASKED)]
    }

    /// Ask about members and strangers, and tell the whole.
    fn report(
        &self,
        build: Duration,
        num_bytes: u64,
        mut contains: impl FnMut(&[u8]) -> bool,
    ) -> Value {
        self.report_all(build, num_bytes, |lines| {
            let lines = lines.iter();
            lines.filter(|line| contains(black_box(line))).count()
        })
    }

    /// The same of a filter that is asked all at once how many it has.
    fn report_all(
        &self,
        build: Duration,
        num_bytes: u64,
        mut count: impl FnMut(&[&[u8]]) -> usize,
    ) -> Value {
        let asked = self.asked();
        let (found, hits) = timed(|| count(asked));
        let (false_positives, misses) = timed(|| count(&self.strangers));
        serde_json::json!({
            "num_items": self.members.len(),
            "num_bytes": num_bytes,
            "build_cpu_s": build.as_secs_f64(),
            "num_hits": asked.len(),
            "hits_cpu_s": hits.as_secs_f64(),
            "num_lost": asked.len() - found,
            "num_misses": self.strangers.len(),
            "misses_cpu_s": misses.as_secs_f64(),
            "num_false_positives": false_positives,
        })
    }

    /// Our pages in memory, filled in the order of the list: no partitions, no checksums.
    fn pages(&self, rate: f64) -> Result<Value> {
        let aim = Aim::FalsePositiveRate(rate);
        let shape = shape(self.members.len() as u64, Method::Bloom, aim, 1)?;
        let Encoding::Bloom { num_hashes } = shape.encoding else {
            bail!("a Bloom filter was asked for");
        };
        let (pages, build) = timed(|| {
            let mut pages = vec![[0; PAYLOAD_BYTES]; shape.num_pages as usize];
            for line in &self.members {
                let hash = xxh3_64(line);
                let page = page_of(hash, shape.num_pages) as usize;
                bloom::insert(&mut pages[page], hash, num_hashes);
            }
            pages
        });
        let num_bytes = (pages.len() * SECTOR_BYTES) as u64;
        Ok(self.report(build, num_bytes, |line| {
            let hash = xxh3_64(line);
            let page = &pages[page_of(hash, shape.num_pages) as usize];
            bloom::query(page, hash, num_hashes) == Match::Hit
        }))
    }

    /// The pages of a finished file in memory, asked about items that are normalised already:
    /// hash, page, bits, layer by layer. Nothing is built, and reads are counted apart.
    fn loaded(&self, filter: &str) -> Result<Value> {
        let file = FilterFile::open(Path::new(filter))?;
        let [dataset] = file.catalogue().datasets() else {
            bail!("{filter} has several datasets");
        };
        let HashFunction::Xxh3 { seed } = dataset.hash else {
            bail!("{filter} has a hash that is not known here");
        };
        let first = dataset.first_sector.0;
        let pages = file.read_payloads(first..first + dataset.num_sectors)?;
        let layers: Vec<Layer> = dataset.encoding.layers(dataset.num_sectors).collect();
        let ask = |item: &[u8]| {
            let mut hash = xxh3_64_with_seed(item, seed);
            for (layer, reads) in layers.iter().zip(1_u64..) {
                let page = layer.page_of(hash);
                let content = &pages[(layer.first_page + page) as usize];
                match layer.query(page, content, hash) {
                    Match::Hit => return (true, reads),
                    Match::Miss => return (false, reads),
                    Match::Bumped => hash = ribbon::rehash(hash),
                }
            }
            (false, u64::MAX)
        };
        let members = normalised(&dataset.profile, self.asked())?;
        let strangers = normalised(&dataset.profile, &self.strangers)?;
        let items = Lists {
            members: lines(&members).collect(),
            strangers: lines(&strangers).collect(),
        };
        let mut told = items.report(Duration::ZERO, file.num_bytes(), |item| ask(item).0);
        let reads: Vec<u64> = items.strangers.iter().map(|item| ask(item).1).collect();
        told["mean_reads"] = (reads.iter().sum::<u64>() as f64 / reads.len() as f64).into();
        let reads = reads
            .into_iter()
            .chain(items.members.iter().map(|item| ask(item).1));
        told["most_reads"] = reads.max().into();
        Ok(told)
    }

    /// A finished file, asked as `leaksieve check` asks it: normalise, hash, read a sector of the
    /// file, verify it. Nothing is built.
    fn file(&self, filter: &str) -> Result<Value> {
        let file = FilterFile::open(Path::new(filter))?;
        let mut buffer = [0; SECTOR_BYTES];
        let mut failed = None;
        let num_bytes = file.num_bytes();
        let told = self.report(Duration::ZERO, num_bytes, |line| {
            match file.check(Identifier::new(line), &mut buffer) {
                Ok(verdict) => matches!(verdict, Verdict::Exposed(_)),
                Err(error) => {
                    failed = Some(error);
                    false
                }
            }
        });
        failed.map_or(Ok(told), |error| Err(error.into()))
    }

    /// The same, many questions at a time, as `leaksieve check` asks those of standard input.
    fn together(&self, filter: &str) -> Result<Value> {
        let file = FilterFile::open(Path::new(filter))?;
        let shortcuts = file.shortcuts()?;
        let mut together = file.together(&shortcuts);
        let mut num_failed = 0;
        let told = self.report_all(Duration::ZERO, file.num_bytes(), |lines| {
            let mut num_exposed = 0;
            for lines in lines.chunks(MAX_TOGETHER) {
                let asked: Vec<_> = lines.iter().map(|line| Identifier::new(line)).collect();
                for said in together.check(&asked).iter() {
                    num_exposed += usize::from(matches!(said, Ok(Verdict::Exposed(_))));
                    num_failed += usize::from(said.is_err());
                }
            }
            num_exposed
        });
        ensure!(num_failed == 0, "{num_failed} questions have no answer");
        Ok(told)
    }

    fn fastbloom(&self, rate: f64) -> Result<Value> {
        let (filter, build) = timed(|| {
            let mut filter =
                fastbloom::BloomFilter::with_false_pos(rate).expected_items(self.members.len());
            for line in &self.members {
                filter.insert(line);
            }
            filter
        });
        let num_bytes = (filter.num_bits() / 8) as u64;
        Ok(self.report(build, num_bytes, |line| filter.contains(line)))
    }

    fn fastbloom_xxh3(&self, rate: f64) -> Result<Value> {
        let (filter, build) = timed(|| {
            let mut filter =
                fastbloom::BloomFilter::with_false_pos(rate).expected_items(self.members.len());
            for line in &self.members {
                filter.insert_hash(xxh3_64(line));
            }
            filter
        });
        let num_bytes = (filter.num_bits() / 8) as u64;
        Ok(self.report(build, num_bytes, |line| filter.contains_hash(xxh3_64(line))))
    }

    fn bloomfilter(&self, rate: f64) -> Result<Value> {
        let (filter, build) = timed(|| {
            let mut filter = bloomfilter::Bloom::<[u8]>::new_for_fp_rate(self.members.len(), rate)?;
            for line in &self.members {
                filter.set(line);
            }
            Ok(filter)
        });
        let filter = filter.map_err(|error: &str| anyhow::anyhow!(error))?;
        Ok(self.report(build, filter.len() / 8, |line| filter.check(line)))
    }

    /// No Bloom filters: 8 or 16 bits of fingerprint an item, whatever the rate. All hashes
    /// are needed at once.
    fn binary_fuse<F: Filter<u64>>(
        &self,
        build: impl FnOnce(Vec<u64>) -> Result<F, &'static str>,
        num_bytes: impl FnOnce(&F) -> usize,
    ) -> Result<Value> {
        let (filter, took) =
            timed(|| build(self.members.iter().map(|line| xxh3_64(line)).collect()));
        let filter = filter.map_err(|error| anyhow::anyhow!(error))?;
        let num_bytes = num_bytes(&filter) as u64;
        Ok(self.report(took, num_bytes, |line| filter.contains(&xxh3_64(line))))
    }
}

impl Lists<'_> {
    /// The numbers that the members are; they are in order.
    fn numbers(&self) -> Result<Vec<u64>> {
        let number = |line: &&[u8]| Ok(std::str::from_utf8(line)?.parse()?);
        self.members.iter().map(number).collect()
    }

    /// Exact sets of numbers: their sizes, as they would be written.
    fn roaring(&self) -> Result<Value> {
        let mut set = RoaringTreemap::from_sorted_iter(self.numbers()?)?;
        set.optimize();
        Ok(serde_json::json!({"num_items": set.len(), "num_bytes": set.serialized_size()}))
    }

    /// As it is in memory, with what finds a number. Blocks of a million without a member are left
    /// out, so that the gaps between networks cost nothing.
    fn elias_fano(&self) -> Result<Value> {
        const BLOCK: u64 = 1_000_000;
        let mut numbers = self.numbers()?;
        let (mut last, mut num_blocks) = (None, 0);
        for number in &mut numbers {
            let block = *number / BLOCK;
            num_blocks += u64::from(last.replace(block) != Some(block));
            *number = (num_blocks - 1) * BLOCK + *number % BLOCK;
        }
        let mut builder = EliasFanoBuilder::new(numbers.len(), num_blocks * BLOCK);
        numbers.iter().for_each(|number| builder.push(*number));
        let num_bytes = builder.build_with_dict().mem_size(SizeFlags::default());
        Ok(serde_json::json!({"num_items": numbers.len(), "num_bytes": num_bytes}))
    }
}

/// The items of identifiers, a line each.
fn normalised(profile: &Profile, identifiers: &[&[u8]]) -> Result<Vec<u8>> {
    let mut items = Vec::new();
    for identifier in identifiers {
        let item = profile.normalise(&Identifier::new(identifier));
        let item = item.map_err(|error| anyhow::anyhow!("{error}"))?;
        items.extend_from_slice(item.as_bytes());
        items.push(b'\n');
    }
    Ok(items)
}

/// What no program can be below that reads lines and hashes them: memchr and XXH3, and
/// nothing else. Reading the file counts. The whole process is what is measured.
fn floor(path: &Path, num_threads: usize) -> Result<()> {
    let bytes = std::fs::read(path)?;
    // Each part but the first begins behind a line's end.
    let mut parts = Vec::new();
    let mut rest = &bytes[..];
    for part in (1..=num_threads).rev() {
        let at = rest.len() / part;
        let at = memchr::memchr(b'\n', &rest[at..]).map_or(rest.len(), |end| at + end + 1);
        let (head, tail) = rest.split_at(at.min(rest.len()));
        parts.push(head);
        rest = tail;
    }
    let sum = std::thread::scope(|scope| {
        let threads: Vec<_> = parts
            .into_iter()
            .map(|part| {
                scope.spawn(move || {
                    lines(part).fold((0u64, 0u64), |(num_lines, sum), line| {
                        (num_lines + 1, sum ^ xxh3_64(line))
                    })
                })
            })
            .collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .fold((0, 0), |(n, sum), (m, other)| (n + m, sum ^ other))
    });
    println!("{}", serde_json::json!({"num_items": sum.0, "sum": sum.1}));
    Ok(())
}
