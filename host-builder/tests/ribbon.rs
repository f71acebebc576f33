//! `--encoding ribbon`: built, asked, verified and told as a Bloom filter is.

mod common;

use common::{Bench, emails, forge, forge_header, header_of, id_of, read};
use leaksieve_core::encoding::{Encoding, ribbon};
use leaksieve_core::header::Rate;
use leaksieve_core::sector::FileId;
use serde_json::Value;

const BUILD: &str = "build mail.txt --kind email --name Forum --seed 1 --format json";

/// `mail.txt` of so many addresses.
fn bench_of(num_items: u32) -> Bench {
    let bench = Bench::new();
    bench.write("mail.txt", emails(0..num_items));
    bench
}

/// Build `name` as a ribbon, and give what the build tells.
fn build(bench: &Bench, name: &str, options: &str) -> Value {
    bench
        .run(&format!("{BUILD} --encoding ribbon -o {name} {options}"))
        .succeeds()
        .json()
}

/// How many of these addresses a file calls exposed. It has an answer for each.
fn exposed(bench: &Bench, name: &str, list: &str) -> usize {
    let asked = bench.run_with(&format!("check {name} --format json"), list.as_bytes());
    let verdicts = asked.verdicts();
    assert_eq!(verdicts.len(), list.lines().count());
    let is = |verdict: &str| verdicts.iter().filter(|found| *found == verdict).count();
    assert_eq!(is("exposed") + is("not_exposed"), verdicts.len());
    is("exposed")
}

fn strangers(count: u32) -> String {
    (0..count)
        .map(|i| format!("nobody{i}@example.org\n"))
        .collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

/// Change the last page of a layer, and make its checksum right.
fn forge_threshold(bench: &Bench, name: &str, layer: usize, threshold: u8) -> (Vec<u8>, usize) {
    let mut bytes = read(bench, name);
    let dataset = &header_of(bench, name).datasets[0];
    let layer = dataset.encoding.layers(dataset.num_sectors).nth(layer);
    let layer = layer.unwrap();
    let index = (dataset.first_sector.0 + layer.first_page + layer.num_pages - 1) as usize;
    forge(&mut bytes, id_of(bench, name), index, |page| {
        ribbon::set_threshold(page, threshold);
    });
    (bytes, index)
}

#[test]
fn built_and_asked() {
    let bench = bench_of(20_000);
    let bloom = bench
        .run(&format!("{BUILD} -o bloom.lsv"))
        .succeeds()
        .json();
    assert_eq!(
        (&bloom["encoding"], &bloom["columns"]),
        (&"bloom".into(), &Value::Null)
    );
    assert_eq!(
        (&bloom["mean_reads"], &bloom["most_reads"]),
        (&1.0.into(), &1.into())
    );
    let told = build(&bench, "mail.lsv", "");
    assert_eq!(told["encoding"], "ribbon");
    assert_eq!(told["num_hashes"], Value::Null);
    assert_eq!(told["columns"], serde_json::json!([9, 10]));
    assert_eq!(told["num_items"], 20_000);
    assert_eq!(told["num_restarts"], 0);
    assert!(number(&told["bits_per_item"]) < 10.7, "{told}");
    assert!(
        (1.03..1.08).contains(&number(&told["mean_reads"])),
        "{told}"
    );
    assert!((2..=4).contains(&told["most_reads"].as_u64().unwrap()));
    let rates = &told["false_positive_rate"];
    assert!(
        (0.9e-3..1.002e-3).contains(&number(&rates["measured"])),
        "{told}"
    );
    let size = std::fs::metadata(bench.path("mail.lsv")).unwrap().len();
    assert_eq!(told["size_bytes"], size);

    assert_eq!(exposed(&bench, "mail.lsv", &emails(0..20_000)), 20_000);
    // 20 are expected.
    let false_alarms = exposed(&bench, "mail.lsv", &strangers(20_000));
    assert!((2..60).contains(&false_alarms), "{false_alarms}");
    let verified = bench
        .run("verify mail.lsv --source mail.txt")
        .succeeds()
        .out();
    assert!(verified.contains("20,000"), "{verified}");

    let seen = bench
        .run("inspect mail.lsv --format json")
        .succeeds()
        .json();
    let dataset = &seen["datasets"][0];
    for field in [
        "encoding",
        "columns",
        "num_hashes",
        "num_items",
        "most_reads",
    ] {
        assert_eq!(dataset[field], told[field], "{field}");
    }
    let [expected, found] = [dataset, &told].map(|told| number(&told["mean_reads"]));
    assert!((expected - found).abs() < 0.02, "{expected} {found}");
    let text = bench.run("inspect mail.lsv").succeeds().out();
    assert!(text.contains("ribbon, 9 or 10 columns"), "{text}");
}

#[test]
fn rates_are_kept() {
    let bench = bench_of(30_000);
    for (rate, columns) in [
        (0.5, vec![1, 2]),
        (0.3, vec![1, 2]),
        (0.01, vec![6, 7]),
        (1e-5, vec![16, 17]),
        // Items of a page that have equal low hashes are false alarms, too.
        (1e-7, vec![24, 25]),
    ] {
        let told = build(&bench, "mail.lsv", &format!("--force --fpr {rate}"));
        let measured = number(&told["false_positive_rate"]["measured"]);
        // Wide pages are whole ones, and there may be one too many.
        assert!(
            (0.85..1.002).contains(&(measured / rate)),
            "{rate}: {measured}"
        );
        assert_eq!(told["columns"], serde_json::json!(columns), "{rate}");
        assert_eq!(exposed(&bench, "mail.lsv", &emails(0..2_000)), 2_000);
    }
}

#[test]
fn few_items() {
    for num_items in [1, 2, 100, 400] {
        let bench = bench_of(num_items);
        for fpr in ["0.5", "1e-3", "1e-7"] {
            let told = build(&bench, "mail.lsv", &format!("--force --fpr {fpr}"));
            assert_eq!(told["num_items"], num_items);
            assert_eq!(
                exposed(&bench, "mail.lsv", &emails(0..num_items)),
                num_items as usize
            );
            bench.run("verify mail.lsv --source mail.txt").succeeds();
            bench.run("inspect mail.lsv").succeeds();
            let sectors = told["size_bytes"].as_u64().unwrap() / 512;
            assert!(
                sectors <= 2 + u64::from(num_items) / 100,
                "{num_items} {fpr}: {sectors}"
            );
        }
        assert_eq!(exposed(&bench, "mail.lsv", &strangers(100)), 0);
    }
}

#[test]
fn the_same_bytes_whatever_the_threads_and_the_order() {
    let bench = bench_of(30_000);
    let first = {
        build(&bench, "a.lsv", "");
        read(&bench, "a.lsv")
    };
    for options in ["--threads 1", "--threads 3", "--memory 256MiB"] {
        build(&bench, "b.lsv", &format!("--force {options}"));
        assert!(first == read(&bench, "b.lsv"), "{options}");
    }
    // Each line twice, the second half first.
    let lines = emails(15_000..30_000) + &emails(0..30_000) + &emails(0..15_000);
    bench.write("mail.txt", lines);
    let told = build(&bench, "b.lsv", "--force");
    assert_eq!(told["num_duplicates"], 30_000);
    assert!(first == read(&bench, "b.lsv"));
}

#[test]
fn a_size_is_filled_and_not_passed() {
    let bench = bench_of(50_000);
    for options in ["--max-size 64KiB", "--max-size 40000"] {
        let told = build(&bench, "mail.lsv", &format!("--force {options}"));
        let size = told["size_bytes"].as_u64().unwrap();
        let most = if options.contains("KiB") {
            65_536
        } else {
            40_000
        };
        assert!(
            (most * 97 / 100..=most).contains(&size),
            "{options}: {size}"
        );
        let rates = &told["false_positive_rate"];
        let ratio = number(&rates["measured"]) / number(&rates["designed"]);
        assert!((0.98..1.02).contains(&ratio), "{ratio}");
        assert_eq!(exposed(&bench, "mail.lsv", &emails(0..2_000)), 2_000);
    }
    for size in ["2KiB", "1KiB", "512"] {
        bench
            .run(&format!(
                "{BUILD} --encoding ribbon -o none.lsv --max-size {size}"
            ))
            .fails(&["too small for a useful filter of 50000 items"]);
    }
    assert!(!bench.path("none.lsv").exists());
}

#[test]
fn a_last_layer_that_leads_nowhere_is_an_error_and_no_answer() {
    let bench = bench_of(5_000);
    let told = build(&bench, "mail.lsv", "");
    // More layers than these have a last one that is hardly asked.
    assert_eq!(told["most_reads"], 2);
    let last = told["most_reads"].as_u64().unwrap() as usize - 1;
    for threshold in [1, 200, 255] {
        let (bytes, index) = forge_threshold(&bench, "mail.lsv", last, threshold);
        bench.write("forged.lsv", bytes);
        let message = format!("sector {index} names a layer that is missing");
        bench.run("verify forged.lsv").fails(&[&message]);
    }
    let asked = bench.run_with(
        "check forged.lsv --format json",
        emails(0..5_000).as_bytes(),
    );
    assert_eq!(asked.code(), 2);
    let verdicts = asked.verdicts();
    let errors = verdicts
        .iter()
        .filter(|verdict| *verdict == "error")
        .count();
    assert!(errors > 0);
    assert!(
        verdicts
            .iter()
            .all(|verdict| verdict == "error" || verdict == "exposed")
    );
    let text = bench
        .run_with("check forged.lsv", emails(0..5_000).as_bytes())
        .out();
    assert!(text.contains("names a layer that is missing"));
    bench
        .run("verify forged.lsv --source mail.txt")
        .fails(&["names a layer that is missing"]);
}

#[test]
fn a_page_that_bumps_what_it_holds_lacks_it() {
    let bench = bench_of(20_000);
    build(&bench, "mail.lsv", "");
    let (bytes, _) = forge_threshold(&bench, "mail.lsv", 0, 255);
    bench.write("forged.lsv", bytes);
    bench
        .run("verify forged.lsv --source mail.txt")
        .fails(&["lacks", "of 20,000 lines"]);
}

#[test]
fn a_rate_that_is_not_that_of_the_pages_is_found() {
    let bench = bench_of(20_000);
    build(&bench, "mail.lsv", "");
    let id = id_of(&bench, "mail.lsv");
    let header = header_of(&bench, "mail.lsv");
    let honest = header.datasets[0].measured.units();
    for units in [honest / 10, honest + honest / 1000, Rate::ONE] {
        let mut forged = header.clone();
        forged.datasets[0].measured = Rate::from_units(units);
        let mut bytes = read(&bench, "mail.lsv");
        forge_header(&mut bytes, id, &forged);
        bench.write("forged.lsv", bytes);
        bench
            .run("verify forged.lsv")
            .fails(&["says false alarm 1 in", "do not use it"]);
    }
}

/// Every number of a report is one, however absurd the header.
fn inspect(bench: &Bench) {
    let report = bench
        .run("inspect forged.lsv --format json")
        .succeeds()
        .json();
    let dataset = &report["datasets"][0];
    for field in ["mean_reads", "most_reads", "bits_per_item"] {
        assert!(number(&dataset[field]) > 0.0, "{field}: {dataset}");
    }
    let reads = number(&dataset["mean_reads"]);
    assert!((1.0..=4.0).contains(&reads), "{reads}");
    // Of more than can be built there is no estimate.
    let estimate = bench.run("estimate --like forged.lsv --format json");
    match estimate.code() {
        0 => {}
        _ => drop(
            bench
                .run("estimate --like forged.lsv")
                .fails(&["split the input"]),
        ),
    }
    for row in estimate.rows() {
        let fields: &[&str] = match row["row"].as_str() {
            Some("size") => &[
                "false_positive_rate",
                "size_bytes",
                "bits_per_item",
                "mean_reads",
            ],
            _ => &["false_positive_rate"],
        };
        for field in fields {
            assert!(number(&row[*field]) > 0.0, "{field}: {row}");
        }
        assert!(row["row"] == "size" || row["most_items"].is_u64(), "{row}");
    }
    let text = bench.run("inspect forged.lsv").succeeds().out();
    for word in ["NaN", "inf"] {
        assert!(
            !text.split_whitespace().any(|found| found.contains(word)),
            "{text}"
        );
    }
}

#[test]
fn absurd_headers_are_told_as_they_are() {
    let bench = bench_of(20_000);
    bench.run(&format!("{BUILD} -o bloom.lsv")).succeeds();
    build(&bench, "ribbon.lsv", "");
    for name in ["bloom.lsv", "ribbon.lsv"] {
        let id: FileId = id_of(&bench, name);
        let honest = header_of(&bench, name);
        for num_items in [1, 1_500_000, u64::MAX] {
            for designed in [1, Rate::ONE / 1000, Rate::ONE] {
                let mut header = honest.clone();
                header.datasets[0].num_items = num_items;
                header.datasets[0].designed = Rate::from_units(designed);
                header.datasets[0].measured = Rate::from_units(designed);
                let mut bytes = read(&bench, name);
                forge_header(&mut bytes, id, &header);
                bench.write("forged.lsv", bytes);
                inspect(&bench);
            }
        }
    }
    // Columns, layers and shares at their limits.
    let honest = header_of(&bench, "ribbon.lsv");
    let pages = honest.datasets[0].num_sectors;
    for (columns, wide_share, overflow) in [
        (1, 0, [0, 0, 0]),
        (1, u32::MAX, [1, 0, 0]),
        (32, 0, [pages - 3, 1, 1]),
        (31, u32::MAX, [1, pages - 3, 1]),
    ] {
        for num_items in [1, u64::MAX] {
            let mut header = honest.clone();
            header.datasets[0].num_items = num_items;
            header.datasets[0].encoding = Encoding::Ribbon(ribbon::Ribbon {
                columns,
                salt: 255,
                wide_share,
                overflow: overflow.map(ribbon::NumPages),
            });
            let mut bytes = read(&bench, "ribbon.lsv");
            forge_header(&mut bytes, id_of(&bench, "ribbon.lsv"), &header);
            bench.write("forged.lsv", bytes);
            inspect(&bench);
            // Whatever it says, it is no panic.
            assert_eq!(bench.run("verify forged.lsv").code(), 2);
            bench.run_with("check forged.lsv", emails(0..200).as_bytes());
        }
    }
}

#[test]
fn a_bundle_of_both_signed_and_asked() {
    let bench = bench_of(20_000);
    build(&bench, "mail.lsv", "");
    bench.write("names.txt", "alice\nbob\n");
    for (name, kind, encoding) in [("names", "username", "ribbon"), ("ids", "id", "bloom")] {
        bench
            .run(&format!(
                "build names.txt -o {name}.lsv --kind {kind} --name {name} --encoding {encoding} --fpr 1e-6"
            ))
            .succeeds();
    }
    bench
        .run("bundle ids.lsv mail.lsv names.lsv -o all.lsv")
        .succeeds();
    bench.run("keygen -o plain.key --no-password").succeeds();
    bench
        .run("sign all.lsv --key plain.key --epoch 3 -o signed.lsv")
        .succeeds();
    for (file, key) in [("all.lsv", ""), ("signed.lsv", "--key plain.key.pub")] {
        bench.run(&format!("verify {file} {key}")).succeeds();
        bench
            .run(&format!(
                "verify {file} {key} --kind email --source mail.txt"
            ))
            .succeeds();
        let check = format!("check {file} {key} --format json --kind");
        let asked = bench.run_with(&format!("{check} email"), emails(0..20_000).as_bytes());
        assert!(asked.verdicts().iter().all(|verdict| verdict == "exposed"));
        for kind in ["username", "id"] {
            let asked = bench.run_with(&format!("{check} {kind}"), b"alice\nBOB\nnobody\n");
            assert_eq!(asked.verdicts(), ["exposed", "exposed", "not_exposed"]);
        }
        let report = bench
            .run(&format!("inspect {file} {key} --format json"))
            .succeeds();
        let report = report.json();
        let encodings = [0, 1, 2].map(|index| report["datasets"][index]["encoding"].clone());
        assert_eq!(encodings, ["bloom", "ribbon", "ribbon"]);
    }
    // A page of the ribbon's second layer, replaced by its neighbour's content, in the signed file.
    let (bytes, index) = {
        let mut bytes = read(&bench, "signed.lsv");
        let dataset = &header_of(&bench, "signed.lsv").datasets[1];
        let layer = dataset.encoding.layers(dataset.num_sectors).nth(1).unwrap();
        let index = (dataset.first_sector.0 + layer.first_page) as usize;
        forge(&mut bytes, id_of(&bench, "signed.lsv"), index, |page| {
            page[100] ^= 1
        });
        (bytes, index)
    };
    bench.write("forged.lsv", bytes);
    bench
        .run("verify forged.lsv --key plain.key.pub")
        .fails(&[&format!("sector {index}")]);
    let asked = bench.run_with(
        "check forged.lsv --kind email --format json",
        emails(0..20_000).as_bytes(),
    );
    let verdicts = asked.verdicts();
    assert!(
        verdicts
            .iter()
            .all(|verdict| verdict == "error" || verdict == "exposed")
    );
    assert!(verdicts.iter().any(|verdict| verdict == "error"));
}

/// A header that is just too long for a sector as a ribbon's, and not as a Bloom filter's.
#[test]
fn texts_of_any_length() {
    let bench = Bench::new();
    bench.write("list.txt", "+86 138 0013 8000\n+44 20 7946 0018\n");
    for length in (20..97).step_by(4) {
        let note = "n".repeat(length);
        let name = "N".repeat(64);
        let arguments = format!(
            "build list.txt -o a.lsv --kind phone --region world --name {name} --source-note {note} \
             --encoding ribbon --force --quiet"
        );
        bench.run(&arguments).succeeds();
        bench.run("verify a.lsv --quiet").succeeds();
    }
}

/// Of so many, one encoding can be and the other cannot.
#[test]
fn an_estimate_of_the_encoding_that_fits() {
    let bench = Bench::new();
    for (arguments, encoding) in [
        ("--items 2e11 --fpr 0.001", "bloom"),
        ("--items 6e6 --max-size 900KiB", "ribbon"),
    ] {
        let said = bench
            .run(&format!("estimate {arguments} --format json"))
            .succeeds()
            .out();
        let sizes: Vec<&str> = said
            .lines()
            .filter(|line| line.contains(r#""row":"size""#))
            .collect();
        assert_eq!(sizes.len(), 1, "{said}");
        assert!(sizes[0].contains(encoding), "{said}");
    }
}
