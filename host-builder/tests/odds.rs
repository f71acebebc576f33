//! The odds that an answer names are those of the text that was asked, however many readings
//! it has.

mod common;

use common::Bench;

/// Texts that no list has.
const NUM_STRANGERS: u32 = 20_000;
/// A false alarm of one reading. High, so that there are many.
const RATE: f64 = 0.02;

struct Case {
    kind: &'static str,
    member: fn(u32) -> String,
    stranger: fn(u32) -> String,
    num_readings: i32,
}

/// Forty digits, other ones for every number.
fn hash(i: u32) -> String {
    let first = i.wrapping_mul(0x9E37_79B1);
    format!(
        "{first:08x}{:032x}",
        u128::from(i) * 0x0123_4567_89AB_CDEF_0011
    )
}

const CASES: &[Case] = &[
    Case {
        kind: "--kind email",
        member: |i| format!("ann{i}@example.org"),
        stranger: |i| format!("bob{i}@example.org"),
        num_readings: 1,
    },
    // Members with a tag: a question without one is asked for them, too.
    Case {
        kind: "--kind email",
        member: |i| format!("ann{i}+shop@example.org"),
        stranger: |i| format!("bob{i}@example.org"),
        num_readings: 2,
    },
    Case {
        kind: "--kind phone --region DE",
        member: |i| format!("+49171{:07}", i * 7),
        stranger: |i| format!("+49151{:08}", i * 7),
        num_readings: 1,
    },
    // +49 491 ..., or 49 491 ... with its area code.
    Case {
        kind: "--kind phone --region DE --max-rejected 1",
        member: |i| format!("+49171{:07}", i * 7),
        stranger: |i| format!("491{:08}", 76_000_000 + i),
        num_readings: 2,
    },
    Case {
        kind: "--kind sha1",
        member: hash,
        stranger: |i| format!("pass{i}"),
        num_readings: 1,
    },
    // Composed and decomposed.
    Case {
        kind: "--kind sha1",
        member: hash,
        stranger: |i| format!("p\u{e9}ss{i}"),
        num_readings: 2,
    },
    // Each with its blanks and without.
    Case {
        kind: "--kind sha1",
        member: hash,
        stranger: |i| format!("p\u{e9}ss{i} "),
        num_readings: 4,
    },
];

#[test]
fn strangers_as_texts() {
    for Case {
        kind,
        member,
        stranger,
        num_readings,
    } in CASES
    {
        let bench = Bench::new();
        let lines = |text: &fn(u32) -> String, num: u32| -> String {
            (0..num).map(|i| text(i) + "\n").collect()
        };
        bench.write("list.txt", lines(member, 5_000));
        let build =
            format!("build list.txt -o x.lsv {kind} --name X --seed 1 --fpr {RATE} --format json");
        let built = bench.run(&build).succeeds().json();
        let rate = built["false_positive_rate"]["measured"].as_f64().unwrap();
        let strangers = lines(stranger, NUM_STRANGERS);
        let asked = bench.run_with("check x.lsv --format json", strangers.as_bytes());
        let rows = asked.rows();
        let (mut num_exposed, mut odds) = (0, None);
        for row in &rows {
            match row["verdict"].as_str() {
                Some("exposed") => {
                    num_exposed += 1;
                    odds = row["datasets"][0]["false_alarm_one_in"].as_u64();
                }
                Some("not_exposed") => {}
                other => panic!("{kind}: {other:?} {row}"),
            }
        }
        assert_eq!(rows.len(), NUM_STRANGERS as usize, "{kind}");
        let expected = 1.0 - (1.0 - rate).powi(*num_readings);
        let told = 1.0 / odds.unwrap() as f64;
        assert!(
            (told / expected - 1.0).abs() < 0.1,
            "{kind}: {told} {expected}"
        );
        let found = f64::from(num_exposed) / f64::from(NUM_STRANGERS);
        // The standard deviation is 5 % of the rarest.
        assert!(
            (found / expected - 1.0).abs() < 0.25,
            "{kind}: {found} {expected}"
        );
    }
}
