//! `--encoding exact`, and when it is chosen: built, asked, verified and told as a filter is.

mod common;

use std::collections::BTreeSet;
use std::fmt::Write;

use common::{Bench, bench_with_key, forge, forge_header, header_of, id_of, read};
use leaksieve::file::{FilterFile, verify};
use leaksieve_core::encoding::Encoding;
use leaksieve_core::header::Rate;

const BUILD: &str = "build list.txt --name Shop --created 2026-01-01";
/// Exit statuses of a check.
const EXPOSED: i32 = 0;
const NOT_EXPOSED: i32 = 1;
const PHONES: &str = "--kind phone --region CN";

/// A generator that gives the same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % end
    }
}

/// Mobile numbers of some blocks of 10,000, each with a share of its own.
fn numbers(random: &mut Random) -> BTreeSet<u64> {
    let mut numbers = BTreeSet::new();
    for (block, percent) in (13_800_000..).zip([20, 0, 95, 3, 100, 100, 50, 1, 0, 40]) {
        let first: u64 = block * 1_000;
        numbers.extend((first..first + 10_000).filter(|_| random.below(100) < percent));
    }
    numbers
}

fn lines<'n>(numbers: impl IntoIterator<Item = &'n u64>) -> String {
    numbers.into_iter().fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "{number}");
        text
    })
}

/// All answers of a file to some lines; each is an answer.
fn verdicts(bench: &Bench, name: &str, list: &str) -> Vec<String> {
    let asked = bench.run_with(&format!("check {name} --format json"), list.as_bytes());
    let verdicts = asked.verdicts();
    assert_eq!(verdicts.len(), list.lines().count());
    verdicts
}

#[test]
fn every_number_is_there_and_no_other() {
    let mut random = Random(5);
    let numbers = numbers(&mut random);
    let bench = Bench::new();
    bench.write("list.txt", lines(&numbers));
    let summary = bench
        .run(&format!(
            "{BUILD} {PHONES} --encoding exact -o a.lsv --format json"
        ))
        .succeeds()
        .json();
    assert_eq!(summary["encoding"], "exact");
    assert_eq!(summary["num_items"], numbers.len());
    assert_eq!(summary["false_positive_rate"]["measured"], 0.0);
    let header = header_of(&bench, "a.lsv");
    assert_eq!(header.datasets[0].encoding, Encoding::Exact);

    let around: Vec<u64> = (13_799_995_000..13_800_105_000).collect();
    let said = verdicts(&bench, "a.lsv", &lines(&around));
    for (number, verdict) in around.iter().zip(said) {
        let expected = match numbers.contains(number) {
            true => "exposed",
            // Some of those before are no numbers of the plan.
            false if verdict == "not_covered" && *number < 13_800_000_000 => "not_covered",
            false => "not_exposed",
        };
        assert_eq!(verdict, expected, "{number}");
    }
    let first = numbers.first().unwrap();
    let sentence = bench.run(&format!("check a.lsv {first}")).out();
    assert!(sentence.contains("EXPOSED in Shop: certain"), "{sentence}");
    let told = bench
        .run(&format!("check a.lsv {first} --format json"))
        .json();
    assert!(
        told["datasets"][0]["false_alarm_one_in"].is_null(),
        "{told}"
    );
    bench.run("verify a.lsv").succeeds();
    bench
        .run("verify a.lsv --source list.txt --quiet")
        .succeeds();
    let shown = bench.run("inspect a.lsv").succeeds().out();
    assert!(shown.contains("false alarm  none"), "{shown}");
    bench.run("estimate --like a.lsv").succeeds();
}

/// The bytes depend on the set alone.
#[test]
fn neither_order_nor_memory_nor_threads_change_the_bytes() {
    let mut random = Random(6);
    let mut list: Vec<u64> = numbers(&mut random).into_iter().collect();
    let bench = Bench::new();
    bench.write("list.txt", lines(&list));
    let build = format!("{BUILD} {PHONES} --encoding exact");
    bench
        .run(&format!("{build} -o a.lsv --threads 1"))
        .succeeds();
    for at in (1..list.len()).rev() {
        list.swap(at, random.below(at as u64 + 1) as usize);
    }
    list.extend_from_within(..1_000);
    bench.write("list.txt", lines(&list));
    bench
        .run(&format!(
            "{build} -o b.lsv --threads 3 --memory 256MiB --seed 9"
        ))
        .succeeds();
    assert_eq!(read(&bench, "a.lsv"), read(&bench, "b.lsv"));
}

/// What is given up is a filter as if it had been asked for.
#[test]
fn what_is_chosen_and_why() {
    let bench = Bench::new();
    let mut random = Random(7);
    let scattered: BTreeSet<u64> = (0..3_000)
        .map(|_| 13_800_000_000 + random.below(100_000_000))
        .collect();
    let dense: BTreeSet<u64> = (0..200_000)
        .map(|_| 5_000_000 + random.below(900_000))
        .collect();
    let ids = "--kind id";
    for (list, options, encoding, why) in [
        (lines(&dense), ids, "exact", "smaller than a ribbon"),
        (lines(&scattered), PHONES, "bloom", "a filter hides more"),
        (
            format!("{}AB12\n", lines(&dense)),
            ids,
            "bloom",
            "not exact: 1 identifier is no number",
        ),
        // In so much room a filter has no false alarm that would hide somebody.
        (
            lines(&scattered),
            "--kind phone --region CN --max-size 1MiB",
            "exact",
            "100 % are members",
        ),
        // In so little it has many, and without the limit the set would be exact.
        (
            lines(&dense),
            "--kind id --max-size 90KiB",
            "exact",
            "smaller than a ribbon",
        ),
    ] {
        bench.write("list.txt", list);
        let told = bench
            .run(&format!("{BUILD} {options} --seed 1 -f -o auto.lsv"))
            .succeeds()
            .out();
        assert!(told.contains(why) && told.contains(encoding), "{told}");
        let found = header_of(&bench, "auto.lsv").datasets[0].encoding;
        assert_eq!(found == Encoding::Exact, encoding == "exact", "{told}");
        let as_asked = format!("{BUILD} {options} --seed 1 --encoding {encoding} -f -o asked.lsv");
        bench.run(&as_asked).succeeds();
        assert_eq!(read(&bench, "auto.lsv"), read(&bench, "asked.lsv"));
    }
    // Too little room for it, and for a Bloom filter too.
    bench.write("list.txt", lines(&dense));
    let told = bench
        .run(&format!("{BUILD} {ids} -f -o auto.lsv --max-size 50KiB"))
        .succeeds()
        .out();
    assert!(told.contains("not exact: that needs"), "{told}");
    for (options, why) in [
        ("--kind email", "an exact set holds numbers"),
        ("--kind id --max-size 50KiB", "the exact set needs"),
    ] {
        bench
            .run(&format!("{BUILD} {options} -f -o no.lsv --encoding exact"))
            .fails(&[why]);
    }
    bench.write("list.txt", format!("{}AB12\n", lines(&dense)));
    bench
        .run(&format!("{BUILD} {ids} -o no.lsv --encoding exact"))
        .fails(&[
            "no numbers of at most 18 digits",
            "(list.txt line ",
            "hint: ",
        ]);
    assert!(!bench.files().contains(&"no.lsv".to_owned()));
}

/// `007` and `7` are two ids; numbers of other countries, and those that no telephone has, are there.
#[test]
fn all_numbers_have_a_place() {
    let bench = Bench::new();
    bench.write("list.txt", "007\n70\n999999999999999999\n");
    bench
        .run(&format!("{BUILD} --kind id --encoding exact -o id.lsv"))
        .succeeds();
    for (asked, code) in [
        ("007", EXPOSED),
        ("7", NOT_EXPOSED),
        ("70", EXPOSED),
        ("0070", NOT_EXPOSED),
        ("9", NOT_EXPOSED),
        ("abc", NOT_EXPOSED),
    ] {
        assert_eq!(
            bench.run(&format!("check id.lsv {asked}")).code(),
            code,
            "{asked}"
        );
    }
    bench.write(
        "list.txt",
        "13800138000\n+1 202 555 0123\n+49 30 123456\n13800138002\n",
    );
    bench
        .run(&format!("{BUILD} {PHONES} --encoding exact -o cn.lsv"))
        .succeeds();
    for (asked, code) in [
        ("13800138000", EXPOSED),
        ("13800138001", NOT_EXPOSED),
        ("+12025550123", EXPOSED),
        ("+4930123456", EXPOSED),
    ] {
        assert_eq!(
            bench.run(&format!("check cn.lsv {asked}")).code(),
            code,
            "{asked}"
        );
    }
    bench.write("list.txt", "11010519491231002X\n440524188001010014\n");
    bench
        .run(&format!(
            "{BUILD} --kind id --id-scheme chinese-resident --encoding exact -o cri.lsv"
        ))
        .succeeds();
    for (asked, code) in [
        ("11010519491231002X", EXPOSED),
        ("440524188001010014", EXPOSED),
    ] {
        assert_eq!(
            bench.run(&format!("check cri.lsv {asked}")).code(),
            code,
            "{asked}"
        );
    }
}

/// A line that means one of two numbers makes neither of them certain.
#[test]
fn a_number_of_an_ambiguous_line() {
    let bench = Bench::new();
    bench.write("list.txt", "491716783154\n030 1234567\n0171 6783155\n");
    bench
        .run(&format!(
            "{BUILD} --kind phone --region DE --encoding exact -o de.lsv"
        ))
        .succeeds();
    let mut header = header_of(&bench, "de.lsv");
    assert!(header.datasets[0].num_extra > 0);
    // Else nobody asks for the marked numbers.
    header.datasets[0].num_extra = 0;
    let mut forged = read(&bench, "de.lsv");
    forge_header(&mut forged, id_of(&bench, "de.lsv"), &header);
    bench.write("bad.lsv", &forged);
    bench.run("verify bad.lsv").fails(&["impossible numbers"]);
    for (asked, said) in [
        ("+491716783154", "or one that is written alike"),
        ("0171 6783155", "certain"),
    ] {
        let told = bench.run_args(&["check", "de.lsv", asked], b"").out();
        assert!(
            told.contains("EXPOSED") && told.contains(said),
            "{asked}: {told}"
        );
    }
}

/// Of the question, too: what is found may not be what was meant.
#[test]
fn a_question_that_means_two_numbers() {
    let bench = Bench::new();
    for (line, asked, said) in [
        (
            "+49491716783154",
            "491716783154",
            "or one that is written alike",
        ),
        ("+49491716783154", "+49491716783154", "certain"),
        (
            "+491716783154",
            "491716783154",
            "or one that is written alike",
        ),
        ("+491716783154", "+491716783154", "certain"),
    ] {
        bench.write("list.txt", line);
        bench
            .run(&format!(
                "{BUILD} --kind phone --region DE --encoding exact -o de.lsv -f"
            ))
            .succeeds();
        let told = bench.run(&format!("check de.lsv {asked}")).out();
        assert!(told.contains("EXPOSED") && told.contains(said), "{told}");
    }
}

/// Two files of as many numbers with the same sum: a sector of one is none of the other.
#[test]
fn sets_of_one_sum_are_told_apart() {
    let bench = Bench::new();
    let ids = [[1_000, 1_005], [1_001, 1_004]].map(|numbers| {
        bench.write("list.txt", lines(&numbers));
        bench
            .run(&format!("{BUILD} --kind id --encoding exact -o a.lsv -f"))
            .succeeds();
        id_of(&bench, "a.lsv")
    });
    assert_ne!(ids[0], ids[1]);
}

/// Full blocks that end where a range of keys does, at a multiple of 2^56: behind it there is no
/// member, or one, or a full block.
#[test]
fn full_blocks_at_the_end_of_a_range() {
    // With the 1 before its digits.
    let end: u64 = (1 << 57) - 100_000_000_000_000_000;
    for others in [vec![], vec![end], vec![end + 1], vec![end + 70_000]] {
        let bench = Bench::new();
        let mut members: BTreeSet<u64> = (end - 50_000..end).collect();
        members.extend(&others);
        let padded: String = members
            .iter()
            .map(|number| format!("{number:017}\n"))
            .collect();
        bench.write("list.txt", padded);
        bench
            .run(&format!("{BUILD} --kind id --encoding exact -o a.lsv"))
            .succeeds();
        bench.run("verify a.lsv").succeeds();
        let asked: Vec<u64> = (end - 3..end + 4)
            .chain(end + 69_999..end + 70_002)
            .collect();
        let text: String = asked.iter().map(|id| format!("{id:017}\n")).collect();
        for (id, verdict) in asked.iter().zip(verdicts(&bench, "a.lsv", &text)) {
            let expected = match members.contains(id) {
                true => "exposed",
                false => "not_exposed",
            };
            assert_eq!(verdict, expected, "{id} of {others:?}");
        }
    }
}

/// Each bit of the directory and of what leads through the index, changed, with a right checksum, is
/// noticed. Where a page begins is not tried: its numbers are others then.
#[test]
fn an_index_that_leads_elsewhere() {
    let bench = Bench::new();
    let mut random = Random(9);
    let mut members = numbers(&mut random);
    members.extend((0..3_000).map(|_| 15_100_000_000 + random.below(290_000_000)));
    bench.write("list.txt", lines(&members));
    bench
        .run(&format!("{BUILD} {PHONES} --encoding exact -o a.lsv"))
        .succeeds();
    let (bytes, id) = (read(&bench, "a.lsv"), id_of(&bench, "a.lsv"));
    let directory = &bytes[bytes.len() - 512..];
    let num_segments = usize::from(directory[0]);
    let first_index_page = u32::from_le_bytes(directory[9..13].try_into().unwrap()) as usize;
    let dataset = header_of(&bench, "a.lsv").datasets[0].clone();
    let (first, last) = (
        dataset.first_sector.0 as usize,
        dataset.num_sectors as usize,
    );
    let pages = first_index_page..last;
    assert!(pages.len() > 1);
    for page in pages {
        let bits: Vec<usize> = match page + 1 == last {
            true => (0..8 * (1 + 14 * num_segments)).collect(),
            false => (0..32).chain(96..112).collect(),
        };
        for bit in bits {
            let mut forged = bytes.clone();
            forge(&mut forged, id, first + page, |payload| {
                payload[bit / 8] ^= 1 << (bit % 8);
            });
            bench.write("bad.lsv", &forged);
            let file = FilterFile::open(&bench.path("bad.lsv")).unwrap();
            assert!(
                verify::verify(&file, &()).is_err(),
                "bit {bit} of page {page}"
            );
        }
    }
}

#[test]
fn signed_bundled_and_damaged() {
    let bench = bench_with_key();
    let mut random = Random(8);
    let numbers = numbers(&mut random);
    bench.write("list.txt", lines(&numbers));
    bench
        .run(&format!("{BUILD} {PHONES} --encoding exact -o a.lsv"))
        .succeeds();
    bench.write("ids.txt", "AB12\nCD34\n");
    bench
        .run("build ids.txt -o b.lsv --kind id --name Ids")
        .succeeds();
    bench.run("bundle b.lsv a.lsv -o both.lsv").succeeds();
    bench.run("verify both.lsv").succeeds();
    let some: Vec<u64> = numbers.iter().copied().step_by(997).collect();
    for name in ["a.lsv", "both.lsv"] {
        let said = verdicts(&bench, name, &lines(&some));
        assert!(said.iter().all(|verdict| verdict == "exposed"));
    }

    // Any sector, damaged: an error, or an answer that did not need it.
    let bytes = read(&bench, "a.lsv");
    let id = id_of(&bench, "a.lsv");
    let dataset = header_of(&bench, "a.lsv").datasets[0].clone();
    let (first, num_pages) = (
        dataset.first_sector.0 as usize,
        dataset.num_sectors as usize,
    );
    for page in [0, 1, num_pages / 2, num_pages - 2, num_pages - 1] {
        let mut changed = bytes.clone();
        changed[(first + page) * 512 + 7] ^= 1;
        bench.write("bad.lsv", &changed);
        bench.run("verify bad.lsv").fails(&["is damaged"]);
        // With a right checksum: never another number of members.
        let mut forged = bytes.clone();
        forge(&mut forged, id, first + page, |payload| payload[3] ^= 0x10);
        bench.write("bad.lsv", &forged);
        bench.run("verify bad.lsv").fails(&["bad.lsv: "]);
    }
    // A header that lies: of a rate no file can be written, a count is counted.
    let mut header = header_of(&bench, "a.lsv");
    header.datasets[0].num_items += 1;
    let mut forged = bytes.clone();
    forge_header(&mut forged, id, &header);
    bench.write("bad.lsv", &forged);
    bench.run("verify bad.lsv").fails(&["do not use it"]);
    header.datasets[0].measured = Rate::from_units(1);
    assert!(header.encode(id).is_err());
}
