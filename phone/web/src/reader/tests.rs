use super::*;
use std::fs;
use std::path::Path;
use std::string::String;

/// Sectors of a golden file.
fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../core/tests/golden");
    fs::read(folder.join(name)).unwrap()
}

/// What the script does.
fn finish(reader: &mut Reader, file: &[u8]) -> String {
    while let Some(index) = reader.wants() {
        let start = index.0 as usize * SECTOR_BYTES;
        reader
            .sector
            .copy_from_slice(&file[start..start + SECTOR_BYTES]);
        reader.supply();
    }
    let length = reader.result(1_700_000_000);
    String::from_utf8(reader.json[..length].to_vec()).unwrap()
}

fn open(reader: &mut Reader, file: &[u8]) -> String {
    reader.open(file.len() as u64, false);
    finish(reader, file)
}

fn ask(reader: &mut Reader, file: &[u8], text: &str) -> String {
    reader.text[..text.len()].copy_from_slice(text.as_bytes());
    reader.ask(text.len(), 0);
    finish(reader, file)
}

#[test]
fn a_file_is_opened_and_asked() {
    let mut reader = Reader::new();
    for name in ["phone.lsv", "signed.lsv", "bundle.lsv"] {
        let file = golden(name);
        let about = open(&mut reader, &file);
        assert!(about.contains("\"kinds\":[\"phone\""), "{about}");
        for (text, verdict) in [
            ("138-0013-8000", "exposed"),
            ("13900139999", "not_exposed"),
            ("+44 20 7946 0000", "not_covered"),
        ] {
            let said = ask(&mut reader, &file, text);
            assert!(
                said.starts_with(&format!("{{\"verdict\":\"{verdict}\"")),
                "{name}: {said}"
            );
            assert!(
                reader.text.iter().all(|byte| *byte == 0),
                "the text is kept"
            );
        }
    }
}

#[test]
fn no_verdict_of_a_file_that_was_not_opened() {
    let mut reader = Reader::new();
    let good = golden("phone.lsv");
    let mut bad = good.clone();
    bad[100] ^= 1;
    // Of nothing, of a damaged file, of one that is damaged after a good one, of half a header.
    for before in [None, Some(&good)] {
        if let Some(before) = before {
            open(&mut reader, before);
        } else {
            assert!(ask(&mut reader, &good, "13900139999").contains("\"error\""));
        }
        assert!(open(&mut reader, &bad).contains("sector_damaged"));
        for _ in 0..2 {
            assert!(ask(&mut reader, &good, "13900139999").contains("sector_damaged"));
        }
        reader.open(good.len() as u64, false);
        assert!(ask(&mut reader, &good, "13900139999").contains("\"error\""));
    }
}

#[test]
fn after_an_error_there_is_a_verdict_of_the_next_question_only() {
    let mut reader = Reader::new();
    let good = golden("phone.lsv");
    open(&mut reader, &good);
    let mut bad = good.clone();
    for sector in bad.chunks_mut(SECTOR_BYTES).skip(1) {
        sector[7] ^= 0x10;
    }
    assert!(ask(&mut reader, &bad, "13900139999").contains("sector_damaged"));
    // Told once: what is told then is what the file holds.
    let length = reader.result(0);
    assert!(
        !reader.json[..length]
            .windows(7)
            .any(|window| window == b"verdict")
    );
    assert!(ask(&mut reader, &good, "13900139999").contains("not_exposed"));
    // Before all sectors were supplied; of a kind that the file does not have; of no text.
    reader.ask(3, 0);
    let length = reader.result(0);
    assert!(
        reader.json[..length].starts_with(b"{\"verdict\":\"not_covered\""),
        "three NULs"
    );
    reader.text[..11].copy_from_slice(b"13900139999");
    reader.ask(11, 0);
    let length = reader.result(0);
    assert!(reader.json[..length].starts_with(b"{\"error\""));
    for (num_bytes, kind) in [(11, 1), (TEXT_BYTES + 1, 0)] {
        reader.ask(num_bytes, kind);
        assert_eq!(reader.wants(), None);
        let length = reader.result(0);
        assert!(
            reader.json[..length].starts_with(b"{\"error\""),
            "{num_bytes}, {kind}"
        );
    }
}

#[test]
fn a_file_that_expired_says_not_exposed_of_nothing() {
    let mut reader = Reader::new();
    let file = golden("phone.lsv");
    open(&mut reader, &file);
    for (now_unix_s, said) in [(4_102_444_799, "not_exposed"), (4_102_444_800, "expired")] {
        let text = b"13900139999";
        reader.text[..text.len()].copy_from_slice(text);
        reader.ask(text.len(), 0);
        while let Some(index) = reader.wants() {
            let start = index.0 as usize * SECTOR_BYTES;
            reader
                .sector
                .copy_from_slice(&file[start..start + SECTOR_BYTES]);
            reader.supply();
        }
        let length = reader.result(now_unix_s);
        let verdict = String::from_utf8_lossy(&reader.json[..length]).into_owned();
        assert!(
            verdict.starts_with(&format!("{{\"verdict\":\"{said}\"")),
            "{verdict}"
        );
        // Nor of its leak.
        assert_eq!(verdict.contains("\"absent\""), said == "not_exposed");
    }
}

#[test]
fn other_signers_than_the_pinned_one_are_refused() {
    let mut reader = Reader::new();
    let (signed, unsigned) = (golden("signed.lsv"), golden("phone.lsv"));
    for (file, error) in [(&signed, "unknown_signer"), (&unsigned, "unsigned")] {
        reader.open(file.len() as u64, true);
        let said = finish(&mut reader, file);
        assert!(said.contains(error), "{said}");
    }
    let about = open(&mut reader, &signed);
    let digits = about.split("\"signer\":\"").nth(1).unwrap();
    for (byte, pair) in reader.key.0.iter_mut().zip(digits.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    }
    reader.open(signed.len() as u64, true);
    assert_eq!(finish(&mut reader, &signed), about);
}

#[test]
fn the_longest_description_fits() {
    use leaksieve_core::Catalogue;
    let mut reader = Reader::new();
    open(&mut reader, &golden("bundle.lsv"));
    let bundle: &Catalogue = reader.opening.finish().unwrap();
    // The longest texts, of characters that JSON writes with two bytes.
    let mut header = bundle.header().clone();
    let mut dataset = header.datasets[0].clone();
    dataset.name = "\"".repeat(64).as_str().try_into().unwrap();
    dataset.source_note = "\\".repeat(96).as_str().try_into().unwrap();
    (dataset.num_items, dataset.num_rejected) = (u64::MAX, u64::MAX);
    dataset.num_extra = u64::MAX;
    dataset.num_sectors = 1;
    header.datasets.clear();
    let fits = |header: &leaksieve_core::Header| header.num_header_sectors().is_ok();
    while header.datasets.push(dataset.clone()).is_ok() && fits(&header) {}
    if !fits(&header) {
        let num_kept = header.datasets.len() - 1;
        header.datasets = header.datasets[..num_kept].try_into().unwrap();
    }
    let first = header.num_header_sectors().unwrap();
    header.num_sectors = header.place_datasets(first).unwrap();
    header.root = None;
    let encoded = header.encode(bundle.file_id()).unwrap();
    let mut file: Vec<u8> = encoded.sectors().flatten().collect();
    file.resize(header.num_sectors as usize * SECTOR_BYTES, 0);
    let about = open(&mut reader, &file);
    assert!(about.starts_with("{\"file_id\""), "{about}");
}
